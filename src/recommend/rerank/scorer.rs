//! What evaluation asks of a model: scores for a few candidates.

use super::{Asked, CrossEncoderReranker, LLMReranker, TOLD, liked_titles, mean_likelihoods, title_prompt};
use crate::{
    engine::Engine,
    recommend::{
        Catalogue, Error, Interaction, Result,
        align::ALLMRec,
        prompt::{PromptScorer, Prompting},
    },
};

/// Scores a few candidates for somebody.
pub trait CandidateScorer {
    /// A score for each candidate, the higher, the better. Candidates are indices of the catalogue. What somebody asks for in
    /// words, if they do, comes before what they liked.
    ///
    /// # Errors
    /// If a model fails.
    fn score(&mut self, history: &[Interaction], request: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>>;
}

/// Somebody who can be asked in several ways.
pub trait Judges {
    /// What scores candidates in one way.
    ///
    /// # Errors
    /// If there is no model, or none that was aligned.
    fn judge(&mut self, asked: Asked) -> Result<&mut dyn CandidateScorer>;

    /// Takes examples for prompts out of these histories from now on.
    fn mine_from(&mut self, _: &[&[Interaction]]) {}
}

/// Where there is no model that could score.
#[derive(Clone, Copy, Debug)]
pub struct NoJudge;

impl Judges for NoJudge {
    fn judge(&mut self, _: Asked) -> Result<&mut dyn CandidateScorer> {
        Err(Error::NoLanguageModel)
    }
}

/// A language model's opinion on items of a catalogue.
#[derive(Debug)]
pub struct LanguageModelScorer<'a> {
    reranker: LLMReranker<'a>,
    catalogue: &'a Catalogue,
    aligned: Option<AlignedScorer<'a>>,
    prompted: Option<(Prompting, PromptScorer<'a>)>,
    examples: Vec<Vec<Interaction>>,
}

impl<'a> LanguageModelScorer<'a> {
    /// Scores items of this catalogue.
    pub fn new(reranker: LLMReranker<'a>, catalogue: &'a Catalogue) -> Self {
        Self { reranker, catalogue, aligned: None, prompted: None, examples: Vec::new() }
    }

    /// Can be asked by soft prompts, too.
    #[must_use]
    pub fn with_alignment(self, aligned: ALLMRec) -> Self {
        let aligned = AlignedScorer::new(self.reranker.engine(), aligned, self.catalogue);
        Self { aligned: Some(aligned), ..self }
    }
}

impl Judges for LanguageModelScorer<'_> {
    fn judge(&mut self, asked: Asked) -> Result<&mut dyn CandidateScorer> {
        match asked {
            Asked::Mode(mode) => {
                self.reranker.ask_by(mode);
                Ok(self)
            }
            Asked::Aligned => match &mut self.aligned {
                Some(aligned) => Ok(aligned),
                None => Err(Error::NoAlignment),
            },
            Asked::Prompt(prompting) => {
                let prompted = match self.prompted.take() {
                    Some((known, scorer)) if known == prompting => scorer,
                    _ => PromptScorer::new(self.reranker.engine(), prompting, self.catalogue, self.examples.clone())?,
                };
                Ok(&mut self.prompted.insert((prompting, prompted)).1)
            }
        }
    }

    fn mine_from(&mut self, histories: &[&[Interaction]]) {
        self.examples = histories.iter().map(|history| history.to_vec()).collect();
        self.prompted = None;
    }
}

/// A language model's opinion on items of a catalogue, told by soft prompts whom it is about.
#[derive(Debug)]
pub struct AlignedScorer<'a> {
    engine: &'a Engine,
    aligned: ALLMRec,
    catalogue: &'a Catalogue,
}

impl<'a> AlignedScorer<'a> {
    /// Scores items of this catalogue.
    pub fn new(engine: &'a Engine, aligned: ALLMRec, catalogue: &'a Catalogue) -> Self {
        Self { engine, aligned, catalogue }
    }
}

impl CandidateScorer for AlignedScorer<'_> {
    /// The mean log-likelihood of each title's tokens in nats, after the titles that were liked and the soft prompt. Soft
    /// prompts were learned from behaviour alone: a request makes no difference to them.
    fn score(&mut self, history: &[Interaction], _: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>> {
        let mut prefix = title_prompt(self.engine, &liked_titles(history, TOLD, self.catalogue))?;
        let soft = self.engine.soft_tokens(&self.aligned.soft_prompt(history)?)?;
        prefix.extend(soft.iter());
        let titles: Vec<String> = candidates.iter().map(|&item| self.catalogue[item].short_title()).collect();
        mean_likelihoods(self.engine, prefix, &titles)
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
    fn score(&mut self, history: &[Interaction], request: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>> {
        match request {
            Some(request) => self.reranker.scores_for(request, candidates, self.catalogue),
            None => self.reranker.scores(history, candidates, self.catalogue),
        }
    }
}

impl CandidateScorer for LanguageModelScorer<'_> {
    fn score(&mut self, history: &[Interaction], request: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>> {
        match request {
            Some(request) => self.reranker.scores_for(request, candidates, self.catalogue),
            None => self.reranker.scores(history, candidates, self.catalogue),
        }
    }
}
