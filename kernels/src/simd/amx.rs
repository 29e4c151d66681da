//! Tile registers (Intel AMX): products of 16 x 64 by 64 x 16 bytes.
//!
//! The instructions are written in assembly, since the standard library has none for them that is stable.

#![allow(unsafe_code)]

use std::arch::asm;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::{Chunk, LANES, Line};

/// Whether this processor has tiles of bytes, and the system lets this process use them.
pub(crate) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| has_instructions() && is_permitted())
}

fn has_instructions() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

    const SAVED_BY_SYSTEM: u32 = 1 << 27;
    const TILES_OF_BYTES: u32 = 0b11 << 24;
    const TILE_STATE: u64 = 0b11 << 17;
    #[target_feature(enable = "xsave")]
    fn saved() -> u64 {
        // SAFETY: the function's own feature.
        unsafe { _xgetbv(0) }
    }
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & SAVED_BY_SYSTEM == 0 {
        return false;
    }
    // SAFETY: the system has turned this instruction on, as was just found.
    __cpuid_count(7, 0).edx & TILES_OF_BYTES == TILES_OF_BYTES && unsafe { saved() } & TILE_STATE == TILE_STATE
}

/// Linux gives tiles, whose state is large, only to processes that ask.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: this call takes two numbers and touches no memory of this process.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// What `ldtilecfg` reads: the shape of each tile register.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    /// Bytes of a row.
    columns: [u16; 16],
    rows: [u8; 16],
}

