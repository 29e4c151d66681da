//! Products of activations and weights: `out = x * Wᵀ + bias`, and what is done with them on the way out.
//!
//! One driver for all formats. Sixteen weight rows are a *group*, of which a lane is a row; a micro-kernel computes one or
//! two groups with some rows of activations side by side, and keeps all sums in registers. The element of a weight row and
//! an activation row has an accumulator of its own, to which its columns are added in ascending order: of quantized weights
//! 32 at a time, whose sum is exact; of floats one at a time. What is computed together changes which registers are busy,
//! never a bit of the result.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

mod blocks;
mod channels;
mod floats;
mod wide;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::math::silu;
use crate::matrix::Data;
use crate::packed::{BLOCK, with_blocks};
use crate::quantized::{QuantizeBlocks, Quantized, RowTile, Tiling, WIDE};
use crate::scratch::Scratch;
use crate::simd::{Chunk, Kernel, LANES, Simd, load_partial, store_partial};
use crate::split::{Tile, for_blocks, for_grid};
use crate::{Format, Kernels, Matrix, QuantizedRows};

use blocks::Quants;
use channels::Bytes;
pub(crate) use floats::{F16, Strided, Vectors, float_tile};

/// Rows of activations from which they are shared out to tasks, and not the weights alone.
const MANY_ROWS: usize = 64;

/// Bytes of activations that a task reads again and again: half of a second-level cache.
const ROWS_BYTES: usize = 1 << 19;

/// Tasks per thread where all read the same weights: enough to even out what other processes take of a core.
const TASKS_PER_THREAD: usize = 4;

/// Where each task reads weights of its own, every thread first gets one long piece, so that it reads one stream of memory;
/// the rest is in pieces of this part of it, which even out what other processes take of a core.
const REST: usize = 8;

/// What products are computed of: the same activations, (m, K), as far as some matrix takes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// For matrices of floats.
    pub floats: Option<&'a [f32]>,
    /// For matrices that are quantized by block.
    pub quantized: Option<&'a Quantized>,
    /// For matrices that are quantized by row.
    pub quantized_rows: Option<&'a QuantizedRows>,
}

/// Weights and, where there is one, a bias (N).
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// (N, K)
    pub weight: &'a Matrix,
    /// (N)
    pub bias: Option<&'a [f32]>,
}

impl<'a> From<&'a Matrix> for Affine<'a> {
    fn from(weight: &'a Matrix) -> Self {
        Affine { weight, bias: None }
    }
}

/// What becomes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Into {
    /// It is the output.
    Out,
    /// It is added to the output.
    Sum,
    /// The first of two matrices gates the second: `silu(a) * b` is the output.
    Gate,
}

