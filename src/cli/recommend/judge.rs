//! What reranks a list: the language model, or a cross-encoder.

use clap::{Args, ValueEnum};
use docent::{
    engine::CrossEncoder,
    recommend::{
        Recommender, Source,
        rerank::{Asked, Judge, Mode, RerankOptions},
        store::fingerprint,
    },
};

use crate::cli::{CliError, Context};

/// Who reranks, and by which model.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JudgeArgs {
    /// Who reranks the best items. Counts by the weight that `docent train hybrid --rerank MODE` learned; before, its
    /// scores are shown and do not count
    #[arg(long = "rerank", value_enum, value_name = "MODE", group = "asked")]
    pub(crate) mode: Option<Rerank>,
    /// Cross-encoder for `--rerank cross-encoder`, named like a model
    #[arg(long, value_name = "REF", required_if_eq_any([("mode", "cross-encoder"), ("mode", "cross_encoder")]))]
    pub(crate) reranker: Option<String>,
    #[command(flatten)]
    pub(crate) orders: OrderArgs,
}

/// How often a list is shown.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct OrderArgs {
    /// In how many orders a language model is shown a list, by first-token, listwise, setwise or pairwise: its ranks are
    /// averaged [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    permutations: Option<u16>,
}

impl OrderArgs {
    /// How the language model is asked.
    pub(crate) fn options(self, mode: Mode) -> RerankOptions {
        RerankOptions { mode, permutations: self.permutations.map_or(1, usize::from), ..RerankOptions::default() }
    }

    /// Refuses a number of orders where none of the `modes` sees one.
    ///
    /// # Errors
    /// If somebody named a number.
    pub(crate) fn check(self, modes: impl IntoIterator<Item = Mode>) -> Result<(), CliError> {
        match self.permutations.is_some() && !modes.into_iter().any(Mode::sees_order) {
            true => Err(CliError::usage(
                "`--permutations` where the language model is shown no list",
                "leave it out, or ask by `first-token`, `listwise`, `setwise` or `pairwise`",
            )),
            false => Ok(()),
        }
    }
}

impl JudgeArgs {
    /// Refuses arguments that say nothing about who reranks.
    ///
    /// # Errors
    /// If there is one.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        if self.reranker.is_some() && self.mode != Some(Rerank::CrossEncoder) {
            return Err(CliError::usage("`--reranker` without a cross-encoder", "add `--rerank cross-encoder`"));
        }
        self.orders.check(self.mode.and_then(Rerank::mode))
    }
}

/// Who reranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rerank {
    /// The language model: the likelihood of each title after those that the user liked
    Likelihood,
    /// The language model: how much likelier "yes" is than "no", asked about each item
    #[value(alias = "yes_no")]
    YesNo,
    /// The language model: the likelihood of each item's letter as the answer to which one is the best
    #[value(alias = "first_token")]
    FirstToken,
    /// The language model: it writes the order, window by window
    Listwise,
    /// The language model: it picks the best of four, in a tournament
    Setwise,
    /// The language model: it picks the better of two, asked in both orders, in a merge sort
    Pairwise,
    /// The language model: the likelihood of each title after those that the user liked and the soft prompt that
    /// `docent train align` has learned
    #[value(name = "a-llmrec", alias = "a_llmrec")]
    ALLMRec,
    /// A cross-encoder: the relevance of each item's text to the titles that the user liked
    #[value(alias = "cross_encoder")]
    CrossEncoder,
}

impl Rerank {
    /// How the language model is asked in words; none for what asks otherwise, or something else.
    pub(crate) fn mode(self) -> Option<Mode> {
        match self.asked()? {
            Asked::Mode(mode) => Some(mode),
            Asked::Aligned | Asked::Prompt(_) => None,
        }
    }

    /// How the language model is asked; none for a cross-encoder.
    pub(crate) fn asked(self) -> Option<Asked> {
        Some(Asked::Mode(match self {
            Rerank::Likelihood => Mode::Likelihood,
            Rerank::YesNo => Mode::YesNo,
            Rerank::FirstToken => Mode::FirstToken,
            Rerank::Listwise => Mode::Listwise,
            Rerank::Setwise => Mode::Setwise,
            Rerank::Pairwise => Mode::Pairwise,
            Rerank::ALLMRec => return Some(Asked::Aligned),
            Rerank::CrossEncoder => return None,
        }))
    }

    /// The name of its scores.
    pub(crate) fn source(self) -> Source {
        self.asked().map_or(Source::CrossEncoder, Asked::source)
    }
}

/// Loads what the arguments name, for items of this recommender; none if they name nothing.
///
/// # Errors
/// If a model cannot be fetched or loaded, or the store has no alignment and one is needed.
pub(crate) fn load(args: &JudgeArgs, recommender: &Recommender, context: &Context) -> Result<Option<Judge>, CliError> {
    let Some(mode) = args.mode else { return Ok(None) };
    if mode == Rerank::CrossEncoder {
        let resolved = context.resolve(args.reranker.as_deref().unwrap_or_default())?;
        let encoder = CrossEncoder::load(&resolved.path, &context.settings.engine_options())?;
        return Ok(Some(Judge::CrossEncoder(Box::new(encoder), fingerprint(&resolved.files)?)));
    }
    let engine = context.engine()?;
    Ok(Some(match mode.mode() {
        Some(mode) => Judge::LanguageModel(engine, args.orders.options(mode)),
        None => {
            let aligned = recommender.aligned(&engine)?;
            Judge::Aligned(engine, aligned)
        }
    }))
}
