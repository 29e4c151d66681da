//! The partial results of some query heads and one block of positions, and how partial results add up.

use std::array::from_fn;

use super::KV_BLOCK;
use super::cache::GROUPS;
use crate::math::exp;
use crate::product::{Strided, Vectors, float_tile};
use crate::simd::{Chunk, LANES, Simd};

/// The keys and values of one head in a block of positions, laid out as in [`KvCache`](super::KvCache).
pub(super) struct Block<'a, T> {
    pub(super) keys: &'a [T],
    pub(super) values: &'a [T],
}

impl<T> Clone for Block<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Block<'_, T> {}

/// The maximum of some scores, and the sum of the exponentials of their distances to it.
pub(super) type Softmax = [f32; 2];

/// Adds the partial result of a block to those before it.
#[inline(always)]
pub(super) fn combine<S: Simd>(simd: S, state: &mut Softmax, total: &mut [f32], part: Softmax, partial: &[f32]) {
    let max = if part[0] > state[0] { part[0] } else { state[0] };
    let mut factors: Chunk = [0.0; LANES];
    factors[0] = state[0] - max;
    factors[1] = part[0] - max;
    simd.store(exp(simd, simd.load(&factors)), &mut factors);
    let [old, new, ..] = factors;
    *state = [max, state[1] * old + part[1] * new];
    for (total, partial) in total.iter_mut().zip(partial) {
        *total = *total * old + partial * new;
    }
}

/// For each of `T` queries, the first positions of a block, as many as `counts` says: their softmax, and in `partials`,
/// (T, ⌈head_dim / 16⌉ * 16), the sum of values weighted by their exponentials.
#[inline(always)]
pub(super) fn attend_block<S: Simd, V: Vectors, const T: usize>(
    simd: S,
    queries: [&[f32]; T],
    counts: [usize; T],
    block: Block<'_, V::Stored>,
    partials: &mut [f32],
) -> [Softmax; T] {
    let head_dim = queries[0].len();
    let mut weights = [[0.0; KV_BLOCK]; T];
    let parts = softmaxes(simd, scores::<S, V, T>(simd, queries, block.keys), counts, &mut weights);
    // Positions beyond a query's own have no weight, those beyond all of them are not even read.
    let most = counts.into_iter().max().unwrap_or(0);
    let weights: [&[f32]; T] = from_fn(|t| &weights[t][..most]);
    let wide = head_dim.div_ceil(LANES);
    let mut group = 0;
    if S::MANY_REGISTERS {
        while group + 4 <= wide {
            weighted::<S, V, 4, T>(simd, weights, block.values, group, wide, partials);
            group += 4;
        }
    }
    while group + 2 <= wide {
        weighted::<S, V, 2, T>(simd, weights, block.values, group, wide, partials);
        group += 2;
    }
    while group < wide {
        weighted::<S, V, 1, T>(simd, weights, block.values, group, wide, partials);
        group += 1;
    }
    parts
}

/// The dot products of queries with all keys of a block.
#[inline(always)]
fn scores<S: Simd, V: Vectors, const T: usize>(
    simd: S,
    queries: [&[f32]; T],
    keys: &[V::Stored],
) -> [[S::F; T]; GROUPS] {
    let head_dim = queries[0].len();
    let group = |g: usize| Strided { vectors: &keys[g * head_dim..][..head_dim], step: 1 };
    if S::MANY_REGISTERS {
        return float_tile::<S, V, GROUPS, T>(simd, from_fn(group), queries);
    }
    let [a, b] = float_tile::<S, V, 2, T>(simd, [group(0), group(1)], queries);
    let [c, d] = float_tile::<S, V, 2, T>(simd, [group(2), group(3)], queries);
    [a, b, c, d]
}

/// Exponentials of the scores' distances to their maximum; beyond a query's positions they are zero.
#[inline(always)]
fn softmaxes<S: Simd, const T: usize>(
    simd: S,
    scores: [[S::F; T]; GROUPS],
    counts: [usize; T],
    weights: &mut [[f32; KV_BLOCK]; T],
) -> [Softmax; T] {
    const PLACES: Chunk = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
    let (places, nothing) = (simd.load(&PLACES), simd.splat(f32::NEG_INFINITY));
    let mut parts = [[0.0; 2]; T];
    for t in 0..T {
        let mut own = [nothing; GROUPS];
        let mut most = nothing;
        for g in 0..GROUPS {
            let limit = simd.splat(counts[t] as f32 - (g * LANES) as f32);
            own[g] = simd.select_less(places, limit, scores[g][t], nothing);
            most = simd.max(own[g], most);
        }
        let max = simd.largest(most);
        let mut sum = simd.splat(0.0);
        for (score, out) in own.into_iter().zip(weights[t].as_chunks_mut::<LANES>().0) {
            let weight = exp(simd, simd.sub(score, simd.splat(max)));
            simd.store(weight, out);
            sum = simd.add(sum, weight);
        }
        parts[t] = [max, simd.sum(sum)];
    }
    parts
}

/// The sums of `R` vectors of each value from vector `group` on, times the weights, in position order.
#[inline(always)]
fn weighted<S: Simd, V: Vectors, const R: usize, const T: usize>(
    simd: S,
    weights: [&[f32]; T],
    values: &[V::Stored],
    group: usize,
    wide: usize,
    partials: &mut [f32],
) {
    let by = from_fn(|r| Strided { vectors: &values[group + r..], step: wide });
    let sums = float_tile::<S, V, R, T>(simd, by, weights);
    let (partials, _) = partials.as_chunks_mut::<LANES>();
    for r in 0..R {
        for t in 0..T {
            simd.store(sums[r][t], &mut partials[t * wide + group + r]);
        }
    }
}
