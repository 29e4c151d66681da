//! Interactions as they come, to be put into their order.

use std::mem::take;

use rayon::prelude::*;

use super::{Interaction, Interactions};
use crate::recommend::Catalogue;

/// Interactions that come to others, and are not in order yet.
#[derive(Debug, Default)]
pub(in crate::recommend) struct Gathering {
    /// Those that they come to, in their order, with all users.
    base: Interactions,
    /// How many users there were before.
    users: usize,
    /// Each with its review, by user; none yet for the last ones.
    added: Vec<Vec<(Interaction, Option<String>)>>,
}

/// How histories have changed. Nothing of a history ever goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::recommend) struct Growth {
    /// How many users there were before.
    pub(in crate::recommend) users: usize,
    /// Whose history is another one than before, ascending.
    pub(in crate::recommend) changed: Vec<usize>,
}

impl Gathering {
    /// Adds one.
    pub(in crate::recommend) fn push(
        &mut self,
        id: &str,
        item: usize,
        rating: Option<f32>,
        timestamp: Option<i64>,
        review: Option<String>,
    ) {
        let Interactions { users, by_id, histories, .. } = &mut self.base;
        let user = by_id.get(id).copied().unwrap_or_else(|| {
            by_id.insert(id.to_owned(), users.len());
            users.push(id.to_owned());
            histories.push(Vec::new());
            users.len() - 1
        });
        if self.added.len() <= user {
            self.added.resize_with(user + 1, Vec::new);
        }
        self.added[user].push((Interaction { user, item, rating, timestamp }, review));
    }

    /// Counts one that is left out.
    pub(in crate::recommend) fn skip(&mut self) {
        self.base.skipped += 1;
    }

    /// Puts them into their order. Of those with the same user, item and time the one that came last stays: it may be a
    /// correction. Where it says nothing of a rating or a review what came before it still holds.
    pub(in crate::recommend) fn finish(self, catalogue: &Catalogue) -> (Interactions, Growth) {
        let Self { base: mut interactions, users, added: mut histories } = self;
        let mut growth = Growth { users, changed: Vec::new() };
        let lens: Vec<usize> = interactions.histories.iter().map(Vec::len).collect();
        // Histories to which nothing came are in their order, and stay as they are.
        for (user, history) in histories.iter_mut().enumerate().filter(|(_, history)| !history.is_empty()) {
            let before = take(&mut interactions.histories[user]).into_iter().enumerate();
            history.splice(..0, before.map(|(place, event)| (event, interactions.reviews.remove(&(user, place)))));
        }
        let ranks = ranks(catalogue, &histories);
        let merged: Vec<Merged> = histories.par_iter_mut().map(|history| settle(history, &ranks)).collect();
        // On one thread, whose next history then takes the place of the last one in memory.
        for (user, (history, merged)) in histories.into_iter().zip(merged).enumerate() {
            if history.is_empty() {
                continue;
            }
            let mut events = Vec::with_capacity(history.len());
            for (place, (event, review)) in history.into_iter().enumerate() {
                events.push(event);
                interactions.reviews.extend(review.map(|review| ((user, place), review)));
            }
            if events.len() != lens[user] || merged.rated > 0 {
                growth.changed.push(user);
            }
            interactions.histories[user] = events;
            interactions.duplicates += merged.duplicates;
            interactions.replaced += merged.replaced;
        }
        (interactions, growth)
    }
}

/// The place of each item that occurs in the order of ids, numbers first and as such; (items)
fn ranks(catalogue: &Catalogue, histories: &[Vec<(Interaction, Option<String>)>]) -> Vec<u32> {
    let mut occurs = vec![false; catalogue.len()];
    histories.iter().flatten().for_each(|(event, _)| occurs[event.item] = true);
    let mut order: Vec<u32> = (0..).zip(occurs).filter_map(|(item, occurs)| occurs.then_some(item)).collect();
    order.par_sort_by_cached_key(|&item| {
        let id = catalogue[item as usize].id.as_str();
        let number = id.parse::<u64>().ok();
        (number.is_none(), number, id)
    });
    let mut ranks = vec![0; catalogue.len()];
    order.iter().zip(0..).for_each(|(&item, rank)| ranks[item as usize] = rank);
    ranks
}

/// What became of a user's interactions.
struct Merged {
    /// Those that were the same as one before.
    duplicates: usize,
    /// Those that corrected one before.
    replaced: usize,
    /// Those of the latter that came with another rating.
    rated: usize,
}

