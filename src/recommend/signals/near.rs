//! Item-item models of what is near in time: one count for each pair of items, by one of several kinds of nearness.
//!
//! A row's counts are divided by the root of their sum plus one, and by a power of the other item's popularity, as for
//! co-occurrence; what differs is which pairs count, and how much.

use rayon::prelude::*;

use super::order::Pair;
use crate::recommend::sparse::Sparse;

/// The power of an item's users that its counts are divided by.
const POPULARITY_POWER: f32 = 0.3;
/// Seconds in which nearness by the clock falls to a third: items that were looked for together.
const TOGETHER: f32 = 60.0;
/// Of two items more than a day apart neither follows from the other.
const DAY: f32 = 86_400.0;
/// What one more place leaves of a direction: shorter than of nearness.
const DIRECTED_DECAY: f32 = 0.7;

/// Which pairs count, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// By the places between both.
    Places,
    /// By the seconds between both.
    Clock,
    /// By the places, in one direction only, where one came after the other on the same day.
    Next,
}

impl Nearness {
    fn weight(self, pair: &Pair) -> f32 {
        match self {
            Nearness::Places => pair.weight,
            Nearness::Clock => (-pair.seconds / TOGETHER).exp(),
            Nearness::Next if pair.seconds > 0.0 && pair.seconds < DAY => DIRECTED_DECAY.powf(pair.gap - 1.0),
            Nearness::Next => 0.0,
        }
    }
}

/// Counts of one kind, ready to be weighed.
#[derive(Clone, Debug)]
pub(super) struct Near {
    /// (items, items)
    counts: Sparse,
    /// (items)
    scales: Vec<f32>,
}

impl Near {
    /// Counts pairs; `users` says how many users each item has, (items).
    pub(super) fn fit(pairs: &[Pair], users: &[f32], nearness: Nearness) -> Self {
        let mut rows = counts(pairs, users.len(), nearness);
        for row in &mut rows {
            let divisor = (row.iter().map(|&(_, count)| count).sum::<f32>() + 1.0).sqrt();
            row.iter_mut().for_each(|(_, count)| *count /= divisor);
        }
        let scales = users.iter().map(|users| (users + 1.0).powf(-POPULARITY_POWER)).collect();
        Self { counts: Sparse::from_rows(rows), scales }
    }

    /// A score for each item, (items), from the weights of some.
    pub(super) fn scores(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        let mut scores = vec![0.0; self.scales.len()];
        self.counts.add_rows(weights.iter().copied(), &mut scores);
        scores.iter_mut().zip(&self.scales).for_each(|(score, scale)| *score *= scale);
        scores
    }
}

/// The counts of each item's row, columns ascending.
fn counts(pairs: &[Pair], items: usize, nearness: Nearness) -> Vec<Vec<(u32, f32)>> {
    let both = |pair: &Pair| {
        let weight = nearness.weight(pair);
        let back = (nearness != Nearness::Next).then_some((pair.second, pair.first, weight));
        [Some((pair.first, pair.second, weight)), back].into_iter().flatten()
    };
    let entries: Vec<(u32, u32, f32)> =
        pairs.par_iter().flat_map_iter(both).filter(|&(_, _, weight)| weight > 1e-6).collect();
    Sparse::sums(&entries, items)
}
