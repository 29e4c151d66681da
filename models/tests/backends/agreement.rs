//! `cpu` and `device` against `reference` on the same weights, over what a batch can hold.

use std::sync::Arc;

use docent_models::{
    KvFormat,
    adapter::{Adapter, LowRank},
    backend::{self, Backend, BackendKind, LoadOptions, Sampling},
    batch::{RaggedBatch, Row, TokenMask},
    kv::{BlockId, BlockPool, KV_BLOCK},
};

use crate::{
    KINDS, KV_POSITIONS, assert_close, backend, decoder_tolerance, options,
    tiny::{self, HIDDEN, LAYERS, Random, Tiny, VOCAB},
    values,
};

/// Largest difference of logits and hidden states, all about as large as one; single-precision weights and products.
const TOLERANCE: f32 = 1e-4;

const DECODERS: [Tiny; 4] = [tiny::LLAMA, tiny::LLAMA3, tiny::QWEN2, tiny::QWEN3];
const ENCODERS: [Tiny; 2] = [tiny::BERT, tiny::BERT_CLASSIFIER];

/// Takes steps and returns all numbers that came out.
type Scenario = fn(&mut dyn Backend) -> Vec<f32>;

fn check(models: &[Tiny], scenario: Scenario) {
    for model in models {
        let on_disk = model.write();
        let run = |kind| scenario(backend(&on_disk.checkpoint, kind).as_mut());
        let expected = run(BackendKind::Reference);
        assert!(!expected.is_empty());
        for kind in KINDS {
            assert_close(&run(kind), &expected, decoder_tolerance(kind, TOLERANCE), &format!("{kind:?} on {model:?}"));
        }
    }
}

fn pool() -> BlockPool {
    BlockPool::new(KV_POSITIONS / KV_BLOCK)
}

/// `count` blocks, neighbours of the table never neighbours in memory.
fn scattered(pool: &mut BlockPool, count: usize) -> Vec<BlockId> {
    let mut blocks: Vec<BlockId> = (0..count).map(|_| pool.take().unwrap()).collect();
    blocks.reverse();
    blocks
}

fn want_all(batch: &mut RaggedBatch) {
    for row in 0..batch.rows().len() {
        batch.want_logits(row, None);
        batch.want_hidden(row);
    }
}

fn run(backend: &mut dyn Backend, mut batch: RaggedBatch) -> Vec<f32> {
    want_all(&mut batch);
    values(&backend.forward(&batch).unwrap())
}

/// Longer than the device lets attend at once, in neighbouring and in scattered blocks.
fn one_prompt(backend: &mut dyn Backend) -> Vec<f32> {
    let (mut pool, tokens) = (pool(), Random(7).tokens(300));
    let neighbours: Vec<BlockId> = (0..5).map(|_| pool.take().unwrap()).collect();
    let scattered = scattered(&mut pool, 5);
    let mut out = Vec::new();
    for blocks in [neighbours, scattered] {
        let mut batch = RaggedBatch::new();
        batch.push_tokens(&tokens, 0, &blocks, None);
        out.extend(run(backend, batch));
    }
    out
}

#[test]
fn one_prompt_in_one_step() {
    check(&DECODERS, one_prompt);
}

/// Keys and values in Q8_0 are off by one 254th of the largest of 32 at most: little of what a step computes.
#[test]
fn keys_and_values_as_bytes_are_close_and_take_little_more_than_half_the_memory() {
    for model in &DECODERS {
        let on_disk = model.write();
        let load = |kv_format| {
            let options = LoadOptions { kv_format, ..options(BackendKind::Cpu) };
            backend::load(&on_disk.checkpoint, &options).unwrap()
        };
        let [mut halves, mut bytes] = [KvFormat::F16, KvFormat::Q8_0].map(load);
        let [expected, found] = [&mut halves, &mut bytes].map(|backend| one_prompt(backend.as_mut()));
        assert_close(&found, &expected, 0.1, &format!("{model:?}"));
        let squares: f32 = found.iter().zip(&expected).map(|(x, y)| (x - y).powi(2)).sum();
        let rms = (squares / found.len() as f32).sqrt();
        assert!(rms < 0.01, "{model:?}: {rms}");
        assert_ne!(found, expected);
        let [whole, part] = [halves, bytes].map(|backend| backend.footprint().kv_block as f64);
        assert!((0.5..0.6).contains(&(part / whole)), "{part} of {whole}");
        let elsewhere = LoadOptions { kv_format: KvFormat::Q8_0, ..options(BackendKind::Reference) };
        let refused = backend::load(&on_disk.checkpoint, &elsewhere).err().unwrap();
        assert_eq!(refused.to_string(), "keys and values in `q8_0` are kept on the CPU only");
    }
}

