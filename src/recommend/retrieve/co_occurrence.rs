//! Items that users had near to each other in time.
//!
//! For every two items of a history that are `gap` places apart, 0.9^(gap - 1) is counted, up to a window. An item's
//! counts are divided by the root of their sum, and by a power of the other item's popularity. A history's score for an
//! item is the sum over its own items, of which older ones count less.
//!
//! Counts are kept as sparse rows: memory grows with interactions times window, not with the square of the items.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Popularity, Query, Retriever, Source, decayed};
use crate::recommend::sparse::Sparse;
use crate::recommend::{Interaction, Result};

/// What one more place between two items leaves of their count.
const GAP_DECAY: f32 = 0.9;

/// How counts become scores. The defaults did best on validation data of MovieLens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoOccurrenceOptions {
    /// The most places between two items that count.
    pub window: usize,
    /// The power of an item's popularity that its counts are divided by.
    pub popularity_power: f32,
    /// What is left of an item's weight with each item that came after it.
    pub history_decay: f32,
}

impl Default for CoOccurrenceOptions {
    fn default() -> Self {
        Self { window: 20, popularity_power: 0.3, history_decay: 0.8 }
    }
}

/// How often items came near each other.
#[derive(Clone, Debug)]
pub struct CoOccurrence {
    /// The counts, each divided by the root of its row's sum plus one; (items, items)
    counts: Arc<Sparse>,
    /// What an item's scores are multiplied with, for its popularity; (items)
    scales: Arc<Vec<f32>>,
    history_decay: f32,
}

impl CoOccurrence {
    /// Counts over the histories (each oldest first) of a catalogue of `items` items.
    pub fn fit(histories: &[&[Interaction]], items: usize, options: CoOccurrenceOptions) -> Self {
        let mut pairs: Vec<(u32, u32, u32)> =
            histories.par_iter().flat_map_iter(|history| pairs(history, options.window)).collect();
        pairs.par_sort_unstable();
        let mut rows = vec![Vec::new(); items];
        for same in pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let count = same.iter().map(|&(_, _, gap)| GAP_DECAY.powi(gap as i32 - 1)).sum();
            rows[same[0].0 as usize].push((same[0].1, count));
        }
        for row in &mut rows {
            let divisor = (row.iter().map(|&(_, count)| count).sum::<f32>() + 1.0).sqrt();
            row.iter_mut().for_each(|(_, count)| *count /= divisor);
        }
        let scale = |users: &f32| (users + 1.0).powf(-options.popularity_power);
        let scales = Popularity::fit(histories, items).users().iter().map(scale).collect();
        Self {
            counts: Arc::new(Sparse::from_rows(rows)),
            scales: Arc::new(scales),
            history_decay: options.history_decay,
        }
    }

    /// The same counts, asked with another decay of the history.
    #[must_use]
    pub fn with_decay(&self, history_decay: f32) -> Self {
        Self { history_decay, ..self.clone() }
    }
}

impl Retriever for CoOccurrence {
    fn source(&self) -> Source {
        Source::CoOccurrence
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let mut scores = vec![0.0; self.scales.len()];
        self.counts.add_rows(decayed(query.history, self.history_decay), &mut scores);
        scores.iter_mut().zip(&*self.scales).for_each(|(score, scale)| *score *= scale);
        Ok(scores)
    }
}

/// Both directions of every pair within the window, with the gap between them.
fn pairs(history: &[Interaction], window: usize) -> impl Iterator<Item = (u32, u32, u32)> {
    history.iter().enumerate().flat_map(move |(place, event)| {
        (1..).zip(history[place + 1..].iter().take(window)).flat_map(|(gap, next)| {
            let (a, b) = (event.item as u32, next.item as u32);
            [(a, b, gap), (b, a, gap)]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(items: &[usize]) -> Vec<Interaction> {
        items.iter().map(|&item| Interaction { user: 0, item, rating: None, timestamp: None }).collect()
    }

    /// The definition, over a dense matrix.
    fn dense(histories: &[Vec<usize>], items: usize, options: CoOccurrenceOptions, recent: &[usize]) -> Vec<f32> {
        let mut counts = vec![vec![0.0f64; items]; items];
        for history in histories {
            for gap in 1..=options.window {
                for (&a, &b) in history.iter().zip(history.iter().skip(gap)) {
                    counts[a][b] += f64::from(GAP_DECAY).powi(gap as i32 - 1);
                    counts[b][a] += f64::from(GAP_DECAY).powi(gap as i32 - 1);
                }
            }
        }
        let users = |item| histories.iter().filter(|history| history.contains(&item)).count() as f64;
        let mut weights = vec![0.0f64; items];
        for (age, &item) in recent.iter().rev().enumerate() {
            weights[item] = weights[item].max(f64::from(options.history_decay).powi(age as i32));
        }
        let score = |item: usize| {
            let sum: f64 = (0..items)
                .map(|from| weights[from] * counts[from][item] / (counts[from].iter().sum::<f64>() + 1.0).sqrt())
                .sum();
            sum / (users(item) + 1.0).powf(f64::from(options.popularity_power))
        };
        (0..items).map(|item| score(item) as f32).collect()
    }

    proptest! {
        #[test]
        fn sparse_scores_are_those_of_the_dense_definition(
            histories in prop::collection::vec(prop::collection::vec(0usize..12, 0..15), 0..8),
            recent in prop::collection::vec(0usize..12, 0..10),
            window in 0usize..8,
            popularity_power in 0f32..1.0,
            history_decay in 0.1f32..1.0,
        ) {
            let options = CoOccurrenceOptions { window, popularity_power, history_decay };
            let events: Vec<_> = histories.iter().map(|items| history(items)).collect();
            let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
            let scores = CoOccurrence::fit(&slices, 12, options).scores(&Query::of(&history(&recent))).unwrap();
            for (sparse, dense) in scores.iter().zip(dense(&histories, 12, options, &recent)) {
                prop_assert!((sparse - dense).abs() <= 1e-4 * dense.abs().max(1.0), "{sparse} for {dense}");
            }
        }
    }
}
