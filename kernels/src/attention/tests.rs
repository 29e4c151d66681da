//! Attention against an f64 oracle, and that its bits do not depend on company or chunking.

use std::sync::Arc;

use super::*;
use crate::rope::turn;
use crate::simd::Scalar;
use crate::testing::{bits, every_isa, random};
use crate::{Isa, Pool};

/// The naive attention of one query head over its keys and values, in f64.
fn oracle(query: &[f32], keys: &[&[f32]], values: &[&[f32]], scale: f32) -> Vec<f64> {
    let dot = |key: &[f32]| query.iter().zip(key).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum::<f64>();
    let scores: Vec<f64> = keys.iter().map(|key| dot(key) * f64::from(scale)).collect();
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mix = |i: usize| weights.iter().zip(values).map(|(w, v)| w * f64::from(v[i])).sum::<f64>() / total;
    (0..query.len()).map(mix).collect()
}

fn assert_close(found: &[f32], want: &[f64], tolerance: f64) {
    for (found, want) in found.iter().zip(want) {
        assert!((f64::from(*found) - want).abs() <= tolerance, "{found} {want}");
    }
}

/// What is computed in floats is as exact as these.
const EXACT: f64 = 2e-6;

/// How far off results are of keys and values that are as a format keeps them: in Q16 queries and weights are rounded.
fn tolerance(format: KvFormat) -> f64 {
    if format == KvFormat::Q16 { 5e-4 } else { EXACT }
}

/// The cache has other layers beside the one that is written and read.
const LAYERS: usize = 3;
const LAYER: usize = 1;

/// A cache whose blocks are handed out in a scrambled order, full of NaN where nothing was written.
struct Cache {
    shape: AttentionShape,
    cache: KvCache,
    free: Vec<u32>,
}

impl Cache {
    fn new(format: KvFormat, shape: AttentionShape, blocks: u32) -> Self {
        let mut cache = KvCache::new(format, LAYERS, blocks as usize, shape.kv_heads, shape.head_dim);
        cache.fill(0xff);
        Cache { shape, cache, free: (0..blocks).map(|i| i * 7 % blocks).collect() }
    }

    /// Stores (positions, `kv_heads`, `head_dim`) keys and values, and returns their block table.
    fn store(&mut self, kernels: &Kernels, keys: &[f32], values: &[f32]) -> Vec<u32> {
        let width = self.shape.kv_heads * self.shape.head_dim;
        let positions: Vec<u32> = (0..(keys.len() / width) as u32).collect();
        let table: Vec<u32> = (0..positions.len().div_ceil(KV_BLOCK)).map(|_| self.free.pop().unwrap()).collect();
        let rows: Vec<f32> =
            keys.chunks(width).zip(values.chunks(width)).flat_map(|(k, v)| [k, v]).flatten().copied().collect();
        let span = AttentionSpan { rows: 0..positions.len(), positions: &positions, blocks: &table };
        let from = KeyValues { data: &rows, row_len: 2 * width, keys: 0, values: width, rotation: Rotation::default() };
        kernels.store_kv(&mut self.cache, LAYER, from, &[span]);
        table
    }
}

/// Heads of `head_dim` elements, rounded as the cache keeps them: what it keeps of that is the same again.
fn kept(format: KvFormat, x: Vec<f32>, head_dim: usize) -> Vec<f32> {
    let half = |x: f32| half::f16::from_f32(x).to_f32();
    match format {
        KvFormat::Q16 => {
            let head = |head: &[f32]| -> Vec<f32> {
                let largest = head.iter().fold(0f32, |most, x| most.max(x.abs()));
                head.iter().map(|x| (x * (8191.0 / largest)).round_ties_even() * (largest / 8191.0)).collect()
            };
            x.chunks(head_dim).flat_map(head).collect()
        }
        KvFormat::F16 => x.into_iter().map(half).collect(),
        KvFormat::Q8_0 => {
            let block = |block: &[f32]| -> Vec<f32> {
                let scale = block.iter().fold(0f32, |most, x| most.max(x.abs())) / 127.0;
                block.iter().map(|x| (x * (1.0 / scale)).round_ties_even() * half(scale)).collect()
            };
            x.chunks(head_dim).flat_map(|head| head.chunks(32).flat_map(block)).collect()
        }
    }
}

