//! The specification of [`Simd`]: sixteen lanes, one after the other.

use half::f16;

use super::{Chunk, Halves, Kernel, LANES, Line, Simd};

/// Needs nothing of the processor.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

#[inline(always)]
fn zip<T: Copy, U>(a: [T; LANES], b: [T; LANES], f: impl Fn(T, T) -> U) -> [U; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Scalar {
    type F = [f32; LANES];
    type I = [u32; LANES];

    const MANY_REGISTERS: bool = false;
    const SIGNED_BIAS: bool = false;

    #[inline(never)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, from: &Chunk) -> Self::F {
        *from
    }
    #[inline(always)]
    fn store(self, a: Self::F, to: &mut Chunk) {
        *to = a;
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn select_less(self, a: Self::F, b: Self::F, yes: Self::F, no: Self::F) -> Self::F {
        std::array::from_fn(|i| if a[i] < b[i] { yes[i] } else { no[i] })
    }

    #[inline(always)]
    fn sum(self, mut a: Self::F) -> f32 {
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                a[i] += a[i + half];
            }
        }
        a[0]
    }

    #[inline(always)]
    fn largest(self, a: Self::F) -> f32 {
        a.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    fn splat_int(self, x: i32) -> Self::I {
        [x.cast_unsigned(); LANES]
    }
    #[inline(always)]
    fn widen_u8(self, from: &[u8; LANES]) -> Self::I {
        from.map(u32::from)
    }
    #[inline(always)]
    fn widen_u16(self, from: &Halves) -> Self::I {
        std::array::from_fn(|i| u16::from_le_bytes([from[2 * i], from[2 * i + 1]]).into())
    }
    #[inline(always)]
    fn and(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn xor(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn add_int(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    fn sub_int(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, u32::wrapping_sub)
    }
    #[inline(always)]
    fn shl(self, a: Self::I, n: i32) -> Self::I {
        a.map(|a| a << n)
    }
    #[inline(always)]
    fn shr(self, a: Self::I, n: i32) -> Self::I {
        a.map(|a| a >> n)
    }
    #[inline(always)]
    fn sar(self, a: Self::I, n: i32) -> Self::I {
        a.map(|a| (a.cast_signed() >> n).cast_unsigned())
    }
    #[inline(always)]
    fn to_float(self, a: Self::I) -> Self::F {
        a.map(|a| a.cast_signed() as f32)
    }
    #[inline(always)]
    fn bits(self, a: Self::F) -> Self::I {
        a.map(f32::to_bits)
    }
    #[inline(always)]
    fn bitcast(self, a: Self::I) -> Self::F {
        a.map(f32::from_bits)
    }

    #[inline(always)]
    fn load_int(self, from: &Line) -> Self::I {
        std::array::from_fn(|i| u32::from_le_bytes([from[4 * i], from[4 * i + 1], from[4 * i + 2], from[4 * i + 3]]))
    }
    #[inline(always)]
    fn pack_bytes(self, a: [Self::I; 4]) -> Self::I {
        std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|byte| a[i / 4][i % 4 * 4 + byte] as u8)))
    }
    #[inline(always)]
    fn store_int(self, a: Self::I, to: &mut Line) {
        for (to, a) in to.as_chunks_mut().0.iter_mut().zip(a) {
            *to = a.to_le_bytes();
        }
    }
    #[inline(always)]
    fn store_shorts(self, a: Self::I, to: &mut Halves) {
        for (to, a) in to.as_chunks_mut().0.iter_mut().zip(a) {
            *to = (a as u16).to_le_bytes();
        }
    }
    #[inline(always)]
    fn dot_shorts(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I {
        let short = |a: u32| (a as u16).cast_signed();
        std::array::from_fn(|i| {
            let product = |shift: u32| i32::from(short(w[i] >> shift)) * i32::from(short(x[i] >> shift));
            sums[i].wrapping_add(product(0).wrapping_add(product(16)).cast_unsigned())
        })
    }
    #[inline(always)]
    fn dot(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I {
        std::array::from_fn(|i| {
            let (w, x) = (w[i].to_le_bytes(), x[i].to_le_bytes());
            let products = w.iter().zip(x).map(|(w, x)| i32::from(*w) * i32::from(x.cast_signed()));
            sums[i].wrapping_add(products.sum::<i32>().cast_unsigned())
        })
    }
    #[inline(always)]
    fn dot_signed(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I {
        std::array::from_fn(|i| {
            let (w, x) = (w[i].to_le_bytes(), x[i].to_le_bytes());
            let products = w.iter().zip(x).map(|(w, x)| i32::from(w.cast_signed()) * i32::from(x.cast_signed()));
            sums[i].wrapping_add(products.sum::<i32>().cast_unsigned())
        })
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; LANES], indices: Self::I) -> Self::I {
        indices.map(|i| u32::from_le_bytes(i.to_le_bytes().map(|i| table[usize::from(i) % LANES])))
    }
    #[inline(always)]
    fn load_half(self, from: &Halves) -> Self::F {
        std::array::from_fn(|i| f16::from_le_bytes([from[2 * i], from[2 * i + 1]]).to_f32())
    }
    #[inline(always)]
    fn store_half(self, a: Self::F, to: &mut Halves) {
        for (to, a) in to.as_chunks_mut::<2>().0.iter_mut().zip(a) {
            *to = f16::from_f32(a).to_le_bytes();
        }
    }
}
