//! The leave-out protocol of an audit: everybody's last interaction is looked for by models that have not seen it.

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::POOL;
use crate::recommend::{
    Error, Interaction, Query, Recommender, Result, Source,
    draw::shuffle,
    evaluate::{Candidates, Holdout, Protocol, Rank, Split, Telling, Ties, rank},
    hybrid::{Fusion, Ranker, TrainingData, train},
    retrieve::{Retriever, best},
    signals::Signals,
};

/// The fewest validation items that anything is learned from.
const FEWEST: usize = 50;

/// What was looked for, and where it was found.
#[derive(Clone, Debug)]
pub(super) struct Heldout {
    pub(super) cases: Vec<Case>,
    pub(super) protocol: Protocol,
    /// What ranked.
    pub(super) method: Source,
}

/// One user's held-out item.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) user: usize,
    pub(super) target: usize,
    /// The rank of the target among all items that the user has not.
    pub(super) rank: Rank,
    /// The best items.
    pub(super) pool: Vec<usize>,
    /// What they are ranked by, (pool).
    pub(super) worth: Vec<f32>,
}

/// Fits what the store recommends by on all but the last two interactions of everybody, tunes on the one before the last,
/// and looks for the last. At most `limit` users test, drawn by `seed`.
///
/// # Errors
/// If nobody has enough interactions, a model fails, or `progress` breaks it off.
pub(super) fn hold_out(
    recommender: &Recommender,
    limit: Option<usize>,
    seed: u64,
    progress: &mut Telling<'_>,
) -> Result<Heldout> {
    let holdout = Holdout::Last(1);
    let items = recommender.catalogue().len();
    let split = Split::new(recommender.interactions(), items, holdout, Ties::Id, seed);
    let mut cases = split.test();
    if let Some(limit) = limit {
        shuffle(&mut cases, &mut ChaCha8Rng::seed_from_u64(seed));
        cases.truncate(limit);
        cases.sort_unstable_by_key(|case| case.user);
    }
    if cases.is_empty() {
        return Err(Error::NothingToEvaluate { needed: split.needed() });
    }
    let ranker = ranker(recommender, &split, seed, progress)?;
    let find = |case: &crate::recommend::evaluate::Case| {
        let (history, target) = (split.history(*case), split.target(*case));
        let scores = ranker.scores(&Query::of(history))?;
        let mut open = vec![true; items];
        history.iter().for_each(|event| open[event.item] = false);
        open[target] = true;
        let pool = best(&scores, POOL, |item| open[item]);
        let worth = pool.iter().map(|&item| scores[item]).collect();
        Ok(Case { user: case.user, target, rank: rank(&scores, &open, target), pool, worth })
    };
    let found = cases.par_iter().map(find).collect::<Result<_>>()?;
    let protocol = Protocol {
        split: holdout.name(),
        candidates: Candidates::Full.name(),
        ties: "id".into(),
        seen: "excluded",
        gain: "binary",
        seed,
    };
    Ok(Heldout { cases: found, protocol, method: ranker.source() })
}

/// The store's stages, fitted on a split; with default weights where there is too little to learn from.
fn ranker(
    recommender: &Recommender,
    split: &Split,
    seed: u64,
    progress: &mut Telling<'_>,
) -> Result<Box<dyn Retriever>> {
    let (catalogue, semantic, histories) = (recommender.catalogue(), recommender.semantic(), split.fitted());
    let signals = Signals::fit(&histories, catalogue, semantic.cloned())?;
    let case = |case| (split.history(case), split.target(case));
    let validation: Vec<(&[Interaction], usize)> = split.validation().into_iter().map(case).collect();
    if validation.len() < FEWEST {
        return Ok(Box::new(Untrained(signals)));
    }
    if progress("learning on all but everybody's last interaction").is_break() {
        return Err(Error::Interrupted);
    }
    let data = TrainingData { catalogue, semantic, histories: &histories, validation: &validation, seed };
    // Training tells often; what it tells is of no interest here but for the chance to break off.
    let hybrid = train(data, &mut |_| progress(""))?;
    let second_stage = recommender.hybrid().is_some();
    Ok(Box::new(Ranker { signals: Arc::new(signals), hybrid: Arc::new(hybrid), second_stage }))
}

/// Retrieval before anything is learned.
struct Untrained(Signals);

impl Retriever for Untrained {
    fn source(&self) -> Source {
        Source::Fused
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let mut open = vec![true; self.0.items()];
        query.history.iter().for_each(|event| open[event.item] = false);
        Ok(Fusion::default().scores(&self.0, query, &open))
    }
}

impl Heldout {
    /// How many users were tested.
    pub(super) fn users(&self) -> usize {
        self.cases.iter().map(|case| case.user).collect::<BTreeSet<_>>().len()
    }
}

/// Tells what is done next, if it has a name.
pub(super) fn tell(progress: &mut Telling<'_>, what: &str) -> Result<()> {
    match progress(what) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}
