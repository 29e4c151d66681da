//! Batches that refer to what does not exist are refused, and the backend goes on.

use docent_models::{
    Error,
    adapter::{Adapter, LowRank},
    backend::BackendError,
    batch::{RaggedBatch, Row},
    kv::BlockPool,
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
    let blocks: Vec<_> = (0..1024).map(|_| pool.take().unwrap()).collect();
    let few = &blocks[..1];
    let batch = |fill: &dyn Fn(&mut RaggedBatch)| {
        let mut batch = RaggedBatch::new();
        fill(&mut batch);
        batch
    };
    let cases = [
        ("a token beyond the vocabulary", batch(&|b| drop(b.push_tokens(&[VOCAB as u32], 0, few, None)))),
        ("a position without a block", batch(&|b| drop(b.push_tokens(&[1], 64, few, None)))),
        ("a position beyond the context", batch(&|b| drop(b.push_tokens(&[1], CONTEXT as u32, &blocks[..9], None)))),
        ("a block beyond the cache", batch(&|b| drop(b.push_tokens(&[1], 0, &blocks[1000..], None)))),
        ("an embedding row that was not added", batch(&|b| drop(b.push_rows([Row::Embedding(0)], 0, few, None)))),
        ("a wanted row that was not pushed", batch(&|b| b.want_hidden(0))),
    ];
    for kind in KINDS {
        let mut backend = backend(&on_disk.checkpoint, kind);
        for (what, batch) in &cases {
            let found = backend.forward(batch);
            assert!(matches!(found, Err(Error::Backend(BackendError::Range { .. }))), "{kind:?}, {what}: {found:?}");
        }
        let good = batch(&|b| {
            let rows = b.push_tokens(&[1], 0, few, None);
            b.want_hidden(rows.start);
        });
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
            let block = BlockPool::new(1).take().unwrap();
            batch.push_tokens(&[], 0, &[], None);
            batch.push_tokens(&[1, 2], 0, &[block], None);
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
    let adapter = |name: &str, a: usize, b: usize| {
        let low_rank = LowRank { a: vec![0.0; a], b: vec![0.0; b], rank: 1 };
        Adapter { modules: [(name.to_owned(), low_rank)].into(), scale: 1.0 }
    };
    let q = "model.layers.0.self_attn.q_proj";
    for kind in KINDS {
        let mut backend = backend(&on_disk.checkpoint, kind);
        assert!(backend.add_adapter(&adapter(q, HIDDEN, 32)).is_ok());
        assert!(backend.add_adapter(&adapter(q, HIDDEN + 1, 32)).is_err());
        assert!(backend.add_adapter(&adapter(q, HIDDEN, 31)).is_err());
        assert!(backend.add_adapter(&adapter("model.layers.9.self_attn.q_proj", HIDDEN, 32)).is_err());
    }
}
