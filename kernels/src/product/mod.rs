//! Products of activations and weights: `out = x * Wᵀ + bias`, and what is done with them on the way out.
//!
//! One driver for all formats. Sixteen weight rows are a *group*, of which a lane is a row; a micro-kernel computes one or
//! two groups with some rows of activations side by side, and keeps all sums in registers. The element of a weight row and
//! an activation row has an accumulator of its own, to which its columns are added in ascending order: of quantized weights
//! 32 at a time, whose sum is exact; of floats one at a time. What is computed together changes which registers are busy,
//! never a bit of the result.

mod blocks;
mod channels;
mod cut;
mod floats;
mod task;
mod wide;
mod winograd;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::matrix::Data;
use crate::packed::{BLOCK, with_blocks};
use crate::quantized::{QuantizeBlocks, Quantized, Tiling};
use crate::scratch::Scratch;
use crate::split::{Columns, Tile, for_blocks, for_grid};
use crate::{Format, Isa, Kernels, Matrix, QuantizedRows, Upcoming};

use blocks::Quants;
use channels::Bytes;
use cut::{CUT, Cut, Piece};
pub(crate) use floats::{F16, Strided, Vectors, float_tile};
use task::{Compute, Distance, Product, Share, Task};

/// What products are computed of: the same activations, (m, K), as far as some matrix takes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// For matrices of floats.
    pub floats: Option<&'a [f32]>,
    /// For matrices that are quantized by block.
    pub quantized: Option<&'a Quantized>,
    /// For matrices that are quantized by row.
    pub quantized_rows: Option<&'a QuantizedRows>,
    /// What is fetched meanwhile.
    pub upcoming: Option<&'a Upcoming>,
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
        let (by_block, by_row) = (Some(&quantized), Some(&quantized_rows));
        let input = Input { floats: Some(x), quantized: by_block, quantized_rows: by_row, upcoming: None };
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
        let mut cut = CUT.take();
        let parts = if into == Into::Gate { &by[..1] } else { by };
        self.cut(tiling, k, parts.iter().map(|affine| affine.weight.rows()), &mut cut);
        let Cut { tiles, rows, pieces, shares } = &cut;
        let run = |tiles: Range<usize>, out: Tile<'_>| {
            let columns = out.columns();
            let piece = pieces.partition_point(|piece| piece.columns.start < columns.start);
            let Piece { part, offset, .. } = pieces[piece];
            let second = (into == Into::Gate).then(|| by[1]);
            let winograd = self.isa() == Isa::Avx512Winograd;
            self.run_task(Task { x, by: by[part], second, out, offset, tiling, tiles, into, winograd });
        };
        match out {
            Output::Floats(out) => {
                let columns = Columns { count: pieces.len(), range: &|i| pieces[i].columns.clone(), shares };
                for_grid(self.pool(), out, n, rows, columns, &|i, out| run(tiles[i].clone(), out));
            }
            Output::Quantized(out) => {
                let blocks = |i: usize| pieces[i].columns.start / BLOCK..pieces[i].columns.end / BLOCK;
                let columns = Columns { count: pieces.len(), range: &blocks, shares };
                for_blocks(self.pool(), out.all_words(), tiles, columns, &|out| {
                    let (rows, blocks) = (tiling.rows_of(out.tiles()), out.blocks());
                    let columns = blocks.start * BLOCK..blocks.end * BLOCK;
                    let mut floats = Scratch::take(rows.len() * columns.len());
                    run(out.tiles(), Tile::apart(&mut floats, rows, columns));
                    self.arch.run(QuantizeBlocks { x: &floats, out });
                });
            }
        }
        CUT.set(cut);
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

thread_local! {
    /// Buffers of a call, kept to be used again: quantized activations, a gate, what it gated.
    static QUANTIZED: Cell<(Quantized, QuantizedRows)> = Cell::default();
    static GATE: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    static GATED: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
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
