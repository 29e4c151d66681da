//! Grouped-query attention over a paged KV cache, and over packed sequences.
//!
//! A row and a query head see keys in blocks of [`KV_BLOCK`] positions: the scores of a block, their maximum,
//! exponentials and sum, and the weighted values are one partial result, whose bits depend on the row and the block alone.
//! Partial results are combined in position order. Neither the rows computed together nor the place of a block in the cache
//! changes a bit.
//!
//! Long spans are cut into tiles of rows, each with all query heads of one KV head, so that a block of keys and values is
//! read once for all of them; a tile goes through its blocks itself. Short spans, such as those of sequences that are
//! being continued, are cut by blocks: partial results of a block are computed for all neighbouring spans that share it,
//! and are combined afterwards.

mod cache;
mod partial;

use std::cell::Cell;
use std::ops::Range;

use crate::Kernels;
use crate::aligned::Aligned;
use crate::elementwise::rms_norm_row;
use crate::product::{F16, Vectors};
use crate::rope::turn;
use crate::scratch::Scratch;
use crate::simd::{Kernel, LANES, Simd};
use crate::split::{Tile, for_tiles};
pub use cache::KvCache;
use partial::{Block, Softmax, attend_block, combine};

/// Positions of a block of the KV cache, and of a partial result.
pub const KV_BLOCK: usize = 64;

/// Rows of a tile: each block of keys and values is read once for this many.
const ROWS: usize = 8;

/// The rows of one sequence in a ragged batch.
#[derive(Clone, Debug)]
pub struct AttentionSpan<'a> {
    /// Which rows of the batch.
    pub rows: Range<usize>,
    /// The absolute position of each of them, ascending.
    pub positions: &'a [u32],
    /// Block table: the block of the cache that holds positions 0 to 63, 64 to 127, and so on.
    pub blocks: &'a [u32],
}

impl AttentionSpan<'_> {
    fn assert_valid(&self, blocks: usize) {
        let AttentionSpan { rows, positions, blocks: table } = self;
        assert_eq!(positions.len(), rows.len(), "positions of rows {rows:?}");
        assert!(positions.is_sorted_by(|a, b| a < b), "positions of rows {rows:?} do not ascend");
        let needed = self.blocks_needed();
        assert!(needed <= table.len(), "rows {rows:?} need {needed} blocks of KV, their table has {}", table.len());
        let known = table[..needed].iter().all(|block| (*block as usize) < blocks);
        assert!(known, "rows {rows:?} name a block of KV beyond the {blocks} that exist");
    }

    fn blocks_needed(&self) -> usize {
        self.positions.last().map_or(0, |last| *last as usize / KV_BLOCK + 1)
    }
}

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Query heads.
    pub heads: usize,
    /// Heads of keys and values; a divisor of `heads`, each serves `heads / kv_heads` consecutive ones.
    pub kv_heads: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// What scores are multiplied by: usually `1 / √head_dim`.
    pub scale: f32,
}

impl AttentionShape {
    fn assert_valid(&self) {
        let AttentionShape { heads, kv_heads, head_dim, .. } = *self;
        assert!(
            head_dim > 0 && kv_heads > 0 && heads.is_multiple_of(kv_heads),
            "{heads} query heads on {kv_heads} KV heads of {head_dim} elements"
        );
    }

    fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Vectors of a head.
    fn wide(&self) -> usize {
        self.head_dim.div_ceil(LANES)
    }
}

/// What is done to the heads of queries or keys before their products: a norm, where the model has one, and a rotation by
/// their positions, where there are tables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation<'a> {
    /// The weight (`head_dim`) and epsilon of an RMS norm.
    pub norm: Option<(&'a [f32], f32)>,
    /// Cosines and sines of each row's angles, (rows, `head_dim` / 2); see [`rope`](Kernels::rope).
    pub tables: Option<(&'a [f32], &'a [f32])>,
}