impl Kernels {
    /// `out` (m, N) = `x` (m, K) times the transpose of `w` (N, K), plus `bias` (N).
    ///
    /// For a product by the way; a model quantizes its activations itself, once for all products of them.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn matmul(&self, x: &[f32], w: &Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
        let affine = Affine { weight: w, bias };
        let (mut quantized, mut quantized_rows) = QUANTIZED.take();
        if w.takes_quantized() {
            self.quantize_rows(x, w.cols(), &mut quantized);
        } else if w.takes_quantized_rows() {
            self.quantize_by_row(x, w.cols(), &mut quantized_rows);
        }
        let input = Input { floats: Some(x), quantized: Some(&quantized), quantized_rows: Some(&quantized_rows) };
        self.multiply(input, &[affine], out);
        QUANTIZED.set((quantized, quantized_rows));
    }

    /// `out` (m, N₁ + N₂ + ...): the products of `x` (m, K) with the transposes of several matrices (Nᵢ, K), side by side.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, or `x` lacks what a matrix takes.
    pub fn multiply(&self, x: Input<'_>, by: &[Affine<'_>], out: &mut [f32]) {
        self.product(x, by, Output::Floats(out), Into::Out);
    }

    /// Adds the product of `x` (m, K) with the transpose of a matrix (N, K) to `out` (m, N).
    ///
    /// # Panics
    ///
    /// As [`multiply`](Kernels::multiply).
    pub fn multiply_add(&self, x: Input<'_>, by: Affine<'_>, out: &mut [f32]) {
        self.product(x, &[by], Output::Floats(out), Into::Sum);
    }

    /// `out` (m, N) = `silu(x * gateᵀ) * (x * upᵀ)`, with `x` (m, K) and two matrices (N, K) of one format.
    ///
    /// # Panics
    ///
    /// As [`multiply`](Kernels::multiply), or if the matrices are of different shapes.
    pub fn multiply_gated(&self, x: Input<'_>, gate: Affine<'_>, up: Affine<'_>, out: &mut [f32]) {
        if of_one_kind(gate, up) {
            self.product(x, &[gate, up], Output::Floats(out), Into::Gate);
        } else {
            // Mixed quantizations are rare: the same numbers in two steps.
            let mut first = GATE.take();
            first.resize(out.len(), 0.0);
            self.multiply(x, &[gate], &mut first);
            self.multiply(x, &[up], out);
            self.silu_mul(&first, out);
            GATE.set(first);
        }
    }

    /// The same, quantized: `out` is what [`quantize_rows`](Kernels::quantize_rows) makes of it.
    ///
    /// # Panics
    ///
    /// As [`multiply_gated`](Kernels::multiply_gated), or if N is no multiple of 32.
    pub fn multiply_gated_quantized(&self, x: Input<'_>, gate: Affine<'_>, up: Affine<'_>, out: &mut Quantized) {
        let (m, n) = (rows_of(&x, &gate), gate.weight.rows());
        if of_one_kind(gate, up) {
            out.reshape(m, n, self.widest());
            self.product(x, &[gate, up], Output::Quantized(out), Into::Gate);
        } else {
            let mut gated = GATED.take();
            gated.resize(m * n, 0.0);
            self.multiply_gated(x, gate, up, &mut gated);
            self.quantize_rows(&gated, n, out);
            GATED.set(gated);
        }
    }

    fn product(&self, x: Input<'_>, by: &[Affine<'_>], out: Output<'_>, into: Into) {
        let first = by.first().map_or(0, |affine| affine.weight.rows());
        let n: usize = if into == Into::Gate { first } else { by.iter().map(|affine| affine.weight.rows()).sum() };
        if n == 0 {
            assert!(out.is_empty(), "outputs of a matrix without rows");
            return;
        }
        let m = out.rows(n);
        for affine in by {
            assert_input(&x, affine, m);
        }
        let tiling = Tiling::of(m, self.widest());
        let k = by[0].weight.cols();
        let Shares { per_rows, long_pieces, piece } = self.shares(m, n, k, tiling);
        let Cut { mut tiles, mut rows, mut pieces } = CUT.take();
        tiles.clear();
        tiles.extend((0..tiling.tiles()).step_by(per_rows).map(|tile| tile..tiling.tiles().min(tile + per_rows)));
        // Pieces of whole pairs of groups.
        pieces.clear();
        let mut start = 0;
        for (part, affine) in if into == Into::Gate { &by[..1] } else { by }.iter().enumerate() {
            let (end, mut first) = (start + affine.weight.rows(), start);
            while first < end {
                let len = if pieces.len() < long_pieces { 6 * n / (8 * long_pieces) } else { piece };
                let next = end.min(first + len.max(1).next_multiple_of(2 * LANES));
                pieces.push((part, start, first..next));
                first = next;
            }
            start = end;
        }
        let run = |tiles: Range<usize>, out: Tile<'_>| {
            let columns = out.columns();
            let piece = pieces.partition_point(|piece| piece.2.start < columns.start);
            let (part, offset, _) = pieces[piece];
            let second = (into == Into::Gate).then(|| by[1]);
            self.run_task(Task { x, by: by[part], second, out, offset, tiling, tiles, into });
        };
        rows.clear();
        rows.extend(tiles.iter().map(|tiles| tiling.rows_of(tiles.clone())));
        match out {
            Output::Floats(out) => {
                for_grid(self.pool(), out, n, &rows, pieces.len(), &|i| pieces[i].2.clone(), &|i, out| {
                    run(tiles[i].clone(), out);
                });
            }
            Output::Quantized(out) => {
                let blocks = |i: usize| pieces[i].2.start / BLOCK..pieces[i].2.end / BLOCK;
                for_blocks(self.pool(), out.all_words(), &tiles, pieces.len(), &blocks, &|out| {
                    let (rows, blocks) = (tiling.rows_of(out.tiles()), out.blocks());
                    let columns = blocks.start * BLOCK..blocks.end * BLOCK;
                    let mut floats = Scratch::take(rows.len() * columns.len());
                    run(out.tiles(), Tile::apart(&mut floats, rows, columns));
                    self.arch.run(QuantizeBlocks { x: &floats, out });
                });
            }
        }
        CUT.set(Cut { tiles, rows, pieces });
    }

    fn shares(&self, m: usize, n: usize, k: usize, tiling: Tiling) -> Shares {
        let threads = self.pool().threads();
        let tiles = tiling.tiles().max(1);
        if threads == 1 && m * k * 4 <= ROWS_BYTES {
            return Shares { per_rows: tiles, long_pieces: 0, piece: n };
        }
        if m < MANY_ROWS {
            return Shares { per_rows: tiles, long_pieces: threads, piece: n / (threads * REST) };
        }
        let fits = (ROWS_BYTES / (per_tile(tiling) * k.max(1) * 2)).max(1);
        let per_rows = tiles.div_ceil(tiles.div_ceil(fits).next_multiple_of(threads));
        Shares { per_rows, long_pieces: 0, piece: n.div_ceil(TASKS_PER_THREAD) }
    }

    fn run_task(&self, task: Task<'_>) {
        match task.by.weight.format() {
            None => self.arch.run(Compute::<Bytes> { task, product: PhantomData }),
            Some(Format::F32) => self.arch.run(Compute::<f32> { task, product: PhantomData }),
            Some(Format::F16) => self.arch.run(Compute::<floats::F16> { task, product: PhantomData }),
            Some(Format::BF16) => self.arch.run(Compute::<floats::Bf16> { task, product: PhantomData }),
            Some(format) => {
                with_blocks!(format, B => self.arch.run(Compute::<Quants<B>> { task, product: PhantomData }));
            }
        }
    }
}

