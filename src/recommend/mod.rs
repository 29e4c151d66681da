//! The recommender: from a catalogue and what users did to explained recommendations.
//!
//! Two stages. [`retrieve`] scores the whole catalogue by co-occurrence and by the texts' vectors, fuses both and keeps
//! the best; [`rerank`] lets a language model move them, [`prompt`] has one choose, and [`diversify`] makes lists of them. [`explain`] plans claims from the records, has
//! the language model phrase them, and falls back to a template wherever a check of its text fails. What comes out is
//! always made of distinct items of the catalogue, none of which the user has.

pub mod align;
pub mod answers;
mod ask;
mod attribute;
pub mod bench;
pub mod budget;
pub mod catalogue;
pub mod converse;
mod counted;
mod database;
mod dense;
pub mod diversify;
mod draw;
mod error;
pub mod evaluate;
pub mod explain;
pub mod fairness;
pub mod features;
pub mod filter;
pub mod fixture;
pub mod hybrid;
pub mod index;
pub mod interactions;
mod knowledge;
mod line;
mod output;
pub mod prompt;
mod recommender;
pub mod rerank;
pub mod retrieve;
mod sentences;
pub mod signals;
mod sparse;
pub mod store;
pub mod system;
mod table;
mod tensors;
mod users;

pub use align::ALLMRec;
pub use attribute::{Attribute, AttributeColumn, FROM_FACTS, Kind, READ_OUT, is_derived};
pub use catalogue::{Catalogue, Item};
pub use counted::counted;
pub use database::DatabaseFault;
pub use error::{Error, Result};
pub use explain::{Claim, Explanation, ExplanationRanker, WrittenBy, XRecExplainer};
pub use features::LLMFeatureExtractor;
pub use filter::Filter;
pub use interactions::{Interaction, Interactions, UnknownItems};
pub use knowledge::{Knowledge, Triple};
pub use line::one_line;
pub use output::{HistoryItem, Recommendations, RecommendedItem};
pub use recommender::Recommender;
pub use rerank::{CandidateScorer, CrossEncoderReranker, LLMReranker, NoJudge};
pub use retrieve::{Candidate, Query, Retriever, Source, SourceScore};
pub use store::{Store, StoreWriter};
pub use table::{ColumnRole, LineFault, Place, Quotes, Role, Roles, TableError, TableFault};
pub use users::{User, Users};
