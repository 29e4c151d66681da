//! The first stage: every item of the catalogue is scored for a history, by several sources, and the best are kept.

mod co_occurrence;
mod fuse;
mod semantic;

pub use co_occurrence::{CoOccurrence, CoOccurrenceOptions};
pub use fuse::{Candidate, Fused, SourceScore, standardize};
pub use semantic::{Semantic, SemanticOptions};

use super::Interaction;

/// Where a score comes from: its name in every output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What others interacted with next to the history's items.
    CoOccurrence,
    /// How near an item's text is to the texts of liked items.
    Semantic,
    /// How likely the language model finds an item's title after the history.
    Likelihood,
    /// How relevant a cross-encoder finds an item's text to the history or query.
    CrossEncoder,
}

impl Source {
    /// Its name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Source::CoOccurrence => "co_occurrence",
            Source::Semantic => "semantic",
            Source::Likelihood => "likelihood",
            Source::CrossEncoder => "cross_encoder",
        }
    }
}

/// Scores the whole catalogue for a history.
pub trait Retriever: Send + Sync {
    /// The name of its scores.
    fn source(&self) -> Source;

    /// A score for each item of the catalogue, by index; the higher, the better. A history that says nothing, such as
    /// an empty one, gives equal scores. Items of the history are scored, too.
    fn scores(&self, history: &[Interaction]) -> Vec<f32>;
}
