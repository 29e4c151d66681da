//! The partial result of one row, one query head and one block of positions, and how partial results add up.

use super::KV_BLOCK;
use crate::math::exp;
use crate::matmul::dots;
use crate::simd::{Chunk, LANES, Simd, load_partial, store_partial};
use crate::softmax::maximum;

/// Keys whose scores are computed at a time: as many sums as hide the latency of an addition.
const KEYS: usize = 4;

/// Keys and values of one head, from the first position of a block on.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
    /// From one position to the next.
    pub(super) stride: usize,
    pub(super) head_dim: usize,
}

impl<'a> Block<'a> {
    #[inline(always)]
    fn key(&self, position: usize) -> &'a [f32] {
        &self.keys[position * self.stride..][..self.head_dim]
    }

    #[inline(always)]
    fn value(&self, position: usize) -> &'a [f32] {
        &self.values[position * self.stride..][..self.head_dim]
    }
}

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

/// The first `count` positions of a block: their softmax, and in `partial` the sum of values weighted by
/// their exponentials.
#[inline(always)]
pub(super) fn attend_block<S: Simd>(
    simd: S,
    query: &[f32],
    block: Block<'_>,
    count: usize,
    scale: f32,
    partial: &mut [f32],
) -> Softmax {
    let mut weights = [f32::NEG_INFINITY; KV_BLOCK];
    scores(simd, query, block, scale, &mut weights[..count]);
    let max = maximum(simd, &weights);
    let mut sum = simd.splat(0.0);
    for chunk in weights.as_chunks_mut::<LANES>().0 {
        let weight = exp(simd, simd.sub(simd.load(chunk), simd.splat(max)));
        simd.store(weight, chunk);
        sum = simd.add(sum, weight);
    }
    weighted_values(simd, &weights[..count], block, partial);
    [max, simd.sum(sum)]
}

/// Scaled dot products of `query` with the first keys of `block`, as many as `out` holds.
#[inline(always)]
fn scores<S: Simd>(simd: S, query: &[f32], block: Block<'_>, scale: f32, out: &mut [f32]) {
    let (quads, rest) = out.as_chunks_mut::<KEYS>();
    let done = quads.len() * KEYS;
    for (i, quad) in quads.iter_mut().enumerate() {
        let keys = [0, 1, 2, 3].map(|j| block.key(i * KEYS + j));
        let dots = dots::<S, KEYS, 1>(simd, keys, [query]);
        for (out, [dot]) in quad.iter_mut().zip(dots) {
            *out = dot * scale;
        }
    }
    for (i, out) in rest.iter_mut().enumerate() {
        let [[dot]] = dots::<S, 1, 1>(simd, [block.key(done + i)], [query]);
        *out = dot * scale;
    }
}

/// The sum of the first values of `block`, times `weights`, in position order.
#[inline(always)]
fn weighted_values<S: Simd>(simd: S, weights: &[f32], block: Block<'_>, out: &mut [f32]) {
    /// Vectors of a value that are summed at a time: their additions hide each other's latency.
    const WIDE: usize = 4 * LANES;
    let mut start = 0;
    while start + WIDE <= out.len() {
        weighted_part::<S, 4>(simd, weights, block, start, out);
        start += WIDE;
    }
    while start + LANES <= out.len() {
        weighted_part::<S, 1>(simd, weights, block, start, out);
        start += LANES;
    }
    if start < out.len() {
        let mut sum = simd.splat(0.0);
        for (position, weight) in weights.iter().enumerate() {
            let value = load_partial(simd, &block.value(position)[start..]);
            sum = simd.mul_add(simd.splat(*weight), value, sum);
        }
        store_partial(simd, sum, &mut out[start..]);
    }
}

/// Elements `start` to `start + V * LANES` of [`weighted_values`].
#[inline(always)]
fn weighted_part<S: Simd, const V: usize>(simd: S, weights: &[f32], block: Block<'_>, start: usize, out: &mut [f32]) {
    let mut sums = [simd.splat(0.0); V];
    for (position, weight) in weights.iter().enumerate() {
        let weight = simd.splat(*weight);
        let value = &block.value(position)[start..][..V * LANES];
        for (sum, value) in sums.iter_mut().zip(value.as_chunks::<LANES>().0) {
            *sum = simd.mul_add(weight, simd.load(value), *sum);
        }
    }
    for (sum, out) in sums.into_iter().zip(out[start..][..V * LANES].as_chunks_mut::<LANES>().0) {
        simd.store(sum, out);
    }
}
