//! [`Simd`] in two 256-bit registers.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use crate::isa::{run_avx_vnni, run_avx2};

use super::{Chunk, Halves, Kernel, LANES, Line, Simd};

/// Proof that the processor has AVX2, FMA and F16C, and AVX-VNNI where the parameter says so.
#[derive(Clone, Copy)]
pub(crate) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// # Safety
    ///
    /// The processor must have what this type proves.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Avx2(())
    }
}

/// Lanes 0 to 7 and 8 to 15.
type Floats = [__m256; 2];
type Ints = [__m256i; 2];

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

impl<const VNNI: bool> Simd for Avx2<VNNI> {
    type F = Floats;
    type I = Ints;

    const MANY_REGISTERS: bool = false;
    const FEW_ROWS: usize = 4;
    const SIGNED_BIAS: bool = VNNI;
    const PAIRS: bool = !VNNI;

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` proves what the function is compiled for.
        unsafe { if VNNI { run_avx_vnni(kernel) } else { run_avx2(kernel) } }
    }
    #[inline(always)]
    fn load(self, from: &Chunk) -> Floats {
        // SAFETY: `self` proves the instructions, and the reference that 64 bytes are readable.
        unsafe { [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))] }
    }
    #[inline(always)]
    fn store(self, a: Floats, to: &mut Chunk) {
        // SAFETY: `self` proves the instructions, and the reference that 64 bytes are writable.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), a[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), a[1]);
        }
    }
    #[inline(always)]
    fn widen_u8(self, from: &[u8; LANES]) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 16 bytes are readable.
        unsafe {
            let bytes = _mm_loadu_si128(from.as_ptr().cast());
            [_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128::<8>(bytes))]
        }
    }
    #[inline(always)]
    fn widen_u16(self, from: &Halves) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are readable.
        unsafe {
            let halves = _mm256_loadu_si256(from.as_ptr().cast());
            [
                _mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves)),
                _mm256_cvtepu16_epi32(_mm256_extracti128_si256::<1>(halves)),
            ]
        }
    }

    #[inline(always)]
    fn load_int(self, from: &Line) -> Ints {
        let from = from.as_ptr();
        // SAFETY: `self` proves the instructions, and the reference that 64 bytes are readable.
        unsafe { [_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())] }
    }
    #[inline(always)]
    fn pack_bytes(self, a: [Ints; 4]) -> Ints {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        unsafe {
            let low = _mm256_set1_epi32(255);
            // Packing works within 128-bit halves: lanes 0-3, 8-11, 4-7, 12-15.
            macro_rules! words {
                ($i:literal) => {
                    _mm256_packus_epi32(_mm256_and_si256(a[$i][0], low), _mm256_and_si256(a[$i][1], low))
                };
            }
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            [
                _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words!(0), words!(1)), order),
                _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words!(2), words!(3)), order),
            ]
        }
    }
    #[inline(always)]
    fn store_int(self, a: Ints, to: &mut Line) {
        let to = to.as_mut_ptr();
        // SAFETY: `self` proves the instructions, and the reference that 64 bytes are writable.
        unsafe {
            _mm256_storeu_si256(to.cast(), a[0]);
            _mm256_storeu_si256(to.add(32).cast(), a[1]);
        }
    }
    #[inline(always)]
    fn store_shorts(self, a: Ints, to: &mut Halves) {
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are writable.
        unsafe {
            let low = _mm256_set1_epi32(0xffff);
            // Packing works within 128-bit halves: lanes 0-3, 8-11, 4-7, 12-15.
            let shorts = _mm256_packus_epi32(_mm256_and_si256(a[0], low), _mm256_and_si256(a[1], low));
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_permute4x64_epi64::<0b11_01_10_00>(shorts));
        }
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; LANES], indices: Ints) -> Ints {
        // SAFETY: `self` proves the instructions, and the reference that 16 bytes are readable.
        unsafe {
            let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
            [_mm256_shuffle_epi8(table, indices[0]), _mm256_shuffle_epi8(table, indices[1])]
        }
    }
    #[inline(always)]
    fn load_half(self, from: &Halves) -> Floats {
        let from = from.as_ptr();
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are readable.
        unsafe {
            [_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(16).cast()))]
        }
    }
    #[inline(always)]
    fn store_half(self, a: Floats, to: &mut Halves) {
        let to = to.as_mut_ptr();
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are writable.
        unsafe {
            _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a[0]));
            _mm_storeu_si128(to.add(16).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a[1]));
        }
    }

    intrinsics! {
        fn dot(sums: Ints, w: Ints, x: Ints) -> Ints {
            [dot::<VNNI>(sums[0], w[0], x[0]), dot::<VNNI>(sums[1], w[1], x[1])]
        }
        fn dot_shorts(sums: Ints, w: Ints, x: Ints) -> Ints {
            if VNNI {
                [_mm256_dpwssd_avx_epi32(sums[0], w[0], x[0]), _mm256_dpwssd_avx_epi32(sums[1], w[1], x[1])]
            } else {
                [
                    _mm256_add_epi32(sums[0], _mm256_madd_epi16(w[0], x[0])),
                    _mm256_add_epi32(sums[1], _mm256_madd_epi16(w[1], x[1])),
                ]
            }
        }
        fn dot_pairs(sums: Ints, w: Ints, x: Ints) -> Ints {
            [
                _mm256_add_epi16(sums[0], _mm256_maddubs_epi16(w[0], x[0])),
                _mm256_add_epi16(sums[1], _mm256_maddubs_epi16(w[1], x[1])),
            ]
        }
        fn fold_pairs(sums: Ints, pairs: Ints) -> Ints {
            [
                _mm256_add_epi32(sums[0], _mm256_madd_epi16(pairs[0], _mm256_set1_epi16(1))),
                _mm256_add_epi32(sums[1], _mm256_madd_epi16(pairs[1], _mm256_set1_epi16(1))),
            ]
        }
        fn dot_signed(sums: Ints, w: Ints, x: Ints) -> Ints {
            [dot_signed::<VNNI>(sums[0], w[0], x[0]), dot_signed::<VNNI>(sums[1], w[1], x[1])]
        }
        fn splat(x: f32) -> Floats { [_mm256_set1_ps(x); 2] }
        fn add(a: Floats, b: Floats) -> Floats { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
        fn sub(a: Floats, b: Floats) -> Floats { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
        fn mul(a: Floats, b: Floats) -> Floats { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
        fn div(a: Floats, b: Floats) -> Floats { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
        fn mul_add(a: Floats, b: Floats, c: Floats) -> Floats {
            [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])]
        }
        fn min(a: Floats, b: Floats) -> Floats { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
        fn max(a: Floats, b: Floats) -> Floats { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
        fn select_less(a: Floats, b: Floats, yes: Floats, no: Floats) -> Floats {
            [
                _mm256_blendv_ps(no[0], yes[0], _mm256_cmp_ps::<_CMP_LT_OQ>(a[0], b[0])),
                _mm256_blendv_ps(no[1], yes[1], _mm256_cmp_ps::<_CMP_LT_OQ>(a[1], b[1])),
            ]
        }
        fn sum(a: Floats) -> f32 {{
            let a = _mm256_add_ps(a[0], a[1]);
            let a = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_add_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)))
        }}
        fn largest(a: Floats) -> f32 {{
            let a = _mm256_max_ps(a[0], a[1]);
            let a = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_max_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)))
        }}
        fn splat_int(x: i32) -> Ints { [_mm256_set1_epi32(x); 2] }
        fn and(a: Ints, b: Ints) -> Ints { [_mm256_and_si256(a[0], b[0]), _mm256_and_si256(a[1], b[1])] }
        fn or(a: Ints, b: Ints) -> Ints { [_mm256_or_si256(a[0], b[0]), _mm256_or_si256(a[1], b[1])] }
        fn xor(a: Ints, b: Ints) -> Ints { [_mm256_xor_si256(a[0], b[0]), _mm256_xor_si256(a[1], b[1])] }
        fn add_int(a: Ints, b: Ints) -> Ints { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
        fn sub_int(a: Ints, b: Ints) -> Ints { [_mm256_sub_epi32(a[0], b[0]), _mm256_sub_epi32(a[1], b[1])] }
        fn shl(a: Ints, n: i32) -> Ints {{
            let n = _mm_cvtsi32_si128(n);
            [_mm256_sll_epi32(a[0], n), _mm256_sll_epi32(a[1], n)]
        }}
        fn shr(a: Ints, n: i32) -> Ints {{
            let n = _mm_cvtsi32_si128(n);
            [_mm256_srl_epi32(a[0], n), _mm256_srl_epi32(a[1], n)]
        }}
        fn sar(a: Ints, n: i32) -> Ints {{
            let n = _mm_cvtsi32_si128(n);
            [_mm256_sra_epi32(a[0], n), _mm256_sra_epi32(a[1], n)]
        }}
        fn to_float(a: Ints) -> Floats { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }
        fn bits(a: Floats) -> Ints { [_mm256_castps_si256(a[0]), _mm256_castps_si256(a[1])] }
        fn bitcast(a: Ints) -> Floats { [_mm256_castsi256_ps(a[0]), _mm256_castsi256_ps(a[1])] }
    }
}

/// # Safety
///
/// The processor must have AVX2, and AVX-VNNI where the parameter says so.
#[inline(always)]
unsafe fn dot<const VNNI: bool>(sums: __m256i, w: __m256i, x: __m256i) -> __m256i {
    // SAFETY: as this function's.
    unsafe {
        if VNNI {
            return _mm256_dpbusd_avx_epi32(sums, w, x);
        }
        // No pair of products exceeds 16 bits: 2 * 63 * 127.
        let pairs = _mm256_maddubs_epi16(w, x);
        _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

/// # Safety
///
/// As [`dot`].
#[inline(always)]
unsafe fn dot_signed<const VNNI: bool>(sums: __m256i, w: __m256i, x: __m256i) -> __m256i {
    // SAFETY: as this function's.
    unsafe {
        if VNNI {
            return _mm256_dpbusd_avx_epi32(sums, _mm256_xor_si256(w, _mm256_set1_epi8(-128)), x);
        }
        // The sign of `w` goes over to `x`; 2 * 128 * 127 fits 16 bits.
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
        _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}
