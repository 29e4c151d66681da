//! Products of four-bit weights for processors that add on other units than those that multiply.
//!
//! For weights `u`, `v` and activations `x`, `y` of two columns, `(u + y)(v + x) = ux + vy + uv + xy`. So a dot product takes a
//! multiplication for two columns instead of two, and two additions; `uv` is of the weights alone and computed once for all rows,
//! `xy` of the activations alone and computed once for all weights (S. Winograd, "A new algorithm for inner product", 1968).
//! All of it is integers: the sums are the very ones that dot products give. Of the four pairs of steps of a block three are computed
//! so, and one as it is, which leaves the multiplying and the adding units with as much to do.
//!
//! The factors must be bytes. Quants are 0 to 15 and activations [-113 to 127](crate::quantized::LOWEST), so one factor is
//! `u + 113 + y`, 0 to 255, and the other one `v - 15 + x`, -128 to 127.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::take;
use std::ops::Range;

use super::Task;
use super::blocks::{Ahead, QuantsGroup};
use crate::aligned::Aligned;
use crate::packed::{Block, Blocks, STEPS};
use crate::quantized::{LOWEST, Quantized, RowTile, SCALE, SCALED_SUM, WIDE, WORDS};
use crate::simd::{Chunk, Kernel, LANES, PAIRED_ROWS, Paired, Panel, PanelWords, Simd};

/// Rows of a task from which groups are made ready for it.
const WORTH: usize = 24;

/// What is added to the quants of the first factor, and to those of the second.
const ADDED: [i32; 2] = [-LOWEST, -15];

/// Pairs of steps of a block: number `i` and number `SECOND + i`, which share the bytes of their quants.
const SECOND: usize = STEPS / 2;
/// The pairs that are multiplied by the identity.
const PAIRS: usize = 3;
/// The steps that are not.
const PLAIN: [usize; 2] = [PAIRS, SECOND + PAIRS];
/// What sums begin with.
const START: usize = STEPS;
const SCALES: usize = STEPS + 1;
/// In formats that have them.
const MINS: usize = STEPS + 2;

/// What [`Paired`] products rely on.
const _: () = {
    assert!(STEPS == 8 && PAIRS == 3 && PLAIN[0] == 3 && PLAIN[1] == 7);
    assert!(START == 8 && SCALES == 9 && MINS == 10 && size_of::<Panel>() == (MINS + 1) * size_of::<Chunk>());
    assert!(SCALE == 8 && SCALED_SUM == 9 && size_of::<PanelWords>() == PAIRED_ROWS * WORDS * size_of::<u32>());
};

thread_local! {
    /// Kept to be used again.
    static BUFFERS: Cell<Buffers> = Cell::default();
}

#[derive(Default)]
struct Buffers {
    /// For each of two groups, the panels of its blocks.
    groups: [Aligned<f32>; 2],
    /// For each tile and block what the sums of each row begin with, as bits.
    starts: Aligned<f32>,
    /// The activations and tiles that they are of, and the offset of the weights.
    starts_of: Option<(u64, Range<usize>, Option<i32>)>,
}

/// What a task keeps of two groups and of its activations.
pub(super) struct Winograd {
    paired: Paired,
    buffers: Buffers,
    blocks: usize,
    /// The first row of the task.
    first: usize,
}

impl Drop for Winograd {
    fn drop(&mut self) {
        BUFFERS.set(take(&mut self.buffers));
    }
}

impl Winograd {
    /// For the activations of a task, if the format has four bits and the task gains by it.
    #[inline(always)]
    pub(super) fn new<S: Simd, B: Blocks>(simd: S, task: &Task<'_>) -> Option<Self> {
        let (x, tiling, tiles) = (task.x.quantized?, task.tiling, task.tiles.clone());
        let rows = tiling.rows_of(tiles.clone());
        let has_nibbles = B::LINES == 4 && !B::SIGNED && !B::BY_HALF;
        if !has_nibbles || !task.winograd || rows.len() < WORTH {
            return None;
        }
        let paired = simd.paired()?;
        let (mut buffers, blocks) = (BUFFERS.take(), x.blocks());
        let Buffers { starts, starts_of, .. } = &mut buffers;
        // A thread often has several tasks for the same activations and different weights.
        let of = Some((x.number(), tiles.clone(), B::OFFSET));
        if *starts_of != of {
            *starts_of = of;
            // Vectors of which the first lanes count are stored, each over the rest of the one before.
            starts.resize((rows.len() + PAIRED_ROWS) * blocks + LANES);
            for tile in tiles.map(|tile| tiling.tile(tile)).filter(|tile| tile.width == PAIRED_ROWS) {
                let (words, starts) = (x.words(tile).as_chunks().0, &mut starts[(tile.first - rows.start) * blocks..]);
                simd.apart(Starts::<B> { words, starts, format: PhantomData });
            }
        }
        Some(Winograd { paired, buffers, blocks, first: rows.start })
    }