/// One sequence: queries, keys and values of all its positions.
struct Sequence {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

impl Sequence {
    fn new(format: KvFormat, seed: u64, len: usize, shape: AttentionShape) -> Self {
        let AttentionShape { heads, kv_heads, head_dim, .. } = shape;
        let scaled = |seed: u64, len: usize| random(seed, len).iter().map(|x| x * 3.0).collect();
        Sequence {
            q: scaled(3 * seed, len * heads * head_dim),
            k: kept(format, scaled(3 * seed + 1, len * kv_heads * head_dim), head_dim),
            v: kept(format, random(3 * seed + 2, len * kv_heads * head_dim), head_dim),
        }
    }

    fn len(&self, shape: AttentionShape) -> usize {
        self.q.len() / (shape.heads * shape.head_dim)
    }

    /// Queries, keys and values side by side, `row_len` elements each.
    fn packed(&self, row_len: usize) -> Vec<f32> {
        let parts = self.q.chunks(row_len).zip(self.k.chunks(row_len)).zip(self.v.chunks(row_len));
        parts.flat_map(|((q, k), v)| [q, k, v]).flatten().copied().collect()
    }

    /// Row `row` of the naive result, attending to `limit` positions.
    fn want(&self, row: usize, limit: usize, shape: AttentionShape) -> Vec<f64> {
        let AttentionShape { heads, kv_heads, head_dim, scale } = shape;
        let head_of = |x: &'_ [f32], position: usize, kv_head: usize| -> Vec<f32> {
            x[(position * kv_heads + kv_head) * head_dim..][..head_dim].to_vec()
        };
        (0..heads)
            .flat_map(|head| {
                let kv_head = head / (heads / kv_heads);
                let keys: Vec<_> = (0..limit).map(|p| head_of(&self.k, p, kv_head)).collect();
                let values: Vec<_> = (0..limit).map(|p| head_of(&self.v, p, kv_head)).collect();
                let keys: Vec<&[f32]> = keys.iter().map(Vec::as_slice).collect();
                let values: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
                oracle(&self.q[(row * heads + head) * head_dim..][..head_dim], &keys, &values, scale)
            })
            .collect()
    }
}

fn queries(data: &[f32], shape: AttentionShape) -> Queries<'_> {
    Queries { data, row_len: shape.heads * shape.head_dim, rotation: Rotation::default() }
}

/// Attention of the rows of one sequence, in one call.
fn attend(kernels: &Kernels, cache: &Cache, q: &[f32], first: u32, blocks: &[u32]) -> Vec<f32> {
    let rows = q.len() / (cache.shape.heads * cache.shape.head_dim);
    let positions: Vec<u32> = (first..first + rows as u32).collect();
    let span = AttentionSpan { rows: 0..rows, positions: &positions, blocks };
    let mut out = vec![f32::NAN; q.len()];
    kernels.attention(queries(q, cache.shape), &cache.cache, LAYER, &[span], cache.shape, &mut out);
    out
}

const SHAPES: [AttentionShape; 6] = [
    AttentionShape { heads: 9, kv_heads: 3, head_dim: 64, scale: 0.125 },
    AttentionShape { heads: 4, kv_heads: 4, head_dim: 32, scale: 0.177 },
    AttentionShape { heads: 2, kv_heads: 1, head_dim: 80, scale: 0.11 },
    AttentionShape { heads: 3, kv_heads: 1, head_dim: 10, scale: 0.3 },
    AttentionShape { heads: 1, kv_heads: 1, head_dim: 1100, scale: 0.01 },
    AttentionShape { heads: 4, kv_heads: 2, head_dim: 128, scale: 0.088 },
];

