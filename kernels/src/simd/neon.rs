//! [`Simd`] in four 128-bit registers.

#![allow(unsafe_code)]
// NEON is part of the baseline of most aarch64 targets, where its intrinsics on values are safe to call.
#![allow(unused_unsafe)]

use std::arch::aarch64::*;
use std::array::from_fn;

use half::f16;

use crate::isa::{run_neon, run_neon_dot};

use super::{Chunk, Halves, Kernel, LANES, Line, Simd};

/// Proof that the processor has NEON, and its dot products where the parameter says so.
#[derive(Clone, Copy)]
pub(crate) struct Neon<const DOT: bool>(());

impl<const DOT: bool> Neon<DOT> {
    /// # Safety
    ///
    /// The processor must have what this type proves.
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

impl<const DOT: bool> Simd for Neon<DOT> {
    type F = Floats;
    type I = Ints;

    const MANY_REGISTERS: bool = false;
    const SIGNED_BIAS: bool = false;

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` proves what the function is compiled for.
        unsafe { if DOT { run_neon_dot(kernel) } else { run_neon(kernel) } }
    }
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
    fn widen_u16(self, from: &Halves) -> Ints {
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

    #[inline(always)]
    fn largest(self, a: Floats) -> f32 {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        unsafe { vmaxvq_f32(vmaxq_f32(vmaxq_f32(a[0], a[1]), vmaxq_f32(a[2], a[3]))) }
    }
    #[inline(always)]
    fn load_int(self, from: &Line) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 64 bytes are readable.
        from_fn(|i| unsafe { vreinterpretq_u32_u8(vld1q_u8(from.as_ptr().add(16 * i))) })
    }
    #[inline(always)]
    fn pack_bytes(self, a: [Ints; 4]) -> Ints {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        a.map(|a| unsafe {
            let low = vcombine_u16(vmovn_u32(a[0]), vmovn_u32(a[1]));
            let high = vcombine_u16(vmovn_u32(a[2]), vmovn_u32(a[3]));
            vreinterpretq_u32_u8(vcombine_u8(vmovn_u16(low), vmovn_u16(high)))
        })
    }
    #[inline(always)]
    fn store_int(self, a: Ints, to: &mut Line) {
        for (i, a) in a.into_iter().enumerate() {
            // SAFETY: `self` proves the instructions, and the reference that 64 bytes are writable.
            unsafe { vst1q_u8(to.as_mut_ptr().add(16 * i), vreinterpretq_u8_u32(a)) }
        }
    }
    #[inline(always)]
    fn store_shorts(self, a: Ints, to: &mut Halves) {
        for (i, a) in a.into_iter().enumerate() {
            // SAFETY: `self` proves the instructions, and the reference that 32 bytes are writable.
            unsafe { vst1_u8(to.as_mut_ptr().add(8 * i), vreinterpret_u8_u16(vmovn_u32(a))) }
        }
    }
    #[inline(always)]
    fn dot_shorts(self, sums: Ints, w: Ints, x: Ints) -> Ints {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        from_fn(|i| unsafe {
            let low = |a| vreinterpret_s16_u16(vmovn_u32(a));
            let high = |a| vreinterpret_s16_u16(vshrn_n_u32::<16>(a));
            let sums = vmlal_s16(vreinterpretq_s32_u32(sums[i]), low(w[i]), low(x[i]));
            vreinterpretq_u32_s32(vmlal_s16(sums, high(w[i]), high(x[i])))
        })
    }
    #[inline(always)]
    fn dot(self, sums: Ints, w: Ints, x: Ints) -> Ints {
        // Bytes below 64 are the same, signed or not.
        self.dot_signed(sums, w, x)
    }
    #[inline(always)]
    fn dot_signed(self, sums: Ints, w: Ints, x: Ints) -> Ints {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        from_fn(|i| unsafe { dot::<DOT>(sums[i], w[i], x[i]) })
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; LANES], indices: Ints) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 16 bytes are readable.
        unsafe {
            let table = vld1q_u8(table.as_ptr());
            indices.map(|i| vreinterpretq_u32_u8(vqtbl1q_u8(table, vreinterpretq_u8_u32(i))))
        }
    }
    #[inline(always)]
    fn load_half(self, from: &Halves) -> Floats {
        // As `half_at` of `dequantize`: infinity and NaN are those that come out as 2^16 or more.
        let bits = self.widen_u16(from);
        let sign = self.shl(self.and(bits, self.splat_int(0x8000)), 16);
        let magnitude = self.shl(self.and(bits, self.splat_int(0x7fff)), 13);
        let finite = self.mul(self.bitcast(magnitude), self.splat(f32::from_bits((112 + 127) << 23)));
        let special = self.bitcast(self.or(magnitude, self.splat_int(0x7f80_0000)));
        let x = self.select_less(finite, self.splat(65536.0), finite, special);
        self.bitcast(self.or(self.bits(x), sign))
    }
    #[inline(always)]
    fn store_half(self, a: Floats, to: &mut Halves) {
        let mut chunk = [0.0; LANES];
        self.store(a, &mut chunk);
        for (to, x) in to.as_chunks_mut::<2>().0.iter_mut().zip(chunk) {
            *to = f16::from_f32(x).to_le_bytes();
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
        fn xor(a: Ints, b: Ints) -> Ints { |i| veorq_u32(a[i], b[i]) }
        fn add_int(a: Ints, b: Ints) -> Ints { |i| vaddq_u32(a[i], b[i]) }
        fn sub_int(a: Ints, b: Ints) -> Ints { |i| vsubq_u32(a[i], b[i]) }
        fn shl(a: Ints, n: i32) -> Ints { |i| vshlq_u32(a[i], vdupq_n_s32(n)) }
        fn shr(a: Ints, n: i32) -> Ints { |i| vshlq_u32(a[i], vdupq_n_s32(-n)) }
        fn sar(a: Ints, n: i32) -> Ints {
            |i| vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(a[i]), vdupq_n_s32(-n)))
        }
        fn to_float(a: Ints) -> Floats { |i| vcvtq_f32_s32(vreinterpretq_s32_u32(a[i])) }
        fn bits(a: Floats) -> Ints { |i| vreinterpretq_u32_f32(a[i]) }
        fn bitcast(a: Ints) -> Floats { |i| vreinterpretq_f32_u32(a[i]) }
    }
}

/// # Safety
///
/// The processor must have NEON, and its dot products where the parameter says so.
#[inline(always)]
unsafe fn dot<const DOT: bool>(sums: uint32x4_t, w: uint32x4_t, x: uint32x4_t) -> uint32x4_t {
    // SAFETY: as this function's; the instruction touches registers only.
    unsafe {
        if DOT {
            let mut sums = sums;
            std::arch::asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {w:v}.16b, {x:v}.16b",
                sums = inout(vreg) sums, w = in(vreg) w, x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags),
            );
            return sums;
        }
        let (w, x) = (vreinterpretq_s8_u32(w), vreinterpretq_s8_u32(x));
        let low = vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)));
        let high = vpaddlq_s16(vmull_s8(vget_high_s8(w), vget_high_s8(x)));
        vaddq_u32(sums, vreinterpretq_u32_s32(vpaddq_s32(low, high)))
    }
}
