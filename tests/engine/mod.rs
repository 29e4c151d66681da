//! The engine on the default model: batches, sharing, streams, choices, and the errors that users meet.

mod constraint;
mod cross_encoder;
mod many;
mod pooled;
mod prefixes;
mod soft;

use std::{collections::HashSet, fs, ops::ControlFlow, path::Path};

use docent::{
    engine::{Embedder, Engine, EngineOptions, FinishReason, Prompt, Request, Sampling, Scoring},
    models::{
        backend::{BackendKind, LoadOptions, load},
        checkpoint::Checkpoint,
    },
};

use crate::support::{Runner, minilm, reference, smollm2};

fn engine() -> Engine {
    Engine::load(smollm2(), &EngineOptions { threads: Some(2), ..EngineOptions::default() }).unwrap()
}

fn prompt(engine: &Engine, text: &str) -> Vec<u32> {
    engine.tokenize(&Prompt::Text(text.into())).unwrap()
}

const SHARED: &str = "The following is a list of films with one sentence about each of them, written for somebody who has \
     not seen them. It says what happens at the beginning, never how it ends, and it names neither the actors nor the \
     director. Sentences are short, plain and kind. The first film of the list is called";

#[test]
fn texts_are_the_same_alone_and_together() {
    let engine = engine();
    let warm = Sampling { temperature: 0.9, top_k: 40, top_p: 0.95, min_p: 0.01, repetition_penalty: 1.1 };
    let titles = [" Heat.", " Jumanji, and", " Toy Story.", ""];
    let requests: Vec<Request> = (0..8)
        .map(|i| Request {
            prompt: prompt(&engine, &format!("{SHARED}{}", titles[i % titles.len()])),
            max_tokens: 3 + 2 * i,
            sampling: if i % 2 == 0 { warm } else { Sampling::default() },
            seed: i as u64 / 4,
            ..Request::default()
        })
        .collect();
    let together = engine.generate(&requests).unwrap();
    let alone: Vec<_> = requests.iter().map(|request| engine.complete(request).unwrap()).collect();
    assert_eq!(together, alone);
    assert_ne!(together[0].ids, together[4].ids[..together[0].ids.len()], "seeds decide");
}

#[test]
fn a_cache_with_room_for_few_gives_the_same_texts() {
    let options = EngineOptions { threads: Some(2), kv_positions: 192, ..EngineOptions::default() };
    let small = Engine::load(smollm2(), &options).unwrap();
    let requests: Vec<Request> = ["One", "Two", "Three", "Four", "Five"]
        .map(|text| Request { prompt: prompt(&small, text), max_tokens: 60, ..Request::default() })
        .into();
    let crowded = small.generate(&requests).unwrap();
    let alone: Vec<_> = requests.iter().map(|request| engine().complete(request).unwrap()).collect();
    assert_eq!(crowded, alone);
}