#[test]
fn causal_attention_is_close_to_f64_on_every_path() {
    for (shape, format) in SHAPES.into_iter().flat_map(|shape| KvFormat::ALL.map(|format| (shape, format))) {
        let sequence = Sequence::new(format, 1, 150, shape);
        let mut cache = Cache::new(format, shape, 5);
        let table = cache.store(&every_isa(1)[0], &sequence.k, &sequence.v);
        let mut scalar = None;
        for kernels in every_isa(2) {
            let found = attend(&kernels, &cache, &sequence.q, 0, &table);
            let row_len = shape.heads * shape.head_dim;
            for row in [0, 1, 62, 63, 64, 65, 127, 128, 149] {
                assert_close(
                    &found[row * row_len..][..row_len],
                    &sequence.want(row, row + 1, shape),
                    tolerance(format),
                );
            }
            let found = bits(&found);
            assert_eq!(scalar.get_or_insert_with(|| found.clone()), &found, "{}", kernels.isa());
        }
    }
}

/// The root of the mean squared error of a whole sequence, against f64 and what was there before it was kept.
fn rms_error(format: KvFormat, seed: u64, shape: AttentionShape) -> f64 {
    let AttentionShape { heads, kv_heads, head_dim, .. } = shape;
    let scaled = |seed: u64, len: usize| random(seed, len).iter().map(|x| x * 3.0).collect();
    let sequence = Sequence {
        q: scaled(3 * seed, 150 * heads * head_dim),
        k: scaled(3 * seed + 1, 150 * kv_heads * head_dim),
        v: random(3 * seed + 2, 150 * kv_heads * head_dim),
    };
    let mut cache = Cache::new(format, shape, 3);
    let kernels = &every_isa(1)[0];
    let table = cache.store(kernels, &sequence.k, &sequence.v);
    let found = attend(kernels, &cache, &sequence.q, 0, &table);
    let rows = found.chunks(heads * head_dim).enumerate();
    let errors = rows.flat_map(|(row, found)| {
        let want = sequence.want(row, row + 1, shape);
        found.iter().zip(want).map(|(found, want)| (f64::from(*found) - want).powi(2)).collect::<Vec<_>>()
    });
    (errors.sum::<f64>() / found.len() as f64).sqrt()
}

#[test]
fn integers_of_16_bits_are_more_exact_than_half_precision() {
    for (seed, shape) in (40..).zip(SHAPES) {
        let [shorts, halves] = [KvFormat::Q16, KvFormat::F16].map(|format| rms_error(format, seed, shape));
        assert!(shorts < halves, "{shape:?}: {shorts} and {halves}");
    }
}

#[test]
fn sums_of_the_largest_integers_are_exact() {
    // Every element is of the largest magnitude: what 32 products of a sign add up to is just below 2³¹.
    let signs = |seed: u64, len: usize, row: usize| -> Vec<f32> {
        let random = random(seed, len);
        random.iter().enumerate().map(|(i, x)| if (i / row).is_multiple_of(2) { 1.0 } else { x.signum() }).collect()
    };
    for shape in [SHAPES[0], SHAPES[5]] {
        let AttentionShape { heads, kv_heads, head_dim, .. } = shape;
        let [q, k, v] = [heads, kv_heads, kv_heads].map(|heads| signs(50, 130 * heads * head_dim, head_dim));
        let mut cache = Cache::new(KvFormat::Q16, shape, 3);
        let table = cache.store(&every_isa(1)[0], &k, &v);
        let mut scalar = None;
        for kernels in every_isa(1) {
            let found = bits(&attend(&kernels, &cache, &q, 0, &table));
            assert_eq!(scalar.get_or_insert_with(|| found.clone()), &found, "{shape:?} on {}", kernels.isa());
        }
    }
}

