//! Products of activations and weights: `out = x * Wᵀ + bias`, and what is done with them on the way out.
//!
//! One driver for all formats. Sixteen weight rows are a *group*, of which a lane is a row; a micro-kernel computes one or
//! two groups with some rows of activations side by side, and keeps all sums in registers. The element of a weight row and
//! an activation row has an accumulator of its own, to which its columns are added in ascending order: of quantized weights
//! 32 at a time, whose sum is exact; of floats one at a time. What is computed together changes which registers are busy,
//! never a bit of the result.

mod blocks;
mod channels;
mod floats;
mod task;
mod wide;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::matrix::Data;
use crate::packed::{BLOCK, with_blocks};
use crate::quantized::{QuantizeBlocks, Quantized, Tiling};
use crate::scratch::Scratch;
use crate::simd::LANES;
use crate::split::{Tile, for_blocks, for_grid};
use crate::{Format, Kernels, Matrix, QuantizedRows};

use blocks::Quants;
use channels::Bytes;
pub(crate) use floats::{F16, Strided, Vectors, float_tile};
use task::{Compute, Product, Share, Task};

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

#[cfg(test)]
mod tests;
