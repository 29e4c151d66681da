//! Prefixes that are kept in a file: found again by another engine, and never mistaken.

use std::fs;

use docent::engine::{Engine, EngineOptions, Error, Generation, Request};

use super::engine;
use crate::support::{reference, smollm2};

fn request(engine: &Engine, end: &str) -> Request {
    let prompt = super::prompt(engine, &format!("{}{end}", super::SHARED.repeat(2)));
    Request { prompt, max_tokens: 12, ..Request::default() }
}

#[test]
fn another_engine_goes_on_from_the_file_with_the_same_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prefixes");
    let first = engine();
    let texts = |engine: &Engine| -> Vec<Generation> {
        [" Heat.", " Alien."].map(|end| engine.complete(&request(engine, end)).unwrap()).into()
    };
    let written = texts(&first);
    let saved = first.save_prefixes(&path).unwrap();
    assert!(saved >= 2, "{saved}");

    let second = engine();
    assert_eq!(second.load_prefixes(&path).unwrap(), saved);
    assert_eq!(texts(&second), written);
    let stats = second.stats().unwrap();
    let new = stats.prompt_tokens - stats.cached_tokens;
    assert!(new <= 4, "all but the last tokens are found: {stats:?}");

    // With room for less than there is, what fits is kept.
    let options = EngineOptions { kv_positions: 192, ..EngineOptions::default() };
    let small = Engine::load(smollm2(), &options).unwrap();
    assert!(small.load_prefixes(&path).unwrap() <= 3);
    let off = Engine::load(smollm2(), &EngineOptions { prefix_cache: false, ..EngineOptions::default() }).unwrap();
    assert_eq!(off.load_prefixes(&path).unwrap(), 0);
    // Nor does one that keeps nothing replace what another kept.
    assert_eq!(off.save_prefixes(&path).unwrap(), 0);
    assert_eq!(engine().load_prefixes(&path).unwrap(), saved);
}

#[test]
fn a_file_of_another_model_or_of_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prefixes");
    let engine = engine();
    engine.complete(&request(&engine, " Heat.")).unwrap();
    engine.save_prefixes(&path).unwrap();
    let tiny = Engine::load(&reference("tiny/llama-plain"), &EngineOptions::default()).unwrap();
    let refused = |result: Result<usize, Error>, expected: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Prefixes { .. }), "{error}");
        assert!(error.to_string().contains(expected) && error.hint().is_some(), "{error}");
    };
    refused(tiny.load_prefixes(&path), "another model");
    fs::write(&path, b"nothing").unwrap();
    refused(engine.load_prefixes(&path), "no prefixes");
    refused(engine.load_prefixes(&folder.path().join("missing")), "missing");
    refused(engine.save_prefixes(&folder.path().join("no folder/prefixes")), "no folder");
}
