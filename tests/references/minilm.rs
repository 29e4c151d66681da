//! MiniLM against sentence-transformers.

use std::ops::ControlFlow;

use docent::engine::{Embedder, EngineOptions};
use docent::models::backend::BackendKind;

use crate::support::{minilm, reference_json};

#[test]
fn vectors_equal_those_of_sentence_transformers() {
    let reference = reference_json("minilm-l6.json");
    let cases = reference["texts"].as_array().unwrap();
    let texts: Vec<&str> = cases.iter().map(|c| c["text"].as_str().unwrap()).collect();
    for backend in [BackendKind::Cpu, BackendKind::Reference, BackendKind::DeviceCpu] {
        let options = EngineOptions { backend, ..EngineOptions::default() };
        let mut embedder = Embedder::load(minilm(), &options).unwrap();
        let embeddings = embedder.embed(&texts, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(embeddings.rows().len(), cases.len());
        for (case, ours) in cases.iter().zip(embeddings.rows()) {
            let theirs = case["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap());
            let (mut dot, mut theirs_square) = (0.0, 0.0);
            for (a, b) in ours.iter().zip(theirs) {
                dot += f64::from(*a) * b;
                theirs_square += b * b;
            }
            let norm: f64 = ours.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
            let cosine = dot / (norm * theirs_square.sqrt());
            assert!((norm - 1.0).abs() < 1e-5, "{backend:?}: length {norm}");
            assert!(cosine >= 0.9999, "{backend:?}: cosine {cosine} for {}", case["text"]);
        }
    }
}
