//! The manifest: what a store holds, and the checksum of every byte of it.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EMBEDDINGS, ENCODER, StoreFault, digest::sha256};
use crate::recommend::{ColumnRole, Result};

/// The format of stores that this program reads and writes.
pub const FORMAT: u32 = 1;
/// The manifest's file.
pub(super) const MANIFEST: &str = "manifest.json";

/// What a store holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The store's format.
    pub format: u32,
    /// The version of Docent that wrote it.
    pub docent: String,
    /// How many records there are.
    pub rows: Rows,
    /// Interactions that were left out, since the catalogue lacked their item.
    pub skipped: usize,
    /// What the columns of the tables `items`, `interactions`, `users` and `knowledge` are for, in the last file of each.
    pub roles: BTreeMap<String, Vec<ColumnRole>>,
    /// The models that components were made with, by what they do: `encoder`.
    pub models: BTreeMap<String, ModelRecord>,
    /// Whether the texts that the items' vectors come from hold what a language model read out of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub features_in_text: bool,
    /// The components, by name.
    pub components: BTreeMap<String, Component>,
}

/// How many records a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Items of the catalogue.
    pub items: usize,
    /// Interactions of all users.
    pub interactions: usize,
    /// Users of whom more is known than what they did.
    pub users: usize,
    /// Facts.
    pub knowledge: usize,
}

/// A model that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// As the user named it.
    pub reference: String,
    /// The SHA-256 that its files have together: see [`fingerprint`](super::fingerprint).
    pub sha256: String,
}

/// A file of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its name in the store's folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

impl Default for Manifest {
    /// That of a store without anything.
    fn default() -> Self {
        Self {
            format: FORMAT,
            docent: env!("CARGO_PKG_VERSION").into(),
            rows: Rows::default(),
            skipped: 0,
            roles: BTreeMap::new(),
            models: BTreeMap::new(),
            features_in_text: false,
            components: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// The encoder that the items' vectors come from; `None` without vectors.
    pub fn encoder(&self) -> Option<&ModelRecord> {
        self.models.get(ENCODER).filter(|_| self.components.contains_key(EMBEDDINGS))
    }

    /// Reads the bytes of a store's manifest.
    pub(super) fn parse(bytes: &[u8], store: &Path) -> Result<Self> {
        let damaged = |why: String| StoreFault::Manifest(why).of(&store.join(MANIFEST));
        let mut value: Value = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        let found = value.get("format").and_then(Value::as_u64);
        let found = found.ok_or_else(|| damaged("it states no format".into()))?;
        if found != u64::from(FORMAT) {
            return Err(StoreFault::Version { found, expected: FORMAT }.of(store));
        }
        let stated = value.as_object_mut().and_then(|fields| fields.shift_remove("sha256"));
        if stated.as_ref().and_then(Value::as_str) != Some(&sha256(value.to_string().as_bytes())) {
            return Err(damaged("its checksum is not the one that it states".into()));
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        // A name with a way in it would lead out of the folder.
        let is_plain = |file: &str| Path::new(file).file_name().is_some_and(|name| name == file);
        match manifest.components.values().find(|component| !is_plain(&component.file)) {
            Some(component) => Err(damaged(format!("`{}` is no file of the store", component.file))),
            None => Ok(manifest),
        }
    }

    /// The bytes of the manifest's file, which state their own checksum.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        let sum = sha256(value.to_string().as_bytes());
        if let Some(fields) = value.as_object_mut() {
            fields.insert("sha256".into(), sum.into());
        }
        serde_json::to_vec_pretty(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let component = Component { file: "a-1.bin".into(), bytes: 3, sha256: sha256(b"abc") };
        Manifest { skipped: 2, components: [("a".to_owned(), component)].into(), ..Manifest::default() }
    }

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text.as_bytes(), Path::new("s")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_comes_back_as_it_was_written() {
        let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
        assert_eq!(parse(&text).unwrap(), manifest());
        let damaged = text.replace("\"skipped\": 2", "\"skipped\": 3");
        assert_eq!(
            parse(&damaged).unwrap_err(),
            "`s/manifest.json` is a damaged manifest: its checksum is not the one that it states"
        );
    }

    #[test]
    fn other_versions_and_ways_out_are_refused() {
        let newer = "{\"format\": 2, \"anything\": []}";
        let message = "`s` is a store of format 2, and this program reads and writes format 1";
        assert_eq!(parse(newer).unwrap_err(), message);
        assert_eq!(parse("[]").unwrap_err(), "`s/manifest.json` is a damaged manifest: it states no format");
        for file in ["../a", "/etc/passwd", "a/b", "..", ""] {
            let mut manifest = manifest();
            manifest.components.values_mut().for_each(|component| component.file = file.into());
            let text = String::from_utf8(manifest.to_bytes().unwrap()).unwrap();
            let message = format!("`s/manifest.json` is a damaged manifest: `{file}` is no file of the store");
            assert_eq!(parse(&text).unwrap_err(), message);
        }
    }
}
