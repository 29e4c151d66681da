//! The tensor descriptions of a GGUF file, checked against the file's true length.

use std::{collections::HashSet, path::Path};

use docent_kernels::Format;

use super::{
    super::{
        entry::{Entry, MAX_NAME_BYTES, Stored, StoredType, elements, require_disjoint, to_usize},
        error::{Field, WeightError},
        fault::Fault,
    },
    reader::Reader,
};

/// Most dimensions of a tensor (`GGML_MAX_DIMS`).
const MAX_DIMENSIONS: u32 = 4;

/// Fewest bytes that a description takes: name length, one dimension, type and offset.
pub(super) const SMALLEST_DESCRIPTION: u64 = 8 + 4 + 8 + 4 + 8;

/// A description as it stands in the file.
pub(super) struct Description {
    name: String,
    /// Innermost dimension first, none of them 0.
    dimensions: Vec<u64>,
    ggml_type: u32,
    /// From the start of the data section.
    offset: u64,
}

/// Reads `count` descriptions, whose names are unique.
pub(super) fn read_descriptions(
    path: &Path,
    reader: &mut Reader<'_>,
    count: usize,
) -> Result<Vec<Description>, WeightError> {
    let mut names = HashSet::with_capacity(count);
    let mut descriptions = Vec::with_capacity(count);
    for index in 0..count {
        let name = read_name(reader).map_err(|fault| fault.at(path, Field::TensorAt { index, part: "name" }))?;
        if !names.insert(name.clone()) {
            return Err(Fault::Duplicate.at(path, Field::tensor(&name, "name")));
        }
        let at = |part: &'static str| {
            let name = name.clone();
            move |fault: Fault| fault.at(path, Field::Tensor { name, part })
        };
        let dimensions = read_dimensions(reader).map_err(at("dimensions"))?;
        let ggml_type = reader.u32().map_err(at("type"))?;
        let offset = reader.u64().map_err(at("offset"))?;
        descriptions.push(Description { name, dimensions, ggml_type, offset });
    }
    Ok(descriptions)
}

fn read_name(reader: &mut Reader<'_>) -> Result<String, Fault> {
    let name = reader.string(MAX_NAME_BYTES)?;
    if name.is_empty() { Err(Fault::Empty) } else { Ok(name) }
}

fn read_dimensions(reader: &mut Reader<'_>) -> Result<Vec<u64>, Fault> {
    let count = reader.u32()?;
    if count == 0 || count > MAX_DIMENSIONS {
        return Err(Fault::Rank { found: count.into(), limit: MAX_DIMENSIONS.into() });
    }
    let shape = reader.numbers(count as usize, u64::from_le_bytes)?;
    if shape.contains(&0) {
        return Err(Fault::ZeroDimension { shape });
    }
    Ok(shape)
}

/// Where the tensors' data lies in a file.
pub(super) struct DataSection {
    /// First byte in the file.
    pub(super) start: usize,
    /// Bytes from there to the end of the file.
    pub(super) length: u64,
    /// What every offset is a multiple of.
    pub(super) alignment: u64,
}

/// Places the descriptions in the file: sizes, alignment, bounds, and that no two tensors share bytes.
pub(super) fn place(
    path: &Path,
    section: &DataSection,
    descriptions: Vec<Description>,
) -> Result<Vec<Entry>, WeightError> {
    let entries: Vec<Entry> =
        descriptions.into_iter().map(|description| place_one(path, section, description)).collect::<Result<_, _>>()?;
    require_disjoint(path, &entries)?;
    Ok(entries)
}

fn place_one(path: &Path, section: &DataSection, description: Description) -> Result<Entry, WeightError> {
    let Description { name, dimensions, ggml_type, offset } = description;
    let (stored, bytes) =
        stored_bytes(ggml_type, &dimensions).map_err(|fault| fault.at(path, Field::tensor(&name, "dimensions")))?;
    let at_offset = |fault: Fault| fault.at(path, Field::tensor(&name, "offset"));
    if !offset.is_multiple_of(section.alignment) {
        return Err(at_offset(Fault::Misaligned { found: offset, alignment: section.alignment }));
    }
    let outside = Fault::OutOfFile { start: offset, bytes: bytes as u64, available: section.length };
    if offset.checked_add(bytes as u64).is_none_or(|end| end > section.length) {
        return Err(at_offset(outside));
    }
    let Some(start) = usize::try_from(offset).ok().and_then(|offset| section.start.checked_add(offset)) else {
        return Err(at_offset(outside));
    };
    let mut shape = to_usize(&dimensions).map_err(|fault| fault.at(path, Field::tensor(&name, "dimensions")))?;
    shape.reverse();
    Ok(Entry { name, shape, stored, range: start..start + bytes })
}

/// The format and the number of bytes of a tensor; no bytes where the type is not known.
fn stored_bytes(ggml_type: u32, dimensions: &[u64]) -> Result<(Stored, usize), Fault> {
    let count = elements(dimensions)?;
    let Some(format) = Format::from_ggml_type(ggml_type) else {
        return Ok((Stored::Other(StoredType::Ggml(ggml_type)), 0));
    };
    let (row, block) = (dimensions[0], format.block_len());
    if !row.is_multiple_of(block as u64) {
        return Err(Fault::Blocks { row, block });
    }
    let bytes = format.bytes_of(count).ok_or_else(|| Fault::Overflow { shape: dimensions.to_vec() })?;
    Ok((Stored::Known(format), bytes))
}
