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
        let Self { users, by_id, histories, skipped } = self;
        let ranks = ranks(catalogue);
        let histories: Vec<Settled> = histories.into_par_iter().map(|history| settle(history, &ranks)).collect();
        let mut interactions = Interactions { users, by_id, skipped, ..Interactions::default() };
        for (user, settled) in histories.into_iter().enumerate() {
            interactions.histories.push(settled.events);
            interactions.duplicates += settled.duplicates;
            interactions.replaced += settled.replaced;
            interactions.reviews.extend(settled.reviews.into_iter().map(|(place, review)| ((user, place), review)));
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

/// One user's interactions in their order.
struct Settled {
    events: Vec<Interaction>,
    /// By place.
    reviews: Vec<(usize, String)>,
    duplicates: usize,
    replaced: usize,
}

fn settle(mut history: Vec<(Interaction, Option<String>)>, ranks: &[u32]) -> Settled {
    let (mut duplicates, mut replaced) = (0, 0);
    history.sort_by_key(|(event, _)| (event.timestamp, ranks[event.item]));
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
    let mut reviews = Vec::new();
    let events = history.into_iter().enumerate().map(|(place, (event, review))| {
        reviews.extend(review.map(|review| (place, review)));
        event
    });
    let events = events.collect();
    Settled { events, reviews, duplicates, replaced }
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
