//! The micro-kernel of quantized weights.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::marker::PhantomData;

use super::wide::{Unpack, Wide, WideTile};
use super::winograd::Winograd;
use super::{Distance, Input, Product, Share, Task};
use crate::ahead::fetch;
use crate::matrix::{Data, Matrix};
use crate::packed::{BLOCK, Block, Blocks, Group, STEPS};
use crate::quantized::{NEGATED_HALF, NEGATED_SUM, RowTile, SCALE, SCALED_SUM, WIDE, WORDS};
use crate::simd::{Chunk, Line, PAIRED_ROWS, Simd};

/// Weights of a quantized format.
pub(super) struct Quants<B>(PhantomData<B>);

/// What a task keeps of two groups.
pub(super) enum Prepared {
    Wide(Wide),
    Winograd(Winograd),
}

/// Sixteen rows, and the lines that are to be fetched meanwhile.
pub(super) struct QuantsGroup<'a> {
    pub(super) group: Group<'a>,
    ahead: &'a [Line],
    blocks: usize,
}

impl Clone for QuantsGroup<'_> {
    fn clone(&self) -> Self {
        *self
    }
}

impl Copy for QuantsGroup<'_> {}

/// The lines that a tile fetches.
#[derive(Clone, Copy)]
pub(super) struct Ahead<'a> {
    lines: &'a [Line],
    per_block: usize,
}

impl<'a> Ahead<'a> {
    #[inline(always)]
    fn of(by: &QuantsGroup<'a>, share: Share) -> Self {
        let lines = &by.ahead[share.of(by.ahead.len())];
        Ahead { lines, per_block: lines.len().div_ceil(by.blocks.max(1)) }
    }

    /// Fetches what falls to a block.
    #[inline(always)]
    pub(super) fn fetch(&self, block: usize) {
        let first = self.lines.len().min(block * self.per_block);
        for line in &self.lines[first..self.lines.len().min(first + self.per_block)] {
            fetch(line.as_ptr());
        }
    }
}

impl<B: Blocks> Product for Quants<B> {
    type Group<'a> = QuantsGroup<'a>;

