//! The micro-kernel of quantized weights.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::array::from_fn;
use std::marker::PhantomData;

use super::wide::{Unpack, Wide, WideTile};
use super::{Groups, Input, Product};
use crate::matrix::Data;
use crate::packed::{BLOCK, Block, Blocks, STEPS};
use crate::quantized::{NEGATED_HALF, NEGATED_SUM, RowTile, SCALE, SCALED_SUM, WIDE, WORDS};
use crate::simd::{Chunk, Simd};

/// Most activation rows with which the weights come from memory faster than they are used.
const FEW_ROWS: usize = 4;

/// Weights of a quantized format.
pub(super) struct Quants<B>(PhantomData<B>);

impl<B: Blocks> Product for Quants<B> {
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: Input<'_>,
        by: Groups<'_, R>,
        tile: RowTile,
    ) -> [[S::F; T]; R] {
        let packed = by.map(|(matrix, _)| match &matrix.data {
            Data::Blocks(packed) => packed,
            _ => unreachable!("a quantized matrix is packed"),
        });
        let groups: [_; R] = from_fn(|r| packed[r].group::<B>(by[r].1));
        let next: [_; R] = from_fn(|r| packed[r].lines_of(by[r].1 + R));
        let words = x.quantized.map_or(&[][..], |x| x.words(tile));
        let blocks = by[0].0.cols() / BLOCK;
        let per_block = next[0].len().div_ceil(blocks.max(1));
        let mut sums = [[simd.splat(0.0); T]; R];
        for (index, words) in words.chunks_exact(WORDS * T).enumerate().take(blocks) {
            if T <= FEW_ROWS {
                for next in next {
                    for line in next.iter().skip(index * per_block).take(per_block) {
                        simd.prefetch(line);
                    }
                }
            }
            // Loops, not closures: those become calls, which keep no register.
            let mut blocks = [Block::<B>::of(groups[0], index); R];
            for r in 1..R {
                blocks[r] = Block::of(groups[r], index);
            }
            add_block(simd, &blocks, words, &mut sums);
        }
        sums
    }

    type Wide = Wide;

    #[inline(always)]
    fn wide<S: Simd>(simd: S) -> Option<Wide> {
        Wide::new::<S, B>(simd)
    }

    #[inline(always)]
    fn prepare<S: Simd>(simd: S, wide: &mut Wide, by: Groups<'_, 2>) {
        for ((matrix, group), out) in by.into_iter().zip(&mut wide.groups) {
            let Data::Blocks(packed) = &matrix.data else { unreachable!("a quantized matrix is packed") };
            let (group, blocks) = (packed.group::<B>(group), matrix.cols() / BLOCK);
            simd.apart(Unpack::<B> { group, blocks, out, format: PhantomData });
        }
    }

    #[inline(always)]
    fn wide_tile<S: Simd>(
        simd: S,
        wide: &mut Wide,
        x: Input<'_>,
        _: Groups<'_, 2>,
        tile: RowTile,
        sums: &mut [[Chunk; WIDE]; 2],
    ) {
        let x = x.quantized.map_or(&[][..], |x| x.words(tile));
        let Wide { tiles, groups } = wide;
        for (group, sums) in groups.iter().zip(sums) {
            simd.apart(WideTile::<B> { tiles, group, x, sums, format: PhantomData });
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
        let dots = if S::PAIRS && B::PER_FOLD > 1 {
            dots_by_pairs(simd, blocks, words, half, starts)
        } else {
            dots(simd, blocks, words, half, starts)
        };
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
    for i in 0..steps::<B>() {
        let step = step::<B>(half, i);
        for r in 0..R {
            let quants = blocks[r].quants(simd, step);
            for t in 0..T {
                let x = simd.splat_int(words[step * T + t].cast_signed());
                dots[r][t] =
                    if B::SIGNED { simd.dot_signed(dots[r][t], quants, x) } else { simd.dot(dots[r][t], quants, x) };
            }
        }
    }
    dots
}

/// The same sums, as [`Simd::dot_pairs`] adds them.
#[inline(always)]
fn dots_by_pairs<S: Simd, B: Blocks, const R: usize, const T: usize>(
    simd: S,
    blocks: &[Block<'_, B>; R],
    words: &[u32],
    half: usize,
    starts: [S::I; T],
) -> [[S::I; T]; R] {
    let mut dots = [starts; R];
    let per_fold = steps::<B>().min(B::PER_FOLD);
    for first in (0..steps::<B>()).step_by(per_fold) {
        let mut pairs = [[simd.splat_int(0); T]; R];
        for i in first..first + per_fold {
            let step = step::<B>(half, i);
            for r in 0..R {
                let quants = blocks[r].quants(simd, step);
                for t in 0..T {
                    let x = simd.splat_int(words[step * T + t].cast_signed());
                    pairs[r][t] = simd.dot_pairs(pairs[r][t], quants, x);
                }
            }
        }
        for r in 0..R {
            for t in 0..T {
                dots[r][t] = simd.fold_pairs(dots[r][t], pairs[r][t]);
            }
        }
    }
    dots
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
