//! One file from the Hub into the cache: resumed, hashed as it arrives, and renamed only when its sum is right.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cache::{RepositoryCache, disk, make_parent};
use super::client::{Client, Location, Metadata};
use super::digest;
use super::error::{HubError, LONGEST_WAIT};
use super::fault::ProtocolFault;
use super::progress::{Progress, Task};
use super::settings::Patience;

/// Without a stated length, a server could fill the disk; only small text files come without one.
const MAX_UNSTATED: u64 = 64 << 20;

/// An attempt that brought this much counts as progress, however it ended.
const PROGRESS: u64 = 1 << 20;

/// What a file's bytes must be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected<'a> {
    /// Their SHA-256, if it is known.
    pub(super) sha256: Option<&'a str>,
    /// Their number, if it is known.
    pub(super) size: Option<u64>,
}

/// Bytes that are arriving, in a file beside their final place.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    length: u64,
}

impl Partial {
    /// Opens what an earlier fetch left at `path`, or an empty file.
    pub(super) fn open(path: PathBuf) -> Result<Self, HubError> {
        make_parent(&path)?;
        let options = File::options().create(true).read(true).write(true).truncate(false).open(&path);
        let mut file = disk(options, "open", &path)?;
        let (mut hasher, mut length) = (Sha256::new(), 0);
        let read = digest::pump(&mut file, |chunk| {
            hasher.update(chunk);
            length += chunk.len() as u64;
            std::io::Result::Ok(())
        });
        disk(read, "read", &path)?;
        Ok(Partial { path, file, hasher, length })
    }

    /// Forgets everything that is here.
    pub(super) fn clear(&mut self) -> Result<(), HubError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        disk(cleared, "empty", &self.path)?;
        (self.hasher, self.length) = (Sha256::new(), 0);
        Ok(())
    }

    /// Appends `bytes`.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        disk(self.file.write_all(bytes), "write", &self.path)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// The SHA-256 of what is here.
    fn sum(&self) -> String {
        digest::hexadecimal(self.hasher.clone())
    }

    /// Checks size and sum. What fails is deleted: resuming it could never succeed.
    pub(super) fn check(&self, name: &str, origin: &str, expected: Expected<'_>) -> Result<(), HubError> {
        let sum = self.sum();
        let fault = match expected {
            Expected { size: Some(size), .. } if size != self.length => Some(HubError::WrongSize {
                file: name.to_owned(),
                origin: origin.to_owned(),
                expected: size,
                found: self.length,
            }),
            Expected { sha256: Some(sha256), .. } if sha256 != sum => Some(wrong_sum(name, origin, sha256, &sum)),
            _ => None,
        };
        fault.map_or(Ok(()), |fault| {
            let _ = fs::remove_file(&self.path);
            Err(fault)
        })
    }

    /// Flushes everything to disk, so that the rename that follows cannot outlive the bytes.
    pub(super) fn flush(self) -> Result<(), HubError> {
        disk(self.file.sync_all(), "flush", &self.path)
    }
}

