//! Several sources as one score: each one's scores are standardized over the catalogue, weighted and summed.

use super::Source;

/// Items that are kept before the worse half of them goes, at least: going through fewer takes longer than keeping more.
const FEWEST_KEPT: usize = 32;

/// Keeps sources that score everything alike from dividing by zero.
const SMALLEST_DEVIATION: f32 = 1e-9;

/// One source's part in a candidate's score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceScore {
    /// Whose score.
    pub source: Source,
    /// The score as its source gave it.
    pub value: f32,
}

/// An item that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its index in the catalogue.
    pub item: usize,
    /// What it was ranked by.
    pub score: f32,
    /// What each source said.
    pub sources: Vec<SourceScore>,
}

/// The `k` items of the highest scores among those that `is_open` lets through, best first; of equal ones the first of
/// the catalogue. What is no number is no opinion, and comes last.
pub fn best(scores: &[f32], k: usize, is_open: impl Fn(usize) -> bool) -> Vec<usize> {
    let Some(last) = k.checked_sub(1) else { return Vec::new() };
    let score = |item: usize| if scores[item].is_nan() { f32::NEG_INFINITY } else { scores[item] };
    let better = |&a: &usize, &b: &usize| score(b).total_cmp(&score(a)).then(a.cmp(&b));
    let full = k.max(FEWEST_KEPT).saturating_mul(2);
    let mut kept: Vec<usize> = Vec::new();
    let mut bar: Option<f32> = None;
    for item in 0..scores.len() {
        // What scores as much as the last one of `k` comes after it in the catalogue.
        if bar.is_none_or(|bar| score(item).total_cmp(&bar).is_gt()) && is_open(item) {
            kept.push(item);
            if kept.len() == full {
                kept.select_nth_unstable_by(last, better);
                kept.truncate(k);
                bar = Some(score(kept[last]));
            }
        }
    }
    if k < kept.len() {
        kept.select_nth_unstable_by(last, better);
        kept.truncate(k);
    }
    kept.sort_unstable_by(better);
    kept
}

/// Moves scores to mean 0 and standard deviation 1; equal ones to 0.
pub fn standardize(scores: &mut [f32]) {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / count;
    let variance = scores.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / count;
    let (mean, deviation) = (mean as f32, variance.sqrt() as f32 + SMALLEST_DEVIATION);
    scores.iter_mut().for_each(|score| *score = (*score - mean) / deviation);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_open_items_come_in_order_each_once(
            scores in prop::collection::vec(-9i8..9, 1..300),
            seen in prop::collection::vec(0usize..300, 0..40),
            k in prop_oneof![0usize..40, 0usize..320],
        ) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut expected: Vec<usize> = (0..scores.len()).filter(|item| !seen.contains(item)).collect();
            expected.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            expected.truncate(k);
            prop_assert_eq!(best(&scores, k, |item| !seen.contains(&item)), expected);
        }

        #[test]
        fn standard_scores_have_mean_0_and_deviation_1(mut scores in prop::collection::vec(-9f32..9.0, 2..20)) {
            scores.push(20.0);
            standardize(&mut scores);
            let count = scores.len() as f32;
            prop_assert!((scores.iter().sum::<f32>() / count).abs() < 1e-4);
            prop_assert!((scores.iter().map(|s| s * s).sum::<f32>() / count - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn what_is_no_number_comes_last() {
        let scores = [f32::NAN, -1.0, -f32::NAN, 2.0, f32::INFINITY];
        assert_eq!(best(&scores, 9, |_| true), [4, 3, 1, 0, 2]);
        assert_eq!(best(&scores, 2, |item| item != 4), [3, 1]);
    }

    #[test]
    fn equal_scores_become_0() {
        let mut scores = [0.1; 9061];
        standardize(&mut scores);
        assert!(scores.iter().all(|score| score.abs() < 1e-3), "{}", scores[0]);
    }
}
