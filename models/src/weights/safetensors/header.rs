//! The header of a safetensors file, checked against the file's true length.

use std::{collections::HashSet, fmt, ops::Range, path::Path};

use docent_kernels::Format;
use safetensors::Dtype;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::StrDeserializer},
};

use super::super::{
    entry::{Entry, MAX_NAME_BYTES, MAX_TENSORS, Stored, StoredType, elements, in_file_order, to_usize},
    error::{Field, WeightError},
    fault::Fault,
    part::Part,
};

/// Longest header, in bytes, as the reference implementation has it.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Most dimensions of a tensor. The format sets no limit; frameworks save 5 at most.
const MAX_DIMENSIONS: usize = 8;

/// Bytes of the header's length.
const LENGTH_BYTES: usize = 8;

/// Reads and validates the header of `part`.
pub(in super::super) fn read_part(part: &mut Part) -> Result<(), WeightError> {
    let (path, bytes) = (part.path.as_path(), &**part.map);
    if !is_safetensors(path, bytes) {
        return Err(WeightError::unknown_kind(path, bytes));
    }
    let header = header_range(bytes).map_err(|fault| fault.at(path, Field::Header("header length")))?;
    let end = header.end;
    // A copy: the parser validates strings before it copies them, and the file may change in between.
    let text = bytes[header].to_vec();
    let Listing(tensors) = serde_json::from_slice(&text).map_err(|source| WeightError::Json {
        path: path.to_owned(),
        part: "the JSON header does not parse",
        source,
    })?;
    let entries = place(path, end, bytes.len() - end, tensors)?;
    (part.entries, part.header) = (entries, end);
    Ok(())
}

/// Whether the file starts like one: its JSON header is an object. Files too short to tell go by their name.
fn is_safetensors(path: &Path, bytes: &[u8]) -> bool {
    match bytes.get(LENGTH_BYTES) {
        Some(first) => *first == b'{',
        None => !bytes.is_empty() && path.extension().is_some_and(|e| e == "safetensors"),
    }
}

fn header_range(bytes: &[u8]) -> Result<Range<usize>, Fault> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(Fault::Truncated { needed: LENGTH_BYTES as u64, left: bytes.len() as u64 });
    };
    let (found, left) = (u64::from_le_bytes(*length), rest.len() as u64);
    if found > MAX_HEADER_BYTES {
        return Err(Fault::AboveLimit { found, limit: MAX_HEADER_BYTES });
    }
    if found > left {
        return Err(Fault::Truncated { needed: found, left });
    }
    Ok(LENGTH_BYTES..LENGTH_BYTES + found as usize)
}

/// A tensor as the header states it.
#[derive(Deserialize)]
struct Description {
    dtype: String,
    shape: Shape,
    data_offsets: (u64, u64),
}

/// At most [`MAX_DIMENSIONS`] dimensions.
struct Shape(Vec<u64>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Dimensions;
        impl<'de> Visitor<'de> for Dimensions {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shape")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Shape, A::Error> {
                let mut shape = Vec::new();
                while let Some(dimension) = sequence.next_element()? {
                    if shape.len() == MAX_DIMENSIONS {
                        return Err(A::Error::custom(format_args!("shape: more than {MAX_DIMENSIONS} dimensions")));
                    }
                    shape.push(dimension);
                }
                Ok(Shape(shape))
            }
        }
        deserializer.deserialize_seq(Dimensions)
    }
}

/// The tensors of a header in the order of the file, at most [`MAX_TENSORS`], `__metadata__` checked and dropped.
struct Listing(Vec<(String, Description)>);

impl<'de> Deserialize<'de> for Listing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Listing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listing, A::Error> {
                let mut tensors = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<StringMap>().map_err(|e| A::Error::custom(format_args!("{name}: {e}")))?;
                        continue;
                    }
                    if tensors.len() as u64 == MAX_TENSORS {
                        return Err(A::Error::custom(format_args!("more than {MAX_TENSORS} tensors")));
                    }
                    match map.next_value() {
                        Ok(description) => tensors.push((name, description)),
                        Err(e) => return Err(A::Error::custom(format_args!("tensor {name:?}: {e}"))),
                    }
                }
                Ok(Listing(tensors))
            }
        }
        deserializer.deserialize_map(Tensors)
    }
}

/// An object whose values are all strings; nothing of it is kept.
struct StringMap;

impl<'de> Deserialize<'de> for StringMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = StringMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StringMap, A::Error> {
                while map.next_entry::<String, String>()?.is_some() {}
                Ok(StringMap)
            }
        }
        deserializer.deserialize_map(Strings)
    }
}

