//! The partial results of some query heads and one block of positions, and how partial results add up.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::array::from_fn;
use std::marker::PhantomData;

use super::KV_BLOCK;
use super::cache::GROUPS;
use super::heads::Heads;
use crate::math::exp2_below;
use crate::product::{Strided, Vectors, float_tile};
use crate::scratch::Scratch;
use crate::simd::{Chunk, Kernel, LANES, Simd};

/// The maximum of some scores, and the sum of two to the power of their distances to it: scores are logarithms to base 2,
/// whose powers take fewest operations.
pub(super) type Softmax = [f32; 2];

/// The most items whose partial results are combined at once.
pub(super) const COMBINED: usize = LANES / 2;

/// Adds the partial results of a block to those before it; at most [`COMBINED`], and those of no positions change nothing.
#[inline(always)]
pub(super) fn combine<S: Simd>(
    simd: S,
    states: &mut [Softmax],
    totals: &mut [f32],
    parts: &[Softmax],
    partials: &[f32],
    wide: usize,
) {
    // The factors of the old sums, then those of the new ones: the powers of all at once.
    let mut factors: Chunk = [0.0; LANES];
    for (item, (state, part)) in states.iter().zip(parts).enumerate() {
        let max = if part[0] > state[0] { part[0] } else { state[0] };
        factors[item] = state[0] - max;
        factors[item + COMBINED] = part[0] - max;
    }
    simd.store(exp2_below(simd, simd.load(&factors)), &mut factors);
    for (item, (state, part)) in states.iter_mut().zip(parts).enumerate() {
        if part[1] == 0.0 {
            continue;
        }
        let (old, new) = (factors[item], factors[item + COMBINED]);
        *state = [if part[0] > state[0] { part[0] } else { state[0] }, state[1] * old + part[1] * new];
        let (total, partial) = (&mut totals[item * wide..][..wide], &partials[item * wide..][..wide]);
        let (old, new) = (simd.splat(old), simd.splat(new));
        for (total, partial) in total.as_chunks_mut::<LANES>().0.iter_mut().zip(partial.as_chunks::<LANES>().0) {
            let sum = simd.mul_add(simd.load(total), old, simd.mul(simd.load(partial), new));
            simd.store(sum, total);
        }
    }
}

/// The most items that are computed side by side.
const WIDEST: usize = 6;

/// Memory for what is between queries and partial results, used again from block to block.
pub(super) struct Working {
    floats: Scratch,
    shorts: Scratch<u8>,
    partial: usize,
}

impl Working {
    /// For heads of `head_dim` elements.
    pub(super) fn new(head_dim: usize) -> Self {
        let partial = head_dim.div_ceil(LANES);
        let vectors = WIDEST * (2 * GROUPS + partial);
        Working { floats: Scratch::take(vectors * LANES), shorts: Scratch::bytes(WIDEST * 2 * KV_BLOCK), partial }
    }

    /// Room for sums, (R, T) vectors; for weights, (T, 4); for partial results, (T, ⌈head_dim / 16⌉); and for weights as
    /// 16-bit integers, (T, 64).
    #[inline(always)]
    pub(super) fn split(&mut self) -> (&mut [Chunk], &mut [Chunk], &mut [Chunk], &mut [u8]) {
        let (sums, rest) = self.floats.as_chunks_mut().0.split_at_mut(WIDEST * GROUPS);
        let (weights, partials) = rest.split_at_mut(WIDEST * GROUPS);
        (sums, weights, partials, &mut self.shorts)
    }

    /// The partial results of `items` items.
    #[inline(always)]
    pub(super) fn partials(&self, items: usize) -> &[f32] {
        &self.floats[2 * WIDEST * GROUPS * LANES..][..items * self.partial * LANES]
    }
}

/// A way to compute with the keys and values of one head in a block of positions.
pub(super) trait Arithmetic {
    /// These.
    type Block<'a>: Copy;

    /// For each of `T` items, the first positions of a block, as many as `counts` says: their softmax, zero where there are
    /// none, and, as partial results, the sum of values weighted by their powers.
    fn attend<S: Simd, const T: usize>(
        simd: S,
        heads: &Heads<'_>,
        items: [usize; T],
        counts: [usize; T],
        block: Self::Block<'_>,
        working: &mut Working,
    ) -> [Softmax; T];
}

/// Keys and values that are read as floats.
pub(super) struct Floats<V>(PhantomData<V>);

/// These, laid out as in [`KvCache`](super::KvCache) in f16.
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

impl<V: Vectors> Arithmetic for Floats<V> {
    type Block<'a> = Block<'a, V::Stored>;

    #[inline(always)]
    fn attend<S: Simd, const T: usize>(
        simd: S,
        heads: &Heads<'_>,
        items: [usize; T],
        counts: [usize; T],
        block: Block<'_, V::Stored>,
        working: &mut Working,
    ) -> [Softmax; T] {
        let wide = heads.head_dim.div_ceil(LANES);
        let (sums, weights, partials, _) = working.split();
        scores::<S, V, T>(simd, from_fn(|t| heads.floats(items[t])), block.keys, sums);
        let parts = softmaxes::<S, T>(simd, sums, counts, weights);
        // Positions beyond a query's own have no weight, those beyond all of them are not even read.
        let most = counts.into_iter().max().unwrap_or(0);
        let weights: [&[f32]; T] = from_fn(|t| &weights[t * GROUPS..][..GROUPS].as_flattened()[..most]);
        let mut group = 0;
        if S::MANY_REGISTERS {
            while group + 4 <= wide {
                weighted::<S, V, 4, T>(simd, weights, block.values, [group, wide], sums, partials);
                group += 4;
            }
        }
        while group + 2 <= wide {
            weighted::<S, V, 2, T>(simd, weights, block.values, [group, wide], sums, partials);
            group += 2;
        }
        while group < wide {
            weighted::<S, V, 1, T>(simd, weights, block.values, [group, wide], sums, partials);
            group += 1;
        }
        parts
    }
}

