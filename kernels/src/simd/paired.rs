//! Products of bytes that take additions for some of the multiplications (AVX-512 VNNI).
//!
//! Written in assembly: AMD's Zen 4 is at its limit only with this order, and if nothing but sums, lines of both groups and
//! activations are in the 32 registers. Compilers move instructions, and keep in registers what is read twice.

#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::{__m512, _mm512_setzero_ps, _mm512_storeu_ps};

use super::{Chunk, PAIRED_ROWS, Panel, PanelWords};

/// Proof that the processor has AVX-512 F, BW and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Paired(());

impl Paired {
    /// # Safety
    ///
    /// The processor must have what this type proves.
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        Paired(())
    }

    /// Sets `sums` to the products of two groups, block by block, and the six rows of a tile; before each block, `ahead` is told
    /// its number. `words` are those of [`Quantized`](crate::quantized): eight steps, the scale, the scaled sum, and two that are
    /// not read. `starts` are the bits of 32-bit integers.
    ///
    /// A row's integers of a block begin with its own start and that of the panel. To these are added, for `i` below 3, the
    /// products of `U + y` and `V + x`, bytes of lines `i` and `4 + i` of the panel and of words `4 + i` and `i` of the row, and
    /// those of lines and words 3 and 7. They are multiplied by the row's scale and that of the panel, and added to the row's
    /// sums; and so are, if `MINS`, the minima of the panel times the row's scaled sum.
    ///
    /// `U + y` must be 0 to 255 and `V + x` -128 to 127: bytes that are not wrap around.
    ///
    /// # Panics
    ///
    /// If panels, words and starts are not of as many blocks.
    #[inline(always)]
    pub(crate) fn tile<const MINS: bool, const N: usize>(
        self,
        panels: [&[Panel]; 2],
        words: &[PanelWords],
        starts: &[[f32; PAIRED_ROWS]],
        ahead: impl Fn(usize),
        sums: &mut [[Chunk; N]; 2],
    ) {
        const { assert!(PAIRED_ROWS == 6 && N >= PAIRED_ROWS) };
        let blocks = words.len();
        assert!(panels.iter().all(|panels| panels.len() == blocks), "panels of {blocks} blocks");
        assert!(starts.len() >= blocks, "starts of {blocks} blocks");
        // SAFETY: `self` proves that the processor has what the function is compiled for.
        unsafe { products::<MINS, N>(panels, words, starts, ahead, sums) }
    }
}

/// Instructions for six rows. `$one` gets the number of each, the registers of its integers and of its sums in both groups, and
/// further arguments.
macro_rules! rows {
    ($one:ident $(, $argument:literal)*) => {
        concat!(
            $one!(0, "zmm12", "zmm18", "zmm0", "zmm6" $(, $argument)*),
            $one!(1, "zmm13", "zmm19", "zmm1", "zmm7" $(, $argument)*),
            $one!(2, "zmm14", "zmm20", "zmm2", "zmm8" $(, $argument)*),
            $one!(3, "zmm15", "zmm21", "zmm3", "zmm9" $(, $argument)*),
            $one!(4, "zmm16", "zmm22", "zmm4", "zmm10" $(, $argument)*),
            $one!(5, "zmm17", "zmm23", "zmm5", "zmm11" $(, $argument)*),
        )
    };
}

/// Where a word of a row is.
macro_rules! at {
    ($row:literal, $word:literal) => {
        concat!("dword ptr [{words} + 4 * ", $row, " + 24 * ", $word, "]")
    };
}

/// A word of a row, in all lanes.
macro_rules! word {
    ($row:literal, $word:literal) => {
        concat!(at!($row, $word), "{{1to16}}\n")
    };
}

/// A line of each of the two panels.
#[rustfmt::skip]
macro_rules! lines {
    ($line:literal, $first:literal, $second:literal) => {
        concat!(
            "vmovdqu64 ", $first, ", zmmword ptr [{first} + 64 * ", $line, "]\n",
            "vmovdqu64 ", $second, ", zmmword ptr [{second} + 64 * ", $line, "]\n",
        )
    };
}

/// What a row's integers begin with.
#[rustfmt::skip]
macro_rules! start {
    ($row:literal, $a:literal, $b:literal, $sum_a:literal, $sum_b:literal) => {
        concat!(
            "vpaddd ", $a, ", zmm24, dword ptr [{starts} + 4 * ", $row, "]{{1to16}}\n",
            "vpaddd ", $b, ", zmm25, dword ptr [{starts} + 4 * ", $row, "]{{1to16}}\n",
        )
    };
}

/// A pair of steps of a row by the identity, with one addition in each factor.
#[rustfmt::skip]
macro_rules! pair {
    ($row:literal, $a:literal, $b:literal, $sum_a:literal, $sum_b:literal, $x:literal, $y:literal) => {
        concat!(
            "vpbroadcastd zmm28, ", at!($row, $x), "\n",
            "vpbroadcastd zmm29, ", at!($row, $y), "\n",
            "vpaddb zmm30, zmm24, zmm29\n",
            "vpaddb zmm31, zmm26, zmm28\n",
            "vpdpbusd ", $a, ", zmm30, zmm31\n",
            "vpaddb zmm30, zmm25, zmm29\n",
            "vpaddb zmm31, zmm27, zmm28\n",
            "vpdpbusd ", $b, ", zmm30, zmm31\n",
        )
    };
}

