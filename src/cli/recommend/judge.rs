//! What reranks a list: the language model, or a cross-encoder.

use clap::{Args, ValueEnum};
use docent::{
    engine::{CrossEncoder, Engine},
    recommend::{
        Catalogue, CrossEncoderReranker, LLMReranker, Source,
        rerank::{CandidateScorer, CrossEncoderOptions, CrossEncoderScorer, LikelihoodScorer, RerankOptions},
    },
};

use crate::cli::{CliError, Context};

/// Who reranks, and by which model.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JudgeArgs {
    /// Who reranks the best items. Counts by the weight that `docent train hybrid --rerank MODE` learned; before, its
    /// scores are shown and do not count
    #[arg(long = "rerank", value_enum, value_name = "MODE")]
    pub(crate) mode: Option<Rerank>,
    /// Cross-encoder for `--rerank cross-encoder`, named like a model
    #[arg(long, value_name = "REF", required_if_eq("mode", "cross-encoder"))]
    pub(crate) reranker: Option<String>,
}

/// Who reranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rerank {
    /// The language model: the likelihood of each title after those that the user liked
    Likelihood,
    /// A cross-encoder: the relevance of each item's text to the titles that the user liked
    CrossEncoder,
}

impl Rerank {
    /// The name of its scores.
    pub(crate) fn source(self) -> Source {
        match self {
            Rerank::Likelihood => Source::Likelihood,
            Rerank::CrossEncoder => Source::CrossEncoder,
        }
    }
}

/// A loaded reranker.
pub(crate) enum Judge {
    Likelihood(Box<Engine>),
    CrossEncoder(Box<CrossEncoder>),
}

impl Judge {
    /// Loads what the arguments name; none if they name nothing.
    ///
    /// # Errors
    /// If a model cannot be fetched or loaded.
    pub(crate) fn load(args: &JudgeArgs, context: &Context) -> Result<Option<Self>, CliError> {
        Ok(match args.mode {
            None => None,
            Some(Rerank::Likelihood) => Some(Judge::Likelihood(Box::new(context.engine()?))),
            Some(Rerank::CrossEncoder) => {
                let resolved = context.resolve(args.reranker.as_deref().unwrap_or_default())?;
                let encoder = CrossEncoder::load(&resolved.path, &context.settings.engine_options())?;
                Some(Judge::CrossEncoder(Box::new(encoder)))
            }
        })
    }

    /// The language model, if it is the judge.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        match self {
            Judge::Likelihood(engine) => Some(engine),
            Judge::CrossEncoder(_) => None,
        }
    }

    /// What scores the catalogue's items.
    pub(crate) fn scorer<'a>(&'a mut self, catalogue: &'a Catalogue) -> Box<dyn CandidateScorer + 'a> {
        match self {
            Judge::Likelihood(engine) => {
                let reranker = LLMReranker::new(engine, RerankOptions::default());
                Box::new(LikelihoodScorer::new(reranker, catalogue))
            }
            Judge::CrossEncoder(encoder) => {
                let reranker = CrossEncoderReranker::new(encoder, CrossEncoderOptions::default());
                Box::new(CrossEncoderScorer::new(reranker, catalogue))
            }
        }
    }
}
