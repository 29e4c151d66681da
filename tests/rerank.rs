//! Likelihoods of titles on the default language model, with and without calibration.

use docent::{
    engine::{Engine, EngineOptions},
    recommend::{
        Candidate, Catalogue, Interaction, Item, LLMReranker, Source,
        rerank::{Judge, Mode, RerankOptions, Wish, fuse},
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
    let with_user = LLMReranker::new(&engine, plain).judge(Wish::Liked(&liked), &titles).unwrap();
    let without = LLMReranker::new(&engine, plain).judge(Wish::Liked(&[]), &titles).unwrap();
    let mut calibrated = LLMReranker::new(&engine, RerankOptions { calibrate: true, ..plain });
    // The second list finds some of its titles scored already.
    calibrated.judge(Wish::Liked(&liked), &titles[1..]).unwrap();
    let found = calibrated.judge(Wish::Liked(&liked), &titles).unwrap();
    for ((found, with_user), without) in found.iter().zip(&with_user).zip(&without) {
        assert_eq!(*found, with_user - without);
    }
    assert!(calibrated.judge(Wish::Liked(&liked), &[]).unwrap().is_empty());
    let asked = calibrated.judge(Wish::Query("films about space"), &titles).unwrap();
    let mut fresh = LLMReranker::new(&engine, RerankOptions { calibrate: true, ..plain });
    assert_eq!(asked, fresh.judge(Wish::Query("films about space"), &titles).unwrap(), "each kind of wish has its own");
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
    let reranked = fuse(candidates, Source::LanguageModel(Mode::Likelihood), &likelihoods, 100.0);
    let mut items: Vec<usize> = reranked.iter().map(|candidate| candidate.item).collect();
    let likelihoods: Vec<f32> = reranked.iter().map(|candidate| candidate.sources[0].value).collect();
    assert!(likelihoods.is_sorted_by(|a, b| a >= b), "{likelihoods:?}");
    assert!(reranked.iter().all(|candidate| candidate.sources[0].source == Source::LanguageModel(Mode::Likelihood)));
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3, 4]);
}

#[test]
fn a_request_is_what_a_reranker_hears() {
    let titles = ["Alien", "Aliens", "Big", "Heat"];
    let catalogue = Catalogue::new(titles.map(|title| Item { title: title.into(), ..Item::default() }).to_vec());
    let history = [Interaction { user: 0, item: 0, rating: Some(5.0), timestamp: None }];
    let engine = engine();
    let mut judge = Judge::LanguageModel(engine.clone(), RerankOptions::default());
    let mut scorer = judge.scorer(&catalogue);
    let items = [1, 2, 3];
    let query = "a film with Robert De Niro";
    let heard = scorer.score(&history, Some(query), &items).unwrap();
    let texts = texts(&titles[1..]);
    assert_eq!(heard, LLMReranker::new(&engine, RerankOptions::default()).judge(Wish::Query(query), &texts).unwrap());
    assert_ne!(heard, scorer.score(&history, None, &items).unwrap());
}

#[test]
fn a_query_lifts_the_texts_that_are_about_it() {
    let engine = engine();
    let texts = texts(&["A recipe for tomato soup", "The oil of a car", "word ".repeat(400).as_str()]);
    let mut judge = LLMReranker::new(&engine, RerankOptions { calibrate: true, ..RerankOptions::default() });
    let wish = Wish::Query("cooking with vegetables");
    let scores = judge.judge(wish, &texts).unwrap();
    assert!(scores[0] > scores[1], "{scores:?}");
    assert_eq!(judge.count_longer(&texts).unwrap(), 1);
    assert!(judge.judge(wish, &[]).unwrap().is_empty());
}

#[test]
fn every_mode_gives_each_text_a_score() {
    let engine = engine();
    let lists = [0, 1, 2, 7].map(|len| texts(&["Alien", "Big", "Heat", "Jaws", "Big", "", "line\nbreak"][..len]));
    for mode in Mode::ALL {
        for permutations in [1, 3] {
            // Windows of three, so that longer lists are seen in parts.
            let options = RerankOptions { mode, permutations, window: 3, ..RerankOptions::default() };
            let mut reranker = LLMReranker::new(&engine, options);
            for list in &lists {
                for wish in [Wish::Query("a film about a shark"), Wish::Liked(&lists[2])] {
                    let scores = reranker.judge(wish, list).unwrap();
                    assert_eq!(scores.len(), list.len(), "{mode:?}");
                    assert!(scores.iter().all(|score| score.is_finite()), "{mode:?}: {scores:?}");
                    assert_eq!(scores, reranker.judge(wish, list).unwrap(), "{mode:?} twice");
                    if mode.sees_order() && list.len() > 3 && permutations == 1 {
                        let mut ranks: Vec<i32> = scores.iter().map(|score| -score as i32).collect();
                        ranks.sort_unstable();
                        assert_eq!(ranks, (0..list.len() as i32).collect::<Vec<_>>(), "{mode:?} is a permutation");
                    }
                }
            }
        }
    }
}
