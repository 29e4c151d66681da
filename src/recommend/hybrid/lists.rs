//! What the second stage learns from: for many moments of many histories, the item that came next among those that
//! retrieval would have offered.
//!
//! The signals of a moment come from the history before it, and from models that have seen nothing of its user: users
//! are parted into folds, and each fold is scored by models of all others. So what is learned holds for users whom no
//! model has seen, and nothing leaks from the item that came next. Of many users and items a few users are enough: these
//! are taken out of the models of all.

use std::sync::Arc;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::listwise::List;
use crate::recommend::{
    Catalogue, Interaction, Query, Result,
    draw::{below, shuffle},
    retrieve::best,
    signals::{Collaborative, Signal, Signals, drawn_in},
};

/// Parts of the users: four fifths of them are enough for models much like those of all.
const FOLDS: usize = 5;
/// The shortest history that is learned from.
const SHORTEST: usize = 3;
/// How many of each retrieval signal's best are offered.
const HARD: usize = 40;
/// How many others are offered, drawn from the whole catalogue.
const RANDOM: usize = 40;

/// How many moments of each user are gathered, the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Enough for the few weights of retrieval.
    Few,
    /// Enough for everything; more would let few users decide.
    Many,
}

impl Extent {
    fn moments(self) -> usize {
        match self {
            Extent::Few => 3,
            Extent::Many => 8,
        }
    }

    /// What is told of items.
    fn signals(self) -> &'static [Signal] {
        match self {
            Extent::Few => &Signal::RETRIEVAL,
            Extent::Many => &Signal::ALL,
        }
    }

    /// How many items of all moments together are scored: what takes seconds, and minutes.
    fn scored(self) -> usize {
        match self {
            Extent::Few => 500_000_000,
            Extent::Many => 4_000_000_000,
        }
    }
}

/// Numbers that describe an item by all signals.
pub(super) const FEATURES: usize = 2 * Signal::ALL.len();

/// One moment: what was offered, and what was taken.
#[derive(Clone, Debug)]
pub(super) struct Moment<'a> {
    /// What came before.
    pub(super) history: &'a [Interaction],
    /// What was offered, the item that was taken first.
    pub(super) items: Vec<usize>,
    /// How many of the items, the first ones, were certain to be offered; the rest was drawn.
    pub(super) certain: usize,
    /// The logarithm of how many items each stands for: 0, but for those that were drawn. (items)
    pub(super) offsets: Vec<f32>,
    /// What is told of the items.
    pub(super) signals: &'static [Signal],
    /// Each of these as it is and with its tail drawn in; (items, 2 signals)
    pub(super) features: Vec<f32>,
}

impl Moment<'_> {
    /// Some of its signals as a list to learn from.
    pub(super) fn list(&self, signals: &[Signal]) -> List {
        let column = |signal: &Signal| self.signals.iter().position(|own| own == signal);
        let columns: Vec<usize> = signals.iter().filter_map(column).collect();
        let rows = self.features.chunks_exact(2 * self.signals.len());
        let pair = |row: &[f32], column: usize| [row[2 * column], row[2 * column + 1]];
        let features = rows.flat_map(|row| columns.iter().flat_map(move |&column| pair(row, column))).collect();
        List { features, target: 0, offsets: self.offsets.clone() }
    }
}

/// Gathers moments of histories, (users), which `whole` was fitted on. `progress` hears how many parts are done, of how
/// many.
///
/// # Errors
/// If a model cannot be fitted, or `progress` fails.
pub(super) fn moments<'a>(
    histories: &[&'a [Interaction]],
    catalogue: &Catalogue,
    whole: &Signals,
    extent: Extent,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Vec<Moment<'a>>> {
    let mut users: Vec<usize> = (0..histories.len()).collect();
    shuffle(&mut users, &mut ChaCha8Rng::seed_from_u64(seed));
    let places = |user: usize| {
        let len = histories[user].len();
        SHORTEST.max(len.saturating_sub(extent.moments())).min(len)..len
    };
    let most = extent.scored() / catalogue.len().max(1);
    let mut gathered = 0;
    let enough = users.iter().take_while(|&&user| {
        gathered += places(user).len();
        gathered <= most
    });
    let enough = enough.count();
    users.truncate(enough);
    let is_sample = enough < histories.len();
    let folds = if is_sample { 1 } else { FOLDS };
    let mut found = Vec::new();
    for (number, fold) in users.chunks(enough.div_ceil(folds).max(1)).enumerate() {
        progress(number, folds)?;
        let mut left_out = vec![false; histories.len()];
        fold.iter().for_each(|&user| left_out[user] = true);
        let pairs = histories.iter().zip(&left_out);
        let others: Vec<&[Interaction]> = pairs.filter(|(_, out)| !**out).map(|(history, _)| *history).collect();
        let collaborative = match is_sample {
            true => whole.collaborative().without(histories, &left_out)?,
            false => Collaborative::fit(&others, catalogue.len())?,
        };
        let signals = whole.fitted_on(Arc::new(collaborative), &others, catalogue);
        let places: Vec<(usize, usize)> =
            fold.iter().flat_map(|&user| places(user).map(move |before| (user, before))).collect();
        let gathered = places.into_par_iter().map(|(user, before)| {
            let seed = seed ^ ((user as u64) << 32 | before as u64);
            moment(&signals, extent.signals(), &histories[user][..before], histories[user][before].item, seed)
        });
        found.par_extend(gathered.flatten());
    }
    progress(folds, folds)?;
    Ok(found)
}

/// The features of some items from standardized signals, (signals, items of the catalogue): each as it is and with its
/// tail drawn in; (items, 2 signals)
pub(super) fn features(values: &[Vec<f32>], items: &[usize]) -> Vec<f32> {
    items
        .iter()
        .flat_map(|&item| values.iter().flat_map(move |values| [values[item], drawn_in(values[item])]))
        .collect()
}

/// One moment; none if the item was had before, and so could not be offered.
fn moment<'a>(
    signals: &Signals,
    told: &'static [Signal],
    history: &'a [Interaction],
    taken: usize,
    seed: u64,
) -> Option<Moment<'a>> {
    let mut open = vec![true; signals.items()];
    history.iter().for_each(|event| open[event.item] = false);
    if !open[taken] {
        return None;
    }
    let values = signals.standard(told, &Query::of(history), &open);
    let mut offered = vec![false; signals.items()];
    offered[taken] = true;
    let mut items = vec![taken];
    let mut offer = |item: usize| {
        if !std::mem::replace(&mut offered[item], true) {
            items.push(item);
        }
    };
    for (signal, values) in told.iter().zip(&values) {
        if Signal::RETRIEVAL.contains(signal) {
            best(values, HARD, |item| open[item]).into_iter().for_each(&mut offer);
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let certain = items.len();
    let rest: Vec<usize> = (0..open.len()).filter(|&item| open[item] && !offered[item]).collect();
    let drawn = if rest.is_empty() { 0 } else { RANDOM };
    items.extend((0..drawn).map(|_| rest[below(&mut rng, rest.len())]));
    let mut offsets = vec![0.0; certain];
    offsets.resize(items.len(), (rest.len() as f32 / RANDOM as f32).ln());
    let features = features(&values, &items);
    Some(Moment { history, items, certain, offsets, signals: told, features })
}
