//! SmolLM2-135M-Instruct (Q4_1) against transformers on the same weights, dequantized.

use docent::{
    engine::{Engine, EngineOptions, Message, Prompt, Request, Scoring},
    models::backend::BackendKind,
};
use serde_json::Value;

use crate::support::{Runner, kl, log_softmax, reference_json, smollm2};

/// The mean divergence that the CPU backend's quantized activations may cost.
const CPU_MEAN_KL: f64 = 0.004;
/// What they may cost in the log-probability of a token, on average over a text.
const CPU_MEAN_GAP: f64 = 0.2;
/// Log-probabilities are checked in with six decimals, and both sides round in single precision.
const LOG_PROB_TOLERANCE: f64 = 2e-3;
/// Greedy tokens must agree wherever the best leads the second by more, in nats.
const CLEAR_GAP: f64 = 0.5;

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn engine(backend: BackendKind) -> Engine {
    let options = EngineOptions { backend, ..EngineOptions::default() };
    Engine::load(smollm2(), &options).unwrap()
}

fn messages(case: &Value) -> Vec<Message> {
    let messages = case["messages"].as_array().unwrap().iter();
    messages.map(|m| Message::new(m["role"].as_str().unwrap(), m["content"].as_str().unwrap())).collect()
}

#[test]
fn prompts_and_chats_have_the_same_tokens() {
    let engine = engine(BackendKind::Cpu);
    let reference = reference_json("smollm2-135m-q4_1.json");
    for case in reference["prompts"].as_array().unwrap() {
        let prompt = Prompt::Text(case["text"].as_str().unwrap().into());
        assert_eq!(engine.tokenize(&prompt).unwrap(), ids(&case["token_ids"]), "{}", case["text"]);
    }
    for case in reference["chats"].as_array().unwrap() {
        let (text, tokens) = engine.render(&Prompt::Messages(messages(case))).unwrap();
        assert_eq!(text, case["rendered"].as_str().unwrap());
        assert_eq!(tokens, ids(&case["token_ids"]), "{text}");
    }
}

#[test]
fn log_probabilities_and_greedy_texts_are_the_same() {
    let reference = reference_json("smollm2-135m-q4_1.json");
    for backend in [BackendKind::Cpu, BackendKind::Reference] {
        let engine = engine(backend);
        for case in reference["prompts"].as_array().unwrap().iter().chain(reference["chats"].as_array().unwrap()) {
            let tokens = ids(&case["token_ids"]);
            let scoring = Scoring { prefix: tokens.clone(), score_prefix: true, top: 20, ..Scoring::default() };
            let scores = engine.score(&scoring).unwrap();
            let top: Vec<f32> = scores.next_top.iter().map(|next| next.1).collect();
            for (ours, theirs) in [(scores.prefix, "token_logprobs"), (top, "last_top20_logprobs")] {
                let theirs = floats(&case[theirs]);
                let gaps = || ours.iter().zip(&theirs).map(|(ours, theirs)| (f64::from(*ours) - theirs).abs());
                let mean = gaps().sum::<f64>() / gaps().count() as f64;
                println!("{backend:?}: {mean} {}", gaps().fold(0.0, f64::max));
                match backend {
                    BackendKind::Cpu => assert!(mean < CPU_MEAN_GAP, "{mean} in {}", case["text"]),
                    _ => assert!(gaps().all(|gap| gap < LOG_PROB_TOLERANCE), "{ours:?} for {theirs:?}"),
                }
            }
            check_greedy(&engine, tokens, &ids(&case["greedy_ids"]), &floats(&case["greedy_gap"]));
        }
    }
}

/// The continuation is the same up to the first step at which the reference itself was undecided.
fn check_greedy(engine: &Engine, prompt: Vec<u32>, expected: &[u32], gaps: &[f64]) {
    let request = Request { prompt, max_tokens: expected.len(), ignore_eos: true, ..Request::default() };
    let ours = engine.complete(&request).unwrap().ids;
    for (step, (a, b)) in ours.iter().zip(expected).enumerate() {
        if a != b {
            assert!(gaps[step] <= CLEAR_GAP, "token {a} for {b} at step {step}, where the gap is {}", gaps[step]);
            return;
        }
    }
    assert_eq!(ours.len(), expected.len());
}

#[test]
fn long_texts_have_the_same_log_probabilities_and_little_divergence() {
    let long = reference_json("smollm2-long.json");
    let contexts = long["contexts"].as_array().unwrap();
    let mut reference = Runner::new(smollm2(), BackendKind::Reference, 2, 2048);
    let mut cpu = Runner::new(smollm2(), BackendKind::Cpu, 2, 2048);
    let (mut positions, mut divergence) = (0, 0.0);
    for context in contexts {
        let tokens = ids(&context["ids"]);
        let expected = floats(&context["logprobs"]);
        let vocab = reference.backend.architecture().vocab();
        let mut ours: Vec<Vec<f32>> = Vec::new();
        cpu.all_logits(&tokens, 256, |_, logits| ours.push(logits.to_vec()));
        let mut chunk = ours.iter();
        reference.all_logits(&tokens, 256, |start, logits| {
            let cpu_logits = chunk.next().unwrap();
            for (row, (p, q)) in logits.chunks_exact(vocab).zip(cpu_logits.chunks_exact(vocab)).enumerate() {
                let position = start + row;
                let (p, q) = (log_softmax(p), log_softmax(q));
                divergence += kl(&p, &q);
                positions += 1;
                if let Some(&next) = tokens.get(position + 1) {
                    let found = p[next as usize];
                    let wanted = expected[position + 1];
                    assert!((found - wanted).abs() < LOG_PROB_TOLERANCE, "{found} for {wanted} at {position}");
                }
                check_top(context, position, &p);
            }
        });
    }
    assert!(positions >= 4000, "{positions} positions");
    let mean = divergence / f64::from(positions);
    println!("mean KL divergence {mean}");
    assert!(mean <= CPU_MEAN_KL, "mean KL divergence {mean}");
}

fn check_top(context: &Value, position: usize, log_probs: &[f64]) {
    let tops = context["top"].as_array().unwrap();
    let Some(top) = tops.iter().find(|t| t["position"].as_u64() == Some(position as u64)) else { return };
    for (id, expected) in ids(&top["ids"]).into_iter().zip(floats(&top["logprobs"])) {
        let found = log_probs[id as usize];
        assert!((found - expected).abs() < LOG_PROB_TOLERANCE, "token {id} at {position}: {found} for {expected}");
    }
}

#[test]
fn long_greedy_texts_are_the_same() {
    let long = reference_json("smollm2-long.json");
    let engine = engine(BackendKind::Cpu);
    for case in long["greedy"].as_array().unwrap() {
        check_greedy(&engine, ids(&case["prompt_ids"]), &ids(&case["ids"]), &floats(&case["gaps"]));
    }
}
