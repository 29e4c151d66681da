//! The key-value metadata of a GGUF file: read once, copied out of the file, asked by type.

use std::{
    collections::BTreeMap,
    collections::btree_map,
    path::{Path, PathBuf},
};

use super::{
    super::{
        error::{Field, WeightError},
        fault::Fault,
    },
    reader::Reader,
    texts::Texts,
    value::{Array, Value, read_value},
};

/// Most metadata entries. Published models have fewer than a hundred.
pub(super) const MAX_ENTRIES: u64 = 1 << 16;

/// Fewest bytes that a metadata entry takes: key length, type, and a value of one byte.
pub(super) const SMALLEST_ENTRY: u64 = 8 + 4 + 1;

/// Longest key, in bytes, as GGUF's specification has it.
const MAX_KEY_BYTES: u64 = u16::MAX as u64;

/// The metadata of a GGUF file. Of a split model: that of its first shard.
#[derive(Debug)]
pub struct Metadata {
    path: PathBuf,
    values: BTreeMap<String, Value>,
}

impl Metadata {
    /// The value under `key`, of whatever type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Forgets all lists: the vocabulary and its scores are most of the memory that metadata takes.
    pub(in super::super) fn forget_lists(&mut self) {
        self.values.retain(|_, value| !matches!(value, Value::Array(_)));
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// An integer of any width that fits into 32 bits.
    ///
    /// # Errors
    ///
    /// This and every other getter: [`WeightError::MissingKey`], and [`WeightError::KeyType`] for a value of another
    /// type or out of range.
    pub fn u32(&self, key: &str) -> Result<u32, WeightError> {
        self.typed(key, "u32", |value| value.to_integer()?.try_into().ok())
    }

    /// An integer of any width that fits into 64 bits.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn u64(&self, key: &str) -> Result<u64, WeightError> {
        self.typed(key, "u64", |value| value.to_integer()?.try_into().ok())
    }

    /// A float. Doubles are rounded.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn f32(&self, key: &str) -> Result<f32, WeightError> {
        self.typed(key, "f32", |value| match *value {
            Value::F32(v) => Some(v),
            Value::F64(v) => Some(v as f32),
            _ => None,
        })
    }

    /// A truth value.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn bool(&self, key: &str) -> Result<bool, WeightError> {
        self.typed(key, "bool", |value| match *value {
            Value::Bool(v) => Some(v),
            _ => None,
        })
    }

    /// A string.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn str(&self, key: &str) -> Result<&str, WeightError> {
        self.typed(key, "string", |value| match value {
            Value::String(v) => Some(v.as_str()),
            _ => None,
        })
    }

    /// An array of any element type.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn array(&self, key: &str) -> Result<&Array, WeightError> {
        self.typed(key, "array", |value| match value {
            Value::Array(v) => Some(v),
            _ => None,
        })
    }

    /// An array of strings.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn strings(&self, key: &str) -> Result<&Texts, WeightError> {
        self.typed(key, "array of string", |value| match value {
            Value::Array(Array::String(v)) => Some(v),
            _ => None,
        })
    }

    /// An array of floats.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn f32s(&self, key: &str) -> Result<&[f32], WeightError> {
        self.typed(key, "array of f32", |value| match value {
            Value::Array(Array::F32(v)) => Some(v.as_slice()),
            _ => None,
        })
    }

    /// An array of integers of any width that all fit into 32 bits.
    ///
    /// # Errors
    ///
    /// As [`u32`](Self::u32).
    pub fn u32s(&self, key: &str) -> Result<Vec<u32>, WeightError> {
        self.typed(key, "array of u32", |value| match value {
            Value::Array(v) => v.to_integers()?.into_iter().map(|i| i.try_into().ok()).collect(),
            _ => None,
        })
    }

    /// What `getter` finds under `key`, or `None` where the key is absent: `metadata.optional(key, Metadata::u32)`.
    ///
    /// # Errors
    ///
    /// [`WeightError::KeyType`], as `getter`: a key that is there must be of its type.
    pub fn optional<'a, T>(
        &'a self,
        key: &str,
        getter: impl FnOnce(&'a Self, &str) -> Result<T, WeightError>,
    ) -> Result<Option<T>, WeightError> {
        if self.values.contains_key(key) { getter(self, key).map(Some) } else { Ok(None) }
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        wanted: &'static str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, WeightError> {
        let (path, key_name) = (|| self.path.clone(), || key.to_owned());
        let value = self.get(key).ok_or_else(|| WeightError::MissingKey { path: path(), key: key_name() })?;
        convert(value).ok_or_else(|| WeightError::KeyType {
            path: path(),
            key: key_name(),
            wanted,
            found: value.to_string(),
        })
    }
}

/// Reads `count` entries.
pub(super) fn read_metadata(path: &Path, reader: &mut Reader<'_>, count: usize) -> Result<Metadata, WeightError> {
    let mut values = BTreeMap::new();
    for index in 0..count {
        let key = read_key(reader).map_err(|fault| fault.at(path, Field::MetadataAt { index, part: "key" }))?;
        let value = read_value(reader).map_err(|e| {
            let field = match e.element {
                Some(index) => Field::Element { key: key.clone(), index },
                None => Field::metadata(&key, "value"),
            };
            e.fault.at(path, field)
        })?;
        match values.entry(key) {
            btree_map::Entry::Vacant(entry) => entry.insert(value),
            btree_map::Entry::Occupied(entry) => {
                return Err(Fault::Duplicate.at(path, Field::metadata(entry.key(), "key")));
            }
        };
    }
    Ok(Metadata { path: path.to_owned(), values })
}

fn read_key(reader: &mut Reader<'_>) -> Result<String, Fault> {
    let key = reader.string(MAX_KEY_BYTES)?;
    if key.is_empty() { Err(Fault::Empty) } else { Ok(key) }
}
