//! XRecExplainer: recommendations for one user of the bundled sample, explained by sentence, under several aspects, and
//! against each other.
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
        explain::{Planner, Views},
    },
};

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
    let best = recommender.recommend(&Query::of(history), 3, None)?;
    let items: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let mut explainer = XRecExplainer::new(&engine);

    println!("By sentence:");
    for explained in explainer.explain(&Planner::new(catalogue, interactions).plan(user, &items))? {
        println!("  {}", explained.explanation.text);
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
