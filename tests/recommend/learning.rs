//! What both stages learn where there is something to learn, and that they see chance where there is nothing.

use std::ops::ControlFlow;

use docent::recommend::{
    Catalogue, Interactions, NoJudge,
    evaluate::{Candidates, EvaluateData, EvaluateOptions, Evaluation, Method, Ties, evaluate},
};

use super::{catalogue, noise, tastes};

fn evaluation(catalogue: &Catalogue, interactions: &Interactions, methods: &[Method]) -> Vec<Evaluation> {
    let options = EvaluateOptions {
        methods: methods.to_vec(),
        holdout: docent::recommend::evaluate::Holdout::Last(5),
        orders: vec![Ties::Random(1)],
        candidates: Candidates::Full,
        rerank: docent::recommend::rerank::Asked::default(),
        diversity: 0.3,
        limit_users: None,
        seed: 1,
    };
    let data = EvaluateData { catalogue, interactions, semantic: None };
    evaluate(data, &options, &mut NoJudge, &mut |_| ControlFlow::Continue(())).expect("an evaluation")
}

#[test]
fn where_the_next_item_is_chance_nothing_beats_chance() {
    const USERS: usize = 150;
    const ITEMS: usize = 200;
    const LENGTH: usize = 24;
    let evaluations = evaluation(&catalogue(ITEMS), &noise(USERS, ITEMS, LENGTH), &[Method::Fused, Method::Hybrid]);
    // Every rank among the open items is equally likely; the last five of each user test.
    let open = (ITEMS - LENGTH + 3) as f64;
    let gain = |rank: i32| 1.0 / f64::from(rank + 2).log2();
    let chance: f64 = (0..10).map(gain).sum::<f64>() / open;
    let variance = (0..10).map(|rank| gain(rank).powi(2)).sum::<f64>() / open - chance * chance;
    let error = (variance / (USERS * 5) as f64).sqrt();
    for Evaluation { method, metrics, .. } in evaluations {
        let found = metrics["ndcg@10"].value;
        assert!((found - chance).abs() < 4.0 * error, "{method}: {found}, chance {chance}, standard error {error}");
    }
}

#[test]
fn where_tastes_decide_both_stages_find_them() {
    const ITEMS: usize = 240;
    let methods = [Method::Pop, Method::Fused, Method::Hybrid];
    let evaluations = evaluation(&catalogue(ITEMS), &tastes(150, ITEMS, 24, 6), &methods);
    let [pop, fused, hybrid] = [0, 1, 2].map(|at| evaluations[at].metrics["ndcg@10"].value);
    assert!(fused > 3.0 * pop, "fused {fused}, popularity {pop}");
    assert!(hybrid > 0.9 * fused, "hybrid {hybrid}, fused {fused}");
    assert!(evaluations[1].versus_fused.is_empty() && evaluations[2].versus_fused.contains_key("ndcg@10"));
    assert!(evaluations[2].weights.contains_key("ease_recent"), "{:?}", evaluations[2].weights);
}
