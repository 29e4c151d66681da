//! A task of a product: one tile of activations after the other, for two groups of weights at a time.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::marker::PhantomData;
use std::ops::Range;

use super::{Affine, Input, Into};
use crate::math::silu;
use crate::matrix::Matrix;
use crate::quantized::{RowTile, Tiling, WIDE};
use crate::simd::{Chunk, Kernel, LANES, Simd, load_partial, store_partial};
use crate::split::Tile;

/// Lines from where weights are read to where they are fetched, if one tile of activations reads them once.
const STREAM_AHEAD: usize = 8;

/// Some columns of the output, for some tiles of activations.
pub(super) struct Task<'a> {
    pub(super) x: Input<'a>,
    pub(super) by: Affine<'a>,
    /// The matrix that is gated.
    pub(super) second: Option<Affine<'a>>,
    pub(super) out: Tile<'a>,
    /// The column of the output that is row 0 of the matrix.
    pub(super) offset: usize,
    pub(super) tiling: Tiling,
    pub(super) tiles: Range<usize>,
    pub(super) into: Into,
    /// Whether additions take less time than multiplications.
    pub(super) winograd: bool,
}

/// Something that begins at a cache line: tile registers are stored line by line.
#[repr(align(64))]
struct OnLines<T>(T);

/// A kind of weights.
pub(super) trait Product {
    /// Sixteen weight rows.
    type Group<'a>: Copy;

    /// Group `index` of a matrix; what is so far ahead of it is fetched meanwhile.
    fn group(matrix: &Matrix, index: usize, ahead: Distance) -> Self::Group<'_>;

    /// The products of `R` groups and the `T` rows of a tile; `share` says which part of the groups that are computed next
    /// should be fetched meanwhile.
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: &Input<'_>,
        by: &[Self::Group<'_>; R],
        tile: RowTile,
        share: Share,
    ) -> [[S::F; T]; R];

    /// What a task keeps of groups that it makes ready once for all of its rows.
    type Prepared;

