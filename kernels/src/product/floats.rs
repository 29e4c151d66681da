//! The micro-kernel of floats: of weights in f32, f16 or bf16, and of keys and values.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::array::from_fn;
use std::convert::Infallible;

use super::{Distance, Input, Product, Share, Task};
use crate::matrix::{Data, Matrix};
use crate::quantized::{RowTile, WIDE};
use crate::simd::{Chunk, Halves, Simd};

/// Weights in f16.
pub(crate) struct F16;

/// Weights in bf16.
pub(super) struct Bf16;

/// Sixteen floats in memory.
pub(crate) trait Stored: Sized + 'static {
    /// The vectors of group `index` of a matrix that keeps them.
    fn group(data: &Data, index: usize, cols: usize) -> &[Self];
}

impl Stored for Chunk {
    fn group(data: &Data, index: usize, cols: usize) -> &[Chunk] {
        match data {
            Data::Floats(floats) => &floats.as_chunks().0[index * cols..][..cols],
            _ => unreachable!("a matrix in f32"),
        }
    }
}

impl Stored for Halves {
    fn group(data: &Data, index: usize, cols: usize) -> &[Halves] {
        match data {
            Data::Halves(bytes) => &bytes.as_chunks().0[index * cols..][..cols],
            _ => unreachable!("a matrix of halves"),
        }
    }
}

/// A way to read sixteen floats.
pub(crate) trait Vectors {
    type Stored: Stored;

    fn load<S: Simd>(simd: S, from: &Self::Stored) -> S::F;
}

impl Vectors for f32 {
    type Stored = Chunk;

    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &Chunk) -> S::F {
        simd.load(from)
    }
}

impl Vectors for F16 {
    type Stored = Halves;

    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &Halves) -> S::F {
        simd.load_half(from)
    }
}

impl Vectors for Bf16 {
    type Stored = Halves;

    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &Halves) -> S::F {
        simd.bitcast(simd.shl(simd.widen_u16(from), 16))
    }
}

impl<V: Vectors> Product for V {
    type Group<'a> = &'a [V::Stored];

    #[inline(always)]
    fn group(matrix: &Matrix, index: usize, _: Distance) -> &[V::Stored] {
        V::Stored::group(&matrix.data, index, matrix.cols())
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const T: usize>(
        simd: S,
        x: &Input<'_>,
        by: &[&[V::Stored]; R],
        tile: RowTile,
        _: Share,
    ) -> [[S::F; T]; R] {
        let cols = by[0].len();
        let x = x.floats.unwrap_or_default();
        // Rows that are missing are computed as the last one again.
        let rows: [&[f32]; T] = from_fn(|t| &x[(tile.first + t.min(tile.count - 1)) * cols..][..cols]);
        let groups = by.map(|vectors| Strided { vectors, step: 1 });
        float_tile::<S, V, R, T>(simd, groups, rows)
    }

    // Tile registers take no floats of these widths.
    type Prepared = Infallible;

    #[inline(always)]
    fn prepared<S: Simd>(_: S, _: &Task<'_>) -> Option<Infallible> {
        None
    }

    #[inline(always)]
    fn prepare<S: Simd>(_: S, prepared: &mut Infallible, _: &[&[V::Stored]; 2]) {
        match *prepared {}
    }

    #[inline(always)]
    fn prepared_tile<S: Simd>(
        _: S,
        prepared: &mut Infallible,
        _: &Input<'_>,
        _: &[&[V::Stored]; 2],
        _: RowTile,
        _: Share,
        _: &mut [[Chunk; WIDE]; 2],
    ) {
        match *prepared {}
    }
}

/// Vectors, of which every `step`th counts.
pub(crate) struct Strided<'a, T> {
    pub(crate) vectors: &'a [T],
    pub(crate) step: usize,
}

impl<T> Clone for Strided<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Strided<'_, T> {}

/// For `R` sequences of vectors and `T` of factors, the sums of the vectors times the factors, in ascending order.
#[inline(always)]
pub(crate) fn float_tile<S: Simd, V: Vectors, const R: usize, const T: usize>(
    simd: S,
    by: [Strided<'_, V::Stored>; R],
    x: [&[f32]; T],
) -> [[S::F; T]; R] {
    let len = x[0].len();
    let x = x.map(|x| &x[..len]);
    let mut sums = [[simd.splat(0.0); T]; R];
    for k in 0..len {
        let mut w = [simd.splat(0.0); R];
        for r in 0..R {
            w[r] = V::load(simd, &by[r].vectors[k * by[r].step]);
        }
        for t in 0..T {
            let x = simd.splat(x[t][k]);
            for r in 0..R {
                sums[r][t] = simd.mul_add(w[r], x, sums[r][t]);
            }
        }
    }
    sums
}
