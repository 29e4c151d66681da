//! Items and users as vectors: their texts through a sentence encoder, or through the language model, whose last hidden
//! states are averaged.

mod file;
mod user;

pub use file::{VectorFile, fingerprint};
pub use user::{LAST_INTERACTIONS, User};

use super::{Catalogue, Result};
use crate::engine::{Embedder, Embeddings, Engine};

/// A model that turns texts into vectors.
pub trait TextEncoder {
    /// A vector for every text, in their order. `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the model fails.
    fn encode(&mut self, texts: &[String], progress: &mut dyn FnMut(usize)) -> Result<Embeddings>;
}

/// By the encoder's own pooling and normalization.
impl TextEncoder for Embedder {
    fn encode(&mut self, texts: &[String], progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        Ok(self.embed(texts, progress)?)
    }
}

/// By the mean over the last hidden states of at most 512 tokens.
impl TextEncoder for Engine {
    fn encode(&mut self, texts: &[String], progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        Ok(self.embed(texts, progress)?)
    }
}

/// Turns what is known of items and users into vectors of the same space.
#[derive(Debug)]
pub struct LLMFeatureExtractor<'a, E: TextEncoder = Embedder> {
    encoder: &'a mut E,
}

impl<'a, E: TextEncoder> LLMFeatureExtractor<'a, E> {
    /// Uses a loaded encoder or language model.
    pub fn new(encoder: &'a mut E) -> Self {
        Self { encoder }
    }

    /// A vector for every item, by index. `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the model fails.
    pub fn items(&mut self, catalogue: &Catalogue, progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        self.encoder.encode(&item_texts(catalogue), progress)
    }

    /// A vector for every user, in their order. `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the model fails.
    pub fn users(
        &mut self,
        users: &[User<'_>],
        catalogue: &Catalogue,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Embeddings> {
        let texts: Vec<String> = users.iter().map(|user| user.text(catalogue)).collect();
        self.encoder.encode(&texts, progress)
    }
}

/// The text of every item, by index.
pub fn item_texts(catalogue: &Catalogue) -> Vec<String> {
    catalogue.items().iter().map(super::Item::text).collect()
}
