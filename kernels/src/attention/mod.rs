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
mod heads;
mod partial;
mod plan;
mod shorts;
mod tasks;
mod upcoming;

use std::cell::Cell;
use std::ops::Range;

use crate::Kernels;
use crate::aligned::Aligned;
use crate::elementwise::rms_norm_row;
use crate::rope::turn;
use crate::scratch::Scratch;
use crate::simd::{LANES, Simd};
use crate::split::{for_parts, for_tiles};
use cache::KvLayer;
pub use cache::{KeyValues, KvCache, KvFormat};
use heads::{Element, Heads, Rows};
use plan::{Plan, Unit};
use tasks::{AttendPacked, AttendTile, AttendUnit, Combine, TakeHeads, part_len};
pub use upcoming::Upcoming;

/// Positions of a block of the KV cache, and of a partial result.
pub const KV_BLOCK: usize = 64;

/// Rows of a tile: each block of keys and values is read once for this many.
const ROWS: usize = 8;

/// Units for each thread from which a task is a unit with all its heads.
const MANY_UNITS: usize = 16;

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

    /// Blocks that its rows lie in.
    fn blocks_written(&self) -> usize {
        self.positions.first().map_or(0, |first| self.blocks_needed() - *first as usize / KV_BLOCK)
    }

    fn blocks_needed(&self) -> usize {
        self.positions.last().map_or(0, |last| *last as usize / KV_BLOCK + 1)
    }
}

/// How many positions of block `index` a row at `position` sees.
#[inline(always)]
fn seen(position: usize, index: usize) -> usize {
    (position + 1).saturating_sub(index * KV_BLOCK).min(KV_BLOCK)
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
    /// Cosines and sines of each row's angles, (rows, `head_dim` / 2): element `i` of a head's first half and element `i` of
    /// its second half are a pair that turns by angle `i`.
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
            turn(simd, head, &cos[row * half..][..half], &sin[row * half..][..half]);
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
    /// The query heads of short spans.
    static TAKEN: Cell<(Aligned<f32>, Aligned<u8>)> = Cell::default();
    /// Partial results.
    static PARTS: Cell<Aligned<f32>> = Cell::default();
}

impl Kernels {
    /// Causal attention of a ragged batch: the row at position `p` attends to positions 0 to `p` of its
    /// sequence, its own included, which that layer of the cache must hold already.
    ///
    /// `out` is (rows, heads, `head_dim`); rows that no span names are left as they are.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, spans overlap or do not ascend, positions do not ascend, or a
    /// block table is too short or names a block that the cache does not have, or the cache has no such layer.
    pub fn attention(
        &self,
        q: Queries<'_>,
        cache: &KvCache,
        layer: usize,
        spans: &[AttentionSpan<'_>],
        shape: AttentionShape,
        out: &mut [f32],
    ) {
        assert_queries(&q, shape, out);
        assert!(cache.is_of(shape.kv_heads, shape.head_dim), "{cache:?} for {shape:?}");
        for span in spans {
            span.assert_valid(cache.blocks());
        }
        let cache = cache.layer(layer);
        let (row_len, width) = (shape.heads * shape.head_dim, shape.group() * shape.head_dim);
        let mut plan = PLAN.take();
        plan.lay_out(spans, self.pool().threads());
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
        cache: KvLayer<'_>,
        spans: &[AttentionSpan<'_>],
        shape: AttentionShape,
        plan: &Plan,
        out: &mut [f32],
    ) {
        let (mut floats, mut shorts) = TAKEN.take();
        let as_shorts = cache.is_in_shorts();
        self.take_heads(q, if as_shorts { &[] } else { &plan.rows }, shape, &mut floats);
        self.take_heads(q, if as_shorts { &plan.rows } else { &[] }, shape, &mut shorts);
        let heads = Heads::all(shape.head_dim, &floats, &shorts);
        let (row_len, of_group) = (shape.heads * part_len(shape), shape.group() * part_len(shape));
        let mut parts = PARTS.take();
        parts.resize(plan.entries * row_len);
        // Tasks are of one KV head each, or of all where there are many.
        let width = if plan.units.len() >= MANY_UNITS * self.pool().threads() { row_len } else { of_group };
        for_tiles(self.pool(), &mut parts, row_len, &plan.ranges, width, &|unit, out| {
            let Unit { block, spans: of, row, .. } = &plan.units[unit];
            let (rows, stride, group) = (out.rows().len(), shape.heads, shape.heads);
            let heads = heads.some(row * shape.heads, Rows { rows, stride, group });
            self.arch.run(AttendUnit { heads, cache, spans: &spans[of.clone()], block: *block, shape, out });
        });
        let row_len = shape.heads * shape.head_dim;
        for_tiles(self.pool(), out, row_len, &plan.short, row_len, &|index, out| {
            let (span, places) = plan.places_of(index);
            self.arch.run(Combine { parts: &parts, places, units: &plan.units, spans, span, shape, out });
        });
        TAKEN.set((floats, shorts));
        PARTS.set(parts);
    }

    /// The query heads of some rows, (rows, heads).
    fn take_heads<T: Element>(&self, q: Queries<'_>, rows: &[usize], shape: AttentionShape, out: &mut Aligned<T>) {
        let row_len = shape.heads * T::len(shape.head_dim);
        out.resize(rows.len() * row_len);
        for_parts(self.pool(), out, ROWS * row_len, &|start, out| {
            let rows = &rows[start / row_len..][..out.len() / row_len];
            self.arch.run(TakeHeads { q, rows, shape, out });
        });
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

#[cfg(test)]
mod tests;
