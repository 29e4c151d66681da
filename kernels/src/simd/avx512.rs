//! [`Simd`] in one 512-bit register.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use crate::isa::{run_amx, run_avx512, run_avx512_vnni};

use super::{Chunk, Halves, Kernel, LANES, Line, Paired, Simd, Tiles};

/// Proof that the processor has AVX-512 F, BW, DQ and VL, and VNNI and tiles of bytes (AMX) where the parameters say so.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const VNNI: bool, const AMX: bool>(());

impl<const VNNI: bool, const AMX: bool> Avx512<VNNI, AMX> {
    /// # Safety
    ///
    /// The processor must have what this type proves.
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

impl<const VNNI: bool, const AMX: bool> Simd for Avx512<VNNI, AMX> {
    type F = __m512;
    type I = __m512i;

    const MANY_REGISTERS: bool = true;
    const SIGNED_BIAS: bool = VNNI;
    const PAIRS: bool = !VNNI;
    const TILES: bool = AMX;

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` proves what the function is compiled for.
        unsafe {
            match (VNNI, AMX) {
                (_, true) => run_amx(kernel),
                (true, _) => run_avx512_vnni(kernel),
                _ => run_avx512(kernel),
            }
        }
    }
    #[inline(always)]
    fn paired(self) -> Option<Paired> {
        // SAFETY: `self` proves what that type does.
        VNNI.then(|| unsafe { Paired::new() })
    }
    #[inline(always)]
    fn tiles<const N: usize>(self) -> Option<Tiles<N>> {
        // SAFETY: `self` proves that there are tiles.
        AMX.then(|| unsafe { Tiles::new() })
    }
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
    fn widen_u16(self, from: &Halves) -> __m512i {
        // SAFETY: `self` proves the instruction, and the reference that 32 bytes are readable.
        unsafe { _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_int(self, from: &Line) -> __m512i {
        // SAFETY: `self` proves the instruction, and the reference that 64 bytes are readable.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn pack_bytes(self, a: [__m512i; 4]) -> __m512i {
        // SAFETY: `self` proves that the processor has these instructions; they touch registers only.
        unsafe {
            let low = _mm512_set1_epi32(255);
            // Packing works within 128-bit quarters, which then have four bytes of each.
            macro_rules! words {
                ($i:literal, $j:literal) => {
                    _mm512_packus_epi32(_mm512_and_si512(a[$i], low), _mm512_and_si512(a[$j], low))
                };
            }
            let bytes = _mm512_packus_epi16(words!(0, 1), words!(2, 3));
            _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes)
        }
    }
    #[inline(always)]
    fn largest_each(self, a: [__m512; 4]) -> [f32; 4] {
        // SAFETY: `self` proves the instructions, and the array that 16 bytes are writable.
        unsafe {
            let pair = |a, b| _mm512_max_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let (low, high) = (_mm512_castps_pd(pair(a[0], a[1])), _mm512_castps_pd(pair(a[2], a[3])));
            let all = [_mm512_unpacklo_pd(low, high), _mm512_unpackhi_pd(low, high)].map(|a| _mm512_castpd_ps(a));
            let all = _mm512_max_ps(all[0], all[1]);
            let half = _mm256_max_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps::<1>(all));
            let quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half));
            let mut largest = [0.0; 4];
            _mm_storeu_ps(largest.as_mut_ptr(), quarter);
            largest
        }
    }
    #[inline(always)]
    fn sum_quads(self, a: __m512i) -> [i32; 4] {
        // SAFETY: `self` proves the instructions, and the array that 16 bytes are writable.
        unsafe {
            let a = _mm512_add_epi32(a, _mm512_shuffle_epi32::<0b10_11_00_01>(a));
            let a = _mm512_add_epi32(a, _mm512_shuffle_epi32::<0b01_00_11_10>(a));
            let mut sums = [0; 4];
            let every_fourth = _mm512_maskz_compress_epi32(0x1111, a);
            _mm_storeu_si128(sums.as_mut_ptr().cast(), _mm512_castsi512_si128(every_fourth));
            sums
        }
    }
    #[inline(always)]
    fn six_rows(self, rows: [&[u32; 12]; 6], to: &mut [u32; 72]) {
        // Two rows as pairs, word by word; macros, because a closure would become a call.
        macro_rules! pairs {
            ($order:ident) => {
                [pairs!($order, 0, 1), pairs!($order, 2, 3), pairs!($order, 4, 5)]
            };
            ($order:ident, $a:literal, $b:literal) => {
                _mm512_permutex2var_epi32(
                    _mm512_maskz_loadu_epi32(0x0fff, rows[$a].as_ptr().cast()),
                    $order,
                    _mm512_maskz_loadu_epi32(0x0fff, rows[$b].as_ptr().cast()),
                )
            };
        }
        // Three rows of pairs, word by word: where those of the third go, and which pairs of the first two and of the third.
        macro_rules! thirds {
            ($pairs:ident, $mask:literal, [$($two:literal),*], [$($third:literal),*]) => {
                _mm512_mask_permutexvar_epi64(
                    _mm512_permutex2var_epi64($pairs[0], _mm512_setr_epi64($($two),*), $pairs[1]),
                    $mask,
                    _mm512_setr_epi64($($third),*),
                    $pairs[2],
                )
            };
        }
        // SAFETY: `self` proves the instructions; 48 bytes are read of each row, and 288 bytes written.
        unsafe {
            let order = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let first = pairs!(order);
            let order = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 0, 0, 0, 0, 0, 0, 0, 0);
            let last = pairs!(order);
            let (lines, rest) = to.as_chunks_mut::<LANES>();
            let words = thirds!(first, 0b0010_0100, [0, 8, 0, 1, 9, 0, 2, 10], [0, 0, 0, 0, 0, 1, 0, 0]);
            _mm512_storeu_si512(lines[0].as_mut_ptr().cast(), words);
            let words = thirds!(first, 0b0100_1001, [0, 3, 11, 0, 4, 12, 0, 5], [2, 0, 0, 3, 0, 0, 4, 0]);
            _mm512_storeu_si512(lines[1].as_mut_ptr().cast(), words);
            let words = thirds!(first, 0b1001_0010, [13, 0, 6, 14, 0, 7, 15, 0], [0, 5, 0, 0, 6, 0, 0, 7]);
            _mm512_storeu_si512(lines[2].as_mut_ptr().cast(), words);
            let words = thirds!(last, 0b0010_0100, [0, 8, 0, 1, 9, 0, 2, 10], [0, 0, 0, 0, 0, 1, 0, 0]);
            _mm512_storeu_si512(lines[3].as_mut_ptr().cast(), words);
            let words = thirds!(last, 0b0100_1001, [0, 3, 11, 0, 0, 0, 0, 0], [2, 0, 0, 3, 0, 0, 0, 0]);
            _mm256_storeu_si256(rest.as_mut_ptr().cast(), _mm512_castsi512_si256(words));
        }
    }
    #[inline(always)]
    fn store_int(self, a: __m512i, to: &mut Line) {
        // SAFETY: `self` proves the instruction, and the reference that 64 bytes are writable.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), a) }
    }
    #[inline(always)]
    fn store_shorts(self, a: __m512i, to: &mut Halves) {
        // SAFETY: `self` proves the instructions, and the reference that 32 bytes are writable.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(a)) }
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; LANES], indices: __m512i) -> __m512i {
        // SAFETY: `self` proves the instructions, and the reference that 16 bytes are readable.
        unsafe { _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast())), indices) }
    }
    #[inline(always)]
    fn load_half(self, from: &Halves) -> __m512 {
        // SAFETY: `self` proves the instruction, and the reference that 32 bytes are readable.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_half(self, a: __m512, to: &mut Halves) {
        // SAFETY: `self` proves the instruction, and the reference that 32 bytes are writable.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a)) }
    }

    intrinsics! {
        fn dot(sums: __m512i, w: __m512i, x: __m512i) -> __m512i {
            if VNNI {
                _mm512_dpbusd_epi32(sums, w, x)
            } else {
                // No pair of products exceeds 16 bits: 2 * 63 * 127.
                let pairs = _mm512_maddubs_epi16(w, x);
                _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))
            }
        }
        fn add_bytes(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi8(a, b) }
        fn dot_shorts(sums: __m512i, w: __m512i, x: __m512i) -> __m512i {
            if VNNI {
                _mm512_dpwssd_epi32(sums, w, x)
            } else {
                _mm512_add_epi32(sums, _mm512_madd_epi16(w, x))
            }
        }
        fn dot_pairs(sums: __m512i, w: __m512i, x: __m512i) -> __m512i {
            _mm512_add_epi16(sums, _mm512_maddubs_epi16(w, x))
        }
        fn fold_pairs(sums: __m512i, pairs: __m512i) -> __m512i {
            _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))
        }
        fn dot_signed(sums: __m512i, w: __m512i, x: __m512i) -> __m512i {
            if VNNI {
                _mm512_dpbusd_epi32(sums, _mm512_xor_si512(w, _mm512_set1_epi8(-128)), x)
            } else {
                // The sign of `w` goes over to `x`; 2 * 128 * 127 fits 16 bits.
                let negative = _mm512_movepi8_mask(w);
                let x = _mm512_mask_sub_epi8(x, negative, _mm512_setzero_si512(), x);
                let pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(w), x);
                _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))
            }
        }
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
        fn largest(a: __m512) -> f32 {{
            let a = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
            let a = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_max_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)))
        }}
        fn splat_int(x: i32) -> __m512i { _mm512_set1_epi32(x) }
        fn and(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        fn or(a: __m512i, b: __m512i) -> __m512i { _mm512_or_si512(a, b) }
        fn xor(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn add_int(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi32(a, b) }
        fn sub_int(a: __m512i, b: __m512i) -> __m512i { _mm512_sub_epi32(a, b) }
        fn shl(a: __m512i, n: i32) -> __m512i { _mm512_sll_epi32(a, _mm_cvtsi32_si128(n)) }
        fn shr(a: __m512i, n: i32) -> __m512i { _mm512_srl_epi32(a, _mm_cvtsi32_si128(n)) }
        fn sar(a: __m512i, n: i32) -> __m512i { _mm512_sra_epi32(a, _mm_cvtsi32_si128(n)) }
        fn to_float(a: __m512i) -> __m512 { _mm512_cvtepi32_ps(a) }
        fn bits(a: __m512) -> __m512i { _mm512_castps_si512(a) }
        fn bitcast(a: __m512i) -> __m512 { _mm512_castsi512_ps(a) }
    }
}
