//! The second stage: the best of retrieval, scored by everything that is known of them.

mod listwise;
mod model;

pub use model::{HybridConfig, HybridFeatureModel};
