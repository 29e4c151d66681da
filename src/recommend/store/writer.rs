//! What writes a store: one process at a time, and all or nothing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    CATALOGUE, Component, EMBEDDINGS, ENCODER, INTERACTIONS, ItemVectors, KNOWLEDGE, Manifest, ModelRecord, Store,
    StoreFault, USERS, codec, digest::sha256, files, manifest::MANIFEST,
};
use crate::recommend::{Catalogue, ColumnRole, Error, Interactions, Knowledge, Result, Users};

/// The components that come from the user's files; every other one is derived from them.
const SOURCES: [&str; 5] = [CATALOGUE, INTERACTIONS, USERS, KNOWLEDGE, EMBEDDINGS];

/// A store being written. Nothing of it is seen before [`commit`](Self::commit); dropped, it leaves what was there.
///
/// A source is put before what is derived from it. One that changes takes the derived components away, so that no model
/// of other data is ever read: any source the components that are not sources, the catalogue the embeddings, too.
#[derive(Debug)]
pub struct StoreWriter {
    path: PathBuf,
    current: Option<Store>,
    manifest: Manifest,
    /// Files that were written, and that nothing needs unless they are committed.
    written: Vec<String>,
    is_new: bool,
    is_committed: bool,
    _lock: File,
}

impl StoreWriter {
    /// Begins a store where there is none.
    ///
    /// # Errors
    /// If there is one, be it damaged or of another format, or the folder cannot be made, holds something else, or is
    /// written by another process.
    pub fn create(path: &Path) -> Result<Self> {
        Self::begin(path, |opened| match opened {
            Err(Error::Store(error)) if matches!(error.fault, StoreFault::NoStore) => Ok(None),
            _ => Err(StoreFault::Exists.of(path)),
        })
    }

    /// Begins an update, which keeps every component that is not put or removed; a new store where there is none.
    ///
    /// # Errors
    /// If the folder cannot be made, holds something else, or is written by another process; or if the store that is
    /// there has another format or is damaged.
    pub fn create_or_update(path: &Path) -> Result<Self> {
        Self::begin(path, |opened| match opened {
            Ok(store) => Ok(Some(store)),
            Err(Error::Store(error)) if matches!(error.fault, StoreFault::NoStore) => Ok(None),
            Err(error) => Err(error),
        })
        .map(|mut writer| {
            writer.manifest = writer.current.as_ref().map(|store| store.manifest().clone()).unwrap_or_default();
            writer.manifest.docent = Manifest::default().docent;
            writer
        })
    }

    /// Begins an update with what was learned from a store, which may have been written meanwhile.
    ///
    /// # Errors
    /// As for [`create_or_update`](Self::create_or_update), and if one of the components that it was learned from is
    /// another one now.
    pub fn update_with(learned_from: &Store, components: &[&'static str]) -> Result<Self> {
        let path = learned_from.path();
        let writer = Self::create_or_update(path)?;
        let is_other =
            |name: &&&str| writer.manifest.components.get(**name) != learned_from.manifest().components.get(**name);
        match components.iter().find(is_other) {
            Some(name) => Err(StoreFault::Changed(name).of(path)),
            None => Ok(writer),
        }
    }

    /// Begins a store that keeps nothing of the one that is there, which may be damaged or of another format.
    ///
    /// # Errors
    /// If the folder cannot be made, holds something else, or is written by another process.
    pub fn replace(path: &Path) -> Result<Self> {
        Self::begin(path, |opened| Ok(opened.ok()))
    }

    fn begin(path: &Path, keep: impl FnOnce(Result<Store>) -> Result<Option<Store>>) -> Result<Self> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let is_new = !path.exists();
        fs::create_dir_all(path).map_err(failed)?;
        if !files::is_free(path).map_err(failed)? {
            return Err(StoreFault::Foreign.of(path));
        }
        let lock = files::lock(path)?;
        let mut writer = Self {
            path: path.to_owned(),
            current: None,
            manifest: Manifest::default(),
            written: Vec::new(),
            is_new,
            is_committed: false,
            _lock: lock,
        };
        writer.current = keep(Store::open(path))?;
        if writer.current.is_some() || !writer.replaces() {
            files::remove_leftovers(path, &|file| writer.is_current(file));
        }
        Ok(writer)
    }

    /// The store that is there, if it can be read.
    pub fn current(&self) -> Option<&Store> {
        self.current.as_ref()
    }

    /// Whether a store is there, readable or not.
    pub fn replaces(&self) -> bool {
        self.path.join(MANIFEST).exists()
    }

