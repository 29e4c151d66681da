//! A language model's mean hidden states, and the features made of them.

use std::ops::ControlFlow;

use docent::{
    engine::{Embedder, EngineOptions, POOLED_TOKENS},
    models::{backend::BackendKind, batch::RaggedBatch},
    recommend::{Catalogue, Interaction, Item, LLMFeatureExtractor, features::User},
};

use super::engine;
use crate::support::{Runner, minilm, smollm2};

const TEXTS: [&str; 4] = ["The Matrix (1999), rated 5; Big, rated 2", "a", "", "Toy Story. genres: Animation, Comedy"];

#[test]
fn vectors_are_the_means_of_the_last_hidden_states() {
    let engine = engine();
    let mut done = 0;
    let together = engine
        .embed(&TEXTS, &mut |more| {
            done += more;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(done, TEXTS.len());
    let mut runner = Runner::new(smollm2(), BackendKind::Cpu, 2, 1024);
    for (text, vector) in TEXTS.iter().zip(together.rows()) {
        let ids = engine.tokenizer().encode_prompt(text).unwrap();
        let blocks = runner.take_blocks(ids.len());
        let mut batch = RaggedBatch::new();
        batch.push_tokens(&ids, 0, &blocks, None).for_each(|row| batch.want_hidden(row));
        let step = runner.backend.forward(&batch).unwrap();
        let hidden = step.hidden.to_host().unwrap();
        let mean = |column: usize| {
            let column = hidden.iter().skip(column).step_by(together.width).map(|x| f64::from(*x));
            column.sum::<f64>() / ids.len() as f64
        };
        for (column, value) in vector.iter().enumerate() {
            assert!((f64::from(*value) - mean(column)).abs() < 1e-4, "{text:?}: {value} for {}", mean(column));
        }
        runner.release(&blocks);
    }
}

#[test]
fn vectors_do_not_depend_on_their_company() {
    let engine = engine();
    let texts: Vec<String> = (0..40).map(|i| "a word or two ".repeat(i % 8)).collect();
    let together = engine.embed(&texts, &mut |_| ControlFlow::Continue(())).unwrap();
    for (text, vector) in texts.iter().zip(together.rows()).step_by(11) {
        assert_eq!(engine.embed(&[text], &mut |_| ControlFlow::Continue(())).unwrap().values, vector);
    }
    let error = engine.embed(&texts, &mut |_| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(error, docent::engine::Error::Cancelled), "{error}");
    let long = engine.embed(&["word ".repeat(700), "word ".repeat(600)], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(long.tokens, 2 * POOLED_TOKENS);
    assert_eq!(long.rows().next(), long.rows().nth(1));
}

#[test]
fn users_are_described_by_what_they_did_last() {
    let items = ["Heat", "Big", "Alien"].map(|title| Item { title: title.into(), ..Item::default() });
    let catalogue = Catalogue::new(items.to_vec());
    let event = |item, rating| Interaction { user: 0, item, rating: Some(rating), timestamp: None };
    let history = [event(0, 4.0), event(2, 5.0)];
    let users = [User { profile: Some("likes space"), history: &history }, User::default()];
    let text = "likes space. Heat, rated 4; Alien, rated 5";
    let mut embedder = Embedder::load(minilm(), &EngineOptions::default()).unwrap();
    let vectors =
        LLMFeatureExtractor::new(&mut embedder).users(&users, &catalogue, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(vectors.values, embedder.embed(&[text, ""], &mut |_| ControlFlow::Continue(())).unwrap().values);
    let mut engine = engine();
    let vectors =
        LLMFeatureExtractor::new(&mut engine).users(&users, &catalogue, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(vectors.values, engine.embed(&[text, ""], &mut |_| ControlFlow::Continue(())).unwrap().values);
}
