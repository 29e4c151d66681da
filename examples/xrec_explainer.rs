//! XRecExplainer: recommendations for one user of the bundled sample, explained by sentence (the best of several drafts, by
//! the items that the score rests on), under several aspects, and against each other.
//!
//! ```text
//! cargo run --release --example xrec_explainer
//! ```

use std::error::Error;

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, Query, Recommender, Roles, UnknownItems, XRecExplainer,
        explain::{Influence, Planner, Views},
    },
};

/// Drafts of each sentence, of which one is shown.
const DRAFTS: usize = 3;
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");

fn main() -> Result<(), Box<dyn Error>> {
    let roles = Roles::default();
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &roles)?;
    let ratings = format!("{SAMPLE}/ratings.csv");
    let interactions = Interactions::read(ratings.as_ref(), &catalogue, UnknownItems::Skip, &roles)?;
    let recommender = Recommender::new(catalogue, interactions, None)?;
    let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
    let user = interactions.user("432")?;
    let history = interactions.history(user);
    let query = Query::of(history);
    let best = recommender.recommend(&query, 3, None)?;
    let items: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let mut explainer = XRecExplainer::new(&engine).with_candidates(DRAFTS);

    println!("By sentence:");
    let planner = Planner::new(catalogue, interactions).with_influence(Influence::of(&recommender, &query, &items)?);
    for explained in explainer.explain_alternatives(&planner.alternatives(user, &items, DRAFTS))? {
        println!("  {}", explained.explanation.text);
        if let Some(merits) = explained.merits {
            println!("    {merits:?}");
        }
    }
    let views = Views::new(catalogue, interactions, None);
    println!("\nUnder several aspects:");
    for &item in &items {
        for text in explainer.word(&views.of(history, item, &items))? {
            println!("  {:?}: {}", text.aspect, text.text);
        }
    }
    println!("\nAgainst each other:");
    let facts: Vec<_> = views.compare(history, &items).into_iter().map(|(_, viewed)| viewed).collect();
    explainer.word(&facts)?.into_iter().for_each(|text| println!("  {}", text.text));
    Ok(())
}