impl Rotation<'_> {
    fn assert_valid(&self, rows: usize, head_dim: usize) {
        assert!(self.norm.is_none_or(|(weight, _)| weight.len() == head_dim), "a norm of heads of {head_dim} elements");
        if let Some((cos, sin)) = self.tables {
            assert!(head_dim.is_multiple_of(2), "heads of {head_dim} elements are no pairs");
            let angles = rows * head_dim / 2;
            assert!(cos.len() == angles && sin.len() == angles, "tables of {rows} rows of {} angles", head_dim / 2);
        }
    }

    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, row: usize, head: &mut [f32]) {
        if let Some((weight, eps)) = self.norm {
            let mut scratch = Scratch::take(head.len());
            scratch.copy_from_slice(head);
            rms_norm_row(simd, &scratch, weight, eps, head);
        }
        if let Some((cos, sin)) = self.tables {
            let half = head.len() / 2;
            turn(head, &cos[row * half..][..half], &sin[row * half..][..half]);
        }
    }
}

/// The queries of a batch: rows of `row_len` elements that begin with (heads, `head_dim`) of them.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// All rows.
    pub data: &'a [f32],
    /// Elements of a row.
    pub row_len: usize,
    /// What is done to them first.
    pub rotation: Rotation<'a>,
}

thread_local! {
    /// The plan of a call, kept to be used again.
    static PLAN: Cell<Plan> = Cell::default();
    /// Partial results.
    static PARTS: Cell<Aligned<f32>> = Cell::default();
}