    /// Makes groups ready.
    #[inline(always)]
    pub(super) fn prepare<S: Simd, B: Blocks>(&mut self, simd: S, by: &[QuantsGroup<'_>; 2]) {
        for (group, out) in by.iter().zip(&mut self.buffers.groups) {
            out.resize(self.blocks * size_of::<Panel>() / size_of::<f32>());
            let panels = out.as_chunks_mut().0.as_chunks_mut().0;
            simd.apart(Prepare::<B> { group, panels, format: PhantomData });
        }
    }

    /// The products of the groups and the rows of a tile.
    #[inline(always)]
    pub(super) fn tile<B: Blocks>(
        &self,
        x: &Quantized,
        tile: RowTile,
        ahead: [Ahead<'_>; 2],
        sums: &mut [[Chunk; WIDE]; 2],
    ) {
        let [first, second] = &self.buffers.groups;
        let panels = [first.as_chunks().0.as_chunks().0, second.as_chunks().0.as_chunks().0];
        let starts = self.buffers.starts[(tile.first - self.first) * self.blocks..].as_chunks().0;
        let words = x.words(tile).as_chunks().0;
        let fetch = |block| {
            ahead[0].fetch(block);
            ahead[1].fetch(block);
        };
        if B::MINS {
            self.paired.tile::<true, WIDE>(panels, words, starts, fetch, sums);
        } else {
            self.paired.tile::<false, WIDE>(panels, words, starts, fetch, sums);
        }
    }
}

/// Computes what the sums of a tile's rows begin with, as far as it is of the activations.
struct Starts<'a, B> {
    words: &'a [PanelWords],
    starts: &'a mut [f32],
    format: PhantomData<B>,
}

impl<B: Blocks> Kernel for Starts<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // Of quants that are too large, the sum of the activations is taken off as often.
        let offset = B::OFFSET.map_or(0, |bits| 1 << bits);
        let [to_y, to_x] = [ADDED[0] + offset, ADDED[1] + offset];
        let constant = simd.splat_int(to_x * to_y * (4 * PAIRS) as i32);
        let [to_y, to_x, offset] = [bytes(simd, to_y), bytes(simd, to_x), bytes(simd, offset)];
        for (index, words) in self.words.iter().enumerate() {
            let mut products = simd.splat_int(0);
            for step in 0..PAIRS {
                let (x, y) = (rows(simd, words, step), rows(simd, words, SECOND + step));
                products = simd.dot(products, simd.add_bytes(y, to_y), simd.add_bytes(x, to_x));
            }
            if B::OFFSET.is_some() {
                for step in PLAIN {
                    products = simd.dot(products, offset, rows(simd, words, step));
                }
            }
            if let Some(out) = self.starts[index * PAIRED_ROWS..].first_chunk_mut() {
                simd.store(simd.bitcast(simd.sub_int(constant, products)), out);
            }
        }
    }
}

/// Word `step` of each row.
#[inline(always)]
fn rows<S: Simd>(simd: S, words: &PanelWords, step: usize) -> S::I {
    let mut lanes = [0.0; LANES];
    for (lane, word) in lanes.iter_mut().zip(&words[step * PAIRED_ROWS..]) {
        *lane = f32::from_bits(*word);
    }
    simd.bits(simd.load(&lanes))
}

/// A byte, in every byte.
#[inline(always)]
fn bytes<S: Simd>(simd: S, byte: i32) -> S::I {
    simd.splat_int(i32::from_ne_bytes([byte as u8; 4]))
}

/// Makes a group ready.
struct Prepare<'a, B> {
    group: &'a QuantsGroup<'a>,
    panels: &'a mut [Panel],
    format: PhantomData<B>,
}

impl<B: Blocks> Kernel for Prepare<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let added = [bytes(simd, ADDED[0]), bytes(simd, ADDED[1])];
        for (index, panel) in self.panels.iter_mut().enumerate() {
            let block = Block::<B>::of(self.group.group, index);
            let mut products = simd.splat_int(0);
            for step in 0..PAIRS {
                let u = simd.add_bytes(block.quants(simd, step), added[0]);
                let v = simd.add_bytes(block.quants(simd, SECOND + step), added[1]);
                products = simd.dot(products, u, v);
                simd.store(simd.bitcast(u), &mut panel[step]);
                simd.store(simd.bitcast(v), &mut panel[SECOND + step]);
            }
            for step in PLAIN {
                simd.store(simd.bitcast(block.quants(simd, step)), &mut panel[step]);
            }
            simd.store(simd.bitcast(simd.sub_int(simd.splat_int(0), products)), &mut panel[START]);
            simd.store(block.scale(simd, 0), &mut panel[SCALES]);
            if B::MINS {
                simd.store(block.min(simd, 0), &mut panel[MINS]);
            }
        }
    }
}
