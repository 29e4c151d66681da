//! Cross-encoders: a query and a text read together, and one number for how well they go together (Nogueira and Cho
//! 2019).

use docent_models::{
    backend::Backend,
    batch::RaggedBatch,
    layers::encoder::EncoderConfig,
    tokenizer::{Encoding, Tokenizer},
};
use rayon::prelude::*;

use super::{Result, packing};

/// Tokens that one step takes.
const TOKENS_PER_STEP: usize = 2048;

/// The scale of relevance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relevance {
    /// The head's own output, unbounded; with two labels the second one's.
    #[default]
    Logit,
    /// From 0 to 1: the sigmoid of one label's logit, as sentence-transformers gives it; with two labels the softmax's
    /// second.
    Probability,
}

impl Relevance {
    /// The relevance that a pair's logits (labels) say.
    fn of(self, logits: &[f32]) -> f32 {
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        match (self, logits) {
            (Relevance::Logit, _) => logits.last().copied().unwrap_or(0.0),
            (Relevance::Probability, [no, yes]) => sigmoid(yes - no),
            (Relevance::Probability, _) => sigmoid(logits.last().copied().unwrap_or(0.0)),
        }
    }
}

/// An encoder with a classification head of one or two labels, loaded.
pub struct CrossEncoder {
    backend: Box<dyn Backend>,
    tokenizer: Tokenizer,
    config: EncoderConfig,
}

impl std::fmt::Debug for CrossEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrossEncoder").field("backend", &self.backend.name()).finish_non_exhaustive()
    }
}

impl CrossEncoder {
    pub(super) fn new(backend: Box<dyn Backend>, tokenizer: Tokenizer, config: EncoderConfig) -> Self {
        Self { backend, tokenizer, config }
    }

    /// The longest pair in tokens; of what is beyond, the longer one of query and text loses its end.
    pub fn max_length(&self) -> usize {
        self.config.max_length
    }

    /// How relevant each text is to the query, in the texts' order; the higher, the better. A pair's score does not
    /// depend on the other texts.
    ///
    /// # Errors
    /// If the tokenizer or a step fails.
    pub fn score_pairs<T: AsRef<str> + Sync>(
        &mut self,
        query: &str,
        texts: &[T],
        relevance: Relevance,
    ) -> Result<Vec<f32>> {
        let encodings = self.encode(query, texts, self.config.max_length)?;
        let lengths: Vec<usize> = encodings.iter().map(|encoding| encoding.ids.len()).collect();
        let mut scores = vec![0.0; texts.len()];
        let mut batch = RaggedBatch::new();
        for group in packing::by_length(&lengths, TOKENS_PER_STEP) {
            batch.clear();
            for &index in &group {
                let Encoding { ids, token_types } = &encodings[index];
                let rows = batch.push_encoder(ids, token_types);
                batch.want_logits(rows.start, None);
            }
            let step = self.backend.forward(&batch)?;
            let logits = step.logits.to_host()?;
            for (&index, logits) in group.iter().zip(logits.chunks_exact(self.config.labels)) {
                scores[index] = relevance.of(logits);
            }
            drop(logits);
            self.backend.recycle(step);
        }
        Ok(scores)
    }

    /// How many of the texts are cut, since with the query they are longer than [`max_length`](Self::max_length).
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer<T: AsRef<str> + Sync>(&self, query: &str, texts: &[T]) -> Result<usize> {
        let encodings = self.encode(query, texts, usize::MAX)?;
        Ok(encodings.iter().filter(|encoding| encoding.ids.len() > self.config.max_length).count())
    }

    fn encode<T: AsRef<str> + Sync>(&self, query: &str, texts: &[T], max_length: usize) -> Result<Vec<Encoding>> {
        let tokenizer = &self.tokenizer;
        let encode = |text: &T| tokenizer.encode_for_encoder(query, Some(text.as_ref()), max_length);
        Ok(texts.par_iter().map(encode).collect::<Result<Vec<_>, _>>().map_err(docent_models::Error::from)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_label_is_relevance_and_of_two_it_is_the_second() {
        assert_eq!(Relevance::Logit.of(&[-2.5]), -2.5);
        assert_eq!(Relevance::Logit.of(&[3.0, 1.0]), 1.0);
        assert_eq!(Relevance::Probability.of(&[0.0]), 0.5);
        assert_eq!(Relevance::Probability.of(&[4.0, 4.0]), 0.5);
        let softmax = 1.0f32.exp() / (1.0f32.exp() + 3.0f32.exp());
        assert!((Relevance::Probability.of(&[3.0, 1.0]) - softmax).abs() < 1e-6);
    }
}
