//! Interactions that are in their order already, as a store keeps them.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{Interaction, Interactions};

/// What a user did once.
#[derive(Clone, Debug)]
pub(in crate::recommend) struct Event {
    /// The item's index in the catalogue.
    pub(in crate::recommend) item: usize,
    pub(in crate::recommend) rating: Option<f32>,
    /// Seconds since 1970.
    pub(in crate::recommend) timestamp: Option<i64>,
    pub(in crate::recommend) review: Option<String>,
}

/// Histories as they follow each other, each user's in one piece. Parts of them can be made apart, and then be put together.
#[derive(Debug, Default)]
pub(in crate::recommend) struct Ordered {
    users: Vec<String>,
    histories: Vec<Vec<Interaction>>,
    /// User, place in the history, and what was written.
    reviews: Vec<(usize, usize, String)>,
}

impl Ordered {
    /// Adds what a user did next: to the last history if that is theirs, or as one of their own.
    pub(in crate::recommend) fn extend(&mut self, id: &str, events: impl ExactSizeIterator<Item = Event>) {
        if self.users.last().is_none_or(|last| last != id) {
            self.users.push(id.to_owned());
            self.histories.push(Vec::with_capacity(events.len()));
        }
        let user = self.users.len() - 1;
        let history = &mut self.histories[user];
        for Event { item, rating, timestamp, review } in events {
            self.reviews.extend(review.map(|review| (user, history.len(), review)));
            history.push(Interaction { user, item, rating, timestamp });
        }
    }

    /// This and what stands behind it.
    pub(in crate::recommend) fn followed_by(mut self, next: Self) -> Self {
        let Self { users, histories, reviews } = next;
        let is_cut = self.users.last().is_some_and(|last| users.first() == Some(last));
        // The user that the next part begins with, here, and how much of their history stands here.
        let first = self.users.len() - usize::from(is_cut);
        let before = if is_cut { self.histories[first].len() } else { 0 };
        let place = |(user, place, review)| (first + user, place + if user == 0 { before } else { 0 }, review);
        self.reviews.extend(reviews.into_iter().map(place));
        let (mut users, mut histories) = (users.into_iter(), histories.into_iter());
        if is_cut {
            users.next();
            self.histories[first].extend(histories.next().into_iter().flatten());
        }
        self.users.extend(users);
        self.histories.extend(histories);
        self
    }

    /// All of them, and how many more were left out.
    ///
    /// # Errors
    /// The id of a user whose interactions do not stand together.
    pub(in crate::recommend) fn finish(self, skipped: usize) -> Result<Interactions, String> {
        let Self { users, mut histories, reviews } = self;
        let mut by_id = HashMap::with_capacity(users.len());
        for (user, id) in users.iter().enumerate() {
            if by_id.insert(id.clone(), user).is_some() {
                return Err(id.clone());
            }
        }
        // Parts counted their users from 0.
        let number =
            |(user, history): (usize, &mut Vec<Interaction>)| history.iter_mut().for_each(|event| event.user = user);
        histories.par_iter_mut().enumerate().for_each(number);
        let reviews = reviews.into_iter().map(|(user, place, review)| ((user, place), review)).collect();
        Ok(Interactions { users, by_id, histories, reviews, skipped, ..Interactions::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(item: usize) -> Event {
        let review = item.is_multiple_of(3).then(|| format!("review {item}"));
        Event { item, rating: Some(item as f32), timestamp: Some(item as i64), review }
    }

    proptest! {
        #[test]
        fn parts_put_together_are_the_whole(
            lens in prop::collection::vec(1usize..5, 0..6),
            cuts in prop::collection::btree_set(0usize..24, 0..4),
        ) {
            let rows: Vec<usize> = lens.iter().enumerate().flat_map(|(user, &len)| vec![user; len]).collect();
            let (mut whole, mut parts) = (Ordered::default(), vec![Ordered::default()]);
            for (row, user) in rows.iter().enumerate() {
                if cuts.contains(&row) {
                    parts.push(Ordered::default());
                }
                let id = user.to_string();
                whole.extend(&id, std::iter::once(event(row)));
                parts.last_mut().unwrap().extend(&id, std::iter::once(event(row)));
            }
            let together = parts.into_iter().reduce(Ordered::followed_by).unwrap().finish(2).unwrap();
            prop_assert_eq!(&together, &whole.finish(2).unwrap());
            let found: Vec<(usize, usize)> =
                together.histories().iter().flatten().map(|event| (event.user, event.item)).collect();
            prop_assert_eq!(found, rows.iter().copied().zip(0..).collect::<Vec<_>>());
            for user in 0..together.users() {
                for (place, event) in together.history(user).iter().enumerate() {
                    let expected = event.item.is_multiple_of(3).then(|| format!("review {}", event.item));
                    prop_assert_eq!(together.review(user, place), expected.as_deref());
                }
            }
        }
    }

    #[test]
    fn a_user_stands_in_one_place() {
        let mut ordered = Ordered::default();
        ["a", "b", "a"].iter().for_each(|id| ordered.extend(id, std::iter::once(event(0))));
        assert_eq!(ordered.finish(0).unwrap_err(), "a");
    }
}
