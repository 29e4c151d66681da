//! Which files a path stands for.

use std::{collections::BTreeMap, ffi::OsStr, fs, io, path::Path, path::PathBuf};

use super::{error::WeightError, gguf::ShardName};

/// Where a model's weights begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A GGUF or safetensors file.
    File(PathBuf),
    /// The index of sharded safetensors.
    Index(PathBuf),
}

/// Turns a path into a [`Source`]. In a folder, safetensors come before GGUF, and one file before several.
pub(super) fn locate(path: &Path) -> Result<Source, WeightError> {
    let metadata = fs::metadata(path).map_err(|e| WeightError::io(path, e))?;
    if metadata.is_dir() {
        return locate_in(path);
    }
    if path.extension() != Some(OsStr::new("json")) {
        return Ok(Source::File(path.to_owned()));
    }
    if metadata.is_file() {
        return Ok(Source::Index(path.to_owned()));
    }
    Err(WeightError::io(path, io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file")))
}

fn locate_in(folder: &Path) -> Result<Source, WeightError> {
    let (single, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
    if single.exists() {
        return Ok(Source::File(single));
    }
    if index.is_file() {
        return Ok(Source::Index(index));
    }
    let mut models = gguf_models(folder)?;
    match (models.pop_first(), models.is_empty()) {
        (Some((_, file)), true) => Ok(Source::File(folder.join(file))),
        (None, _) => Err(WeightError::NoWeights { folder: folder.to_owned() }),
        (Some((_, first)), false) => {
            let mut names: Vec<String> = [first].into_iter().chain(models.into_values()).collect();
            names.sort();
            Err(WeightError::SeveralModels { folder: folder.to_owned(), models: names })
        }
    }
}

/// The GGUF files of a folder, one (the first by name) of each split set, by what tells models apart.
fn gguf_models(folder: &Path) -> Result<BTreeMap<(String, u32), String>, WeightError> {
    let io = |e| WeightError::io(folder, e);
    let mut models: BTreeMap<(String, u32), String> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let Ok(file) = entry.map_err(io)?.file_name().into_string() else { continue };
        if !file.ends_with(".gguf") {
            continue;
        }
        let model = ShardName::parse(&file).map_or((file.clone(), 1), |shard| (shard.prefix, shard.count));
        let first = models.entry(model).or_insert_with(|| file.clone());
        if file < *first {
            *first = file;
        }
    }
    Ok(models)
}
