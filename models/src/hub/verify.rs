//! Checks cached files, byte by byte, against what they must be.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::cache::{self, RepositoryCache, disk};
use super::digest;
use super::error::HubError;
use super::local;
use super::plan::{Plan, Target};
use super::progress::{Progress, Task};
use super::reference::ModelReference;
use super::resolver::{Resolver, Source, snapshots};

/// What [`Resolver::verify`] found, file by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The files of the model, in the registry's order.
    pub files: Vec<FileReport>,
}

impl Report {
    /// Whether every file is there and none is known to be wrong.
    pub fn is_sound(&self) -> bool {
        self.files.iter().all(|file| file.state.is_sound())
    }
}

/// What was found about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Its name in the repository or folder.
    pub name: String,
    /// Where it is or would be; `None` if nothing of its repository is cached.
    pub path: Option<PathBuf>,
    /// What was found.
    pub state: FileState,
}

/// The state of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// Its bytes have the SHA-256 that they must have.
    Sound {
        /// The sum.
        sha256: String,
    },
    /// It is there, and nobody states what its sum must be: small files of unregistered repositories, and paths.
    Unknown {
        /// The sum that it has.
        sha256: String,
    },
    /// It is not there.
    Missing,
    /// It has another size.
    WrongSize {
        /// Bytes that it must have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// It has another sum.
    WrongSum {
        /// The SHA-256 that it must have.
        expected: String,
        /// The SHA-256 that it has.
        found: String,
    },
}

impl FileState {
    /// Whether the file is there and not known to be wrong.
    pub fn is_sound(&self) -> bool {
        matches!(self, FileState::Sound { .. } | FileState::Unknown { .. })
    }
}

impl Resolver {
    /// Reads every cached file of `reference` and compares its SHA-256 with the registry's or, where the registry has
    /// none, with the one that names its blob. Uses no network.
    ///
    /// # Errors
    ///
    /// An unknown alias, a path or a cached folder without a model, and files that cannot be read. A file that is
    /// missing or wrong is no error but part of the report.
    pub fn verify(&self, reference: &ModelReference, progress: &dyn Progress) -> Result<Report, HubError> {
        let plan = match Target::of(reference, self.entries())? {
            Target::Path(path) => {
                let found = local::resolve(path)?;
                let folder = found.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("")).to_owned();
                let names = found.files.iter().map(|file| relative(&folder, file)).collect();
                return report(Some(&folder), names, |_| (None, None), progress);
            }
            Target::Hub(plan) => plan,
        };
        let cache = RepositoryCache::new(&self.settings().cache, plan.repo);
        let folder = fullest(&plan, snapshots(&plan, &cache));
        let names = match (&plan.files, &folder) {
            (Some(files), _) => files.clone(),
            (None, Some(folder)) => {
                let found = local::folder(folder, Source::Cache)?;
                found.files.iter().map(|file| relative(folder, file)).collect()
            }
            (None, None) => {
                let sources = plan.sources(&self.settings().endpoint, self.settings().mirror);
                return Err(HubError::NotCached { reference: plan.name, sources });
            }
        };
        let expected = |name: &str| {
            let known = plan.registered(name);
            let blob = folder.as_ref().and_then(|folder| cache::blob_name(&folder.join(name)));
            let blob = blob.filter(|name| digest::is_sha256(name));
            let sum = known.and_then(|known| known.sha256).map(str::to_owned).or(blob);
            (known.and_then(|known| known.size), sum)
        };
        report(folder.as_deref(), names, expected, progress)
    }
}

/// The snapshot that holds the most of what is asked for.
fn fullest(plan: &Plan<'_>, snapshots: Vec<PathBuf>) -> Option<PathBuf> {
    let held = |folder: &PathBuf| {
        let files = plan.files.iter().flatten();
        files.filter(|file| folder.join(file).is_file()).count()
    };
    // The first of equals: the order is that of likelihood.
    snapshots.into_iter().filter(|folder| folder.is_dir()).rev().max_by_key(held)
}

fn report(
    folder: Option<&Path>,
    names: Vec<String>,
    expected: impl Fn(&str) -> (Option<u64>, Option<String>),
    progress: &dyn Progress,
) -> Result<Report, HubError> {
    let files = names.into_iter().map(|name| {
        let path = folder.map(|folder| folder.join(&name));
        let (size, sum) = expected(&name);
        let state = match &path {
            Some(path) if path.is_file() => state(&name, path, size, sum, progress)?,
            _ => FileState::Missing,
        };
        Ok(FileReport { name, path, state })
    });
    Ok(Report { files: files.collect::<Result<_, HubError>>()? })
}

fn state(
    name: &str,
    path: &Path,
    size: Option<u64>,
    sum: Option<String>,
    progress: &dyn Progress,
) -> Result<FileState, HubError> {
    let file = disk(File::open(path), "open", path)?;
    let found = disk(file.metadata(), "read", path)?.len();
    if let Some(expected) = size.filter(|&size| size != found) {
        return Ok(FileState::WrongSize { expected, found });
    }
    let task = Task::start(progress, name, Some(found));
    let (sha256, _) = disk(digest::of_reader(file, |bytes| task.advance(bytes)), "read", path)?;
    Ok(match sum {
        None => FileState::Unknown { sha256 },
        Some(expected) if expected == sha256 => FileState::Sound { sha256 },
        Some(expected) => FileState::WrongSum { expected, found: sha256 },
    })
}

fn relative(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/")
}