    #[inline(always)]
    fn group(matrix: &Matrix, index: usize, ahead: Distance) -> QuantsGroup<'_> {
        let Data::Blocks(packed) = &matrix.data else { unreachable!("a quantized matrix is packed") };
        let ahead = match ahead {
            Distance::Lines(lines) => lines,
            Distance::Groups(groups) => groups * packed.lines(),
        };
        QuantsGroup {
            group: packed.group(index),
            ahead: packed.lines_ahead(index, ahead),
            blocks: matrix.cols() / BLOCK,
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: &Input<'_>,
        by: &[QuantsGroup<'_>; R],
        tile: RowTile,
        share: Share,
    ) -> [[S::F; T]; R] {
        let words = x.quantized.map_or(&[][..], |x| x.words(tile));
        let mut ahead = [Ahead::of(&by[0], share); R];
        for r in 1..R {
            ahead[r] = Ahead::of(&by[r], share);
        }
        let mut sums = [[simd.splat(0.0); T]; R];
        for (index, words) in words.chunks_exact(WORDS * T).enumerate().take(by[0].blocks) {
            for r in 0..R {
                ahead[r].fetch(index);
            }
            // Loops, not closures: those become calls, which keep no register.
            let mut blocks = [Block::<B>::of(by[0].group, index); R];
            for r in 1..R {
                blocks[r] = Block::of(by[r].group, index);
            }
            add_block(simd, &blocks, words, &mut sums);
        }
        sums
    }

    type Prepared = Prepared;

    #[inline(always)]
    fn prepared<S: Simd>(simd: S, task: &Task<'_>) -> Option<Prepared> {
        match task.widest() {
            WIDE => Wide::new::<S, B>(simd).map(Prepared::Wide),
            PAIRED_ROWS => Winograd::new::<S, B>(simd, task).map(Prepared::Winograd),
            _ => None,
        }
    }

    #[inline(always)]
    fn prepare<S: Simd>(simd: S, prepared: &mut Prepared, by: &[QuantsGroup<'_>; 2]) {
        match prepared {
            Prepared::Wide(wide) => {
                for (QuantsGroup { group, blocks, .. }, out) in by.iter().zip(&mut wide.groups) {
                    simd.apart(Unpack::<B> { group, blocks: *blocks, out, format: PhantomData });
                }
            }
            Prepared::Winograd(winograd) => winograd.prepare::<S, B>(simd, by),
        }
    }

    #[inline(always)]
    fn prepared_tile<S: Simd>(
        simd: S,
        prepared: &mut Prepared,
        x: &Input<'_>,
        by: &[QuantsGroup<'_>; 2],
        tile: RowTile,
        share: Share,
        sums: &mut [[Chunk; WIDE]; 2],
    ) {
        let Some(x) = x.quantized else { unreachable!("quantized inputs for a quantized matrix") };
        match prepared {
            Prepared::Wide(Wide { tiles, groups }) => {
                let x = x.words(tile);
                for (group, sums) in groups.iter().zip(sums) {
                    simd.apart(WideTile::<B> { tiles, group, x, sums, format: PhantomData });
                }
            }
            Prepared::Winograd(winograd) => {
                let ahead = [Ahead::of(&by[0], share), Ahead::of(&by[1], share)];
                winograd.tile::<B>(x, tile, ahead, sums);
            }
        }
    }
}

/// Adds 32 columns.
#[inline(always)]
fn add_block<S: Simd, B: Blocks, const R: usize, const T: usize>(
    simd: S,
    blocks: &[Block<'_, B>; R],
    words: &[u32],
    sums: &mut [[S::F; T]; R],
) {
    assert!(words.len() == WORDS * T, "the words of a block");
    for half in 0..STEPS / steps::<B>() {
        let mut starts = [simd.splat_int(0); T];
        for t in 0..T {
            starts[t] = start::<S, B, T>(simd, words, half, t);
        }
        let dots = dots(simd, blocks, words, half, starts);
        for r in 0..R {
            let scale = blocks[r].scale(simd, half);
            for t in 0..T {
                let x_scale = simd.splat(f32::from_bits(words[SCALE * T + t]));
                sums[r][t] = simd.mul_add(simd.mul(simd.to_float(dots[r][t]), x_scale), scale, sums[r][t]);
            }
            if B::MINS {
                let min = blocks[r].min(simd, half);
                for t in 0..T {
                    sums[r][t] = simd.mul_add(min, simd.splat(scaled_sum::<B, T>(words, half, t)), sums[r][t]);
                }
            }
        }
    }
}

/// The integer sums of half a block, or of a whole one.
#[inline(always)]
fn dots<S: Simd, B: Blocks, const R: usize, const T: usize>(
    simd: S,
    blocks: &[Block<'_, B>; R],
    words: &[u32],
    half: usize,
    starts: [S::I; T],
) -> [[S::I; T]; R] {
    let mut dots = [starts; R];
    if !(S::PAIRS && B::PER_FOLD > 1) {
        for i in 0..steps::<B>() {
            add_step::<S, B, R, T, false>(simd, blocks, words, step::<B>(half, i), &mut dots);
        }
        return dots;
    }
    let per_fold = steps::<B>().min(B::PER_FOLD);
    for first in (0..steps::<B>()).step_by(per_fold) {
        let mut pairs = [[simd.splat_int(0); T]; R];
        for i in first..first + per_fold {
            add_step::<S, B, R, T, true>(simd, blocks, words, step::<B>(half, i), &mut pairs);
        }
        for r in 0..R {
            for t in 0..T {
                dots[r][t] = simd.fold_pairs(dots[r][t], pairs[r][t]);
            }
        }
    }
    dots
}

/// Adds the products of four columns, to sums of [`Simd::dot_pairs`] if `PAIRS`.
#[inline(always)]
fn add_step<S: Simd, B: Blocks, const R: usize, const T: usize, const PAIRS: bool>(
    simd: S,
    blocks: &[Block<'_, B>; R],
    words: &[u32],
    step: usize,
    sums: &mut [[S::I; T]; R],
) {
    for r in 0..R {
        let quants = blocks[r].quants(simd, step);
        for t in 0..T {
            let x = simd.splat_int(words[step * T + t].cast_signed());
            sums[r][t] = match (PAIRS, B::SIGNED) {
                (true, _) => simd.dot_pairs(sums[r][t], quants, x),
                (false, true) => simd.dot_signed(sums[r][t], quants, x),
                (false, false) => simd.dot(sums[r][t], quants, x),
            };
        }
    }
}

/// Steps of the columns that share a scale.
#[inline(always)]
fn steps<B: Blocks>() -> usize {
    if B::BY_HALF { STEPS / 2 } else { STEPS }
}

/// The step that is taken as number `i`: those that share a line of four-bit quants are neighbours, so that it is loaded
/// once and not kept for long.
#[inline(always)]
fn step<B: Blocks>(half: usize, i: usize) -> usize {
    if B::LINES == 4 { i / 2 + i % 2 * (STEPS / 2) } else { half * steps::<B>() + i }
}

/// What the integer sums begin with: less what each quant is too large by, times the sum of the activations.
#[inline(always)]
fn start<S: Simd, B: Blocks, const T: usize>(simd: S, words: &[u32], half: usize, t: usize) -> S::I {
    let bits = match B::OFFSET {
        Some(bits) => bits,
        None if B::SIGNED && S::SIGNED_BIAS => 7,
        None => return simd.splat_int(0),
    };
    let word = |at: usize| words[at * T + t].cast_signed();
    let negated = match (B::BY_HALF, half) {
        (false, _) => word(NEGATED_SUM),
        (true, 0) => word(NEGATED_HALF),
        (true, _) => word(NEGATED_SUM) - word(NEGATED_HALF),
    };
    simd.shl(simd.splat_int(negated), bits)
}

/// The scale of the activations times their sum.
#[inline(always)]
pub(super) fn scaled_sum<B: Blocks, const T: usize>(words: &[u32], half: usize, t: usize) -> f32 {
    let float = |at: usize| f32::from_bits(words[at * T + t]);
    let half_sum = || float(SCALE) * -(words[NEGATED_HALF * T + t].cast_signed() as f32);
    match (B::BY_HALF, half) {
        (false, _) => float(SCALED_SUM),
        (true, 0) => half_sum(),
        (true, _) => float(SCALED_SUM) - half_sum(),
    }
}
