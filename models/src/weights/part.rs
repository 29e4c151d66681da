//! One mapped file of a model, and what its first bytes say it is.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::mmap::Mapping;

use super::{
    entry::Entry,
    error::WeightError,
    gguf::{self, Metadata},
    safetensors,
};

/// A mapped file with its validated tensor descriptions.
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) map: Arc<Mapping>,
    /// Length of the header in bytes.
    pub(super) header: usize,
    pub(super) entries: Vec<Entry>,
}

impl Part {
    /// Maps `path`, whose header is yet to be read.
    pub(super) fn map(path: &Path) -> Result<Self, WeightError> {
        let map = Mapping::open(path).map_err(|e| WeightError::io(path, e))?;
        Ok(Self { path: path.to_owned(), map: Arc::new(map), header: 0, entries: Vec::new() })
    }
}

/// Maps a file that `named_by` says must be there.
pub(super) fn map_part(path: &Path, named_by: &Path) -> Result<Part, WeightError> {
    Part::map(path).map_err(|e| match e {
        WeightError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            WeightError::MissingShard { path, named_by: named_by.to_owned() }
        }
        other => other,
    })
}

/// Opens a single file by what it starts with, and the rest of its set if it is one of several GGUF shards.
pub(super) fn open_file(path: &Path) -> Result<(Vec<Part>, Option<Metadata>), WeightError> {
    let mut part = Part::map(path)?;
    if part.map.starts_with(gguf::MAGIC) {
        let (parts, metadata) = gguf::open(part)?;
        return Ok((parts, Some(metadata)));
    }
    safetensors::read_part(&mut part)?;
    Ok((vec![part], None))
}
