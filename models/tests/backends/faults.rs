//! Batches that refer to what does not exist are refused, and the backend goes on.

use docent_models::{
    Error,
    adapter::{Adapter, LowRank},
    backend::BackendError,
    batch::{RaggedBatch, Row},
    kv::{BlockId, BlockPool},
};

use crate::{
    KINDS, backend,
    tiny::{self, CONTEXT, HIDDEN, VOCAB},
    values,
};

#[test]
fn what_lies_outside_the_model_is_refused() {
    let on_disk = tiny::LLAMA.write();
    let mut pool = BlockPool::new(1024);
    let blocks: Vec<BlockId> = (0..1024).map(|_| pool.take().unwrap()).collect();
    let few = &blocks[..1];
    let batch = |row: Row, position: usize, blocks: &[BlockId]| {
        let mut batch = RaggedBatch::new();
        let rows = batch.push_rows([row], position as u32, blocks, None);
        batch.want_hidden(rows.start);
        batch
    };
    let good = batch(Row::Token(1), 0, few);
    let mut unpushed = good.clone();
    unpushed.want_hidden(1);
    let cases = [
        ("a token beyond the vocabulary", batch(Row::Token(VOCAB as u32), 0, few)),
        ("a position without a block", batch(Row::Token(1), 64, few)),
        ("a position beyond the context", batch(Row::Token(1), CONTEXT, &blocks[..9])),
        ("a block beyond the cache", batch(Row::Token(1), 0, &blocks[1000..])),
        ("an embedding row that was not added", batch(Row::Embedding(0), 0, few)),
        ("a wanted row that was not pushed", unpushed),
    ];
    for kind in KINDS {
        let mut backend = backend(&on_disk.checkpoint, kind);
        for (what, batch) in &cases {
            let found = backend.forward(batch);
            assert!(matches!(found, Err(Error::Backend(BackendError::Range { .. }))), "{kind:?}, {what}: {found:?}");
        }
        assert_eq!(values(&backend.forward(&good).unwrap()).len(), HIDDEN);
    }
}

#[test]
fn a_batch_that_wants_or_holds_nothing_gives_nothing() {
    for model in [tiny::LLAMA, tiny::BERT_CLASSIFIER] {
        let on_disk = model.write();
        for kind in KINDS {
            let mut backend = backend(&on_disk.checkpoint, kind);
            let mut batch = RaggedBatch::new();
            assert!(values(&backend.forward(&batch).unwrap()).is_empty(), "{kind:?}");
            let blocks: Vec<_> = BlockPool::new(backend.kv_blocks().min(1)).take().into_iter().collect();
            batch.push_tokens(&[], 0, &[], None);
            batch.push_tokens(&[1, 2], 0, &blocks, None);
            let step = backend.forward(&batch).unwrap();
            assert!(step.logits.is_empty() && step.hidden.is_empty(), "{kind:?}");
            assert!(backend.log_probs(&step, &[]).unwrap().is_empty());
            assert!(backend.log_probs(&step, &[(0, 0)]).is_err());
        }
    }
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let on_disk = tiny::LLAMA.write();
    let adapter = |name: &str, rank: usize, a: usize, b: usize| {
        let low_rank = LowRank { a: vec![0.0; a], b: vec![0.0; b], rank };
        Adapter { modules: [(name.to_owned(), low_rank)].into(), scale: 1.0 }
    };
    let q = "model.layers.0.self_attn.q_proj";
    let wrong = [
        ("A", adapter(q, 1, HIDDEN + 1, 32)),
        ("B", adapter(q, 1, HIDDEN, 31)),
        ("rank", adapter(q, 0, 0, 0)),
        ("rank of one row each", adapter(q, 0, HIDDEN, 32)),
        ("name", adapter("model.layers.9.self_attn.q_proj", 1, HIDDEN, 32)),
    ];
    for kind in KINDS {
        let mut backend = backend(&on_disk.checkpoint, kind);
        assert!(backend.add_adapter(&adapter(q, 1, HIDDEN, 32)).is_ok());
        for (what, adapter) in &wrong {
            assert!(backend.add_adapter(adapter).is_err(), "{kind:?}: wrong {what}");
        }
    }
}