impl Kernels {
    /// Causal attention of a ragged batch: the row at position `p` attends to positions 0 to `p` of its
    /// sequence, its own included, which the cache must hold already.
    ///
    /// `out` is (rows, heads, `head_dim`); rows that no span names are left as they are.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, spans overlap or do not ascend, positions do not ascend, or a
    /// block table is too short or names a block that the cache does not have.
    pub fn attention(
        &self,
        q: Queries<'_>,
        cache: &KvCache,
        spans: &[AttentionSpan<'_>],
        shape: AttentionShape,
        out: &mut [f32],
    ) {
        assert_queries(&q, shape, out);
        assert!(cache.is_of(shape.kv_heads, shape.head_dim), "{cache:?} for {shape:?}");
        for span in spans {
            span.assert_valid(cache.blocks());
        }
        let (row_len, width) = (shape.heads * shape.head_dim, shape.group() * shape.head_dim);
        let mut plan = PLAN.take();
        plan.lay_out(spans);
        for_tiles(self.pool(), out, row_len, &plan.tiles, width, &|tile, out| {
            let span = &spans[plan.owners[tile]];
            self.arch.run(AttendTile { q, cache, span, shape, out });
        });
        if !plan.units.is_empty() {
            self.attend_by_blocks(q, cache, spans, shape, &plan, out);
        }
        PLAN.set(plan);
    }

    /// The short spans of a plan.
    fn attend_by_blocks(
        &self,
        q: Queries<'_>,
        cache: &KvCache,
        spans: &[AttentionSpan<'_>],
        shape: AttentionShape,
        plan: &Plan,
        out: &mut [f32],
    ) {
        let part_len = part_len(shape);
        let row_len = shape.heads * part_len;
        let mut parts = PARTS.take();
        parts.resize(plan.entries * row_len);
        for_tiles(self.pool(), &mut parts, row_len, &plan.ranges, shape.group() * part_len, &|unit, out| {
            let Unit { block, spans: of, .. } = &plan.units[unit];
            self.arch.run(AttendUnit { q, cache, spans: &spans[of.clone()], block: *block, shape, out });
        });
        let row_len = shape.heads * shape.head_dim;
        for_tiles(self.pool(), out, row_len, &plan.short, row_len, &|index, out| {
            let (span, places) = plan.places_of(index);
            self.arch.run(Combine { parts: &parts, places, units: &plan.units, spans, span, shape, out });
        });
        PARTS.set(parts);
    }

    /// Bidirectional attention within each of the packed sequences, given as ascending row ranges.
    ///
    /// A row of `x`, of `row_len` elements, has its queries, keys and values one after the other, each (heads,
    /// `head_dim`), and `out` is (rows, heads, `head_dim`); rows outside of all ranges are left as they are.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, there are fewer KV heads than query heads, or ranges overlap or do not ascend.
    pub fn attention_full(
        &self,
        x: &[f32],
        row_len: usize,
        sequences: &[Range<usize>],
        shape: AttentionShape,
        out: &mut [f32],
    ) {
        assert!(shape.heads == shape.kv_heads, "{shape:?} has shared heads");
        let q = Queries { data: x, row_len, rotation: Rotation::default() };
        assert_queries(&q, shape, out);
        let width = shape.heads * shape.head_dim;
        assert!(row_len >= 3 * width, "queries, keys and values of {width} elements in rows of {row_len}");
        for_tiles(self.pool(), out, width, sequences, shape.head_dim, &|_, out| {
            self.arch.run(AttendPacked { q, shape, out });
        });
    }
}

fn assert_queries(q: &Queries<'_>, shape: AttentionShape, out: &[f32]) {
    shape.assert_valid();
    let width = shape.heads * shape.head_dim;
    assert!(width <= q.row_len, "queries of {width} elements in rows of {}", q.row_len);
    let rows = q.data.len() / q.row_len;
    assert!(
        q.data.len() == rows * q.row_len && out.len() == rows * width,
        "{} elements of queries and {} of outputs",
        q.data.len(),
        out.len()
    );
    q.rotation.assert_valid(rows, shape.head_dim);
}

/// Elements of a partial result: vectors of a head, the maximum and the sum.
fn part_len(shape: AttentionShape) -> usize {
    shape.wide() * LANES + 2
}

/// One block of positions, and the neighbouring short spans that have it in common.
#[derive(Debug)]
struct Unit {
    /// Its number in the block tables.
    block: usize,
    spans: Range<usize>,
    /// The partial results of the first row.
    entry: usize,
}

/// How a batch is cut into tasks.
#[derive(Debug, Default)]
struct Plan {
    /// Rows of long spans.
    tiles: Vec<Range<usize>>,
    /// The span of each tile.
    owners: Vec<usize>,
    units: Vec<Unit>,
    /// The partial results of each unit.
    ranges: Vec<Range<usize>>,
    entries: usize,
    /// The rows of each short span.
    short: Vec<Range<usize>>,
    /// Which span that is, and where its places begin.
    firsts: Vec<(usize, usize)>,
    /// For each block of each short span, its unit.
    places: Vec<usize>,
}

impl Plan {
    fn lay_out(&mut self, spans: &[AttentionSpan<'_>]) {
        self.clear();
        let mut deepest = 0;
        for (index, span) in spans.iter().enumerate().filter(|(_, span)| !span.rows.is_empty()) {
            if span.rows.len() < ROWS {
                self.short.push(span.rows.clone());
                self.firsts.push((index, self.places.len()));
                self.places.resize(self.places.len() + span.blocks_needed(), 0);
                deepest = deepest.max(span.blocks_needed());
                continue;
            }
            for start in span.rows.clone().step_by(ROWS) {
                self.tiles.push(start..span.rows.end.min(start + ROWS));
                self.owners.push(index);
            }
        }
        for block in 0..deepest {
            for &(span, first) in &self.firsts {
                if block >= spans[span].blocks_needed() {
                    continue;
                }
                let rows = spans[span].rows.len();
                match self.units.last_mut() {
                    Some(unit)
                        if unit.block == block
                            && unit.spans.end == span
                            && spans[unit.spans.start].blocks[block] == spans[span].blocks[block] =>
                    {
                        unit.spans.end += 1;
                    }
                    _ => self.units.push(Unit { block, spans: span..span + 1, entry: self.entries }),
                }
                self.places[first + block] = self.units.len() - 1;
                self.entries += rows;
            }
        }
        let ends = self.units.iter().skip(1).map(|unit| unit.entry).chain([self.entries]);
        self.ranges.extend(self.units.iter().zip(ends).map(|(unit, end)| unit.entry..end));
    }

    fn clear(&mut self) {
        self.tiles.clear();
        self.owners.clear();
        self.units.clear();
        self.ranges.clear();
        self.entries = 0;
        self.short.clear();
        self.firsts.clear();
        self.places.clear();
    }

    /// The span of short span `index`, and the units of its blocks.
    fn places_of(&self, index: usize) -> (usize, &[usize]) {
        let (span, first) = self.firsts[index];
        let end = self.firsts.get(index + 1).map_or(self.places.len(), |(_, first)| *first);
        (span, &self.places[first..end])
    }
}

/// Query heads, as long as they are worked on: `items` of `head_dim` elements.
struct Heads<'a> {
    data: &'a mut [f32],
    head_dim: usize,
}

impl<'a> Heads<'a> {
    /// Takes query head `head` of row `row`, rotated and scaled, as item `item`.
    #[inline(always)]
    fn take<S: Simd>(&mut self, simd: S, item: usize, q: &Queries<'_>, row: usize, head: usize, scale: f32) {
        let to = &mut self.data[item * self.head_dim..][..self.head_dim];
        to.copy_from_slice(&q.data[row * q.row_len + head * self.head_dim..][..self.head_dim]);
        q.rotation.apply(simd, row, to);
        to.iter_mut().for_each(|x| *x *= scale);
    }

    #[inline(always)]
    fn item(&self, item: usize) -> &[f32] {
        &self.data[item * self.head_dim..][..self.head_dim]
    }
}

/// What becomes of the partial results of some items, from `first` on: of each its softmax, and `wide` sums.
trait Sink {
    fn put<S: Simd>(&mut self, simd: S, first: usize, parts: &[Softmax], partials: &[f32]);
}

/// Computes the partial results of one block for all items; `count` says how many of its positions an item sees.
#[inline(always)]
fn attend_items<S: Simd, V: Vectors>(
    simd: S,
    heads: &Heads<'_>,
    count: &impl Fn(usize) -> usize,
    block: Block<'_, V::Stored>,
    sink: &mut impl Sink,
) {
    let items = heads.data.len() / heads.head_dim;
    let mut item = 0;
    while item < items {
        let left = items - item;
        if S::MANY_REGISTERS && left > 4 {
            attend_some::<S, V, 6>(simd, heads, item..items.min(item + 6), count, block, sink);
            item += 6;
        } else if S::MANY_REGISTERS && left > 2 {
            attend_some::<S, V, 4>(simd, heads, item..items, count, block, sink);
            item += 4;
        } else if left > 1 {
            attend_some::<S, V, 2>(simd, heads, item..item + 2, count, block, sink);
            item += 2;
        } else {
            attend_some::<S, V, 1>(simd, heads, item..items, count, block, sink);
            item += 1;
        }
    }
}

/// As many items as are computed at a time, or fewer.
#[inline(always)]
fn attend_some<S: Simd, V: Vectors, const T: usize>(
    simd: S,
    heads: &Heads<'_>,
    items: Range<usize>,
    count: &impl Fn(usize) -> usize,
    block: Block<'_, V::Stored>,
    sink: &mut impl Sink,
) {
    let wide = heads.head_dim.div_ceil(LANES) * LANES;
    let mut queries: [&[f32]; T] = [&[]; T];
    let mut counts = [0; T];
    for t in 0..T {
        // Items that are missing are computed as the last one again.
        let item = (items.start + t).min(items.end - 1);
        queries[t] = heads.item(item);
        counts[t] = count(item);
    }
    if counts.iter().all(|count| *count == 0) {
        return;
    }
    let mut partials = Scratch::take(T * wide);
    let parts = attend_block::<S, V, T>(simd, queries, counts, block, &mut partials);
    sink.put(simd, items.start, &parts[..items.len()], &partials);
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

/// How many positions of block `index` a row at `position` sees.
#[inline(always)]
fn seen(position: usize, index: usize) -> usize {
    (position + 1).saturating_sub(index * KV_BLOCK).min(KV_BLOCK)
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
        for (out, total) in out.iter_mut().zip(&self.totals[item * self.wide..]) {
            *out = total / sum;
        }
    }
}

/// Attention of some rows of a long span, for one KV head.
struct AttendTile<'a> {
    q: Queries<'a>,
    cache: &'a KvCache,
    span: &'a AttentionSpan<'a>,
    shape: AttentionShape,
    out: Tile<'a>,
}

impl Kernel for AttendTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { head_dim, scale, .. } = self.shape;
        let (group, wide) = (self.shape.group(), self.shape.wide() * LANES);
        let kv_head = self.out.columns().start / (group * head_dim);
        let rows = self.out.rows();
        let positions = &self.span.positions[rows.start - self.span.rows.start..][..rows.len()];
        let items = group * rows.len();
        // Rows of one query head are neighbours: they see much the same.
        let (head_of, row_of) = (|item: usize| item / rows.len(), |item: usize| item % rows.len());
        let mut scratch = Scratch::take(items * (head_dim + wide + 2));
        let (queries, memory) = scratch.split_at_mut(items * head_dim);
        let mut heads = Heads { data: queries, head_dim };
        for item in 0..items {
            let head = kv_head * group + head_of(item);
            heads.take(simd, item, &self.q, rows.start + row_of(item), head, scale);
        }
        let mut sums = Totals::new(memory, items, wide);
        for (index, block) in self.span.blocks[..self.span.blocks_needed()].iter().enumerate() {
            let (keys, values) = self.cache.block(kv_head, *block as usize);
            let count = |item: usize| seen(positions[row_of(item)] as usize, index);
            attend_items::<S, F16>(simd, &heads, &count, Block { keys, values }, &mut sums);
        }
        for item in 0..items {
            let out = self.out.row(rows.start + row_of(item));
            sums.finish(item, &mut out[head_of(item) * head_dim..][..head_dim]);
        }
    }
}

