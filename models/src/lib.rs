//! Architectures, weights, tokenizers and the step over ragged batches.
//!
//! This crate knows no request and no item. It turns a model reference into files ([`hub`]), files into validated
//! tensors ([`weights`]) of a known architecture ([`checkpoint`]), text into ids and back ([`tokenizer`],
//! [`chat_template`]), and a ragged batch ([`batch`]) into logits and hidden states ([`backend`]).

pub mod adapter;
pub mod backend;
pub mod batch;
mod bert;
pub mod chat_template;
pub mod checkpoint;
mod config;
mod error;
pub mod hub;
pub mod kv;
pub mod layers;
mod llama;
pub mod memory;
mod mistral;
mod mmap;
mod names;
mod qwen2;
mod qwen3;
pub mod tokenizer;
pub mod weights;

pub use config::ConfigError;
pub use docent_kernels::{Format, Isa, KvFormat, Pool};
pub use error::{Error, Result};
