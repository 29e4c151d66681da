//! Likelihoods of titles on the default language model, with and without calibration.

use docent::{
    engine::{Engine, EngineOptions},
    recommend::{
        Candidate, Catalogue, Interaction, Item, LLMReranker, Source,
        rerank::{QueryLikelihood, RerankOptions, fuse},
    },
};

use crate::support::smollm2;

fn engine() -> Engine {
    Engine::load(smollm2(), &EngineOptions::default()).expect("the default model")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn calibration_takes_the_likelihood_without_the_user_off() {
    let engine = engine();
    let (liked, titles) = (texts(&["Alien", "Blade Runner"]), texts(&["Aliens", "Big", "Heat"]));
    let plain = RerankOptions::default();
    let with_user = LLMReranker::new(&engine, plain).likelihoods(&liked, &titles).unwrap();
    let without = LLMReranker::new(&engine, plain).likelihoods(&[], &titles).unwrap();
    let mut calibrated = LLMReranker::new(&engine, RerankOptions { calibrate: true, ..plain });
    // The second list finds some of its titles scored already.
    calibrated.likelihoods(&liked, &titles[1..]).unwrap();
    let found = calibrated.likelihoods(&liked, &titles).unwrap();
    for ((found, with_user), without) in found.iter().zip(&with_user).zip(&without) {
        assert_eq!(*found, with_user - without);
    }
    assert!(calibrated.likelihoods(&liked, &[]).unwrap().is_empty());
}

#[test]
fn reranking_permutes_and_keeps_what_was_said() {
    let titles = ["Alien", "Aliens", "Big", "Heat", "Blade Runner"];
    let catalogue = Catalogue::new(titles.map(|title| Item { title: title.into(), ..Item::default() }).to_vec());
    let history = [Interaction { user: 0, item: 0, rating: Some(5.0), timestamp: None }];
    let candidates: Vec<Candidate> =
        (1..titles.len()).map(|item| Candidate { item, score: item as f32, sources: Vec::new() }).collect();
    let engine = engine();
    let mut reranker = LLMReranker::new(&engine, RerankOptions::default());
    let likelihoods = reranker.scores(&history, &[1, 2, 3, 4], &catalogue).unwrap();
    let reranked = fuse(candidates, Source::Likelihood, &likelihoods, 100.0);
    let mut items: Vec<usize> = reranked.iter().map(|candidate| candidate.item).collect();
    let likelihoods: Vec<f32> = reranked.iter().map(|candidate| candidate.sources[0].value).collect();
    assert!(likelihoods.is_sorted_by(|a, b| a >= b), "{likelihoods:?}");
    assert!(reranked.iter().all(|candidate| candidate.sources[0].source == Source::Likelihood));
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3, 4]);
}

#[test]
fn a_query_lifts_the_texts_that_are_about_it() {
    let engine = engine();
    let texts = texts(&["A recipe for tomato soup", "The oil of a car", "word ".repeat(400).as_str()]);
    let mut judge = QueryLikelihood::new(&engine);
    let scores = judge.scores("cooking with vegetables", &texts).unwrap();
    assert!(scores[0] > scores[1], "{scores:?}");
    assert_eq!(judge.count_longer(&texts).unwrap(), 1);
    assert!(judge.scores("cooking", &[]).unwrap().is_empty());
}