#[test]
fn what_is_no_number_is_kept_as_none() {
    let shape = SHAPES[3];
    for (format, kernels) in
        KvFormat::ALL.into_iter().flat_map(|format| every_isa(1).into_iter().map(move |k| (format, k)))
    {
        let Sequence { q, k, v } = Sequence::new(format, 1, 3, shape);
        let spoilt = |x: &[f32]| {
            let mut x = x.to_vec();
            x[10] = f32::NAN;
            x
        };
        for (k, v) in [(spoilt(&k), v.clone()), (k, spoilt(&v))] {
            let mut cache = Cache::new(format, shape, 2);
            let table = cache.store(&kernels, &k, &v);
            let found = attend(&kernels, &cache, &q, 0, &table);
            // What position 1 holds is in what all positions from there on see.
            assert!(found[30].is_nan() && found[60].is_nan(), "{format:?} on {}", kernels.isa());
        }
    }
}

#[test]
fn chunks_company_sharing_and_threads_do_not_change_a_bit() {
    for format in KvFormat::ALL {
        nothing_changes_a_bit(format, SHAPES[0]);
        nothing_changes_a_bit(format, AttentionShape { heads: 20, kv_heads: 2, head_dim: 33, scale: 0.17 });
    }
}

fn nothing_changes_a_bit(format: KvFormat, shape: AttentionShape) {
    let row_len = shape.heads * shape.head_dim;
    let sequences: Vec<_> =
        [150, 1, 77, 64].iter().enumerate().map(|(i, n)| Sequence::new(format, i as u64, *n, shape)).collect();
    let mut cache = Cache::new(format, shape, 16);
    let scalar = &every_isa(1)[0];
    let tables: Vec<_> = sequences.iter().map(|s| cache.store(scalar, &s.k, &s.v)).collect();
    // A second place for the keys and values of the first sequence, but for a shared first block.
    let mut elsewhere = cache.store(scalar, &sequences[0].k, &sequences[0].v);
    elsewhere[0] = tables[0][0];

    for isa in Isa::available() {
        let mut first = None;
        for threads in 1..4 {
            let kernels = Kernels::new(isa, Arc::new(Pool::new(threads))).unwrap();
            let alone: Vec<_> =
                sequences.iter().zip(&tables).map(|(s, t)| bits(&attend(&kernels, &cache, &s.q, 0, t))).collect();
            assert_eq!(first.get_or_insert_with(|| alone.clone()), &alone);
            assert_eq!(bits(&attend(&kernels, &cache, &sequences[0].q, 0, &elsewhere)), alone[0]);

            let mut chunks = Vec::new();
            for chunk in [0..7, 7..64, 64..65, 65..140, 140..150] {
                let q = &sequences[0].q[chunk.start * row_len..chunk.end * row_len];
                chunks.extend(bits(&attend(&kernels, &cache, q, chunk.start as u32, &tables[0])));
            }
            assert_eq!(chunks, alone[0]);

            let q: Vec<f32> = sequences.iter().flat_map(|s| s.q.iter().copied()).collect();
            let positions: Vec<u32> = (0..150).collect();
            let mut start = 0;
            let spans: Vec<_> = sequences
                .iter()
                .zip(&tables)
                .map(|(sequence, blocks)| {
                    let len = sequence.len(shape);
                    start += len;
                    AttentionSpan { rows: start - len..start, positions: &positions[..len], blocks }
                })
                .collect();
            let mut out = vec![f32::NAN; q.len()];
            kernels.attention(queries(&q, shape), &cache.cache, LAYER, &spans, shape, &mut out);
            assert_eq!(bits(&out), alone.concat());

            // The last rows of sequences that share a prefix, two of them with two rows.
            let ends = [149, 148, 149, 139];
            let tables = [&tables[0], &tables[0], &elsewhere, &tables[0]];
            let starts = [148, 148, 149, 138];
            let positions: Vec<Vec<u32>> =
                starts.iter().zip(ends).map(|(start, end): (&u32, u32)| (*start..=end).collect()).collect();
            let mut q = Vec::new();
            let mut spans = Vec::new();
            for (positions, blocks) in positions.iter().zip(tables) {
                let first = q.len() / row_len;
                for position in positions {
                    q.extend_from_slice(&sequences[0].q[*position as usize * row_len..][..row_len]);
                }
                spans.push(AttentionSpan { rows: first..first + positions.len(), positions, blocks });
            }
            let mut out = vec![f32::NAN; q.len()];
            kernels.attention(queries(&q, shape), &cache.cache, LAYER, &spans, shape, &mut out);
            for (position, out) in positions.iter().flatten().zip(out.chunks(row_len)) {
                assert_eq!(bits(out), alone[0][*position as usize * row_len..][..row_len], "{position} on {isa}");
            }

            // A row each of so many sequences that a task takes all heads; every second one has blocks of its own, and there
            // is one without rows.
            let positions: Vec<[u32; 1]> = (90..150).map(|position| [position]).collect();
            let q = &sequences[0].q[90 * row_len..150 * row_len];
            let mut spans: Vec<AttentionSpan<'_>> = positions
                .iter()
                .enumerate()
                .map(|(row, positions)| {
                    let blocks = [tables[0].as_slice(), &elsewhere][row % 2];
                    AttentionSpan { rows: row..row + 1, positions, blocks }
                })
                .collect();
            spans.insert(30, AttentionSpan { rows: 30..30, positions: &[], blocks: &[] });
            let mut out = vec![f32::NAN; q.len()];
            kernels.attention(queries(q, shape), &cache.cache, LAYER, &spans, shape, &mut out);
            for (position, out) in (90..).zip(out.chunks(row_len)) {
                assert_eq!(bits(out), alone[0][position * row_len..][..row_len], "{position} of many on {isa}");
            }
        }
    }
}