/// Integers of 16 bits are at least as exact as half precision, in little more memory.
#[test]
fn keys_and_values_as_integers_of_16_bits_are_as_exact_as_halves() {
    for model in &DECODERS {
        let on_disk = model.write();
        let expected = one_prompt(backend(&on_disk.checkpoint, BackendKind::Reference).as_mut());
        let [[shorts, more], [halves, whole]] = [KvFormat::Q16, KvFormat::F16].map(|kv_format| {
            let options = LoadOptions { kv_format, ..options(BackendKind::Cpu) };
            let mut backend = backend::load(&on_disk.checkpoint, &options).unwrap();
            let found = one_prompt(backend.as_mut());
            let squares: f32 = found.iter().zip(&expected).map(|(x, y)| (x - y).powi(2)).sum();
            [(squares / found.len() as f32).sqrt(), backend.footprint().kv_block as f32]
        });
        assert!(0.0 < shorts && shorts < 1.2 * halves, "{model:?}: {shorts} and {halves}");
        assert!((1.0..1.2).contains(&(more / whole)), "{more} of {whole}");
    }
}

fn one_prompt_in_chunks(backend: &mut dyn Backend) -> Vec<f32> {
    let tokens = Random(8).tokens(150);
    let blocks = scattered(&mut pool(), 3);
    let mut out = Vec::new();
    for chunk in [0..70, 70..71, 71..150] {
        let mut batch = RaggedBatch::new();
        batch.push_tokens(&tokens[chunk.clone()], chunk.start as u32, &blocks[..chunk.end.div_ceil(KV_BLOCK)], None);
        out.extend(run(backend, batch));
    }
    out
}

#[test]
fn one_prompt_in_three_chunks() {
    check(&DECODERS, one_prompt_in_chunks);
}

#[test]
fn what_else_is_wanted_changes_no_bit() {
    for model in DECODERS {
        let on_disk = model.write();
        let mut backend = backend(&on_disk.checkpoint, BackendKind::Cpu);
        let (mut pool, tokens) = (pool(), Random(9).tokens(150));
        let [first, second] = [scattered(&mut pool, 3), scattered(&mut pool, 1)];
        let mut step = |wanted: &mut dyn Iterator<Item = usize>| {
            let mut batch = RaggedBatch::new();
            batch.push_tokens(&tokens, 0, &first, None);
            batch.push_tokens(&tokens[..20], 0, &second, None);
            wanted.for_each(|row| batch.want_hidden(row));
            values(&backend.forward(&batch).unwrap())
        };
        let all = step(&mut (0..170));
        let width = all.len() / 170;
        for some in [&[149, 169][..], &[7, 8, 64, 149], &[160], &[]] {
            let found = step(&mut some.iter().copied());
            let want: Vec<f32> = some.iter().flat_map(|row| &all[row * width..][..width]).copied().collect();
            assert_eq!(found, want, "{some:?} on {model:?}");
        }
    }
}

#[test]
fn chunks_change_nothing() {
    for model in DECODERS {
        let on_disk = model.write();
        for kind in KINDS {
            let mut backend = backend(&on_disk.checkpoint, kind);
            let tokens = Random(8).tokens(150);
            let blocks = scattered(&mut pool(), 3);
            let mut batch = RaggedBatch::new();
            batch.push_tokens(&tokens, 0, &blocks, None);
            for row in 71..150 {
                batch.want_hidden(row);
            }
            let whole = values(&backend.forward(&batch).unwrap());
            let chunked = one_prompt_in_chunks(backend.as_mut());
            let last = &chunked[chunked.len() - whole.len()..];
            assert_close(last, &whole, decoder_tolerance(kind, TOLERANCE), &format!("{kind:?} on {model:?}"));
        }
    }
}

