//! Texts to vectors, in bulk: batched by length, pooled and normalized as the model says.

use std::ops::ControlFlow;

use docent_models::layers::pooling::normalize;

use super::{
    Error, Result,
    encoder::{Encoder, Ran},
};

/// Hears how many more texts are embedded after every step, and may break the work off.
pub type EmbedProgress<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// A sentence encoder, loaded.
#[derive(Debug)]
pub struct Embedder {
    encoder: Encoder,
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
    pub(super) fn new(encoder: Encoder) -> Self {
        Self { encoder }
    }

    /// Elements of a vector.
    pub fn width(&self) -> usize {
        self.encoder.config.hidden
    }

    /// The longest text in tokens; what is beyond is cut.
    pub fn max_length(&self) -> usize {
        self.encoder.config.max_length
    }

    /// Embeds texts, in their order.
    ///
    /// # Errors
    /// If the tokenizer or a step fails; [`Error::Cancelled`] if `progress` breaks it off.
    pub fn embed<T: AsRef<str> + Sync>(&mut self, texts: &[T], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        let width = self.width();
        let encodings = self.encoder.encode(texts, |text| (text.as_ref(), None), self.max_length())?;
        let mut values = vec![0.0; texts.len() * width];
        self.encoder.run(
            &encodings,
            |batch, rows| rows.for_each(|row| batch.want_hidden(row)),
            |Ran { inputs, batch, step, config }| {
                let hidden = step.hidden.to_host()?;
                for (sequence, &text) in batch.sequences().iter().zip(inputs) {
                    let rows = &hidden[sequence.rows.start * width..sequence.rows.end * width];
                    let out = &mut values[text * width..(text + 1) * width];
                    config.pooling.pool(rows, out);
                    if config.normalize {
                        normalize(out);
                    }
                }
                match progress(inputs.len()) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(Error::Cancelled),
                }
            },
        )?;
        Ok(Embeddings { values, width, tokens: encodings.iter().map(|encoding| encoding.ids.len()).sum() })
    }

    /// How many of the texts are longer than [`max_length`](Self::max_length), so that embedding cuts them.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<usize> {
        self.encoder.count_longer(texts, |text| (text.as_ref(), None))
    }
}
