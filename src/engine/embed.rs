//! Texts to vectors, in bulk: batched by length, pooled and normalized as the model says.

use std::ops::ControlFlow;

use docent_models::{
    backend::Backend,
    batch::RaggedBatch,
    layers::{encoder::EncoderConfig, pooling::normalize},
    tokenizer::{Encoding, Tokenizer},
};
use rayon::prelude::*;

use super::{Error, Result, packing};

/// Tokens that one step takes.
const TOKENS_PER_STEP: usize = 2048;

/// Hears how many more texts are embedded after every step, and may break the work off.
pub type EmbedProgress<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// A sentence encoder, loaded.
pub struct Embedder {
    backend: Box<dyn Backend>,
    tokenizer: Tokenizer,
    config: EncoderConfig,
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedder").field("backend", &self.backend.name()).finish_non_exhaustive()
    }
}

/// Vectors of equal width, one a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// (texts, width)
    pub values: Vec<f32>,
    /// Elements of a vector.
    pub width: usize,
    /// Tokens that were encoded.
    pub tokens: usize,
}

impl Embeddings {
    /// The vectors, one after another.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

impl Embedder {
    pub(super) fn new(backend: Box<dyn Backend>, tokenizer: Tokenizer, config: EncoderConfig) -> Self {
        Self { backend, tokenizer, config }
    }

    /// Elements of a vector.
    pub fn width(&self) -> usize {
        self.config.hidden
    }

    /// The longest text in tokens; what is beyond is cut.
    pub fn max_length(&self) -> usize {
        self.config.max_length
    }

    /// Embeds texts, in their order.
    ///
    /// # Errors
    /// If the tokenizer or a step fails; [`Error::Cancelled`] if `progress` breaks it off.
    pub fn embed<T: AsRef<str> + Sync>(&mut self, texts: &[T], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        let width = self.config.hidden;
        let encodings = self.encode(texts, self.config.max_length)?;
        let lengths: Vec<usize> = encodings.iter().map(|encoding| encoding.ids.len()).collect();
        let mut values = vec![0.0; texts.len() * width];
        for group in packing::by_length(&lengths, TOKENS_PER_STEP) {
            self.embed_group(&encodings, &group, &mut values)?;
            if progress(group.len()).is_break() {
                return Err(Error::Cancelled);
            }
        }
        Ok(Embeddings { values, width, tokens: lengths.iter().sum() })
    }

    /// How many of the texts are longer than [`max_length`](Self::max_length), so that embedding cuts them.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<usize> {
        let encodings = self.encode(texts, usize::MAX)?;
        Ok(encodings.iter().filter(|encoding| encoding.ids.len() > self.config.max_length).count())
    }

    fn encode<T: AsRef<str> + Sync>(&self, texts: &[T], max_length: usize) -> Result<Vec<Encoding>> {
        let tokenizer = &self.tokenizer;
        let encode = |text: &T| tokenizer.encode_for_encoder(text.as_ref(), None, max_length);
        Ok(texts.par_iter().map(encode).collect::<Result<Vec<_>, _>>().map_err(docent_models::Error::from)?)
    }

    fn embed_group(&mut self, encodings: &[Encoding], group: &[usize], values: &mut [f32]) -> Result<()> {
        let width = self.config.hidden;
        let mut batch = RaggedBatch::new();
        for &index in group {
            let Encoding { ids, token_types } = &encodings[index];
            batch.push_encoder(ids, token_types).for_each(|row| batch.want_hidden(row));
        }
        let step = self.backend.forward(&batch)?;
        let hidden = step.hidden.to_host()?;
        for (sequence, &index) in batch.sequences().iter().zip(group) {
            let rows = &hidden[sequence.rows.start * width..sequence.rows.end * width];
            let out = &mut values[index * width..(index + 1) * width];
            self.config.pooling.pool(rows, out);
            if self.config.normalize {
                normalize(out);
            }
        }
        drop(hidden);
        self.backend.recycle(step);
        Ok(())
    }
}
