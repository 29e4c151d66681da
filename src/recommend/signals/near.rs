//! Item-item models of what is near in the histories of users: a row of counts for each item, by several kinds of
//! nearness, and by the years in which it was.
//!
//! A row's counts are divided by the root of their sum plus one, and by a power of the other item's popularity, as for
//! co-occurrence; what differs is which pairs count, and how much.
//!
//! Rows are made one by one from the places at which an item occurs, so that no pair is ever kept: memory grows with
//! the interactions and with what the rows keep, which is bounded. A row depends on the histories with its item alone,
//! so that new interactions change the rows of the items in the histories that they belong to, and no other.

use rayon::prelude::*;

use super::{
    order::{Neighbour, Neighbourhood},
    times::YEAR,
};
use crate::recommend::{Interaction, sparse::Sparse};

/// The power of an item's users that its counts are divided by.
const POPULARITY_POWER: f32 = 0.3;
/// Seconds in which nearness by the clock falls to a third: items that were looked for together.
const TOGETHER: f32 = 60.0;
/// Seconds at which nearness by the clock counts no more: e^-14 is below [`LEAST`].
const FARTHEST: f32 = 14.0 * TOGETHER;
/// Of two items more than a day apart neither follows from the other.
const DAY: f32 = 86_400.0;
/// What one more place leaves of a direction: shorter than of nearness.
const DIRECTED_DECAY: f32 = 0.7;
/// What counts less than this does not count.
const LEAST: f32 = 1e-6;
/// Counts that all rows of one kind keep together; far more than small catalogues have.
const MOST_COUNTS: usize = 1 << 25;
/// Counts that a row may keep in any case.
const FEWEST_KEPT: usize = 32;
/// Counts of a row that are not added up yet, at most.
const LOOSE: usize = 1 << 20;
/// Rows that are made before they are put to the others.
const PART: usize = 1 << 14;

/// The kinds of nearness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// By the places between both.
    Places,
    /// By the seconds between both.
    Clock,
    /// By the places, in one direction only, where one came after the other on the same day.
    Next,
}

/// The rows of all kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Near {
    /// By [`Nearness`], (items, items).
    pub(super) kinds: [Sparse; 3],
    /// By places, apart for each year: (items, items), of which a row has a column once for each year.
    pub(super) by_era: Sparse,
    /// The year of each count, since 1970; (counts)
    eras: Vec<u16>,
    /// The last of them.
    last: u16,
}

/// One row of every kind.
#[derive(Default)]
struct Row {
    kinds: [Vec<(u32, f32)>; 3],
    /// Other item, year and count.
    by_era: Vec<(u32, u16, f32)>,
}

impl Near {
    /// Counts over histories; `users` says how many users each item has, (items).
    pub(super) fn fit(histories: &[&[Interaction]], users: &[f32]) -> Self {
        Self::default().with_rows(histories, users, &vec![true; users.len()])
    }

    /// The same rows but for those of the items that are `touched`, (items), which are counted anew.
    #[must_use]
    pub(super) fn with_rows(&self, histories: &[&[Interaction]], users: &[f32], touched: &[bool]) -> Self {
        let occurrences = Occurrences::new(histories, touched);
        let scales = scales(users);
        let most = FEWEST_KEPT.max(MOST_COUNTS / users.len().max(1));
        let mut near = Self::default();
        for part in 0..users.len().div_ceil(PART) {
            let items = part * PART..users.len().min((part + 1) * PART);
            let row = |item: usize| match touched[item] {
                true => row(occurrences.of(item), histories, &scales, most),
                false => self.row(item),
            };
            let rows: Vec<Row> = items.into_par_iter().map(row).collect();
            rows.iter().for_each(|row| near.push(row));
        }
        near
    }

    /// Rows that a file kept.
    pub(super) fn from_parts(kinds: [Sparse; 3], by_era: Sparse, eras: Vec<u16>) -> Self {
        let last = eras.iter().copied().max().unwrap_or_default();
        Self { kinds, by_era, eras, last }
    }

    /// The year of each count by year, since 1970; (counts)
    pub(super) fn eras(&self) -> &[u16] {
        &self.eras
    }

    fn row(&self, item: usize) -> Row {
        let Some(range) = self.by_era.range(item) else { return Row::default() };
        let by_era = self.by_era.row(item).zip(&self.eras[range]).map(|((other, count), &era)| (other, era, count));
        Row { kinds: self.kinds.each_ref().map(|kind| kind.row(item).collect()), by_era: by_era.collect() }
    }

    fn push(&mut self, row: &Row) {
        self.kinds.iter_mut().zip(&row.kinds).for_each(|(kind, row)| kind.push(row.iter().copied()));
        self.by_era.push(row.by_era.iter().map(|&(other, _, count)| (other, count)));
        self.eras.extend(row.by_era.iter().map(|&(_, era, _)| era));
        self.last = row.by_era.iter().fold(self.last, |last, &(_, era, _)| last.max(era));
    }

