//! Offline recommendations that explain themselves.
//!
//! [`engine`] is a loaded model in use: generation, likelihood scoring, choice and embedding, on weights that
//! [`docent_models`] resolves and loads.

pub mod engine;

pub use docent_models as models;
