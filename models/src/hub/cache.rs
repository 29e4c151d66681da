//! One repository in the cache, in the layout that Python's `huggingface_hub` reads and writes.
//!
//! ```text
//! CACHE/models--ORG--NAME/blobs/ETAG               the bytes; the ETag of a large file is its SHA-256
//! CACHE/models--ORG--NAME/blobs/ETAG.incomplete    as many of them as are here
//! CACHE/models--ORG--NAME/snapshots/COMMIT/FILE    symbolic link to a blob (a hard link or copy where none can be made)
//! CACHE/models--ORG--NAME/refs/REVISION            the commit of a branch or tag
//! CACHE/models--ORG--NAME/.docent/COMMIT           the files of the model in it, written when all are here; Docent's own
//! CACHE/.locks/models--ORG--NAME/docent.lock       held while one process fetches into the repository
//! ```
//!
//! What stands under a final name is whole: bytes are flushed to disk before a rename gives them their name, links and
//! refs are made aside and renamed, and a ref is written after everything that it leads to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::error::HubError;
use super::reference::is_plain_file_name;

/// The suffix of bytes that are still arriving.
const INCOMPLETE: &str = ".incomplete";

/// Names the failed `action` at `path` in the error of a file operation.
pub(super) fn disk<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, HubError> {
    result.map_err(|source| HubError::Disk { action, path: path.to_owned(), source })
}

/// A repository's folder in the cache.
pub(super) struct RepositoryCache {
    layout: CacheRepo,
    folder: PathBuf,
    lock: PathBuf,
}

/// The right to write into a repository's folder, given up when dropped or when the process dies.
pub(super) struct Lock {
    _file: File,
}

impl RepositoryCache {
    /// The folder of `repo` (`ORG/NAME`) below `cache`; touches nothing.
    pub(super) fn new(cache: &Path, repo: &str) -> Self {
        let repo = Repo::new(repo.to_owned(), RepoType::Model);
        let name = repo.folder_name();
        RepositoryCache {
            folder: cache.join(&name),
            lock: cache.join(".locks").join(&name).join("docent.lock"),
            layout: Cache::new(cache.to_owned()).repo(repo),
        }
    }

    /// A folder for bytes on their way into the cache; on the same disk, and for the holder of the lock alone.
    pub(super) fn staging(&self) -> PathBuf {
        self.folder.join(".staging")
    }

    /// The commit that `revision` leads to, as far as the cache knows; a revision that is a cached commit is its own.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        let written = fs::read_to_string(self.reference(revision)).ok().map(|text| text.trim().to_owned());
        written
            .filter(|commit| is_safe_name(commit))
            .or_else(|| (is_safe_name(revision) && self.snapshot(revision).is_dir()).then(|| revision.to_owned()))
    }

    /// The folder of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.layout.pointer_path(commit)
    }

    /// Where the bytes of `etag` stand when they are whole.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.layout.blob_path(etag)
    }

    /// Where the bytes of `etag` stand while they arrive.
    pub(super) fn incomplete(&self, etag: &str) -> PathBuf {
        self.layout.blob_path(&format!("{etag}{INCOMPLETE}"))
    }

    /// Waits until no other process fetches into this repository.
    pub(super) fn lock(&self) -> Result<Lock, HubError> {
        make_parent(&self.lock)?;
        let open = File::options().create(true).append(true).open(&self.lock);
        let file = disk(open, "open the lock", &self.lock)?;
        if file.try_lock().is_err() {
            tracing::info!(lock = %self.lock.display(), "waiting for another process that fetches this model");
            disk(file.lock(), "lock", &self.lock)?;
        }
        Ok(Lock { _file: file })
    }

    /// Gives flushed bytes at `incomplete` their final name.
    pub(super) fn publish_blob(&self, etag: &str) -> Result<PathBuf, HubError> {
        let blob = self.blob(etag);
        disk(fs::rename(self.incomplete(etag), &blob), "rename into", &blob)?;
        sync_parent(&blob)?;
        Ok(blob)
    }

    /// Makes `file` of `commit` lead to the blob of `etag`, and returns its path in the snapshot.
    pub(super) fn place(&self, commit: &str, file: &str, etag: &str) -> Result<PathBuf, HubError> {
        let path = self.snapshot(commit).join(file);
        make_parent(&path)?;
        let aside = aside(&path);
        let _ = fs::remove_file(&aside);
        let up = "../".repeat(2 + file.matches('/').count());
        let target = PathBuf::from(format!("{up}blobs/{etag}"));
        disk(link(&target, &self.blob(etag), &aside), "link", &aside)?;
        disk(fs::rename(&aside, &path), "rename into", &path)?;
        sync_parent(&path)?;
        Ok(path)
    }

    /// Notes that `revision` leads to `commit`. A commit needs no note.
    pub(super) fn note(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if revision == commit {
            return Ok(());
        }
        let path = self.reference(revision);
        make_parent(&path)?;
        let aside = aside(&path);
        let written = File::create(&aside).and_then(|mut file| {
            io::Write::write_all(&mut file, commit.as_bytes())?;
            file.sync_all()
        });
        disk(written, "write", &aside)?;
        disk(fs::rename(&aside, &path), "rename into", &path)?;
        sync_parent(&path)
    }

    /// Notes that `files` are the model of `commit`, and all here.
    pub(super) fn note_files(&self, commit: &str, files: &[String]) -> Result<(), HubError> {
        let path = self.list(commit);
        make_parent(&path)?;
        let aside = aside(&path);
        let written = File::create(&aside).and_then(|mut file| {
            serde_json::to_writer(&mut file, files)?;
            file.sync_all()
        });
        disk(written, "write", &aside)?;
        disk(fs::rename(&aside, &path), "rename into", &path)?;
        sync_parent(&path)
    }

    /// The files of the model of a commit, if they were once all here.
    pub(super) fn files(&self, commit: &str) -> Option<Vec<String>> {
        let files: Vec<String> = serde_json::from_slice(&fs::read(self.list(commit)).ok()?).ok()?;
        files.iter().all(|file| is_plain_file_name(file)).then_some(files)
    }

    fn list(&self, commit: &str) -> PathBuf {
        self.folder.join(".docent").join(commit)
    }

    /// Whether any commit is noted for `revision`.
    pub(super) fn is_noted(&self, revision: &str) -> bool {
        self.reference(revision).exists()
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.folder.join("refs").join(revision)
    }
}

