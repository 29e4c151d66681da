//! [`Simd`] in one 512-bit register.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Chunk, LANES, Simd};

/// Proof that the processor has AVX-512 F, BW, DQ and VL.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    ///
    /// The processor must have AVX-512 F, BW, DQ and VL.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Avx512(())
    }
}

/// Methods that are one expression of intrinsics over values.
macro_rules! intrinsics {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty { $body:expr })*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $type),*) -> $out {
            // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
            unsafe { $body }
        }
    )*};
}

impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;

    const MANY_REGISTERS: bool = true;

    #[inline(always)]
    fn load(self, from: &Chunk) -> __m512 {
        // SAFETY: `self` proves the instruction, and the reference that 64 bytes are readable.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, a: __m512, to: &mut Chunk) {
        // SAFETY: `self` proves the instruction, and the reference that 64 bytes are writable.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), a) }
    }
    #[inline(always)]
    fn widen_u8(self, from: &[u8; LANES]) -> __m512i {
        // SAFETY: `self` proves the instruction, and the reference that 16 bytes are readable.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn widen_u16(self, from: &[u8; 2 * LANES]) -> __m512i {
        // SAFETY: `self` proves the instruction, and the reference that 32 bytes are readable.
        unsafe { _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    intrinsics! {
        fn splat(x: f32) -> __m512 { _mm512_set1_ps(x) }
        fn add(a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn sub(a: __m512, b: __m512) -> __m512 { _mm512_sub_ps(a, b) }
        fn mul(a: __m512, b: __m512) -> __m512 { _mm512_mul_ps(a, b) }
        fn div(a: __m512, b: __m512) -> __m512 { _mm512_div_ps(a, b) }
        fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 { _mm512_fmadd_ps(a, b, c) }
        fn min(a: __m512, b: __m512) -> __m512 { _mm512_min_ps(a, b) }
        fn max(a: __m512, b: __m512) -> __m512 { _mm512_max_ps(a, b) }
        fn select_less(a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
            _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes)
        }
        fn sum(a: __m512) -> f32 {{
            let a = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
            let a = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_add_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)))
        }}
        fn splat_int(x: i32) -> __m512i { _mm512_set1_epi32(x) }
        fn and(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        fn or(a: __m512i, b: __m512i) -> __m512i { _mm512_or_si512(a, b) }
        fn add_int(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi32(a, b) }
        fn sub_int(a: __m512i, b: __m512i) -> __m512i { _mm512_sub_epi32(a, b) }
        fn shl(a: __m512i, n: i32) -> __m512i { _mm512_sll_epi32(a, _mm_cvtsi32_si128(n)) }
        fn shr(a: __m512i, n: i32) -> __m512i { _mm512_srl_epi32(a, _mm_cvtsi32_si128(n)) }
        fn sar(a: __m512i, n: i32) -> __m512i { _mm512_sra_epi32(a, _mm_cvtsi32_si128(n)) }
        fn shr_by_lane(a: __m512i, n: i32) -> __m512i {{
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm512_srlv_epi32(a, _mm512_add_epi32(lanes, _mm512_set1_epi32(n)))
        }}
        fn to_float(a: __m512i) -> __m512 { _mm512_cvtepi32_ps(a) }
        fn bits(a: __m512) -> __m512i { _mm512_castps_si512(a) }
        fn bitcast(a: __m512i) -> __m512 { _mm512_castsi512_ps(a) }
    }
}
