//! Lists that are more than their items: varied, or in the proportions of a history.
//!
//! Each way picks a list item by item out of a pool, by what an item is worth itself and what it adds to those before it;
//! `strength` says how much the latter counts, from 0 (nothing changes) to 1 (worth counts nothing).

mod calibrate;
mod dpp;
mod likeness;
mod mmr;

use super::{Candidate, Catalogue, Error, Interaction, Result, retrieve::Semantic};
pub(crate) use calibrate::{divergence, divergence_of, of_history, of_list};
pub use likeness::Likeness;

/// Candidates that a list of `k` is picked from, for each place of it: enough to find variety, few enough to stay near the
/// best.
pub const POOL_PER_PLACE: usize = 10;

/// A way to make lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Diversity {
    /// Maximal marginal relevance: worth less the greatest likeness to an item before (Carbonell and Goldstein 1998).
    #[default]
    Mmr,
    /// The likeliest list of a determinantal point process, greedily (Chen, Zhang and Zhou 2018).
    Dpp,
    /// The categories of the list in the proportions of the history's (Steck 2018).
    Calibrated,
}

impl Diversity {
    /// All of them, in the order of outputs.
    pub const ALL: [Diversity; 3] = [Diversity::Mmr, Diversity::Dpp, Diversity::Calibrated];

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Diversity::Mmr => "mmr",
            Diversity::Dpp => "dpp",
            Diversity::Calibrated => "calibrated",
        }
    }

    /// Checks that it can do something with a catalogue's items.
    ///
    /// # Errors
    /// If it goes by categories, and the items have none.
    pub fn require(self, catalogue: &Catalogue) -> Result<()> {
        match self {
            Diversity::Calibrated if !has_categories(catalogue) => {
                Err(Error::NoCategories { what: "a calibrated list" })
            }
            _ => Ok(()),
        }
    }
}

/// Whether any item has a category.
pub fn has_categories(catalogue: &Catalogue) -> bool {
    catalogue.items().iter().any(|item| !item.genres().is_empty())
}

/// Makes lists of a catalogue's items.
#[derive(Clone, Copy, Debug)]
pub struct Diversifier<'a> {
    /// The items.
    pub catalogue: &'a Catalogue,
    /// Their vectors, where there are some; likeness is by categories where there are none.
    pub semantic: Option<&'a Semantic>,
    /// Which way.
    pub diversity: Diversity,
    /// How much variety counts, from 0 to 1.
    pub strength: f32,
}

impl Diversifier<'_> {
    /// The `k` items of the list that `pool` gives, best first, as places of the pool. `worth` is what each of the pool is
    /// ranked by, best first. What makes a list varied is which items are in it, so that these stand in the order of their
    /// worth.
    pub fn pick(&self, history: &[Interaction], pool: &[usize], worth: &[f32], k: usize) -> Vec<usize> {
        let k = k.min(pool.len());
        let strength = self.strength.clamp(0.0, 1.0);
        if strength == 0.0 {
            return (0..k).collect();
        }
        let worth = within_one(worth);
        let likeness = Likeness::new(self.catalogue, self.semantic);
        let mut picked = match self.diversity {
            Diversity::Mmr => mmr::pick(&worth, &|a, b| likeness.of(pool[a], pool[b]), strength, k),
            Diversity::Dpp => dpp::pick(&worth, &|a, b| likeness.of(pool[a], pool[b]), strength, k),
            Diversity::Calibrated => calibrate::pick(self.catalogue, history, pool, &worth, strength, k),
        };
        picked.sort_unstable();
        picked
    }

    /// A list of at most `k` candidates out of more, the first of which is the best.
    pub fn list(&self, history: &[Interaction], candidates: &[Candidate], k: usize) -> Vec<Candidate> {
        let pool: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let worth: Vec<f32> = candidates.iter().map(|candidate| candidate.score).collect();
        self.pick(history, &pool, &worth, k).into_iter().map(|place| candidates[place].clone()).collect()
    }
}

