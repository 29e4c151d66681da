//! What can be wrong with a store.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

/// A store, or a file of one, that cannot be used.
#[derive(Debug)]
pub struct StoreError {
    /// The store's folder, or the file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: StoreFault,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.fault)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// What is wrong with a store; it reads on from the store's or the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// There is no manifest.
    #[error("is no store")]
    NoStore,
    /// A store, or what is left of one, where a new one was to be made.
    #[error("is a store already")]
    Exists,
    /// Another process has put something else in the place of what was read.
    #[error("has another `{0}` than what was learned from")]
    Changed(&'static str),
    /// A folder that holds something else.
    #[error("is a folder that is neither empty nor a store")]
    Foreign,
    /// A store of another format.
    #[error("is a store of format {found}, and this program reads and writes format {expected}")]
    Version {
        /// Its format.
        found: u64,
        /// Ours.
        expected: u32,
    },
    /// Somebody else writes it.
    #[error("is being written by another process")]
    Locked,
    /// The manifest is damaged.
    #[error("is a damaged manifest: {0}")]
    Manifest(String),
    /// A file that the manifest names is not there.
    #[error("is missing, and the store's manifest names it")]
    Missing,
    /// A file is not what was written.
    #[error("is damaged: its checksum is not the one in the store's manifest")]
    Checksum,
    /// A file is what was written, and yet not what it should be.
    #[error("does not hold what its name says: {0}")]
    Content(String),
    /// Records that a store has no form for.
    #[error("cannot hold these records: {0}")]
    Records(String),
    /// A component's name that cannot be a file's.
    #[error("can have no component `{0}`: a name is made of a-z, 0-9 and _")]
    Name(String),
}

impl StoreFault {
    /// Names the store or the file.
    pub(super) fn of(self, path: &Path) -> crate::recommend::Error {
        StoreError { path: path.to_owned(), fault: self }.into()
    }
}

impl StoreError {
    /// The component whose file is damaged, if one is: its name stands before a part of the digest in that of the file.
    pub fn damaged_component(&self) -> Option<&str> {
        let (StoreFault::Checksum | StoreFault::Content(_)) = self.fault else { return None };
        let (component, _) = self.path.file_name()?.to_str()?.split_once('-')?;
        Some(component)
    }

    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        let anew =
            |store: &Path| format!("make the store anew: `docent index {} --items FILE --replace`", store.display());
        match &self.fault {
            StoreFault::NoStore => Some(format!("make one: `docent index {} --items FILE`", self.path.display())),
            StoreFault::Exists => {
                Some("add to it with `--append`, or make it anew with `--replace`: what it holds is lost then".into())
            }
            StoreFault::Foreign => Some("name a folder that is empty or not there yet".into()),
            StoreFault::Version { .. } => Some(anew(&self.path)),
            StoreFault::Changed(_) => Some("learn again from what is there now".into()),
            StoreFault::Locked => Some("wait until it is done".into()),
            StoreFault::Manifest(_) | StoreFault::Missing | StoreFault::Checksum | StoreFault::Content(_) => {
                Some(anew(self.path.parent().unwrap_or(&self.path)))
            }
            StoreFault::Records(_) | StoreFault::Name(_) => None,
        }
    }
}
