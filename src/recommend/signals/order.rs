//! Order in time where time is coarse: interactions of one second have no order, so all that depends on it is averaged
//! over every order that they may have had.

use std::ops::Range;

use crate::recommend::Interaction;

/// What one more place between two interactions leaves of their pair's weight.
pub(super) const GAP_DECAY: f32 = 0.9;
/// The most places between the interactions of a pair; beyond, its weight is below 5 % of a neighbour's.
const WINDOW: f32 = 30.0;
/// Of more interactions in one second nothing can be said about which are near: they are an import, not a visit.
const IMPORT: usize = 256;

/// An interaction of a user near another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Neighbour {
    /// Its item.
    pub(super) item: u32,
    /// The mean number of places between both, at least 1.
    pub(super) gap: f32,
    /// The mean of [`GAP_DECAY`]^(gap - 1).
    pub(super) weight: f32,
    /// Seconds between both.
    pub(super) seconds: f32,
    /// Whether it came later than the other one.
    pub(super) is_later: bool,
    /// When the later one of both came, in seconds since 1970.
    pub(super) time: i64,
}

/// The interactions of one second each, as ranges of places, oldest first. Without times each stands alone.
pub(super) fn seconds(history: &[Interaction]) -> impl Iterator<Item = Range<usize>> {
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

/// What is near one interaction of a history, which is in the order of time.
pub(super) struct Neighbourhood<'a> {
    history: &'a [Interaction],
    place: usize,
    /// The interactions of its second.
    own: Range<usize>,
}

impl<'a> Neighbourhood<'a> {
    pub(super) fn of(history: &'a [Interaction], place: usize) -> Self {
        Self { history, place, own: second(history, place) }
    }

    /// Hears every interaction within the window but the one in the middle.
    pub(super) fn for_each(&self, mut hear: impl FnMut(Neighbour)) {
        let Self { history, place, own } = self;
        if own.len() > 1 && own.len() <= IMPORT {
            let weight = mean_within(own.len());
            for other in own.clone().filter(|other| other != place) {
                hear(self.neighbour(other, 1.0, weight));
            }
        }
        let mut later = own.end;
        while later < history.len() {
            let other = second(history, later);
            let gap = middle(&other) - middle(own);
            if gap > WINDOW {
                break;
            }
            let weight = decayed(gap);
            other.clone().for_each(|other| hear(self.neighbour(other, gap, weight)));
            later = other.end;
        }
        let mut earlier = own.start;
        while earlier > 0 {
            let other = second(history, earlier - 1);
            let gap = middle(own) - middle(&other);
            if gap > WINDOW {
                break;
            }
            let weight = decayed(gap);
            other.clone().for_each(|other| hear(self.neighbour(other, gap, weight)));
            earlier = other.start;
        }
    }

    fn neighbour(&self, other: usize, gap: f32, weight: f32) -> Neighbour {
        let is_later = other > self.place;
        let (first, last) = if is_later { (self.place, other) } else { (other, self.place) };
        let time = self.history[last].timestamp.unwrap_or(0);
        let seconds = (time - self.history[first].timestamp.unwrap_or(time)) as f32;
        Neighbour { item: self.history[other].item as u32, gap, weight, seconds, is_later, time }
    }
}

/// [`GAP_DECAY`]^(gap - 1), of a gap of whole and half places.
fn decayed(gap: f32) -> f32 {
    GAP_DECAY.powf(gap - 1.0)
}

/// The place of a second's interactions in the middle.
fn middle(second: &Range<usize>) -> f32 {
    (second.start + second.end - 1) as f32 / 2.0
}

/// The places of the interactions in the same second as the one at a place; without times each stands alone.
fn second(history: &[Interaction], place: usize) -> Range<usize> {
    let time = history[place].timestamp;
    let is_same = |place: usize| time.is_some() && history[place].timestamp == time;
    // Most have a second of their own: looked at first.
    let start = match place > 0 && is_same(place - 1) {
        true => history[..place].partition_point(|event| event.timestamp < time),
        false => place,
    };
    let end = match place + 1 < history.len() && is_same(place + 1) {
        true => place + history[place..].partition_point(|event| event.timestamp <= time),
        false => place + 1,
    };
    start..end
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

    fn around(history: &[Interaction], place: usize) -> Vec<Neighbour> {
        let mut found = Vec::new();
        Neighbourhood::of(history, place).for_each(|neighbour| found.push(neighbour));
        found
    }

    #[test]
    fn neighbours_in_distinct_seconds_decay_with_their_gap() {
        let found = around(&history(&[1, 5, 9, 20]), 1);
        let told: Vec<_> = found.iter().map(|n| (n.item, n.gap, n.seconds, n.is_later, n.time)).collect();
        assert_eq!(told, [(2, 1.0, 4.0, true, 9), (3, 2.0, 15.0, true, 20), (0, 1.0, 4.0, false, 5)]);
        assert_eq!(found.iter().map(|neighbour| neighbour.weight).collect::<Vec<_>>(), [1.0, GAP_DECAY, 1.0]);
    }

    #[test]
    fn neighbours_in_one_second_have_the_mean_weight_of_all_orders() {
        // Three in one second: of the three pairs of any order two are neighbours and one is two places apart.
        let expected = (2.0 + GAP_DECAY) / 3.0;
        for place in 0..3 {
            let found = around(&history(&[7, 7, 7]), place);
            assert_eq!(found.len(), 2);
            assert!(found.iter().all(|n| (n.weight - expected).abs() < 1e-6 && n.seconds == 0.0));
        }
    }

    #[test]
    fn without_times_each_stands_alone() {
        let timeless: Vec<_> =
            history(&[0, 0, 0]).into_iter().map(|event| Interaction { timestamp: None, ..event }).collect();
        let found = around(&timeless, 0);
        assert_eq!(
            found.iter().map(|n| (n.item, n.gap, n.seconds)).collect::<Vec<_>>(),
            [(1, 1.0, 0.0), (2, 2.0, 0.0)]
        );
    }

    #[test]
    fn an_import_has_no_neighbours_of_its_own() {
        assert_eq!(around(&history(&[7; IMPORT + 1]), 3), []);
    }

    #[test]
    fn far_interactions_are_no_neighbours() {
        let times: Vec<i64> = (0..100).collect();
        assert!(around(&history(&times), 50).iter().all(|neighbour| neighbour.gap <= WINDOW));
        assert_eq!(around(&history(&times), 50).len(), 60);
        assert_eq!(around(&history(&times), 0).len(), 30);
    }
}
