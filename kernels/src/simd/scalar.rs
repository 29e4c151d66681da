//! The specification of [`Simd`]: sixteen lanes, one after the other.

use super::{Chunk, LANES, Simd};

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
    fn splat_int(self, x: i32) -> Self::I {
        [x.cast_unsigned(); LANES]
    }
    #[inline(always)]
    fn widen_u8(self, from: &[u8; LANES]) -> Self::I {
        from.map(u32::from)
    }
    #[inline(always)]
    fn widen_u16(self, from: &[u8; 2 * LANES]) -> Self::I {
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
    fn shr_by_lane(self, a: Self::I, n: i32) -> Self::I {
        std::array::from_fn(|i| a[i] >> (n as usize + i))
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
}
