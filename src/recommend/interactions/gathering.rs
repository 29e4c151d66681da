//! Interactions as they come, to be put into their order.

use std::collections::HashMap;

use super::{Interaction, Interactions};
use crate::recommend::Catalogue;

/// Interactions that are not in order yet, each with its review.
#[derive(Debug, Default)]
pub(in crate::recommend) struct Gathering {
    users: Vec<String>,
    by_id: HashMap<String, usize>,
    histories: Vec<Vec<(Interaction, Option<String>)>>,
    skipped: usize,
}

impl Gathering {
    /// None yet, but for some that were left out.
    pub(in crate::recommend) fn new(skipped: usize) -> Self {
        Self { skipped, ..Self::default() }
    }

    /// Adds one.
    pub(in crate::recommend) fn push(
        &mut self,
        id: &str,
        item: usize,
        rating: Option<f32>,
        timestamp: Option<i64>,
        review: Option<String>,
    ) {
        let user = self.by_id.get(id).copied().unwrap_or_else(|| {
            self.by_id.insert(id.to_owned(), self.users.len());
            self.users.push(id.to_owned());
            self.histories.push(Vec::new());
            self.users.len() - 1
        });
        self.histories[user].push((Interaction { user, item, rating, timestamp }, review));
    }

    /// Counts one that is left out.
    pub(in crate::recommend) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Puts them into their order. Of those with the same user, item and time the one that came last stays: it may be a
    /// correction. Where it says nothing of a rating or a review what came before it still holds.
    pub(in crate::recommend) fn finish(self, catalogue: &Catalogue) -> Interactions {
        let Self { users, by_id, histories: gathered, skipped } = self;
        let (mut histories, mut reviews, mut duplicates) = (Vec::with_capacity(users.len()), HashMap::new(), 0);
        let mut replaced = 0;
        for (user, mut history) in gathered.into_iter().enumerate() {
            history.sort_by_cached_key(|(event, _)| {
                let id = catalogue[event.item].id.as_str();
                let number = id.parse::<u64>().ok();
                (event.timestamp, number.is_none(), number, id)
            });
            // The sort is stable, so that the later one of two follows the earlier one.
            history.dedup_by(|(event, review), (kept, reviewed)| {
                let is_same = (event.item, event.timestamp) == (kept.item, kept.timestamp);
                if is_same {
                    let is_other = event.rating.is_some_and(|rating| kept.rating != Some(rating))
                        || review.as_ref().is_some_and(|review| reviewed.as_ref() != Some(review));
                    if is_other {
                        replaced += 1;
                    } else {
                        duplicates += 1;
                    }
                    kept.rating = event.rating.or(kept.rating);
                    *reviewed = review.take().or_else(|| reviewed.take());
                }
                is_same
            });
            let mut events = Vec::with_capacity(history.len());
            for (place, (event, review)) in history.into_iter().enumerate() {
                events.push(event);
                if let Some(review) = review {
                    reviews.insert((user, place), review);
                }
            }
            histories.push(events);
        }
        Interactions { users, by_id, histories, reviews, skipped, duplicates, replaced }
    }
}

impl From<Interactions> for Gathering {
    /// Takes interactions apart, so that more can be added.
    fn from(interactions: Interactions) -> Self {
        let Interactions { users, by_id, histories, mut reviews, skipped, .. } = interactions;
        let mut pair = |(place, event): (usize, Interaction)| (event, reviews.remove(&(event.user, place)));
        let histories = histories.into_iter().map(|history| history.into_iter().enumerate().map(&mut pair).collect());
        Self { users, by_id, histories: histories.collect(), skipped }
    }
}
