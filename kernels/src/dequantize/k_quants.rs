//! Super-blocks of 256 elements, whose groups of 16 or 32 have scales that are quantized themselves.
//!
//! Layouts follow `block_q2_K` to `block_q6_K` of `ggml-common.h`.

use super::half_at;

/// 16 bytes of scales (low half) and minima (high half); 64 bytes of quants; scale; minimum.
///
/// Values are `scale * s * q - minimum * m`, with `s` and `m` for each 16 elements. A byte of quants holds
/// elements 32 apart: 0 to 127 in the first 32 bytes, 128 to 255 in the others.
pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (scales, quants) = (&block[..16], &block[16..80]);
    let (scale, min) = (half_at(block, 80), half_at(block, 82));
    for (i, x) in out.iter_mut().enumerate() {
        let q = (quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
        let group = scales[i / 16];
        *x = scale * f32::from(group & 15) * f32::from(q) - min * f32::from(group >> 4);
    }
}

/// The sixteen 6-bit scales of Q3_K, less 32: low halves in 8 bytes, upper two bits in the 4 that follow.
#[inline(always)]
pub(crate) fn q3_k_scales(packed: &[u8; 12]) -> [f32; 16] {
    let mut scales = [0.0; 16];
    for (i, scale) in scales.iter_mut().enumerate() {
        let low = (packed[i % 8] >> (i / 8 * 4)) & 15;
        let high = (packed[8 + i % 4] >> (i / 4 * 2)) & 3;
        *scale = f32::from(low | (high << 4)) - 32.0;
    }
    scales
}

/// 32 bytes of inverted third bits; 64 bytes of quants; 12 bytes of scales; scale.
///
/// Values are `scale * s * q`, with `s` for each 16 elements; quants are laid out as in Q2_K.
pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let (high, quants) = (&block[..32], &block[32..96]);
    let mut packed = [0; 12];
    packed.copy_from_slice(&block[96..108]);
    let scales = q3_k_scales(&packed);
    let scale = half_at(block, 108);
    for (i, x) in out.iter_mut().enumerate() {
        let low = (quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
        let third = (high[i % 32] >> (i / 32)) & 1;
        *x = scale * scales[i / 16] * (f32::from(low | (third << 2)) - 4.0);
    }
}

/// The 6-bit scale and minimum of group `i` of eight, in Q4_K and Q5_K.
#[inline(always)]
pub(crate) fn scale_and_min(packed: &[u8; 12], i: usize) -> (f32, f32) {
    let (scale, min) = if i < 4 {
        (packed[i] & 63, packed[i + 4] & 63)
    } else {
        let halves = packed[i + 4];
        ((halves & 15) | (packed[i - 4] >> 6 << 4), (halves >> 4) | (packed[i] >> 6 << 4))
    };
    (f32::from(scale), f32::from(min))
}

fn packed_scales(block: &[u8]) -> &[u8; 12] {
    block[4..].first_chunk().expect("a block is longer than its scales")
}

/// Scale; minimum; 12 bytes of scales and minima; 128 bytes of quants.
///
/// Values are `scale * s * q - minimum * m`, with `s` and `m` for each 32 elements. Groups `2 i` and
/// `2 i + 1` are the low and high halves of 32 bytes.
pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    let quants = &block[16..];
    for (i, x) in out.iter_mut().enumerate() {
        let (s, m) = scale_and_min(packed_scales(block), i / 32);
        let q = (quants[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
        *x = scale * s * f32::from(q) - min * m;
    }
}

/// Scale; minimum; 12 bytes of scales and minima; 32 bytes of fifth bits; 128 bytes of quants.
///
/// As Q4_K; the fifth bit of an element of group `i` is bit `i` of a byte.
pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    let (high, quants) = (&block[16..48], &block[48..]);
    for (i, x) in out.iter_mut().enumerate() {
        let (s, m) = scale_and_min(packed_scales(block), i / 32);
        let low = (quants[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
        let fifth = (high[i % 32] >> (i / 32)) & 1;
        *x = scale * s * f32::from(low | (fifth << 4)) - min * m;
    }
}

/// 128 bytes of low halves; 64 bytes of upper two bits; 16 signed bytes of scales; scale.
///
/// Values are `scale * s * (q - 32)`, with `s` for each 16 elements. Of 128 elements, the first and second
/// 64 are the low and high halves of 64 bytes, and the four 32 are the pairs of bits of 32 bytes.
pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for (i, x) in out.iter_mut().enumerate() {
        let (part, j) = (i / 128, i % 128);
        let four = (low[part * 64 + j % 64] >> (j / 64 * 4)) & 15;
        let two = (high[part * 32 + j % 32] >> (j / 32 * 2)) & 3;
        let s = f32::from(scales[i / 16].cast_signed());
        *x = scale * s * (f32::from(four | (two << 4)) - 32.0);
    }
}
