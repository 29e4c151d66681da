//! What a store learns when it is made: models of who has which, and what each signal counts in retrieval. What is added to a store changes what the
//! signals see and not what they count, so what was learned before is kept.

use std::{ops::ControlFlow, sync::Arc};

use super::{IndexEvent, IndexProgress, sources::Sources, tell};
use crate::recommend::{
    Interaction, Result, Source, Store, StoreWriter,
    align::ALIGNMENT,
    hybrid::{HYBRID, Progress, RERANK, RETRIEVAL, learn_retrieval},
    interactions::Growth,
    retrieve::{Semantic, SemanticOptions, distinct},
    signals::{COLLABORATIVE, Collaborative, Extent, Signals},
    store::{ItemVectors, Manifest, Rows},
};

/// What is learned once, and stays when a store is added to.
const LEARNED: [&str; 4] = [RETRIEVAL, HYBRID, RERANK, ALIGNMENT];

/// Decides which moments are drawn.
const SEED: u64 = 0;

/// Learns what is not there yet, and puts it; says which linear model the size has asked for.
pub(super) fn learn(
    sources: &Sources,
    vectors: Option<&ItemVectors>,
    base: Option<&Store>,
    with_weights: bool,
    writer: &mut StoreWriter,
    progress: &mut IndexProgress<'_>,
) -> Result<Option<Source>> {
    let Some((interactions, growth)) = sources.all_interactions(base)? else { return Ok(None) };
    let items = sources.catalogue.len();
    let histories = interactions.slices();
    tell(progress, IndexEvent::Begin { work: "Fitting models of who has which", total: 1 })?;
    let collaborative = Arc::new(collaborative(&histories, &growth, items, base)?);
    tell(progress, IndexEvent::Advance(1))?;
    writer.put(COLLABORATIVE, &collaborative.to_bytes(&histories)?)?;
    let linear = collaborative.linear();
    if !with_weights || writer.manifest().components.contains_key(RETRIEVAL) {
        return Ok(Some(linear));
    }
    let semantic = vectors.map(|vectors| Semantic::new(vectors.vectors.clone(), items, SemanticOptions::default()));
    let semantic = semantic.transpose()?.map(Arc::new);
    let signals = Signals::with(collaborative, &histories, &sources.catalogue, semantic);
    let learned = learn_retrieval(&sources.catalogue, &interactions, &signals, SEED, &mut |state| match state {
        Progress::Moments(0, total) => progress(IndexEvent::Begin { work: "Learning from the histories", total }),
        Progress::Moments(..) => progress(IndexEvent::Advance(1)),
        Progress::Steps(..) | Progress::Validated(_) => ControlFlow::Continue(()),
    })?;
    if let Some(fusion) = learned {
        writer.put(RETRIEVAL, &fusion.to_bytes()?)?;
    }
    Ok(Some(linear))
}

/// The models of the histories: those of the store that is added to, brought up to date, or new ones.
fn collaborative(
    histories: &[&[Interaction]],
    growth: &Growth,
    items: usize,
    base: Option<&Store>,
) -> Result<Collaborative> {
    let kept = base.map(|store| -> Result<Option<Collaborative>> {
        let Some(bytes) = store.component(COLLABORATIVE)? else { return Ok(None) };
        let Rows { items: before, interactions, .. } = store.manifest().rows;
        let fitted_on = Extent { users: growth.users, items: before, interactions };
        // Users and items keep their places when a store is added to, and their interactions stay.
        let changed = distinct(growth.changed.iter().flat_map(|&user| histories[user]));
        Collaborative::updated_from(bytes, fitted_on, histories, items, &changed)
    });
    match kept.transpose()?.flatten() {
        Some(updated) => Ok(updated),
        None => Collaborative::fit(histories, items),
    }
}

/// Keeps what the store that is added to has learned, if its vectors still come from the same encoder, or it has none
/// as before.
pub(super) fn keep(base: Option<&Store>, writer: &mut StoreWriter) -> Result<()> {
    let Some(base) = base else { return Ok(()) };
    let encoder = |manifest: &Manifest| manifest.encoder().map(|model| model.sha256.clone());
    if encoder(base.manifest()) != encoder(writer.manifest()) {
        return Ok(());
    }
    for name in LEARNED {
        if let Some(bytes) = base.component(name)? {
            writer.put(name, &bytes)?;
        }
    }
    Ok(())
}

/// What the store that is added to has learned, and the new one has not.
pub(super) fn dropped(base: Option<&Store>, writer: &StoreWriter) -> Vec<&'static str> {
    let has = |manifest: &Manifest, name: &str| manifest.components.contains_key(name);
    let is_dropped = |name: &&str| base.is_some_and(|base| has(base.manifest(), name)) && !has(writer.manifest(), name);
    LEARNED.into_iter().filter(is_dropped).collect()
}
