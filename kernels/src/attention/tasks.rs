//! The tasks that a [`Plan`](super::plan::Plan) consists of: each goes through blocks of positions for some query heads.

// Loops over items run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::cache::{KvLayer, Quants, Stored};
use super::heads::{Element, Heads, Rows};
use super::partial::{Arithmetic, Block, COMBINED, Floats, Softmax, Working, combine};
use super::plan::Unit;
use super::shorts::Shorts;
use super::{AttentionShape, AttentionSpan, KV_BLOCK, Queries, ROWS, seen};
use crate::product::F16;
use crate::scratch::Scratch;
use crate::simd::{Kernel, LANES, Simd};
use crate::split::Tile;

/// Elements of a partial result: vectors of a head, and its softmax.
pub(super) fn part_len(shape: AttentionShape) -> usize {
    shape.wide() * LANES + 2
}

/// What becomes of the partial results of some items, from `first` on: of each its softmax, and `wide` sums.
trait Sink {
    fn put<S: Simd>(&mut self, simd: S, first: usize, parts: &[Softmax], partials: &[f32]);
}

/// Computes the partial results of one block for all items; `count` says how many of its positions an item sees.
#[inline(always)]
fn attend_items<S: Simd, A: Arithmetic>(
    simd: S,
    heads: &Heads<'_>,
    count: &impl Fn(usize) -> usize,
    block: A::Block<'_>,
    working: &mut Working,
    sink: &mut impl Sink,
) {
    let items = heads.items;
    let mut item = 0;
    while item < items {
        let left = items - item;
        if S::MANY_REGISTERS && left > 4 {
            attend_some::<S, A, 6>(simd, heads, item..items.min(item + 6), count, block, working, sink);
            item += 6;
        } else if S::MANY_REGISTERS && left == 4 {
            attend_some::<S, A, 4>(simd, heads, item..items, count, block, working, sink);
            item += 4;
        } else if S::MANY_REGISTERS && left == 3 {
            attend_some::<S, A, 3>(simd, heads, item..items, count, block, working, sink);
            item += 3;
        } else if left > 1 {
            attend_some::<S, A, 2>(simd, heads, item..item + 2, count, block, working, sink);
            item += 2;
        } else {
            attend_some::<S, A, 1>(simd, heads, item..items, count, block, working, sink);
            item += 1;
        }
    }
}

/// The same of a block of the cache, whatever its format: bytes are made floats first, once for all items.
#[inline(always)]
fn attend_stored<S: Simd>(
    simd: S,
    heads: &Heads<'_>,
    count: &impl Fn(usize) -> usize,
    block: Stored<'_>,
    working: &mut Working,
    sink: &mut impl Sink,
) {
    match block {
        Stored::Shorts(kept) => attend_items::<S, Shorts>(simd, heads, count, kept, working, sink),
        Stored::Halves(keys, values) => {
            attend_items::<S, Floats<F16>>(simd, heads, count, Block { keys, values }, working, sink);
        }
        Stored::Quants(quants) => {
            let [key_len, value_len] = Quants::widened(heads.head_dim);
            let mut floats = Scratch::take(key_len + value_len);
            let (keys, values) = floats.split_at_mut(key_len);
            quants.widen(simd, keys, values);
            let block = Block { keys: keys.as_chunks().0, values: values.as_chunks().0 };
            attend_items::<S, Floats<f32>>(simd, heads, count, block, working, sink);
        }
    }
}

/// As many items as are computed at a time, or fewer.
#[inline(always)]
fn attend_some<S: Simd, A: Arithmetic, const T: usize>(
    simd: S,
    heads: &Heads<'_>,
    range: Range<usize>,
    count: &impl Fn(usize) -> usize,
    block: A::Block<'_>,
    working: &mut Working,
    sink: &mut impl Sink,
) {
    let mut items = [0; T];
    let mut counts = [0; T];
    for t in 0..T {
        // Items that are missing are computed as the last one again.
        items[t] = (range.start + t).min(range.end - 1);
        counts[t] = count(items[t]);
    }
    if counts.iter().all(|count| *count == 0) {
        return;
    }
    let parts = A::attend::<S, T>(simd, heads, items, counts, block, working);
    sink.put(simd, range.start, &parts[..range.len()], working.partials(range.len()));
}

