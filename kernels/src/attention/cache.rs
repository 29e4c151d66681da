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

use std::cell::Cell;
use std::ops::Range;

use super::shorts::{Kept, short_len, to_shorts};
use super::{AttentionSpan, KV_BLOCK, Rotation};
use crate::Kernels;
use crate::pages::Pages;
use crate::scratch::Scratch;
use crate::simd::{Halves, Kernel, LANES, Line, Simd};
use crate::split::{Columns, Owned, for_owned};

/// Vectors of positions in a block.
pub(super) const GROUPS: usize = KV_BLOCK / LANES;

/// Elements of keys from which on tasks share them out: microseconds, to outweigh their start.
const PART: usize = 1 << 10;

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

/// The keys and values of a batch: rows of `row_len` elements.
#[derive(Clone, Copy, Debug)]
pub struct KeyValues<'a> {
    /// All rows.
    pub data: &'a [f32],
    /// Elements of a row.
    pub row_len: usize,
    /// The element of a row with which its keys begin, (`kv_heads`, `head_dim`).
    pub keys: usize,
    /// The same of its values.
    pub values: usize,
    /// What is done to keys first.
    pub rotation: Rotation<'a>,
}

impl Kernels {
    /// Stores the keys and values of a batch at their positions in a layer of the cache.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, there is no such layer, or a span is none that
    /// [`attention`](Kernels::attention) would take.
    pub fn store_kv(&self, cache: &mut KvCache, layer: usize, from: KeyValues<'_>, spans: &[AttentionSpan<'_>]) {
        let KvCache { layout, blocks, .. } = *cache;
        let KeyValues { data, row_len, keys, values, rotation } = from;
        let width = layout.kv_heads * layout.head_dim;
        assert!(layer < layout.layers, "layer {layer} of {cache:?}");
        if width == 0 || data.is_empty() || blocks == 0 {
            return;
        }
        assert!(keys.max(values) + width <= row_len, "keys and values of {width} elements in rows of {row_len}");
        assert!(data.len().is_multiple_of(row_len), "{} elements in rows of {row_len}", data.len());
        let rows = data.len() / row_len;
        rotation.assert_valid(rows, layout.head_dim);
        for span in spans {
            assert!(span.rows.end <= rows, "rows {:?} of {rows}", span.rows);
            span.assert_valid(blocks);
        }
        // Of few rows the keys and values of all heads at once.
        let few = rows * width < PART;
        let at_once = if few { 2 * layout.kv_heads } else { 1 };
        let parts = |task: usize| task * at_once..(task + 1) * at_once;
        let bytes_of = |part: usize| layout.bytes_of(layer, layout.part(part));
        let range = |task: usize| bytes_of(parts(task).start).start..bytes_of(parts(task).end - 1).end;
        let columns = Columns { count: 2 * layout.kv_heads / at_once, range: &range, shares: &[] };
        // A block is left with the thread that other loops leave its rows with.
        let written = spans.iter().map(AttentionSpan::blocks_written).sum();
        let count = if few { 1 } else { self.pool().threads().min(written) };
        let mut owners = OWNERS.take();
        owners.resize(blocks, 0);
        for (row, block, _) in positions(spans) {
            let owner = (row * count / rows) as u32;
            // It is the same in each layer, and what is written anew, other cores would have to get anew.
            if owners[block] != owner {
                owners[block] = owner;
            }
        }
        for_owned(self.pool(), &mut cache.memory, layout.block_bytes(), (&owners, count), columns, &|out| {
            self.arch.run(Store { from, layout, layer, spans, out });
        });
        OWNERS.set(owners);
    }
}

thread_local! {
    /// The owner of each block that is written to, kept to be used again.
    static OWNERS: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
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

/// Stores some parts of a layer.
struct Store<'a> {
    from: KeyValues<'a>,
    layout: Layout,
    layer: usize,
    spans: &'a [AttentionSpan<'a>],
    /// (blocks, bytes of some parts)
    out: Owned<'a, u8>,
}

