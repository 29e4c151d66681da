//! Order in time where time is coarse: interactions of one second have no order, so all that depends on it is averaged
//! over every order that they may have had.

use crate::recommend::Interaction;

/// What one more place between two interactions leaves of their pair's weight.
pub(super) const GAP_DECAY: f32 = 0.9;
/// The most places between the interactions of a pair; beyond, its weight is below 5 % of a neighbour's.
const WINDOW: f32 = 30.0;
/// Of more interactions in one second nothing can be said about which are near: they are an import, not a visit.
const IMPORT: usize = 256;

/// Two interactions of one user near each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// The earlier item, or any of two in one second.
    pub(super) first: u32,
    /// The later item.
    pub(super) second: u32,
    /// The mean number of places from the first to the second, at least 1.
    pub(super) gap: f32,
    /// The mean of [`GAP_DECAY`]^(gap - 1).
    pub(super) weight: f32,
    /// Seconds from the first to the second.
    pub(super) seconds: f32,
    /// When the second came, in seconds since 1970.
    pub(super) time: i64,
}

/// The interactions of one second each, as ranges of places, oldest first. Without times each stands alone.
pub(super) fn seconds(history: &[Interaction]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    history.chunk_by(|a, b| a.timestamp.is_some() && a.timestamp == b.timestamp).map(move |group| {
        start += group.len();
        start - group.len()..start
    })
}

/// The mean over each second's interactions of a weight that depends on how many interactions came later, (history).
pub(super) fn by_age(history: &[Interaction], weight: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut weights = vec![0.0; history.len()];
    for group in seconds(history) {
        let mean = group.clone().map(|place| weight(history.len() - 1 - place)).sum::<f32>() / group.len() as f32;
        weights[group].fill(mean);
    }
    weights
}

/// All pairs of a history within the window.
pub(super) fn pairs(history: &[Interaction]) -> Vec<Pair> {
    let groups: Vec<std::ops::Range<usize>> = seconds(history).collect();
    let middle = |group: &std::ops::Range<usize>| (group.start + group.end - 1) as f32 / 2.0;
    let mut pairs = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let within = mean_within(group.len());
        for other in groups[at..].iter().take_while(|other| middle(other) <= middle(group) + WINDOW) {
            let gap = (middle(other) - middle(group)).max(1.0);
            let same = other.start == group.start;
            if same && group.len() > IMPORT {
                continue;
            }
            let weight = if same { within } else { GAP_DECAY.powf(gap - 1.0) };
            for first in group.clone() {
                for second in other.clone().filter(|&second| second > first) {
                    let (a, b) = (&history[first], &history[second]);
                    let time = b.timestamp.unwrap_or(0);
                    let seconds = (time - a.timestamp.unwrap_or(time)) as f32;
                    pairs.push(Pair { first: a.item as u32, second: b.item as u32, gap, weight, seconds, time });
                }
            }
        }
    }
    pairs
}

/// The mean weight of two among `count` interactions in random order.
fn mean_within(count: usize) -> f32 {
    let total: f32 = (1..count).map(|gap| (count - gap) as f32 * GAP_DECAY.powi(gap as i32 - 1)).sum();
    2.0 * total / (count * count.saturating_sub(1)).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(times: &[i64]) -> Vec<Interaction> {
        let event = |(item, &time)| Interaction { user: 0, item, rating: None, timestamp: Some(time) };
        times.iter().enumerate().map(event).collect()
    }

    #[test]
    fn interactions_of_one_second_weigh_alike() {
        let weights = by_age(&history(&[1, 2, 2, 3]), |age| 0.5f32.powi(age as i32));
        assert_eq!(weights, [0.125, 0.375, 0.375, 1.0]);
        let timeless = history(&[0, 0]).into_iter().map(|event| Interaction { timestamp: None, ..event });
        assert_eq!(by_age(&timeless.collect::<Vec<_>>(), |age| age as f32), [1.0, 0.0]);
    }

    #[test]
    fn pairs_of_distinct_seconds_decay_with_their_gap() {
        let pairs = pairs(&history(&[1, 5, 9]));
        let found: Vec<_> = pairs.iter().map(|pair| (pair.first, pair.second, pair.gap, pair.seconds)).collect();
        assert_eq!(found, [(0, 1, 1.0, 4.0), (0, 2, 2.0, 8.0), (1, 2, 1.0, 4.0)]);
        assert_eq!(pairs.iter().map(|pair| pair.weight).collect::<Vec<_>>(), [1.0, GAP_DECAY, 1.0]);
    }

    #[test]
    fn pairs_of_one_second_have_the_mean_weight_of_all_orders() {
        // Three in one second: of the three pairs of any order two are neighbours and one is two places apart.
        let expected = (2.0 + GAP_DECAY) / 3.0;
        let pairs = pairs(&history(&[7, 7, 7]));
        assert_eq!(pairs.len(), 3);
        assert!(pairs.iter().all(|pair| (pair.weight - expected).abs() < 1e-6 && pair.seconds == 0.0));
    }

    #[test]
    fn an_import_has_no_pairs_of_its_own() {
        assert_eq!(pairs(&history(&[7; IMPORT + 1])).len(), 0);
    }

    #[test]
    fn far_interactions_are_no_pair() {
        let times: Vec<i64> = (0..100).collect();
        assert!(pairs(&history(&times)).iter().all(|pair| pair.gap <= WINDOW));
        assert_eq!(pairs(&history(&times)).iter().filter(|pair| pair.first == 0).count(), 30);
    }
}
