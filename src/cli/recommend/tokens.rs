//! When the language model is asked, what it may read, and what it need not compute again.

use std::path::Path;

use clap::Args;
use docent::recommend::budget::{Decision, Selective};

use super::Whom;
use crate::cli::Context;

/// Whether answers are kept.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct AnswerArgs {
    /// Compute answers of language models anew, and do not keep them
    #[arg(long)]
    no_cache: bool,
}

impl AnswerArgs {
    /// Has answers looked up and kept in a store, unless that is not wanted.
    pub(crate) fn settle(self, store: &Path, context: &mut Context) {
        if !self.no_cache {
            context.keep_answers(store);
        }
    }
}

/// When the language model is asked.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct SelectArgs {
    /// Ask the language model that `--rerank` or `--prompt` names only where it is worth it: for short histories and complex
    /// requests
    #[arg(long, requires = "asked")]
    selective: bool,
    /// Say whether the language model was asked, and by which rule
    #[arg(long)]
    why: bool,
}

impl SelectArgs {
    /// Whether to ask the language model that was named, and why, if that is to be told.
    pub(crate) fn decide(self, named: bool, whom: &Whom) -> (bool, Option<Decision>) {
        let decision = match (named, self.selective) {
            (false, _) => Decision { used: false, why: "neither --rerank nor --prompt names one".into() },
            (true, false) => Decision { used: true, why: "it is asked for everybody, without --selective".into() },
            (true, true) => Selective::default().decide(whom.history.len(), whom.query.as_deref()),
        };
        (decision.used, self.why.then_some(decision))
    }
}