    /// What the store will hold.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn is_current(&self, file: &str) -> bool {
        let names = |store: &Store| store.manifest().components.values().any(|component| component.file == file);
        self.current.as_ref().is_some_and(names)
    }

    /// Puts a component of any bytes.
    ///
    /// # Errors
    /// If the name is none, or the file cannot be written.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put_file(name, "bin", bytes)
    }

    fn put_file(&mut self, name: &str, extension: &str, bytes: &[u8]) -> Result<()> {
        if !files::is_component_name(name) {
            return Err(StoreFault::Name(name.to_owned()).of(&self.path));
        }
        let sha256 = sha256(bytes);
        let file = files::component_file(name, extension, &sha256);
        let component = Component { file, bytes: bytes.len() as u64, sha256 };
        let is_there = || fs::read(self.path.join(&component.file)).is_ok_and(|there| component.is(&there));
        if !(self.is_current(&component.file) && is_there()) {
            files::write(&self.path, &component.file, bytes)?;
            self.written.push(component.file.clone());
        }
        if self.manifest.components.get(name) != Some(&component) {
            self.drop_derived(name);
        }
        self.manifest.components.insert(name.to_owned(), component);
        Ok(())
    }

    /// Takes a component out, and what is derived from it.
    pub fn remove(&mut self, name: &str) {
        if self.manifest.components.remove(name).is_some() {
            self.drop_derived(name);
        }
    }

    fn drop_derived(&mut self, source: &str) {
        if SOURCES.contains(&source) {
            let is_kept = |name: &str| SOURCES.contains(&name) && !(source == CATALOGUE && name == EMBEDDINGS);
            self.manifest.components.retain(|name, _| is_kept(name));
            self.manifest.models.retain(|name, _| name == ENCODER);
        }
    }

    fn forget_what_is_gone(&mut self) {
        let Manifest { rows, skipped, models, components, .. } = &mut self.manifest;
        let is_gone = |name: &str| !components.contains_key(name);
        if is_gone(INTERACTIONS) {
            (rows.interactions, *skipped) = (0, 0);
        }
        if is_gone(USERS) {
            rows.users = 0;
        }
        if is_gone(KNOWLEDGE) {
            rows.knowledge = 0;
        }
        if is_gone(EMBEDDINGS) {
            models.remove(ENCODER);
        }
    }

    /// Puts the items.
    ///
    /// # Errors
    /// If an attribute is of several kinds or has the name of a fixed column, or the file cannot be written.
    pub fn put_catalogue(&mut self, catalogue: &Catalogue) -> Result<()> {
        let bytes = codec::catalogue::encode(catalogue).map_err(|fault| fault.of(&self.path))?;
        self.manifest.rows.items = catalogue.len();
        self.put_file(CATALOGUE, "parquet", &bytes)
    }

    /// Says whether the texts that the items' vectors come from hold what a language model read out of them.
    pub fn put_features_in_text(&mut self, features_in_text: bool) {
        self.manifest.features_in_text = features_in_text;
    }

    /// Puts the interactions, of the catalogue that is put.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn put_interactions(&mut self, interactions: &Interactions, catalogue: &Catalogue) -> Result<()> {
        let bytes = codec::interactions::encode(interactions, catalogue).map_err(|fault| fault.of(&self.path))?;
        self.manifest.rows.interactions = interactions.len();
        self.manifest.skipped = interactions.skipped();
        self.put_file(INTERACTIONS, "parquet", &bytes)
    }

    /// Puts the users.
    ///
    /// # Errors
    /// If an attribute is of several kinds or has the name of a fixed column, or the file cannot be written.
    pub fn put_users(&mut self, users: &Users) -> Result<()> {
        let bytes = codec::users::encode(users).map_err(|fault| fault.of(&self.path))?;
        self.manifest.rows.users = users.len();
        self.put_file(USERS, "parquet", &bytes)
    }

    /// Puts the facts.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn put_knowledge(&mut self, knowledge: &Knowledge) -> Result<()> {
        let bytes = codec::knowledge::encode(knowledge).map_err(|fault| fault.of(&self.path))?;
        self.manifest.rows.knowledge = knowledge.len();
        self.put_file(KNOWLEDGE, "parquet", &bytes)
    }

    /// Puts the items' vectors, of the catalogue that is put, and the encoder that they come from.
    ///
    /// # Errors
    /// If there are more or fewer than items, or the file cannot be written.
    pub fn put_embeddings(&mut self, vectors: &ItemVectors, encoder: ModelRecord) -> Result<()> {
        let (found, items) = (vectors.vectors.rows().len(), self.manifest.rows.items);
        if found != items {
            return Err(Error::VectorCount { vectors: found, items });
        }
        let bytes = codec::embeddings::encode(vectors).map_err(|fault| fault.of(&self.path))?;
        self.put_file(EMBEDDINGS, "safetensors", &bytes)?;
        self.put_model(ENCODER, encoder);
        Ok(())
    }

    /// Notes a model that a component was made with, by what it does; after the component is put.
    pub fn put_model(&mut self, name: &str, model: ModelRecord) {
        self.manifest.models.insert(name.to_owned(), model);
    }

    /// Notes what the columns of a table are for.
    pub fn put_roles(&mut self, table: &str, roles: Vec<ColumnRole>) {
        self.manifest.roles.insert(table.to_owned(), roles);
    }

    /// Makes the new store the one that readers find, and opens it.
    ///
    /// # Errors
    /// If the manifest cannot be written; then the old store stays.
    pub fn commit(mut self) -> Result<Store> {
        self.forget_what_is_gone();
        let unwritten =
            |error: serde_json::Error| Error::Write { path: self.path.join(MANIFEST), source: error.into() };
        let bytes = self.manifest.to_bytes().map_err(unwritten)?;
        files::sync(&self.path)?;
        files::write(&self.path, MANIFEST, &bytes)?;
        self.is_committed = true;
        files::sync(&self.path)?;
        let is_named = |file: &str| self.manifest.components.values().any(|component| component.file == file);
        files::remove_leftovers(&self.path, &is_named);
        Store::open(&self.path)
    }
}

impl Drop for StoreWriter {
    fn drop(&mut self) {
        if self.is_committed {
            return;
        }
        // What cannot be removed is left for the next writer.
        for file in self.written.iter().filter(|file| !self.is_current(file)) {
            let _ = fs::remove_file(self.path.join(file));
        }
        if self.is_new {
            let _ = fs::remove_file(self.path.join(files::LOCK));
            let _ = fs::remove_dir(&self.path);
        }
    }
}
