//! What can be wrong with one field of a weight file, with the values found and the limits they break.

use std::path::{Path, PathBuf};

use super::error::{Field, WeightError};

pub(super) const INCOMPLETE: &str =
    "the file may be incomplete: `docent models verify` compares a fetched model with its checksum";
pub(super) const DAMAGED: &str =
    "the file may be damaged: `docent models verify` compares a fetched model with its checksum";

/// What is wrong with a [`Field`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file ends too early.
    #[error("needs {needed} bytes where the file has {left} left")]
    Truncated {
        /// Bytes that the field asks for (saturating).
        needed: u64,
        /// Bytes between the field and the end of the file.
        left: u64,
    },
    /// A number is larger than Docent accepts.
    #[error("{found} is above the limit of {limit}")]
    AboveLimit {
        /// The number in the file.
        found: u64,
        /// The largest that is accepted.
        limit: u64,
    },
    /// The header goes on for longer than Docent accepts.
    #[error("the header goes beyond the limit of {limit} bytes")]
    HeaderTooLong {
        /// The largest that is accepted.
        limit: u64,
    },
    /// A GGUF file of another version.
    #[error("{found} is not one of the versions 2 and 3")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// A GGUF file for big-endian machines.
    #[error("{found:#010x} is a version in big-endian order, which is not supported")]
    BigEndian {
        /// The version as read in little-endian order.
        found: u32,
    },
    /// A string of no bytes where one is required.
    #[error("is empty")]
    Empty,
    /// A string is not UTF-8.
    #[error("is not UTF-8 after byte {valid_up_to}")]
    NotUtf8 {
        /// How many bytes are fine.
        valid_up_to: usize,
    },
    /// A truth value is neither 0 nor 1.
    #[error("{found} is neither 0 nor 1")]
    NotBool {
        /// The byte in the file.
        found: u8,
    },
    /// A metadata value is of no known type.
    #[error("{found} is not one of the value types 0 to 12")]
    ValueType {
        /// The type number in the file.
        found: u32,
    },
    /// Arrays are nested deeper than Docent accepts.
    #[error("arrays are nested deeper than {limit}")]
    TooDeep {
        /// The deepest that is accepted.
        limit: u32,
    },
    /// A name or key appears a second time.
    #[error("appears twice")]
    Duplicate,
    /// Two shards of a model hold a tensor of the same name.
    #[error("is also in `{}`", other.display())]
    InBoth {
        /// The other shard.
        other: PathBuf,
    },
    /// A tensor has no dimension, or too many.
    #[error("{found} dimensions are not 1 to {limit}")]
    Rank {
        /// The number of dimensions in the file.
        found: u64,
        /// The most that are accepted.
        limit: u64,
    },
    /// A dimension is zero.
    #[error("{shape:?} has a dimension of 0")]
    ZeroDimension {
        /// The dimensions, in the file's order.
        shape: Vec<u64>,
    },
    /// The number of elements or bytes does not fit into 64 bits.
    #[error("the product of {shape:?} overflows")]
    Overflow {
        /// The dimensions, in the file's order.
        shape: Vec<u64>,
    },
    /// A row is no whole number of blocks.
    #[error("rows of {row} elements are no whole number of blocks of {block}")]
    Blocks {
        /// Elements in a row.
        row: u64,
        /// Elements in a block of the tensor's format.
        block: usize,
    },
    /// The file's alignment is unusable.
    #[error("{found} is not a power of two from {smallest} to {largest}")]
    Alignment {
        /// The alignment in the file.
        found: u32,
        /// The smallest that is accepted.
        smallest: u32,
        /// The largest that is accepted.
        largest: u32,
    },
    /// An offset breaks the file's alignment.
    #[error("{found} is not a multiple of the alignment {alignment}")]
    Misaligned {
        /// The offset in the file.
        found: u64,
        /// The file's alignment.
        alignment: u64,
    },
    /// A tensor's bytes are not all inside the data section.
    #[error("{bytes} bytes from {start} reach beyond the {available} bytes of data in the file")]
    OutOfFile {
        /// First byte, counted from the start of the data section.
        start: u64,
        /// How many bytes.
        bytes: u64,
        /// Length of the data section.
        available: u64,
    },
    /// Two tensors share bytes.
    #[error("shares bytes with tensor {other:?}")]
    Overlap {
        /// The other tensor.
        other: String,
    },
    /// A range ends before it starts.
    #[error("ends at {end}, before its start at {start}")]
    Reversed {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
    },
    /// Shape and type ask for another number of bytes than the tensor has.
    #[error("spans {found} bytes where shape and type need {expected}")]
    Size {
        /// Bytes in the file.
        found: u64,
        /// Bytes that shape and type need.
        expected: u64,
    },
    /// Bytes of the data section that belong to no tensor.
    #[error("bytes {start}..{end} of the data belong to no tensor")]
    Unclaimed {
        /// First byte that is nobody's.
        start: u64,
        /// End of the gap.
        end: u64,
    },
    /// Two fields that must agree do not.
    #[error("is {found}, expected {expected}")]
    Mismatch {
        /// The number in the file.
        found: u64,
        /// What it must be.
        expected: u64,
    },
    /// A file says that it is one of several shards, and its name does not say which.
    #[error("is {count}, but the file's name does not end in `-00001-of-{count:05}.gguf` or another number of the set")]
    ShardName {
        /// The number of shards.
        count: u64,
    },
    /// A file name in an index leads somewhere else than the index's folder.
    #[error("{found:?} is not a plain file name")]
    NotPlainName {
        /// The name in the file.
        found: String,
    },
    /// An index names a shard for a tensor that is not in there.
    #[error("not in {shard:?}, where the index says it is")]
    NotInShard {
        /// The shard's file name.
        shard: String,
    },
}

impl Fault {
    /// Puts the fault into its place.
    pub(super) fn at(self, path: &Path, field: Field) -> WeightError {
        WeightError::Invalid { path: path.to_owned(), field: Box::new(field), fault: Box::new(self) }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Truncated { .. } | Self::OutOfFile { .. } => INCOMPLETE,
            Self::Version { .. } | Self::BigEndian { .. } => {
                "convert the model again with a current tool, for little-endian machines"
            }
            Self::ShardName { .. } => "give the shards the names back under which they were published",
            Self::NotPlainName { .. } => {
                "shards must lie beside their index; do not trust a file that points elsewhere"
            }
            _ => DAMAGED,
        }
    }
}