/// Places the tensors in the file: names, sizes, bounds, and that they cover the data without gaps.
fn place(
    path: &Path,
    start: usize,
    length: usize,
    tensors: Vec<(String, Description)>,
) -> Result<Vec<Entry>, WeightError> {
    let mut names = HashSet::with_capacity(tensors.len());
    let mut entries = Vec::with_capacity(tensors.len());
    for (index, (name, description)) in tensors.into_iter().enumerate() {
        check_name(&name).map_err(|fault| fault.at(path, Field::TensorAt { index, part: "name" }))?;
        if !names.insert(name.clone()) {
            return Err(Fault::Duplicate.at(path, Field::tensor(&name, "name")));
        }
        entries.push(place_one(path, start, length, name, description)?);
    }
    require_cover(path, start, length, &entries)?;
    Ok(entries)
}

fn check_name(name: &str) -> Result<(), Fault> {
    match name.len() as u64 {
        0 => Err(Fault::Empty),
        found if found > MAX_NAME_BYTES => Err(Fault::AboveLimit { found, limit: MAX_NAME_BYTES }),
        _ => Ok(()),
    }
}

fn place_one(
    path: &Path,
    data: usize,
    length: usize,
    name: String,
    description: Description,
) -> Result<Entry, WeightError> {
    let Description { dtype, shape: Shape(shape), data_offsets: (start, end) } = description;
    let at = |part: &'static str| {
        let name = &name;
        move |fault: Fault| fault.at(path, Field::tensor(name, part))
    };
    let range = offsets_in_data(start, end, length).map_err(at("data_offsets"))?;
    let count = elements(&shape).map_err(at("shape"))?;
    let known = parse_dtype(&dtype);
    if let Some(dtype) = known {
        let expected =
            dtype_bytes(dtype, count).ok_or(Fault::Overflow { shape: shape.clone() }).map_err(at("shape"))?;
        if expected != range.len() as u64 {
            return Err(at("data_offsets")(Fault::Size { found: range.len() as u64, expected }));
        }
    }
    let stored = match known.and_then(weight_format) {
        Some(format) => Stored::Known(format),
        None => Stored::Other(StoredType::Safetensors(dtype)),
    };
    let shape = to_usize(&shape).map_err(at("shape"))?;
    Ok(Entry { shape, stored, range: data + range.start..data + range.end, name })
}

fn offsets_in_data(start: u64, end: u64, length: usize) -> Result<Range<usize>, Fault> {
    let bytes = end.checked_sub(start).ok_or(Fault::Reversed { start, end })?;
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if end <= length => Ok(start..end),
        _ => Err(Fault::OutOfFile { start, bytes, available: length as u64 }),
    }
}

fn parse_dtype(name: &str) -> Option<Dtype> {
    let deserializer: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    Dtype::deserialize(deserializer).ok()
}

fn weight_format(dtype: Dtype) -> Option<Format> {
    match dtype {
        Dtype::F32 => Some(Format::F32),
        Dtype::F16 => Some(Format::F16),
        Dtype::BF16 => Some(Format::BF16),
        _ => None,
    }
}

/// Bytes of `count` elements; those of types below a byte are packed, and fill their last byte.
fn dtype_bytes(dtype: Dtype, count: usize) -> Option<u64> {
    let bits = (count as u64).checked_mul(dtype.bitsize() as u64)?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

/// Fails where two tensors share bytes, and where bytes of the data belong to none.
fn require_cover(path: &Path, start: usize, length: usize, entries: &[Entry]) -> Result<(), WeightError> {
    let unclaimed =
        |from: usize, to: usize| Fault::Unclaimed { start: (from - start) as u64, end: (to - start) as u64 };
    let (mut covered, mut last) = (start, None::<&Entry>);
    for i in in_file_order(entries) {
        let entry = &entries[i];
        if let Some(other) = last.filter(|_| entry.range.start < covered) {
            let fault = Fault::Overlap { other: other.name.clone() };
            return Err(fault.at(path, Field::tensor(&entry.name, "data_offsets")));
        }
        if entry.range.start > covered {
            let fault = unclaimed(covered, entry.range.start);
            return Err(fault.at(path, Field::tensor(&entry.name, "data_offsets")));
        }
        (covered, last) = (entry.range.end, Some(entry));
    }
    if covered < start + length {
        return Err(unclaimed(covered, start + length).at(path, Field::Header("data_offsets")));
    }
    Ok(())
}