#[test]
fn events_join_to_the_text_and_breaking_cancels_one_request_only() {
    let engine = engine();
    let request = Request { prompt: prompt(&engine, "Once upon a time"), max_tokens: 12, ..Request::default() };
    let mut texts = [String::new(), String::new()];
    let mut tokens = [0; 2];
    let done = engine
        .stream(&[request.clone(), request], &mut |event| {
            texts[event.request] += &event.token.text;
            tokens[event.request] += 1;
            if event.request == 1 && tokens[1] == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(done[0].finish_reason, FinishReason::Length);
    assert_eq!(done[1].finish_reason, FinishReason::Cancelled);
    assert_eq!((done[0].ids.len(), tokens), (12, [12, 4]));
    assert!((4..12).contains(&done[1].ids.len()), "a few tokens may come before it is noticed");
    assert!(done[0].ids.starts_with(&done[1].ids) && done[1].text.starts_with(&texts[1]));
    assert_eq!(texts[0], done[0].text);
}

#[test]
fn stop_strings_and_the_end_token_end_a_text() {
    let engine = engine();
    let base = Request { prompt: prompt(&engine, "Once upon a time"), max_tokens: 24, ..Request::default() };
    let whole = engine.complete(&base).unwrap();
    let stop = whole.text.split_whitespace().nth(5).unwrap().to_owned();
    let stopped = engine.complete(&Request { stop: vec![stop.clone()], ..base.clone() }).unwrap();
    assert_eq!(stopped.finish_reason, FinishReason::Stop);
    assert_eq!(stopped.text, whole.text[..whole.text.find(&stop).unwrap()]);
    let messages = serde_json::from_str(r#"[{"role": "user", "content": "Say hello."}]"#).unwrap();
    let chat = engine.tokenize(&Prompt::Messages(messages)).unwrap();
    let answer = engine.complete(&Request { prompt: chat, max_tokens: 100, ..base }).unwrap();
    assert_eq!(answer.finish_reason, FinishReason::Stop);
    assert!(engine.tokenizer().eos().contains(answer.ids.last().unwrap()));
    assert!(!answer.text.contains("<|im_end|>"));
}

#[test]
fn scores_do_not_depend_on_their_grouping() {
    let engine = engine();
    let prefix = prompt(&engine, SHARED);
    let continuations: Vec<Vec<u32>> = (0..40)
        .map(|i| engine.tokenize_continuation(&format!(" film number {i}, {}", "long ".repeat(i % 7))).unwrap())
        .chain([Vec::new()])
        .collect();
    let scoring = Scoring { prefix, continuations, score_prefix: true, top: 3, ..Scoring::default() };
    let together = engine.score(&scoring).unwrap();
    for (continuation, scores) in scoring.continuations.iter().zip(&together.continuations) {
        let alone = Scoring { continuations: vec![continuation.clone()], ..scoring.clone() };
        let alone = engine.score(&alone).unwrap();
        assert_eq!(&alone.continuations[0], scores);
        assert_eq!((&alone.prefix, &alone.next_top), (&together.prefix, &together.next_top));
        let whole = Scoring {
            prefix: [scoring.prefix.as_slice(), continuation].concat(),
            score_prefix: true,
            ..Scoring::default()
        };
        let whole = engine.score(&whole).unwrap().prefix;
        assert_eq!(whole[scoring.prefix.len()..], scores[..], "as a continuation and as a part of the prompt");
    }
}

#[test]
fn choices_follow_the_likelihoods() {
    let engine = engine();
    let question = prompt(&engine, "The capital of France is");
    let greedy = Sampling::default();
    let options = [" Berlin", " Paris", " Paris, Texas", " Rome"];
    let choice = engine.choose(&question, &options, &greedy, 0).unwrap();
    assert!([1, 2].contains(&choice.index), "{choice:?}");
    assert_eq!(engine.choose(&question, &[" Rome"], &greedy, 0).unwrap().log_prob, 0.0, "nothing to choose");
    let warm = Sampling { temperature: 9.0, ..greedy };
    let drawn: HashSet<usize> =
        (0..12).map(|seed| engine.choose(&question, &options, &warm, seed).unwrap().index).collect();
    assert!(drawn.len() > 1, "seeds decide: {drawn:?}");
    assert!(engine.choose(&question, &[], &greedy, 0).is_err());
    assert!(engine.choose(&question, &[" a", ""], &greedy, 0).is_err());
}

#[test]
fn what_does_not_fit_is_told_with_its_limit() {
    let engine = engine();
    let cases: [(usize, &[&str]); 2] = [(9000, &["9001", "8192", "context"]), (0, &["prompt is empty"])];
    for (tokens, expected) in cases {
        let request = Request { prompt: vec![300; tokens], max_tokens: 1, ..Request::default() };
        let error = engine.complete(&request).unwrap_err().to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    }
    let options = EngineOptions { kv_positions: 128, ..EngineOptions::default() };
    let small = Engine::load(smollm2(), &options).unwrap();
    let error = small.complete(&Request { prompt: vec![300; 200], max_tokens: 1, ..Request::default() }).unwrap_err();
    assert!(error.to_string().contains("128") && error.hint().unwrap().contains("--kv-positions"), "{error}");
    for sampling in
        [Sampling { temperature: -1.0, ..Sampling::default() }, Sampling { top_p: f32::NAN, ..Sampling::default() }]
    {
        let request = Request { prompt: vec![300], max_tokens: 1, sampling, ..Request::default() };
        assert!(engine.complete(&request).unwrap_err().to_string().contains("expected a number"));
    }
}

/// A folder with the files of tiny models, under the names given.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in files {
        fs::copy(reference(from), folder.path().join(to)).unwrap();
    }
    folder
}

const TINY: [(&str, &str); 2] =
    [("tiny/llama-plain/config.json", "config.json"), ("tiny/llama-plain/model.safetensors", "model.safetensors")];

fn load_error(path: &Path) -> (String, String) {
    let error = Engine::load(path, &EngineOptions::default()).unwrap_err();
    (error.to_string(), error.hint().unwrap_or_default())
}

#[test]
fn models_that_cannot_run_are_refused_with_the_reason() {
    let unknown = folder(&TINY);
    let config = fs::read_to_string(unknown.path().join("config.json")).unwrap();
    fs::write(unknown.path().join("config.json"), config.replace("\"llama\"", "\"gpt_neox\"")).unwrap();
    let (error, hint) = load_error(unknown.path());
    assert!(error.contains("gpt_neox") && hint.contains("qwen3") && hint.contains("bert"), "{error}; {hint}");

    let mut files = TINY.to_vec();
    files.push(("tokenizers/llama2/tokenizer.json", "tokenizer.json"));
    let (error, _) = load_error(folder(&files).path());
    assert!(error.contains("700") && error.contains("64"), "{error}");

    let (error, hint) = load_error(minilm());
    assert!(error.contains("encoder") && hint.contains("--model"), "{error}; {hint}");
    let error = Embedder::load(smollm2(), &EngineOptions::default()).unwrap_err();
    assert!(error.to_string().contains("language model"), "{error}");

    let options = LoadOptions { memory: Some(50_000_000), ..Runner::options(BackendKind::Cpu, 1, 64) };
    let error = load(&Checkpoint::open(smollm2()).unwrap(), &options).err().unwrap();
    assert!(error.to_string().contains("50000000") && error.hint().unwrap().contains("smaller"), "{error}");
}

#[test]
fn embeddings_do_not_depend_on_their_company() {
    let mut embedder = Embedder::load(minilm(), &EngineOptions::default()).unwrap();
    let texts: Vec<String> = (0..60).map(|i| "a word or two ".repeat(i % 30 + 1)).collect();
    let mut done = 0;
    let together = embedder
        .embed(&texts, &mut |more| {
            done += more;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(done, texts.len());
    for (text, vector) in texts.iter().zip(together.rows()).step_by(7) {
        assert_eq!(embedder.embed(&[text], &mut |_| ControlFlow::Continue(())).unwrap().values, vector);
    }
    // Broken off after the first of at least two steps.
    let texts = vec!["a word or two ".repeat(40); 60];
    let mut steps = 0;
    let error = embedder.embed(&texts, &mut |_| {
        steps += 1;
        ControlFlow::Break(())
    });
    assert!(matches!(error, Err(docent::engine::Error::Cancelled)) && steps == 1, "{steps} steps");
    assert!(embedder.embed(&[] as &[&str], &mut |_| ControlFlow::Continue(())).unwrap().values.is_empty());
}
