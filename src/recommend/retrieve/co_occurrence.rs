//! Items that users had near to each other in time.
//!
//! For every two items of a history that are `gap` places apart, 0.9^(gap - 1) is counted, up to a window. An item's
//! counts are divided by the root of their sum, and by a power of the other item's popularity. A history's score for an
//! item is the sum over its own items, of which older ones count less.
//!
//! Counts are kept as sparse rows: memory grows with interactions times window, not with the square of the items.

use rayon::prelude::*;

use super::{Retriever, Source};
use crate::recommend::Interaction;

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
    options: CoOccurrenceOptions,
    /// Where each item's row of `columns` and `counts` starts; (items + 1)
    starts: Vec<usize>,
    /// The other item.
    columns: Vec<u32>,
    /// The count, divided by the root of its row's sum plus one.
    counts: Vec<f32>,
    /// What an item's scores are multiplied with, for its popularity; (items)
    scales: Vec<f32>,
}

impl CoOccurrence {
    /// Counts over all histories (each oldest first) of a catalogue of `items` items.
    pub fn new(histories: &[Vec<Interaction>], items: usize, options: CoOccurrenceOptions) -> Self {
        let mut pairs: Vec<(u32, u32, u32)> =
            histories.par_iter().flat_map_iter(|history| pairs(history, options.window)).collect();
        pairs.par_sort_unstable();
        let mut rows = Rows::new(items);
        for same in pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let count = same.iter().map(|&(_, _, gap)| GAP_DECAY.powi(gap as i32 - 1)).sum();
            rows.push(same[0].0 as usize, same[0].1, count);
        }
        let Rows { starts, columns, mut counts } = rows.finish();
        for row in starts.windows(2) {
            let counts = &mut counts[row[0]..row[1]];
            let divisor = (counts.iter().sum::<f32>() + 1.0).sqrt();
            counts.iter_mut().for_each(|count| *count /= divisor);
        }
        let scale = |users: u32| (users as f32 + 1.0).powf(-options.popularity_power);
        let scales = popularity(histories, items).into_iter().map(scale).collect();
        Self { options, starts, columns, counts, scales }
    }
}

impl Retriever for CoOccurrence {
    fn source(&self) -> Source {
        Source::CoOccurrence
    }

    fn scores(&self, history: &[Interaction]) -> Vec<f32> {
        let mut scores = vec![0.0; self.scales.len()];
        let mut seen = vec![false; self.scales.len()];
        let mut weight = 1.0;
        for event in history.iter().rev() {
            if !std::mem::replace(&mut seen[event.item], true) {
                let row = self.starts[event.item]..self.starts[event.item + 1];
                for (&column, &count) in self.columns[row.clone()].iter().zip(&self.counts[row]) {
                    scores[column as usize] += weight * count;
                }
            }
            weight *= self.options.history_decay;
        }
        scores.iter_mut().zip(&self.scales).for_each(|(score, scale)| *score *= scale);
        scores
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

/// How many users have each item.
fn popularity(histories: &[Vec<Interaction>], items: usize) -> Vec<u32> {
    let mut users = vec![0; items];
    for history in histories {
        let mut own: Vec<usize> = history.iter().map(|event| event.item).collect();
        own.sort_unstable();
        own.dedup();
        own.into_iter().for_each(|item| users[item] += 1);
    }
    users
}

/// Sparse rows in the making: entries come by row.
struct Rows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    counts: Vec<f32>,
}

impl Rows {
    /// Row lengths stand one place late in `starts` until they are summed.
    fn new(rows: usize) -> Self {
        Self { starts: vec![0; rows + 1], columns: Vec::new(), counts: Vec::new() }
    }

    fn push(&mut self, row: usize, column: u32, count: f32) {
        self.starts[row + 1] += 1;
        self.columns.push(column);
        self.counts.push(count);
    }

    fn finish(mut self) -> Self {
        let mut start = 0;
        for entry in &mut self.starts {
            start += *entry;
            *entry = start;
        }
        self
    }
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
            let scores = CoOccurrence::new(&events, 12, options).scores(&history(&recent));
            for (sparse, dense) in scores.iter().zip(dense(&histories, 12, options, &recent)) {
                prop_assert!((sparse - dense).abs() <= 1e-4 * dense.abs().max(1.0), "{sparse} for {dense}");
            }
        }
    }
}
