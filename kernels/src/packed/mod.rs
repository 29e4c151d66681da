//! Quantized weights in the layout that products read.
//!
//! Sixteen rows are a *group*, so that a lane is a row. A group has three streams, one after the other, each in the order
//! of the columns:
//!
//! - quants: for 32 columns some lines, the *planes* of the quants' bits. In a plane of `w` bits, the bytes of lane `r` of
//!   line `i` hold the columns `4 (i + w j)` to `4 (i + w j) + 3` of row `r`, in the bits from `w j` on;
//! - bytes: the quantized scales and minima of formats with super-blocks;
//! - halves: f16 scales and minima, for each 32 columns or for each super-block.
//!
//! The sizes are those of the GGUF blocks, or a few percent more. The layout does not depend on the instruction set.

pub(crate) mod formats;

use crate::pages::{Piece, WeightMemory};
use crate::simd::{Halves, LANES, Line, Simd};

pub(crate) use formats::{Blocks, with_blocks};

/// Columns that share a scale, and that activations are quantized by.
pub(crate) const BLOCK: usize = 32;
/// Lanes of four columns in a block.
pub(crate) const STEPS: usize = BLOCK / 4;

/// How many elements of each stream sixteen rows take.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    lines: usize,
    bytes: usize,
    halves: usize,
}

impl Sizes {
    fn of<B: Blocks>(cols: usize) -> Self {
        let blocks = cols / BLOCK;
        Sizes { lines: blocks * B::LINES, bytes: blocks * B::BYTES, halves: blocks / B::SPAN * B::HALVES }
    }

    /// Bytes of a group: whole lines, so that the next one is aligned too.
    fn total(self) -> usize {
        (self.lines * 64 + self.bytes * LANES + self.halves * 2 * LANES).next_multiple_of(64)
    }
}

/// Sixteen rows.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) bytes: &'a [[u8; LANES]],
    pub(crate) halves: &'a [Halves],
}

/// Cuts the bytes of a group into its streams.
#[inline(always)]
fn streams<B: Blocks>(group: &[u8], cols: usize) -> Group<'_> {
    let sizes = Sizes::of::<B>(cols);
    let (lines, rest) = group.split_at(sizes.lines * 64);
    let (bytes, rest) = rest.split_at(sizes.bytes * LANES);
    let halves = &rest[..sizes.halves * 2 * LANES];
    Group { lines: lines.as_chunks().0, bytes: bytes.as_chunks().0, halves: halves.as_chunks().0 }
}

/// A matrix whose rows are packed; those that fill up the last group are zero.
#[derive(Clone)]
pub(crate) struct Packed {
    data: Piece<u8>,
    cols: usize,
    group: usize,
}

impl Packed {
    /// Packs (rows, cols) weights. `bytes` are of that shape.
    pub(crate) fn new<B: Blocks>(memory: &mut WeightMemory, rows: usize, cols: usize, bytes: &[u8]) -> Self {
        let group = Sizes::of::<B>(cols).total();
        let mut packed = Packed { data: memory.take(rows.div_ceil(LANES) * group), cols, group };
        let row_len = cols / B::FORMAT.block_len() * B::FORMAT.block_bytes();
        if row_len > 0 {
            for (rows, group) in bytes.chunks(LANES * row_len).zip(packed.data.chunks_exact_mut(group)) {
                for (lane, row) in rows.chunks_exact(row_len).enumerate() {
                    pack_row::<B>(row, lane, group, cols);
                }
            }
        }
        packed
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Group `index`.
    #[inline(always)]
    pub(crate) fn group<B: Blocks>(&self, index: usize) -> Group<'_> {
        streams::<B>(&self.data[index * self.group..][..self.group], self.cols)
    }

    /// The lines of group `index`, whatever they hold; none beyond the last one.
    #[inline(always)]
    pub(crate) fn lines_of(&self, index: usize) -> &[Line] {
        self.data.get(index * self.group..(index + 1) * self.group).unwrap_or_default().as_chunks().0
    }

