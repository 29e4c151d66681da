//! Items as vectors: their texts through the sentence encoder, kept on disk for the next time.

mod file;

pub use file::{VectorFile, fingerprint};

use std::ops::ControlFlow;

use super::{Catalogue, Error, Result};
use crate::engine::{Embedder, Embeddings};

/// Texts between two chances to break off: enough for batches of equal length, few enough to stay interruptible.
const TEXTS_PER_CHUNK: usize = 512;

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

    /// A vector for every text, in their order. `progress` hears how many more are done after every step; when it
    /// breaks, the work ends soon after.
    ///
    /// # Errors
    /// If the encoder fails, or `progress` broke it off.
    pub fn texts<T: AsRef<str> + Sync>(
        &mut self,
        texts: &[T],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Embeddings> {
        let mut all = Embeddings { width: self.embedder.width(), ..Embeddings::default() };
        let mut flow = ControlFlow::Continue(());
        for chunk in texts.chunks(TEXTS_PER_CHUNK) {
            let embedded = self.embedder.embed(chunk, &mut |more| {
                if flow.is_continue() {
                    flow = progress(more);
                }
            })?;
            if flow.is_break() {
                return Err(Error::Interrupted);
            }
            all.values.extend(embedded.values);
            all.tokens += embedded.tokens;
        }
        Ok(all)
    }
}

/// The text of every item, by index.
pub fn item_texts(catalogue: &Catalogue) -> Vec<String> {
    catalogue.items().iter().map(super::Item::text).collect()
}