/// Puts one user's interactions into their order.
fn settle(history: &mut Vec<(Interaction, Option<String>)>, ranks: &[u32]) -> Merged {
    let mut merged = Merged { duplicates: 0, replaced: 0, rated: 0 };
    history.sort_by_key(|(event, _)| (event.timestamp, ranks[event.item]));
    // The sort is stable, so that the later one of two follows the earlier one.
    history.dedup_by(|(event, review), (kept, reviewed)| {
        let is_same = (event.item, event.timestamp) == (kept.item, kept.timestamp);
        if is_same {
            let is_rated = event.rating.is_some_and(|rating| kept.rating != Some(rating));
            let is_reviewed = review.as_ref().is_some_and(|review| reviewed.as_ref() != Some(review));
            match is_rated || is_reviewed {
                true => merged.replaced += 1,
                false => merged.duplicates += 1,
            }
            merged.rated += usize::from(is_rated);
            kept.rating = event.rating.or(kept.rating);
            *reviewed = review.take().or_else(|| reviewed.take());
        }
        is_same
    });
    merged
}

impl From<Interactions> for Gathering {
    /// Begins with interactions to which others come.
    fn from(interactions: Interactions) -> Self {
        let base = Interactions { duplicates: 0, replaced: 0, ..interactions };
        Self { users: base.users(), base, added: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;
    use proptest::prelude::*;

    /// Users, items, ratings, times and reviews, of which many are the same.
    type Events = Vec<(u8, usize, Option<u8>, Option<i64>, Option<u8>)>;

    fn add(gathering: &mut Gathering, events: &Events) {
        for &(user, item, rating, time, review) in events {
            let review = review.map(|review| format!("review {review}"));
            gathering.push(&format!("user {user}"), item, rating.map(f32::from), time, review);
        }
    }

    proptest! {
        #[test]
        fn what_comes_to_others_gives_what_all_at_once_do_and_whose_history_changed_is_known(
            events in prop::collection::vec((
                0u8..5,
                0usize..4,
                prop::option::of(0u8..3),
                prop::option::of(0i64..3),
                prop::option::of(0u8..3),
            ), 0..30),
            cut in 0usize..30,
        ) {
            // The order of ids is not that of items.
            let item = |id: &str| Item { id: id.into(), title: "a".into(), ..Item::default() };
            let catalogue = Catalogue::new(["x", "20", "3", "b"].map(item).to_vec());
            let (first, second) = events.split_at(cut.min(events.len()));
            let mut all = Gathering::default();
            add(&mut all, &events);
            let mut some = Gathering::default();
            add(&mut some, &first.to_vec());
            let (some, _) = some.finish(&catalogue);
            let before = some.histories().to_vec();
            let mut more = Gathering::from(some);
            add(&mut more, &second.to_vec());
            let (grown, growth) = more.finish(&catalogue);
            let (all, _) = all.finish(&catalogue);
            prop_assert_eq!(
                (&grown.users, &grown.by_id, &grown.histories, &grown.reviews),
                (&all.users, &all.by_id, &all.histories, &all.reviews)
            );
            prop_assert_eq!(growth.users, before.len());
            for (user, history) in grown.histories.iter().enumerate() {
                if before.get(user) != Some(history) {
                    prop_assert!(growth.changed.contains(&user), "{} has another history", user);
                }
            }
            let added = |user: &usize| second.iter().any(|event| grown.by_id[&format!("user {}", event.0)] == *user);
            prop_assert!(growth.changed.is_sorted() && growth.changed.iter().all(added));
        }
    }

    #[test]
    fn what_is_there_already_changes_no_history() {
        let catalogue = Catalogue::new(vec![Item { id: "1".into(), title: "a".into(), ..Item::default() }]);
        let mut first = Gathering::default();
        add(&mut first, &vec![(0, 0, Some(1), Some(7), None), (1, 0, Some(1), None, None), (2, 0, None, None, None)]);
        let mut second = Gathering::from(first.finish(&catalogue).0);
        add(
            &mut second,
            &vec![(0, 0, Some(1), Some(7), None), (1, 0, Some(2), None, None), (2, 0, None, None, Some(1))],
        );
        let (interactions, growth) = second.finish(&catalogue);
        assert_eq!((interactions.duplicates(), interactions.replaced()), (1, 2));
        assert_eq!(growth, Growth { users: 3, changed: vec![1] }, "reviews are no part of a history");
    }
}