impl Kernel for Store<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Layout { format, head_dim, .. } = self.layout;
        let mut scratch = Scratch::take(head_dim.next_multiple_of(LANES));
        let mut shorts = Scratch::bytes(short_len(head_dim));
        let columns = self.out.columns();
        for part in (0..2 * self.layout.kv_heads).map(|part| self.layout.part(part)) {
            let bytes = self.layout.bytes_of(self.layer, part);
            if bytes.start < columns.start || bytes.end > columns.end {
                continue;
            }
            for (row, block, place) in positions(self.spans) {
                let Some(to) = self.out.row(block) else { continue };
                let to = &mut to[bytes.start - columns.start..][..bytes.len()];
                let first = match part {
                    Part::Keys(head) => self.from.keys + head * head_dim,
                    Part::Values(head) => self.from.values + head * head_dim,
                };
                let head = &self.from.data[row * self.from.row_len + first..][..head_dim];
                if let Part::Keys(_) = part {
                    scratch[..head_dim].copy_from_slice(head);
                    self.from.rotation.apply(simd, row, &mut scratch[..head_dim]);
                    store_key(simd, format, &scratch, head_dim, place, &mut shorts, to);
                } else {
                    store_value(simd, format, head, place, &mut shorts, to);
                }
            }
        }
    }
}

/// Stores a key, filled up to whole vectors, at a place in the block of its head.
#[inline(always)]
fn store_key<S: Simd>(
    simd: S,
    format: KvFormat,
    filled: &[f32],
    head_dim: usize,
    place: usize,
    shorts: &mut [u8],
    block: &mut [u8],
) {
    let key = &filled[..head_dim];
    match format {
        KvFormat::Q16 => {
            let scale = to_shorts(simd, key, shorts);
            let (lines, pairs) = (put_short_scale(scale, place, block), head_dim.div_ceil(2));
            let lane = 4 * (place % LANES);
            let to = &mut lines[place / LANES * pairs..][..pairs];
            for (to, pair) in to.iter_mut().zip(shorts.as_chunks::<4>().0) {
                to[lane..lane + 4].copy_from_slice(pair);
            }
        }
        KvFormat::Q8_0 => {
            let (scales, quants) = block.split_at_mut(scales_of(head_dim) * size_of::<Halves>());
            let first = place / LANES * head_dim * LANES + place % LANES;
            let mut to = quants[first..].iter_mut().step_by(LANES);
            let parts = key.len().div_ceil(SCALED);
            for (part, elements) in key.chunks(SCALED).enumerate() {
                let inverse = put_scale(simd, elements, [part, parts], place, scales);
                to.by_ref().zip(elements).for_each(|(to, x)| *to = quant(*x, inverse));
            }
        }
        KvFormat::F16 => {
            let vectors: &mut [Halves] = block.as_chunks_mut().0;
            let to = &mut vectors[place / LANES * head_dim..][..head_dim];
            let lane = 2 * (place % LANES);
            for (to, from) in to.chunks_mut(LANES).zip(filled.as_chunks::<LANES>().0) {
                let mut halves = [0; 2 * LANES];
                simd.store_half(simd.load(from), &mut halves);
                for (to, half) in to.iter_mut().zip(halves.as_chunks::<2>().0) {
                    to[lane..lane + 2].copy_from_slice(half);
                }
            }
        }
    }
}

/// Stores a value at a place in the block of its head.
#[inline(always)]
fn store_value<S: Simd>(simd: S, format: KvFormat, value: &[f32], place: usize, shorts: &mut [u8], block: &mut [u8]) {
    let (head_dim, wide) = (value.len(), value.len().div_ceil(LANES));
    match format {
        KvFormat::Q16 => {
            let scale = to_shorts(simd, value, shorts);
            let to = &mut put_short_scale(scale, place, block)[place / 2 * wide..][..wide];
            for (to, shorts) in to.iter_mut().zip(shorts.as_chunks().0) {
                put_shorts(simd, shorts, place % 2, to);
            }
        }
        KvFormat::Q8_0 => {
            let (scales, quants) = block.split_at_mut(scales_of(head_dim) * size_of::<Halves>());
            let to = &mut quants[place * wide * LANES..][..wide * LANES];
            // What fills the last vector up is 0.
            to.fill(BIAS as u8);
            let parts = value.len().div_ceil(SCALED);
            for (part, (to, elements)) in to.chunks_mut(SCALED).zip(value.chunks(SCALED)).enumerate() {
                let inverse = put_scale(simd, elements, [part, parts], place, scales);
                to.iter_mut().zip(elements).for_each(|(to, x)| *to = quant(*x, inverse));
            }
        }
        KvFormat::F16 => {
            let vectors: &mut [Halves] = block.as_chunks_mut().0;
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
