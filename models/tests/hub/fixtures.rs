//! Registries, caches and resolvers for the tests, and a progress that remembers.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use docent_models::hub::{
    Entry, HubSettings, Kind, ModelReference, Package, Patience, Progress, RegistryFile, Resolver,
};
use sha2::{Digest, Sha256};

/// The model of [`registry`].
pub(crate) const ALIAS: &str = "tiny";
/// Its repository.
pub(crate) const REPO: &str = "org/tiny";
/// Its large file.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// Its small file.
pub(crate) const CONFIG: &str = "sub/config.json";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Three MiB that no two places share.
pub(crate) fn weights() -> Vec<u8> {
    (0..3 << 18).flat_map(|i: u32| i.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect()
}

pub(crate) fn config() -> Vec<u8> {
    br#"{"model_type": "bert"}"#.to_vec()
}

/// A registry of one model, whose checksums are those of [`weights`] and [`config`].
pub(crate) fn registry() -> &'static [Entry] {
    registry_of(&[(CONFIG, Some(config())), (WEIGHTS, Some(weights()))])
}

/// A registry of one model; a file without bytes has no known size and sum.
pub(crate) fn registry_of(files: &[(&'static str, Option<Vec<u8>>)]) -> &'static [Entry] {
    let sum = |bytes: &Vec<u8>| &*sha256(bytes).leak();
    let files: Vec<RegistryFile> = files
        .iter()
        .map(|(name, bytes)| RegistryFile {
            name,
            sha256: bytes.as_ref().map(sum),
            size: bytes.as_ref().map(|bytes| bytes.len() as u64),
        })
        .collect();
    let package = Package { name: "docent-tiny-model", version: "0.1.0", folder: "tiny/model" };
    vec![Entry {
        alias: ALIAS,
        kind: Kind::Encoder,
        repo: REPO,
        files: files.leak(),
        license: "MIT",
        package: Some(package),
        default: true,
    }]
    .leak()
}

pub(crate) fn alias() -> ModelReference {
    ModelReference::Alias(ALIAS.to_owned())
}

/// Settings for a fresh cache and the hub at `endpoint`: impatient, and without the package mirror.
pub(crate) fn settings(cache: &Path, endpoint: &str) -> HubSettings {
    let mut settings = HubSettings::new(cache);
    settings.endpoint = endpoint.to_owned();
    settings.mirror = false;
    settings.patience = Patience {
        connect: Duration::from_secs(5),
        stall: Duration::from_millis(500),
        attempts: 4,
        backoff: Duration::from_millis(1),
    };
    settings
}

/// An address of this machine at which nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

pub(crate) fn resolver(cache: &Path, endpoint: &str) -> Resolver {
    Resolver::with_registry(settings(cache, endpoint), registry())
}

pub(crate) fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Every file below `folder`, by its path from there; folders that hold locks are left out.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if name != ".locks" {
                    walk(root, &path, found);
                }
            } else {
                let relative: PathBuf = path.strip_prefix(root).expect("below").to_owned();
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// An error with its causes, one a line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<Task>>);

/// A piece of work that a [`Told`] heard of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) what: String,
    pub(crate) total: Option<u64>,
    pub(crate) advanced: u64,
    pub(crate) finished: bool,
}

impl Told {
    fn last(&self, change: impl FnOnce(&mut Task)) {
        change(self.0.lock().expect("no panic").last_mut().expect("a start"));
    }
}

impl Progress for Told {
    fn start(&self, what: &str, total: Option<u64>) {
        let task = Task { what: what.to_owned(), total, advanced: 0, finished: false };
        self.0.lock().expect("no panic").push(task);
    }

    fn advance(&self, bytes: u64) {
        self.last(|task| task.advanced += bytes);
    }

    fn finish(&self) {
        self.last(|task| task.finished = true);
    }
}
