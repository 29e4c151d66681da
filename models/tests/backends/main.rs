//! The backends against each other, against transformers, and the gradients of the one that has some.

mod agreement;
mod faults;
mod gradients;
mod steps;
mod tiny;
mod transformers;

use std::sync::Arc;

use docent_models::{
    Isa, KvFormat, Pool,
    backend::{Backend, BackendKind, LoadOptions, Step, load},
    checkpoint::Checkpoint,
};

const KINDS: [BackendKind; 3] = [BackendKind::Reference, BackendKind::Cpu, BackendKind::DeviceCpu];

/// Positions of KV cache in every test.
const KV_POSITIONS: usize = 1024;

/// Two threads and the best instruction set of this processor.
fn options(kind: BackendKind) -> LoadOptions {
    LoadOptions {
        backend: kind,
        isa: Isa::detect(),
        pool: Arc::new(Pool::new(2)),
        kv_positions: KV_POSITIONS,
        kv_format: KvFormat::default(),
        memory: None,
    }
}

/// The checkpoint in one backend.
fn backend(checkpoint: &Checkpoint, kind: BackendKind) -> Box<dyn Backend> {
    load(checkpoint, &options(kind)).unwrap()
}

/// All logits of a step, then all its hidden states.
fn values(step: &Step) -> Vec<f32> {
    [&step.logits, &step.hidden].into_iter().flat_map(|rows| rows.to_host().unwrap().into_owned()).collect()
}

/// How far the logits of a backend's decoder may be from exact ones: `exact`, or, where keys and values are kept in 16 bits,
/// what that makes of the tiny models' logits.
fn decoder_tolerance(kind: BackendKind, exact: f32) -> f32 {
    const SIXTEEN_BITS: f32 = 3e-2;
    if kind == BackendKind::Cpu { SIXTEEN_BITS } else { exact }
}

/// Both lists are equally long and nowhere further apart than `tolerance`; infinities must be equal.
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    for (index, (x, y)) in found.iter().zip(expected).enumerate() {
        assert!(x == y || (x - y).abs() <= tolerance, "{what}: value {index} is {x}, expected {y}");
    }
}
