//! The formats for [`Simd`]: as the specification, sixteen elements at a time.

use super::half_at;
use super::k_quants::{q3_k_scales, scale_and_min};
use super::legacy::LEVELS;
use crate::Format;
use crate::simd::{Chunk, LANES, Simd};

/// As [`dequantize`](super::dequantize), with the same preconditions.
#[inline(always)]
pub(crate) fn dequantize<S: Simd>(simd: S, format: Format, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(Some(bytes.len()), format.bytes_of(out.len()), "bytes of {} elements of {format}", out.len());
    let d = Dequantize(simd);
    match format {
        Format::F32 | Format::F16 | Format::BF16 => d.floats(format, bytes, out),
        Format::Q4_0 => d.q4_0(bytes, out),
        Format::Q4_1 => d.q4_1(bytes, out),
        Format::Q5_0 => d.q5_0(bytes, out),
        Format::Q5_1 => d.q5_1(bytes, out),
        Format::Q8_0 => d.q8_0(bytes, out),
        Format::IQ4NL => d.iq4_nl(bytes, out),
        Format::Q2K => d.q2_k(bytes, out),
        Format::Q3K => d.q3_k(bytes, out),
        Format::Q4K => d.q4_k(bytes, out),
        Format::Q5K => d.q5_k(bytes, out),
        Format::Q6K => d.q6_k(bytes, out),
    }
}

/// The blocks of `bytes`, each with its vectors of `out`.
#[inline(always)]
fn blocks<'a, const B: usize, const V: usize>(
    bytes: &'a [u8],
    out: &'a mut [f32],
) -> impl Iterator<Item = (&'a [u8; B], &'a mut [Chunk; V])> {
    bytes.as_chunks::<B>().0.iter().zip(out.as_chunks_mut::<LANES>().0.as_chunks_mut::<V>().0)
}

/// The `N` bytes of `block` at `at`.
#[inline(always)]
fn at<const N: usize>(block: &[u8], at: usize) -> &[u8; N] {
    block[at..].first_chunk().expect("part of a block")
}

struct Dequantize<S>(S);

impl<S: Simd> Dequantize<S> {
    #[inline(always)]
    fn floats(&self, format: Format, bytes: &[u8], out: &mut [f32]) {
        if format == Format::F32 {
            super::dequantize(format, bytes, out);
            return;
        }
        let (chunks, tail) = out.as_chunks_mut::<LANES>();
        let (vectors, tail_bytes) = bytes.as_chunks::<{ 2 * LANES }>();
        for (bytes, out) in vectors.iter().zip(chunks) {
            self.store_halves(format, bytes, out);
        }
        if !tail.is_empty() {
            let mut padded = [0; 2 * LANES];
            padded[..tail_bytes.len()].copy_from_slice(tail_bytes);
            let mut chunk = [0.0; LANES];
            self.store_halves(format, &padded, &mut chunk);
            tail.copy_from_slice(&chunk[..tail.len()]);
        }
    }

    /// Sixteen f16 or bf16.
    #[inline(always)]
    fn store_halves(&self, format: Format, bytes: &[u8; 2 * LANES], out: &mut Chunk) {
        let simd = self.0;
        let bits = simd.widen_u16(bytes);
        if format == Format::BF16 {
            return simd.store(simd.bitcast(simd.shl(bits, 16)), out);
        }
        // As `half_at`: infinity and NaN are those that come out as 2^16 or more.
        let sign = simd.shl(simd.and(bits, simd.splat_int(0x8000)), 16);
        let magnitude = simd.shl(simd.and(bits, simd.splat_int(0x7fff)), 13);
        let finite = simd.mul(simd.bitcast(magnitude), simd.splat(f32::from_bits((112 + 127) << 23)));
        let special = simd.bitcast(simd.or(magnitude, simd.splat_int(0x7f80_0000)));
        let x = simd.select_less(finite, simd.splat(65536.0), finite, special);
        simd.store(simd.bitcast(simd.or(simd.bits(x), sign)), out);
    }

    /// `scale * q`.
    #[inline(always)]
    fn scaled(&self, q: S::I, scale: f32, out: &mut Chunk) {
        self.0.store(self.0.mul(self.0.to_float(q), self.0.splat(scale)), out);
    }

