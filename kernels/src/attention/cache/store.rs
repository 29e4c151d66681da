//! How keys and values come into the cache: rotated, turned into the format that it keeps, each at its position's place.

use std::cell::Cell;

use super::super::shorts::{short_len, to_shorts};
use super::super::{AttentionSpan, KV_BLOCK, Rotation};
use super::{BIAS, GROUPS, KvCache, KvFormat, Layout, Part, SCALED, scales_of};
use crate::Kernels;
use crate::scratch::Scratch;
use crate::simd::{Halves, Kernel, LANES, Line, Simd};
use crate::split::{Columns, Owned, for_owned};

/// Elements of keys from which on tasks share them out: microseconds, to outweigh their start.
const PART: usize = 1 << 10;

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