/// A prefix of 100 tokens, then a step of four sequences that go on from it at once and a fifth of their company, then
/// one more row for each.
fn shared_prefix(backend: &mut dyn Backend) -> Vec<f32> {
    const PREFIX: usize = 100;
    let (mut pool, mut random) = (pool(), Random(9));
    let prefix = scattered(&mut pool, 2);
    let mut batch = RaggedBatch::new();
    batch.push_tokens(&random.tokens(PREFIX), 0, &prefix, None);
    let mut out = run(backend, batch);

    let mut copied = || {
        let copy = pool.take().unwrap();
        backend.copy_block(prefix[1], copy).unwrap();
        vec![prefix[0], copy]
    };
    let (one_row, mut crossing) = (copied(), copied());
    crossing.push(pool.take().unwrap());
    let whole_block = vec![prefix[0], pool.take().unwrap()];
    let alone = vec![pool.take().unwrap()];
    let sequences = [
        (one_row, PREFIX, 1),
        (crossing, PREFIX, 60),
        (alone, 0, 3),
        (whole_block, KV_BLOCK, 40),
        (prefix.clone(), PREFIX, 5),
    ];
    let mut step = |rows: &dyn Fn(usize, usize) -> (usize, usize)| {
        let mut batch = RaggedBatch::new();
        for (blocks, start, length) in &sequences {
            let (start, length) = rows(*start, *length);
            batch.push_tokens(
                &random.tokens(length),
                start as u32,
                &blocks[..(start + length).div_ceil(KV_BLOCK)],
                None,
            );
        }
        out.extend(run(backend, batch));
    };
    step(&|start, length| (start, length));
    step(&|start, length| (start + length, 1));
    out
}

#[test]
fn sequences_that_share_a_prefix() {
    check(&DECODERS, shared_prefix);
}

fn embedding_rows(backend: &mut dyn Backend) -> Vec<f32> {
    let (mut pool, mut random) = (pool(), Random(10));
    let (mut batch, mut rows) = (RaggedBatch::new(), Vec::new());
    for token in random.tokens(4) {
        rows.push(Row::Token(token));
        rows.push(batch.add_embedding(&random.values(HIDDEN, 0.2)));
    }
    batch.push_rows(rows.iter().copied(), 0, &scattered(&mut pool, 1), None);
    batch.push_tokens(&random.tokens(3), 0, &scattered(&mut pool, 1), None);
    batch.push_rows(rows.into_iter().rev(), 0, &scattered(&mut pool, 1), None);
    run(backend, batch)
}

#[test]
fn embedding_rows_among_tokens() {
    check(&DECODERS, embedding_rows);
}

/// An adapter for the projections `names` of every layer, given with their (out, in) features.
fn adapter(names: &[(&str, usize, usize)], rank: usize, random: &mut Random) -> Adapter {
    let mut adapter = Adapter { scale: 0.5, ..Adapter::default() };
    for layer in 0..LAYERS {
        for &(name, rows, cols) in names {
            let (a, b) = (random.values(rank * cols, 0.3), random.values(rows * rank, 0.3));
            adapter.modules.insert(format!("model.layers.{layer}.{name}"), LowRank { a, b, rank });
        }
    }
    adapter
}

fn adapters(backend: &mut dyn Backend) -> Vec<f32> {
    let (mut pool, mut random) = (pool(), Random(11));
    let narrow = adapter(&[("self_attn.q_proj", 32, HIDDEN), ("self_attn.v_proj", 16, HIDDEN)], 2, &mut random);
    let wide = adapter(&[("mlp.down_proj", HIDDEN, 48), ("self_attn.o_proj", HIDDEN, 32)], 5, &mut random);
    let narrow = backend.add_adapter(&narrow).unwrap();
    let wide = backend.add_adapter(&wide).unwrap();
    let mut batch = RaggedBatch::new();
    for adapter in [None, Some(narrow), Some(narrow), Some(wide), None, Some(wide)] {
        batch.push_tokens(&random.tokens(5), 0, &scattered(&mut pool, 1), adapter);
    }
    run(backend, batch)
}

