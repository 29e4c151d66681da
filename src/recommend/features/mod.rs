//! Items and users as vectors: their texts through a sentence encoder, or through the language model, whose last hidden
//! states are averaged.

mod described;
mod schema;
mod structured;
mod taste;
mod user;

pub use structured::{FeatureReader, StructuredFeatures};
pub use taste::{TasteReader, UserFeatures};
pub use user::{LAST_INTERACTIONS, User};

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Catalogue, Error, Result};
use crate::engine::{EmbedProgress, Embedder, Embeddings, Engine};

/// Texts that are encoded at once: enough for batches of equal length, few enough for their tokens to take no room.
const TEXTS_PER_CHUNK: usize = 512;

/// A model that turns texts into vectors.
pub trait TextEncoder {
    /// A vector for every text, in their order.
    ///
    /// # Errors
    /// If the model fails, or `progress` breaks it off.
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings>;
}

impl<E: TextEncoder + ?Sized> TextEncoder for &mut E {
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        (**self).encode(texts, progress)
    }
}

impl<E: TextEncoder + ?Sized> TextEncoder for Box<E> {
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        (**self).encode(texts, progress)
    }
}

/// Shared by several that use it in turns.
impl<E: TextEncoder + ?Sized> TextEncoder for Arc<Mutex<E>> {
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        // A panic while it encoded leaves nothing behind that the next text could see.
        self.lock().unwrap_or_else(PoisonError::into_inner).encode(texts, progress)
    }
}

/// By the encoder's own pooling and normalization.
impl TextEncoder for Embedder {
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        Ok(self.embed(texts, progress)?)
    }
}

/// By the mean over the last hidden states of at most 512 tokens.
impl TextEncoder for Engine {
    fn encode(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
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

    /// A vector for every item, by index.
    ///
    /// # Errors
    /// If the model fails, or `progress` breaks it off.
    pub fn items(&mut self, catalogue: &Catalogue, progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        self.texts(&item_texts(catalogue, false), progress)
    }

    /// A vector for every user, in their order.
    ///
    /// # Errors
    /// If the model fails, or `progress` breaks it off.
    pub fn users(
        &mut self,
        users: &[User<'_>],
        catalogue: &Catalogue,
        progress: &mut EmbedProgress<'_>,
    ) -> Result<Embeddings> {
        let texts: Vec<String> = users.iter().map(|user| user.text(catalogue)).collect();
        self.texts(&texts, progress)
    }

    /// A vector for every text, in their order.
    ///
    /// # Errors
    /// If the model fails, or `progress` breaks it off.
    pub fn texts(&mut self, texts: &[String], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        let mut all = Embeddings::default();
        let mut flow = ControlFlow::Continue(());
        for chunk in texts.chunks(TEXTS_PER_CHUNK) {
            let encoded = self.encoder.encode(chunk, &mut |more| {
                flow = progress(more);
                flow
            });
            if flow.is_break() {
                return Err(Error::Interrupted);
            }
            let encoded = encoded?;
            all.width = encoded.width;
            all.values.extend(encoded.values);
            all.tokens += encoded.tokens;
        }
        Ok(all)
    }
}

/// The text of every item, by index; with what a language model read out of it, if `features`.
pub fn item_texts(catalogue: &Catalogue, features: bool) -> Vec<String> {
    let text = if features { super::Item::text_with_features } else { super::Item::text };
    catalogue.items().iter().map(text).collect()
}
