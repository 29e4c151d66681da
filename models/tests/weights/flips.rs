//! Damage anywhere in a file: opening fails, or everything that opens lies in bounds. Never a panic.

use std::path::Path;

use docent_models::{
    Format,
    weights::{
        Weights,
        gguf::{Array, Metadata, Value},
    },
};
use proptest::prelude::*;

use super::{
    Folder,
    writer::{Gguf, TensorSpec, safetensors},
};

fn gguf() -> Vec<u8> {
    let tokens = ["<s>", "a", "b"].into_iter().collect();
    Gguf::default()
        .with("general.architecture", Value::String("llama".into()))
        .with("general.alignment", Value::U32(32))
        .with("flag", Value::Bool(true))
        .with("rate", Value::F64(0.5))
        .with("tokens", Value::Array(Array::String(tokens)))
        .with("scores", Value::Array(Array::F32(vec![1.0, 2.0])))
        .with("nested", Value::Array(Array::Array(vec![Array::I16(vec![1]), Array::Bool(vec![false])])))
        .tensor(TensorSpec::new("a.weight", Format::F32, &[2, 4]))
        .tensor(TensorSpec::new("b.weight", Format::Q4_1, &[2, 32]))
        .tensor(TensorSpec::new("c.weight", Format::Q6K, &[1, 256]))
        .write()
        .bytes
}

fn single() -> Vec<u8> {
    safetensors(&[
        ("a.weight", "F32", &[2, 4], vec![1; 32]),
        ("ids", "I64", &[2], vec![2; 16]),
        ("b.weight", "BF16", &[3], vec![3; 6]),
    ])
}

/// Opens the file and touches all that it offers. Gives whether it opened.
fn survives(path: &Path) -> bool {
    let Ok(weights) = Weights::open(path) else { return false };
    for name in weights.names() {
        let tensor = weights.tensor(name).unwrap();
        assert_eq!(tensor.format().bytes_of(tensor.elements()), Some(tensor.data().len()));
        std::hint::black_box(tensor.data().iter().map(|&b| u64::from(b)).sum::<u64>());
    }
    for (name, _) in weights.unsupported() {
        assert!(weights.tensor(name).is_err());
    }
    for (key, value) in weights.metadata().into_iter().flat_map(Metadata::iter) {
        std::hint::black_box((key, value.to_string()));
    }
    std::hint::black_box(weights.hash());
    true
}

#[test]
fn the_undamaged_files_open() {
    let folder = Folder::new();
    assert!(survives(&folder.write("m.gguf", &gguf())));
    assert!(survives(&folder.write("m.safetensors", &single())));
}

#[test]
fn every_truncation_fails() {
    let folder = Folder::new();
    for (name, bytes) in [("m.gguf", gguf()), ("m.safetensors", single())] {
        for length in 0..bytes.len() {
            assert!(!survives(&folder.write(name, &bytes[..length])), "{name} of {length} bytes opened");
        }
    }
}

#[test]
fn every_byte_may_change() {
    let folder = Folder::new();
    for (name, bytes) in [("m.gguf", gguf()), ("m.safetensors", single())] {
        for position in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff, bytes[position]] {
                let mut damaged = bytes.clone();
                damaged[position] ^= change;
                survives(&folder.write(name, &damaged));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_bytes_may_change(
        is_gguf in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let (name, mut bytes) = if is_gguf { ("m.gguf", gguf()) } else { ("m.safetensors", single()) };
        for (position, value) in changes {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        if let Some(keep) = keep {
            bytes.truncate(keep.index(bytes.len()));
        }
        let folder = Folder::new();
        survives(&folder.write(name, &bytes));
    }
}
