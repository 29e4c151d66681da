//! When items are taken up: how popular each was lately, what was taken up together in the same years, and at which
//! place of their histories people take it up.

use rayon::prelude::*;

use super::order::seconds;
use crate::recommend::Interaction;

/// Seconds of a year.
pub(super) const YEAR: f64 = 365.25 * 86_400.0;
/// Events between two marks, at least: fewer are gone through faster than a mark is made.
const MARK: usize = 1 << 18;
/// Places that are told apart: each twice as far from the beginning as the one before the last.
const BINS: usize = 12;
/// How many average users an item's places are mixed with, so that few users mean little.
const PRIOR: f32 = 5.0;

/// In which time an interaction falls to a third of what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// A tenth of a year.
    Weeks,
    /// A year.
    Year,
    /// Four years.
    Years,
}

impl Span {
    const ALL: [Span; 3] = [Span::Weeks, Span::Year, Span::Years];

    /// What is left after some seconds.
    fn left(self, seconds: i64) -> f32 {
        let years = [0.1, 1.0, 4.0][self as usize];
        (-(seconds as f64) / (years * YEAR)).exp() as f32
    }
}

/// Every interaction by its time.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// Time and item, oldest first; without those that have no time.
    events: Vec<(i64, u32)>,
    /// When each item was taken up first, (items).
    first: Vec<i64>,
    /// Sums that are kept after each `distance` events, so that none needs to go through all of them.
    marks: Vec<Mark>,
    distance: usize,
}

/// What the events so far count at the time of the last one.
#[derive(Clone, Debug)]
struct Mark {
    time: i64,
    /// By [`Span`], (items).
    counts: [Vec<f32>; 3],
}

impl Recent {
    pub(super) fn fit(histories: &[&[Interaction]], items: usize) -> Self {
        let dated = |event: &Interaction| Some((event.timestamp?, event.item as u32));
        let mut events: Vec<(i64, u32)> =
            histories.iter().flat_map(|history| history.iter().filter_map(dated)).collect();
        events.par_sort_unstable();
        let mut first = vec![i64::MAX; items];
        events.iter().rev().for_each(|&(time, item)| first[item as usize] = time);
        let mut recent = Self { events, first, marks: Vec::new(), distance: 0 };
        recent.set_marks(MARK.max(items));
        recent
    }

    /// Keeps the sums after each so many events.
    fn set_marks(&mut self, distance: usize) {
        self.distance = distance;
        self.marks.clear();
        for (number, events) in self.events.chunks_exact(distance).enumerate() {
            let Some(&(time, _)) = events.last() else { continue };
            let counts = Span::ALL.map(|span| {
                let mut counts = match number.checked_sub(1).and_then(|before| self.marks.get(before)) {
                    Some(before) => before.at(time, span),
                    None => vec![0.0; self.first.len()],
                };
                add(&mut counts, events, time, span);
                counts
            });
            self.marks.push(Mark { time, counts });
        }
    }

    /// The last time of all.
    pub(super) fn latest(&self) -> i64 {
        self.events.last().map_or(0, |event| event.0)
    }

    /// How often each item was taken up before `now`, (items): an interaction counts e^(-age / span).
    pub(super) fn popularity(&self, now: i64, span: Span) -> Vec<f32> {
        let end = self.events.partition_point(|event| event.0 < now);
        let distance = self.distance;
        let (mut counts, start) = match (end / distance).checked_sub(1).and_then(|last| self.marks.get(last)) {
            Some(mark) => (mark.at(now, span), end / distance * distance),
            None => (vec![0.0; self.first.len()], 0),
        };
        add(&mut counts, &self.events[start..end], now, span);
        counts
    }

    /// Whether each item was taken up by anybody before `now`, (items).
    pub(super) fn known(&self, now: i64) -> Vec<f32> {
        self.first.iter().map(|&first| f32::from(u8::from(first < now))).collect()
    }
}

impl Mark {
    /// What its events count at a later time.
    fn at(&self, now: i64, span: Span) -> Vec<f32> {
        let left = span.left(now.saturating_sub(self.time));
        self.counts[span as usize].iter().map(|count| count * left).collect()
    }
}

/// Adds what events count at a time.
fn add(counts: &mut [f32], events: &[(i64, u32)], now: i64, span: Span) {
    events.iter().for_each(|&(time, item)| counts[item as usize] += span.left(now.saturating_sub(time)));
}

/// At which places of their histories people take an item up.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The log-ratio of an item's share of a place to all items', (bins, items)
    log_ratios: Vec<Vec<f32>>,
}

impl Places {
    pub(super) fn fit(histories: &[&[Interaction]], items: usize) -> Self {
        // An item's counts side by side: those of neighbouring bins are added to together.
        let mut counts = vec![[0.0f32; BINS]; items];
        for history in histories {
            for group in seconds(history) {
                let bin = bin((group.start + group.end - 1) as f32 / 2.0);
                for event in &history[group] {
                    let counts = &mut counts[event.item];
                    // Neighbouring places are much alike.
                    counts[bin] += 1.0;
                    if bin > 0 {
                        counts[bin - 1] += 0.5;
                    }
                    if bin + 1 < BINS {
                        counts[bin + 1] += 0.5;
                    }
                }
            }
        }
        let counts: [Vec<f32>; BINS] = std::array::from_fn(|bin| counts.iter().map(|counts| counts[bin]).collect());
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marks_change_no_sum(times in prop::collection::vec(0i64..400_000_000, 0..40), now in 0i64..500_000_000) {
            let event = |(at, &time): (usize, &i64)| Interaction { user: 0, item: at % 3, rating: None, timestamp: Some(time) };
            let history: Vec<Interaction> = times.iter().enumerate().map(event).collect();
            let recent = Recent::fit(&[&history], 3);
            for span in Span::ALL {
                let mut expected = [0.0f64; 3];
                for event in history.iter().filter(|event| event.timestamp.unwrap() < now) {
                    expected[event.item] += f64::from(span.left(now - event.timestamp.unwrap()));
                }
                for distance in [1, 4, 7] {
                    let mut marked = recent.clone();
                    marked.set_marks(distance);
                    for (count, expected) in marked.popularity(now, span).iter().zip(expected) {
                        prop_assert!((f64::from(*count) - expected).abs() < 1e-4, "{span:?}: {count} for {expected}");
                    }
                }
            }
        }
    }
}
