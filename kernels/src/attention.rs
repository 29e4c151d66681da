//! Grouped-query attention over a paged KV cache, and over packed sequences.
//!
//! A row and a query head see keys in blocks of [`KV_BLOCK`] positions: the scores of a block, their
//! maximum, exponentials and sum, and the weighted values are one partial result, whose bits depend on the
//! row and the block alone. Partial results are combined in position order. Neither the rows computed
//! together nor the place of a block in the cache changes a bit.
//!
//! A task takes a few rows of one sequence and one KV head with all its query heads, so that a block of keys
//! and values is read from memory once for all of them.

mod partial;

use std::cell::Cell;
use std::ops::Range;

use crate::Kernels;
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd};
use crate::split::{Tile, for_tiles};
use partial::{Block, attend_block, combine};

/// Positions of a block of the KV cache, and of a partial result.
pub const KV_BLOCK: usize = 64;

/// Rows of a task: each block of keys and values is read once for this many.
const ROWS: usize = 8;

/// The keys and values of one layer: each (blocks, `kv_heads`, [`KV_BLOCK`], `head_dim`).
#[derive(Clone, Copy, Debug)]
pub struct KvView<'a> {
    /// Keys, rotated already.
    pub keys: &'a [f32],
    /// Values.
    pub values: &'a [f32],
}

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
}