/// The sums of all blocks so far.
struct Totals<'a> {
    states: &'a mut [Softmax],
    totals: &'a mut [f32],
    wide: usize,
}

impl Sink for Totals<'_> {
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, first: usize, parts: &[Softmax], partials: &[f32]) {
        let states = &mut self.states[first..][..parts.len()];
        combine(simd, states, &mut self.totals[first * self.wide..], parts, partials, self.wide);
    }
}

impl<'a> Totals<'a> {
    /// Nothing yet, for `items` items in `memory` of `items * (wide + 2)` elements.
    fn new(memory: &'a mut [f32], items: usize, wide: usize) -> Self {
        let (totals, states) = memory.split_at_mut(items * wide);
        let states = states.as_chunks_mut::<2>().0;
        states.fill([f32::NEG_INFINITY, 0.0]);
        totals.fill(0.0);
        Totals { states, totals, wide }
    }

    /// Puts out an item's sum.
    fn finish(&self, item: usize, out: &mut [f32]) {
        let [_, sum] = self.states[item];
        let inverse = 1.0 / sum;
        for (out, total) in out.iter_mut().zip(&self.totals[item * self.wide..]) {
            *out = total * inverse;
        }
    }
}

/// Attention of some rows of a long span, for one KV head.
pub(super) struct AttendTile<'a> {
    pub(super) q: Queries<'a>,
    pub(super) cache: KvLayer<'a>,
    pub(super) span: &'a AttentionSpan<'a>,
    pub(super) shape: AttentionShape,
    pub(super) out: Tile<'a>,
}

impl Kernel for AttendTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { head_dim, .. } = self.shape;
        let (group, wide) = (self.shape.group(), self.shape.wide() * LANES);
        let kv_head = self.out.columns().start / (group * head_dim);
        let rows = self.out.rows();
        let positions = &self.span.positions[rows.start - self.span.rows.start..][..rows.len()];
        let items = group * rows.len();
        // Rows of one query head are neighbours: they see much the same.
        let of_rows = |head: usize| (head * rows.len()..).zip(rows.clone());
        let as_shorts = self.cache.is_in_shorts();
        let len = |element: usize, wanted: bool| if wanted { items * element } else { 0 };
        let mut floats = Scratch::take(len(f32::len(head_dim), !as_shorts));
        let mut shorts = Scratch::bytes(len(u8::len(head_dim), as_shorts));
        for head in 0..group {
            for (item, row) in of_rows(head) {
                let at = [row, kv_head * group + head];
                if as_shorts {
                    take(simd, item, &self.q, self.shape, at, &mut shorts);
                } else {
                    take(simd, item, &self.q, self.shape, at, &mut floats);
                }
            }
        }
        let heads = Heads::all(head_dim, &floats, &shorts);
        let (mut memory, mut working) = (Scratch::take(items * (wide + 2)), Working::new(head_dim));
        let mut counts = Scratch::take(items);
        let mut sums = Totals::new(&mut memory, items, wide);
        for (index, block) in self.span.blocks[..self.span.blocks_needed()].iter().enumerate() {
            for counts in counts.chunks_exact_mut(rows.len()) {
                for (count, position) in counts.iter_mut().zip(positions) {
                    *count = seen(*position as usize, index) as f32;
                }
            }
            let count = |item: usize| counts[item] as usize;
            let block = self.cache.block(kv_head, *block as usize);
            attend_stored(simd, &heads, &count, block, &mut working, &mut sums);
        }
        for head in 0..group {
            for (item, row) in of_rows(head) {
                sums.finish(item, &mut self.out.row(row)[head * head_dim..][..head_dim]);
            }
        }
    }
}

