//! Learning from all that a store holds: everybody's last interaction is what is tuned on, all before it is learned from.

use std::{ops::ControlFlow, sync::Arc};

use super::{
    fusion::Fusion,
    lists::{Extent, moments},
    ranker::Hybrid,
    train::{Learning, Progress, TrainingData, train},
};
use crate::recommend::{
    Catalogue, Error, Interaction, Interactions, Result,
    evaluate::{Holdout, Split, Ties},
    retrieve::Semantic,
    signals::Signals,
};

/// The fewest moments that anything is learned from.
const FEWEST: usize = 50;

/// Learns both stages; see [`train`].
///
/// # Errors
/// If there are too few interactions, a model cannot be fitted, or `progress` breaks it off.
pub fn learn_hybrid(
    catalogue: &Catalogue,
    interactions: &Interactions,
    semantic: Option<&Arc<Semantic>>,
    seed: u64,
    progress: &mut Learning<'_>,
) -> Result<Hybrid> {
    let split = Split::new(interactions, catalogue.len(), Holdout::Last(0), Ties::Id, seed);
    let histories = split.fitted();
    let validation: Vec<(&[Interaction], usize)> =
        split.validation().into_iter().map(|case| (split.history(case), split.target(case))).collect();
    if validation.len() < FEWEST {
        return Err(Error::TooFewInteractions { users: validation.len(), needed: FEWEST });
    }
    train(TrainingData { catalogue, semantic, histories: &histories, validation: &validation, seed }, progress)
}

/// Whether [`learn_hybrid`] finds enough to learn from.
pub fn can_learn_hybrid(interactions: &Interactions) -> bool {
    interactions.histories().iter().filter(|history| history.len() > 1).count() >= FEWEST
}

/// Learns what each signal counts in retrieval, from a few moments of every user, or of some if there are many; none if
/// there are too few. `signals` were fitted on all.
///
/// # Errors
/// If a model cannot be fitted, or `progress` breaks it off.
pub fn learn_retrieval(
    catalogue: &Catalogue,
    interactions: &Interactions,
    signals: &Signals,
    seed: u64,
    progress: &mut Learning<'_>,
) -> Result<Option<Fusion>> {
    let histories = interactions.slices();
    let gathered = moments(&histories, catalogue, signals, Extent::Few, seed, &mut |done, all| {
        tell(progress, Progress::Moments(done, all))
    })?;
    Ok((gathered.len() >= FEWEST).then(|| Fusion::retrieval(&gathered)))
}

/// Tells how learning advances.
pub(super) fn tell(progress: &mut Learning<'_>, state: Progress) -> Result<()> {
    match progress(state) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}