/// Whether a name that the network gave may become a file name of the cache: ETags and commits are hexadecimal.
pub(super) fn is_safe_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The name of the blob that the link at `path` leads to.
pub(super) fn blob_name(path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    Some(target.file_name()?.to_str()?.to_owned())
}

/// Creates the folder that `path` stands in.
pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    disk(fs::create_dir_all(folder), "create folder", folder)
}

/// A name beside `path` that no reader looks at.
fn aside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Makes a rename in the folder of `path` survive a loss of power.
fn sync_parent(path: &Path) -> Result<(), HubError> {
    if cfg!(unix) {
        let folder = path.parent().unwrap_or(Path::new("."));
        disk(File::open(folder).and_then(|folder| folder.sync_all()), "flush folder", folder)?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, _blob: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// Symbolic links need a privilege elsewhere, hard links a file system that has them.
#[cfg(not(unix))]
fn link(_target: &Path, blob: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(blob, path).or_else(|_| fs::copy(blob, path).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_the_network_stay_in_the_cache() {
        let cases = [("abc123", true), ("W-x_1.0", true), ("", false), ("..", false), ("a/b", false), (".git", false)];
        for (name, expected) in cases {
            assert_eq!(is_safe_name(name), expected, "{name:?}");
        }
        assert!(!is_safe_name(&"a".repeat(129)));
    }

    #[test]
    fn the_layout_is_that_of_the_hub() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = RepositoryCache::new(folder.path(), "org/name");
        fs::create_dir_all(cache.blob("e").parent().expect("blobs")).expect("a writable folder");
        fs::write(cache.incomplete("e"), "bytes").expect("a writable folder");
        cache.publish_blob("e").expect("published");
        let path = cache.place("c0ffee", "sub/config.json", "e").expect("placed");
        cache.note("refs/pr/1", "c0ffee").expect("noted");

        let root = folder.path().join("models--org--name");
        assert_eq!(path, root.join("snapshots/c0ffee/sub/config.json"));
        assert_eq!(fs::read_to_string(&path).expect("a link that leads somewhere"), "bytes");
        assert_eq!(fs::read_to_string(root.join("refs/refs/pr/1")).expect("a ref"), "c0ffee");
        assert_eq!(cache.commit("refs/pr/1").as_deref(), Some("c0ffee"));
        assert_eq!(cache.commit("c0ffee").as_deref(), Some("c0ffee"));
        assert_eq!(cache.commit("main"), None);
        #[cfg(unix)]
        assert_eq!(fs::read_link(&path).expect("a link"), Path::new("../../../blobs/e"));
        assert_eq!(fs::read_dir(root.join("snapshots/c0ffee/sub")).expect("a folder").count(), 1);
    }
}
