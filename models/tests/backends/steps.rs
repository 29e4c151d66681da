//! What a step costs beside its arithmetic.

use std::sync::Arc;

use allocation_counter::measure;
use docent_models::{
    Isa, Pool,
    backend::{Backend, BackendKind, LoadOptions, Sampling, load},
    batch::RaggedBatch,
    checkpoint::Checkpoint,
    kv::{BlockId, BlockPool},
};

use crate::{KV_POSITIONS, tiny};

/// One thread, so that everything is counted.
fn alone(checkpoint: &Checkpoint, isa: Isa) -> Box<dyn Backend> {
    let pool = Arc::new(Pool::new(1));
    let options = LoadOptions {
        backend: BackendKind::Cpu,
        isa,
        pool,
        kv_positions: KV_POSITIONS,
        kv_format: Default::default(),
        memory: None,
    };
    load(checkpoint, &options).unwrap()
}

/// Every sequence takes a token at `position`.
fn decode(backend: &mut dyn Backend, batch: &mut RaggedBatch, tables: &[Vec<BlockId>], position: u32) {
    batch.clear();
    for (index, table) in tables.iter().enumerate() {
        let rows = batch.push_tokens(&[index as u32 + 1], position, table, None);
        batch.want_logits(rows.start, None);
    }
    let step = backend.forward(batch).unwrap();
    for row in 0..tables.len() {
        backend.sample(&step, row, &Sampling::default(), &[], 0.0).unwrap();
    }
    backend.recycle(step);
}

#[test]
fn a_step_of_decoding_allocates_nothing_once_it_has_run() {
    for tiny in [tiny::LLAMA, tiny::QWEN2, tiny::QWEN3] {
        let model = tiny.write();
        for isa in Isa::available() {
            let (mut backend, mut batch) = (alone(&model.checkpoint, isa), RaggedBatch::new());
            let mut pool = BlockPool::new(16);
            let blocks: Vec<Vec<BlockId>> = (0..16).map(|_| vec![pool.take().unwrap()]).collect();
            // Of so many that what each of them has of its own is fetched ahead, and of few.
            for count in [16, 5] {
                let tables = &blocks[..count];
                for position in 0..3 {
                    decode(backend.as_mut(), &mut batch, tables, position);
                }
                let counted = measure(|| (3..40).for_each(|at| decode(backend.as_mut(), &mut batch, tables, at)));
                assert_eq!(counted.count_total, 0, "{count} sequences, {} on {isa}", tiny.model_type);
            }
        }
    }
}

#[test]
fn a_step_of_an_encoder_allocates_nothing_once_it_has_run() {
    let model = tiny::BERT_CLASSIFIER.write();
    for isa in Isa::available() {
        let (mut backend, mut batch) = (alone(&model.checkpoint, isa), RaggedBatch::new());
        let mut encode = || {
            batch.clear();
            for text in [&[1, 2, 3, 4, 5][..], &[6, 7], &[8, 9, 10]] {
                let rows = batch.push_encoder(text, &[]);
                batch.want_logits(rows.start, None);
                batch.want_hidden(rows.end - 1);
            }
            let step = backend.forward(&batch).unwrap();
            backend.recycle(step);
        };
        (0..3).for_each(|_| encode());
        assert_eq!(measure(|| (0..5).for_each(|_| encode())).count_total, 0, "{isa}");
    }
}
