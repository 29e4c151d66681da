//! GGUF files, versions 2 and 3, little-endian.
//!
//! Follows the specification at <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>: magic, version, two
//! counts, metadata, tensor descriptions, padding, data. A file is accepted only if all of it holds; gaps between
//! tensors and bytes after the last one are allowed. A tensor of an unknown type does not fail its file.

mod metadata;
mod reader;
mod split;
mod tensors;
mod texts;
mod value;

use std::path::Path;

pub use metadata::Metadata;
pub use texts::Texts;
pub use value::{Array, Value};

use super::{
    entry::{Entry, MAX_TENSORS},
    error::{Field, WeightError},
    fault::Fault,
};
use metadata::{MAX_ENTRIES, SMALLEST_ENTRY, read_metadata};
use reader::Reader;
pub(super) use split::{ShardName, open};
use tensors::{DataSection, SMALLEST_DESCRIPTION, place, read_descriptions};

/// The first four bytes of a GGUF file.
pub(super) const MAGIC: &[u8; 4] = b"GGUF";

/// Alignment of a file that names none.
const DEFAULT_ALIGNMENT: u32 = 32;

/// Smallest alignment: the specification asks for multiples of 8.
const SMALLEST_ALIGNMENT: u32 = 8;

/// Largest alignment: half a huge page. Larger ones would only waste space.
const LARGEST_ALIGNMENT: u32 = 1 << 20;

/// A validated header.
pub(super) struct Header {
    pub(super) metadata: Metadata,
    pub(super) entries: Vec<Entry>,
    /// Length of the header: everything up to the padding.
    pub(super) end: usize,
}

/// Reads and validates the header of a file that starts with [`MAGIC`].
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Header, WeightError> {
    let at = |part: &'static str| move |fault: Fault| fault.at(path, Field::Header(part));
    let mut reader = Reader::new(bytes);
    reader.take(MAGIC.len() as u64).map_err(at("magic"))?;
    read_version(&mut reader).map_err(at("version"))?;
    let tensors = reader.count(SMALLEST_DESCRIPTION, MAX_TENSORS).map_err(at("tensor count"))?;
    let entries = reader.count(SMALLEST_ENTRY, MAX_ENTRIES).map_err(at("metadata count"))?;
    let metadata = read_metadata(path, &mut reader, entries)?;
    let descriptions = read_descriptions(path, &mut reader, tensors)?;
    let end = reader.position();
    let section = data_section(bytes, end, alignment(path, &metadata)?);
    Ok(Header { metadata, entries: place(path, &section, descriptions)?, end })
}

fn read_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let found = reader.u32()?;
    match found {
        2 | 3 => Ok(()),
        _ if (1..=3).contains(&found.swap_bytes()) => Err(Fault::BigEndian { found }),
        _ => Err(Fault::Version { found }),
    }
}

fn alignment(path: &Path, metadata: &Metadata) -> Result<u32, WeightError> {
    const KEY: &str = "general.alignment";
    let found = metadata.optional(KEY, Metadata::u32)?.unwrap_or(DEFAULT_ALIGNMENT);
    if found.is_power_of_two() && (SMALLEST_ALIGNMENT..=LARGEST_ALIGNMENT).contains(&found) {
        return Ok(found);
    }
    let fault = Fault::Alignment { found, smallest: SMALLEST_ALIGNMENT, largest: LARGEST_ALIGNMENT };
    Err(fault.at(path, Field::metadata(KEY, "value")))
}

/// The data section begins at the first multiple of the alignment after the header, in the file or at its end.
fn data_section(bytes: &[u8], header: usize, alignment: u32) -> DataSection {
    let start = header.next_multiple_of(alignment as usize).min(bytes.len());
    DataSection { start, length: (bytes.len() - start) as u64, alignment: alignment.into() }
}
