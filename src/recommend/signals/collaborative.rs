//! What is learned of items from who has which: the part of the signals that takes long to fit, and that a store keeps.
//!
//! Small catalogues have a dense linear model, [`Ease`]; beyond, where its memory would grow with the square of the items,
//! a factorization, [`ImplicitAls`], stands in its place. What is near to what is counted alike for all sizes.

use super::near::{Near, Nearness, scales};
use crate::recommend::{
    Interaction, Result,
    retrieve::{Ease, EaseOptions, ImplicitAls, ImplicitAlsOptions, Popularity, Source, distinct},
};

/// Ridge penalties of the dense models: a strong one for recent histories, a weak one for whole ones.
const PENALTIES: [f64; 2] = [400.0, 100.0];
/// Decides the vectors that a factorization begins with.
const SEED: u64 = 0;

/// A linear model of what users have.
#[derive(Clone, Debug)]
pub(super) enum Linear {
    /// With a strong and with a weak penalty.
    Dense([Ease; 2]),
    Factors(ImplicitAls),
}

/// The models, fitted.
#[derive(Clone, Debug)]
pub struct Collaborative {
    pub(super) linear: Linear,
    pub(super) near: Near,
    /// How many users each item has, (items).
    pub(super) users: Vec<f32>,
    /// (items)
    scales: Vec<f32>,
}

impl Collaborative {
    /// Fits on histories, each oldest first, of a catalogue of `items` items.
    ///
    /// # Errors
    /// If a dense model cannot be fitted.
    pub fn fit(histories: &[&[Interaction]], items: usize) -> Result<Self> {
        let users = popularity(histories, items);
        let linear = match Ease::fits(histories.len(), items) {
            true => dense(histories, items)?,
            false => Linear::Factors(ImplicitAls::fit(histories, items, ImplicitAlsOptions::default(), SEED)),
        };
        Ok(Self::of(linear, Near::fit(histories, &users), users))
    }

    pub(super) fn of(linear: Linear, near: Near, users: Vec<f32>) -> Self {
        Self { linear, near, scales: scales(&users), users }
    }

    /// The models after some histories have changed: `changed` are all items that are or were in these. What is counted is
    /// then as if it had been fitted on `histories`; of a factorization only the vectors of these items are.
    ///
    /// # Errors
    /// If a dense model cannot be fitted: it is small, and fitted anew.
    pub fn updated(&self, histories: &[&[Interaction]], items: usize, changed: &[u32]) -> Result<Self> {
        let factors = match &self.linear {
            Linear::Dense(_) => None,
            Linear::Factors(factors) => Some(factors),
        };
        Self::updated_of(factors, &self.near, histories, items, changed)
    }

    /// The same from the parts that an update begins with.
    pub(super) fn updated_of(
        factors: Option<&ImplicitAls>,
        near: &Near,
        histories: &[&[Interaction]],
        items: usize,
        changed: &[u32],
    ) -> Result<Self> {
        let users = popularity(histories, items);
        let linear = match (factors, Ease::fits(histories.len(), items)) {
            (_, true) => dense(histories, items)?,
            (Some(factors), false) => Linear::Factors(factors.updated(histories, items, changed)),
            (None, false) => return Self::fit(histories, items),
        };
        let mut touched = vec![false; items];
        changed.iter().for_each(|&item| touched[item as usize] = true);
        Ok(Self::of(linear, near.with_rows(histories, &users, &touched), users))
    }

    /// The models without some of the histories that they were fitted on, marked in `left_out`, (histories): what these
    /// are scored by if nothing shall have seen them.
    ///
    /// # Errors
    /// If a dense model cannot be fitted.
    pub fn without(&self, histories: &[&[Interaction]], left_out: &[bool]) -> Result<Self> {
        let pairs = || histories.iter().zip(left_out);
        let rest: Vec<&[Interaction]> = pairs().filter(|(_, out)| !**out).map(|(history, _)| *history).collect();
        let changed = pairs().filter(|(_, out)| **out).flat_map(|(history, _)| history.iter());
        self.updated(&rest, self.users.len(), &distinct(changed))
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.users.len()
    }

    /// Which linear model the size has asked for.
    pub fn linear(&self) -> Source {
        match self.linear {
            Linear::Dense(_) => Source::Ease,
            Linear::Factors(_) => Source::ImplicitAls,
        }
    }

    /// What the linear model expects, with a strong penalty: (items) from the weights of some.
    pub(super) fn strict(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        match &self.linear {
            Linear::Dense([strong, _]) => strong.weigh(weights),
            Linear::Factors(factors) => factors.weigh(weights),
        }
    }

    /// What the linear model expects, with a weak penalty: (items) from the weights of some.
    pub(super) fn lenient(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        match &self.linear {
            Linear::Dense([_, weak]) => weak.weigh(weights),
            Linear::Factors(factors) => factors.weigh(weights),
        }
    }

    /// What is near to items, (items), from the weights of some.
    pub(super) fn near(&self, nearness: Nearness, weights: &[(usize, f32)]) -> Vec<f32> {
        self.near.scores(nearness, weights, &self.scales)
    }

    /// What is near to items in the years around a time, (items).
    pub(super) fn near_in_time(&self, weights: &[(usize, f32)], now: i64, years: f64) -> Vec<f32> {
        self.near.era_scores(weights, now, years, &self.scales)
    }
}

/// How many users each item has, (items).
pub(super) fn popularity(histories: &[&[Interaction]], items: usize) -> Vec<f32> {
    Popularity::fit(histories, items).users().to_vec()
}

fn dense(histories: &[&[Interaction]], items: usize) -> Result<Linear> {
    let fit = |penalty| Ease::fit(histories, items, EaseOptions { penalty, history_decay: 1.0 });
    Ok(Linear::Dense([fit(PENALTIES[0])?, fit(PENALTIES[1])?]))
}
