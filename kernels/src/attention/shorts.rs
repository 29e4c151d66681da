//! Attention on 16-bit integers: two products in the time of one of floats, whose sums are exact.
//!
//! Keys and values are kept as multiples of a scale that each head has at each position, up to 8,191 of them; queries, and
//! the weights of values, become such multiples too. The sum of 32 products is below 2³¹, and is added to others in f32. A
//! result is more exact than with keys and values in f16: what is lost are small parts of small elements.
//!
//! Two numbers share a lane: of keys two elements of a position, of values one element of two positions.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::array::from_fn;
use std::ops::Range;

use super::KV_BLOCK;
use super::cache::GROUPS;
use super::heads::Heads;
use super::partial::{Arithmetic, Softmax, Working, largest_of, seen};
use crate::math::exp2_below;
use crate::product::Strided;
use crate::quantized::{ROUND, magnitude};
use crate::simd::{Chunk, Halves, Kernel, LANES, Line, Simd, load_partial};

/// The largest integer.
const MOST: f32 = 8191.0;

/// Pairs of numbers whose products are added up as integers.
const PAIRS: usize = 16;

/// Of so many items sums of four vectors each stay in registers, as integers and as floats; of more than these, of two.
const FEW: usize = 3;

/// Bytes that [`to_shorts`] fills.
pub(super) fn short_len(len: usize) -> usize {
    2 * len.next_multiple_of(LANES)
}

/// Makes `x` integers, filled up with zeros, and returns what they are multiples of.
#[inline(always)]
pub(super) fn to_shorts<S: Simd>(simd: S, x: &[f32], to: &mut [u8]) -> f32 {
    let (chunks, tail) = x.as_chunks::<LANES>();
    let tail = if tail.is_empty() { None } else { Some(load_partial(simd, tail)) };
    let mut largest = simd.splat(0.0);
    for chunk in chunks {
        largest = simd.max(magnitude(simd, simd.load(chunk)), largest);
    }
    if let Some(tail) = tail {
        largest = simd.max(magnitude(simd, tail), largest);
    }
    let (scale, inverse) = scale_of(simd.largest(largest));
    let (inverse, round) = (simd.splat(inverse), simd.splat(ROUND));
    let (vectors, _) = to.as_chunks_mut::<{ size_of::<Halves>() }>();
    let (whole, rest) = vectors.split_at_mut(chunks.len());
    let mut sum = simd.splat(0.0);
    for (chunk, to) in chunks.iter().zip(whole) {
        let rounded = simd.mul_add(simd.load(chunk), inverse, round);
        simd.store_shorts(simd.bits(rounded), to);
        sum = simd.add(sum, rounded);
    }
    if let (Some(tail), Some(to)) = (tail, rest.first_mut()) {
        let rounded = simd.mul_add(tail, inverse, round);
        simd.store_shorts(simd.bits(rounded), to);
        sum = simd.add(sum, rounded);
    }
    // What is no number must not become one.
    if simd.sum(sum).is_nan() { f32::NAN } else { scale }
}

/// The keys and values of a head in a block of positions.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    /// Of each position what its key's integers are multiples of.
    pub(super) key_scales: &'a [Line; GROUPS],
    /// (4, ⌈`head_dim` / 2⌉) lines: a lane is a position.
    pub(super) keys: &'a [Line],
    /// As `key_scales`.
    pub(super) value_scales: &'a [Line; GROUPS],
    /// (32, ⌈`head_dim` / 16⌉) lines: a lane is an element.
    pub(super) values: &'a [Line],
}

/// Keys, values, queries and weights as 16-bit integers.
pub(super) struct Shorts;

impl Arithmetic for Shorts {
    type Block<'a> = Kept<'a>;

