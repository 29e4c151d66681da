//! Intervals by resampling users: their cases are not independent of each other, so they are drawn together.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use crate::recommend::draw::below;

/// How often users are drawn anew: the ends of a 95 % interval rest on 50 samples each.
const RESAMPLES: usize = 2000;
/// The share of samples beyond each end.
const TAIL: f64 = 0.025;
/// Seeds the draws: intervals of one run are the same in the next, and paired figures are drawn alike.
const SEED: u64 = 20_151_217;

/// A mean over cases with its 95 % interval, by the percentile bootstrap clustered by user.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// Estimates the mean of `values`, (cases); `users` says whose case each is.
    pub fn of(values: &[f64], users: &[usize]) -> Self {
        let clusters = clusters(values, users);
        Self::drawn(mean(clusters.iter().copied()), |rng| drawn(&clusters, rng))
    }

    /// Estimates the difference of two means of different users, those of the second taken from the first: each with its
    /// values, (cases), and whose they are. Both are drawn apart.
    pub fn of_gap(values: (&[f64], &[usize]), others: (&[f64], &[usize])) -> Self {
        let [a, b] = [values, others].map(|(values, users)| clusters(values, users));
        let value = mean(a.iter().copied()) - mean(b.iter().copied());
        Self::drawn(value, |rng| drawn(&a, rng) - drawn(&b, rng))
    }

    /// An interval around a value, of what `sample` draws.
    fn drawn(value: f64, sample: impl Fn(&mut ChaCha8Rng) -> f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut samples: Vec<f64> = (0..RESAMPLES).map(|_| sample(&mut rng)).collect();
        samples.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| samples[((RESAMPLES - 1) as f64 * share).round() as usize];
        Self { value, low: at(TAIL), high: at(1.0 - TAIL) }
    }

    /// Estimates the mean difference `values - others` of the same cases.
    pub fn of_difference(values: &[f64], others: &[f64], users: &[usize]) -> Self {
        let differences: Vec<f64> = values.iter().zip(others).map(|(a, b)| a - b).collect();
        Self::of(&differences, users)
    }
}

/// The sum and the number of each user's values.
fn clusters(values: &[f64], users: &[usize]) -> Vec<(f64, f64)> {
    let mut by_user = std::collections::BTreeMap::<usize, (f64, f64)>::new();
    for (value, &user) in values.iter().zip(users) {
        let sum = by_user.entry(user).or_default();
        *sum = (sum.0 + value, sum.1 + 1.0);
    }
    by_user.into_values().collect()
}

fn mean(clusters: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, count) = clusters.fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The mean of as many users as there are, drawn with replacement.
fn drawn(clusters: &[(f64, f64)], rng: &mut ChaCha8Rng) -> f64 {
    mean((0..clusters.len()).map(|_| clusters[below(rng, clusters.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_mean_and_narrow_with_more_users() {
        let values = |count: usize| (0..count).map(|i| (i % 2) as f64).collect::<Vec<_>>();
        let users: Vec<usize> = (0..1000).collect();
        let (few, many) = (Estimate::of(&values(100), &users[..100]), Estimate::of(&values(1000), &users));
        assert_eq!((few.value, many.value), (0.5, 0.5));
        assert!(few.low < many.low && many.low < 0.5 && 0.5 < many.high && many.high < few.high);
        // The normal approximation: 1.96 standard errors of 0.5 / sqrt(1000).
        assert!((many.high - 0.531).abs() < 0.003, "{many:?}");
    }

    #[test]
    fn cases_of_one_user_are_drawn_together() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i / 50)).collect();
        let one_user_each: Vec<usize> = (0..100).collect();
        let two_users: Vec<usize> = (0..100).map(|i| i / 50).collect();
        assert_eq!(Estimate::of(&values, &two_users), Estimate { value: 0.5, low: 0.0, high: 1.0 });
        assert!(Estimate::of(&values, &one_user_each).high < 0.65);
    }

    #[test]
    fn equal_methods_differ_by_nothing() {
        let values = [0.25, 0.5, 1.0];
        let none = Estimate { value: 0.0, low: 0.0, high: 0.0 };
        assert_eq!(Estimate::of_difference(&values, &values, &[0, 1, 2]), none);
        assert_eq!(Estimate::of(&[], &[]), none);
    }

    #[test]
    fn groups_that_differ_do_so_by_an_interval() {
        let values = |ones: usize| (0..200).map(|i| f64::from(u8::from(i < ones))).collect::<Vec<_>>();
        let users: Vec<usize> = (0..200).collect();
        let gap = |a: &[f64], b: &[f64]| Estimate::of_gap((a, &users), (b, &users));
        let apart = gap(&values(120), &values(80));
        // 1.96 standard errors of sqrt(2 * 0.24 / 200).
        assert!((apart.value - 0.2).abs() < 1e-12 && (apart.low - 0.104).abs() < 0.02, "{apart:?}");
        let alike = gap(&values(100), &values(100));
        assert!(alike.low < 0.0 && 0.0 < alike.high);
        assert_eq!(Estimate::of_gap((&[], &[]), (&[], &[])), Estimate { value: 0.0, low: 0.0, high: 0.0 });
    }
}
