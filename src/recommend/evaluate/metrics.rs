//! What a ranking is worth whose one relevant item is known.
//!
//! Gains are binary and discounted by the logarithm of the rank (Järvelin and Kekäläinen, 2002). Items of equal score
//! share their expected rank, so that no method gains by the order in which it breaks ties.

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

    /// The value for a target at a rank, 0 the best.
    pub fn at(self, rank: f64) -> f64 {
        let within = |k: f64| f64::from(u8::from(rank < k));
        match self {
            Metric::Ndcg10 => within(10.0) / (rank + 2.0).log2(),
            Metric::Mrr | Metric::Map => 1.0 / (rank + 1.0),
            Metric::Precision10 => within(10.0) / 10.0,
            Metric::Recall10 | Metric::Hr10 => within(10.0),
            Metric::Hr20 => within(20.0),
            Metric::Hr50 => within(50.0),
        }
    }
}

/// The expected rank of `target` among the items that are open, 0 the best; `scores` and `open` are (items).
pub fn rank(scores: &[f32], open: &[bool], target: usize) -> f64 {
    // What is no number is no opinion, and must not pass for a good one.
    let score = |item: usize| if scores[item].is_nan() { f32::NEG_INFINITY } else { scores[item] };
    let own = score(target);
    let others = || (0..scores.len()).filter(|&item| open[item] && item != target).map(score);
    let better = others().filter(|&score| score > own).count();
    let equal = others().filter(|&score| score == own).count();
    better as f64 + equal as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_what_is_open_and_share_ties() {
        let scores = [3.0, 1.0, 2.0, 2.0, 5.0, 2.0];
        let without = |closed: &[usize]| (0..6).map(|item| !closed.contains(&item)).collect::<Vec<_>>();
        for (closed, target, expected) in
            [(&[4][..], 0, 0.0), (&[], 0, 1.0), (&[4], 2, 2.0), (&[4, 5], 2, 1.5), (&[4, 0, 2], 2, 1.0)]
        {
            assert_eq!(rank(&scores, &without(closed), target), expected);
        }
    }

    #[test]
    fn what_is_no_number_ranks_last() {
        let scores = [f32::NAN, 1.0, f32::NAN, -3.0];
        assert_eq!((rank(&scores, &[true; 4], 0), rank(&scores, &[true; 4], 3)), (2.5, 1.0));
    }

    #[test]
    fn values_are_those_of_the_formulas() {
        let cases = [
            (Metric::Ndcg10, 0.0, 1.0),
            (Metric::Ndcg10, 2.0, 0.5),
            (Metric::Ndcg10, 10.0, 0.0),
            (Metric::Mrr, 3.0, 0.25),
            (Metric::Hr10, 9.5, 1.0),
            (Metric::Hr20, 20.0, 0.0),
            (Metric::Hr50, 49.0, 1.0),
        ];
        for (metric, rank, value) in cases {
            assert!((metric.at(rank) - value).abs() < 1e-12, "{metric:?} at {rank}");
        }
        assert!(Metric::ALL.iter().all(|metric| serde_json::to_value(metric).unwrap() == metric.name()));
    }
}
