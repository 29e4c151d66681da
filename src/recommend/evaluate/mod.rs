//! How good the lists are: what is held out, what is measured, and how sure that is.
//!
//! Metrics compare within one protocol only, so every figure carries it: which interactions test, among which items they
//! are looked for, and what orders interactions of the same second.

mod bootstrap;
mod candidates;
mod language;
mod lists;
mod method;
mod methods;
mod metrics;
mod run;
mod segments;
mod split;
mod tune;

pub use bootstrap::Estimate;
pub use candidates::Candidates;
pub use language::{LanguagePart, RERANKED, learn_weight};
pub use method::Method;
pub use metrics::{Metric, rank};
pub use run::{EvaluateData, EvaluateOptions, Evaluation, Protocol, Telling, evaluate};
pub use segments::{Lift, Segment};
pub use split::{Case, Holdout, Split, Ties};
pub use tune::{choose, validate};
