//! A cross-encoder's opinion on a few candidates: the user's liked titles as the query, an item's text beside it.

use super::liked_titles;
use crate::{
    engine::{CrossEncoder, Relevance},
    recommend::{Catalogue, Interaction, Result},
};

/// How candidates are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossEncoderOptions {
    /// How many of the user's liked titles the query lists, the latest ones.
    pub history: usize,
}

impl Default for CrossEncoderOptions {
    fn default() -> Self {
        Self { history: 10 }
    }
}

/// Scores candidates one by one, each together with what the user liked.
#[derive(Debug)]
pub struct CrossEncoderReranker<'a> {
    encoder: &'a mut CrossEncoder,
    options: CrossEncoderOptions,
}

impl<'a> CrossEncoderReranker<'a> {
    /// Uses a loaded cross-encoder.
    pub fn new(encoder: &'a mut CrossEncoder, options: CrossEncoderOptions) -> Self {
        Self { encoder, options }
    }

    /// How relevant some items are, by index.
    ///
    /// # Errors
    /// If the model fails.
    pub fn scores(&mut self, history: &[Interaction], items: &[usize], catalogue: &Catalogue) -> Result<Vec<f32>> {
        let query = liked_titles(history, self.options.history, catalogue).join(", ");
        self.scores_for(&query, items, catalogue)
    }

    /// How relevant some items are to a request in words, by index.
    ///
    /// # Errors
    /// If the model fails.
    pub fn scores_for(&mut self, request: &str, items: &[usize], catalogue: &Catalogue) -> Result<Vec<f32>> {
        let texts: Vec<String> = items.iter().map(|&item| catalogue[item].text()).collect();
        self.relevance(request, &texts)
    }

    /// How relevant each text is to a query, in words or as a list of liked titles: the head's logits.
    ///
    /// # Errors
    /// If the model fails.
    pub fn relevance(&mut self, query: &str, texts: &[String]) -> Result<Vec<f32>> {
        Ok(self.encoder.score_pairs(query, texts, Relevance::Logit)?)
    }
}