/// Worths moved and scaled to 0 to 1; all 1 where they are equal.
pub(crate) fn within_one(worth: &[f32]) -> Vec<f32> {
    let low = worth.iter().copied().fold(f32::INFINITY, f32::min);
    let high = worth.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = high - low;
    worth.iter().map(|&worth| if range > 0.0 { (worth - low) / range } else { 1.0 }).collect()
}

/// Picks `k` of `count` places, each time the one of the greatest gain; of equal ones the first.
pub(crate) fn greedily(count: usize, k: usize, mut gain: impl FnMut(&[usize], usize) -> f32) -> Vec<usize> {
    let mut picked: Vec<usize> = Vec::with_capacity(k);
    let mut left: Vec<usize> = (0..count).collect();
    while picked.len() < k {
        let gains = left.iter().enumerate().map(|(at, &place)| (at, gain(&picked, place)));
        let Some((at, _)) = gains.reduce(|best, next| if next.1 > best.1 { next } else { best }) else { break };
        picked.push(left.remove(at));
    }
    picked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::{Item, attribute::Attribute, catalogue::GENRES};

    fn catalogue(genres: &[&[&str]]) -> Catalogue {
        let item = |(index, genres): (usize, &&[&str])| {
            let genres = genres.iter().map(|&genre| genre.to_owned()).collect();
            let attributes = vec![(GENRES.to_owned(), Attribute::Many(genres))];
            Item { id: index.to_string(), attributes, ..Item::default() }
        };
        Catalogue::new(genres.iter().enumerate().map(item).collect())
    }

    fn event(item: usize) -> Interaction {
        Interaction { user: 0, item, rating: None, timestamp: None }
    }

    /// Three of one kind are the best, then one each of two others.
    const GENRES_OF: [&[&str]; 6] = [&["War"], &["War"], &["War"], &["Comedy"], &["Drama"], &["Comedy", "Drama"]];

    fn picked(diversity: Diversity, strength: f32) -> Vec<usize> {
        let catalogue = catalogue(&GENRES_OF);
        let diversifier = Diversifier { catalogue: &catalogue, semantic: None, diversity, strength };
        let history = [event(3), event(4), event(3)];
        diversifier.pick(&history, &[0, 1, 2, 3, 4, 5], &[1.0, 0.95, 0.9, 0.8, 0.6, 0.2], 3)
    }

    #[test]
    fn variety_grows_with_its_strength() {
        for diversity in Diversity::ALL {
            assert_eq!(picked(diversity, 0.0), [0, 1, 2], "{diversity:?}");
        }
        assert_eq!(picked(Diversity::Mmr, 0.5), [0, 3, 4]);
        assert_eq!(picked(Diversity::Dpp, 0.5), [0, 3, 4]);
        let calibrated = picked(Diversity::Calibrated, 0.99);
        assert!(!calibrated.contains(&0) && !calibrated.contains(&1), "the history has no war: {calibrated:?}");
    }

    #[test]
    fn calibration_needs_categories() {
        let none = catalogue(&[&[], &[]]);
        assert!(matches!(Diversity::Calibrated.require(&none), Err(Error::NoCategories { .. })));
        assert!(Diversity::Mmr.require(&none).is_ok() && Diversity::Calibrated.require(&catalogue(&GENRES_OF)).is_ok());
    }

    proptest! {
        #[test]
        fn lists_are_distinct_places_of_the_pool(
            worth in prop::collection::vec(-5.0f32..5.0, 0..12),
            strength in 0.0f32..1.0,
            k in 0usize..15,
        ) {
            let catalogue = catalogue(&GENRES_OF);
            let pool: Vec<usize> = (0..worth.len()).map(|place| place % 6).collect();
            for diversity in Diversity::ALL {
                let diversifier = Diversifier { catalogue: &catalogue, semantic: None, diversity, strength };
                let mut list = diversifier.pick(&[event(1)], &pool, &worth, k);
                prop_assert_eq!(list.len(), k.min(pool.len()));
                list.sort_unstable();
                list.dedup();
                prop_assert_eq!(list.len(), k.min(pool.len()), "{:?}", diversity);
            }
        }
    }
}
