//! Items as vectors: their texts through the sentence encoder, kept on disk for the next time.

mod file;

pub use file::{VectorFile, fingerprint};

use super::{Catalogue, Result};
use crate::engine::{Embedder, Embeddings};

/// Turns what is known of items into vectors.
#[derive(Debug)]
pub struct LLMFeatureExtractor<'a> {
    embedder: &'a mut Embedder,
}

impl<'a> LLMFeatureExtractor<'a> {
    /// Uses a loaded encoder, with its own pooling and normalization.
    pub fn new(embedder: &'a mut Embedder) -> Self {
        Self { embedder }
    }

    /// A vector for every item, by index. `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn items(&mut self, catalogue: &Catalogue, progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        Ok(self.embedder.embed(&item_texts(catalogue), progress)?)
    }
}

/// The text of every item, by index.
pub fn item_texts(catalogue: &Catalogue) -> Vec<String> {
    catalogue.items().iter().map(super::Item::text).collect()
}
