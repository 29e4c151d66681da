//! What is compared: every way to rank, from popularity to the whole system.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// A way to rank the catalogue for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// What most users have.
    Pop,
    /// Items with the same users as the history's.
    Itemknn,
    /// The linear model of all items against all others.
    Ease,
    /// The same, where older items of the history count less.
    EaseDecayed,
    /// What others interacted with next to the history's items.
    Cooccurrence,
    /// Items whose texts are near to those of liked ones.
    Semantic,
    /// All retrieval sources, by learned weights.
    Fused,
    /// The best of `fused`, by the hybrid model.
    Hybrid,
    /// The language model's likelihoods alone, on drawn candidates.
    Likelihood,
    /// The best of `hybrid`, with the language model's likelihoods by a learned weight.
    Reranked,
}

impl Method {
    /// All of them, in the order of outputs.
    pub const ALL: [Method; 10] = [
        Method::Pop,
        Method::Itemknn,
        Method::Ease,
        Method::EaseDecayed,
        Method::Cooccurrence,
        Method::Semantic,
        Method::Fused,
        Method::Hybrid,
        Method::Likelihood,
        Method::Reranked,
    ];

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Method::Pop => "pop",
            Method::Itemknn => "itemknn",
            Method::Ease => "ease",
            Method::EaseDecayed => "ease_decayed",
            Method::Cooccurrence => "cooccurrence",
            Method::Semantic => "semantic",
            Method::Fused => "fused",
            Method::Hybrid => "hybrid",
            Method::Likelihood => "likelihood",
            Method::Reranked => "reranked",
        }
    }

    /// Whether the items' vectors make a difference to it.
    pub fn uses_vectors(self) -> bool {
        matches!(self, Method::Semantic | Method::Fused | Method::Hybrid | Method::Reranked)
    }

    /// Whether it needs a language model.
    pub fn needs_language_model(self) -> bool {
        matches!(self, Method::Likelihood | Method::Reranked)
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
        let found = Self::ALL.into_iter().find(|method| method.name() == text);
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
        assert!("popularity".parse::<Method>().is_err());
    }
}
