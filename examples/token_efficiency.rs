//! Token efficiency: the same lists and explanations asked for again, descriptions compressed to a budget, and a rule that
//! asks the language model only where it is worth it.
//!
//! ```text
//! cargo run --release --example token_efficiency [PEOPLE]
//! ```

use std::{error::Error, sync::Arc};

use docent::{
    engine::{Embedder, Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Query, Recommender, XRecExplainer,
        answers::{AnswerCache, CacheLimits},
        budget::{Compressor, Selective, fit_prompt},
        explain::Planner,
        fixture::{Fixture, FixtureOptions},
        prompt::{PromptRecommender, PromptTask, PromptTemplate, Prompting},
        rerank::{LLMReranker, Mode, RerankOptions},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let people = std::env::args().nth(1).map_or(Ok(10), |text| text.parse())?;
    let Fixture { items, interactions, .. } = Fixture::generate(&FixtureOptions::default());
    let recommender = Recommender::new(items, interactions, None)?;
    let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = |alias: &str| Ok::<_, Box<dyn Error>>(resolver.resolve(&alias.parse()?, &Quiet)?.path);
    let engine = Engine::load(&path("smollm2-135m")?, &EngineOptions::default())?;

    let folder = tempfile::tempdir()?;
    let kept = engine.with_answers(Arc::new(AnswerCache::open(folder.path(), CacheLimits::default())?));
    let planner = Planner::new(catalogue, interactions);
    let template = PromptTemplate::built_in(Prompting::ZeroShot)?;
    let mut computed = Vec::new();
    for round in ["first", "again"] {
        // Nothing but kept answers may help.
        kept.forget_prefixes()?;
        let before = kept.stats()?;
        for user in 0..people {
            let history = interactions.history(user);
            let list = recommender.recommend(&Query::of(history), 20, None)?;
            let items: Vec<usize> = list.iter().map(|candidate| candidate.item).collect();
            let options = RerankOptions { mode: Mode::YesNo, ..RerankOptions::default() };
            LLMReranker::new(&kept, options).scores(history, &items, catalogue)?;
            PromptRecommender::new(&kept, &template).recommend(&PromptTask::new(history, &items, 5, catalogue))?;
            XRecExplainer::new(&kept).explain(&planner.plan(user, &items[..5]))?;
        }
        let after = kept.stats()?;
        let (rows, saved) = (after.rows - before.rows, after.tokens_saved - before.tokens_saved);
        println!("{people} people, {round}: {rows} tokens computed, {saved} saved by kept answers");
        computed.push(rows);
    }
    if let [first, again] = computed[..] {
        println!("  {:.1} % of the tokens computed again", 100.0 * again as f64 / first as f64);
    }

    let mut encoder = Embedder::load(&path("minilm-l6")?, &EngineOptions::default())?;
    let count = |text: &str| Ok(engine.tokenize_continuation(text)?.len());
    let mut compressor = Compressor::new(&mut encoder, Box::new(count));
    let history = interactions.history(0);
    let items: Vec<usize> =
        recommender.recommend(&Query::of(history), 20, None)?.iter().map(|candidate| candidate.item).collect();
    let asker = PromptRecommender::new(&engine, &template);
    let task = PromptTask::new(history, &items, 5, catalogue);
    let descriptions: Vec<Option<&str>> = items.iter().map(|&item| catalogue[item].description.as_deref()).collect();
    println!();
    for budget in [4000, 1200, 900, 700] {
        let fitted = fit_prompt(&asker, &task, &descriptions, None, &mut compressor, budget)?;
        println!(
            "A budget of {budget}: a prompt of {} tokens, {} with whole descriptions",
            fitted.tokens, fitted.whole
        );
        let described = fitted.task.items.first().and_then(|offer| offer.description.as_deref());
        println!("  {}", described.unwrap_or("(no room for descriptions)"));
    }

    println!();
    for (known, request) in
        [(2, None), (30, None), (30, Some("war films")), (30, Some("war films, but without heroes"))]
    {
        let decision = Selective::default().decide(known, request);
        println!("Asks the model: {:<5} ({})", decision.used, decision.why);
    }
    Ok(())
}