/// The error for a file whose bytes add up to `found`.
pub(super) fn wrong_sum(file: &str, origin: &str, expected: &str, found: &str) -> HubError {
    HubError::WrongSum {
        file: file.to_owned(),
        origin: origin.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// Fetches files of one revision of one repository.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) cache: &'a RepositoryCache,
    pub(super) location: Location<'a>,
    pub(super) endpoint: &'a str,
    pub(super) patience: Patience,
    pub(super) progress: &'a dyn Progress,
}

impl Download<'_> {
    /// Brings the blob of `file` into the cache unless it is there, and returns its path.
    pub(super) fn blob(&self, file: &str, metadata: &Metadata, expected: Expected<'_>) -> Result<PathBuf, HubError> {
        let origin = self.location.url(self.endpoint, Some(file));
        if let (Some(expected), Some(promised)) = (expected.sha256, metadata.sha256())
            && expected != promised
        {
            return Err(wrong_sum(file, &origin, expected, promised));
        }
        let expected =
            Expected { sha256: expected.sha256.or(metadata.sha256()), size: expected.size.or(metadata.size) };
        let blob = self.cache.blob(&metadata.etag);
        if is_whole(&blob, metadata, expected) {
            return Ok(blob);
        }
        let mut partial = Partial::open(self.cache.incomplete(&metadata.etag))?;
        let task = Task::start(self.progress, file, expected.size);
        let resumed = partial.length > 0;
        task.advance(partial.length);
        self.complete(file, &mut partial, expected.size, &task)?;
        if resumed && expected.sha256.is_some_and(|sha256| sha256 != partial.sum()) {
            tracing::info!(file, "what an earlier fetch left is not of this file: starting over");
            partial.clear()?;
            task.restart(file, expected.size);
            self.complete(file, &mut partial, expected.size, &task)?;
        }
        partial.check(file, &origin, expected)?;
        partial.flush()?;
        self.cache.publish_blob(&metadata.etag)
    }

    /// Appends to `partial` until it has `size` bytes, or until the server's end if no size is known.
    fn complete(&self, file: &str, partial: &mut Partial, size: Option<u64>, task: &Task<'_>) -> Result<(), HubError> {
        let mut failures = 0;
        while size != Some(partial.length) {
            let before = partial.length;
            match self.append(file, partial, size, task) {
                Ok(()) => return Ok(()),
                Err(error) if self.is_worth_resuming(&error) => {
                    failures = if partial.length >= before + PROGRESS { 1 } else { failures + 1 };
                    if failures >= self.patience.attempts {
                        return Err(error);
                    }
                    tracing::info!(file, received = partial.length, %error, "resuming");
                    std::thread::sleep(wait(self.patience, failures, &error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One request: what it brings is appended to `partial`.
    fn append(&self, file: &str, partial: &mut Partial, size: Option<u64>, task: &Task<'_>) -> Result<(), HubError> {
        let url = || self.location.url(self.endpoint, Some(file));
        let oversized = size.is_some_and(|size| partial.length > size);
        let transfer = if oversized { None } else { self.client.open(self.location, file, partial.length)? };
        let transfer = match transfer {
            Some(transfer) => transfer,
            None => {
                partial.clear()?;
                task.restart(file, size);
                let unreadable = || HubError::Protocol { url: url(), fault: ProtocolFault::Header("Content-Range") };
                self.client.open(self.location, file, 0)?.ok_or_else(unreadable)?
            }
        };
        if transfer.start == 0 && partial.length > 0 {
            tracing::info!(file, "the server knows no ranges: starting over");
            partial.clear()?;
            task.restart(file, size);
        }
        let stated = size.or(transfer.total);
        if let (Some(_), Some(total)) = (size, transfer.total)
            && size != Some(total)
        {
            return Err(self.wrong_length(file, size, total));
        }
        let limit = stated.unwrap_or(MAX_UNSTATED);
        digest::pump(transfer, |chunk| {
            if partial.length + chunk.len() as u64 > limit {
                let _ = fs::remove_file(&partial.path);
                return Err(Stop::Fault(self.wrong_length(file, stated, partial.length + chunk.len() as u64)));
            }
            partial.write(chunk).map_err(Stop::Fault)?;
            task.advance(chunk.len() as u64);
            Ok(())
        })
        .and_then(|()| match stated {
            Some(stated) if partial.length < stated => Err(Stop::Cut(std::io::ErrorKind::UnexpectedEof.into())),
            _ => Ok(()),
        })
        .map_err(|stop| match stop {
            Stop::Fault(error) => error,
            Stop::Cut(source) => HubError::Cut { url: url(), received: partial.length, source },
        })
    }

    /// Once the Hub has described the file, a refused connection is a restart or a hiccup as well.
    fn is_worth_resuming(&self, error: &HubError) -> bool {
        error.is_transient() || matches!(error, HubError::Unreachable { .. })
    }

    fn wrong_length(&self, file: &str, stated: Option<u64>, found: u64) -> HubError {
        let origin = self.location.url(self.endpoint, Some(file));
        match stated {
            Some(expected) => HubError::WrongSize { file: file.to_owned(), origin, expected, found },
            None => HubError::Protocol { url: origin, fault: ProtocolFault::Endless(MAX_UNSTATED) },
        }
    }
}

/// Runs `request` until it succeeds, fails for good, or has failed too often.
pub(super) fn with_retries<T>(
    patience: Patience,
    mut request: impl FnMut() -> Result<T, HubError>,
) -> Result<T, HubError> {
    let mut failures = 0;
    loop {
        match request() {
            Err(error) if error.is_transient() && failures + 1 < patience.attempts => {
                failures += 1;
                tracing::info!(%error, "asking again");
                std::thread::sleep(wait(patience, failures, &error));
            }
            result => return result,
        }
    }
}

enum Stop {
    Fault(HubError),
    Cut(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop::Cut(error)
    }
}

/// A published blob is trusted under a name that is its sum; under another name its bytes are asked.
fn is_whole(blob: &Path, metadata: &Metadata, expected: Expected<'_>) -> bool {
    let Ok(found) = fs::metadata(blob) else { return false };
    if expected.size.is_some_and(|size| size != found.len()) {
        return false;
    }
    match expected.sha256 {
        Some(sha256) if sha256 != metadata.etag => {
            let sum = File::open(blob).and_then(|file| digest::of_reader(file, |_| {}));
            sum.is_ok_and(|(sum, _)| sum == sha256)
        }
        _ => true,
    }
}

/// How long to wait after so many failures, of which this was the last: as long as the server asks for, or longer.
fn wait(patience: Patience, failures: u32, last: &HubError) -> Duration {
    let backoff = patience.backoff.saturating_mul(1 << failures.saturating_sub(1).min(16));
    backoff.min(LONGEST_WAIT).max(last.retry_after())
}
