//! From stored blocks to f32.
//!
//! [`dequantize`] is the specification: one plain loop per format, with ggml's arithmetic (`scale * q`,
//! then the minimum, in f32; f16 is exact in f32). Products of a scale and a quantized value are exact in
//! f32 for every format, so that the order of factors and fused multiplication do not change a bit.

mod k_quants;
mod legacy;

pub(crate) use k_quants::{q3_k_scales, scale_and_min};
pub(crate) use legacy::LEVELS;

use half::{bf16, f16};

use crate::Format;

/// Writes the elements that `bytes` stores to `out`.
///
/// # Panics
///
/// If `out` is no whole number of blocks, or `bytes` has another length than they take.
pub fn dequantize(format: Format, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(Some(bytes.len()), format.bytes_of(out.len()), "bytes of {} elements of {format}", out.len());
    match format {
        Format::F32 => each(bytes, out, |b: &[u8; 4], [x]| *x = f32::from_le_bytes(*b)),
        Format::F16 => each(bytes, out, |b: &[u8; 2], [x]| *x = f16::from_le_bytes(*b).to_f32()),
        Format::BF16 => each(bytes, out, |b: &[u8; 2], [x]| *x = bf16::from_le_bytes(*b).to_f32()),
        Format::Q4_0 => each(bytes, out, legacy::q4_0),
        Format::Q4_1 => each(bytes, out, legacy::q4_1),
        Format::Q5_0 => each(bytes, out, legacy::q5_0),
        Format::Q5_1 => each(bytes, out, legacy::q5_1),
        Format::Q8_0 => each(bytes, out, legacy::q8_0),
        Format::IQ4NL => each(bytes, out, legacy::iq4_nl),
        Format::Q2K => each(bytes, out, k_quants::q2_k),
        Format::Q3K => each(bytes, out, k_quants::q3_k),
        Format::Q4K => each(bytes, out, k_quants::q4_k),
        Format::Q5K => each(bytes, out, k_quants::q5_k),
        Format::Q6K => each(bytes, out, k_quants::q6_k),
    }
}

/// Calls `block` for each block of `B` bytes and its `N` elements.
fn each<const B: usize, const N: usize>(bytes: &[u8], out: &mut [f32], block: impl Fn(&[u8; B], &mut [f32; N])) {
    for (bytes, out) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        block(bytes, out);
    }
}

/// The little-endian f16 at `at`.
#[inline(always)]
fn half_at(block: &[u8], at: usize) -> f32 {
    let bits = u32::from(u16::from_le_bytes([block[at], block[at + 1]]));
    let sign = (bits & 0x8000) << 16;
    let magnitude = (bits & 0x7fff) << 13;
    // Multiplying by 2^112 moves the exponent to f32's bias and normalizes subnormals, exactly.
    let finite = (f32::from_bits(magnitude) * f32::from_bits((112 + 127) << 23)).to_bits();
    let magnitude = if bits & 0x7c00 == 0x7c00 { magnitude | 0x7f80_0000 } else { finite };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests;
