//! The files of a store: how they are called, how they come to the disk, and which of them are left over.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::Path,
};

use super::{StoreFault, manifest::MANIFEST};
use crate::recommend::{Error, Result};

/// The file that the one writer holds a lock on. It stays in the folder, and marks it as a store's.
pub(super) const LOCK: &str = "docent.lock";
/// How a file is called until it is whole.
const PARTIAL: &str = ".partial";
/// Digits of the SHA-256 in the name of a component's file.
const DIGITS: usize = 16;

/// Whether a component can have this name.
pub(super) fn is_component_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(is_plain)
}

/// How the file of a component is called.
pub(super) fn component_file(name: &str, extension: &str, sha256: &str) -> String {
    format!("{name}-{}.{extension}", &sha256[..DIGITS])
}

/// Whether a file's name is one that a writer gives.
fn is_ours(file: &str) -> bool {
    let whole = file.strip_suffix(PARTIAL).unwrap_or(file);
    if whole == MANIFEST {
        return whole != file;
    }
    let parts = whole.rsplit_once('.').and_then(|(stem, _)| stem.rsplit_once('-'));
    parts.is_some_and(|(name, digits)| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        is_component_name(name) && digits.len() == DIGITS && digits.bytes().all(is_digit)
    })
}

/// Whether a store may be written into a folder: one that is empty, or that a store was begun in.
pub(super) fn is_free(folder: &Path) -> io::Result<bool> {
    let is_marked = [MANIFEST, LOCK].iter().any(|name| folder.join(name).is_file());
    Ok(is_marked || fs::read_dir(folder)?.next().is_none())
}

/// Takes the lock of a store's folder; it is held as long as the file is open.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let failed = |source| Error::Write { path: path.clone(), source };
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) if is_same(&file, &path).map_err(failed)? => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreFault::Locked.of(folder)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// Whether a path still leads to an open file: a writer that gives up its new store takes the lock's file away.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match fs::metadata(path) {
        Ok(metadata) => Ok(id(metadata) == id(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere an open file cannot be taken away.
#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Writes a file aside, brings it to the disk, and gives it its name.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    let partial = folder.join(format!("{name}{PARTIAL}"));
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, &path)
    });
    written.map_err(|source| {
        // What cannot be removed is left for the next writer.
        let _ = fs::remove_file(&partial);
        Error::Write { path, source }
    })
}

/// Brings the names in a folder to the disk; folders cannot be opened everywhere.
pub(super) fn sync(folder: &Path) -> Result<()> {
    match File::open(folder) {
        Ok(open) => open.sync_all().map_err(|source| Error::Write { path: folder.into(), source }),
        Err(_) => Ok(()),
    }
}

/// Removes the files of writers that are not `kept`. What cannot be removed is no fault of the store.
pub(super) fn remove_leftovers(folder: &Path, kept: &dyn Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if let Some(name) = name.to_str().filter(|name| is_ours(name) && !kept(name))
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(%error, name, "a file that no store needs stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_writer_gives_are_left_over() {
        let ours = ["a-0123456789abcdef.bin", "manifest.json.partial", "hybrid_2-0123456789abcdef.safetensors.partial"];
        let others = [
            "manifest.json",
            "docent.lock",
            "sessions.sqlite",
            "a-0123.bin",
            "notes.partial",
            "A-0123456789abcdef.bin",
        ];
        assert!(ours.iter().all(|name| is_ours(name)));
        assert!(!others.iter().any(|name| is_ours(name)));
        assert!(is_ours(&component_file("a", "bin", &"0f".repeat(32))));
        assert!(!["", "a-b", "A", "a/b", "..", "ä"].iter().any(|name| is_component_name(name)));
    }
}
