//! Quantized weights in the layout that products read.
//!
//! Sixteen rows are a *group*, so that a lane is a row. A group is one stream in the order in which it is read: memory is
//! fetched ahead for what ascends, and for little else. For each two *blocks* of 32 columns it holds
//!
//! - the f16 scales and minima of both, or, in formats with super-blocks, their quantized ones: sixteen of each, side by side;
//! - the quants of one and then of the other: lines, the *planes* of the quants' bits, the smaller plane first, because each
//!   of its lines is wanted together with several of the other. In a plane of `w` bits, the bytes of lane `r` of line `i` hold
//!   the columns `4 (i + w j)` to `4 (i + w j) + 3` of row `r`, in the bits from `w j` on.
//!
//! A super-block begins with a line of its f16 scales and minima. The sizes are those of the GGUF blocks, or a few percent
//! more. The layout does not depend on the instruction set.

pub(crate) mod formats;

use std::ops::Range;

use crate::pages::{Piece, WeightMemory};
use crate::simd::{Halves, LANES, Line, Simd};

pub(crate) use formats::{Blocks, with_blocks};

/// Columns that share a scale, and that activations are quantized by.
pub(crate) const BLOCK: usize = 32;
/// Lanes of four columns in a block.
pub(crate) const STEPS: usize = BLOCK / 4;

/// Bytes of a vector of f16.
const HALVES_BYTES: usize = size_of::<Halves>();
/// Bytes of a line.
const LINE_BYTES: usize = size_of::<Line>();

/// Where what belongs to a block lies in a group, in bytes.
#[derive(Clone, Copy, Debug)]
struct Places {
    lines: usize,
    bytes: usize,
    halves: usize,
}

impl Places {
    #[inline(always)]
    fn of<B: Blocks>(block: usize) -> Self {
        let own_lines = B::LINES * LINE_BYTES;
        if B::SPAN == 1 {
            let header = 2 * B::HALVES * HALVES_BYTES;
            let pair = block / 2 * (header + 2 * own_lines);
            let halves = pair + block % 2 * B::HALVES * HALVES_BYTES;
            Places { lines: pair + header + block % 2 * own_lines, bytes: halves, halves }
        } else {
            let header = 2 * B::BYTES * LANES;
            let spanned = LINE_BYTES + B::SPAN / 2 * (header + 2 * own_lines);
            let halves = block / B::SPAN * spanned;
            let pair = halves + LINE_BYTES + block % B::SPAN / 2 * (header + 2 * own_lines);
            let bytes = pair + block % 2 * B::BYTES * LANES;
            Places { lines: pair + header + block % 2 * own_lines, bytes, halves }
        }
    }
}

/// Bytes of a group: whole lines, so that the next one is aligned too.
fn group_bytes<B: Blocks>(cols: usize) -> usize {
    let last = (cols / BLOCK).checked_sub(1);
    last.map_or(0, |last| Places::of::<B>(last).lines + B::LINES * LINE_BYTES)
}

/// Sixteen rows.
pub(crate) type Group<'a> = &'a [u8];

/// A matrix whose rows are packed; those that fill up the last group are zero.
#[derive(Clone)]
pub(crate) struct Packed {
    data: Piece<u8>,
    /// Bytes of a group.
    group: usize,
}

impl Packed {
    /// Packs (rows, cols) weights. `bytes` are of that shape.
    pub(crate) fn new<B: Blocks>(memory: &mut WeightMemory, rows: usize, cols: usize, bytes: &[u8]) -> Self {
        let group = group_bytes::<B>(cols);
        let mut packed = Packed { data: memory.take(rows.div_ceil(LANES) * group), group };
        let row_len = cols / B::FORMAT.block_len() * B::FORMAT.block_bytes();
        if row_len > 0 {
            for (rows, group) in bytes.chunks(LANES * row_len).zip(packed.data.chunks_exact_mut(group)) {
                for (lane, row) in rows.chunks_exact(row_len).enumerate() {
                    pack_row::<B>(row, lane, group);
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
    pub(crate) fn group(&self, index: usize) -> Group<'_> {
        &self.data[index * self.group..][..self.group]
    }

    /// The bytes of some groups.
    pub(crate) fn groups(&self, groups: Range<usize>) -> &[u8] {
        &self.data[groups.start * self.group..groups.end * self.group]
    }

    /// As many lines as a group has, from `ahead` lines behind the beginning of group `index` on, whatever they hold; none
    /// beyond the last group.
    #[inline(always)]
    pub(crate) fn lines_ahead(&self, index: usize, ahead: usize) -> &[Line] {
        let start = (index * self.group + ahead * LINE_BYTES).min(self.data.len());
        self.data[start..self.data.len().min(start + self.group)].as_chunks().0
    }

    /// Lines of a group.
    pub(crate) fn lines(&self) -> usize {
        self.group / LINE_BYTES
    }

    /// The elements of one row.
    #[inline(always)]
    pub(crate) fn row_to_f32<S: Simd, B: Blocks>(&self, simd: S, row: usize, out: &mut [f32]) {
        let (group, lane) = (self.group(row / LANES), row % LANES);
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
        let places = Places::of::<B>(index);
        Block {
            lines: group[places.lines..][..B::LINES * LINE_BYTES].as_chunks().0,
            bytes: group[places.bytes..][..B::BYTES * LANES].as_chunks().0,
            halves: group[places.halves..][..B::HALVES * HALVES_BYTES].as_chunks().0,
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

fn pack_row<B: Blocks>(row: &[u8], lane: usize, group: &mut [u8]) {
    let mut unpacked = Unpacked::default();
    for (index, block) in row.chunks_exact(B::FORMAT.block_bytes()).enumerate() {
        B::unpack(block, &mut unpacked);
        for sub in 0..B::SPAN {
            let places = Places::of::<B>(index * B::SPAN + sub);
            for (line, word) in unpacked.words[sub][..B::LINES].iter().enumerate() {
                group[places.lines + line * LINE_BYTES + 4 * lane..][..4].copy_from_slice(&word.to_le_bytes());
            }
            for (unit, byte) in unpacked.bytes[sub][..B::BYTES].iter().enumerate() {
                group[places.bytes + unit * LANES + lane] = *byte;
            }
        }
        let places = Places::of::<B>(index * B::SPAN);
        for (unit, half) in unpacked.halves[..B::HALVES].iter().enumerate() {
            group[places.halves + unit * HALVES_BYTES + 2 * lane..][..2].copy_from_slice(half);
        }
    }
}
