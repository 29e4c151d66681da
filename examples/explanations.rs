//! Explains ten recommendations to each of twenty users of the bundled sample, and says how many the language model
//! wrote. The models are fetched if they are not there; the items' vectors are kept in a temporary folder.
//!
//! ```text
//! cargo run --release --example explanations
//! ```

use std::{collections::BTreeMap, error::Error, time::Instant};

use docent::{
    engine::{Embedder, Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, LLMFeatureExtractor, UnknownItems, WrittenBy, XRecExplainer,
        explain::Planner,
        features::{VectorFile, fingerprint, item_texts},
        retrieve::{CoOccurrence, CoOccurrenceOptions, Fused, Semantic, SemanticOptions},
    },
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");
const USERS: usize = 20;
const ITEMS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = |alias: &str| Ok::<_, Box<dyn Error>>(resolver.resolve(&alias.parse()?, &Quiet)?.path);
    let catalogue = Catalogue::from_csv(format!("{SAMPLE}/items.csv").as_ref())?;
    let interactions =
        Interactions::from_csv(format!("{SAMPLE}/ratings.csv").as_ref(), &catalogue, UnknownItems::Skip)?;

    let texts = item_texts(&catalogue);
    let key = fingerprint(texts.iter().map(String::as_str));
    let file = VectorFile::new(&std::env::temp_dir().join("docent-explanations"), key, texts.len());
    let vectors = match file.read()? {
        Some(vectors) => vectors,
        None => {
            let mut embedder = Embedder::load(&path("minilm-l6")?, &EngineOptions::default())?;
            let vectors = LLMFeatureExtractor::new(&mut embedder).items(&catalogue, &mut |_| ())?;
            file.write(&vectors)?;
            vectors
        }
    };
    let neighbours = CoOccurrence::new(interactions.histories(), catalogue.len(), CoOccurrenceOptions::default());
    let semantic = Semantic::new(vectors, catalogue.len(), SemanticOptions::default())?;
    let fused = Fused::default().with(1.0, neighbours).with(0.2, semantic);

    let mut engine = Engine::load(&path("smollm2-135m")?, &EngineOptions::default())?;
    let planner = Planner::new(&catalogue, &interactions);
    let (mut written, mut all) = (0, 0);
    let mut rejections: BTreeMap<String, usize> = BTreeMap::new();
    let started = Instant::now();
    for user in (0..USERS).map(|place| place * interactions.users() / USERS) {
        let items: Vec<usize> =
            fused.retrieve(interactions.history(user), ITEMS).into_iter().map(|candidate| candidate.item).collect();
        println!("\nUser {}", interactions.user_id(user));
        for explained in XRecExplainer::new(&mut engine).explain(&planner.plan(user, &items))? {
            let by_model = explained.explanation.written_by == WrittenBy::Model;
            all += 1;
            written += usize::from(by_model);
            println!("  {} {}", if by_model { "model   " } else { "template" }, explained.explanation.text);
            if let Some(rejection) = explained.rejection {
                println!("           ({rejection}: {})", explained.draft);
                *rejections.entry(rejection.to_string()).or_default() += 1;
            }
        }
    }
    println!("\n{written} of {all} by the model, in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
