//! Zero-shot, few-shot and chain-of-thought recommendation: one user of the bundled sample, three prompts, and answers that
//! can name nothing but what is offered.
//!
//! ```text
//! cargo run --release --example prompting
//! ```

use std::error::Error;

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, Query, Recommender, Roles, UnknownItems,
        prompt::{PromptRecommender, PromptTask, PromptTemplate, Prompting},
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

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;

    let retrieved = recommender.recommend(&Query::of(history), 20, None)?;
    let items: Vec<usize> = retrieved.iter().map(|candidate| candidate.item).collect();
    for prompting in [Prompting::ZeroShot, Prompting::FewShot, Prompting::ChainOfThought] {
        let template = PromptTemplate::built_in(prompting)?;
        let mut task = PromptTask::new(history, &items, 5, catalogue);
        if prompting == Prompting::FewShot {
            task.mine_examples(history, &interactions.slices(), catalogue);
        }
        let answer = PromptRecommender::new(&engine, &template).recommend(&task)?;
        println!("\n{}", prompting.name());
        if let Some(analysis) = &answer.analysis {
            println!("  ({analysis})");
        }
        answer.order.iter().for_each(|&place| println!("  {}", task.items[place].title));
    }
    Ok(())
}
