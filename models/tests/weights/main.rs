//! Weight files from the outside: what is valid opens and reads back, what is not fails by name, quickly.

mod flips;
mod hostile_files;
mod hostile_gguf;
mod hostile_safetensors;
mod hostile_sets;
mod valid_gguf;
mod valid_safetensors;
mod writer;

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use docent_models::weights::{WeightError, Weights};
use tempfile::TempDir;

/// A folder of files that goes when the test is over.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Opens `path`, which must fail, and in bounded time.
fn open_hostile(path: &Path) -> WeightError {
    let start = Instant::now();
    let error = Weights::open(path).expect_err("a hostile file opened");
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}: {error}", start.elapsed());
    error
}

/// The message with its causes, as a user sees it.
fn full_message(error: &WeightError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message += &format!(": {error}");
        cause = error.source();
    }
    message
}

/// Asserts that `error` names `path` and contains every one of `parts`.
fn assert_names(row: &str, error: &WeightError, path: &Path, parts: &[&str]) {
    let message = full_message(error);
    for part in parts {
        assert!(message.contains(part), "{row}: {part:?} is not in {message:?}");
    }
    assert!(message.contains(&*path.to_string_lossy()), "{row}: {message:?} does not name the file");
}