/// Sums of vectors times factors, (R, T) vectors, as a function of its own.
struct Sums<'a, V: Vectors, const R: usize, const T: usize> {
    by: [Strided<'a, V::Stored>; R],
    x: [&'a [f32]; T],
    out: &'a mut [Chunk],
}

impl<V: Vectors, const R: usize, const T: usize> Kernel for Sums<'_, V, R, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let sums = float_tile::<S, V, R, T>(simd, self.by, self.x);
        let out = &mut self.out[..R * T];
        for r in 0..R {
            for t in 0..T {
                simd.store(sums[r][t], &mut out[r * T + t]);
            }
        }
    }
}

/// The dot products of queries with all keys of a block, (4, T) vectors.
#[inline(always)]
fn scores<S: Simd, V: Vectors, const T: usize>(simd: S, queries: [&[f32]; T], keys: &[V::Stored], sums: &mut [Chunk]) {
    let head_dim = queries[0].len();
    let group = |g: usize| Strided { vectors: &keys[g * head_dim..][..head_dim], step: 1 };
    if S::MANY_REGISTERS {
        simd.apart(Sums::<V, GROUPS, T> { by: from_fn(group), x: queries, out: sums });
    } else {
        for (half, out) in sums.chunks_exact_mut(2 * T).take(GROUPS / 2).enumerate() {
            let by = [group(2 * half), group(2 * half + 1)];
            simd.apart(Sums::<V, 2, T> { by, x: queries, out });
        }
    }
}

/// The lanes of group `g` of positions that are among the first `count`, and `other` for the rest.
#[inline(always)]
pub(super) fn seen<S: Simd>(simd: S, count: usize, g: usize, lanes: S::F, other: S::F) -> S::F {
    const PLACES: Chunk = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
    let limit = simd.splat(count as f32 - (g * LANES) as f32);
    simd.select_less(simd.load(&PLACES), limit, lanes, other)
}

/// The largest lane of each vector.
#[inline(always)]
pub(super) fn largest_of<S: Simd, const T: usize>(simd: S, vectors: [S::F; T]) -> [f32; T] {
    let mut largest = [0.0; T];
    let mut first = 0;
    while first < T {
        let last = T - 1;
        if first == last {
            largest[first] = simd.largest(vectors[first]);
        } else {
            let four = [first, (first + 1).min(last), (first + 2).min(last), (first + 3).min(last)];
            let four = simd.largest_each([vectors[four[0]], vectors[four[1]], vectors[four[2]], vectors[four[3]]]);
            largest[first..T.min(first + 4)].copy_from_slice(&four[..T.min(first + 4) - first]);
        }
        first += 4;
    }
    largest
}

/// Powers of two of the distances to their maximum of scores, (4, T) vectors, as weights, (T, 4); beyond a query's positions
/// they are zero.
///
/// One step after the other for all queries: what becomes one number of sixteen lanes takes long, and none of them waits
/// for that of another.
#[inline(always)]
pub(super) fn softmaxes<S: Simd, const T: usize>(
    simd: S,
    scores: &[Chunk],
    counts: [usize; T],
    weights: &mut [Chunk],
) -> [Softmax; T] {
    let nothing = simd.splat(f32::NEG_INFINITY);
    let mut largest = [nothing; T];
    for t in 0..T {
        for g in 0..GROUPS {
            let own = seen(simd, counts[t], g, simd.load(&scores[g * T + t]), nothing);
            simd.store(own, &mut weights[t * GROUPS + g]);
            largest[t] = simd.max(own, largest[t]);
        }
    }
    let maxima = largest_of(simd, largest);
    let mut parts = [[0.0; 2]; T];
    for t in 0..T {
        let (max, mut sum) = (simd.splat(maxima[t]), simd.splat(0.0));
        for weight in &mut weights[t * GROUPS..][..GROUPS] {
            let power = exp2_below(simd, simd.sub(simd.load(weight), max));
            simd.store(power, weight);
            sum = simd.add(sum, power);
        }
        if counts[t] > 0 {
            parts[t] = [maxima[t], simd.sum(sum)];
        }
    }
    parts
}

/// The sums of `R` vectors of each value from vector `group` of `wide` on, times the weights, in position order.
#[inline(always)]
fn weighted<S: Simd, V: Vectors, const R: usize, const T: usize>(
    simd: S,
    weights: [&[f32]; T],
    values: &[V::Stored],
    [group, wide]: [usize; 2],
    sums: &mut [Chunk],
    partials: &mut [Chunk],
) {
    let by = from_fn(|r| Strided { vectors: &values[group + r..], step: wide });
    simd.apart(Sums::<V, R, T> { by, x: weights, out: sums });
    for t in 0..T {
        for r in 0..R {
            partials[t * wide + group + r] = sums[r * T + t];
        }
    }
}
