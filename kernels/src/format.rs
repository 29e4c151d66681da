//! The storage formats of weights: plain floats and the GGUF block formats.
//!
//! Sizes and type numbers follow the GGUF specification (`ggml/docs/gguf.md`) and `ggml-common.h`.

use std::fmt;

/// How the elements of a weight matrix are stored.
///
/// Quantized formats store [`block_len`](Format::block_len) consecutive elements of a row in
/// [`block_bytes`](Format::block_bytes) bytes; a row must hold a whole number of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of a single-precision number.
    BF16,
    /// 32 elements, 4 bits each, one f16 scale.
    Q4_0,
    /// 32 elements, 4 bits each, one f16 scale and one f16 minimum.
    Q4_1,
    /// 32 elements, 5 bits each, one f16 scale.
    Q5_0,
    /// 32 elements, 5 bits each, one f16 scale and one f16 minimum.
    Q5_1,
    /// 32 elements, 8 bits each, one f16 scale.
    Q8_0,
    /// 256 elements, 2 bits each, 4-bit scales and minima of 16 elements.
    Q2K,
    /// 256 elements, 3 bits each, 6-bit scales of 16 elements.
    Q3K,
    /// 256 elements, 4 bits each, 6-bit scales and minima of 32 elements.
    Q4K,
    /// 256 elements, 5 bits each, 6-bit scales and minima of 32 elements.
    Q5K,
    /// 256 elements, 6 bits each, 8-bit scales of 16 elements.
    Q6K,
    /// 32 elements, 4-bit indices into a table of non-linear levels, one f16 scale.
    IQ4NL,
}

impl Format {
    /// Every format, in the order of this enum.
    pub const ALL: [Format; 14] = [
        Format::F32,
        Format::F16,
        Format::BF16,
        Format::Q4_0,
        Format::Q4_1,
        Format::Q5_0,
        Format::Q5_1,
        Format::Q8_0,
        Format::Q2K,
        Format::Q3K,
        Format::Q4K,
        Format::Q5K,
        Format::Q6K,
        Format::IQ4NL,
    ];

    /// The format that GGUF files give the number `id` (`ggml_type`), if it is one of ours.
    pub fn from_ggml_type(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.ggml_type() == id)
    }

    /// The number of this format in GGUF files (`ggml_type`).
    pub fn ggml_type(self) -> u32 {
        match self {
            Format::F32 => 0,
            Format::F16 => 1,
            Format::Q4_0 => 2,
            Format::Q4_1 => 3,
            Format::Q5_0 => 6,
            Format::Q5_1 => 7,
            Format::Q8_0 => 8,
            Format::Q2K => 10,
            Format::Q3K => 11,
            Format::Q4K => 12,
            Format::Q5K => 13,
            Format::Q6K => 14,
            Format::IQ4NL => 20,
            Format::BF16 => 30,
        }
    }

    /// Elements per block: 1, 32 or 256.
    pub fn block_len(self) -> usize {
        match self {
            Format::F32 | Format::F16 | Format::BF16 => 1,
            Format::Q2K | Format::Q3K | Format::Q4K | Format::Q5K | Format::Q6K => 256,
            _ => 32,
        }
    }

    /// Bytes per block.
    pub fn block_bytes(self) -> usize {
        match self {
            Format::F32 => 4,
            Format::F16 | Format::BF16 => 2,
            Format::Q4_0 | Format::IQ4NL => 18,
            Format::Q4_1 => 20,
            Format::Q5_0 => 22,
            Format::Q5_1 => 24,
            Format::Q8_0 => 34,
            Format::Q2K => 84,
            Format::Q3K => 110,
            Format::Q4K => 144,
            Format::Q5K => 176,
            Format::Q6K => 210,
        }
    }

    /// Bytes of `elements` consecutive elements, or `None` if they are no whole number of blocks
    /// or the product does not fit.
    pub fn bytes_of(self, elements: usize) -> Option<usize> {
        if !elements.is_multiple_of(self.block_len()) {
            return None;
        }
        (elements / self.block_len()).checked_mul(self.block_bytes())
    }

    /// The name that GGUF tools print: `F32`, `Q4_1`, `Q4_K`, ...
    pub fn name(self) -> &'static str {
        match self {
            Format::F32 => "F32",
            Format::F16 => "F16",
            Format::BF16 => "BF16",
            Format::Q4_0 => "Q4_0",
            Format::Q4_1 => "Q4_1",
            Format::Q5_0 => "Q5_0",
            Format::Q5_1 => "Q5_1",
            Format::Q8_0 => "Q8_0",
            Format::Q2K => "Q2_K",
            Format::Q3K => "Q3_K",
            Format::Q4K => "Q4_K",
            Format::Q5K => "Q5_K",
            Format::Q6K => "Q6_K",
            Format::IQ4NL => "IQ4_NL",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
