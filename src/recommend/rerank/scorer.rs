//! What evaluation asks of a model: scores for a few candidates.

use super::{CrossEncoderReranker, LLMReranker};
use crate::recommend::{Catalogue, Error, Interaction, Result};

/// Scores a few candidates for somebody.
pub trait CandidateScorer {
    /// A score for each candidate, the higher, the better. Candidates are indices of the catalogue.
    ///
    /// # Errors
    /// If a model fails.
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>>;
}

/// Where there is no model that could score.
#[derive(Clone, Copy, Debug)]
pub struct NoScorer;

impl CandidateScorer for NoScorer {
    fn score(&mut self, _: &[Interaction], _: &[usize]) -> Result<Vec<f32>> {
        Err(Error::NoLanguageModel)
    }
}

/// A language model's likelihoods for items of a catalogue.
#[derive(Debug)]
pub struct LikelihoodScorer<'a> {
    reranker: LLMReranker<'a>,
    catalogue: &'a Catalogue,
}

impl<'a> LikelihoodScorer<'a> {
    /// Scores items of this catalogue.
    pub fn new(reranker: LLMReranker<'a>, catalogue: &'a Catalogue) -> Self {
        Self { reranker, catalogue }
    }
}

/// A cross-encoder's relevance of items of a catalogue.
#[derive(Debug)]
pub struct CrossEncoderScorer<'a> {
    reranker: CrossEncoderReranker<'a>,
    catalogue: &'a Catalogue,
}

impl<'a> CrossEncoderScorer<'a> {
    /// Scores items of this catalogue.
    pub fn new(reranker: CrossEncoderReranker<'a>, catalogue: &'a Catalogue) -> Self {
        Self { reranker, catalogue }
    }
}

impl CandidateScorer for CrossEncoderScorer<'_> {
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>> {
        self.reranker.scores(history, candidates, self.catalogue)
    }
}

impl CandidateScorer for LikelihoodScorer<'_> {
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>> {
        self.reranker.scores(history, candidates, self.catalogue)
    }
}
