//! Interactions as they come, to be put into their order.

use std::collections::HashMap;

use rayon::prelude::*;

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
        let Self { users, by_id, mut histories, skipped } = self;
        let ranks = ranks(catalogue);
        let merged: Vec<Merged> = histories.par_iter_mut().map(|history| settle(history, &ranks)).collect();
        let mut interactions = Interactions { users, by_id, skipped, ..Interactions::default() };
        // On one thread, whose next history then takes the place of the last one in memory.
        for (user, (history, Merged { duplicates, replaced })) in histories.into_iter().zip(merged).enumerate() {
            let mut events = Vec::with_capacity(history.len());
            for (place, (event, review)) in history.into_iter().enumerate() {
                events.push(event);
                interactions.reviews.extend(review.map(|review| ((user, place), review)));
            }
            interactions.histories.push(events);
            interactions.duplicates += duplicates;
            interactions.replaced += replaced;
        }
        interactions
    }
}

/// The place of each item in the order of ids, numbers first and as such; (items)
fn ranks(catalogue: &Catalogue) -> Vec<u32> {
    let key = |item: &u32| {
        let id = catalogue[*item as usize].id.as_str();
        let number = id.parse::<u64>().ok();
        (number.is_none(), number, id)
    };
    let mut order: Vec<u32> = (0..catalogue.len() as u32).collect();
    order.par_sort_by(|a, b| key(a).cmp(&key(b)));
    let mut ranks = vec![0; order.len()];
    order.iter().zip(0..).for_each(|(&item, rank)| ranks[item as usize] = rank);
    ranks
}

/// How many interactions of a user were the same as one before, or corrected one.
struct Merged {
    duplicates: usize,
    replaced: usize,
}

/// Puts one user's interactions into their order.
fn settle(history: &mut Vec<(Interaction, Option<String>)>, ranks: &[u32]) -> Merged {
    let mut merged = Merged { duplicates: 0, replaced: 0 };
    history.sort_by_key(|(event, _)| (event.timestamp, ranks[event.item]));
    // The sort is stable, so that the later one of two follows the earlier one.
    history.dedup_by(|(event, review), (kept, reviewed)| {
        let is_same = (event.item, event.timestamp) == (kept.item, kept.timestamp);
        if is_same {
            let is_other = event.rating.is_some_and(|rating| kept.rating != Some(rating))
                || review.as_ref().is_some_and(|review| reviewed.as_ref() != Some(review));
            match is_other {
                true => merged.replaced += 1,
                false => merged.duplicates += 1,
            }
            kept.rating = event.rating.or(kept.rating);
            *reviewed = review.take().or_else(|| reviewed.take());
        }
        is_same
    });
    merged
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
