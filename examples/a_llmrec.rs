//! A-LLMRec's structured side: numbers, categories and facts as features of the HybridFeatureModel, instead of prose. Two
//! stores of the same invented films: one knows titles, years, genres and descriptions, the other attributes and facts, too.
//!
//! ```text
//! cargo run --release --example a_llmrec [PEOPLE]
//! ```

use std::{error::Error, ops::ControlFlow};

use docent::recommend::{
    NoJudge, Roles, Store,
    evaluate::{Candidates, EvaluateData, EvaluateOptions, Evaluation, Holdout, Method, Metric, Ties, evaluate},
    fixture::{Fixture, FixtureOptions},
    index::{IndexOptions, index},
    rerank::Asked,
};

fn main() -> Result<(), Box<dyn Error>> {
    let users = std::env::args().nth(1).map_or(Ok(400), |text| text.parse())?;
    let fixture = Fixture::generate(&FixtureOptions { users, ..FixtureOptions::default() });
    let folder = tempfile::tempdir()?;
    fixture.write(folder.path())?;
    let file = |name: &str| Some(folder.path().join(name));
    let store = folder.path().join("store");
    let ignored = ["themes", "mood", "audience", "price", "runtime", "director", "language"];
    let ignored =
        ignored.map(|column| format!("{column}=ignore").parse()).into_iter().collect::<Result<Vec<_>, _>>()?;
    let plain = IndexOptions {
        items: file("items.jsonl"),
        interactions: file("interactions.csv"),
        roles: Roles::new(ignored),
        without_weights: true,
        replace: true,
        ..IndexOptions::default()
    };
    let full = IndexOptions { knowledge: file("knowledge.csv"), roles: Roles::default(), ..plain.clone() };
    for (name, options) in [("titles, years and genres", plain), ("attributes and facts, too", full)] {
        let (made, _) = index(&store, &options, None, &mut |_| ControlFlow::Continue(()))?;
        println!("{name}");
        for evaluation in measure(&made)? {
            let ndcg = &evaluation.metrics[Metric::Ndcg10.name()];
            let share = evaluation.weights.get("hybrid_feature_model").copied().unwrap_or(0.0);
            let method = evaluation.method.name();
            println!("  {method:<8}NDCG@10 {:.4} ({:.4} to {:.4}), model {share}", ndcg.value, ndcg.low, ndcg.high);
        }
    }
    Ok(())
}

fn measure(store: &Store) -> Result<Vec<Evaluation>, Box<dyn Error>> {
    let catalogue = store.catalogue()?;
    let interactions = store.interactions(&catalogue)?;
    let options = EvaluateOptions {
        methods: vec![Method::Fused, Method::Hybrid],
        holdout: Holdout::Last(3),
        orders: vec![Ties::Id],
        candidates: Candidates::Full,
        limit_users: None,
        rerank: Asked::default(),
        diversity: 0.0,
        seed: 0,
    };
    let data = EvaluateData { catalogue: &catalogue, interactions: &interactions, semantic: None };
    Ok(evaluate(data, &options, &mut NoJudge, &mut |_| ControlFlow::Continue(()))?)
}
