//! The paged cache of keys and values of one layer, in f16.
//!
//! Keys are (`kv_heads`, blocks, 4, `head_dim`, 16): sixteen positions of one element beside each other, so that a lane is
//! a position. Values are (`kv_heads`, blocks, 64, ⌈`head_dim` / 16⌉, 16): a lane is an element.

use std::ops::Range;

use super::{AttentionSpan, KV_BLOCK, Rotation};
use crate::Kernels;
use crate::aligned::Zeroed;
use crate::scratch::Scratch;
use crate::simd::{Halves, Kernel, LANES, Simd};
use crate::split::for_parts;

/// Vectors of positions in a block.
pub(super) const GROUPS: usize = KV_BLOCK / LANES;

/// Elements that one task stores at least.
const PART: usize = 1 << 13;

/// The keys and values of one layer.
pub struct KvCache {
    kv_heads: usize,
    head_dim: usize,
    blocks: usize,
    keys: Zeroed,
    values: Zeroed,
}

impl KvCache {
    /// Room for `blocks` blocks of [`KV_BLOCK`] positions; memory is taken as they are written.
    pub fn new(blocks: usize, kv_heads: usize, head_dim: usize) -> Self {
        let bytes = |vectors: usize| Zeroed::new(kv_heads * blocks * vectors * size_of::<Halves>());
        let (keys, values) = (bytes(GROUPS * head_dim), bytes(KV_BLOCK * head_dim.div_ceil(LANES)));
        KvCache { kv_heads, head_dim, blocks, keys, values }
    }

    /// Bytes of one block.
    pub fn block_bytes(&self) -> usize {
        Self::block_bytes_of(self.kv_heads, self.head_dim)
    }

    /// Bytes of one block of so many heads of so many elements.
    pub fn block_bytes_of(kv_heads: usize, head_dim: usize) -> usize {
        kv_heads * (GROUPS * head_dim + KV_BLOCK * head_dim.div_ceil(LANES)) * size_of::<Halves>()
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Makes block `to` hold what block `from` holds.
    ///
    /// # Panics
    ///
    /// If one of them does not exist.
    pub fn copy_block(&mut self, from: usize, to: usize) {
        assert!(from < self.blocks && to < self.blocks, "blocks {from} and {to} of {}", self.blocks);
        let sizes = [self.key_block(), self.value_block()];
        for (bytes, size) in [&mut self.keys, &mut self.values].into_iter().zip(sizes) {
            for head in bytes.chunks_exact_mut((self.blocks * size).max(1)) {
                head.copy_within(from * size..(from + 1) * size, to * size);
            }
        }
    }

    /// Appends what a block holds: of each head the keys, then of each head the values.
    ///
    /// # Panics
    ///
    /// If the block does not exist.
    pub fn read_block(&self, block: usize, out: &mut Vec<u8>) {
        assert!(block < self.blocks, "block {block} of {}", self.blocks);
        for (bytes, size) in [(&self.keys, self.key_block()), (&self.values, self.value_block())] {
            for head in bytes.chunks_exact((self.blocks * size).max(1)) {
                out.extend_from_slice(&head[block * size..(block + 1) * size]);
            }
        }
    }

    /// Fills a block with what [`read_block`](Self::read_block) appended.
    ///
    /// # Panics
    ///
    /// If the block does not exist, or `bytes` are not those of one block.
    pub fn write_block(&mut self, block: usize, bytes: &[u8]) {
        assert!(block < self.blocks, "block {block} of {}", self.blocks);
        assert_eq!(bytes.len(), self.block_bytes(), "bytes of a block");
        let (blocks, sizes) = (self.blocks, [self.key_block(), self.value_block()]);
        let mut rest = bytes;
        for (bytes, size) in [&mut self.keys, &mut self.values].into_iter().zip(sizes) {
            for head in bytes.chunks_exact_mut((blocks * size).max(1)) {
                let (part, left) = rest.split_at(size);
                head[block * size..(block + 1) * size].copy_from_slice(part);
                rest = left;
            }
        }
    }

    /// Sets every byte.
    #[cfg(test)]
    pub(super) fn fill(&mut self, byte: u8) {
        self.keys.fill(byte);
        self.values.fill(byte);
    }

    fn key_block(&self) -> usize {
        GROUPS * self.head_dim * size_of::<Halves>()
    }

    fn value_block(&self) -> usize {
        KV_BLOCK * self.head_dim.div_ceil(LANES) * size_of::<Halves>()
    }

    pub(super) fn is_of(&self, kv_heads: usize, head_dim: usize) -> bool {
        self.kv_heads == kv_heads && self.head_dim == head_dim
    }

    /// The keys and values of a head in a block.
    #[inline(always)]
    pub(super) fn block(&self, head: usize, block: usize) -> (&[Halves], &[Halves]) {
        let part = |size: usize| {
            let start = (head * self.blocks + block) * size;
            start..start + size
        };
        let (keys, values) = (&self.keys[part(self.key_block())], &self.values[part(self.value_block())]);
        (keys.as_chunks().0, values.as_chunks().0)
    }
}

impl std::fmt::Debug for KvCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KvCache({} blocks, {} heads of {})", self.blocks, self.kv_heads, self.head_dim)
    }
}

