//! From f32 to stored blocks: round to nearest, as ggml's reference quantizers do.
//!
//! For test models and for adapters that are trained on quantized weights; making good files is the
//! business of other tools, so the formats that need a search for their scales are left out.

use half::{bf16, f16};

use crate::Format;

/// Why values cannot be quantized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// There is no quantizer for this format.
    #[error("cannot quantize to {format}")]
    Unsupported {
        /// The format asked for.
        format: Format,
    },
    /// The last block would be incomplete.
    #[error("{len} values are no whole number of {format} blocks of {}", format.block_len())]
    PartialBlock {
        /// The format asked for.
        format: Format,
        /// Values given.
        len: usize,
    },
}

/// Appends `values`, in `format`, to `out`.
///
/// # Errors
///
/// If `format` is none of F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0, or `values` is no whole number
/// of its blocks.
pub fn quantize(format: Format, values: &[f32], out: &mut Vec<u8>) -> Result<(), QuantizeError> {
    let Some(bytes) = format.bytes_of(values.len()) else {
        return Err(QuantizeError::PartialBlock { format, len: values.len() });
    };
    out.reserve(bytes);
    let (blocks, _) = values.as_chunks::<32>();
    match format {
        Format::F32 => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        Format::F16 => out.extend(values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes())),
        Format::BF16 => out.extend(values.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes())),
        Format::Q4_0 => blocks.iter().for_each(|block| symmetric(block, 4, out)),
        Format::Q5_0 => blocks.iter().for_each(|block| symmetric(block, 5, out)),
        Format::Q4_1 => blocks.iter().for_each(|block| affine(block, 4, out)),
        Format::Q5_1 => blocks.iter().for_each(|block| affine(block, 5, out)),
        Format::Q8_0 => blocks.iter().for_each(|block| q8_0(block, out)),
        _ => return Err(QuantizeError::Unsupported { format }),
    }
    Ok(())
}

/// `1 / x`, or 0 where a block is constant.
fn inverse(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

fn push_half(x: f32, out: &mut Vec<u8>) {
    out.extend(f16::from_f32(x).to_le_bytes());
}

/// Scale and quants of Q4_0 or Q5_0: the value of largest magnitude becomes the lowest quant.
fn symmetric(block: &[f32; 32], bits: u32, out: &mut Vec<u8>) {
    let offset = (1_u32 << (bits - 1)) as f32;
    let extreme = block.iter().fold(0.0_f32, |a, x| if x.abs() > a.abs() { *x } else { a });
    let scale = extreme / -offset;
    push_half(scale, out);
    push_quants(block, bits, out, |x| x * inverse(scale) + (offset + 0.5));
}

/// Scale, minimum and quants of Q4_1 or Q5_1.
fn affine(block: &[f32; 32], bits: u32, out: &mut Vec<u8>) {
    let min = block.iter().copied().fold(f32::INFINITY, f32::min);
    let max = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = (max - min) / ((1_u32 << bits) - 1) as f32;
    push_half(scale, out);
    push_half(min, out);
    push_quants(block, bits, out, |x| (x - min) * inverse(scale) + 0.5);
}

/// The fifth bits, if any, then the lower four: `position` cut off to an integer of `bits` bits.
fn push_quants(block: &[f32; 32], bits: u32, out: &mut Vec<u8>, position: impl Fn(f32) -> f32) {
    let top = (1_u32 << bits) - 1;
    let quants = block.map(|x| (position(x) as u32).min(top));
    if bits == 5 {
        let fifth = quants.iter().enumerate().fold(0, |bits, (i, q)| bits | (q >> 4) << i);
        out.extend(fifth.to_le_bytes());
    }
    let (low, high) = quants.split_at(16);
    out.extend(low.iter().zip(high).map(|(a, b)| (a & 15) as u8 | ((b & 15) << 4) as u8));
}

fn q8_0(block: &[f32; 32], out: &mut Vec<u8>) {
    let scale = block.iter().fold(0.0_f32, |a, x| a.max(x.abs())) / 127.0;
    push_half(scale, out);
    out.extend(block.iter().map(|x| ((x * inverse(scale)).round() as i8).cast_unsigned()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dequantize;

    fn round_trip(format: Format, values: &[f32]) -> Vec<f32> {
        let mut bytes = Vec::new();
        quantize(format, values, &mut bytes).unwrap();
        let mut back = vec![0.0; values.len()];
        dequantize(format, &bytes, &mut back);
        back
    }

    #[test]
    fn values_on_the_grid_come_back_exactly() {
        let ramp = |first: i32, last: i32| -> Vec<f32> {
            (0..32).map(|i| (first + i * 7 % (last - first + 1)) as f32 * 0.25).collect()
        };
        let cases = [
            (Format::F32, ramp(-9, 9)),
            (Format::F16, ramp(-9, 9)),
            (Format::BF16, ramp(-9, 9)),
            (Format::Q4_0, ramp(-8, 7)),
            (Format::Q4_1, ramp(3, 18)),
            (Format::Q5_0, ramp(-16, 15)),
            (Format::Q5_1, ramp(-40, -9)),
        ];
        for (format, values) in cases {
            assert_eq!(round_trip(format, &values), values, "{format}");
        }
        let mut values: Vec<f32> = (0..32).map(|i| (i * 4 - 60) as f32 * 0.5).collect();
        values[0] = 63.5;
        assert_eq!(round_trip(Format::Q8_0, &values), values);
    }

    #[test]
    fn the_error_is_half_a_step() {
        let values: Vec<f32> = (0..64).map(|i| (i as f32 * 1.7).sin()).collect();
        for (format, step) in [
            (Format::Q4_0, 1.0 / 8.0),
            (Format::Q4_1, 2.0 / 15.0),
            (Format::Q5_0, 1.0 / 16.0),
            (Format::Q5_1, 2.0 / 31.0),
            (Format::Q8_0, 1.0 / 127.0),
        ] {
            // The highest quant of the symmetric formats is one short of the lowest.
            let bound = if matches!(format, Format::Q4_0 | Format::Q5_0) { step } else { step / 2.0 };
            for (x, y) in values.iter().zip(round_trip(format, &values)) {
                // Scales and minima are rounded to f16.
                assert!((x - y).abs() <= bound + 1e-3, "{format}: {x} became {y}");
            }
        }
    }

    #[test]
    fn a_constant_block_is_exact_or_zero() {
        for format in [Format::Q4_0, Format::Q4_1, Format::Q5_0, Format::Q5_1, Format::Q8_0] {
            assert_eq!(round_trip(format, &[0.0; 32]), [0.0; 32], "{format}");
        }
        assert_eq!(round_trip(Format::Q4_1, &[1.5; 32]), [1.5; 32]);
    }

    #[test]
    fn what_cannot_be_quantized_is_an_error() {
        let error = quantize(Format::Q4K, &[0.0; 256], &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "cannot quantize to Q4_K");
        let error = quantize(Format::Q4_0, &[0.0; 31], &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "31 values are no whole number of Q4_0 blocks of 32");
    }
}