/// The partial results of one block for short spans, for one KV head.
struct AttendUnit<'a> {
    q: Queries<'a>,
    cache: &'a KvCache,
    spans: &'a [AttentionSpan<'a>],
    /// Its number in the block tables.
    block: usize,
    shape: AttentionShape,
    /// A row of partial results for each row of the spans.
    out: Tile<'a>,
}

impl Kernel for AttendUnit<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let AttentionShape { head_dim, scale, .. } = self.shape;
        let group = self.shape.group();
        let kv_head = self.out.columns().start / (group * part_len(self.shape));
        let entries = self.out.rows();
        let rows = || self.spans.iter().flat_map(|span| span.rows.clone().zip(span.positions));
        let mut scratch = Scratch::take(group * entries.len() * (head_dim + 1));
        let (queries, counts) = scratch.split_at_mut(group * entries.len() * head_dim);
        let mut heads = Heads { data: queries, head_dim };
        for (entry, (row, position)) in rows().enumerate() {
            for head in 0..group {
                let item = entry * group + head;
                heads.take(simd, item, &self.q, row, kv_head * group + head, scale);
                counts[item] = seen(*position as usize, self.block) as f32;
            }
        }
        let block = self.spans[0].blocks[self.block] as usize;
        let (keys, values) = self.cache.block(kv_head, block);
        let count = |item: usize| counts[item] as usize;
        let mut sink = Parts { out: self.out, first: entries.start, group, part_len: part_len(self.shape) };
        attend_items::<S, F16>(simd, &heads, &count, Block { keys, values }, &mut sink);
    }
}