    /// The elements of one row.
    #[inline(always)]
    pub(crate) fn row_to_f32<S: Simd, B: Blocks>(&self, simd: S, row: usize, out: &mut [f32]) {
        let (group, lane) = (self.group::<B>(row / LANES), row % LANES);
        let offset = B::OFFSET.map_or(0.0, |bits| (1_u32 << bits) as f32);
        for (index, out) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            let block = Block::<B>::of(group, index);
            for (half, out) in out.as_chunks_mut::<{ BLOCK / 2 }>().0.iter_mut().enumerate() {
                let scale = lane_of(simd, block.scale(simd, half), lane);
                let min = if B::MINS { lane_of(simd, block.min(simd, half), lane) } else { 0.0 };
                for (step, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                    let quants = simd.bitcast(block.quants(simd, half * STEPS / 2 + step));
                    let quants = lane_of(simd, quants, lane).to_bits().to_le_bytes();
                    for (x, quant) in out.iter_mut().zip(quants) {
                        let quant = if B::SIGNED { f32::from(quant.cast_signed()) } else { f32::from(quant) };
                        *x = scale * (quant - offset);
                        if B::MINS {
                            *x += min;
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn lane_of<S: Simd>(simd: S, x: S::F, lane: usize) -> f32 {
    let mut lanes = [0.0; LANES];
    simd.store(x, &mut lanes);
    lanes[lane]
}

/// The data of sixteen rows and 32 columns.
pub(crate) struct Block<'a, B> {
    lines: &'a [Line],
    bytes: &'a [[u8; LANES]],
    halves: &'a [Halves],
    format: std::marker::PhantomData<B>,
}

impl<B> Clone for Block<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Block<'_, B> {}

impl<'a, B: Blocks> Block<'a, B> {
    #[inline(always)]
    pub(crate) fn of(group: Group<'a>, index: usize) -> Self {
        Block {
            lines: &group.lines[index * B::LINES..][..B::LINES],
            bytes: &group.bytes[index * B::BYTES..][..B::BYTES],
            halves: &group.halves[index / B::SPAN * B::HALVES..][..B::HALVES],
            format: std::marker::PhantomData,
        }
    }

    /// The quants of four columns, as bytes.
    #[inline(always)]
    pub(crate) fn quants<S: Simd>(&self, simd: S, step: usize) -> S::I {
        B::quants(simd, self.lines, step)
    }

    /// What quants are multiplied by, in the first or second half of the columns.
    #[inline(always)]
    pub(crate) fn scale<S: Simd>(&self, simd: S, half: usize) -> S::F {
        B::scale(simd, self.bytes, self.halves, half)
    }

    /// What is added to each element, in the first or second half of the columns.
    #[inline(always)]
    pub(crate) fn min<S: Simd>(&self, simd: S, half: usize) -> S::F {
        B::min(simd, self.bytes, self.halves, half)
    }
}

/// What one row contributes to a super-block, or to a block where there are none.
#[derive(Default)]
pub(crate) struct Unpacked {
    /// For each 32 columns, a word for each line.
    words: [[u32; 8]; 8],
    /// For each 32 columns, the quantized scales and minima.
    bytes: [[u8; 2]; 8],
    /// Bits of f16.
    halves: [[u8; 2]; 2],
}

fn pack_row<B: Blocks>(row: &[u8], lane: usize, group: &mut [u8], cols: usize) {
    let sizes = Sizes::of::<B>(cols);
    let (lines, rest) = group.split_at_mut(sizes.lines * 64);
    let (bytes, halves) = rest.split_at_mut(sizes.bytes * LANES);
    let mut unpacked = Unpacked::default();
    for (index, block) in row.chunks_exact(B::FORMAT.block_bytes()).enumerate() {
        B::unpack(block, &mut unpacked);
        for sub in 0..B::SPAN {
            let at = index * B::SPAN + sub;
            for (line, word) in unpacked.words[sub][..B::LINES].iter().enumerate() {
                lines[(at * B::LINES + line) * 64 + 4 * lane..][..4].copy_from_slice(&word.to_le_bytes());
            }
            for (unit, byte) in unpacked.bytes[sub][..B::BYTES].iter().enumerate() {
                bytes[(at * B::BYTES + unit) * LANES + lane] = *byte;
            }
        }
        for (unit, half) in unpacked.halves[..B::HALVES].iter().enumerate() {
            halves[((index * B::HALVES + unit) * LANES + lane) * 2..][..2].copy_from_slice(half);
        }
    }
}
