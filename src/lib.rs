//! Offline recommendations that explain themselves.
//!
//! [`engine`] is a loaded model in use: generation, likelihood scoring, choice and embedding, on weights that
//! [`docent_models`] resolves and loads. [`recommend`] makes recommendations of it: retrieved, reranked and explained.

pub mod engine;
pub mod recommend;

pub use docent_models as models;
