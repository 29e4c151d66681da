//! What a store learns when it is made: what each signal counts in retrieval. What is added to a store changes what the
//! signals see and not what they count, so what was learned before is kept.

use std::{ops::ControlFlow, sync::Arc};

use super::{IndexEvent, IndexProgress, sources::Sources};
use crate::recommend::{
    Result, Store, StoreWriter,
    hybrid::{HYBRID, Progress, RERANK, RETRIEVAL, learn_retrieval},
    retrieve::{Semantic, SemanticOptions},
    store::{ENCODER, ItemVectors},
};

/// Decides which moments are drawn.
const SEED: u64 = 0;

/// Learns what is not there yet, and puts it.
pub(super) fn retrieval(
    sources: &Sources,
    vectors: Option<&ItemVectors>,
    base: Option<&Store>,
    writer: &mut StoreWriter,
    progress: &mut IndexProgress<'_>,
) -> Result<()> {
    let Some(interactions) = sources.all_interactions(base)? else { return Ok(()) };
    if writer.manifest().components.contains_key(RETRIEVAL) {
        return Ok(());
    }
    let items = sources.catalogue.len();
    let semantic = vectors.map(|vectors| Semantic::new(vectors.vectors.clone(), items, SemanticOptions::default()));
    let semantic = semantic.transpose()?.map(Arc::new);
    let learned =
        learn_retrieval(&sources.catalogue, &interactions, semantic.as_ref(), SEED, &mut |state| match state {
            Progress::Moments(0, total) => progress(IndexEvent::Begin { work: "Learning from the histories", total }),
            Progress::Moments(..) => progress(IndexEvent::Advance(1)),
            Progress::Steps(..) | Progress::Validated(_) => ControlFlow::Continue(()),
        })?;
    match learned {
        Some(fusion) => writer.put(RETRIEVAL, &fusion.to_bytes()?),
        None => Ok(()),
    }
}

/// Keeps what the store that is added to has learned, if its vectors still come from the same encoder.
pub(super) fn keep(base: Option<&Store>, writer: &mut StoreWriter) -> Result<()> {
    let Some(base) = base else { return Ok(()) };
    if base.manifest().models.get(ENCODER) != writer.manifest().models.get(ENCODER) {
        return Ok(());
    }
    for name in [RETRIEVAL, HYBRID, RERANK] {
        if let Some(bytes) = base.component(name)? {
            writer.put(name, &bytes)?;
        }
    }
    Ok(())
}