/// Whether a gate and what it gates are computed side by side.
fn of_one_kind(gate: Affine<'_>, up: Affine<'_>) -> bool {
    let shape = |w: &Matrix| (w.rows(), w.cols());
    assert_eq!(shape(gate.weight), shape(up.weight), "shapes of gate and up");
    gate.weight.format() == up.weight.format()
}

/// Where a product goes.
enum Output<'a> {
    /// (m, N)
    Floats(&'a mut [f32]),
    /// The same, quantized; it has its shape already.
    Quantized(&'a mut Quantized),
}

impl Output<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Output::Floats(out) => out.is_empty(),
            Output::Quantized(out) => out.rows() == 0,
        }
    }

    /// Rows (m) of `n` columns.
    fn rows(&self, n: usize) -> usize {
        let (m, fits) = match self {
            Output::Floats(out) => (out.len() / n, out.len().is_multiple_of(n)),
            Output::Quantized(out) => (out.rows(), out.cols() == n),
        };
        assert!(fits, "outputs of {n} columns");
        m
    }
}

/// The ranges of a product's tasks.
#[derive(Default)]
struct Cut {
    /// Tiles of activations.
    tiles: Vec<Range<usize>>,
    /// Their rows.
    rows: Vec<Range<usize>>,
    /// A piece's matrix, where the columns of that begin, and its own columns.
    pieces: Vec<(usize, usize, Range<usize>)>,
}

/// How a product is cut into tasks.
struct Shares {
    /// Tiles of activations of a task.
    per_rows: usize,
    /// How many pieces of columns are long: three quarters of all columns together.
    long_pieces: usize,
    /// Columns of the other pieces.
    piece: usize,
}

thread_local! {
    /// Buffers of a call, kept to be used again: quantized activations, a gate, what it gated, ranges.
    static QUANTIZED: Cell<(Quantized, QuantizedRows)> = Cell::default();
    static GATE: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    static GATED: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    static CUT: Cell<Cut> = Cell::default();
}

/// Rows of every tile but the last.
fn per_tile(tiling: Tiling) -> usize {
    tiling.tile(0).count.max(1)
}

/// Rows (m) of what a matrix takes.
fn rows_of(x: &Input<'_>, by: &Affine<'_>) -> usize {
    if by.weight.takes_quantized() {
        x.quantized.map_or(0, Quantized::rows)
    } else if by.weight.takes_quantized_rows() {
        x.quantized_rows.map_or(0, QuantizedRows::rows)
    } else {
        x.floats.map_or(0, <[f32]>::len) / by.weight.cols().max(1)
    }
}

fn assert_input(x: &Input<'_>, by: &Affine<'_>, m: usize) {
    let (n, k) = (by.weight.rows(), by.weight.cols());
    assert!(!matches!(by.weight.data, Data::Rows(_)), "{:?} is a table", by.weight);
    assert!(by.bias.is_none_or(|bias| bias.len() == n), "a bias of {n} elements");
    if by.weight.takes_quantized() {
        let x = x.quantized.expect("quantized inputs for a quantized matrix");
        assert!(x.rows() == m && x.cols() == k, "inputs of {m} rows and {k} columns, found {x:?}");
    } else if by.weight.takes_quantized_rows() {
        let x = x.quantized_rows.expect("inputs quantized by row for a matrix that is");
        assert!(x.rows() == m && x.cols() == k, "inputs of {m} rows and {k} columns, found {x:?}");
    } else {
        let x = x.floats.expect("floats for a matrix of floats");
        assert_eq!(x.len(), m * k, "inputs of {m} rows and {k} columns");
    }
}

