//! [`Simd`] in four 128-bit registers.

#![allow(unsafe_code)]
// NEON is part of the baseline of most aarch64 targets, where its intrinsics on values are safe to call.
#![allow(unused_unsafe)]

use std::arch::aarch64::*;
use std::array::from_fn;

use super::{Chunk, LANES, Simd};

/// Proof that the processor has NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// # Safety
    ///
    /// The processor must have NEON.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Neon(())
    }
}

/// Lanes 0 to 3, 4 to 7, 8 to 11 and 12 to 15.
type Floats = [float32x4_t; 4];
type Ints = [uint32x4_t; 4];

/// Methods that are one expression of intrinsics for register `i` of four.
macro_rules! intrinsics {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty { |$i:ident| $body:expr })*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $type),*) -> $out {
            // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
            from_fn(|$i| unsafe { $body })
        }
    )*};
}

impl Simd for Neon {
    type F = Floats;
    type I = Ints;

    const MANY_REGISTERS: bool = false;

    #[inline(always)]
    fn load(self, from: &Chunk) -> Floats {
        // SAFETY: `self` proves the instruction, and the reference that 64 bytes are readable.
        from_fn(|i| unsafe { vld1q_f32(from.as_ptr().add(4 * i)) })
    }
    #[inline(always)]
    fn store(self, a: Floats, to: &mut Chunk) {
        for (i, a) in a.into_iter().enumerate() {
            // SAFETY: `self` proves the instruction, and the reference that 64 bytes are writable.
            unsafe { vst1q_f32(to.as_mut_ptr().add(4 * i), a) }
        }
    }
    #[inline(always)]
    fn widen_u8(self, from: &[u8; LANES]) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 16 bytes are readable.
        unsafe {
            let bytes = vld1q_u8(from.as_ptr());
            let low = vmovl_u8(vget_low_u8(bytes));
            let high = vmovl_u8(vget_high_u8(bytes));
            [
                vmovl_u16(vget_low_u16(low)),
                vmovl_u16(vget_high_u16(low)),
                vmovl_u16(vget_low_u16(high)),
                vmovl_u16(vget_high_u16(high)),
            ]
        }
    }
    #[inline(always)]
    fn widen_u16(self, from: &[u8; 2 * LANES]) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are readable.
        from_fn(|i| unsafe { vmovl_u16(vreinterpret_u16_u8(vld1_u8(from.as_ptr().add(8 * i)))) })
    }
    #[inline(always)]
    fn sum(self, a: Floats) -> f32 {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        unsafe {
            let a = vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
            let a = vadd_f32(vget_low_f32(a), vget_high_f32(a));
            vget_lane_f32::<0>(a) + vget_lane_f32::<1>(a)
        }
    }

    intrinsics! {
        fn splat(x: f32) -> Floats { |_i| vdupq_n_f32(x) }
        fn add(a: Floats, b: Floats) -> Floats { |i| vaddq_f32(a[i], b[i]) }
        fn sub(a: Floats, b: Floats) -> Floats { |i| vsubq_f32(a[i], b[i]) }
        fn mul(a: Floats, b: Floats) -> Floats { |i| vmulq_f32(a[i], b[i]) }
        fn div(a: Floats, b: Floats) -> Floats { |i| vdivq_f32(a[i], b[i]) }
        fn mul_add(a: Floats, b: Floats, c: Floats) -> Floats { |i| vfmaq_f32(c[i], a[i], b[i]) }
        fn min(a: Floats, b: Floats) -> Floats { |i| vbslq_f32(vcltq_f32(a[i], b[i]), a[i], b[i]) }
        fn max(a: Floats, b: Floats) -> Floats { |i| vbslq_f32(vcgtq_f32(a[i], b[i]), a[i], b[i]) }
        fn select_less(a: Floats, b: Floats, yes: Floats, no: Floats) -> Floats {
            |i| vbslq_f32(vcltq_f32(a[i], b[i]), yes[i], no[i])
        }
        fn splat_int(x: i32) -> Ints { |_i| vreinterpretq_u32_s32(vdupq_n_s32(x)) }
        fn and(a: Ints, b: Ints) -> Ints { |i| vandq_u32(a[i], b[i]) }
        fn or(a: Ints, b: Ints) -> Ints { |i| vorrq_u32(a[i], b[i]) }
        fn add_int(a: Ints, b: Ints) -> Ints { |i| vaddq_u32(a[i], b[i]) }
        fn sub_int(a: Ints, b: Ints) -> Ints { |i| vsubq_u32(a[i], b[i]) }
        fn shl(a: Ints, n: i32) -> Ints { |i| vshlq_u32(a[i], vdupq_n_s32(n)) }
        fn shr(a: Ints, n: i32) -> Ints { |i| vshlq_u32(a[i], vdupq_n_s32(-n)) }
        fn sar(a: Ints, n: i32) -> Ints {
            |i| vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(a[i]), vdupq_n_s32(-n)))
        }
        fn shr_by_lane(a: Ints, n: i32) -> Ints {
            |i| {
                let first = -(n + 4 * i as i32);
                let counts = [first, first - 1, first - 2, first - 3];
                vshlq_u32(a[i], vld1q_s32(counts.as_ptr()))
            }
        }
        fn to_float(a: Ints) -> Floats { |i| vcvtq_f32_s32(vreinterpretq_s32_u32(a[i])) }
        fn bits(a: Floats) -> Ints { |i| vreinterpretq_u32_f32(a[i]) }
        fn bitcast(a: Ints) -> Floats { |i| vreinterpretq_f32_u32(a[i]) }
    }
}
