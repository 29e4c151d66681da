//! The items' vectors: taken over where text and encoder are the same, made anew elsewhere.

use std::path::PathBuf;

use super::{Embedded, IndexEvent, IndexProgress, IndexReport, tell};
use crate::{
    engine::{Embedder, Embeddings, EngineOptions},
    recommend::{
        Error, LLMFeatureExtractor, Result, Store,
        store::{ENCODER, ItemVectors, ModelRecord, fingerprint},
    },
};

/// The files of a sentence encoder. It is only loaded if a text needs it.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// As the user names it.
    pub reference: String,
    /// What is loaded: a folder, or a file.
    pub path: PathBuf,
    /// All files that it consists of.
    pub files: Vec<PathBuf>,
    /// How it is loaded and run.
    pub options: EngineOptions,
}

/// The vectors of all items' texts, and the encoder that they come from.
pub(super) fn embed(
    texts: &[String],
    encoder: &Encoder,
    current: Option<&Store>,
    report: &mut IndexReport,
    progress: &mut IndexProgress<'_>,
) -> Result<(ItemVectors, ModelRecord)> {
    let model = ModelRecord { reference: encoder.reference.clone(), sha256: fingerprint(&encoder.files)? };
    let known = known(current, &model);
    let found = known.find(texts);
    let missing: Vec<String> =
        texts.iter().zip(&found).filter(|(_, row)| row.is_none()).map(|(text, _)| text.clone()).collect();
    let (computed, reused) = (missing.len(), texts.len() - missing.len());
    let new = match computed {
        0 => Embeddings { width: known.vectors.width, ..Embeddings::default() },
        _ => {
            let mut embedder = Embedder::load(&encoder.path, &encoder.options)?;
            tell(progress, IndexEvent::Begin { work: "Embedding the items", total: computed })?;
            LLMFeatureExtractor::new(&mut embedder).texts(&missing, &mut |more| progress(IndexEvent::Advance(more)))?
        }
    };
    let width = new.width;
    let mut rows = new.rows();
    let mut values = Vec::with_capacity(texts.len() * width);
    for row in found {
        let vector = match row {
            Some(row) => known.vectors.values.get(row * width..(row + 1) * width),
            None => rows.next(),
        };
        values.extend_from_slice(vector.unwrap_or_default());
    }
    report.embeddings = Some(Embedded { computed, reused, width });
    Ok((ItemVectors::new(Embeddings { values, width, tokens: new.tokens }, texts), model))
}

/// The vectors of the store that is added to, for the items' texts as they are now, and the encoder that they come from;
/// none if it has none.
///
/// # Errors
/// If an item has no vector there, or the store cannot be read.
pub(super) fn kept(
    texts: &[String],
    base: Option<&Store>,
    report: &mut IndexReport,
) -> Result<Option<(ItemVectors, ModelRecord)>> {
    let Some(base) = base else { return Ok(None) };
    let (Some(known), Some(model)) = (base.item_vectors()?, base.manifest().encoder()) else { return Ok(None) };
    let rows: Vec<usize> = known.find(texts).into_iter().flatten().collect();
    if rows.len() < texts.len() {
        return Err(Error::LostVectors { missing: texts.len() - rows.len(), items: texts.len() });
    }
    let Embeddings { values, width, .. } = known.vectors;
    let values = rows.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect();
    report.embeddings = Some(Embedded { computed: 0, reused: texts.len(), width });
    Ok(Some((ItemVectors::new(Embeddings { values, width, tokens: 0 }, texts), model.clone())))
}

/// The vectors that are there, if they come from the same encoder.
fn known(current: Option<&Store>, model: &ModelRecord) -> ItemVectors {
    let is_same =
        |store: &&Store| store.manifest().models.get(ENCODER).is_some_and(|known| known.sha256 == model.sha256);
    match current.filter(is_same).map(Store::item_vectors) {
        Some(Ok(Some(vectors))) => vectors,
        Some(Err(error)) => {
            tracing::warn!(%error, "the items are embedded anew");
            ItemVectors::default()
        }
        Some(Ok(None)) | None => ItemVectors::default(),
    }
}
