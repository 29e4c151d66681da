//! The paged cache of keys and values, in f16 or as integers with scales.
//!
//! A block of positions has the keys and values of all layers in one piece, so that memory is used from its start on: of each
//! layer first the keys of all heads, then their values. The keys of a head are (4, `head_dim`, 16): sixteen positions of one
//! element beside each other, so that a lane is a position. Its values are (64, ⌈`head_dim` / 16⌉, 16): a lane is an element.
//!
//! In Q16 a head at a position has a scale in f32: the largest magnitude over 8,191. Of keys and values alike a block begins
//! with its 64 scales. Two integers share a lane: keys are (4, ⌈`head_dim` / 2⌉, 16, 2), two elements of a position; values are
//! (32, ⌈`head_dim` / 16⌉, 16, 2), an element of two positions.
//!
//! In Q8_0 every 32 elements of a head at a position have a scale in f16, as in the GGUF block of that name: the largest
//! magnitude over 127. Of keys and values alike a block begins with its scales, (4, ⌈`head_dim` / 32⌉, 16), a lane is a
//! position; quants follow in the order above, 128 more than they count.

mod store;

use std::ops::Range;

use super::KV_BLOCK;
use super::shorts::Kept;
use crate::pages::Pages;
use crate::simd::{Halves, LANES, Line, Simd};

pub use store::KeyValues;

/// Vectors of positions in a block.
pub(super) const GROUPS: usize = KV_BLOCK / LANES;

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

    /// Bytes of the scales of a head's keys, or values, in a block.
    fn scale_bytes(self, head_dim: usize) -> usize {
        match self {
            KvFormat::Q16 => GROUPS * size_of::<Line>(),
            KvFormat::F16 => 0,
            KvFormat::Q8_0 => scales_of(head_dim) * size_of::<Halves>(),
        }
    }

    /// Bytes of the keys, and of the values, of one head in a block.
    fn bytes(self, head_dim: usize) -> [usize; 2] {
        let vectors = [GROUPS * head_dim, KV_BLOCK * head_dim.div_ceil(LANES)];
        let numbers = match self {
            KvFormat::Q16 => [GROUPS * head_dim.div_ceil(2), KV_BLOCK / 2 * head_dim.div_ceil(LANES)]
                .map(|lines| lines * size_of::<Line>()),
            KvFormat::F16 => vectors.map(|vectors| vectors * size_of::<Halves>()),
            KvFormat::Q8_0 => vectors.map(|vectors| vectors * LANES),
        };
        numbers.map(|numbers| self.scale_bytes(head_dim) + numbers)
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

/// What a block of positions consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    format: KvFormat,
    layers: usize,
    kv_heads: usize,
    head_dim: usize,
}

/// The keys or values of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Keys(usize),
    Values(usize),
}

impl Layout {
    /// Bytes of the keys, and of the values, of all heads of a layer.
    fn layer_bytes(self) -> [usize; 2] {
        self.format.bytes(self.head_dim).map(|bytes| self.kv_heads * bytes)
    }

    fn block_bytes(self) -> usize {
        self.layers * self.layer_bytes().iter().sum::<usize>()
    }

    /// Keys and values of a layer's heads, in the order in which they lie.
    fn part(self, index: usize) -> Part {
        if index < self.kv_heads { Part::Keys(index) } else { Part::Values(index - self.kv_heads) }
    }

    /// Where they are in a block.
    #[inline(always)]
    fn bytes_of(self, layer: usize, part: Part) -> Range<usize> {
        let ([keys, values], [all_keys, all_values]) = (self.format.bytes(self.head_dim), self.layer_bytes());
        let (within, len) = match part {
            Part::Keys(head) => (head * keys, keys),
            Part::Values(head) => (all_keys + head * values, values),
        };
        let start = layer * (all_keys + all_values) + within;
        start..start + len
    }
}

/// The keys and values of all layers.
pub struct KvCache {
    layout: Layout,
    blocks: usize,
    memory: Pages,
}

/// Those of one layer.
#[derive(Clone, Copy)]
pub(super) struct KvLayer<'a> {
    cache: &'a KvCache,
    index: usize,
}

impl KvCache {
    /// Room for `blocks` blocks of [`KV_BLOCK`] positions; memory is taken as they are written.
    ///
    /// # Panics
    ///
    /// If they exceed the address space.
    pub fn new(format: KvFormat, layers: usize, blocks: usize, kv_heads: usize, head_dim: usize) -> Self {
        let layout = Layout { format, layers, kv_heads, head_dim };
        let len = Self::block_bytes_of(format, layers, kv_heads, head_dim).checked_mul(blocks);
        let len = len.unwrap_or_else(|| panic!("{blocks} blocks of {layout:?} exceed the address space"));
        KvCache { layout, blocks, memory: Pages::zeroed(len, len) }
    }

