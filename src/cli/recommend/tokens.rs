//! When the language model is asked, what it may read, and what it need not compute again.

use std::path::Path;

use clap::Args;
use docent::recommend::{Recommendations, budget::Selective};

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
    /// The rule by which the language model is asked; none if it is asked for everybody.
    pub(crate) fn rule(self) -> Option<Selective> {
        self.selective.then(Selective::default)
    }

    /// A list as it is told: with what was decided, if that is wanted.
    pub(crate) fn tell(self, answer: Recommendations) -> Recommendations {
        Recommendations { language_model: answer.language_model.filter(|_| self.why), ..answer }
    }
}