#[test]
fn queries_and_keys_are_normed_and_rotated_by_their_position() {
    let shape = SHAPES[0];
    let (width, kv_width, rows) = (shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, 70);
    let row_len = width + 2 * kv_width;
    let x = random(21, rows * row_len);
    let (cos, sin, weight) = (random(22, rows * 32), random(23, rows * 32), random(24, 64));
    let rotation = Rotation { norm: Some((&weight, 1e-5)), tables: Some((&cos, &sin)) };
    for (format, kernels) in
        KvFormat::ALL.into_iter().flat_map(|format| every_isa(2).into_iter().map(move |k| (format, k)))
    {
        let positions: Vec<u32> = (0..rows as u32).collect();
        let blocks = [1, 0];
        let spans = [AttentionSpan { rows: 0..rows, positions: &positions, blocks: &blocks }];
        let attend = |x: &[f32], rotation: Rotation<'_>| {
            let mut cache = KvCache::new(format, 1, 2, shape.kv_heads, shape.head_dim);
            let from = KeyValues { data: x, row_len, keys: width, values: width + kv_width, rotation };
            kernels.store_kv(&mut cache, 0, from, &spans);
            let mut out = vec![f32::NAN; rows * width];
            kernels.attention(Queries { data: x, row_len, rotation }, &cache, 0, &spans, shape, &mut out);
            bits(&out)
        };
        let mut rotated = x.clone();
        for (row, x) in rotated.chunks_mut(row_len).enumerate() {
            for head in x[..width + kv_width].chunks_mut(64) {
                let before = head.to_vec();
                kernels.rms_norm(&before, &weight, 1e-5, head);
                turn(Scalar, head, &cos[row * 32..][..32], &sin[row * 32..][..32]);
            }
        }
        assert_eq!(attend(&x, rotation), attend(&rotated, Rotation::default()), "{}", kernels.isa());
    }
}

