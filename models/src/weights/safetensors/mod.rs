//! Safetensors files, single and sharded.
//!
//! Follows the format at <https://github.com/huggingface/safetensors#format>: eight bytes of header length, a JSON
//! header, data without gaps. A tensor of a `dtype` that is no weight format does not fail its file.

mod header;
mod index;

pub(super) use header::read_part;
pub(super) use index::open_index;