    /// A score for each item, (items), from the weights of some; `scales` are those of [`scales`].
    pub(super) fn scores(&self, nearness: Nearness, weights: &[(usize, f32)], scales: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; scales.len()];
        self.kinds[nearness as usize].add_rows(weights.iter().copied(), &mut scores);
        scores.iter_mut().zip(scales).for_each(|(score, scale)| *score *= scale);
        scores
    }

    /// The same by places, where counts of a year weigh e^(-distance from `now` / years).
    pub(super) fn era_scores(&self, weights: &[(usize, f32)], now: i64, years: f64, scales: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; scales.len()];
        let distance = |era: usize| ((era as f64 + 0.5) * YEAR - now as f64).abs() / (years * YEAR);
        let nearness: Vec<f32> = (0..=usize::from(self.last)).map(|era| (-distance(era)).exp() as f32).collect();
        for &(item, weight) in weights {
            let Some(range) = self.by_era.range(item) else { continue };
            for ((other, count), &era) in self.by_era.row(item).zip(&self.eras[range]) {
                scores[other as usize] += weight * nearness[usize::from(era)] * count;
            }
        }
        scores.iter_mut().zip(scales).for_each(|(score, scale)| *score *= scale);
        scores
    }
}

/// What an item's scores are multiplied with for its popularity, (items).
pub(super) fn scales(users: &[f32]) -> Vec<f32> {
    users.iter().map(|users| (users + 1.0).powf(-POPULARITY_POWER)).collect()
}

/// Where some items occur.
struct Occurrences {
    /// (items + 1)
    starts: Vec<usize>,
    /// History and place of each.
    at: Vec<(u32, u32)>,
}

impl Occurrences {
    fn new(histories: &[&[Interaction]], wanted: &[bool]) -> Self {
        let events = || {
            let all = histories.iter().enumerate().flat_map(|(user, history)| {
                history.iter().enumerate().map(move |(place, event)| (event.item, (user as u32, place as u32)))
            });
            all.filter(|(item, _)| wanted[*item])
        };
        let mut starts = vec![0; wanted.len() + 1];
        events().for_each(|(item, _)| starts[item + 1] += 1);
        for item in 0..wanted.len() {
            starts[item + 1] += starts[item];
        }
        let mut next = starts.clone();
        let mut at = vec![(0, 0); starts[wanted.len()]];
        for (item, place) in events() {
            at[next[item]] = place;
            next[item] += 1;
        }
        Self { starts, at }
    }

    fn of(&self, item: usize) -> &[(u32, u32)] {
        &self.at[self.starts[item]..self.starts[item + 1]]
    }
}

/// What one other item counts in one year, by each kind.
#[derive(Clone, Copy)]
struct Count {
    other: u32,
    era: u16,
    kinds: [f32; 3],
}

fn row(occurrences: &[(u32, u32)], histories: &[&[Interaction]], scales: &[f32], most: usize) -> Row {
    let mut counts: Vec<Count> = Vec::new();
    let mut limit = LOOSE;
    for &(user, place) in occurrences {
        let around = Neighbourhood::of(histories[user as usize], place as usize);
        around.for_each(|neighbour| counts.push(count(&neighbour)));
        if counts.len() > limit {
            add_up(&mut counts);
            limit = LOOSE.max(2 * counts.len());
        }
    }
    add_up(&mut counts);
    let mut row = Row::default();
    for other in counts.chunk_by(|a, b| a.other == b.other) {
        for (at, kind) in row.kinds.iter_mut().enumerate() {
            let sum: f32 = other.iter().map(|count| count.kinds[at]).sum();
            if sum > 0.0 {
                kind.push((other[0].other, sum));
            }
        }
    }
    for kind in &mut row.kinds {
        let divisor = (kind.iter().map(|&(_, count)| count).sum::<f32>() + 1.0).sqrt();
        kind.iter_mut().for_each(|(_, count)| *count /= divisor);
        keep(kind, most, |&(other, count)| (count * scales[other as usize], other, 0));
    }
    row.by_era = counts.iter().map(|count| (count.other, count.era, count.kinds[Nearness::Places as usize])).collect();
    keep(&mut row.by_era, most, |&(other, era, count)| (count * scales[other as usize], other, era));
    row
}

fn count(neighbour: &Neighbour) -> Count {
    // The exponential of less than this is too little to count, and takes longest.
    let clock = if neighbour.seconds < FARTHEST { (-neighbour.seconds / TOGETHER).exp() } else { 0.0 };
    let follows = neighbour.is_later && neighbour.seconds > 0.0 && neighbour.seconds < DAY;
    let next = if follows { DIRECTED_DECAY.powf(neighbour.gap - 1.0) } else { 0.0 };
    let counts = |weight: f32| if weight > LEAST { weight } else { 0.0 };
    let era = (neighbour.time as f64 / YEAR) as u16;
    Count { other: neighbour.item, era, kinds: [neighbour.weight, clock, next].map(counts) }
}