/// Some columns of the output, for some tiles of activations.
struct Task<'a> {
    x: Input<'a>,
    by: Affine<'a>,
    /// The matrix that is gated.
    second: Option<Affine<'a>>,
    out: Tile<'a>,
    /// The column of the output that is row 0 of the matrix.
    offset: usize,
    tiling: Tiling,
    tiles: Range<usize>,
    into: Into,
}

/// Something that begins at a cache line: tile registers are stored line by line.
#[repr(align(64))]
struct OnLines<T>(T);

/// A kind of weights.
trait Product {
    /// Sixteen weight rows.
    type Group<'a>: Copy;

    /// Group `index` of a matrix; the one that is `ahead` of it is computed next.
    fn group(matrix: &Matrix, index: usize, ahead: usize) -> Self::Group<'_>;

    /// The products of `R` groups and the `T` rows of a tile; `share` says which part of the groups that are computed next
    /// should be fetched meanwhile.
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: &Input<'_>,
        by: &[Self::Group<'_>; R],
        tile: RowTile,
        share: Share,
    ) -> [[S::F; T]; R];

    /// The tile registers, and what a task keeps for them.
    type Wide;

    /// Sets up tile registers, where the processor has them and there is a micro-kernel for them.
    fn wide<S: Simd>(simd: S) -> Option<Self::Wide>;

    /// Makes two groups ready for [`wide_tile`](Product::wide_tile).
    fn prepare<S: Simd>(simd: S, wide: &mut Self::Wide, by: &[Self::Group<'_>; 2]);

    /// The products of the two groups and the rows of a wide tile.
    fn wide_tile<S: Simd>(
        simd: S,
        wide: &mut Self::Wide,
        x: &Input<'_>,
        by: &[Self::Group<'_>; 2],
        tile: RowTile,
        sums: &mut [[Chunk; WIDE]; 2],
    );
}

/// Number `part` of `parts` equal ones.
#[derive(Clone, Copy)]
struct Share {
    part: usize,
    parts: usize,
}

impl Share {
    /// The share of a list of that length.
    #[inline(always)]
    fn of(self, len: usize) -> Range<usize> {
        self.part * len / self.parts..(self.part + 1) * len / self.parts
    }
}

impl<'w> Task<'w> {
    /// Computes two groups at a time for one tile after the other: of one matrix, or the same of two.
    #[inline(always)]
    fn compute<S: Simd, P: Product>(mut self, simd: S) {
        let columns = self.out.columns();
        let groups = (columns.start - self.offset) / LANES..(columns.end - self.offset).div_ceil(LANES);
        let step = if self.into == Into::Gate { 1 } else { 2 };
        let has_wide = self.tiling.tile(self.tiles.start).width == WIDE;
        let mut wide = if has_wide { P::wide(simd) } else { None };
        let ahead = if S::MANY_REGISTERS { step } else { 1 };
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
            if let Some(wide) = &mut wide {
                P::prepare(simd, wide, &by);
            }
            for (part, tile) in tiles.enumerate() {
                let pair = Pair { by: &by, first: group, second, share: Share { part, parts } };
                let tile = self.tiling.tile(tile);
                match tile.width {
                    6 if S::MANY_REGISTERS => self.pair::<S, P, 6>(simd, pair, tile, sums.as_flattened_mut()),
                    4 if S::MANY_REGISTERS || S::FEW_ROWS == 4 => {
                        self.pair::<S, P, 4>(simd, pair, tile, sums.as_flattened_mut());
                    }
                    2 => self.pair::<S, P, 2>(simd, pair, tile, sums.as_flattened_mut()),
                    WIDE if S::MANY_REGISTERS => match &mut wide {
                        Some(wide) => {
                            P::wide_tile(simd, wide, &self.x, &by, tile, sums);
                            self.put_pair::<S, WIDE>(simd, [group, second], tile, sums.as_flattened());
                        }
                        None => self.narrow_pairs::<S, P>(simd, pair, tile, sums.as_flattened_mut()),
                    },
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
        if S::MANY_REGISTERS {
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
struct Compute<'a, P> {
    task: Task<'a>,
    product: PhantomData<P>,
}

impl<P: Product> Kernel for Compute<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.task.compute::<S, P>(simd);
    }
}

#[cfg(test)]
mod tests;
