//! GGUF models in several files: `NAME-00001-of-00003.gguf` and its siblings in one folder.
//!
//! Any file of the set leads to all of them. Their `split.*` keys must agree with their names and with each other.

use std::path::{Path, PathBuf};

use super::{
    super::{
        error::{Field, WeightError},
        fault::Fault,
        part::{Part, map_part},
    },
    Header, MAGIC, Metadata, parse,
};

/// The name of one file of a split model, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct ShardName {
    pub(in super::super) prefix: String,
    /// From 1.
    pub(in super::super) number: u32,
    pub(in super::super) count: u32,
}

impl ShardName {
    /// Takes `PREFIX-00001-of-00003.gguf` apart; `None` for any other name.
    pub(in super::super) fn parse(file_name: &str) -> Option<Self> {
        let (rest, count) = file_name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (prefix, number) = rest.rsplit_once('-')?;
        let (number, count) = (five_digits(number)?, five_digits(count)?);
        (1..=count).contains(&number).then(|| Self { prefix: prefix.to_owned(), number, count })
    }

    fn of(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?)
    }

    /// The path of shard `number` beside `path`.
    fn sibling(&self, path: &Path, number: u32) -> PathBuf {
        path.with_file_name(format!("{}-{number:05}-of-{:05}.gguf", self.prefix, self.count))
    }
}

fn five_digits(text: &str) -> Option<u32> {
    (text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Opens the model that the GGUF file `part` belongs to: all its parts in order, and the first one's metadata.
pub(in super::super) fn open(mut part: Part) -> Result<(Vec<Part>, Metadata), WeightError> {
    let header = parse(&part.path, &part.map)?;
    let Some(name) = split_name(&part.path, &header.metadata)? else {
        let metadata = part.fill(header);
        return Ok((vec![part], metadata));
    };
    let mut parts = Vec::new();
    let mut metadata = Vec::new();
    for number in 1..=name.count {
        let (shard, shard_metadata) = open_shard(&part.path, &name, number)?;
        parts.push(shard);
        metadata.push(shard_metadata);
    }
    let tensors: usize = parts.iter().map(|p| p.entries.len()).sum();
    for (part, metadata) in parts.iter().zip(&metadata) {
        require(&part.path, metadata, "split.tensors.count", tensors as u64)?;
    }
    Ok((parts, metadata.swap_remove(0)))
}

/// The name of the file as one of a set, or `None` if it is a whole model. Name and metadata must agree.
fn split_name(path: &Path, metadata: &Metadata) -> Result<Option<ShardName>, WeightError> {
    const KEY: &str = "split.count";
    let name = ShardName::of(path).filter(|name| name.count > 1);
    if let Some(name) = name {
        require(path, metadata, KEY, name.count.into())?;
        return Ok(Some(name));
    }
    match metadata.optional(KEY, Metadata::u64)? {
        None | Some(0 | 1) => Ok(None),
        Some(count) => Err(Fault::ShardName { count }.at(path, Field::metadata(KEY, "value"))),
    }
}

fn open_shard(beside: &Path, name: &ShardName, number: u32) -> Result<(Part, Metadata), WeightError> {
    let mut part = map_part(&name.sibling(beside, number), beside)?;
    if !part.map.starts_with(MAGIC) {
        return Err(WeightError::unknown_kind(&part.path, &part.map));
    }
    let header = parse(&part.path, &part.map)?;
    require(&part.path, &header.metadata, "split.count", name.count.into())?;
    require(&part.path, &header.metadata, "split.no", u64::from(number) - 1)?;
    let metadata = part.fill(header);
    Ok((part, metadata))
}

fn require(path: &Path, metadata: &Metadata, key: &str, expected: u64) -> Result<(), WeightError> {
    let found = metadata.u64(key)?;
    if found == expected {
        return Ok(());
    }
    Err(Fault::Mismatch { found, expected }.at(path, Field::metadata(key, "value")))
}

impl Part {
    /// Takes over what the header says, and hands the metadata back.
    fn fill(&mut self, header: Header) -> Metadata {
        self.entries = header.entries;
        self.header = header.end;
        header.metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_names_are_taken_apart() {
        let name = |prefix: &str, number, count| Some(ShardName { prefix: prefix.into(), number, count });
        for (file, expected) in [
            ("m-00002-of-00003.gguf", name("m", 2, 3)),
            ("a-b.c-00001-of-00001.gguf", name("a-b.c", 1, 1)),
            ("-00001-of-00002.gguf", name("", 1, 2)),
            ("m-00000-of-00003.gguf", None),
            ("m-00004-of-00003.gguf", None),
            ("m-1-of-3.gguf", None),
            ("m-+0001-of-00003.gguf", None),
            ("m-00001-of-00003.safetensors", None),
            ("00001-of-00003.gguf", None),
            ("m.gguf", None),
        ] {
            assert_eq!(ShardName::parse(file), expected, "{file}");
        }
    }
}
