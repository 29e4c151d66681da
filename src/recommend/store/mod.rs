//! The store: a folder with everything that recommending needs, whole at every moment.
//!
//! `manifest.json` says which files belong to it and what their checksums are. A component's file has a part of its
//! SHA-256 in its name, so a writer never touches a file that a reader may have open: it writes new ones, brings them to
//! the disk, replaces the manifest by a rename, and only then removes what no manifest names any more. A process that
//! is killed on the way leaves the old store, and files that the next writer removes.
//!
//! One process writes, by a lock on `docent.lock`. Readers take no lock and never wait: [`Store::open`] opens all files
//! of one manifest, and so keeps what it found, whatever is written meanwhile.

mod codec;
mod digest;
mod fault;
mod files;
mod manifest;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

pub use codec::ItemVectors;
pub use digest::fingerprint;
pub use fault::{StoreError, StoreFault};
pub use manifest::{Component, FORMAT, Manifest, ModelRecord, Rows};
pub use writer::StoreWriter;

use super::{Catalogue, Error, Interactions, Knowledge, Result, Users};
use crate::engine::Embeddings;
use manifest::MANIFEST;

/// The component that holds the items.
pub const CATALOGUE: &str = "catalogue";
/// The component that holds the interactions.
pub const INTERACTIONS: &str = "interactions";
/// The component that holds the users.
pub const USERS: &str = "users";
/// The component that holds the facts.
pub const KNOWLEDGE: &str = "knowledge";
/// The component that holds the items' vectors.
pub const EMBEDDINGS: &str = "embeddings";

/// The model that the items' vectors come from, in [`Manifest::models`].
pub const ENCODER: &str = "encoder";

/// How often a store is opened again that was replaced while it was being opened.
const ATTEMPTS: usize = 16;

/// A store, as it was when it was opened.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    manifest: Manifest,
    /// The components' files, open.
    files: BTreeMap<String, Arc<Mutex<File>>>,
}

impl Store {
    /// Opens a store. Reads the manifest and nothing else.
    ///
    /// # Errors
    /// If there is none, it has another format, its manifest is damaged, or a file is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let mut bytes = read_manifest(path)?;
        for _ in 0..ATTEMPTS {
            let missing = match Self::with_manifest(path, &bytes) {
                Err(Error::Store(error)) if matches!(error.fault, StoreFault::Missing) => error,
                opened => return opened,
            };
            // A file that is gone belongs to a manifest that is, or the store is damaged.
            let now = read_manifest(path)?;
            if now == bytes {
                return Err(missing.into());
            }
            bytes = now;
        }
        Err(StoreFault::Locked.of(path))
    }

    fn with_manifest(path: &Path, bytes: &[u8]) -> Result<Self> {
        let manifest = Manifest::parse(bytes, path)?;
        let open = |(name, component): (&String, &Component)| {
            let file = path.join(&component.file);
            match File::open(&file) {
                Ok(open) => Ok((name.clone(), Arc::new(Mutex::new(open)))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreFault::Missing.of(&file)),
                Err(source) => Err(Error::Read { path: file, source }),
            }
        };
        let files = manifest.components.iter().map(open).collect::<Result<_>>()?;
        Ok(Self { path: path.to_owned(), manifest, files })
    }

    /// What the store holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The items.
    ///
    /// # Errors
    /// If the component is missing or damaged.
    pub fn catalogue(&self) -> Result<Catalogue> {
        self.decode(CATALOGUE, codec::catalogue::decode)?
            .ok_or_else(|| StoreFault::Missing.of(&self.path.join(CATALOGUE)))
    }

    /// The interactions with the items of this store's catalogue; none if the store was made without.
    ///
    /// # Errors
    /// If the component is damaged.
    pub fn interactions(&self, catalogue: &Catalogue) -> Result<Interactions> {
        let decode = |bytes| codec::interactions::decode(bytes, catalogue, self.manifest.skipped);
        Ok(self.decode(INTERACTIONS, decode)?.unwrap_or_default())
    }

    /// The users; none if the store was made without.
    ///
    /// # Errors
    /// If the component is damaged.
    pub fn users(&self) -> Result<Users> {
        Ok(self.decode(USERS, codec::users::decode)?.unwrap_or_default())
    }

    /// The facts; none if the store was made without.
    ///
    /// # Errors
    /// If the component is damaged.
    pub fn knowledge(&self) -> Result<Knowledge> {
        Ok(self.decode(KNOWLEDGE, codec::knowledge::decode)?.unwrap_or_default())
    }

    /// The items' vectors, (items, width), by index; `None` if the store was made without.
    ///
    /// # Errors
    /// If the component is damaged, or has not a vector for each item.
    pub fn embeddings(&self) -> Result<Option<Embeddings>> {
        Ok(self.item_vectors()?.map(|vectors| vectors.vectors))
    }

    /// The items' vectors with the texts that they were made from; `None` if the store was made without.
    ///
    /// # Errors
    /// If the component is damaged, or has not a vector for each item.
    pub fn item_vectors(&self) -> Result<Option<ItemVectors>> {
        let Some(vectors) = self.decode(EMBEDDINGS, |bytes| codec::embeddings::decode(&bytes))? else {
            return Ok(None);
        };
        let (found, items) = (vectors.vectors.rows().len(), self.manifest.rows.items);
        if found != items {
            return Err(Error::VectorCount { vectors: found, items });
        }
        Ok(Some(vectors))
    }

    /// The bytes of a component, their checksum verified; `None` if the store has no such component.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged.
    pub fn component(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let (Some(component), Some(file)) = (self.manifest.components.get(name), self.files.get(name)) else {
            return Ok(None);
        };
        let path = self.path.join(&component.file);
        let mut bytes = Vec::new();
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
        read.map_err(|source| Error::Read { path: path.clone(), source })?;
        match component.is(&bytes) {
            true => Ok(Some(bytes)),
            false => Err(StoreFault::Checksum.of(&path)),
        }
    }

    /// Makes sure that an encoder is the one that the items' vectors come from: vectors of another one mean nothing beside
    /// them, as wide as they may be. Where there are no vectors any encoder will do.
    ///
    /// # Errors
    /// If it is another one, or a file of it cannot be read.
    pub fn require_encoder(&self, reference: &str, files: &[PathBuf]) -> Result<()> {
        let Some(stored) = self.manifest.encoder() else { return Ok(()) };
        match fingerprint(files)? == stored.sha256 {
            true => Ok(()),
            false => Err(Error::OtherEncoder { named: reference.to_owned(), stored: stored.reference.clone() }),
        }
    }

    fn decode<T>(&self, name: &str, decode: impl FnOnce(Vec<u8>) -> Result<T, StoreFault>) -> Result<Option<T>> {
        let Some(bytes) = self.component(name)? else { return Ok(None) };
        let file = self.manifest.components.get(name).map_or(name, |component| &component.file);
        decode(bytes).map(Some).map_err(|fault| fault.of(&self.path.join(file)))
    }
}

impl Component {
    /// Whether these are the bytes that were written.
    fn is(&self, bytes: &[u8]) -> bool {
        self.bytes == bytes.len() as u64 && self.sha256 == digest::sha256(bytes)
    }
}

fn read_manifest(store: &Path) -> Result<Vec<u8>> {
    let path = store.join(MANIFEST);
    fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreFault::NoStore.of(store),
        _ => Error::Read { path, source: error },
    })
}
