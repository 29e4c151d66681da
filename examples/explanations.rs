//! Explains ten recommendations to each of twenty users of the bundled sample, and says how many the language model
//! wrote. The model is fetched if it is not there.
//!
//! ```text
//! cargo run --release --example explanations
//! ```

use std::{error::Error, time::Instant};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, Query, Recommender, Roles, UnknownItems, WrittenBy, XRecExplainer, explain::Planner,
    },
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");
const USERS: usize = 20;
const ITEMS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let roles = Roles::default();
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &roles)?;
    let ratings = format!("{SAMPLE}/ratings.csv");
    let interactions = Interactions::read(ratings.as_ref(), &catalogue, UnknownItems::Skip, &roles)?;
    let recommender = Recommender::new(catalogue, interactions, None)?;
    let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let planner = Planner::new(catalogue, interactions);
    let (mut written, mut all) = (0, 0);
    let started = Instant::now();
    for user in (0..USERS).map(|place| place * interactions.users() / USERS) {
        let best = recommender.recommend(&Query::of(interactions.history(user)), ITEMS, None)?;
        let items: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();
        println!("\nUser {}", interactions.user_id(user));
        for explained in XRecExplainer::new(&engine).explain(&planner.plan(user, &items))? {
            let by_model = explained.explanation.written_by == WrittenBy::Model;
            all += 1;
            written += usize::from(by_model);
            println!("  {} {}", if by_model { "model   " } else { "template" }, explained.explanation.text);
            if let Some(rejection) = explained.rejection {
                println!("           ({rejection}: {})", explained.draft);
            }
        }
    }
    println!("\n{written} of {all} by the model, in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
