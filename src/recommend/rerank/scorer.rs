//! What evaluation asks of a model: scores for a few candidates.

use super::{CrossEncoderReranker, LLMReranker, Mode};
use crate::recommend::{Catalogue, Error, Interaction, Result};

/// Scores a few candidates for somebody.
pub trait CandidateScorer {
    /// A score for each candidate, the higher, the better. Candidates are indices of the catalogue.
    ///
    /// # Errors
    /// If a model fails.
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>>;
}

/// Somebody who can be asked in several ways.
pub trait Judges {
    /// What scores candidates in one way.
    ///
    /// # Errors
    /// If there is no model.
    fn judge(&mut self, mode: Mode) -> Result<&mut dyn CandidateScorer>;
}

/// Where there is no model that could score.
#[derive(Clone, Copy, Debug)]
pub struct NoJudge;

impl Judges for NoJudge {
    fn judge(&mut self, _: Mode) -> Result<&mut dyn CandidateScorer> {
        Err(Error::NoLanguageModel)
    }
}

/// A language model's opinion on items of a catalogue.
#[derive(Debug)]
pub struct LanguageModelScorer<'a> {
    reranker: LLMReranker<'a>,
    catalogue: &'a Catalogue,
}

impl<'a> LanguageModelScorer<'a> {
    /// Scores items of this catalogue.
    pub fn new(reranker: LLMReranker<'a>, catalogue: &'a Catalogue) -> Self {
        Self { reranker, catalogue }
    }
}

impl Judges for LanguageModelScorer<'_> {
    fn judge(&mut self, mode: Mode) -> Result<&mut dyn CandidateScorer> {
        self.reranker.ask_by(mode);
        Ok(self)
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

impl CandidateScorer for LanguageModelScorer<'_> {
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>> {
        self.reranker.scores(history, candidates, self.catalogue)
    }
}
