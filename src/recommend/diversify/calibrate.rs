//! Calibration: what somebody likes is in the list in the proportions in which they like it.

use std::collections::BTreeMap;

use super::{greedily, likeness::shares};
use crate::recommend::{Catalogue, Interaction};

/// The part of the history's proportions that is mixed into the list's, so that no divergence is infinite (Steck 2018).
const MIXED: f32 = 0.01;

/// Each time the place of the greatest `(1 - strength) worth - strength divergence`, where divergence is Kullback and
/// Leibler's from the history's categories to those of the list with the place.
pub(super) fn pick(
    catalogue: &Catalogue,
    history: &[Interaction],
    pool: &[usize],
    worth: &[f32],
    strength: f32,
    k: usize,
) -> Vec<usize> {
    let wanted = of_history(catalogue, history);
    if wanted.is_empty() {
        return (0..k).collect();
    }
    let own: Vec<BTreeMap<&str, f32>> = pool.iter().map(|&item| shares(&catalogue[item])).collect();
    let (mut sums, mut seen) = (BTreeMap::new(), 0);
    let mut total = 0.0;
    greedily(pool.len(), k, |picked, place| {
        for &last in &picked[seen..] {
            total += worth[last];
            own[last].iter().for_each(|(category, share)| *sums.entry(*category).or_insert(0.0) += share);
        }
        seen = picked.len();
        let share = |category: &str| {
            let sum = sums.get(category).copied().unwrap_or(0.0) + own[place].get(category).copied().unwrap_or(0.0);
            sum / (picked.len() + 1) as f32
        };
        // Worths add up as the list grows, while a divergence is one of the whole list.
        (1.0 - strength) * (total + worth[place]) - strength * divergence(&wanted, share)
    })
}

/// The share of each category in a history: of every item as much as its rating says, and equally of its categories.
pub(crate) fn of_history<'a>(catalogue: &'a Catalogue, history: &[Interaction]) -> BTreeMap<&'a str, f32> {
    let mut sums: BTreeMap<&str, f32> = BTreeMap::new();
    for event in history {
        for (category, share) in shares(&catalogue[event.item]) {
            *sums.entry(category).or_insert(0.0) += share * event.rating.unwrap_or(1.0).max(0.0);
        }
    }
    let total: f32 = sums.values().sum();
    sums.values_mut().for_each(|sum| *sum /= total.max(f32::MIN_POSITIVE));
    sums
}

/// The share of each category in a list.
pub(crate) fn of_list<'a>(catalogue: &'a Catalogue, items: &[usize]) -> BTreeMap<&'a str, f32> {
    let mut sums: BTreeMap<&str, f32> = BTreeMap::new();
    for &item in items {
        shares(&catalogue[item])
            .into_iter()
            .for_each(|(category, share)| *sums.entry(category).or_insert(0.0) += share);
    }
    sums.values_mut().for_each(|sum| *sum /= items.len().max(1) as f32);
    sums
}

/// Kullback and Leibler's divergence from wanted shares to those of a list, in nats.
pub(crate) fn divergence(wanted: &BTreeMap<&str, f32>, share: impl Fn(&str) -> f32) -> f32 {
    divergence_of(wanted.iter().map(|(category, wanted)| (*wanted, share(category))))
}

/// The same of pairs of a wanted share and one of a list.
pub(crate) fn divergence_of(shares: impl Iterator<Item = (f32, f32)>) -> f32 {
    let part = |(wanted, share): (f32, f32)| {
        let found = (1.0 - MIXED) * share + MIXED * wanted;
        if wanted > 0.0 { wanted * (wanted / found).ln() } else { 0.0 }
    };
    shares.map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_of_equal_shares_is_nothing() {
        let wanted = BTreeMap::from([("a", 0.25), ("b", 0.75)]);
        let share = |category: &str| wanted[category];
        assert!(divergence(&wanted, share).abs() < 1e-6);
        let without_a = divergence(&wanted, |category| f32::from(u8::from(category == "b")));
        // 0.25 ln(1 / MIXED) + 0.75 ln(0.75 / 0.9975)
        assert!((without_a - 0.937_37).abs() < 1e-3, "{without_a}");
    }
}