/// Takes a query head as item `item`.
#[inline(always)]
fn take<S: Simd, T: Element>(
    simd: S,
    item: usize,
    q: &Queries<'_>,
    shape: AttentionShape,
    at: [usize; 2],
    to: &mut [T],
) {
    let len = T::len(shape.head_dim);
    T::take(simd, q, shape, at, &mut to[item * len..][..len]);
}

/// Takes the query heads of some rows of short spans, for the units of all their blocks.
pub(super) struct TakeHeads<'a, T> {
    pub(super) q: Queries<'a>,
    pub(super) rows: &'a [usize],
    pub(super) shape: AttentionShape,
    /// (rows, heads) items.
    pub(super) out: &'a mut [T],
}

impl<T: Element> Kernel for TakeHeads<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let heads = self.shape.heads;
        for item in 0..self.rows.len() * heads {
            take(simd, item, &self.q, self.shape, [self.rows[item / heads], item % heads], self.out);
        }
    }
}

/// The partial results of one block for short spans, for some KV heads.
pub(super) struct AttendUnit<'a> {
    /// All heads of its rows.
    pub(super) heads: Heads<'a>,
    pub(super) cache: KvLayer<'a>,
    pub(super) spans: &'a [AttentionSpan<'a>],
    /// Its number in the block tables.
    pub(super) block: usize,
    pub(super) shape: AttentionShape,
    /// A row of partial results for each row of the spans.
    pub(super) out: Tile<'a>,
}

impl Kernel for AttendUnit<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { heads: stride, head_dim, .. } = self.shape;
        let (group, entries, columns) = (self.shape.group(), self.out.rows(), self.out.columns());
        let mut counts = Scratch::take(group * entries.len());
        let positions = self.spans.iter().flat_map(|span| span.positions);
        for (counts, position) in counts.chunks_exact_mut(group).zip(positions) {
            counts.fill(seen(*position as usize, self.block) as f32);
        }
        let count = |item: usize| counts[item] as usize;
        let block = self.spans[0].blocks[self.block] as usize;
        let mut working = Working::new(head_dim);
        let width = group * part_len(self.shape);
        for start in columns.clone().step_by(width) {
            let kv_head = start / width;
            let heads = self.heads.some(kv_head * group, Rows { rows: entries.len(), stride, group });
            let start = start - columns.start;
            let mut sink = Parts { out: &mut self.out, start, first: entries.start, group, width };
            attend_stored(simd, &heads, &count, self.cache.block(kv_head, block), &mut working, &mut sink);
        }
    }
}

/// Keeps partial results: of each row those of a group, and their softmaxes behind them.
struct Parts<'a, 'o> {
    out: &'a mut Tile<'o>,
    /// The column with which they begin.
    start: usize,
    /// The row of the first entry.
    first: usize,
    group: usize,
    /// The results of a group.
    width: usize,
}

impl Sink for Parts<'_, '_> {
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, first: usize, parts: &[Softmax], partials: &[f32]) {
        let wide = self.width / self.group - size_of::<Softmax>() / size_of::<f32>();
        for (item, (part, partial)) in (first..).zip(parts.iter().zip(partials.chunks_exact(wide))) {
            let entry = &mut self.out.row(self.first + item / self.group)[self.start..][..self.width];
            let (sums, softmaxes) = entry.split_at_mut(self.group * wide);
            softmaxes.as_chunks_mut().0[item % self.group] = *part;
            let sums = &mut sums[item % self.group * wide..][..wide];
            for (to, from) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(partial.as_chunks::<LANES>().0) {
                simd.store(simd.load(from), to);
            }
        }
    }
}

