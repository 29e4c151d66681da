//! LLMReranker: the same twenty candidates for one user of the bundled sample, judged in every mode.
//!
//! ```text
//! cargo run --release --example llm_reranker
//! ```

use std::{error::Error, time::Instant};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, LLMReranker, Query, Recommender, Roles, UnknownItems,
        rerank::{Mode, RerankOptions},
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
    let history = interactions.history(interactions.user("432")?);
    let retrieved = recommender.recommend(&Query::of(history), 20, None)?;
    let items: Vec<usize> = retrieved.iter().map(|candidate| candidate.item).collect();

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    for mode in Mode::ALL {
        engine.forget_prefixes()?;
        let started = Instant::now();
        // Where order matters, three orders are averaged: models favour places.
        let options = RerankOptions { mode, permutations: 3, ..RerankOptions::default() };
        let scores = LLMReranker::new(&engine, options).scores(history, &items, catalogue)?;
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        println!("\n{}, {:.2} s", mode.name(), started.elapsed().as_secs_f64());
        for &place in &order[..5.min(order.len())] {
            println!("  {:>8.3}  {}", scores[place], catalogue[items[place]].full_title());
        }
    }
    Ok(())
}
