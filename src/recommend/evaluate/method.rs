//! What is compared: every way to rank, from popularity to the whole system.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::recommend::{diversify::Diversity, prompt::Prompting, rerank::Mode};

/// A way to rank the catalogue for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// What most users have.
    Pop,
    /// Items with the same users as the history's.
    Itemknn,
    /// The linear model of all items against all others.
    Ease,
    /// The same, where older items of the history count less.
    EaseDecayed,
    /// A factorization of users and items.
    ImplicitAls,
    /// What others interacted with next to the history's items.
    Cooccurrence,
    /// Items whose texts are near to those of liked ones.
    Semantic,
    /// All retrieval sources, by learned weights.
    Fused,
    /// The best of `fused`, by the hybrid model.
    Hybrid,
    /// The language model alone, asked in one way, on drawn candidates.
    Alone(Mode),
    /// The language model alone, told by the soft prompts of A-LLMRec, on drawn candidates.
    ALLMRec,
    /// The language model alone, by what it answers to a prompt, on drawn candidates.
    Prompted(Prompting),
    /// The best of `hybrid`, with what the language model says by a learned weight.
    Reranked,
    /// Lists out of the best of `hybrid` that are varied, or in the proportions of the history.
    Diverse(Diversity),
}

impl Method {
    /// All of them, in the order of outputs.
    pub const ALL: [Method; 24] = [
        Method::Pop,
        Method::Itemknn,
        Method::Ease,
        Method::EaseDecayed,
        Method::ImplicitAls,
        Method::Cooccurrence,
        Method::Semantic,
        Method::Fused,
        Method::Hybrid,
        Method::Alone(Mode::Likelihood),
        Method::Alone(Mode::YesNo),
        Method::Alone(Mode::FirstToken),
        Method::Alone(Mode::Listwise),
        Method::Alone(Mode::Setwise),
        Method::Alone(Mode::Pairwise),
        Method::ALLMRec,
        Method::Prompted(Prompting::ZeroShot),
        Method::Prompted(Prompting::FewShot),
        Method::Prompted(Prompting::ChainOfThought),
        Method::Prompted(Prompting::Conversational),
        Method::Reranked,
        Method::Diverse(Diversity::Mmr),
        Method::Diverse(Diversity::Dpp),
        Method::Diverse(Diversity::Calibrated),
    ];

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Method::Pop => "pop",
            Method::Itemknn => "itemknn",
            Method::Ease => "ease",
            Method::EaseDecayed => "ease_decayed",
            Method::ImplicitAls => "implicit_als",
            Method::Cooccurrence => "cooccurrence",
            Method::Semantic => "semantic",
            Method::Fused => "fused",
            Method::Hybrid => "hybrid",
            Method::Alone(mode) => mode.name(),
            Method::ALLMRec => "a_llmrec",
            Method::Prompted(prompting) => prompting.name(),
            Method::Reranked => "reranked",
            Method::Diverse(diversity) => diversity.name(),
        }
    }

    /// Whether the items' vectors make a difference to it.
    pub fn uses_vectors(self) -> bool {
        matches!(self, Method::Semantic | Method::Fused | Method::Hybrid | Method::Reranked | Method::Diverse(_))
    }

    /// Whether it needs a language model.
    pub fn needs_language_model(self) -> bool {
        matches!(self, Method::Alone(_) | Method::ALLMRec | Method::Prompted(_) | Method::Reranked)
    }

    /// Whether it can only rank a few candidates.
    pub fn needs_candidates(self) -> bool {
        matches!(self, Method::Alone(_) | Method::ALLMRec | Method::Prompted(_))
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The command line writes some of these names with `-`, outputs with `_`.
        let found = Self::ALL.into_iter().find(|method| method.name().replace('-', "_") == text.replace('-', "_"));
        found.ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
        for (text, method) in
            [("yes-no", Method::Alone(Mode::YesNo)), ("zero_shot", Method::Prompted(Prompting::ZeroShot))]
        {
            assert_eq!(text.parse(), Ok(method));
        }
        assert!("popularity".parse::<Method>().is_err());
    }
}
