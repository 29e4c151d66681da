//! Products of f32 activations and stored weights: `out = x * Wᵀ + bias`.
//!
//! A task takes a panel of weight rows, brings some of them to f32, and multiplies them with every token
//! before it goes on. The element of a row and a token is a dot product with an accumulator of its own:
//! sixteen lanes, element `k` in lane `k % 16`, in ascending order, summed as [`Simd::sum`] says. How many
//! rows and tokens are computed at a time changes which registers are busy, never a bit of the result.

use std::array::from_fn;

use crate::dequantize::vector;
use crate::matrix::StoredRows;
use crate::scratch::Scratch;
use crate::simd::{Kernel, LANES, Simd, load_partial};
use crate::split::{Tile, for_tiles};
use crate::{Kernels, Matrix};

/// Tokens from which a panel is brought to f32 as a whole and read again for each tile of tokens; with
/// fewer, a few rows at a time stay in the first-level cache.
const MANY_TOKENS: usize = 12;

/// Rows of a panel with few tokens: enough for a task to outweigh its start.
const FEW_TOKENS_PANEL: usize = 16;

/// Most rows of a panel with many tokens: the more, the less often the activations are read.
const MAX_PANEL: usize = 32;

/// Elements of a panel: an eighth of a second-level cache of 2 MB, so that activations find room beside it.
const PANEL_ELEMENTS: usize = 1 << 16;

/// Rows that are multiplied at a time with few tokens.
const FEW_TOKENS_ROWS: usize = 4;

impl Kernels {
    /// `out` (m, N) = `x` (m, K) times the transpose of `w` (N, K), plus `bias` (N).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn matmul(&self, x: &[f32], w: &Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
        let (n, k) = (w.rows(), w.cols());
        if n == 0 {
            assert!(out.is_empty(), "{} outputs of a matrix without rows", out.len());
            return;
        }
        let m = out.len() / n;
        assert_eq!(out.len(), m * n, "outputs of {n} columns");
        assert_eq!(x.len(), m * k, "inputs of {m} rows and {k} columns");
        assert!(bias.is_none_or(|bias| bias.len() == n), "a bias of {n} elements");
        let panel = if m < MANY_TOKENS { FEW_TOKENS_PANEL } else { panel_rows(k) };
        let rows = 0..m;
        for_tiles(self.pool(), out, n, std::slice::from_ref(&rows), panel, &|_, out| {
            self.arch.run(Panel { x, w, bias, out, m });
        });
    }
}

/// Rows of a panel of rows of `k` elements, a multiple of those multiplied at a time.
fn panel_rows(k: usize) -> usize {
    let rows = (PANEL_ELEMENTS / k.max(1)).clamp(FEW_TOKENS_ROWS, MAX_PANEL);
    rows / FEW_TOKENS_ROWS * FEW_TOKENS_ROWS
}

/// The weight rows that are the columns of `out`, times all `m` rows of `x`.
struct Panel<'a> {
    x: &'a [f32],
    w: &'a Matrix,
    bias: Option<&'a [f32]>,
    out: Tile<'a>,
    m: usize,
}

impl Kernel for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let k = self.w.cols();
        let columns = self.out.columns();
        let group = if self.m < MANY_TOKENS { FEW_TOKENS_ROWS } else { columns.len() };
        let mut scratch = Scratch::take(group * k);
        for first in columns.clone().step_by(group) {
            let count = group.min(columns.end - first);
            let weights = match self.w.stored_rows(first, count) {
                StoredRows::Floats(floats) => floats,
                StoredRows::Blocks(bytes) => {
                    vector::dequantize(simd, self.w.format(), bytes, &mut scratch[..count * k]);
                    &scratch[..count * k]
                }
            };
            let bias = self.bias.map(|bias| &bias[first..first + count]);
            let rows = Rows { weights, count, k, bias, column: first - columns.start };
            rows.multiply(simd, self.x, self.m, &mut self.out);
        }
    }
}

/// Weight rows in f32.
struct Rows<'a> {
    /// (count, k)
    weights: &'a [f32],
    count: usize,
    k: usize,
    bias: Option<&'a [f32]>,
    /// Where the first row's output is in a row of the tile.
    column: usize,
}

impl Rows<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, x: &[f32], m: usize, out: &mut Tile<'_>) {
        let mut token = 0;
        // The tiles leave registers for the operands: 24 accumulators of 32 registers, 6 of 8 pairs.
        if S::MANY_REGISTERS {
            while token + 6 <= m {
                self.tokens::<S, 4, 6>(simd, x, token, out);
                token += 6;
            }
        } else {
            while token + 3 <= m {
                self.tokens::<S, 2, 3>(simd, x, token, out);
                token += 3;
            }
        }
        while token < m {
            self.tokens::<S, FEW_TOKENS_ROWS, 1>(simd, x, token, out);
            token += 1;
        }
    }

    /// All rows, `R` at a time, with `T` tokens.
    #[inline(always)]
    fn tokens<S: Simd, const R: usize, const T: usize>(&self, simd: S, x: &[f32], token: usize, out: &mut Tile<'_>) {
        let x: [&[f32]; T] = from_fn(|t| &x[(token + t) * self.k..][..self.k]);
        let mut row = 0;
        while row + R <= self.count {
            let w: [&[f32]; R] = from_fn(|r| self.row(row + r));
            self.store(dots::<S, R, T>(simd, w, x), row, token, out);
            row += R;
        }
        while row < self.count {
            self.store(dots::<S, 1, T>(simd, [self.row(row)], x), row, token, out);
            row += 1;
        }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.k..][..self.k]
    }

    #[inline(always)]
    fn store<const R: usize, const T: usize>(&self, dots: [[f32; T]; R], row: usize, token: usize, out: &mut Tile<'_>) {
        for t in 0..T {
            let out = &mut out.row(token + t)[self.column + row..][..R];
            for (r, (out, dots)) in out.iter_mut().zip(&dots).enumerate() {
                *out = dots[t] + self.bias.map_or(0.0, |bias| bias[row + r]);
            }
        }
    }
}

/// The dot products of `R` by `T` vectors of one length.
#[inline(always)]
pub(crate) fn dots<S: Simd, const R: usize, const T: usize>(simd: S, w: [&[f32]; R], x: [&[f32]; T]) -> [[f32; T]; R] {
    let len = x[0].len();
    let steps = len / LANES;
    let w_chunks: [_; R] = from_fn(|r| &w[r].as_chunks::<LANES>().0[..steps]);
    let x_chunks: [_; T] = from_fn(|t| &x[t].as_chunks::<LANES>().0[..steps]);
    let mut sums = [[simd.splat(0.0); T]; R];
    for step in 0..steps {
        for r in 0..R {
            let w = simd.load(&w_chunks[r][step]);
            for t in 0..T {
                sums[r][t] = simd.mul_add(w, simd.load(&x_chunks[t][step]), sums[r][t]);
            }
        }
    }
    if len > steps * LANES {
        for r in 0..R {
            let w = load_partial(simd, &w[r][steps * LANES..len]);
            for t in 0..T {
                sums[r][t] = simd.mul_add(w, load_partial(simd, &x[t][steps * LANES..len]), sums[r][t]);
            }
        }
    }
    let mut out = [[0.0; T]; R];
    for r in 0..R {
        for t in 0..T {
            out[r][t] = simd.sum(sums[r][t]);
        }
    }
    out
}

#[cfg(test)]
mod tests;
