//! Numbers in, numbers out: the CPU kernels that Docent's models run on.
//!
//! This crate knows no model, no file and no network.

mod format;

pub use format::Format;