impl Kernels {
    /// Stores the keys and values of a batch at their positions, keys rotated.
    ///
    /// A row of `x`, of `row_len` elements, has its keys, (`kv_heads`, `head_dim`), from element `keys` on, and its values
    /// from element `values` on.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, or a span is none that [`attention`](Kernels::attention) would take.
    pub fn store_kv(
        &self,
        cache: &mut KvCache,
        x: &[f32],
        row_len: usize,
        [keys, values]: [usize; 2],
        rotation: Rotation<'_>,
        spans: &[AttentionSpan<'_>],
    ) {
        let (kv_heads, head_dim, blocks) = (cache.kv_heads, cache.head_dim, cache.blocks);
        let width = kv_heads * head_dim;
        if width == 0 || x.is_empty() {
            return;
        }
        assert!(keys.max(values) + width <= row_len, "keys and values of {width} elements in rows of {row_len}");
        assert!(x.len().is_multiple_of(row_len), "{} elements in rows of {row_len}", x.len());
        let rows = x.len() / row_len;
        rotation.assert_valid(rows, head_dim);
        for span in spans {
            assert!(span.rows.end <= rows, "rows {:?} of {rows}", span.rows);
            span.assert_valid(blocks);
        }
        let heads_at_once = if rows * width < PART { kv_heads } else { 1 };
        let (key_head, value_head) = (blocks * cache.key_block(), blocks * cache.value_block());
        for_parts(self.pool(), &mut cache.keys, heads_at_once * key_head, &|start, bytes| {
            let heads = start / key_head..(start + bytes.len()) / key_head;
            self.arch.run(StoreKeys { x, row_len, first: keys, heads, head_dim, rotation, spans, bytes });
        });
        for_parts(self.pool(), &mut cache.values, heads_at_once * value_head, &|start, bytes| {
            let heads = start / value_head..(start + bytes.len()) / value_head;
            self.arch.run(StoreValues { x, row_len, first: values, heads, head_dim, spans, bytes });
        });
    }
}

/// Each row, and its position's block and place in that.
fn positions<'a>(spans: &'a [AttentionSpan<'a>]) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
    spans.iter().flat_map(|span| {
        span.rows.clone().zip(span.positions).map(|(row, position)| {
            let position = *position as usize;
            (row, span.blocks[position / KV_BLOCK] as usize, position % KV_BLOCK)
        })
    })
}

struct StoreKeys<'a> {
    x: &'a [f32],
    row_len: usize,
    first: usize,
    heads: Range<usize>,
    head_dim: usize,
    rotation: Rotation<'a>,
    spans: &'a [AttentionSpan<'a>],
    /// All blocks of these heads.
    bytes: &'a mut [u8],
}

impl Kernel for StoreKeys<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let head_dim = self.head_dim;
        let mut scratch = Scratch::take(head_dim.next_multiple_of(LANES));
        let vectors: &mut [Halves] = self.bytes.as_chunks_mut().0;
        let head_len = vectors.len() / self.heads.len().max(1);
        for (head, vectors) in self.heads.clone().zip(vectors.chunks_exact_mut(head_len.max(1))) {
            for (row, block, place) in positions(self.spans) {
                let key = &self.x[row * self.row_len + self.first + head * head_dim..][..head_dim];
                scratch[..head_dim].copy_from_slice(key);
                self.rotation.apply(simd, row, &mut scratch[..head_dim]);
                let to = &mut vectors[(block * GROUPS + place / LANES) * head_dim..][..head_dim];
                let lane = 2 * (place % LANES);
                for (to, from) in to.chunks_mut(LANES).zip(scratch.as_chunks::<LANES>().0) {
                    let mut halves = [0; 2 * LANES];
                    simd.store_half(simd.load(from), &mut halves);
                    for (to, half) in to.iter_mut().zip(halves.as_chunks::<2>().0) {
                        to[lane..lane + 2].copy_from_slice(half);
                    }
                }
            }
        }
    }
}

struct StoreValues<'a> {
    x: &'a [f32],
    row_len: usize,
    first: usize,
    heads: Range<usize>,
    head_dim: usize,
    spans: &'a [AttentionSpan<'a>],
    /// All blocks of these heads.
    bytes: &'a mut [u8],
}

impl Kernel for StoreValues<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (head_dim, wide) = (self.head_dim, self.head_dim.div_ceil(LANES));
        let vectors: &mut [Halves] = self.bytes.as_chunks_mut().0;
        let head_len = vectors.len() / self.heads.len().max(1);
        for (head, vectors) in self.heads.clone().zip(vectors.chunks_exact_mut(head_len.max(1))) {
            for (row, block, place) in positions(self.spans) {
                let value = &self.x[row * self.row_len + self.first + head * head_dim..][..head_dim];
                let to = &mut vectors[(block * KV_BLOCK + place) * wide..][..wide];
                let (chunks, tail) = value.as_chunks::<LANES>();
                for (to, from) in to.iter_mut().zip(chunks) {
                    simd.store_half(simd.load(from), to);
                }
                if let ([.., to], false) = (to, tail.is_empty()) {
                    simd.store_half(crate::simd::load_partial(simd, tail), to);
                }
            }
        }
    }
}
