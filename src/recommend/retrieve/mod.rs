//! The first stage: every item of the catalogue is scored for somebody, by several sources, and the best are kept.
//!
//! A source is fitted on histories and scores any other history by the item alone, so that new users need no new fit.

mod co_occurrence;
mod ease;
mod fuse;
mod implicit_als;
mod item_knn;
mod popularity;
mod semantic;

pub use co_occurrence::{CoOccurrence, CoOccurrenceOptions};
pub use ease::{Ease, EaseOptions};
pub use fuse::{Candidate, SourceScore, best, standardize};
pub(super) use implicit_als::WIDTH;
pub use implicit_als::{ImplicitAls, ImplicitAlsOptions};
pub use item_knn::{ItemKnn, ItemKnnOptions};
pub use popularity::Popularity;
pub use semantic::{Semantic, SemanticOptions};

use serde::{Serialize, Serializer};

use super::{Interaction, Result, rerank::Mode, sparse::Sparse};

/// Where a score comes from: its name in every output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// How many users have an item.
    Popularity,
    /// Which items have the same users as the history's.
    ItemKnn,
    /// What a linear model of all items against all others expects next to the history's.
    Ease,
    /// What a factorization of users and items expects next to the history's.
    ImplicitAls,
    /// What others interacted with next to the history's items.
    CoOccurrence,
    /// All retrieval sources, weighted.
    Fused,
    /// The hybrid model.
    Hybrid,
    /// How near an item's text is to the texts of liked items.
    Semantic,
    /// What the language model says, asked in this way.
    LanguageModel(Mode),
    /// What the language model says, told by soft prompts.
    ALLMRec,
    /// Minus the place that a prompted language model gave an item.
    Prompt,
    /// How relevant a cross-encoder finds an item's text to the history or query.
    CrossEncoder,
}

impl Source {
    /// Its name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Source::Popularity => "popularity",
            Source::ItemKnn => "item_knn",
            Source::Ease => "ease",
            Source::ImplicitAls => "implicit_als",
            Source::CoOccurrence => "co_occurrence",
            Source::Fused => "fused",
            Source::Hybrid => "hybrid",
            Source::Semantic => "semantic",
            Source::LanguageModel(mode) => mode.name(),
            Source::ALLMRec => "a_llmrec",
            Source::Prompt => "prompt",
            Source::CrossEncoder => "cross_encoder",
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Whom is recommended to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What they did, oldest first; empty if nothing is known.
    pub history: &'a [Interaction],
    /// The vector of what they ask for in words, as wide as the items' vectors.
    pub text: Option<&'a [f32]>,
}

impl<'a> Query<'a> {
    /// Somebody of whom the history is known, and who asks for nothing in particular.
    pub fn of(history: &'a [Interaction]) -> Self {
        Self { history, text: None }
    }
}

/// Scores the whole catalogue for somebody.
pub trait Retriever: Send + Sync {
    /// The name of its scores.
    fn source(&self) -> Source;

    /// A score for each item of the catalogue, by index; the higher, the better. A query that says nothing to this
    /// source gives equal scores. Items of the history are scored, too.
    ///
    /// # Errors
    /// If a model fails.
    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>>;
}

/// The weight of each item of a history: `decay` to the power of the number of items after it, and for an item that
/// comes twice that of the last time.
fn decayed(history: &[Interaction], decay: f32) -> impl Iterator<Item = (usize, f32)> {
    let mut seen = std::collections::HashSet::new();
    let ages = history.iter().rev().zip(std::iter::successors(Some(1.0), move |weight| Some(weight * decay)));
    ages.filter_map(move |(event, weight)| seen.insert(event.item).then_some((event.item, weight)))
}

/// The items of some interactions, each once, ascending.
pub(super) fn distinct<'a>(interactions: impl Iterator<Item = &'a Interaction>) -> Vec<u32> {
    let mut items: Vec<u32> = interactions.map(|event| event.item as u32).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// Who has which: a matrix of ones, (users, items).
fn indicators(histories: &[&[Interaction]]) -> Sparse {
    let row = |history: &&[Interaction]| distinct(history.iter()).into_iter().map(|item| (item, 1.0)).collect();
    Sparse::from_rows(histories.iter().map(row))
}
