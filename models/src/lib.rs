//! Architectures, weights, tokenizers and the step over ragged batches.
//!
//! This crate knows no request and no item. It turns a model reference into files ([`hub`]), files into validated
//! tensors ([`weights`]), text into ids and back ([`tokenizer`], [`chat_template`]).

pub mod chat_template;
mod error;
pub mod hub;
mod mmap;
pub mod tokenizer;
pub mod weights;

pub use docent_kernels::Format;
pub use error::{Error, Result};