/// Keeps partial results.
struct Parts<'a> {
    out: Tile<'a>,
    /// The row of the first entry.
    first: usize,
    group: usize,
    part_len: usize,
}

impl Sink for Parts<'_> {
    #[inline(always)]
    fn put<S: Simd>(&mut self, _: S, first: usize, parts: &[Softmax], partials: &[f32]) {
        let wide = self.part_len - 2;
        for (item, (part, partial)) in (first..).zip(parts.iter().zip(partials.chunks_exact(wide))) {
            let entry = self.out.row(self.first + item / self.group);
            let out = &mut entry[item % self.group * self.part_len..][..self.part_len];
            out[..2].copy_from_slice(part);
            out[2..].copy_from_slice(partial);
        }
    }
}

/// Adds up the partial results of a short span.
struct Combine<'a> {
    parts: &'a [f32],
    /// The unit of each block.
    places: &'a [usize],
    units: &'a [Unit],
    /// The spans of the batch, and which one this is.
    spans: &'a [AttentionSpan<'a>],
    span: usize,
    shape: AttentionShape,
    out: Tile<'a>,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { heads, head_dim, .. } = self.shape;
        let (wide, part_len) = (self.shape.wide() * LANES, part_len(self.shape));
        let span = &self.spans[self.span];
        let mut memory = Scratch::take(heads * (wide + 2));
        for (index, (row, position)) in span.rows.clone().zip(span.positions).enumerate() {
            let mut sums = Totals::new(&mut memory, heads, wide);
            for unit in self.places[..=*position as usize / KV_BLOCK].iter().map(|unit| &self.units[*unit]) {
                // The spans of a unit have their rows one after the other.
                let before: usize = self.spans[unit.spans.start..self.span].iter().map(|span| span.rows.len()).sum();
                let entry = &self.parts[(unit.entry + before + index) * heads * part_len..][..heads * part_len];
                for (head, part) in entry.chunks_exact(part_len).enumerate() {
                    sums.put(simd, head, &[[part[0], part[1]]], &part[2..]);
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
struct AttendPacked<'a> {
    q: Queries<'a>,
    shape: AttentionShape,
    out: Tile<'a>,
}

impl Kernel for AttendPacked<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let AttentionShape { heads, head_dim, scale, .. } = self.shape;
        let wide = self.shape.wide() * LANES;
        let head = self.out.columns().start / head_dim;
        let rows = self.out.rows();
        let blocks = rows.len().div_ceil(KV_BLOCK);
        let (key_len, value_len) = (KV_BLOCK * head_dim, KV_BLOCK * wide);
        let items = rows.len().min(ROWS);
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
        let mut scratch = Scratch::take(items * (head_dim + wide + 2));
        for start in rows.clone().step_by(ROWS) {
            let some = start..rows.end.min(start + ROWS);
            let (queries, memory) = scratch.split_at_mut(items * head_dim);
            let mut heads = Heads { data: &mut queries[..some.len() * head_dim], head_dim };
            for (item, row) in some.clone().enumerate() {
                heads.take(simd, item, &self.q, row, head, scale);
            }
            let mut sums = Totals::new(&mut memory[..some.len() * (wide + 2)], some.len(), wide);
            for block in 0..blocks {
                let count = KV_BLOCK.min(rows.len() - block * KV_BLOCK);
                let keys = keys[block * key_len..][..key_len].as_chunks().0;
                let values = values[block * value_len..][..value_len].as_chunks().0;
                attend_items::<S, f32>(simd, &heads, &|_| count, Block { keys, values }, &mut sums);
            }
            for (item, row) in some.enumerate() {
                sums.finish(item, self.out.row(row));
            }
        }
    }
}

#[cfg(test)]
mod tests;