    /// `scale * q + offset`.
    #[inline(always)]
    fn affine(&self, q: S::I, scale: f32, offset: f32, out: &mut Chunk) {
        let product = self.0.mul(self.0.to_float(q), self.0.splat(scale));
        self.0.store(self.0.add(product, self.0.splat(offset)), out);
    }

    /// The 4-bit numbers of 16 bytes: low halves, high halves.
    #[inline(always)]
    fn nibbles(&self, bytes: &[u8; LANES]) -> [S::I; 2] {
        let both = self.0.widen_u8(bytes);
        [self.0.and(both, self.0.splat_int(15)), self.0.shr(both, 4)]
    }

    /// The 5-bit numbers of 16 bytes and two times 16 fifth bits.
    #[inline(always)]
    fn with_fifth_bits(&self, high: &[u8; 4], bytes: &[u8; LANES]) -> [S::I; 2] {
        let simd = self.0;
        let high = simd.splat_int(i32::from_le_bytes(*high));
        let mut quants = self.nibbles(bytes);
        for (half, q) in quants.iter_mut().enumerate() {
            let bit = simd.and(simd.shr_by_lane(high, 16 * half as i32), simd.splat_int(1));
            *q = simd.or(*q, simd.shl(bit, 4));
        }
        quants
    }

    /// `q - offset`.
    #[inline(always)]
    fn less(&self, q: S::I, offset: i32) -> S::I {
        self.0.add_int(q, self.0.splat_int(-offset))
    }

    /// Signed bytes.
    #[inline(always)]
    fn signed(&self, bytes: &[u8; LANES]) -> S::I {
        self.0.sar(self.0.shl(self.0.widen_u8(bytes), 24), 24)
    }

