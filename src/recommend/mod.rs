//! The recommender: from a catalogue and what users did to explained recommendations.
//!
//! Two stages. [`retrieve`] scores the whole catalogue by co-occurrence and by the texts' vectors, fuses both and keeps
//! the best; [`rerank`] lets the language model's likelihoods move them. [`explain`] plans claims from the records, has
//! the language model phrase them, and falls back to a template wherever a check of its text fails. What comes out is
//! always made of distinct items of the catalogue, none of which the user has.

pub mod catalogue;
mod error;
pub mod explain;
pub mod features;
pub mod interactions;
mod output;
pub mod rerank;
pub mod retrieve;
mod table;

pub use catalogue::{Attribute, Catalogue, Item};
pub use error::{Error, Result};
pub use explain::{Claim, Explanation, WrittenBy, XRecExplainer};
pub use features::LLMFeatureExtractor;
pub use interactions::{Interaction, Interactions, UnknownItems};
pub use output::{HistoryItem, Recommendations, RecommendedItem};
pub use rerank::{CrossEncoderReranker, LLMReranker};
pub use retrieve::{Candidate, Retriever, Source, SourceScore};