#[test]
fn adapters_on_some_sequences() {
    check(&[tiny::LLAMA], adapters);
}

#[test]
fn an_adapter_leaves_the_other_sequences_alone() {
    let on_disk = tiny::LLAMA.write();
    for kind in KINDS {
        let mut backend = backend(&on_disk.checkpoint, kind);
        let adapter = adapter(&[("self_attn.q_proj", 32, HIDDEN)], 2, &mut Random(12));
        let adapter = backend.add_adapter(&adapter).unwrap();
        let mut hidden = |adapters: [_; 2]| {
            let (mut pool, mut batch) = (pool(), RaggedBatch::new());
            for adapter in adapters {
                let rows = batch.push_tokens(&[5, 6, 7], 0, &scattered(&mut pool, 1), adapter);
                batch.want_hidden(rows.end - 1);
            }
            let both = values(&backend.forward(&batch).unwrap());
            [both[..HIDDEN].to_vec(), both[HIDDEN..].to_vec()]
        };
        let plain = hidden([None, None]);
        let mixed = hidden([None, Some(adapter)]);
        assert_eq!(plain[0], mixed[0], "{kind:?}");
        let moved = plain[1].iter().zip(&mixed[1]).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(moved > 100.0 * TOLERANCE, "{kind:?}: the adapter moved nothing by more than {moved}");
    }
}

/// Logits under masks, and what is read from them.
fn masks(backend: &mut dyn Backend) -> Vec<f32> {
    let mut mask = TokenMask::none(VOCAB);
    for token in [3, 17, 64, 79] {
        mask.allow(token);
    }
    let mask = Arc::new(mask);
    let mut batch = RaggedBatch::new();
    let rows = batch.push_tokens(&Random(13).tokens(6), 0, &scattered(&mut pool(), 1), None);
    batch.want_logits(rows.end - 1, Some(mask.clone()));
    batch.want_logits(rows.end - 1, None);
    batch.want_logits(rows.start, Some(mask));
    let step = backend.forward(&batch).unwrap();
    assert_eq!(step.logits.len(), 3);

    let mut out = values(&step);
    out.extend(backend.log_probs(&step, &[(0, 17), (1, 17), (1, 0), (2, 79), (0, 4)]).unwrap());
    for (token, log_prob) in backend.top_n(&step, 0, 6).unwrap() {
        out.extend([token as f32, log_prob]);
    }
    let sampling = Sampling { temperature: 0.7, ..Sampling::default() };
    for (sampling, uniform) in [(Sampling::default(), 0.0), (sampling, 0.4)] {
        let sampled = backend.sample(&step, 2, &sampling, &[], uniform).unwrap();
        assert!([3, 17, 64, 79].contains(&sampled.token));
        out.extend([sampled.token as f32, sampled.log_prob]);
    }
    out
}

#[test]
fn token_masks() {
    check(&DECODERS, masks);
}

/// Five texts in one batch, two neighbours equally long, one of a single token.
fn texts(backend: &mut dyn Backend) -> Vec<f32> {
    let (mut random, mut batch) = (Random(14), RaggedBatch::new());
    for length in [4, 70, 70, 1, 19] {
        let types: Vec<u32> = (0..length).map(|i| u32::from(i > length / 2)).collect();
        let rows = batch.push_encoder(&random.tokens(length), &types);
        for row in rows.clone() {
            batch.want_hidden(row);
        }
        if backend.architecture().logits_width() > 0 {
            batch.want_logits(rows.start, None);
        }
    }
    values(&backend.forward(&batch).unwrap())
}

#[test]
fn texts_of_different_lengths() {
    check(&ENCODERS, texts);
}
