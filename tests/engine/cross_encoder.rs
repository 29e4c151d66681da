//! Cross-encoders against transformers, on the tiny classifier whose words are its ids.

use docent::engine::{BackendKind, CrossEncoder, EngineOptions, Relevance};
use serde_json::Value;

use super::folder;
use crate::support::{minilm, reference, reference_json, smollm2};

/// Largest difference of logits, which are written with six digits.
const TOLERANCE: f32 = 1e-4;

fn load(backend: BackendKind) -> CrossEncoder {
    let options = EngineOptions { backend, ..EngineOptions::default() };
    CrossEncoder::load(&reference("tiny/bert-classifier"), &options).unwrap()
}

/// The reference's pairs as words, with their logits.
fn pairs() -> Vec<(String, String, f32)> {
    let outputs = reference_json("tiny/bert-classifier/outputs.json");
    let pair = |case: &Value| {
        let list = |name: &str| case[name].as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect::<Vec<_>>();
        let (ids, types) = (list("ids"), list("token_types"));
        let of = |kind: u64| {
            let words = ids.iter().zip(&types).filter(|(id, of)| **of == kind && **id > 2);
            words.map(|(id, _)| format!("w{id}")).collect::<Vec<_>>().join(" ")
        };
        (of(0), of(1), case["class_logits"][0].as_f64().unwrap() as f32)
    };
    outputs["cases"].as_array().unwrap().iter().map(pair).filter(|(_, text, _)| !text.is_empty()).collect()
}

#[test]
fn pairs_have_the_scores_of_transformers() {
    assert!(pairs().len() >= 2);
    for backend in [BackendKind::Cpu, BackendKind::Reference, BackendKind::DeviceCpu] {
        let mut encoder = load(backend);
        for (query, text, expected) in pairs() {
            let logit = encoder.score_pairs(&query, &[&text], Relevance::Logit).unwrap()[0];
            assert!((logit - expected).abs() < TOLERANCE, "{backend:?}: {logit} for {expected}");
            let probability = encoder.score_pairs(&query, &[&text], Relevance::Probability).unwrap()[0];
            assert!((probability - 1.0 / (1.0 + (-expected).exp())).abs() < TOLERANCE, "{backend:?}: {probability}");
        }
    }
}

#[test]
fn scores_do_not_depend_on_their_company() {
    let mut encoder = load(BackendKind::Cpu);
    let texts: Vec<String> = (0..70).map(|i| format!("w{} w{}", i % 60 + 3, 63 - i % 60).repeat(i % 3 + 1)).collect();
    let together = encoder.score_pairs("w5 w9", &texts, Relevance::Logit).unwrap();
    for (text, score) in texts.iter().zip(&together).step_by(9) {
        assert_eq!(encoder.score_pairs("w5 w9", &[text], Relevance::Logit).unwrap(), [*score]);
    }
    assert!(encoder.score_pairs("w5", &[] as &[&str], Relevance::Logit).unwrap().is_empty());
}

#[test]
fn what_is_too_long_loses_its_end_and_is_counted() {
    let mut encoder = load(BackendKind::Cpu);
    let words = |count: usize| vec!["w7"; count].join(" ");
    // [CLS] w5 [SEP] .. [SEP]
    let fits = encoder.max_length() - 4;
    let scores = encoder.score_pairs("w5", &[words(fits), words(fits + 30)], Relevance::Logit).unwrap();
    assert_eq!(scores[0], scores[1]);
    assert_eq!(encoder.count_longer("w5", &[words(fits), words(fits + 1), words(fits + 30)]).unwrap(), 2);
}

#[test]
fn models_without_a_head_for_relevance_are_refused() {
    let fails = |path: &std::path::Path| CrossEncoder::load(path, &EngineOptions::default()).unwrap_err();
    let error = fails(minilm());
    assert!(error.to_string().ends_with("has no classification head"), "{error}");
    assert!(error.hint().unwrap().contains("--encoder"));
    let error = fails(smollm2());
    assert!(error.to_string().ends_with("language model, not an encoder"), "{error}");

    let files = ["config.json", "model.safetensors", "tokenizer.json"]
        .map(|name| (format!("tiny/bert-classifier/{name}"), name));
    let files: Vec<(&str, &str)> = files.iter().map(|(from, to)| (from.as_str(), *to)).collect();
    let many = folder(&files);
    let config = std::fs::read_to_string(many.path().join("config.json")).unwrap();
    let config = config.replace(r#""0": "LABEL_0""#, r#""0": "a", "1": "b", "2": "c""#);
    std::fs::write(many.path().join("config.json"), config).unwrap();
    let error = fails(many.path());
    assert!(error.to_string().ends_with("has 3 labels, expected 1 or 2"), "{error}");
}
