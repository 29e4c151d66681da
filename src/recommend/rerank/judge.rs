//! Who judges candidates, loaded: a language model, asked in words or by soft prompts, or a cross-encoder.

use super::{
    AlignedScorer, Asked, CandidateScorer, CrossEncoderOptions, CrossEncoderReranker, CrossEncoderScorer, LLMReranker,
    LanguageModelScorer, RerankOptions,
};
use crate::{
    engine::{CrossEncoder, Engine},
    recommend::{ALLMRec, Catalogue, Source, align::hexadecimal},
};

/// What tells a language model from others.
pub fn identity(engine: &Engine) -> String {
    hexadecimal(engine.hash())
}

/// A loaded judge.
#[derive(Debug)]
pub enum Judge {
    /// A language model, asked in words.
    LanguageModel(Engine, RerankOptions),
    /// A language model, told by soft prompts whom it is about.
    Aligned(Engine, ALLMRec),
    /// A cross-encoder, and the [`fingerprint`](crate::recommend::store::fingerprint) of its files.
    CrossEncoder(Box<CrossEncoder>, String),
}

impl Judge {
    /// The name of its scores.
    pub fn source(&self) -> Source {
        match self {
            Judge::LanguageModel(_, options) => Asked::Mode(options.mode).source(),
            Judge::Aligned(..) => Asked::Aligned.source(),
            Judge::CrossEncoder(..) => Source::CrossEncoder,
        }
    }

    /// What tells its model from others: a weight that was learned for one says nothing of another.
    pub fn identity(&self) -> String {
        match self {
            Judge::LanguageModel(engine, _) | Judge::Aligned(engine, _) => identity(engine),
            Judge::CrossEncoder(_, fingerprint) => fingerprint.clone(),
        }
    }

    /// What scores the catalogue's items.
    pub fn scorer<'a>(&'a mut self, catalogue: &'a Catalogue) -> Box<dyn CandidateScorer + 'a> {
        match self {
            Judge::LanguageModel(engine, options) => {
                Box::new(LanguageModelScorer::new(LLMReranker::new(engine, *options), catalogue))
            }
            Judge::Aligned(engine, aligned) => Box::new(AlignedScorer::new(engine, aligned.clone(), catalogue)),
            Judge::CrossEncoder(encoder, _) => {
                let reranker = CrossEncoderReranker::new(encoder, CrossEncoderOptions::default());
                Box::new(CrossEncoderScorer::new(reranker, catalogue))
            }
        }
    }
}
