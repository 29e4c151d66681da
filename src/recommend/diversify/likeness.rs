//! How much alike two items are.

use std::collections::BTreeMap;

use crate::recommend::{Catalogue, Item, dense::dot, retrieve::Semantic};

/// The likeness of items: the cosine of their vectors, or without vectors that of their categories.
#[derive(Clone, Copy, Debug)]
pub struct Likeness<'a> {
    catalogue: &'a Catalogue,
    semantic: Option<&'a Semantic>,
}

impl<'a> Likeness<'a> {
    /// Of a catalogue's items.
    pub fn new(catalogue: &'a Catalogue, semantic: Option<&'a Semantic>) -> Self {
        Self { catalogue, semantic }
    }

    /// From 0 (nothing in common) to 1 (equal); vectors that point away from each other have nothing in common.
    pub fn of(&self, a: usize, b: usize) -> f32 {
        match self.semantic {
            Some(semantic) => dot(semantic.vector(a), semantic.vector(b)).clamp(0.0, 1.0),
            None => categories(&self.catalogue[a], &self.catalogue[b]),
        }
    }
}

/// The cosine of the sets of two items' categories.
fn categories(a: &Item, b: &Item) -> f32 {
    let common = a.genres().iter().filter(|genre| b.genres().contains(genre)).count();
    let sizes = a.genres().len() * b.genres().len();
    if sizes == 0 { 0.0 } else { common as f32 / (sizes as f32).sqrt() }
}

/// An item's categories, of each an equal share.
pub(super) fn shares(item: &Item) -> BTreeMap<&str, f32> {
    let share = 1.0 / item.genres().len().max(1) as f32;
    let mut shares = BTreeMap::new();
    item.genres().iter().for_each(|genre| *shares.entry(genre.as_str()).or_insert(0.0) += share);
    shares
}
