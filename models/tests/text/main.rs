//! Tokenizers and chat templates against what `tokenizers`, SentencePiece and transformers give.
//!
//! The references are in `tests/reference` of the workspace, with the scripts that made them.

mod chat;
mod encoder;
mod faults;
mod metadata;
mod stream;
mod tokenizers;

use std::path::PathBuf;

/// The folder of reference files.
fn reference(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "tests", "reference", path].iter().collect()
}

/// A reference file, parsed.
fn read_json<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let file = std::fs::read(reference(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_slice(&file).unwrap_or_else(|e| panic!("{path}: {e}"))
}
