//! Cross-encoders: a query and a text read together, and one number for how well they go together (Nogueira and Cho
//! 2019).

use super::{
    Result,
    encoder::{Encoder, Ran},
};

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
#[derive(Debug)]
pub struct CrossEncoder {
    encoder: Encoder,
}

impl CrossEncoder {
    pub(super) fn new(encoder: Encoder) -> Self {
        Self { encoder }
    }

    /// The longest pair in tokens; of what is beyond, the longer one of query and text loses its end.
    pub fn max_length(&self) -> usize {
        self.encoder.config.max_length
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
        let encodings = self.encoder.encode(texts, |text| (query, Some(text.as_ref())), self.max_length())?;
        let mut scores = vec![0.0; texts.len()];
        self.encoder.run(
            &encodings,
            |batch, rows| batch.want_logits(rows.start, None),
            |Ran { inputs, step, config, .. }| {
                let logits = step.logits.to_host()?;
                for (&text, logits) in inputs.iter().zip(logits.chunks_exact(config.labels)) {
                    scores[text] = relevance.of(logits);
                }
                Ok(())
            },
        )?;
        Ok(scores)
    }

    /// How many of the texts are cut, since with the query they are longer than [`max_length`](Self::max_length).
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer<T: AsRef<str> + Sync>(&self, query: &str, texts: &[T]) -> Result<usize> {
        self.encoder.count_longer(texts, |text| (query, Some(text.as_ref())))
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
