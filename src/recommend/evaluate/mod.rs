//! How good the lists are: what is held out, what is measured, and how sure that is.
//!
//! Beside rankings, explanations are measured, and whether texts of items can talk a language model into something.
//!
//! Metrics compare within one protocol only, so every figure carries it: which interactions test, among which items they
//! are looked for, and what orders interactions of the same second.

mod bootstrap;
mod candidates;
mod claims;
mod deletion;
mod explanations;
mod injection;
mod language;
mod lists;
mod method;
mod methods;
mod metrics;
mod run;
mod segments;
mod split;
mod texts;
mod tune;

pub use bootstrap::Estimate;
pub use candidates::Candidates;
pub use claims::is_backed;
pub use deletion::{DRAWS, deletion_faithfulness};
pub use explanations::{ExplanationFigures, ExplanationOptions, evaluate_explanations};
pub use injection::{ATTACKS, Injection, injection, place_among_others};
pub use language::{LanguagePart, RERANKED, learn_weight};
pub use method::Method;
pub use metrics::{Metric, Rank, rank};
pub use run::{EvaluateData, EvaluateOptions, Evaluation, Protocol, Telling, evaluate};
pub use segments::{Lift, Segment};
pub use split::{Case, Holdout, Split, Ties};
pub use texts::{distinct_2, unique_beginnings};
pub use tune::{choose, validate};
