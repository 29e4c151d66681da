//! Answers worded by a language model: a session that outgrows the prompt is cut, and what is left is found in the cache.

use std::ops::ControlFlow;

use docent::{
    engine::{Embedder, Engine, EngineOptions},
    recommend::converse::{Exchange, Labelled, Opinions, Phraser, Piece, Understander, understanding},
};

use crate::support::{minilm, smollm2};

/// Tokens of a prompt.
const BUDGET: usize = 600;

/// Labelled messages of people who had not seen the rules.
fn labelled(name: &str) -> Vec<Labelled> {
    let path = format!("{}/tests/reference/messages/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("labelled messages");
    text.lines().map(|line| serde_json::from_str(line).expect("a labelled message")).collect()
}

#[test]
fn messages_are_understood_by_rules_and_better_with_a_second_opinion() {
    let engine = Engine::load(smollm2(), &EngineOptions::default()).expect("the default model");
    let mut encoder = Embedder::load(minilm(), &EngineOptions::default()).expect("the default encoder");
    let understander = Understander::without_catalogue();
    let (mut alone, mut asked) = (0.0, 0.0);
    for (name, feedback) in [
        ("first", 0.9),
        ("second", 0.9),
        ("third", 0.9),
        ("fourth", 0.95),
        ("fifth", 0.95),
        ("sixth", 0.85),
        ("seventh", 0.9),
        ("eighth", 0.9),
        ("ninth", 0.9),
        ("tenth", 0.95),
        ("eleventh", 0.93),
    ] {
        let messages = labelled(name);
        let read =
            |opinions: &mut Opinions<'_>| understanding(&understander, &messages, opinions).expect("an understanding");
        let rules = read(&mut Opinions::default());
        assert!(rules.state_accuracy >= 0.85 && rules.feedback_f1 >= feedback, "{name}: {rules:?}");
        let both = read(&mut Opinions { encoder: Some(&mut encoder), engine: Some(&engine) });
        assert!(both.feedback_f1 > rules.feedback_f1 - 0.01, "{name}: {both:?}");
        alone += rules.state_accuracy;
        asked += both.state_accuracy;
    }
    assert!(asked > alone + 0.1, "{asked} and {alone}");
}

#[test]
fn a_long_session_is_cut_and_goes_on_from_the_cache() {
    let options = EngineOptions { kv_positions: 1024, ..EngineOptions::default() };
    let engine = Engine::load(smollm2(), &options).expect("the default model");
    let phraser = Phraser::new(&engine, BUDGET);
    let wordings = ["Here is something for you.", "What about these?", "I found some titles."];
    let piece = |wordings: &[&str]| Piece {
        wordings: wordings.iter().map(|wording| (*wording).to_owned()).collect(),
        ..Piece::default()
    };
    let pieces = [piece(&wordings), piece(&[" 1. A Sheriff for Noor (2000), which was directed by Rosa Tanaka."])];
    let mut session: Vec<Exchange> = Vec::new();
    let mut found = Vec::new();
    for turn in 0..24 {
        let message = format!("Message {turn}: show me something else, please, and nothing that I know.");
        session.push(Exchange { message, context: "State: recommendation.".into(), reply: String::new() });
        let before = engine.stats().expect("statistics");
        let mut heard = String::new();
        let text = phraser.write(&session, &pieces, &mut |text| {
            heard += text;
            Ok(ControlFlow::Continue(()))
        });
        let text = text.expect("an answer");
        assert_eq!(text, heard);
        assert!(wordings.iter().any(|wording| text == format!("{wording}{}", pieces[1].wordings[0])), "{text}");
        if let Some(last) = session.len().checked_sub(2) {
            // Two answers in a row begin in different words.
            assert_ne!(session[last].reply, text);
        }
        let after = engine.stats().expect("statistics");
        let asked = after.prompt_tokens - before.prompt_tokens;
        assert!(asked as usize <= BUDGET, "{asked} tokens in turn {turn}");
        found.push((after.cached_tokens - before.cached_tokens) as f64 / asked as f64);
        session.last_mut().expect("an exchange").reply = text;
    }
    // But for the turns in which the beginning was cut, most of the prompt was there.
    let kept = found[1..].iter().filter(|share| **share > 0.5).count();
    assert!(kept >= 14, "{found:?}");
}
