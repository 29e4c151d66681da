//! The micro-kernels of signed bytes with a scale for each row: dot products, and tile registers.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use super::{Distance, Input, Product, Share, Task};
use crate::matrix::{Data, Matrix};
use crate::per_channel::ChannelGroup;
use crate::quantized::{RowTile, WIDE};
use crate::simd::{Chunk, Kernel, Simd, Tiles};

/// Signed bytes with a scale for each row.
pub(super) struct Bytes;

/// Words of four columns that a tile register takes of a row.
const TILE_STEPS: usize = 16;

impl Product for Bytes {
    type Group<'a> = ChannelGroup<'a>;

    #[inline(always)]
    fn group(matrix: &Matrix, index: usize, _: Distance) -> ChannelGroup<'_> {
        let Data::Channels(channels) = &matrix.data else { unreachable!("a matrix of bytes") };
        channels.group(index)
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: &Input<'_>,
        by: &[ChannelGroup<'_>; R],
        tile: RowTile,
        _: Share,
    ) -> [[S::F; T]; R] {
        let steps = by[0].lines.len();
        let words = x.quantized_rows.map_or(&[][..], |x| x.words(tile));
        let (words, ends) = words.split_at(steps * T);
        let mut dots = [[simd.splat_int(0); T]; R];
        if S::SIGNED_BIAS {
            for t in 0..T {
                let start = simd.shl(simd.splat_int(ends[T + t].cast_signed()), 7);
                for r in 0..R {
                    dots[r][t] = start;
                }
            }
        }
        let mut lines = [by[0].lines; R];
        for r in 1..R {
            lines[r] = &by[r].lines[..steps];
        }
        for (step, words) in words.as_chunks::<T>().0.iter().enumerate() {
            for r in 0..R {
                let w = simd.load_int(&lines[r][step]);
                for t in 0..T {
                    dots[r][t] = simd.dot_signed(dots[r][t], w, simd.splat_int(words[t].cast_signed()));
                }
            }
        }
        let mut sums = [[simd.splat(0.0); T]; R];
        for r in 0..R {
            let scale = simd.load(by[r].scales);
            for t in 0..T {
                sums[r][t] = scaled(simd, dots[r][t], ends[t], scale);
            }
        }
        sums
    }

    type Prepared = Tiles<TILE_STEPS>;

    #[inline(always)]
    fn prepared<S: Simd>(simd: S, task: &Task<'_>) -> Option<Self::Prepared> {
        if task.widest() == WIDE { simd.tiles() } else { None }
    }

    #[inline(always)]
    fn prepare<S: Simd>(_: S, _: &mut Self::Prepared, _: &[ChannelGroup<'_>; 2]) {}

    #[inline(always)]
    fn prepared_tile<S: Simd>(
        simd: S,
        tiles: &mut Self::Prepared,
        x: &Input<'_>,
        by: &[ChannelGroup<'_>; 2],
        tile: RowTile,
        _: Share,
        sums: &mut [[Chunk; WIDE]; 2],
    ) {
        let words = x.quantized_rows.map_or(&[][..], |x| x.words(tile));
        simd.apart(WideTile { tiles, groups: by, words, sums });
    }
}

/// The sums of products of a row and sixteen channels, times their scales.
#[inline(always)]
fn scaled<S: Simd>(simd: S, dots: S::I, x_scale: u32, scale: S::F) -> S::F {
    simd.mul(simd.mul(simd.to_float(dots), simd.splat(f32::from_bits(x_scale))), scale)
}

struct WideTile<'a> {
    tiles: &'a mut Tiles<TILE_STEPS>,
    groups: &'a [ChannelGroup<'a>; 2],
    words: &'a [u32],
    sums: &'a mut [[Chunk; WIDE]; 2],
}

impl Kernel for WideTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let [first, second] = self.groups;
        let (words, ends) = self.words.split_at(first.lines.len() * WIDE);
        self.tiles.dot_pair([first.lines, second.lines], words, self.sums);
        for (group, sums) in self.groups.iter().zip(self.sums) {
            let scale = simd.load(group.scales);
            for (t, sums) in sums.iter_mut().enumerate() {
                let dots = simd.bits(simd.load(sums));
                simd.store(scaled(simd, dots, ends[t], scale), sums);
            }
        }
    }
}
