//! The paged cache of keys and values of one layer, in f16 or as integers with scales.
//!
//! Keys are (`kv_heads`, blocks, 4, `head_dim`, 16): sixteen positions of one element beside each other, so that a lane is
//! a position. Values are (`kv_heads`, blocks, 64, ⌈`head_dim` / 16⌉, 16): a lane is an element.
//!
//! In Q16 a head at a position has a scale in f32: the largest magnitude over 8,191. Of keys and values alike a block begins
//! with its 64 scales. Two integers share a lane: keys are (4, ⌈`head_dim` / 2⌉, 16, 2), two elements of a position; values are
//! (32, ⌈`head_dim` / 16⌉, 16, 2), an element of two positions.
//!
//! In Q8_0 every 32 elements of a head at a position have a scale in f16, as in the GGUF block of that name: the largest
//! magnitude over 127. Of keys and values alike a block begins with its scales, (4, ⌈`head_dim` / 32⌉, 16), a lane is a
//! position; quants follow in the order above, 128 more than they count.

use std::ops::Range;

use super::shorts::{Kept, short_len, to_shorts};
use super::{AttentionSpan, KV_BLOCK, Rotation};
use crate::Kernels;
use crate::aligned::Zeroed;
use crate::scratch::Scratch;
use crate::simd::{Halves, Kernel, LANES, Line, Simd};
use crate::split::for_parts;

/// Vectors of positions in a block.
pub(super) const GROUPS: usize = KV_BLOCK / LANES;

/// Elements that one task stores at least.
const PART: usize = 1 << 13;

/// Elements that share a scale.
const SCALED: usize = 32;
/// What quants count more than they are.
const BIAS: i32 = 128;

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// As 16-bit integers with a scale for each head and position: more exact than half precision, and faster.
    #[default]
    Q16,
    /// In half precision.
    F16,
    /// As signed bytes with a scale for each 32 elements: little more than half the memory.
    Q8_0,
}

impl KvFormat {
    /// All of them.
    pub const ALL: [KvFormat; 3] = [KvFormat::Q16, KvFormat::F16, KvFormat::Q8_0];

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            KvFormat::Q16 => "q16",
            KvFormat::F16 => "f16",
            KvFormat::Q8_0 => "q8_0",
        }
    }

    /// Bytes of the keys, and of the values, of one head in a block.
    fn bytes(self, head_dim: usize) -> [usize; 2] {
        let vectors = [GROUPS * head_dim, KV_BLOCK * head_dim.div_ceil(LANES)];
        if self == KvFormat::Q16 {
            let lines = [GROUPS * head_dim.div_ceil(2), KV_BLOCK / 2 * head_dim.div_ceil(LANES)];
            return lines.map(|lines| (GROUPS + lines) * size_of::<Line>());
        }
        vectors.map(|vectors| match self {
            KvFormat::Q16 | KvFormat::F16 => vectors * size_of::<Halves>(),
            KvFormat::Q8_0 => scales_of(head_dim) * size_of::<Halves>() + vectors * LANES,
        })
    }
}

/// Vectors of scales in a block.
fn scales_of(head_dim: usize) -> usize {
    GROUPS * head_dim.div_ceil(SCALED)
}

/// The keys and values of a head in a block.
#[derive(Clone, Copy)]
pub(super) enum Stored<'a> {
    Shorts(Kept<'a>),
    Halves(&'a [Halves], &'a [Halves]),
    Quants(Quants<'a>),
}

/// The same in Q8_0.
#[derive(Clone, Copy)]
pub(super) struct Quants<'a> {
    keys: &'a [u8],
    values: &'a [u8],
    head_dim: usize,
}

