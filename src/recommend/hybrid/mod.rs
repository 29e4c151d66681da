//! The second stage: the best of retrieval, scored by everything that is known of them.
//!
//! Retrieval is a linear fusion of a few signals over the whole catalogue; the second stage weighs all signals and adds
//! what the [`HybridFeatureModel`] makes of them. Both are learned from moments of histories that the models behind the
//! signals have not seen.

mod context;
mod file;
mod fusion;
mod learn;
mod lists;
mod listwise;
mod model;
mod ranker;
mod train;

pub use file::{HYBRID, RERANK, RETRIEVAL, RerankWeight, RerankWeights};
pub use fusion::Fusion;
pub use learn::{can_learn_hybrid, learn_hybrid, learn_retrieval};
pub use model::{HybridConfig, HybridFeatureModel};
pub use ranker::{Hybrid, POOL, Ranked, Ranker};
pub use train::{Learning, Progress, TrainingData, train};
