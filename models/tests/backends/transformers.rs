//! Every backend against transformers, on small seeded models: `tests/reference/make_tiny.py` wrote both.

use std::{fs, path::Path};

use docent_models::{
    batch::RaggedBatch,
    checkpoint::Checkpoint,
    kv::{BlockId, BlockPool, blocks_for},
    layers::pooling::{Pooling, normalize},
};
use serde::Deserialize;

use crate::{KINDS, KV_POSITIONS, assert_close, backend, decoder_tolerance};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/reference/tiny");

/// Largest difference of logits and hidden states, which are about as large as three; written with six digits.
const TOLERANCE: f32 = 1e-4;

/// Folders, and the weights in them: safetensors whole and sharded, in three types, and GGUF whole and split.
const DECODERS: [(&str, &str); 9] = [
    ("llama-plain", "model.safetensors"),
    ("llama-plain", "llama-plain.gguf"),
    ("llama3-scaled", "model.safetensors.index.json"),
    ("llama3-scaled", "llama3-scaled-00001-of-00002.gguf"),
    ("mistral", "model.safetensors"),
    ("qwen2", "model.safetensors"),
    ("qwen2", "qwen2.gguf"),
    ("qwen3", "model.safetensors"),
    ("qwen3", "qwen3.gguf"),
];

const ENCODERS: [(&str, &str); 3] =
    [("bert-mean", "model.safetensors"), ("bert-cls", "model.safetensors"), ("bert-cls", "bert-cls.gguf")];

#[derive(Deserialize)]
struct Outputs<C> {
    cases: Vec<C>,
}

#[derive(Deserialize)]
struct DecoderCase {
    ids: Vec<u32>,
    positions: Vec<usize>,
    /// (positions, vocab)
    logits: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct EncoderCase {
    ids: Vec<u32>,
    token_types: Vec<u32>,
    positions: Vec<usize>,
    /// (positions, hidden)
    hidden: Vec<Vec<f32>>,
    /// (hidden)
    pooled: Vec<f32>,
}

#[derive(Deserialize)]
struct ClassifierCase {
    ids: Vec<u32>,
    token_types: Vec<u32>,
    /// (labels)
    class_logits: Vec<f32>,
}

fn open<C: serde::de::DeserializeOwned>(folder: &str, weights: &str) -> (Checkpoint, Vec<C>) {
    let folder = Path::new(FOLDER).join(folder);
    let text = fs::read(folder.join("outputs.json")).unwrap();
    let outputs: Outputs<C> = serde_json::from_slice(&text).unwrap();
    assert!(!outputs.cases.is_empty());
    (Checkpoint::open(&folder.join(weights)).unwrap(), outputs.cases)
}

#[test]
fn decoders_give_the_logits_of_transformers() {
    for (folder, weights) in DECODERS {
        let (checkpoint, cases) = open::<DecoderCase>(folder, weights);
        let mut pool = BlockPool::new(blocks_for(KV_POSITIONS));
        let mut batch = RaggedBatch::new();
        for case in &cases {
            let blocks: Vec<BlockId> = (0..blocks_for(case.ids.len())).map(|_| pool.take().unwrap()).collect();
            let rows = batch.push_tokens(&case.ids, 0, &blocks, None);
            case.positions.iter().for_each(|position| batch.want_logits(rows.start + position, None));
        }
        let expected = cases.iter().flat_map(|case| case.logits.concat()).collect::<Vec<f32>>();
        for kind in KINDS {
            let step = backend(&checkpoint, kind).forward(&batch).unwrap();
            let logits = step.logits.to_host().unwrap();
            assert_close(
                &logits,
                &expected,
                decoder_tolerance(kind, TOLERANCE),
                &format!("{kind:?} on {folder}/{weights}"),
            );
        }
    }
}

#[test]
fn encoders_give_the_hidden_states_and_vectors_of_transformers() {
    for (folder, weights) in ENCODERS {
        let (checkpoint, cases) = open::<EncoderCase>(folder, weights);
        let docent_models::checkpoint::Architecture::Encoder(config) = checkpoint.architecture().clone() else {
            panic!("{folder} is no encoder");
        };
        assert_eq!(config.pooling, if folder == "bert-cls" { Pooling::Cls } else { Pooling::Mean });
        let mut batch = RaggedBatch::new();
        for case in &cases {
            batch.push_encoder(&case.ids, &case.token_types).for_each(|row| batch.want_hidden(row));
        }
        for kind in KINDS {
            let step = backend(&checkpoint, kind).forward(&batch).unwrap();
            let hidden = step.hidden.to_host().unwrap();
            let mut texts = hidden.as_ref();
            for case in &cases {
                let what = format!("{kind:?} on {folder}/{weights}, {} tokens", case.ids.len());
                let (text, rest) = texts.split_at(case.ids.len() * config.hidden);
                texts = rest;
                for (&position, expected) in case.positions.iter().zip(&case.hidden) {
                    let row = &text[position * config.hidden..][..config.hidden];
                    assert_close(row, expected, TOLERANCE, &what);
                }
                let mut pooled = vec![0.0; config.hidden];
                config.pooling.pool(text, &mut pooled);
                if config.normalize {
                    normalize(&mut pooled);
                }
                assert_close(&pooled, &case.pooled, TOLERANCE, &what);
            }
        }
    }
}

#[test]
fn a_classifier_gives_the_scores_of_transformers() {
    let (checkpoint, cases) = open::<ClassifierCase>("bert-classifier", "model.safetensors");
    let mut batch = RaggedBatch::new();
    for case in &cases {
        let rows = batch.push_encoder(&case.ids, &case.token_types);
        batch.want_logits(rows.start, None);
    }
    let expected: Vec<f32> = cases.iter().flat_map(|case| case.class_logits.clone()).collect();
    for kind in KINDS {
        let step = backend(&checkpoint, kind).forward(&batch).unwrap();
        assert_close(&step.logits.to_host().unwrap(), &expected, TOLERANCE, &format!("{kind:?}"));
    }
}
