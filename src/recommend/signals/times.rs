//! When items are taken up: how popular each was lately, what was taken up together in the same years, and at which
//! place of their histories people take it up.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::order::{Pair, seconds};
use crate::recommend::{Interaction, sparse::Sparse};

/// Seconds of a year.
pub(super) const YEAR: f64 = 365.25 * 86_400.0;
/// The power of an item's users that counts of an era are divided by.
const POPULARITY_POWER: f32 = 0.3;
/// Places that are told apart: each twice as far from the beginning as the one before the last.
const BINS: usize = 12;
/// How many average users an item's places are mixed with, so that few users mean little.
const PRIOR: f32 = 5.0;

/// Every interaction by its time.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// Time and item, oldest first; without those that have no time.
    events: Vec<(i64, u32)>,
    items: usize,
}

impl Recent {
    pub(super) fn fit(histories: &[&[Interaction]], items: usize) -> Self {
        let dated = |event: &Interaction| Some((event.timestamp?, event.item as u32));
        let mut events: Vec<(i64, u32)> =
            histories.iter().flat_map(|history| history.iter().filter_map(dated)).collect();
        events.par_sort_unstable();
        Self { events, items }
    }

    /// The last time of all.
    pub(super) fn latest(&self) -> i64 {
        self.events.last().map_or(0, |event| event.0)
    }

    /// How often each item was taken up before `now`, (items): an interaction counts e^(-age / years).
    pub(super) fn popularity(&self, now: i64, years: f64) -> Vec<f32> {
        let mut counts = vec![0.0; self.items];
        for &(time, item) in &self.events[..self.events.partition_point(|event| event.0 < now)] {
            counts[item as usize] += ((time - now) as f64 / (years * YEAR)).exp() as f32;
        }
        counts
    }

    /// Whether each item was taken up by anybody before `now`, (items).
    pub(super) fn known(&self, now: i64) -> Vec<f32> {
        let mut known = vec![0.0; self.items];
        let before = &self.events[..self.events.partition_point(|event| event.0 < now)];
        before.iter().for_each(|&(_, item)| known[item as usize] = 1.0);
        known
    }
}

/// Counts of items near each other, apart for each year.
#[derive(Clone, Debug)]
pub(super) struct Eras {
    /// The middle of each era in seconds since 1970, and its counts, (items, items).
    eras: Vec<(f64, Sparse)>,
    /// (items)
    scales: Vec<f32>,
}

impl Eras {
    pub(super) fn fit(pairs: &[Pair], users: &[f32]) -> Self {
        let start = pairs.iter().map(|pair| pair.time).min().unwrap_or(0);
        let era = |pair: &Pair| ((pair.time - start) as f64 / YEAR) as u32;
        let mut by_era: BTreeMap<u32, Vec<(u32, u32, f32)>> = BTreeMap::new();
        for pair in pairs {
            let both = [(pair.first, pair.second, pair.weight), (pair.second, pair.first, pair.weight)];
            by_era.entry(era(pair)).or_default().extend(both);
        }
        let eras = by_era.into_iter().map(|(era, entries)| {
            let middle = start as f64 + (f64::from(era) + 0.5) * YEAR;
            (middle, Sparse::from_rows(Sparse::sums(&entries, users.len())))
        });
        let scales = users.iter().map(|users| (users + 1.0).powf(-POPULARITY_POWER)).collect();
        Self { eras: eras.collect(), scales }
    }

    /// A score for each item, (items), from the weights of some: counts of an era weigh e^(-distance from `now` / years).
    pub(super) fn scores(&self, weights: &[(usize, f32)], now: i64, years: f64) -> Vec<f32> {
        let mut scores = vec![0.0; self.scales.len()];
        for (middle, counts) in &self.eras {
            let nearness = (-(middle - now as f64).abs() / (years * YEAR)).exp() as f32;
            if nearness > 1e-3 {
                counts.add_rows(weights.iter().map(|&(item, weight)| (item, weight * nearness)), &mut scores);
            }
        }
        scores.iter_mut().zip(&self.scales).for_each(|(score, scale)| *score *= scale);
        scores
    }
}

/// At which places of their histories people take an item up.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The log-ratio of an item's share of a place to all items', (bins, items)
    log_ratios: Vec<Vec<f32>>,
}

impl Places {
    pub(super) fn fit(histories: &[&[Interaction]], items: usize) -> Self {
        let mut counts = vec![vec![0.0f32; items]; BINS];
        for history in histories {
            for group in seconds(history) {
                let bin = bin((group.start + group.end - 1) as f32 / 2.0);
                for event in &history[group] {
                    // Neighbouring places are much alike.
                    counts[bin][event.item] += 1.0;
                    if bin > 0 {
                        counts[bin - 1][event.item] += 0.5;
                    }
                    if bin + 1 < BINS {
                        counts[bin + 1][event.item] += 0.5;
                    }
                }
            }
        }
        let all: f32 = counts.iter().flatten().sum::<f32>().max(1.0);
        let totals: Vec<f32> = (0..items).map(|item| counts.iter().map(|bin| bin[item]).sum()).collect();
        let log_ratios = counts.iter().map(|bin| {
            let share = bin.iter().sum::<f32>().max(1e-3) / all;
            let ratio = |(count, total): (&f32, &f32)| ((count + PRIOR * share) / (total + PRIOR) / share).ln();
            bin.iter().zip(&totals).map(ratio).collect()
        });
        Self { log_ratios: log_ratios.collect() }
    }

    /// A score for each item, (items), as the next of a history.
    pub(super) fn scores(&self, history: &[Interaction]) -> Vec<f32> {
        let last = seconds(history).last().map_or(0.0, |group| (group.start + group.end + 1) as f32 / 2.0);
        self.log_ratios[bin(last)].clone()
    }
}

fn bin(place: f32) -> usize {
    (((1.0 + place / 4.0).log2() * 2.0) as usize).min(BINS - 1)
}