    /// Bytes of one block.
    pub fn block_bytes(&self) -> usize {
        self.layout.block_bytes()
    }

    /// Bytes of one block of so many layers with so many heads of so many elements; `usize::MAX` for more than that.
    pub fn block_bytes_of(format: KvFormat, layers: usize, kv_heads: usize, head_dim: usize) -> usize {
        let [keys, values] = format.bytes(head_dim);
        keys.saturating_add(values).saturating_mul(kv_heads).saturating_mul(layers)
    }

    /// Bytes of a layer in a block.
    pub(super) fn layer_bytes(&self) -> usize {
        self.layout.layer_bytes().iter().sum()
    }

    /// The keys, and the values, of each head.
    pub(super) fn parts(&self) -> usize {
        2 * self.layout.kv_heads
    }

    /// What the first `count` positions of part `index` of layer 0 of a block take, and all scales, which come first.
    pub(super) fn first_bytes(&self, block: usize, index: usize, count: usize) -> &[u8] {
        let part = self.layout.part(index);
        let bytes = &self.read_block(block)[self.layout.bytes_of(0, part)];
        let places = count.next_multiple_of(if matches!(part, Part::Keys(_)) { LANES } else { 2 });
        let scales = self.layout.format.scale_bytes(self.layout.head_dim);
        &bytes[..scales + (bytes.len() - scales) * places / KV_BLOCK]
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
        let (from, to) = (self.bytes_of(from), self.bytes_of(to));
        self.memory.copy_within(from, to.start);
    }

    /// What a block holds: of each layer the keys of all heads, then their values.
    ///
    /// # Panics
    ///
    /// If the block does not exist.
    pub fn read_block(&self, block: usize) -> &[u8] {
        &self.memory[self.bytes_of(block)]
    }

    /// Fills a block with what [`read_block`](Self::read_block) gave.
    ///
    /// # Panics
    ///
    /// If the block does not exist, or `bytes` are not those of one block.
    pub fn write_block(&mut self, block: usize, bytes: &[u8]) {
        let to = self.bytes_of(block);
        assert_eq!(bytes.len(), to.len(), "bytes of a block");
        self.memory[to].copy_from_slice(bytes);
    }

    fn bytes_of(&self, block: usize) -> Range<usize> {
        assert!(block < self.blocks, "block {block} of {}", self.blocks);
        let len = self.block_bytes();
        block * len..(block + 1) * len
    }

    /// # Panics
    ///
    /// If there is no such layer.
    pub(super) fn layer(&self, index: usize) -> KvLayer<'_> {
        assert!(index < self.layout.layers, "layer {index} of {self:?}");
        KvLayer { cache: self, index }
    }

    /// Sets every byte.
    #[cfg(test)]
    pub(super) fn fill(&mut self, byte: u8) {
        self.memory.fill(byte);
    }

    pub(super) fn is_of(&self, kv_heads: usize, head_dim: usize) -> bool {
        self.layout.kv_heads == kv_heads && self.layout.head_dim == head_dim
    }
}

impl<'a> KvLayer<'a> {
    /// Whether what is multiplied by keys and values is made 16-bit integers.
    pub(super) fn is_in_shorts(self) -> bool {
        self.cache.layout.format == KvFormat::Q16
    }

    /// The keys and values of a head in a block.
    #[inline(always)]
    pub(super) fn block(self, head: usize, block: usize) -> Stored<'a> {
        let KvCache { layout, memory, .. } = self.cache;
        let block = &memory[block * layout.block_bytes()..];
        let [keys, values] =
            [Part::Keys(head), Part::Values(head)].map(|part| &block[layout.bytes_of(self.index, part)]);
        match layout.format {
            KvFormat::Q16 => {
                let [(key_scales, keys), (value_scales, values)] = [keys, values].map(|bytes| {
                    bytes.as_chunks().0.split_first_chunk().expect("a block in Q16 begins with its scales")
                });
                Stored::Shorts(Kept { key_scales, keys, value_scales, values })
            }
            KvFormat::F16 => Stored::Halves(keys.as_chunks().0, values.as_chunks().0),
            KvFormat::Q8_0 => Stored::Quants(Quants { keys, values, head_dim: layout.head_dim }),
        }
    }
}

impl std::fmt::Debug for KvCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let KvCache { layout: Layout { format, layers, kv_heads, head_dim }, blocks, .. } = self;
        let format = format.name();
        write!(f, "KvCache({blocks} blocks of {layers} layers of {kv_heads} heads of {head_dim}, {format})")
    }
}