    /// What is made ready for a task, if there is a micro-kernel for its widest tiles that takes such groups.
    fn prepared<S: Simd>(simd: S, task: &Task<'_>) -> Option<Self::Prepared>;

    /// Makes two groups ready for [`prepared_tile`](Product::prepared_tile).
    fn prepare<S: Simd>(simd: S, prepared: &mut Self::Prepared, by: &[Self::Group<'_>; 2]);

    /// The products of the two groups and the rows of one of the widest tiles.
    fn prepared_tile<S: Simd>(
        simd: S,
        prepared: &mut Self::Prepared,
        x: &Input<'_>,
        by: &[Self::Group<'_>; 2],
        tile: RowTile,
        share: Share,
        sums: &mut [[Chunk; WIDE]; 2],
    );
}

/// How far ahead memory is fetched.
#[derive(Clone, Copy)]
pub(super) enum Distance {
    /// So many lines.
    Lines(usize),
    /// So many groups.
    Groups(usize),
}

/// Number `part` of `parts` equal ones.
#[derive(Clone, Copy)]
pub(super) struct Share {
    part: usize,
    parts: usize,
}

impl Share {
    /// The share of a list of that length.
    #[inline(always)]
    pub(super) fn of(self, len: usize) -> Range<usize> {
        self.part * len / self.parts..(self.part + 1) * len / self.parts
    }
}

impl<'w> Task<'w> {
    /// The width of its first tile, than which none is wider.
    #[inline(always)]
    pub(super) fn widest(&self) -> usize {
        self.tiling.tile(self.tiles.start).width
    }

    /// Computes one tile after the other for two groups: of one matrix, or the same of two. Those of many registers compute both at
    /// a time, unless there is but one tile.
    #[inline(always)]
    fn compute<S: Simd, P: Product>(mut self, simd: S) {
        let columns = self.out.columns();
        let groups = (columns.start - self.offset) / LANES..(columns.end - self.offset).div_ceil(LANES);
        let step = if self.into == Into::Gate { 1 } else { 2 };
        let widest = self.widest();
        let mut prepared = P::prepared(simd, &self);
        let ahead = match self.tiles.len() {
            1 => Distance::Lines(STREAM_AHEAD),
            _ if S::MANY_REGISTERS => Distance::Groups(step),
            _ => Distance::Groups(1),
        };
        // Once for all tiles, because clearing it takes as long as filling it.
        let mut sums = OnLines([[[0.0; LANES]; WIDE]; 2]);
        let sums = &mut sums.0;
        for group in groups.clone().step_by(step) {
            let (matrix, second) = match self.second {
                Some(second) => (second.weight, group),
                None => (self.by.weight, (group + 1).min(groups.end - 1)),
            };
            let by = [P::group(self.by.weight, group, ahead), P::group(matrix, second, ahead)];
            let tiles = self.tiles.clone();
            let parts = tiles.len();
            if let Some(prepared) = &mut prepared {
                P::prepare(simd, prepared, &by);
            }
            for (part, tile) in tiles.enumerate() {
                if let Some(upcoming) = self.x.upcoming {
                    upcoming.fetch();
                }
                let pair = Pair { by: &by, first: group, second, share: Share { part, parts } };
                let tile = self.tiling.tile(tile);
                if tile.width == widest
                    && let Some(prepared) = &mut prepared
                {
                    P::prepared_tile(simd, prepared, &self.x, &by, tile, pair.share, sums);
                    self.put_pair::<S, WIDE>(simd, [group, second], tile, sums.as_flattened());
                    continue;
                }
                match tile.width {
                    6 if S::MANY_REGISTERS => self.pair::<S, P, 6>(simd, pair, tile, sums.as_flattened_mut()),
                    4 if S::MANY_REGISTERS || S::FEW_ROWS == 4 => {
                        self.pair::<S, P, 4>(simd, pair, tile, sums.as_flattened_mut());
                    }
                    2 => self.pair::<S, P, 2>(simd, pair, tile, sums.as_flattened_mut()),
                    WIDE if S::MANY_REGISTERS => self.narrow_pairs::<S, P>(simd, pair, tile, sums.as_flattened_mut()),
                    _ => self.pair::<S, P, 1>(simd, pair, tile, sums.as_flattened_mut()),
                }
            }
        }
    }

    /// A wide tile of activations that are not in the layout for tile registers.
    #[inline(always)]
    fn narrow_pairs<S: Simd, P: Product>(
        &mut self,
        simd: S,
        pair: Pair<'_, P::Group<'w>>,
        tile: RowTile,
        sums: &mut [Chunk],
    ) {
        for first in (0..tile.count).step_by(6) {
            let count = tile.count - first;
            if count > 4 {
                let tile = RowTile { first: tile.first + first, count: count.min(6), width: 6 };
                self.pair::<S, P, 6>(simd, pair, tile, sums);
            } else {
                let tile = RowTile { first: tile.first + first, count, width: 4 };
                self.pair::<S, P, 4>(simd, pair, tile, sums);
            }
        }
    }

    #[inline(always)]
    fn pair<S: Simd, P: Product, const T: usize>(
        &mut self,
        simd: S,
        pair: Pair<'_, P::Group<'w>>,
        tile: RowTile,
        sums: &mut [Chunk],
    ) {
        let (x, by, share) = (&self.x, pair.by, pair.share);
        // One tile takes a group of weights after the other, as they lie in memory.
        if S::MANY_REGISTERS && share.parts > 1 {
            simd.apart(TileOf::<P, 2, T> { x, by, tile, share, sums });
        } else {
            for (by, sums) in by.as_chunks::<1>().0.iter().zip(sums.chunks_exact_mut(T)) {
                simd.apart(TileOf::<P, 1, T> { x, by, tile, share, sums });
            }
        }
        self.put_pair::<S, T>(simd, [pair.first, pair.second], tile, sums);
    }

    /// Puts out the columns of two groups, for the rows of a tile.
    #[inline(always)]
    fn put_pair<S: Simd, const T: usize>(
        &mut self,
        simd: S,
        [first, second]: [usize; 2],
        tile: RowTile,
        sums: &[Chunk],
    ) {
        let sums = &sums[..2 * T];
        let start = self.offset + first * LANES - self.out.columns().start;
        let (is_sum, is_plain) = (self.into == Into::Sum, self.into != Into::Gate && self.by.bias.is_none());
        // Two whole groups without a bias, which nearly all are, in few steps: they stand between two micro-kernels.
        if is_plain && second == first + 1 && start + 2 * LANES <= self.out.columns().len() {
            for t in 0..tile.count.min(T) {
                let out = &mut self.out.row(tile.first + t)[start..start + 2 * LANES];
                for (out, sums) in out.as_chunks_mut().0.iter_mut().zip([&sums[t], &sums[T + t]]) {
                    let sums = simd.load(sums);
                    simd.store(if is_sum { simd.add(simd.load(out), sums) } else { sums }, out);
                }
            }
            return;
        }
        for t in 0..tile.count.min(T) {
            let row = tile.first + t;
            if self.into == Into::Gate {
                let gate = with_bias(simd, simd.load(&sums[t]), &self.by, first);
                let up = with_bias(simd, simd.load(&sums[T + t]), self.second.as_ref().unwrap_or(&self.by), first);
                self.put(simd, simd.mul(silu(simd, gate), up), first, row);
                continue;
            }
            self.put(simd, with_bias(simd, simd.load(&sums[t]), &self.by, first), first, row);
            if second != first {
                self.put(simd, with_bias(simd, simd.load(&sums[T + t]), &self.by, second), second, row);
            }
        }
    }

    /// Puts out the columns of a group.
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, values: S::F, group: usize, row: usize) {
        let start = self.offset + group * LANES - self.out.columns().start;
        let out = &mut self.out.row(row)[start..];
        if let Some(out) = out.first_chunk_mut::<LANES>() {
            let values = if self.into == Into::Sum { simd.add(simd.load(out), values) } else { values };
            simd.store(values, out);
        } else {
            let values = if self.into == Into::Sum { simd.add(load_partial(simd, out), values) } else { values };
            store_partial(simd, values, out);
        }
    }
}

/// Two groups that are computed side by side, and which ones these are.
struct Pair<'a, G> {
    by: &'a [G; 2],
    first: usize,
    second: usize,
    /// Of what is fetched meanwhile.
    share: Share,
}

impl<G> Clone for Pair<'_, G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<G> Copy for Pair<'_, G> {}

/// Computes a tile as a function of its own. What it needs is behind references: fields that were just written side by side
/// and are read at once wait until all that was written before has left the processor's buffers.
struct TileOf<'a, 'w, P: Product, const R: usize, const T: usize> {
    x: &'a Input<'w>,
    by: &'a [P::Group<'w>; R],
    tile: RowTile,
    share: Share,
    /// (R, T) vectors.
    sums: &'a mut [Chunk],
}

impl<P: Product, const R: usize, const T: usize> Kernel for TileOf<'_, '_, P, R, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let sums: [[S::F; T]; R] = P::tile(simd, self.x, self.by, self.tile, self.share);
        let out = &mut self.sums[..R * T];
        for r in 0..R {
            for t in 0..T {
                simd.store(sums[r][t], &mut out[r * T + t]);
            }
        }
    }
}

#[inline(always)]
fn with_bias<S: Simd>(simd: S, sums: S::F, by: &Affine<'_>, group: usize) -> S::F {
    let Some(bias) = by.bias else { return sums };
    let bias = &bias[group * LANES..];
    match bias.first_chunk::<LANES>() {
        Some(bias) => simd.add(sums, simd.load(bias)),
        None => simd.add(sums, load_partial(simd, bias)),
    }
}

/// Computes a task with one kind of weights.
pub(super) struct Compute<'a, P> {
    pub(super) task: Task<'a>,
    pub(super) product: PhantomData<P>,
}

impl<P: Product> Kernel for Compute<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.task.compute::<S, P>(simd);
    }
}