/// Adds counts of the same item and year up, in their order.
fn add_up(counts: &mut Vec<Count>) {
    // Stable, so that sums run in the order of the histories.
    counts.sort_by_key(|count| (count.other, count.era));
    counts.dedup_by(|next, kept| {
        let same = (next.other, next.era) == (kept.other, kept.era);
        if same {
            kept.kinds.iter_mut().zip(next.kinds).for_each(|(kept, next)| *kept += next);
        }
        same
    });
}

/// Keeps the entries that score highest, in their order; of equal ones the first.
fn keep<T>(row: &mut Vec<T>, most: usize, score: impl Fn(&T) -> (f32, u32, u16)) {
    if row.len() > most {
        row.select_nth_unstable_by(most, |a, b| {
            let (a, b) = (score(a), score(b));
            b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2)))
        });
        row.truncate(most);
        row.sort_unstable_by_key(|entry| {
            let (_, other, era) = score(entry);
            (other, era)
        });
    }
    row.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ITEMS: usize = 8;

    prop_compose! {
        fn some_history()(mut events in prop::collection::vec((0usize..ITEMS, 0i64..90_000_000), 0..12)) -> Vec<Interaction> {
            events.sort_unstable_by_key(|event| event.1);
            // Coarse times, so that some are the same.
            let event = |(item, time)| Interaction { user: 0, item, rating: None, timestamp: Some(time / 50_000 * 50_000) };
            events.into_iter().map(event).collect()
        }
    }

    fn slices(histories: &[Vec<Interaction>]) -> Vec<&[Interaction]> {
        histories.iter().map(Vec::as_slice).collect()
    }

    /// Counts of one kind from the definition: every two interactions of a history, both ways. (items, items)
    fn oracle(histories: &[Vec<Interaction>], nearness: Nearness) -> Vec<Vec<f64>> {
        let mut counts = vec![vec![0.0; ITEMS]; ITEMS];
        for history in histories {
            for place in 0..history.len() {
                Neighbourhood::of(history, place).for_each(|neighbour| {
                    let weight = count(&neighbour).kinds[nearness as usize];
                    counts[history[place].item][neighbour.item as usize] += f64::from(weight);
                });
            }
        }
        for row in &mut counts {
            let divisor = (row.iter().sum::<f64>() + 1.0).sqrt();
            row.iter_mut().for_each(|count| *count /= divisor);
        }
        counts
    }

    proptest! {
        #[test]
        fn rows_are_the_counts_of_the_definition(histories in prop::collection::vec(some_history(), 0..6)) {
            let near = Near::fit(&slices(&histories), &[1.0; ITEMS]);
            for nearness in [Nearness::Places, Nearness::Clock, Nearness::Next] {
                let expected = oracle(&histories, nearness);
                for (item, expected) in expected.iter().enumerate() {
                    let scores = near.scores(nearness, &[(item, 1.0)], &[1.0; ITEMS]);
                    for (score, expected) in scores.iter().zip(expected) {
                        prop_assert!((f64::from(*score) - expected).abs() < 1e-4, "{nearness:?}: {score} for {expected}");
                    }
                }
            }
        }

        #[test]
        fn counting_some_rows_anew_is_counting_all_anew(
            before in prop::collection::vec(some_history(), 1..6),
            user in 0usize..6,
            changed in some_history(),
        ) {
            let near = Near::fit(&slices(&before), &[1.0; ITEMS]);
            let mut after = before.clone();
            let user = user % after.len();
            let mut touched = [false; ITEMS];
            after[user].iter().chain(&changed).for_each(|event| touched[event.item] = true);
            after[user] = changed;
            let updated = near.with_rows(&slices(&after), &[1.0; ITEMS], &touched);
            prop_assert_eq!(updated, Near::fit(&slices(&after), &[1.0; ITEMS]));
        }
    }

    #[test]
    fn rows_keep_what_scores_highest() {
        let mut row = vec![(1, 0.5), (2, 3.0), (5, 1.0), (7, 1.0)];
        keep(&mut row, 2, |&(other, count)| (count, other, 0));
        assert_eq!(row, [(2, 3.0), (5, 1.0)]);
    }

    #[test]
    fn counts_of_far_years_weigh_less() {
        let year = YEAR as i64;
        let history = |first: usize, time: i64| -> Vec<Interaction> {
            let event = |item| Interaction { user: 0, item, rating: None, timestamp: Some(time) };
            vec![event(0), event(first)]
        };
        let histories = [history(1, 10 * year + year / 2), history(2, 20 * year + year / 2)];
        let near = Near::fit(&slices(&histories), &[1.0; ITEMS]);
        let scores = near.era_scores(&[(0, 1.0)], 10 * year + year / 2, 2.0, &[1.0; ITEMS]);
        assert!((scores[2] / scores[1] - (-5f32).exp()).abs() < 1e-3, "{scores:?}");
    }
}