thread_local! {
    /// The tiles of a call, kept to be used again: rows, and the sequence that they belong to.
    static TILES: Cell<(Vec<Range<usize>>, Vec<usize>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

impl Kernels {
    /// Causal attention of a ragged batch: the row at position `p` attends to positions 0 to `p` of its
    /// sequence, its own included, which the cache must hold already.
    ///
    /// `q` and `out` are (rows, heads, `head_dim`); rows that no span names are left as they are.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, spans overlap or do not ascend, positions do not ascend, or a
    /// block table is too short or names a block that the cache does not have.
    pub fn attention(
        &self,
        q: &[f32],
        kv: KvView<'_>,
        sequences: &[AttentionSpan<'_>],
        shape: AttentionShape,
        out: &mut [f32],
    ) {
        shape.assert_valid();
        assert_eq!(kv.keys.len(), kv.values.len(), "elements of keys and values");
        let blocks = kv.keys.len() / (shape.kv_heads * KV_BLOCK * shape.head_dim);
        for span in sequences {
            assert_span(span, blocks);
        }
        let rows = |sequence: usize| sequences[sequence].rows.clone();
        self.for_attention_tiles(q, sequences.len(), &rows, shape, out, &|sequence, tile| {
            let span = &sequences[sequence];
            let first = tile.rows.start - span.rows.start;
            let limits = Limits::Causal(&span.positions[first..][..tile.rows.len()]);
            self.arch.run(Attend { tile, source: Source::Paged { kv, blocks: span.blocks }, limits });
        });
    }

    /// Bidirectional attention within each of the packed sequences, given as ascending row ranges.
    ///
    /// `q` and `out` are (rows, heads, `head_dim`), `k` and `v` (rows, `kv_heads`, `head_dim`); rows outside
    /// of all ranges are left as they are.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, or ranges overlap or do not ascend.
    pub fn attention_full(
        &self,
        q: &[f32],
        k: &[f32],
        v: &[f32],
        sequences: &[Range<usize>],
        shape: AttentionShape,
        out: &mut [f32],
    ) {
        shape.assert_valid();
        let group = shape.group();
        assert!(k.len() == v.len() && k.len() * group == q.len(), "rows of queries, keys and values differ");
        let rows = |sequence: usize| sequences[sequence].clone();
        self.for_attention_tiles(q, sequences.len(), &rows, shape, out, &|sequence, tile| {
            let rows = sequences[sequence].clone();
            let limits = Limits::Full(rows.len());
            self.arch.run(Attend { tile, source: Source::Packed { keys: k, values: v, rows }, limits });
        });
    }

    /// Calls `attend` for tiles of rows of one sequence and the query heads of one KV head.
    fn for_attention_tiles(
        &self,
        q: &[f32],
        sequences: usize,
        rows_of: &dyn Fn(usize) -> Range<usize>,
        shape: AttentionShape,
        out: &mut [f32],
        attend: &(dyn Fn(usize, QueryTile<'_>) + Sync),
    ) {
        let row_len = shape.heads * shape.head_dim;
        assert!(q.len() == out.len() && q.len().is_multiple_of(row_len), "rows of {row_len} queries and outputs");
        let (mut tiles, mut owners) = TILES.take();
        tiles.clear();
        owners.clear();
        for sequence in 0..sequences {
            let rows = rows_of(sequence);
            for start in rows.clone().step_by(ROWS) {
                tiles.push(start..rows.end.min(start + ROWS));
                owners.push(sequence);
            }
        }
        for_tiles(self.pool(), out, row_len, &tiles, shape.group() * shape.head_dim, &|tile, out| {
            attend(owners[tile], QueryTile { q, rows: tiles[tile].clone(), shape, out });
        });
        TILES.set((tiles, owners));
    }
}

fn assert_span(span: &AttentionSpan<'_>, blocks: usize) {
    let AttentionSpan { rows, positions, blocks: table } = span;
    assert_eq!(positions.len(), rows.len(), "positions of rows {rows:?}");
    assert!(positions.is_sorted_by(|a, b| a < b), "positions of rows {rows:?} do not ascend");
    let needed = positions.last().map_or(0, |last| *last as usize / KV_BLOCK + 1);
    assert!(needed <= table.len(), "rows {rows:?} need {needed} blocks of KV, their table has {}", table.len());
    let known = table[..needed].iter().all(|block| (*block as usize) < blocks);
    assert!(known, "rows {rows:?} name a block of KV beyond the {blocks} that exist");
}

/// Rows of a sequence and the query heads of one KV head.
struct QueryTile<'a> {
    q: &'a [f32],
    rows: Range<usize>,
    shape: AttentionShape,
    /// Its columns are the query heads.
    out: Tile<'a>,
}

/// Where keys and values are.
enum Source<'a> {
    Paged { kv: KvView<'a>, blocks: &'a [u32] },
    Packed { keys: &'a [f32], values: &'a [f32], rows: Range<usize> },
}

/// How many positions, from the first, each row of a tile attends to.
enum Limits<'a> {
    /// Those up to its own.
    Causal(&'a [u32]),
    /// All, so many.
    Full(usize),
}

impl Limits<'_> {
    #[inline(always)]
    fn of(&self, row: usize) -> usize {
        match self {
            Limits::Causal(positions) => positions[row] as usize + 1,
            Limits::Full(len) => *len,
        }
    }
}

impl<'a> Source<'a> {
    #[inline(always)]
    fn block(&self, index: usize, kv_head: usize, shape: AttentionShape) -> Block<'a> {
        let head_dim = shape.head_dim;
        let (keys, values, first, stride) = match self {
            Source::Paged { kv, blocks } => {
                let head = blocks[index] as usize * shape.kv_heads + kv_head;
                (kv.keys, kv.values, head * KV_BLOCK * head_dim, head_dim)
            }
            Source::Packed { keys, values, rows } => {
                let row = rows.start + index * KV_BLOCK;
                (*keys, *values, (row * shape.kv_heads + kv_head) * head_dim, shape.kv_heads * head_dim)
            }
        };
        Block { keys: &keys[first..], values: &values[first..], stride, head_dim }
    }
}

/// Attention of one tile.
struct Attend<'a> {
    tile: QueryTile<'a>,
    source: Source<'a>,
    limits: Limits<'a>,
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let shape = self.tile.shape;
        let (head_dim, group) = (shape.head_dim, shape.group());
        let columns = self.tile.out.columns();
        let kv_head = columns.start / (group * head_dim);
        let rows = self.tile.rows.clone();
        // Query heads and rows, in this order.
        let items = group * rows.len();
        let mut scratch = Scratch::take(head_dim + items * (head_dim + 2));
        let (partial, rest) = scratch.split_at_mut(head_dim);
        let (states, totals) = rest.split_at_mut(items * 2);
        let states = states.as_chunks_mut::<2>().0;
        states.fill([f32::NEG_INFINITY, 0.0]);
        totals.fill(0.0);

        let last = (0..rows.len()).map(|row| self.limits.of(row)).max().unwrap_or(0);
        for index in 0..last.div_ceil(KV_BLOCK) {
            let block = self.source.block(index, kv_head, shape);
            for (item, (total, state)) in totals.chunks_exact_mut(head_dim).zip(&mut *states).enumerate() {
                let (head, row) = (item / rows.len(), item % rows.len());
                let count = self.limits.of(row).saturating_sub(index * KV_BLOCK).min(KV_BLOCK);
                if count > 0 {
                    let first = (rows.start + row) * shape.heads * head_dim + columns.start + head * head_dim;
                    let query = &self.tile.q[first..][..head_dim];
                    let part = attend_block(simd, query, block, count, shape.scale, partial);
                    combine(simd, state, total, part, partial);
                }
            }
        }
        for (item, (total, [_, sum])) in totals.chunks_exact(head_dim).zip(states).enumerate() {
            let (head, row) = (item / rows.len(), item % rows.len());
            let out = &mut self.tile.out.row(rows.start + row)[head * head_dim..][..head_dim];
            for (out, total) in out.iter_mut().zip(total) {
                *out = total / *sum;
            }
        }
    }
}

#[cfg(test)]
mod tests;
