//! Items that the same users have: cosine of their users, shrunk where these are few, the nearest of each kept.
//!
//! Sarwar et al., *Item-based Collaborative Filtering Recommendation Algorithms* (2001).

use super::{Query, Retriever, Source, decayed, indicators};
use crate::recommend::sparse::Sparse;
use crate::recommend::{Interaction, Result};

/// How neighbours are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemKnnOptions {
    /// Added to the product of both lengths, so that few common users mean little.
    pub shrink: f32,
    /// How many items each item is a neighbour's neighbour of.
    pub neighbours: usize,
}

/// The items nearest to each item.
#[derive(Clone, Debug)]
pub struct ItemKnn {
    /// What each item of a history gives to others; (items, items)
    weights: Sparse,
    items: usize,
}

impl ItemKnn {
    /// Fits on the histories of a catalogue of `items` items.
    pub fn fit(histories: &[&[Interaction]], items: usize, options: ItemKnnOptions) -> Self {
        let users = indicators(histories);
        let by_item = users.transposed(items);
        let length: Vec<f32> = (0..items).map(|item| (by_item.row(item).len() as f32).sqrt()).collect();
        // The Gram matrix is symmetric: the neighbours of an item are the column of the items that it is scored by.
        let nearest = by_item.product_rows(&users, items, |item, row| {
            let cosine = |(other, common): (u32, f32)| {
                (other, common / (length[item] * length[other as usize] + options.shrink + 1e-9))
            };
            let mut row: Vec<(u32, f32)> =
                row.into_iter().filter(|&(other, _)| other as usize != item).map(cosine).collect();
            if row.len() > options.neighbours && options.neighbours > 0 {
                let mut values: Vec<f32> = row.iter().map(|&(_, value)| value).collect();
                values.select_nth_unstable_by(options.neighbours - 1, |a, b| b.total_cmp(a));
                let threshold = values[options.neighbours - 1];
                row.retain(|&(_, value)| value >= threshold);
            }
            row
        });
        Self { weights: Sparse::from_rows(nearest).transposed(items), items }
    }
}

impl Retriever for ItemKnn {
    fn source(&self) -> Source {
        Source::ItemKnn
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let mut scores = vec![0.0; self.items];
        self.weights.add_rows(decayed(query.history, 1.0), &mut scores);
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(items: &[usize]) -> Vec<Interaction> {
        items.iter().map(|&item| Interaction { user: 0, item, rating: None, timestamp: None }).collect()
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_dense_definition(
            histories in prop::collection::vec(prop::collection::vec(0usize..9, 0..8), 0..7),
            recent in prop::collection::vec(0usize..9, 0..6),
            shrink in 0f32..20.0,
            neighbours in 1usize..9,
        ) {
            let users = |item: usize| -> Vec<bool> { histories.iter().map(|h| h.contains(&item)).collect() };
            let common = |a: usize, b: usize| users(a).iter().zip(users(b)).filter(|(a, b)| **a && *b).count() as f32;
            let cosine = |a: usize, b: usize| match a == b {
                true => 0.0,
                false => common(a, b) / (common(a, a).sqrt() * common(b, b).sqrt() + shrink + 1e-9),
            };
            let expected = |item: usize| -> f32 {
                let mut all: Vec<f32> = (0..9).map(|other| cosine(other, item)).collect();
                all.sort_by(|a, b| b.total_cmp(a));
                let threshold = all[neighbours - 1];
                (0..9).filter(|other| recent.contains(other) && cosine(*other, item) >= threshold).map(|other| cosine(other, item)).sum()
            };
            let events: Vec<_> = histories.iter().map(|items| history(items)).collect();
            let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
            let model = ItemKnn::fit(&slices, 9, ItemKnnOptions { shrink, neighbours });
            for (item, score) in model.scores(&Query::of(&history(&recent))).unwrap().into_iter().enumerate() {
                prop_assert!((score - expected(item)).abs() < 1e-5, "{score} for {}", expected(item));
            }
        }
    }
}