    #[inline(always)]
    fn q4_0(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, [a, b]) in blocks::<18, 2>(bytes, out) {
            let scale = half_at(block, 0);
            let [low, high] = self.nibbles(at(block, 2));
            self.scaled(self.less(low, 8), scale, a);
            self.scaled(self.less(high, 8), scale, b);
        }
    }

    #[inline(always)]
    fn q4_1(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, [a, b]) in blocks::<20, 2>(bytes, out) {
            let (scale, min) = (half_at(block, 0), half_at(block, 2));
            let [low, high] = self.nibbles(at(block, 4));
            self.affine(low, scale, min, a);
            self.affine(high, scale, min, b);
        }
    }

    #[inline(always)]
    fn q5_0(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, [a, b]) in blocks::<22, 2>(bytes, out) {
            let scale = half_at(block, 0);
            let [low, high] = self.with_fifth_bits(at(block, 2), at(block, 6));
            self.scaled(self.less(low, 16), scale, a);
            self.scaled(self.less(high, 16), scale, b);
        }
    }

    #[inline(always)]
    fn q5_1(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, [a, b]) in blocks::<24, 2>(bytes, out) {
            let (scale, min) = (half_at(block, 0), half_at(block, 2));
            let [low, high] = self.with_fifth_bits(at(block, 4), at(block, 8));
            self.affine(low, scale, min, a);
            self.affine(high, scale, min, b);
        }
    }

    #[inline(always)]
    fn q8_0(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, [a, b]) in blocks::<34, 2>(bytes, out) {
            let scale = half_at(block, 0);
            self.scaled(self.signed(at(block, 2)), scale, a);
            self.scaled(self.signed(at(block, 18)), scale, b);
        }
    }

    #[inline(always)]
    fn iq4_nl(&self, bytes: &[u8], out: &mut [f32]) {
        let simd = self.0;
        for (block, [a, b]) in blocks::<18, 2>(bytes, out) {
            let scale = simd.splat(half_at(block, 0));
            let indices: &[u8; LANES] = at(block, 2);
            for i in 0..LANES {
                a[i] = LEVELS[usize::from(indices[i] & 15)];
                b[i] = LEVELS[usize::from(indices[i] >> 4)];
            }
            simd.store(simd.mul(simd.load(a), scale), a);
            simd.store(simd.mul(simd.load(b), scale), b);
        }
    }

    /// Two bits of each of 16 bytes, from bit `shift`.
    #[inline(always)]
    fn bit_pairs(&self, bytes: &[u8; LANES], shift: usize) -> S::I {
        self.0.and(self.0.shr(self.0.widen_u8(bytes), shift as i32), self.0.splat_int(3))
    }

    /// Bit `bit` of each of 16 bytes, moved to bit `to`.
    #[inline(always)]
    fn bit(&self, bytes: &[u8; LANES], bit: usize, to: i32) -> S::I {
        let one = self.0.and(self.0.shr(self.0.widen_u8(bytes), bit as i32), self.0.splat_int(1));
        self.0.shl(one, to)
    }

    #[inline(always)]
    fn q2_k(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, out) in blocks::<84, 16>(bytes, out) {
            let (scale, min) = (half_at(block, 80), half_at(block, 82));
            for (v, out) in out.iter_mut().enumerate() {
                let q = self.bit_pairs(at(block, 16 + v / 8 * 32 + v % 2 * 16), v % 8 / 2 * 2);
                let group = block[v];
                self.affine(q, scale * f32::from(group & 15), -(min * f32::from(group >> 4)), out);
            }
        }
    }

    #[inline(always)]
    fn q3_k(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, out) in blocks::<110, 16>(bytes, out) {
            let scale = half_at(block, 108);
            let scales = q3_k_scales(at(block, 96));
            for (v, out) in out.iter_mut().enumerate() {
                let low = self.bit_pairs(at(block, 32 + v / 8 * 32 + v % 2 * 16), v % 8 / 2 * 2);
                let third = self.bit(at(block, v % 2 * 16), v / 2, 2);
                self.scaled(self.less(self.0.or(low, third), 4), scale * scales[v], out);
            }
        }
    }

    #[inline(always)]
    fn q4_k(&self, bytes: &[u8], out: &mut [f32]) {
        for (block, out) in blocks::<144, 16>(bytes, out) {
            let (scale, min) = (half_at(block, 0), half_at(block, 2));
            for (pair, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let (s, m) = scale_and_min(at(block, 4), 2 * pair);
                let (s2, m2) = scale_and_min(at(block, 4), 2 * pair + 1);
                for half in 0..2 {
                    let [low, high] = self.nibbles(at(block, 16 + pair * 32 + half * 16));
                    self.affine(low, scale * s, -(min * m), &mut out[half]);
                    self.affine(high, scale * s2, -(min * m2), &mut out[half + 2]);
                }
            }
        }
    }

    #[inline(always)]
    fn q5_k(&self, bytes: &[u8], out: &mut [f32]) {
        let simd = self.0;
        for (block, out) in blocks::<176, 16>(bytes, out) {
            let (scale, min) = (half_at(block, 0), half_at(block, 2));
            for (pair, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let (s, m) = scale_and_min(at(block, 4), 2 * pair);
                let (s2, m2) = scale_and_min(at(block, 4), 2 * pair + 1);
                for half in 0..2 {
                    let fifth: &[u8; LANES] = at(block, 16 + half * 16);
                    let [low, high] = self.nibbles(at(block, 48 + pair * 32 + half * 16));
                    let low = simd.or(low, self.bit(fifth, 2 * pair, 4));
                    let high = simd.or(high, self.bit(fifth, 2 * pair + 1, 4));
                    self.affine(low, scale * s, -(min * m), &mut out[half]);
                    self.affine(high, scale * s2, -(min * m2), &mut out[half + 2]);
                }
            }
        }
    }

    #[inline(always)]
    fn q6_k(&self, bytes: &[u8], out: &mut [f32]) {
        let simd = self.0;
        for (block, out) in blocks::<210, 16>(bytes, out) {
            let scale = half_at(block, 208);
            for v in 0..16 {
                let (part, j) = (v / 8, v % 8);
                let [low, high] = self.nibbles(at(block, part * 64 + j % 4 * 16));
                let four = if j < 4 { low } else { high };
                let two = self.bit_pairs(at(block, 128 + part * 32 + j % 2 * 16), j / 2 * 2);
                let q = self.less(simd.or(four, simd.shl(two, 4)), 32);
                self.scaled(q, scale * f32::from(block[192 + v].cast_signed()), &mut out[v]);
            }
        }
    }
}
