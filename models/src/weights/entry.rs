//! A tensor as a file's header describes it, after validation and before anyone asks for its data.

use std::{fmt, ops::Range, path::Path};

use docent_kernels::Format;

use super::{
    error::{Field, WeightError},
    fault::Fault,
};

/// Most tensors that one file may describe.
///
/// The largest published mixtures of experts have about 100,000 before their experts are stacked.
pub(super) const MAX_TENSORS: u64 = 1 << 18;

/// Longest tensor name, in bytes. GGUF's specification says 64; names of adapters in safetensors are longer.
pub(super) const MAX_NAME_BYTES: u64 = 256;

/// A storage type that weight files know and Docent does not compute with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredType {
    /// The `ggml_type` of a GGUF tensor.
    Ggml(u32),
    /// The `dtype` of a safetensors tensor.
    Safetensors(String),
}

impl fmt::Display for StoredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ggml(id) => match ggml_name(*id) {
                Some(name) => write!(f, "ggml type {id} ({name}), which is not supported"),
                None => write!(f, "ggml type {id}, which is not known"),
            },
            Self::Safetensors(dtype) => write!(f, "safetensors dtype {dtype:?}, which is not supported"),
        }
    }
}

/// Names of the numbers in `ggml.h` that [`Format`] does not cover.
fn ggml_name(id: u32) -> Option<&'static str> {
    Some(match id {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return None,
    })
}

/// How an entry is stored: in a format that can be computed with, or not.
pub(super) enum Stored {
    Known(Format),
    Other(StoredType),
}

/// One validated tensor description.
pub(super) struct Entry {
    pub(super) name: String,
    /// Outermost dimension first.
    pub(super) shape: Vec<usize>,
    pub(super) stored: Stored,
    /// Its bytes in the file, in bounds. Empty at its start where the size of the type is not known.
    pub(super) range: Range<usize>,
}

/// The dimensions of `shape` as this machine's sizes.
pub(super) fn to_usize(shape: &[u64]) -> Result<Vec<usize>, Fault> {
    let fit: Result<_, _> = shape.iter().map(|&d| usize::try_from(d)).collect();
    fit.map_err(|_| Fault::Overflow { shape: shape.to_vec() })
}

/// The number of elements of `shape`.
pub(super) fn elements(shape: &[u64]) -> Result<usize, Fault> {
    let product = shape.iter().try_fold(1_u64, |product, &d| product.checked_mul(d));
    product.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| Fault::Overflow { shape: shape.to_vec() })
}

/// Positions of `entries` in the order of their bytes.
pub(super) fn in_file_order(entries: &[Entry]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&i| (entries[i].range.start, entries[i].range.end));
    order
}

/// Fails where two tensors share bytes. Entries of unknown size count as empty.
pub(super) fn require_disjoint(path: &Path, entries: &[Entry]) -> Result<(), WeightError> {
    let mut last: Option<&Entry> = None;
    for i in in_file_order(entries) {
        let entry = &entries[i];
        if let Some(other) = last.filter(|other| entry.range.start < other.range.end) {
            let fault = Fault::Overlap { other: other.name.clone() };
            return Err(fault.at(path, Field::tensor(&entry.name, "offset")));
        }
        last = Some(entry);
    }
    Ok(())
}