    #[inline(always)]
    fn attend<S: Simd, const T: usize>(
        simd: S,
        heads: &Heads<'_>,
        items: [usize; T],
        counts: [usize; T],
        block: Kept<'_>,
        working: &mut Working,
    ) -> [Softmax; T] {
        let wide = heads.head_dim.div_ceil(LANES);
        let (sums, _, partials, shorts) = working.split();
        // Positions beyond a query's own have no weight, those beyond all of them are not even read.
        let most = counts.into_iter().max().unwrap_or(0);
        let groups = most.div_ceil(LANES);
        match groups {
            0 | 1 => scores::<S, 1, T>(simd, heads, items, block, sums),
            2 => scores::<S, 2, T>(simd, heads, items, block, sums),
            3 if S::MANY_REGISTERS && T <= FEW => scores::<S, 3, T>(simd, heads, items, block, sums),
            _ => scores::<S, GROUPS, T>(simd, heads, items, block, sums),
        }
        let (parts, scales) = softmaxes::<S, T>(simd, sums, counts, &block.value_scales[..groups], shorts);
        let x: [&[u8]; T] = from_fn(|t| &shorts[t * 2 * KV_BLOCK..][..2 * most.next_multiple_of(2)]);
        let mut group = 0;
        if S::MANY_REGISTERS && T <= FEW {
            while group + 4 <= wide {
                weighted::<S, 4, T>(simd, x, &scales, block.values, [group, wide], partials);
                group += 4;
            }
        }
        while group + 2 <= wide {
            weighted::<S, 2, T>(simd, x, &scales, block.values, [group, wide], partials);
            group += 2;
        }
        while group < wide {
            weighted::<S, 1, T>(simd, x, &scales, block.values, [group, wide], partials);
            group += 1;
        }
        parts
    }
}

/// The softmax of queries' scores, (groups, T) vectors, and their weights times the scales of the values as integers, with what
/// each query's are multiples of. Beyond a query's positions its weights are zero, whatever is kept there.
/// Step by step for all queries, as [`softmaxes`](super::partial::softmaxes) of floats are.
#[inline(always)]
fn softmaxes<S: Simd, const T: usize>(
    simd: S,
    scores: &mut [Chunk],
    counts: [usize; T],
    scales: &[Line],
    shorts: &mut [u8],
) -> ([Softmax; T], [f32; T]) {
    let (nothing, zero) = (simd.splat(f32::NEG_INFINITY), simd.splat(0.0));
    let scores = &mut scores[..scales.len() * T];
    let mut largest = [nothing; T];
    for t in 0..T {
        for g in 0..scales.len() {
            let mut own = simd.load(&scores[g * T + t]);
            if counts[t] < KV_BLOCK {
                own = seen(simd, counts[t], g, own, nothing);
                simd.store(own, &mut scores[g * T + t]);
            }
            largest[t] = simd.max(own, largest[t]);
        }
    }
    let maxima = largest_of(simd, largest);
    let (mut sums, mut largest) = ([zero; T], [zero; T]);
    for t in 0..T {
        let max = simd.splat(maxima[t]);
        for g in 0..scales.len() {
            let weight = exp2_below(simd, simd.sub(simd.load(&scores[g * T + t]), max));
            let mut scaled = simd.mul(weight, simd.bitcast(simd.load_int(&scales[g])));
            if counts[t] < KV_BLOCK {
                scaled = seen(simd, counts[t], g, scaled, zero);
            }
            largest[t] = simd.max(scaled, largest[t]);
            // What is no number must not become one.
            sums[t] = simd.add(simd.mul_add(scaled, zero, sums[t]), weight);
            simd.store(scaled, &mut scores[g * T + t]);
        }
    }
    let largest = largest_of(simd, largest);
    let (mut parts, mut multiples) = ([[0.0; 2]; T], [0.0; T]);
    let round = simd.splat(ROUND);
    for (t, shorts) in shorts.chunks_exact_mut(2 * KV_BLOCK).enumerate().take(T) {
        if counts[t] == 0 {
            shorts.fill(0);
            continue;
        }
        let (scale, inverse) = scale_of(largest[t]);
        (parts[t], multiples[t]) = ([maxima[t], simd.sum(sums[t])], scale);
        let inverse = simd.splat(inverse);
        for (g, to) in shorts.as_chunks_mut::<{ size_of::<Halves>() }>().0.iter_mut().enumerate().take(scales.len()) {
            let rounded = simd.mul_add(simd.load(&scores[g * T + t]), inverse, round);
            simd.store_shorts(simd.bits(rounded), to);
        }
    }
    (parts, multiples)
}

/// What integers up to [`MOST`] of values up to a magnitude are multiples of, and what the values are multiplied by.
#[inline(always)]
fn scale_of(largest: f32) -> (f32, f32) {
    /// Below it, the quotient of [`MOST`] and the largest magnitude would not be finite.
    const TINY: f32 = 1e-34;
    if largest > TINY { (largest / MOST, MOST / largest) } else { (0.0, 0.0) }
}