/// Adds up the partial results of a short span.
pub(super) struct Combine<'a> {
    pub(super) parts: &'a [f32],
    /// The unit of each block.
    pub(super) places: &'a [usize],
    pub(super) units: &'a [Unit],
    /// The spans of the batch, and which one this is.
    pub(super) spans: &'a [AttentionSpan<'a>],
    pub(super) span: usize,
    pub(super) shape: AttentionShape,
    pub(super) out: Tile<'a>,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { heads, head_dim, .. } = self.shape;
        let (group, wide, part_len) = (self.shape.group(), self.shape.wide() * LANES, part_len(self.shape));
        let span = &self.spans[self.span];
        let mut memory = Scratch::take(heads * (wide + 2));
        for (index, (row, position)) in span.rows.clone().zip(span.positions).enumerate() {
            let mut sums = Totals::new(&mut memory, heads, wide);
            for unit in self.places[..=*position as usize / KV_BLOCK].iter().map(|unit| &self.units[*unit]) {
                // The spans of a unit have their rows one after the other.
                let before: usize = self.spans[unit.spans.start..self.span].iter().map(|span| span.rows.len()).sum();
                let entry = &self.parts[(unit.entry + before + index) * heads * part_len..][..heads * part_len];
                for (kv_head, entry) in entry.chunks_exact(group * part_len).enumerate() {
                    let (partials, softmaxes) = entry.split_at(group * wide);
                    let softmaxes = softmaxes.as_chunks().0;
                    for first in (0..group).step_by(COMBINED) {
                        let some = first..group.min(first + COMBINED);
                        let partials = &partials[some.start * wide..some.end * wide];
                        sums.put(simd, kv_head * group + first, &softmaxes[some], partials);
                    }
                }
            }
            let out = self.out.row(row);
            for (head, out) in out.chunks_exact_mut(head_dim).enumerate() {
                sums.finish(head, out);
            }
        }
    }
}

/// Attention of one head of a packed sequence.
pub(super) struct AttendPacked<'a> {
    pub(super) q: Queries<'a>,
    pub(super) shape: AttentionShape,
    pub(super) out: Tile<'a>,
}

impl Kernel for AttendPacked<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { heads, head_dim, .. } = self.shape;
        let wide = self.shape.wide() * LANES;
        let head = self.out.columns().start / head_dim;
        let rows = self.out.rows();
        let blocks = rows.len().div_ceil(KV_BLOCK);
        let (key_len, value_len) = (KV_BLOCK * head_dim, KV_BLOCK * wide);
        let items = rows.len().min(ROWS);
        let mut floats = Scratch::take(items * head_dim);
        let mut cache = Scratch::take(blocks * (key_len + value_len));
        cache.fill(0.0);
        let (keys, values) = cache.split_at_mut(blocks * key_len);
        for (place, row) in rows.clone().enumerate() {
            let part = |i: usize| &self.q.data[row * self.q.row_len + (i * heads + head) * head_dim..][..head_dim];
            let (block, place) = (place / KV_BLOCK, place % KV_BLOCK);
            let first = block * key_len + place / LANES * head_dim * LANES + place % LANES;
            keys[first..].iter_mut().step_by(LANES).zip(part(1)).for_each(|(to, from)| *to = *from);
            values[block * value_len + place * wide..][..head_dim].copy_from_slice(part(2));
        }
        let (mut memory, mut working) = (Scratch::take(items * (wide + 2)), Working::new(head_dim));
        for start in rows.clone().step_by(ROWS) {
            let some = start..rows.end.min(start + ROWS);
            for (item, row) in some.clone().enumerate() {
                take(simd, item, &self.q, self.shape, [row, head], &mut floats);
            }
            let heads = Heads::all(head_dim, &floats[..some.len() * head_dim], &[]);
            let mut sums = Totals::new(&mut memory[..some.len() * (wide + 2)], some.len(), wide);
            for block in 0..blocks {
                let count = KV_BLOCK.min(rows.len() - block * KV_BLOCK);
                let keys = keys[block * key_len..][..key_len].as_chunks().0;
                let values = values[block * value_len..][..value_len].as_chunks().0;
                let block = Block { keys, values };
                attend_items::<S, Floats<f32>>(simd, &heads, &|_| count, block, &mut working, &mut sums);
            }
            for (item, row) in some.enumerate() {
                sums.finish(item, self.out.row(row));
            }
        }
    }
}
