//! Listwise logistic regression: the weights that make the chosen item of each list likeliest.
//!
//! The probability of an item is the softmax of its weighted features over its list (McFadden's conditional logit, 1974;
//! the loss is that of ListNet for one relevant item). With an L2 penalty it is strictly convex, so Newton's method
//! finds the one best answer in a few rounds, with nothing to tune and nothing random.

use faer::{Mat, Side, linalg::solvers::Solve};
use rayon::prelude::*;

/// Rounds that are enough from any start: Newton's method doubles the right digits in each.
const MOST_ROUNDS: usize = 30;
/// A step of this length in every weight ends the search.
const TOLERANCE: f64 = 1e-6;

/// Items to choose from, of which one was chosen.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// (items, width)
    pub(super) features: Vec<f32>,
    /// The chosen item.
    pub(super) target: usize,
    /// Added to each item's score: the logarithm of how many items it stands for, where only some were drawn. (items)
    pub(super) offsets: Vec<f32>,
}

/// Value, gradient and curvature of the loss.
#[derive(Clone)]
struct Slope {
    loss: f64,
    /// (width)
    gradient: Vec<f64>,
    /// Its lower triangle; (width, width)
    hessian: Vec<f64>,
}

impl Slope {
    fn zeros(width: usize) -> Self {
        Self { loss: 0.0, gradient: vec![0.0; width], hessian: vec![0.0; width * width] }
    }

    fn add(mut self, other: &Self) -> Self {
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, value)| *sum += value);
        self.hessian.iter_mut().zip(&other.hessian).for_each(|(sum, value)| *sum += value);
        self
    }
}

/// Fits weights, (width), with `penalty` times half their squared length added to the loss of the average list.
pub(super) fn fit(lists: &[List], width: usize, penalty: f64) -> Vec<f32> {
    let mut weights = vec![0.0f64; width];
    let mut slope = slope(lists, &weights, penalty);
    for _ in 0..MOST_ROUNDS {
        let Some(step) = newton_step(&slope) else { break };
        // Far from the best answer a whole step may overshoot.
        let mut scale = 1.0;
        let (next, next_slope) = loop {
            let next: Vec<f64> = weights.iter().zip(&step).map(|(weight, step)| weight - scale * step).collect();
            let next_slope = self::slope(lists, &next, penalty);
            if next_slope.loss <= slope.loss || scale < 1e-3 {
                break (next, next_slope);
            }
            scale /= 2.0;
        };
        (weights, slope) = (next, next_slope);
        if step.iter().all(|step| step.abs() < TOLERANCE) {
            break;
        }
    }
    weights.into_iter().map(|weight| weight as f32).collect()
}

fn newton_step(slope: &Slope) -> Option<Vec<f64>> {
    let width = slope.gradient.len();
    let hessian = Mat::from_fn(width, width, |i, j| slope.hessian[i * width + j]);
    let step = hessian.llt(Side::Lower).ok()?.solve(Mat::from_fn(width, 1, |i, _| slope.gradient[i]));
    let step: Vec<f64> = (0..width).map(|i| step[(i, 0)]).collect();
    step.iter().all(|value| value.is_finite()).then_some(step)
}

fn slope(lists: &[List], weights: &[f64], penalty: f64) -> Slope {
    let width = weights.len();
    let chunks = lists.par_chunks(64).map(|chunk| {
        let mut sum = Slope::zeros(width);
        chunk.iter().for_each(|list| add_list(&mut sum, list, weights));
        sum
    });
    // Collected first: the sum's order does not depend on the threads.
    let chunks: Vec<Slope> = chunks.collect();
    let mut sum = chunks.iter().fold(Slope::zeros(width), Slope::add);
    let total = lists.len().max(1) as f64;
    sum.loss /= total;
    sum.gradient.iter_mut().for_each(|value| *value /= total);
    sum.hessian.iter_mut().for_each(|value| *value /= total);
    for (i, weight) in weights.iter().enumerate() {
        sum.loss += penalty * weight * weight / 2.0;
        sum.gradient[i] += penalty * weight;
        sum.hessian[i * width + i] += penalty;
    }
    sum
}

fn add_list(sum: &mut Slope, list: &List, weights: &[f64]) {
    let width = weights.len();
    let rows = || list.features.chunks_exact(width);
    let score = |row: &[f32]| row.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum::<f64>();
    let scores: Vec<f64> = rows().map(score).zip(&list.offsets).map(|(s, offset)| s + f64::from(*offset)).collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    sum.loss += most + total.ln() - scores[list.target];
    let mut mean = vec![0.0f64; width];
    // Rows that nobody would choose move nothing.
    let likely = rows().zip(&scores).map(|(row, score)| (row, (score - most).exp() / total)).filter(|at| at.1 > 1e-7);
    for (row, probability) in likely {
        for (i, &value) in row.iter().enumerate() {
            let part = probability * f64::from(value);
            mean[i] += part;
            // The lower triangle: the matrix is symmetric.
            let line = &mut sum.hessian[i * width..][..i + 1];
            line.iter_mut().zip(row).for_each(|(sum, &other)| *sum += part * f64::from(other));
        }
    }
    let target = &list.features[list.target * width..][..width];
    for i in 0..width {
        sum.gradient[i] += mean[i] - f64::from(target[i]);
        for j in 0..=i {
            sum.hessian[i * width + j] -= mean[i] * mean[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::{
        ChaCha8Rng,
        rand_core::{Rng, SeedableRng},
    };

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        f64::from(rng.next_u32()) / f64::from(u32::MAX)
    }

    /// Lists whose item is drawn by the softmax of known weights.
    fn drawn(truth: &[f64], lists: usize, seed: u64) -> Vec<List> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let list = |_| {
            let features: Vec<f32> = (0..8 * truth.len()).map(|_| (uniform(&mut rng) * 4.0 - 2.0) as f32).collect();
            let weight = |row: &[f32]| row.iter().zip(truth).map(|(x, w)| f64::from(*x) * w).sum::<f64>().exp();
            let weights: Vec<f64> = features.chunks_exact(truth.len()).map(weight).collect();
            let mut left = uniform(&mut rng) * weights.iter().sum::<f64>();
            let target = weights.iter().position(|weight| {
                left -= weight;
                left <= 0.0
            });
            List { features, target: target.unwrap_or(7), offsets: vec![0.0; 8] }
        };
        (0..lists).map(list).collect()
    }

    #[test]
    fn the_weights_that_made_the_choices_are_found() {
        let truth = [1.5, -0.75, 0.0];
        let found = fit(&drawn(&truth, 4000, 1), 3, 1e-6);
        for (found, truth) in found.iter().zip(truth) {
            assert!((f64::from(*found) - truth).abs() < 0.08, "{found} for {truth}");
        }
    }

    proptest! {
        #[test]
        fn no_other_weights_are_better(seed in 0u64..50, at in 0usize..2, change in -0.5f64..0.5) {
            let lists = drawn(&[0.5, 1.0], 30, seed);
            let best: Vec<f64> = fit(&lists, 2, 0.01).into_iter().map(f64::from).collect();
            let mut other = best.clone();
            other[at] += change;
            prop_assert!(slope(&lists, &other, 0.01).loss >= slope(&lists, &best, 0.01).loss - 1e-9);
        }
    }

    #[test]
    fn features_that_say_nothing_get_no_weight() {
        let list = List { features: vec![1.0; 6], target: 0, offsets: vec![0.0; 3] };
        assert_eq!(fit(&[list], 2, 0.1), [0.0, 0.0]);
        assert_eq!(fit(&[], 2, 0.1), [0.0, 0.0]);
    }
}
