//! LLMRecommendationSystem: a system that a configuration describes, and one with a stage of one's own.
//!
//! ```text
//! cargo run --release --example llm_recommendation_system
//! ```

use std::{error::Error, path::Path, sync::Arc};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Candidate, Recommendations, Recommender, Result,
        fairness::Mask,
        fixture::{Fixture, FixtureOptions},
        system::{DEFAULT_MODEL, LLMRecommendationSystem, Serving, Stage, SystemConfig, SystemModels},
    },
};

/// What `docent.toml` says for `docent recommend STORE --user ID --system`.
const DESCRIBED: &str = r#"
[system]
explain = true

[[system.stages]]
stage = "rerank"
mode = "likelihood"
weight = 0.1

[[system.stages]]
stage = "diversify"
way = "calibrated"
strength = 0.3
"#;

/// No two films of one director.
struct OneOfEachDirector;

impl Stage for OneOfEachDirector {
    fn name(&self) -> &str {
        "one of each director"
    }

    fn wants(&self, k: usize) -> usize {
        2 * k
    }

    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let mut seen = Vec::new();
        let is_new = |candidate: &Candidate| {
            let director = serving.recommender.catalogue()[candidate.item].attribute("director").cloned();
            let is_new = director.is_none() || !seen.contains(&director);
            seen.push(director);
            is_new
        };
        Ok(candidates.into_iter().filter(is_new).collect())
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let Fixture { items, interactions, users, .. } = Fixture::generate(&FixtureOptions::default());
    let recommender = Arc::new(Recommender::new(items, interactions, None)?.with_users(users));
    let mask = Mask::new(recommender.users(), &[], &[])?;
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&DEFAULT_MODEL.parse()?, &Quiet)?.path;
    let models =
        SystemModels { engine: Some(Engine::load(&path, &EngineOptions::default())?), ..SystemModels::default() };

    let config = SystemConfig::parse(DESCRIBED)?.unwrap_or_default();
    let mut described = config.build(recommender.clone(), mask.clone(), &models, Path::new("."))?;
    let own = LLMRecommendationSystem::new(recommender, mask);
    let mut own = own.with_candidates_per_item(4).with_stage(OneOfEachDirector);
    for system in [&mut described, &mut own] {
        println!("{}", system.names().join(", then "));
        let Recommendations { items, .. } = system.recommend("u7", 5, None)?;
        for item in items {
            println!("  {}", item.title);
            if let Some(explanation) = item.explanation {
                println!("    {}", explanation.text);
            }
        }
    }
    Ok(())
}
