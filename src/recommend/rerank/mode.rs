//! The ways in which a language model can be asked for its opinion on a list.

use crate::recommend::{Source, prompt::Prompting};

/// A way to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Pointwise: the likelihood of each text after the wish.
    #[default]
    Likelihood,
    /// Pointwise: how much likelier "yes" is than "no" when it is asked about each text.
    YesNo,
    /// Listwise in one pass: the likelihood of each text's letter as the first token of an answer (FIRST, Reddy et al. 2024).
    FirstToken,
    /// Listwise: it writes the numbers of all texts in order, window by window from the end of the list (RankGPT, Sun et al.
    /// 2023).
    Listwise,
    /// Setwise: it picks the best of a few, in a tournament (Zhuang et al. 2024).
    Setwise,
    /// Pairwise: it picks the better of two, asked in both orders, in a merge sort (PRP, Qin et al. 2024).
    Pairwise,
}

/// What a judge is asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A language model in words.
    Mode(Mode),
    /// A language model by the soft prompts of A-LLMRec.
    Aligned,
    /// A language model by a prompt, to which it answers with a choice.
    Prompt(Prompting),
}

impl Asked {
    /// Its name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Asked::Mode(mode) => mode.name(),
            Asked::Aligned => "a_llmrec",
            Asked::Prompt(prompting) => prompting.name(),
        }
    }

    /// The name of the scores that it gives.
    pub fn source(self) -> Source {
        match self {
            Asked::Mode(mode) => Source::LanguageModel(mode),
            Asked::Aligned => Source::ALLMRec,
            Asked::Prompt(_) => Source::Prompt,
        }
    }
}

impl Default for Asked {
    fn default() -> Self {
        Asked::Mode(Mode::default())
    }
}

impl Mode {
    /// All of them, from the quickest to the slowest kind.
    pub const ALL: [Mode; 6] =
        [Mode::Likelihood, Mode::YesNo, Mode::FirstToken, Mode::Listwise, Mode::Setwise, Mode::Pairwise];

    /// Its name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Likelihood => "likelihood",
            Mode::YesNo => "yes_no",
            Mode::FirstToken => "first_token",
            Mode::Listwise => "listwise",
            Mode::Setwise => "setwise",
            Mode::Pairwise => "pairwise",
        }
    }

    /// Whether a text's score depends on where it stands and what stands beside it.
    pub fn sees_order(self) -> bool {
        !matches!(self, Mode::Likelihood | Mode::YesNo)
    }
}