/// The dot products of queries with the keys of the first `N` groups of positions, (N, T) vectors.
#[inline(always)]
fn scores<S: Simd, const N: usize, const T: usize>(
    simd: S,
    heads: &Heads<'_>,
    items: [usize; T],
    block: Kept<'_>,
    sums: &mut [Chunk],
) {
    let pairs = heads.head_dim.div_ceil(2);
    let group = |g: usize| Strided { vectors: &block.keys[g * pairs..][..pairs], step: 1 };
    let (mut x, mut x_scales) = ([&[][..]; T], [0.0; T]);
    for t in 0..T {
        let (shorts, scale) = heads.shorts(items[t]);
        (x[t], x_scales[t]) = (&shorts[..4 * pairs], scale);
    }
    let x_scales = &x_scales;
    if S::MANY_REGISTERS && T <= FEW || N == 1 {
        let scales = block.key_scales.first_chunk();
        simd.apart(Dots::<N, T> { by: from_fn(group), scales, x, x_scales, out: sums, strides: [T, 1] });
    } else {
        let halves = block.key_scales.as_chunks::<2>().0;
        for (half, (scales, out)) in halves.iter().zip(sums.chunks_exact_mut(2 * T)).take(N / 2).enumerate() {
            let by = [group(2 * half), group(2 * half + 1)];
            simd.apart(Dots::<2, T> { by, scales: Some(scales), x, x_scales, out, strides: [T, 1] });
        }
    }
}

/// The sums of `R` vectors of each value from vector `group` of `wide` on, times the weights.
#[inline(always)]
fn weighted<S: Simd, const R: usize, const T: usize>(
    simd: S,
    x: [&[u8]; T],
    x_scales: &[f32; T],
    values: &[Line],
    [group, wide]: [usize; 2],
    partials: &mut [Chunk],
) {
    let by = from_fn(|r| Strided { vectors: &values[group + r..], step: wide });
    let out = &mut partials[group..];
    simd.apart(Dots::<R, T> { by, scales: None, x, x_scales, out, strides: [1, wide] });
}

/// Sums of vectors times factors, R by T vectors, as a function of its own.
struct Dots<'a, const R: usize, const T: usize> {
    by: [Strided<'a, Line>; R],
    /// What lanes are multiples of.
    scales: Option<&'a [Line; R]>,
    x: [&'a [u8]; T],
    x_scales: &'a [f32; T],
    out: &'a mut [Chunk],
    /// From one vector of the output to the next in R and in T.
    strides: [usize; 2],
}

impl<const R: usize, const T: usize> Kernel for Dots<'_, R, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let len = self.x[0].len() / 4;
        let (out, [down, across]) = (self.out, self.strides);
        let mut x: [&[[u8; 4]]; T] = [&[]; T];
        for t in 0..T {
            x[t] = &self.x[t].as_chunks().0[..len];
        }
        let mut sums = [[simd.splat(0.0); T]; R];
        for start in (0..len).step_by(PAIRS) {
            let dots = dots(simd, self.by, x, start..len.min(start + PAIRS));
            for r in 0..R {
                for t in 0..T {
                    sums[r][t] = simd.add(sums[r][t], simd.to_float(dots[r][t]));
                }
            }
        }
        for r in 0..R {
            let scale = self.scales.map_or(simd.splat(1.0), |scales| simd.bitcast(simd.load_int(&scales[r])));
            for t in 0..T {
                let sum = simd.mul(sums[r][t], simd.mul(scale, simd.splat(self.x_scales[t])));
                simd.store(sum, &mut out[r * down + t * across]);
            }
        }
    }
}

/// Sums of products of some pairs.
#[inline(always)]
fn dots<S: Simd, const R: usize, const T: usize>(
    simd: S,
    by: [Strided<'_, Line>; R],
    x: [&[[u8; 4]]; T],
    pairs: Range<usize>,
) -> [[S::I; T]; R] {
    let mut sums = [[simd.splat_int(0); T]; R];
    for k in pairs {
        let mut w = [simd.splat_int(0); R];
        for r in 0..R {
            w[r] = simd.load_int(&by[r].vectors[k * by[r].step]);
        }
        for t in 0..T {
            let x = simd.splat_int(i32::from_le_bytes(x[t][k]));
            for r in 0..R {
                sums[r][t] = simd.dot_shorts(sums[r][t], w[r], x);
            }
        }
    }
    sums
}
