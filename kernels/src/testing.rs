//! What the tests of kernels share.

use std::sync::Arc;

use crate::{Format, Isa, Kernels, Pool};

/// Kernels of every instruction set that this processor has, scalar first, each on its own pool.
pub(crate) fn every_isa(threads: usize) -> Vec<Kernels> {
    let kernels = |isa| Kernels::new(isa, Arc::new(Pool::new(threads))).expect("an available instruction set");
    Isa::available().into_iter().map(kernels).collect()
}

/// `len` values between -1 and 1 that depend on `seed` alone (SplitMix64).
pub(crate) fn random(seed: u64, len: usize) -> Vec<f32> {
    random_bits(seed).take(len).map(|bits| (bits >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
}

/// Random blocks of `elements` elements, whose scales are numbers of moderate size.
pub(crate) fn random_blocks(format: Format, seed: u64, elements: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = random_bits(seed).take(format.bytes_of(elements).unwrap()).map(|b| b as u8).collect();
    let scales: &[usize] = match format {
        Format::F32 => &[2],
        Format::F16 | Format::BF16 | Format::Q4_0 | Format::Q5_0 | Format::Q8_0 | Format::IQ4NL => &[0],
        Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K => &[0, 2],
        Format::Q2K => &[80, 82],
        Format::Q3K => &[108],
        Format::Q6K => &[208],
    };
    for block in bytes.chunks_mut(format.block_bytes()) {
        for at in scales {
            // An exponent of about 2^-8 in f16, 2^-2 in bf16 and f32, whatever the sign and mantissa.
            let exponent = if matches!(format, Format::F32 | Format::BF16) { 0x3e } else { 0x1c };
            block[at + 1] = block[at + 1] & 0x83 | exponent;
        }
    }
    bytes
}

/// 64 random bits at a time (SplitMix64).
pub(crate) fn random_bits(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// The bits of `values`, all NaN alike.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { f32::NAN } else { *x }.to_bits()).collect()
}
