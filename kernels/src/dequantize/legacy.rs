//! Blocks of 32 elements: element `i` is in the low half of byte `i`, element `i + 16` in the high half.

use super::half_at;

/// The sixteen levels of IQ4_NL.
pub(crate) const LEVELS: [f32; 16] =
    [-127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0];

/// The 4-bit numbers of elements `i` and `i + 16`.
fn nibbles(quants: &[u8], i: usize) -> [u8; 2] {
    [quants[i] & 15, quants[i] >> 4]
}

/// The 5-bit numbers of elements `i` and `i + 16`, whose upper bits are bits `i` and `i + 16` of `high`.
fn with_fifth_bits(high: &[u8], quants: &[u8], i: usize) -> [u8; 2] {
    let [low_half, high_half] = nibbles(quants, i);
    let bit = |j: usize| ((high[j / 8] >> (j % 8)) & 1) << 4;
    [low_half | bit(i), high_half | bit(i + 16)]
}

/// Scale; 16 bytes of quants. Values are `scale * (q - 8)`.
pub(super) fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for i in 0..16 {
        let [a, b] = nibbles(&block[2..], i);
        out[i] = scale * (f32::from(a) - 8.0);
        out[i + 16] = scale * (f32::from(b) - 8.0);
    }
}

/// Scale; minimum; 16 bytes of quants. Values are `scale * q + minimum`.
pub(super) fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    for i in 0..16 {
        let [a, b] = nibbles(&block[4..], i);
        out[i] = scale * f32::from(a) + min;
        out[i + 16] = scale * f32::from(b) + min;
    }
}

/// Scale; 4 bytes of fifth bits; 16 bytes of quants. Values are `scale * (q - 16)`.
pub(super) fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for i in 0..16 {
        let [a, b] = with_fifth_bits(&block[2..6], &block[6..], i);
        out[i] = scale * (f32::from(a) - 16.0);
        out[i + 16] = scale * (f32::from(b) - 16.0);
    }
}

/// Scale; minimum; 4 bytes of fifth bits; 16 bytes of quants. Values are `scale * q + minimum`.
pub(super) fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    for i in 0..16 {
        let [a, b] = with_fifth_bits(&block[4..8], &block[8..], i);
        out[i] = scale * f32::from(a) + min;
        out[i + 16] = scale * f32::from(b) + min;
    }
}

/// Scale; 32 signed bytes. Values are `scale * q`.
pub(super) fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (x, q) in out.iter_mut().zip(&block[2..]) {
        *x = scale * f32::from(q.cast_signed());
    }
}

/// Scale; 16 bytes of indices. Values are `scale * LEVELS[index]`.
pub(super) fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for i in 0..16 {
        let [a, b] = nibbles(&block[2..], i);
        out[i] = scale * LEVELS[usize::from(a)];
        out[i + 16] = scale * LEVELS[usize::from(b)];
    }
}
