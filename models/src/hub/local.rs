//! Models that are already on this machine: a file, a folder, or a snapshot in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::HubError;
use super::resolver::{Resolved, Source};
use super::select;

/// Folders hold models two levels deep at most (`1_Pooling/config.json`).
const MAX_DEPTH: usize = 2;

/// More files than any model folder has; a path reference to a home folder must not read all of it.
const MAX_FILES: usize = 10_000;

/// The largest index of shards that is read.
const MAX_INDEX: u64 = 64 << 20;

/// The model at `path`, a weight file or a folder with one.
pub(super) fn resolve(path: &Path) -> Result<Resolved, HubError> {
    if path.is_dir() {
        return folder(path, Source::Path);
    }
    if !path.is_file() {
        return Err(HubError::NoSuchPath { path: path.to_owned() });
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Resolved { files: vec![path.to_owned()], path: path.to_owned(), source: Source::Path });
    };
    let files: Vec<PathBuf> = select::gguf_parts(name).iter().map(|part| folder.join(part)).collect();
    match files.iter().find(|file| !file.is_file()) {
        Some(missing) => {
            let file = missing.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Err(HubError::MissingShard { place: folder.display().to_string(), file })
        }
        None => Ok(Resolved { path: files[0].clone(), files, source: Source::Path }),
    }
}

/// The model in the folder at `path`.
pub(super) fn folder(path: &Path, source: Source) -> Result<Resolved, HubError> {
    let place = path.display().to_string();
    let names = names_in(path);
    let selected = select::model_files(&place, &names, || {
        let index = path.join(select::INDEX);
        let size = super::cache::disk(fs::metadata(&index), "read", &index)?.len();
        if size > MAX_INDEX {
            return Err(HubError::BadIndex { place: place.clone(), source: None });
        }
        super::cache::disk(fs::read(&index), "read", &index)
    })?;
    Ok(resolved(path, &selected, source))
}

/// What `names`, the files of a model in `folder`, resolve to.
pub(super) fn resolved(folder: &Path, names: &[String], source: Source) -> Resolved {
    let files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let gguf = files.iter().find(|file| file.extension().is_some_and(|extension| extension == "gguf"));
    let path = gguf.map_or_else(|| folder.to_owned(), PathBuf::clone);
    Resolved { files, path, source }
}

/// The names of the files below `folder`, `/` between their parts.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new(), 1)];
    while let Some((folder, prefix, depth)) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = entry.path();
            if names.len() >= MAX_FILES {
                return names;
            }
            if path.is_file() {
                names.push(format!("{prefix}{name}"));
            } else if depth < MAX_DEPTH && !name.starts_with('.') && path.is_dir() {
                open.push((path, format!("{prefix}{name}/"), depth + 1));
            }
        }
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a writable folder");
            fs::write(path, "").expect("a writable folder");
        }
        folder
    }

    #[test]
    fn paths_resolve_to_what_a_loader_opens() {
        let cases: [(&[&str], &str, &str, usize); 4] = [
            (&["a.gguf", "b.gguf"], "b.gguf", "b.gguf", 1),
            (&["a.gguf", "README.md"], "", "a.gguf", 1),
            (&["model.safetensors", "config.json", "1_Pooling/config.json", "b.gguf"], "", "", 3),
            (&["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"], "a-00002-of-00002.gguf", "a-00001-of-00002.gguf", 2),
        ];
        for (names, asked, expected, files) in cases {
            let folder = folder_with(names);
            let resolved = resolve(&folder.path().join(asked)).expect("a model");
            assert_eq!(resolved.path, folder.path().join(expected), "{names:?}");
            assert_eq!(resolved.files.len(), files, "{names:?}");
            assert_eq!(resolved.source, Source::Path);
        }
    }

    #[test]
    fn a_path_without_a_model_is_refused() {
        let folder = folder_with(&["a-00001-of-00002.gguf"]);
        assert!(matches!(resolve(&folder.path().join("none")), Err(HubError::NoSuchPath { .. })));
        assert!(matches!(resolve(folder.path()), Err(HubError::MissingShard { .. })));
        let part = folder.path().join("a-00001-of-00002.gguf");
        assert!(matches!(resolve(&part), Err(HubError::MissingShard { .. })));
        assert!(matches!(resolve(folder_with(&["README.md"]).path()), Err(HubError::NoWeights { .. })));
    }
}