#[test]
fn blocks_are_copied_whole() {
    let shape = SHAPES[2];
    // Of each element two bytes, with four more for a head; or one, and of each 32 begun of a head two more.
    for (format, bytes) in [
        (KvFormat::Q16, 2 * 64 * (80 * 2 + 4)),
        (KvFormat::F16, 2 * 64 * 80 * 2),
        (KvFormat::Q8_0, 2 * 64 * (80 + 3 * 2)),
    ] {
        let sequence = Sequence::new(format, 3, 60, shape);
        let mut cache = Cache::new(format, shape, 3);
        let kernels = &every_isa(1)[0];
        let table = cache.store(kernels, &sequence.k, &sequence.v);
        let [copy, other] = [1, 2].map(|further| (table[0] + further) % 3);
        cache.cache.copy_block(table[0] as usize, copy as usize);
        let read = cache.cache.read_block(copy as usize).to_vec();
        cache.cache.write_block(other as usize, &read);
        let all = [table[0], copy, other].map(|block| bits_of(kernels, &cache, &sequence, block));
        assert!(all[0] == all[1] && all[1] == all[2], "{format:?}");
        assert_eq!(cache.cache.block_bytes(), LAYERS * bytes);
    }
}

fn bits_of(kernels: &Kernels, cache: &Cache, sequence: &Sequence, block: u32) -> Vec<u32> {
    bits(&attend(kernels, cache, &sequence.q, 0, &[block]))
}

#[test]
fn full_attention_stays_within_its_sequence_and_is_close_to_f64() {
    for shape in SHAPES.map(|shape| AttentionShape { kv_heads: shape.heads, ..shape }) {
        let row_len = shape.heads * shape.head_dim;
        let sequences: Vec<_> =
            [5, 1, 130, 64].iter().map(|n| Sequence::new(KvFormat::F16, *n as u64, *n, shape)).collect();
        let x: Vec<f32> = sequences.iter().flat_map(|s| s.packed(row_len)).collect();
        let ranges = [0..5, 5..6, 6..136, 136..200];
        let mut scalar = None;
        for kernels in every_isa(3) {
            let mut out = vec![f32::NAN; x.len() / 3];
            kernels.attention_full(&x, 3 * row_len, &ranges, shape, &mut out);
            for (sequence, range) in sequences.iter().zip(&ranges) {
                let mut alone = vec![f32::NAN; sequence.q.len()];
                let all = 0..range.len();
                let x = sequence.packed(row_len);
                kernels.attention_full(&x, 3 * row_len, &[all], shape, &mut alone);
                let together = &out[range.start * row_len..range.end * row_len];
                assert_eq!(bits(together), bits(&alone));
                let want = sequence.want(range.len() - 1, range.len(), shape);
                assert_close(&together[together.len() - row_len..], &want, EXACT);
            }
            let found = bits(&out);
            assert_eq!(scalar.get_or_insert_with(|| found.clone()), &found, "{}", kernels.isa());
        }
    }
}

#[test]
fn rows_that_no_span_names_are_left_alone() {
    let shape = AttentionShape { kv_heads: 3, ..SHAPES[3] };
    let sequence = Sequence::new(KvFormat::F16, 1, 4, shape);
    for kernels in every_isa(1) {
        let (mut out, middle) = (vec![7.0; sequence.q.len()], 1..3);
        kernels.attention_full(&sequence.packed(30), 90, &[middle], shape, &mut out);
        assert!(out[..30].iter().chain(&out[90..]).all(|x| *x == 7.0));
        assert!(out[30..90].iter().all(|x| *x != 7.0));
    }
}

#[test]
#[should_panic(expected = "need 2 blocks of KV, their table has 1")]
fn a_short_block_table_is_refused() {
    let shape = SHAPES[3];
    let cache = Cache::new(KvFormat::F16, shape, 2);
    attend(&every_isa(1)[0], &cache, &[0.0; 30], 64, &[0]);
}

#[test]
#[should_panic(expected = "exceed the address space")]
fn a_cache_whose_bytes_do_not_fit_an_address_is_refused() {
    // The bytes of as many blocks, wrapped around, would fit one block.
    let blocks = usize::MAX / KvCache::block_bytes_of(KvFormat::F16, 1, 2, 64) + 2;
    KvCache::new(KvFormat::F16, 1, blocks, 2, 64);
}
