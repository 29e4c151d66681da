//! Where a method helps and where it does not: its paired difference to another one, apart for kinds of cases.

use serde::Serialize;

use super::Estimate;

/// Histories up to this length are short, and up to that one of middling length.
const SHORT: usize = 20;
const MIDDLING: usize = 100;

/// The share of the items, by their users, that is popular.
const POPULAR: f64 = 0.1;

/// A kind of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// At most 20 interactions are known.
    ShortHistory,
    /// 21 to 100 are known.
    MiddlingHistory,
    /// More are known.
    LongHistory,
    /// What is looked for is among the tenth of the items that most users have.
    PopularTarget,
    /// It is not.
    RareTarget,
}

impl Segment {
    pub(super) const ALL: [Segment; 5] = [
        Segment::ShortHistory,
        Segment::MiddlingHistory,
        Segment::LongHistory,
        Segment::PopularTarget,
        Segment::RareTarget,
    ];

    /// The segments of a case: `known` interactions, and a target that `users` have, where `popular` have a popular one.
    pub(super) fn of(known: usize, users: f32, popular: f32) -> [Segment; 2] {
        let history = if known <= SHORT {
            Segment::ShortHistory
        } else if known <= MIDDLING {
            Segment::MiddlingHistory
        } else {
            Segment::LongHistory
        };
        [history, if users >= popular { Segment::PopularTarget } else { Segment::RareTarget }]
    }
}

/// How many users a popular item has at least; `users` is (items).
pub(super) fn popular(users: &[f32]) -> f32 {
    let mut sorted = users.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.get((users.len() as f64 * POPULAR) as usize).copied().unwrap_or(0.0).max(1.0)
}

/// What a method adds to another one in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lift {
    /// The kind of cases.
    pub segment: Segment,
    /// How many there are.
    pub cases: usize,
    /// The mean NDCG@10 of the other one.
    pub without: f64,
    /// The paired difference in NDCG@10.
    pub difference: Estimate,
}

/// The lift in every segment that has cases: `with` and `without` are NDCG@10 of each case, `users` says whose it is, and
/// `segments` of which kinds.
pub(super) fn lifts(with: &[f64], without: &[f64], users: &[usize], segments: &[[Segment; 2]]) -> Vec<Lift> {
    let lift = |segment: Segment| {
        let of: Vec<usize> = (0..with.len()).filter(|&case| segments[case].contains(&segment)).collect();
        let pick = |values: &[f64]| of.iter().map(|&case| values[case]).collect::<Vec<f64>>();
        let (with, without) = (pick(with), pick(without));
        let users: Vec<usize> = of.iter().map(|&case| users[case]).collect();
        let mean = without.iter().sum::<f64>() / without.len().max(1) as f64;
        let difference = Estimate::of_difference(&with, &without, &users);
        Lift { segment, cases: of.len(), without: mean, difference }
    };
    Segment::ALL.into_iter().map(lift).filter(|lift| lift.cases > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_in_a_segment_of_each_kind() {
        assert_eq!(Segment::of(20, 3.0, 5.0), [Segment::ShortHistory, Segment::RareTarget]);
        assert_eq!(Segment::of(21, 5.0, 5.0), [Segment::MiddlingHistory, Segment::PopularTarget]);
        assert_eq!(Segment::of(101, 9.0, 5.0)[0], Segment::LongHistory);
        assert_eq!(popular(&(0..100).map(|users| users as f32).collect::<Vec<_>>()), 89.0);
        let segments = [Segment::of(1, 9.0, 5.0), Segment::of(200, 1.0, 5.0), Segment::of(1, 9.0, 5.0)];
        let lifts = lifts(&[1.0, 0.0, 0.5], &[0.5, 0.5, 0.5], &[0, 1, 2], &segments);
        let found: Vec<_> = lifts.iter().map(|lift| (lift.segment, lift.cases, lift.difference.value)).collect();
        assert_eq!(
            found,
            [
                (Segment::ShortHistory, 2, 0.25),
                (Segment::LongHistory, 1, -0.5),
                (Segment::PopularTarget, 2, 0.25),
                (Segment::RareTarget, 1, -0.5)
            ]
        );
    }
}
