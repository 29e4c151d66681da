//! Sharded safetensors: `model.safetensors.index.json` says which file holds which tensor.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    fs::File,
    io::Read,
    path::Path,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

use super::{
    super::{
        entry::MAX_TENSORS,
        error::{Field, WeightError},
        fault::Fault,
        part::{Part, map_part},
    },
    read_part,
};

/// Longest index, in bytes: as long as a header, which lists the same tensors.
const MAX_INDEX_BYTES: u64 = 100_000_000;

/// Most tensors in all shards together.
const MAX_LISTED: u64 = 4 * MAX_TENSORS;

/// The part of an index that says where tensors are.
#[derive(Deserialize)]
struct Index {
    weight_map: WeightMap,
    /// Without other fields to collect, a list of values would pass for an object.
    #[serde(flatten)]
    _others: IgnoredAny,
}

/// Tensor name to file name.
struct WeightMap(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for WeightMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Files;
        impl<'de> Visitor<'de> for Files {
            type Value = WeightMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of file names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightMap, A::Error> {
                let mut files = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if files.len() as u64 == MAX_LISTED {
                        return Err(A::Error::custom(format_args!("weight_map: more than {MAX_LISTED} tensors")));
                    }
                    let file = map
                        .next_value()
                        .map_err(|e: A::Error| A::Error::custom(format_args!("weight_map {name:?}: {e}")))?;
                    if files.contains_key(&name) {
                        return Err(A::Error::custom(format_args!("weight_map {name:?}: appears twice")));
                    }
                    files.insert(name, file);
                }
                Ok(WeightMap(files))
            }
        }
        deserializer.deserialize_map(Files)
    }
}

/// Opens every shard that the index at `path` names, in the order of their names.
pub(in super::super) fn open_index(path: &Path) -> Result<Vec<Part>, WeightError> {
    let text = read_bounded(path)?;
    let Index { weight_map: WeightMap(files), .. } = serde_json::from_slice(&text)
        .map_err(|source| WeightError::Json { path: path.to_owned(), part: "the index does not parse", source })?;
    for (name, file) in &files {
        require_plain(file).map_err(|fault| fault.at(path, Field::WeightMap { name: name.clone() }))?;
    }
    if files.is_empty() {
        return Err(Fault::Empty.at(path, Field::Header("weight_map")));
    }
    let shards: BTreeSet<&str> = files.values().map(String::as_str).collect();
    shards.into_iter().map(|shard| open_shard(path, shard, &files)).collect()
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, WeightError> {
    let io = |e| WeightError::io(path, e);
    let mut text = Vec::new();
    File::open(path).map_err(io)?.take(MAX_INDEX_BYTES + 1).read_to_end(&mut text).map_err(io)?;
    if text.len() as u64 > MAX_INDEX_BYTES {
        let fault = Fault::AboveLimit { found: text.len() as u64, limit: MAX_INDEX_BYTES };
        return Err(fault.at(path, Field::Header("index length")));
    }
    Ok(text)
}

/// A shard lies beside its index: its name has no folder in it, on any system.
fn require_plain(file: &str) -> Result<(), Fault> {
    let plain = !matches!(file, "" | "." | "..") && !file.contains(['/', '\\', ':', '\0']);
    if plain { Ok(()) } else { Err(Fault::NotPlainName { found: file.to_owned() }) }
}

fn open_shard(index: &Path, shard: &str, files: &BTreeMap<String, String>) -> Result<Part, WeightError> {
    let mut part = map_part(&index.with_file_name(shard), index)?;
    read_part(&mut part)?;
    let present: HashSet<&str> = part.entries.iter().map(|entry| entry.name.as_str()).collect();
    let absent = files.iter().find(|(name, file)| *file == shard && !present.contains(name.as_str()));
    match absent {
        None => Ok(part),
        Some((name, _)) => {
            let fault = Fault::NotInShard { shard: shard.to_owned() };
            Err(fault.at(index, Field::WeightMap { name: name.clone() }))
        }
    }
}