/// A plain step of a row.
#[rustfmt::skip]
macro_rules! plain {
    ($row:literal, $a:literal, $b:literal, $sum_a:literal, $sum_b:literal, $step:literal) => {
        concat!(
            "vpdpbusd ", $a, ", zmm24, ", word!($row, $step),
            "vpdpbusd ", $b, ", zmm25, ", word!($row, $step),
        )
    };
}

/// A row's integers, scaled and added to its sums.
#[rustfmt::skip]
macro_rules! scale {
    ($row:literal, $a:literal, $b:literal, $sum_a:literal, $sum_b:literal) => {
        concat!(
            "vcvtdq2ps ", $a, ", ", $a, "\n",
            "vmulps ", $a, ", ", $a, ", ", word!($row, 8),
            "vfmadd231ps ", $sum_a, ", ", $a, ", zmm24\n",
            "vcvtdq2ps ", $b, ", ", $b, "\n",
            "vmulps ", $b, ", ", $b, ", ", word!($row, 8),
            "vfmadd231ps ", $sum_b, ", ", $b, ", zmm25\n",
        )
    };
}

/// A row's minima.
#[rustfmt::skip]
macro_rules! min {
    ($row:literal, $a:literal, $b:literal, $sum_a:literal, $sum_b:literal) => {
        concat!(
            "vfmadd231ps ", $sum_a, ", zmm26, ", word!($row, 9),
            "vfmadd231ps ", $sum_b, ", zmm27, ", word!($row, 9),
        )
    };
}

/// Adds a block to the sums `$s`, then runs the instructions `$mins`.
macro_rules! add_block {
    ($first:ident, $second:ident, $words:ident, $starts:ident, $s:ident, $mins:expr) => {
        asm!(
            lines!(8, "zmm24", "zmm25"),
            rows!(start),
            lines!(0, "zmm24", "zmm25"),
            lines!(4, "zmm26", "zmm27"),
            rows!(pair, 0, 4),
            lines!(3, "zmm24", "zmm25"),
            rows!(plain, 3),
            lines!(1, "zmm24", "zmm25"),
            lines!(5, "zmm26", "zmm27"),
            rows!(pair, 1, 5),
            lines!(7, "zmm24", "zmm25"),
            rows!(plain, 7),
            lines!(2, "zmm24", "zmm25"),
            lines!(6, "zmm26", "zmm27"),
            rows!(pair, 2, 6),
            lines!(9, "zmm24", "zmm25"),
            rows!(scale),
            $mins,
            first = in(reg) $first.as_ptr(), second = in(reg) $second.as_ptr(),
            words = in(reg) $words.as_ptr(), starts = in(reg) $starts.as_ptr(),
            inout("zmm0") $s[0][0], inout("zmm1") $s[0][1], inout("zmm2") $s[0][2],
            inout("zmm3") $s[0][3], inout("zmm4") $s[0][4], inout("zmm5") $s[0][5],
            inout("zmm6") $s[1][0], inout("zmm7") $s[1][1], inout("zmm8") $s[1][2],
            inout("zmm9") $s[1][3], inout("zmm10") $s[1][4], inout("zmm11") $s[1][5],
            out("zmm12") _, out("zmm13") _, out("zmm14") _, out("zmm15") _, out("zmm16") _, out("zmm17") _, out("zmm18") _,
            out("zmm19") _, out("zmm20") _, out("zmm21") _, out("zmm22") _, out("zmm23") _, out("zmm24") _, out("zmm25") _,
            out("zmm26") _, out("zmm27") _, out("zmm28") _, out("zmm29") _, out("zmm30") _, out("zmm31") _,
            options(nostack, readonly),
        )
    };
}

/// Never inlined: it keeps all registers for itself.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn products<const MINS: bool, const N: usize>(
    panels: [&[Panel]; 2],
    words: &[PanelWords],
    starts: &[[f32; PAIRED_ROWS]],
    ahead: impl Fn(usize),
    out: &mut [[Chunk; N]; 2],
) {
    let [first, second] = panels;
    let mut sums: [[__m512; PAIRED_ROWS]; 2] = [[_mm512_setzero_ps(); PAIRED_ROWS]; 2];
    for (index, ((words, starts), (first, second))) in
        words.iter().zip(starts).zip(first.iter().zip(second)).enumerate()
    {
        ahead(index);
        // SAFETY: the features of this function. The instructions read lines 0 to 10 of both panels, words 0 to 9 of six rows,
        // and six starts: all in bounds.
        unsafe {
            if MINS {
                add_block!(first, second, words, starts, sums, concat!(lines!(10, "zmm26", "zmm27"), rows!(min)));
            } else {
                add_block!(first, second, words, starts, sums, "");
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sums) in out.iter_mut().zip(sums) {
            // SAFETY: the features of this function, and the reference that 64 bytes are writable.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sums) };
        }
    }
}
