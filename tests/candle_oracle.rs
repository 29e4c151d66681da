//! The tiny models against candle-transformers' own.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{bert, llama};
use docent::models::{
    backend::{BackendKind, load},
    batch::RaggedBatch,
    checkpoint::Checkpoint,
};

use crate::support::{Runner, reference, reference_json};

/// Both sides round in single precision, logits are of unit scale.
const TOLERANCE: f32 = 2e-4;
/// The CPU backend keeps keys and values in half precision.
const HALF_TOLERANCE: f32 = 5e-2;

fn close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let gap = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(gap <= tolerance, "{what}: {gap}");
}

fn weights(folder: &std::path::Path) -> VarBuilder<'static> {
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu).unwrap()
}

#[test]
fn llama_gives_the_same_logits() {
    let folder = reference("tiny/llama-plain");
    let config = reference_json("tiny/llama-plain/config.json");
    let config: llama::LlamaConfig = serde_json::from_value(config).unwrap();
    let config = config.into_config(false);
    let theirs = llama::Llama::load(weights(&folder), &config).unwrap();
    let ids: Vec<u32> = (0..40).map(|i| i * 7 % 64).collect();
    for length in [1, 2, 17, 40] {
        let ids = &ids[..length];
        let mut cache = llama::Cache::new(true, DType::F32, &config, &Device::Cpu).unwrap();
        let input = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let logits = theirs.forward(&input, 0, &mut cache).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        for backend in [BackendKind::Cpu, BackendKind::Reference, BackendKind::DeviceCpu] {
            let mut runner = Runner::new(&folder, backend, 2, 64);
            let vocab = runner.backend.architecture().vocab();
            let tolerance = if backend == BackendKind::Cpu { HALF_TOLERANCE } else { TOLERANCE };
            runner.all_logits(ids, 64, |_, ours| {
                close(&ours[ours.len() - vocab..], &logits, tolerance, &format!("{backend:?}, {length} tokens"));
            });
        }
    }
}

#[test]
fn bert_gives_the_same_hidden_states() {
    let folder = reference("tiny/bert-mean");
    let config: bert::Config = serde_json::from_value(reference_json("tiny/bert-mean/config.json")).unwrap();
    let theirs = bert::BertModel::load(weights(&folder), &config).unwrap();
    let ids: Vec<u32> = (0..30).map(|i| i * 5 % 64).collect();
    let input = Tensor::new(ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let hidden = theirs.forward(&input, &input.zeros_like().unwrap(), None).unwrap();
    let hidden: Vec<f32> = hidden.flatten_all().unwrap().to_vec1().unwrap();
    for kind in [BackendKind::Cpu, BackendKind::Reference, BackendKind::DeviceCpu] {
        let mut backend = load(&Checkpoint::open(&folder).unwrap(), &Runner::options(kind, 2, 0)).unwrap();
        let mut batch = RaggedBatch::new();
        batch.push_encoder(&ids, &vec![0; ids.len()]).for_each(|row| batch.want_hidden(row));
        let step = backend.forward(&batch).unwrap();
        close(&step.hidden.to_host().unwrap(), &hidden, TOLERANCE, &format!("{kind:?}"));
    }
}