impl Shapes {
    /// Results in 0 and 1; rows of `4 n` bytes in 2 and 4, and what they meet in 3, 5 and 6.
    const fn new(n: u8) -> Self {
        let (out, row) = (64, 4 * n as u16);
        Shapes {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            columns: [out, out, row, out, row, out, out, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            rows: [16, 16, 16, n, 16, n, n, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    }
}

/// The tile registers of this thread, set up until this is dropped, for products of rows of `4 N` bytes, with `N` at most 16.
/// There must be one at a time.
///
/// Two products may be under way, in *slots*: one is computed while the results of the other are stored.
pub(crate) struct Tiles<const N: usize> {
    /// Registers are their thread's.
    thread: PhantomData<*mut ()>,
}

/// Begins a product in the named registers.
macro_rules! product {
    ($x:ident, $w:ident, $out:literal, $rows:literal, $columns:literal) => {
        asm!(
            concat!("tilezero ", $out),
            concat!("tileloadd ", $rows, ", [{x} + {row}]"),
            concat!("tileloadd ", $columns, ", [{w} + {line}]"),
            concat!("tdpbssd ", $out, ", ", $rows, ", ", $columns),
            x = in(reg) $x, w = in(reg) $w, row = in(reg) 32_usize, line = in(reg) 64_usize,
            options(nostack, preserves_flags, readonly),
        )
    };
}

impl<const N: usize> Tiles<N> {
    const SHAPES: Shapes = {
        assert!(0 < N && N <= 16);
        Shapes::new(N as u8)
    };

    /// # Safety
    ///
    /// The processor must have tiles, and this process may use them: see [`is_available`].
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        let shapes: &Shapes = const { &Self::SHAPES };
        // SAFETY: the caller vouches for the instruction, which reads 64 bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) shapes, options(nostack, preserves_flags, readonly)) };
        Tiles { thread: PhantomData }
    }

    /// Begins a product of sixteen rows by sixteen columns: of the `4 N` signed bytes from `x[8 t]` on, for each row `t`, and of
    /// the four bytes in lane `r` of each `w`, for each column `r`.
    #[inline(always)]
    pub(crate) fn begin<const SLOT: usize>(&mut self, w: &[Chunk; N], x: &[u32]) {
        const { assert!(SLOT < 2 && N <= 8) };
        assert!(x.len() >= 8 * (LANES - 1) + N, "sixteen rows of {N} words");
        let (x, w) = (x.as_ptr(), w.as_ptr());
        // SAFETY: `self` proves the instructions and the shapes. They read 16 rows of `4 N` bytes at intervals of 32 from `x`,
        // and `N` of 64 from `w`: all in bounds.
        unsafe {
            if SLOT == 0 {
                product!(x, w, "tmm0", "tmm2", "tmm3");
            } else {
                product!(x, w, "tmm1", "tmm4", "tmm5");
            }
        }
    }

    /// Ends it: row `t` of `out` holds integers, in lane `r` that of column `r`.
    #[inline(always)]
    pub(crate) fn end<const SLOT: usize>(&mut self, out: &mut [Chunk; LANES]) {
        let (out, line) = (out.as_mut_ptr(), 64_usize);
        // SAFETY: `self` proves the instruction and the shape: it writes 16 rows of 64 bytes, as many as `out` has.
        unsafe {
            if SLOT == 0 {
                asm!("tilestored [{} + {}], tmm0", in(reg) out, in(reg) line, options(nostack, preserves_flags));
            } else {
                asm!("tilestored [{} + {}], tmm1", in(reg) out, in(reg) line, options(nostack, preserves_flags));
            }
        }
    }
}

impl Tiles<16> {
    /// The products of sixteen rows of `x` by sixteen columns of each of `w`: row `t` of an output holds integers, in lane `r`
    /// the sum of the products of row `t` and of the bytes in lane `r` of all lines.
    ///
    /// A line is four columns, of which there must be a multiple of 16; rows of `x` are as many words, one after the other.
    #[inline(always)]
    pub(crate) fn dot_pair(&mut self, w: [&[Line]; 2], x: &[u32], out: &mut [[Chunk; LANES]; 2]) {
        let steps = x.len() / LANES;
        assert!(steps.is_multiple_of(16) && x.len() == LANES * steps, "rows of {steps} words");
        assert!(w[0].len() == steps && w[1].len() == steps, "columns of {steps} words");
        let (row, line) = (4 * steps, 64_usize);
        // SAFETY: `self` proves the instructions and the shapes. Of each 64 columns they read 16 rows of 64 bytes at intervals of
        // `row` from `x`, and 16 lines of each `w`, of which there are as many; they write 16 lines to each output.
        unsafe {
            asm!("tilezero tmm0", "tilezero tmm1", options(nostack, preserves_flags, nomem));
            for step in (0..steps).step_by(16) {
                let (x, first, second) = (x.as_ptr().add(step), w[0].as_ptr().add(step), w[1].as_ptr().add(step));
                asm!(
                    "tileloadd tmm2, [{x} + {row}]",
                    "tileloadd tmm3, [{first} + {line}]",
                    "tdpbssd tmm0, tmm2, tmm3",
                    "tileloadd tmm6, [{second} + {line}]",
                    "tdpbssd tmm1, tmm2, tmm6",
                    x = in(reg) x, first = in(reg) first, second = in(reg) second, row = in(reg) row, line = in(reg) line,
                    options(nostack, preserves_flags, readonly),
                );
            }
            let [first, second] = out;
            asm!(
                "tilestored [{first} + {line}], tmm0",
                "tilestored [{second} + {line}], tmm1",
                first = in(reg) first.as_mut_ptr(), second = in(reg) second.as_mut_ptr(), line = in(reg) line,
                options(nostack, preserves_flags),
            );
        }
    }
}

impl<const N: usize> Tiles<N> {
    /// Multiplies empty tiles, two products a round, and gives the number of operations: a product and a sum each.
    #[inline(always)]
    pub(crate) fn multiply_nothing(&mut self, rounds: usize) -> usize {
        for _ in 0..rounds {
            // SAFETY: `self` proves the instructions, which touch registers only.
            unsafe {
                asm!("tdpbssd tmm0, tmm2, tmm3", "tdpbssd tmm1, tmm2, tmm6", options(nostack, preserves_flags, nomem));
            }
        }
        rounds * 2 * LANES * LANES * 4 * N * 2
    }
}

impl<const N: usize> Drop for Tiles<N> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: there are tile registers, and nobody else uses them.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}
