//! Texts to vectors, in bulk: batched by length, pooled and normalized as the model says.

use docent_models::{
    backend::Backend,
    batch::RaggedBatch,
    layers::{encoder::EncoderConfig, pooling::normalize},
    tokenizer::{Encoding, Tokenizer},
};
use rayon::prelude::*;

use super::Result;

/// Tokens that one step takes.
const TOKENS_PER_STEP: usize = 2048;

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

    /// Embeds texts, in their order. `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the tokenizer or a step fails.
    pub fn embed<T: AsRef<str> + Sync>(&mut self, texts: &[T], progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        let width = self.config.hidden;
        let encodings = self.encode(texts)?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(encodings[i].ids.len()));
        let mut values = vec![0.0; texts.len() * width];
        let mut open = order.as_slice();
        while !open.is_empty() {
            let mut tokens = 0;
            let fits = open.iter().take_while(|&&i| {
                tokens += encodings[i].ids.len();
                tokens <= TOKENS_PER_STEP
            });
            let (group, rest) = open.split_at(fits.count().max(1));
            self.embed_group(&encodings, group, &mut values)?;
            progress(group.len());
            open = rest;
        }
        let tokens = encodings.iter().map(|e| e.ids.len()).sum();
        Ok(Embeddings { values, width, tokens })
    }

    fn encode<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Encoding>> {
        let (tokenizer, max_length) = (&self.tokenizer, self.config.max_length);
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
        Ok(())
    }
}
