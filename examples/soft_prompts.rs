//! A-LLMRec on the bundled sample: vectors of users and items become soft prompts of a frozen language model, which then says
//! how likely titles are.
//!
//! ```text
//! cargo run --release --example soft_prompts -- [STEPS]
//! ```
//!
//! With the 20 steps that it takes unless told otherwise it learns little; `docent train align STORE` takes 200 and keeps them.

use std::{error::Error, ops::ControlFlow, sync::Arc};

use docent::{
    engine::{Embedder, Engine, EngineOptions, Teacher},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        ALLMRec, Catalogue, Interactions, LLMFeatureExtractor, Roles, UnknownItems,
        align::{AlignData, AlignOptions, AlignState, train_alignment},
        evaluate::{Holdout, Split, Ties},
        rerank::{AlignedScorer, CandidateScorer},
        retrieve::{Semantic, SemanticOptions},
    },
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");

fn main() -> Result<(), Box<dyn Error>> {
    let steps = std::env::args().nth(1).map_or(Ok(20), |steps| steps.parse())?;
    let roles = Roles::default();
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &roles)?;
    let ratings = format!("{SAMPLE}/ratings.csv");
    let interactions = Interactions::read(ratings.as_ref(), &catalogue, UnknownItems::Skip, &roles)?;

    let options = EngineOptions::default();
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let model = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let mut encoder = Embedder::load(&resolver.resolve(&"minilm-l6".parse()?, &Quiet)?.path, &options)?;
    let vectors = LLMFeatureExtractor::new(&mut encoder).items(&catalogue, &mut |_| ControlFlow::Continue(()))?;
    let semantic = Arc::new(Semantic::new(vectors, catalogue.len(), SemanticOptions::default())?);

    // The last interaction of each user tests, the one before validates: neither is learned from.
    let split = Split::new(&interactions, catalogue.len(), Holdout::Last(1), Ties::Id, 0);
    let histories = split.fitted();
    let (engine, teacher) = (Engine::load(&model, &options)?, Teacher::load(&model)?);
    let data = AlignData { catalogue: &catalogue, semantic: &semantic, histories: &histories };
    let options = AlignOptions { steps, ..AlignOptions::default() };
    let alignment = train_alignment(&engine, &teacher, data, options, None, &mut |state| {
        if let AlignState::Projecting(alignment, all, loss) = state {
            eprintln!("step {} of {all}: {loss:.3} nats a token", alignment.steps());
        }
        ControlFlow::Continue(())
    })?;

    let aligned = ALLMRec::new(alignment, semantic, &engine)?;
    let mut scorer = AlignedScorer::new(&engine, aligned, &catalogue);
    let history = interactions.history(0);
    let items: Vec<usize> = ["The Matrix", "Toy Story", "Heat", "Casino", "Sabrina"]
        .iter()
        .filter_map(|title| catalogue.items().iter().position(|item| item.short_title() == *title))
        .collect();
    for (item, score) in items.iter().zip(scorer.score(history, None, &items)?) {
        println!("{score:8.3}  {}", catalogue[*item].full_title());
    }
    Ok(())
}