impl Quants<'_> {
    /// Floats that [`widen`](Self::widen) fills: those of keys, and those of values.
    pub(super) fn widened(head_dim: usize) -> [usize; 2] {
        [KV_BLOCK * head_dim, KV_BLOCK * head_dim.div_ceil(LANES) * LANES]
    }

    /// Makes them floats, in the order that they have in f16.
    #[inline(always)]
    pub(super) fn widen<S: Simd>(&self, simd: S, keys: &mut [f32], values: &mut [f32]) {
        let parts = self.head_dim.div_ceil(SCALED);
        let (key_scales, key_quants) = self.keys.split_at(scales_of(self.head_dim) * size_of::<Halves>());
        let key_scales = key_scales.as_chunks::<{ size_of::<Halves>() }>().0;
        let quants = key_quants.as_chunks::<LANES>().0.chunks_exact(self.head_dim);
        let out = keys.as_chunks_mut::<LANES>().0.chunks_exact_mut(self.head_dim);
        for (group, (quants, out)) in quants.zip(out).enumerate() {
            for (part, (quants, out)) in quants.chunks(SCALED).zip(out.chunks_mut(SCALED)).enumerate() {
                let scale = simd.load_half(&key_scales[group * parts + part]);
                for (quant, out) in quants.iter().zip(out) {
                    simd.store(simd.mul(float(simd, quant), scale), out);
                }
            }
        }
        let (value_scales, value_quants) = self.values.split_at(scales_of(self.head_dim) * size_of::<Halves>());
        let value_scales = value_scales.as_chunks::<{ size_of::<Halves>() }>().0;
        let wide = self.head_dim.div_ceil(LANES);
        let quants = value_quants.as_chunks::<LANES>().0.chunks_exact(wide * LANES);
        let out = values.as_chunks_mut::<LANES>().0.chunks_exact_mut(wide * LANES);
        for (group, (quants, out)) in quants.zip(out).enumerate() {
            for part in 0..parts {
                let mut scales = [0.0; LANES];
                simd.store(simd.load_half(&value_scales[group * parts + part]), &mut scales);
                let vectors = part * SCALED / LANES..wide.min((part + 1) * SCALED / LANES);
                for (place, scale) in scales.iter().enumerate() {
                    let scale = simd.splat(*scale);
                    for vector in vectors.clone() {
                        let at = place * wide + vector;
                        simd.store(simd.mul(float(simd, &quants[at]), scale), &mut out[at]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn float<S: Simd>(simd: S, quants: &[u8; LANES]) -> S::F {
    simd.to_float(simd.sub_int(simd.widen_u8(quants), simd.splat_int(BIAS)))
}

/// The keys and values of one layer.
pub struct KvCache {
    format: KvFormat,
    kv_heads: usize,
    head_dim: usize,
    blocks: usize,
    keys: Zeroed,
    values: Zeroed,
}

impl KvCache {
    /// Room for `blocks` blocks of [`KV_BLOCK`] positions; memory is taken as they are written.
    pub fn new(format: KvFormat, blocks: usize, kv_heads: usize, head_dim: usize) -> Self {
        let [keys, values] = format.bytes(head_dim).map(|bytes| Zeroed::new(kv_heads * blocks * bytes));
        KvCache { format, kv_heads, head_dim, blocks, keys, values }
    }

    /// Bytes of one block.
    pub fn block_bytes(&self) -> usize {
        Self::block_bytes_of(self.format, self.kv_heads, self.head_dim)
    }

    /// Bytes of one block of so many heads of so many elements.
    pub fn block_bytes_of(format: KvFormat, kv_heads: usize, head_dim: usize) -> usize {
        kv_heads * format.bytes(head_dim).iter().sum::<usize>()
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
        self.format.bytes(self.head_dim)[0]
    }

    fn value_block(&self) -> usize {
        self.format.bytes(self.head_dim)[1]
    }

    pub(super) fn is_of(&self, kv_heads: usize, head_dim: usize) -> bool {
        self.kv_heads == kv_heads && self.head_dim == head_dim
    }

    /// Whether what is multiplied by keys and values is made 16-bit integers.
    pub(super) fn is_in_shorts(&self) -> bool {
        self.format == KvFormat::Q16
    }

    /// The keys and values of a head in a block.
    #[inline(always)]
    pub(super) fn block(&self, head: usize, block: usize) -> Stored<'_> {
        let part = |size: usize| {
            let start = (head * self.blocks + block) * size;
            start..start + size
        };
        let (keys, values) = (&self.keys[part(self.key_block())], &self.values[part(self.value_block())]);
        match self.format {
            KvFormat::Q16 => {
                let [(key_scales, keys), (value_scales, values)] = [keys, values].map(|bytes| {
                    bytes.as_chunks().0.split_first_chunk().expect("a block in Q16 begins with its scales")
                });
                Stored::Shorts(Kept { key_scales, keys, value_scales, values })
            }
            KvFormat::F16 => Stored::Halves(keys.as_chunks().0, values.as_chunks().0),
            KvFormat::Q8_0 => Stored::Quants(Quants { keys, values, head_dim: self.head_dim }),
        }
    }
}

impl std::fmt::Debug for KvCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let KvCache { format, kv_heads, head_dim, blocks, .. } = self;
        write!(f, "KvCache({} blocks of {kv_heads} heads of {head_dim}, {})", blocks, format.name())
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
        let KvCache { format, kv_heads, head_dim, blocks, .. } = *cache;
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
            let from = Rows { x, row_len, first: keys, heads, head_dim, spans };
            self.arch.run(StoreKeys { from, format, rotation, bytes });
        });
        for_parts(self.pool(), &mut cache.values, heads_at_once * value_head, &|start, bytes| {
            let heads = start / value_head..(start + bytes.len()) / value_head;
            let from = Rows { x, row_len, first: values, heads, head_dim, spans };
            self.arch.run(StoreValues { from, format, bytes });
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

/// What is stored: some heads of rows.
struct Rows<'a> {
    x: &'a [f32],
    row_len: usize,
    first: usize,
    heads: Range<usize>,
    head_dim: usize,
    spans: &'a [AttentionSpan<'a>],
}

impl Rows<'_> {
    /// One head of a row.
    fn head(&self, row: usize, head: usize) -> &[f32] {
        &self.x[row * self.row_len + self.first + head * self.head_dim..][..self.head_dim]
    }
}

/// The scale of some elements, and what their quants are times 1.
fn scale_of(elements: &[f32]) -> [f32; 2] {
    let largest = elements.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    // What is no number must not become one.
    let scale = if elements.iter().any(|x| x.is_nan()) { f32::NAN } else { largest / 127.0 };
    [scale, if scale > 0.0 { 1.0 / scale } else { 0.0 }]
}

/// An element's quant, biased.
fn quant(x: f32, inverse: f32) -> u8 {
    // Within bytes, whatever rounding did to the scale.
    ((x * inverse).round_ties_even().clamp(-127.0, 127.0) as i32 + BIAS) as u8
}

/// Puts the scale of some elements of a head at a position, as number `part` of `parts`. Returns its inverse.
#[inline(always)]
fn put_scale<S: Simd>(simd: S, elements: &[f32], [part, parts]: [usize; 2], place: usize, scales: &mut [u8]) -> f32 {
    let [scale, inverse] = scale_of(elements);
    let mut halves: Halves = [0; 2 * LANES];
    let mut chunk = [0.0; LANES];
    chunk[0] = scale;
    simd.store_half(simd.load(&chunk), &mut halves);
    let at = ((place / LANES * parts + part) * LANES + place % LANES) * 2;
    scales[at..at + 2].copy_from_slice(&halves[..2]);
    inverse
}

/// Puts what the integers of a position are multiples of. Returns the lines of all integers.
fn put_short_scale(scale: f32, place: usize, block: &mut [u8]) -> &mut [Line] {
    let (scales, lines) = block.split_at_mut(GROUPS * size_of::<Line>());
    scales[4 * place..][..4].copy_from_slice(&scale.to_le_bytes());
    lines.as_chunks_mut().0
}

/// Puts sixteen integers as the first or second ones of their lanes.
#[inline(always)]
fn put_shorts<S: Simd>(simd: S, shorts: &Halves, half: usize, to: &mut Line) {
    let shorts = simd.widen_u16(shorts);
    let kept = simd.load_int(to);
    let both = if half == 0 {
        simd.or(simd.and(kept, simd.splat_int(0xffff_0000_u32.cast_signed())), shorts)
    } else {
        simd.or(simd.and(kept, simd.splat_int(0xffff)), simd.shl(shorts, 16))
    };
    simd.store_int(both, to);
}

struct StoreKeys<'a> {
    from: Rows<'a>,
    format: KvFormat,
    rotation: Rotation<'a>,
    /// All blocks of these heads.
    bytes: &'a mut [u8],
}

impl Kernel for StoreKeys<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let head_dim = self.from.head_dim;
        let block_len = self.format.bytes(head_dim)[0];
        let mut scratch = Scratch::take(head_dim.next_multiple_of(LANES));
        let mut shorts = Scratch::bytes(short_len(head_dim));
        let head_len = self.bytes.len() / self.from.heads.len().max(1);
        for (head, bytes) in self.from.heads.clone().zip(self.bytes.chunks_exact_mut(head_len.max(1))) {
            for (row, block, place) in positions(self.from.spans) {
                scratch[..head_dim].copy_from_slice(self.from.head(row, head));
                self.rotation.apply(simd, row, &mut scratch[..head_dim]);
                let bytes = &mut bytes[block * block_len..][..block_len];
                if self.format == KvFormat::Q16 {
                    let scale = to_shorts(simd, &scratch[..head_dim], &mut shorts);
                    let (lines, pairs) = (put_short_scale(scale, place, bytes), head_dim.div_ceil(2));
                    let lane = 4 * (place % LANES);
                    let to = &mut lines[place / LANES * pairs..][..pairs];
                    for (to, pair) in to.iter_mut().zip(shorts.as_chunks::<4>().0) {
                        to[lane..lane + 4].copy_from_slice(pair);
                    }
                    continue;
                }
                if self.format == KvFormat::Q8_0 {
                    let key = &scratch[..head_dim];
                    let (scales, quants) = bytes.split_at_mut(scales_of(head_dim) * size_of::<Halves>());
                    let first = place / LANES * head_dim * LANES + place % LANES;
                    let mut to = quants[first..].iter_mut().step_by(LANES);
                    let parts = key.len().div_ceil(SCALED);
                    for (part, elements) in key.chunks(SCALED).enumerate() {
                        let inverse = put_scale(simd, elements, [part, parts], place, scales);
                        to.by_ref().zip(elements).for_each(|(to, x)| *to = quant(*x, inverse));
                    }
                    continue;
                }
                let vectors: &mut [Halves] = bytes.as_chunks_mut().0;
                let to = &mut vectors[place / LANES * head_dim..][..head_dim];
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
    from: Rows<'a>,
    format: KvFormat,
    /// All blocks of these heads.
    bytes: &'a mut [u8],
}

impl Kernel for StoreValues<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (head_dim, wide) = (self.from.head_dim, self.from.head_dim.div_ceil(LANES));
        let block_len = self.format.bytes(head_dim)[1];
        let mut shorts = Scratch::bytes(short_len(head_dim));
        let head_len = self.bytes.len() / self.from.heads.len().max(1);
        for (head, bytes) in self.from.heads.clone().zip(self.bytes.chunks_exact_mut(head_len.max(1))) {
            for (row, block, place) in positions(self.from.spans) {
                let value = self.from.head(row, head);
                let bytes = &mut bytes[block * block_len..][..block_len];
                if self.format == KvFormat::Q16 {
                    let scale = to_shorts(simd, value, &mut shorts);
                    let to = &mut put_short_scale(scale, place, bytes)[place / 2 * wide..][..wide];
                    for (to, shorts) in to.iter_mut().zip(shorts.as_chunks().0) {
                        put_shorts(simd, shorts, place % 2, to);
                    }
                    continue;
                }
                if self.format == KvFormat::Q8_0 {
                    let (scales, quants) = bytes.split_at_mut(scales_of(head_dim) * size_of::<Halves>());
                    let to = &mut quants[place * wide * LANES..][..wide * LANES];
                    // What fills the last vector up is 0.
                    to.fill(BIAS as u8);
                    let parts = value.len().div_ceil(SCALED);
                    for (part, (to, elements)) in to.chunks_mut(SCALED).zip(value.chunks(SCALED)).enumerate() {
                        let inverse = put_scale(simd, elements, [part, parts], place, scales);
                        to.iter_mut().zip(elements).for_each(|(to, x)| *to = quant(*x, inverse));
                    }
                    continue;
                }
                let vectors: &mut [Halves] = bytes.as_chunks_mut().0;
                let to = &mut vectors[place * wide..][..wide];
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
