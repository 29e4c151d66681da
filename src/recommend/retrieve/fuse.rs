//! Several sources as one score: each one's scores are standardized over the catalogue, weighted and summed.

use super::Source;

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
/// the catalogue.
pub fn best(scores: &[f32], k: usize, is_open: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..scores.len()).filter(|&item| is_open(item)).collect();
    let better = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
    if k < kept.len() {
        kept.select_nth_unstable_by(k, better);
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
            scores in prop::collection::vec(-3i8..3, 1..30),
            seen in prop::collection::vec(0usize..30, 0..10),
            k in 0usize..40,
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
    fn equal_scores_become_0() {
        let mut scores = [0.1; 9061];
        standardize(&mut scores);
        assert!(scores.iter().all(|score| score.abs() < 1e-3), "{}", scores[0]);
    }
}
