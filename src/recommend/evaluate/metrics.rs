//! What a ranking is worth whose one relevant item is known.
//!
//! Gains are binary and discounted by the logarithm of the rank (Järvelin and Kekäläinen 2002). Among items of equal score
//! every order is as likely, and what counts is a metric's expected value (McSherry and Najork 2008), so that no method
//! gains by the order in which it breaks ties.

use serde::Serialize;

/// What is measured of every list, by its name in outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, PartialOrd, Ord)]
pub enum Metric {
    /// Normalized discounted cumulative gain of the first ten.
    #[serde(rename = "ndcg@10")]
    Ndcg10,
    /// The reciprocal of the rank, over the whole list.
    #[serde(rename = "mrr")]
    Mrr,
    /// Average precision over the whole list: of one relevant item the reciprocal of its rank, too.
    #[serde(rename = "map")]
    Map,
    /// The share of the first ten that is relevant.
    #[serde(rename = "precision@10")]
    Precision10,
    /// The share of what is relevant that is among the first ten: of one item whether it is.
    #[serde(rename = "recall@10")]
    Recall10,
    /// Whether the target is among the first ten.
    #[serde(rename = "hr@10")]
    Hr10,
    /// Whether the target is among the first twenty.
    #[serde(rename = "hr@20")]
    Hr20,
    /// Whether the target is among the first fifty.
    #[serde(rename = "hr@50")]
    Hr50,
}

impl Metric {
    /// All of them, in the order of outputs.
    pub const ALL: [Metric; 8] = [
        Metric::Ndcg10,
        Metric::Mrr,
        Metric::Map,
        Metric::Precision10,
        Metric::Recall10,
        Metric::Hr10,
        Metric::Hr20,
        Metric::Hr50,
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Ndcg10 => "ndcg@10",
            Metric::Mrr => "mrr",
            Metric::Map => "map",
            Metric::Precision10 => "precision@10",
            Metric::Recall10 => "recall@10",
            Metric::Hr10 => "hr@10",
            Metric::Hr20 => "hr@20",
            Metric::Hr50 => "hr@50",
        }
    }

    /// The value for a target at a place, 0 the best.
    pub fn at(self, place: usize) -> f64 {
        if place >= self.cut() {
            return 0.0;
        }
        match self {
            Metric::Ndcg10 => 1.0 / (place as f64 + 2.0).log2(),
            Metric::Mrr | Metric::Map => 1.0 / (place as f64 + 1.0),
            Metric::Precision10 => 0.1,
            Metric::Recall10 | Metric::Hr10 | Metric::Hr20 | Metric::Hr50 => 1.0,
        }
    }

    /// The expected value for a target of a rank: the mean over the places that it may have.
    pub fn of(self, rank: Rank) -> f64 {
        let Rank { better, equal } = rank;
        let counted = better..(better + equal + 1).min(self.cut());
        counted.map(|place| self.at(place)).sum::<f64>() / (equal + 1) as f64
    }

    /// The place from which on a target is worth nothing.
    fn cut(self) -> usize {
        match self {
            Metric::Ndcg10 | Metric::Precision10 | Metric::Recall10 | Metric::Hr10 => 10,
            Metric::Hr20 => 20,
            Metric::Hr50 => 50,
            Metric::Mrr | Metric::Map => usize::MAX,
        }
    }
}

/// Where a target stands: behind those that score better, at any place among itself and those that score the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// How many score better.
    pub better: usize,
    /// How many others score the same.
    pub equal: usize,
}

/// The rank of `target` among the items that are open; `scores` and `open` are (items).
pub fn rank(scores: &[f32], open: &[bool], target: usize) -> Rank {
    // What is no number is no opinion, and must not pass for a good one.
    let score = |item: usize| if scores[item].is_nan() { f32::NEG_INFINITY } else { scores[item] };
    let own = score(target);
    let others = || (0..scores.len()).filter(|&item| open[item] && item != target).map(score);
    let better = others().filter(|&score| score > own).count();
    let equal = others().filter(|&score| score == own).count();
    Rank { better, equal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_what_is_open_and_know_ties() {
        let scores = [3.0, 1.0, 2.0, 2.0, 5.0, 2.0];
        let without = |closed: &[usize]| (0..6).map(|item| !closed.contains(&item)).collect::<Vec<_>>();
        let cases =
            [(&[4][..], 0, (0, 0)), (&[], 0, (1, 0)), (&[4], 2, (1, 2)), (&[4, 5], 2, (1, 1)), (&[4, 0, 2], 2, (0, 2))];
        for (closed, target, (better, equal)) in cases {
            assert_eq!(rank(&scores, &without(closed), target), Rank { better, equal });
        }
    }

    #[test]
    fn what_is_no_number_ranks_last() {
        let scores = [f32::NAN, 1.0, f32::NAN, -3.0];
        let of = |target| rank(&scores, &[true; 4], target);
        assert_eq!([of(0), of(3)], [Rank { better: 2, equal: 1 }, Rank { better: 1, equal: 0 }]);
    }

    #[test]
    fn values_are_those_of_the_formulas() {
        let cases = [
            (Metric::Ndcg10, 0, 1.0),
            (Metric::Ndcg10, 2, 0.5),
            (Metric::Ndcg10, 10, 0.0),
            (Metric::Mrr, 3, 0.25),
            (Metric::Precision10, 9, 0.1),
            (Metric::Hr10, 9, 1.0),
            (Metric::Hr20, 20, 0.0),
            (Metric::Hr50, 49, 1.0),
        ];
        for (metric, place, value) in cases {
            assert!((metric.at(place) - value).abs() < 1e-12, "{metric:?} at {place}");
            assert_eq!(metric.of(Rank { better: place, equal: 0 }), metric.at(place), "{metric:?} at {place}");
        }
        assert!(Metric::ALL.iter().all(|metric| serde_json::to_value(metric).unwrap() == metric.name()));
    }

    #[test]
    fn of_ties_the_expected_value_counts() {
        let dcg = |places: std::ops::Range<usize>| places.map(|place| 1.0 / (place as f64 + 2.0).log2()).sum::<f64>();
        let cases = [
            // Places 8 to 11, of which two are within the first ten.
            (Metric::Hr10, 8, 3, 2.0 / 4.0),
            (Metric::Precision10, 8, 3, 0.2 / 4.0),
            (Metric::Ndcg10, 8, 3, dcg(8..10) / 4.0),
            (Metric::Mrr, 1, 2, (1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0) / 3.0),
            // All of a catalogue of a thousand are equal.
            (Metric::Hr10, 0, 999, 10.0 / 1000.0),
            (Metric::Ndcg10, 0, 999, dcg(0..10) / 1000.0),
            (Metric::Hr20, 20, 5, 0.0),
        ];
        for (metric, better, equal, value) in cases {
            let found = metric.of(Rank { better, equal });
            assert!((found - value).abs() < 1e-12, "{metric:?} behind {better} among {equal}: {found}");
        }
    }
}
