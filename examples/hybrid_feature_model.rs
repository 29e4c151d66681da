//! LLMFeatureExtractor and HybridFeatureModel: texts of items as vectors, joined with traditional features, scored.
//!
//! ```text
//! cargo run --release --example hybrid_feature_model
//! ```

use std::{error::Error, ops::ControlFlow};

use candle_core::{Device, Tensor};
use docent::{
    engine::{Embedder, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, LLMFeatureExtractor, Roles,
        hybrid::{HybridConfig, HybridFeatureModel},
    },
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");

fn main() -> Result<(), Box<dyn Error>> {
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &Roles::default())?;
    let few = Catalogue::new(catalogue.items()[..8].to_vec());
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"minilm-l6".parse()?, &Quiet)?.path;
    let mut encoder = Embedder::load(&path, &EngineOptions::default())?;
    let vectors = LLMFeatureExtractor::new(&mut encoder).items(&few, &mut |_| ControlFlow::Continue(()))?;
    let llm = Tensor::from_vec(vectors.values.clone(), (few.len(), vectors.width), &Device::Cpu)?;

    // Two traditional features: the decade, and how many categories an item has.
    let traditional = few
        .items()
        .iter()
        .flat_map(|item| [item.year().unwrap_or(2000) as f32 / 10.0 - 200.0, item.genres().len() as f32]);
    let traditional = Tensor::from_vec(traditional.collect::<Vec<f32>>(), (few.len(), 2), &Device::Cpu)?;
    let model = HybridFeatureModel::new(HybridConfig { llm: vectors.width, traditional: 2 }, 0)?;
    // Untrained: `docent train hybrid` learns it from interactions.
    let scores = model.forward(Some(&llm), &traditional)?.to_vec1::<f32>()?;
    for (item, score) in few.items().iter().zip(scores) {
        println!("{score:>8.4}  {}", item.full_title());
    }
    Ok(())
}
