//! LLMFeatureExtractor and HybridFeatureModel: texts of films as vectors, joined with traditional features, and a model that
//! learns from them how films of the bundled sample are rated.
//!
//! ```text
//! cargo run --release --example hybrid_feature_model
//! ```

use std::{error::Error, ops::ControlFlow};

use candle_core::{Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss::mse};
use docent::{
    engine::{Embedder, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Catalogue, Interactions, LLMFeatureExtractor, Roles, UnknownItems,
        hybrid::{HybridConfig, HybridFeatureModel},
    },
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");
/// Films that are learned from; the last few of them are shown.
const FILMS: usize = 400;
const SHOWN: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let roles = Roles::default();
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &roles)?;
    let ratings = format!("{SAMPLE}/ratings.csv");
    let interactions = Interactions::read(ratings.as_ref(), &catalogue, UnknownItems::Skip, &roles)?;
    let few = Catalogue::new(catalogue.items()[..FILMS].to_vec());

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"minilm-l6".parse()?, &Quiet)?.path;
    let mut encoder = Embedder::load(&path, &EngineOptions::default())?;
    let vectors = LLMFeatureExtractor::new(&mut encoder).items(&few, &mut |_| ControlFlow::Continue(()))?;
    let llm = Tensor::from_vec(vectors.values.clone(), (FILMS, vectors.width), &Device::Cpu)?;

    // Two traditional features: the decade, and how many categories a film has.
    let traditional = few
        .items()
        .iter()
        .flat_map(|item| [item.year().unwrap_or(2000) as f32 / 10.0 - 200.0, item.genres().len() as f32]);
    let traditional = Tensor::from_vec(traditional.collect::<Vec<f32>>(), (FILMS, 2), &Device::Cpu)?;
    let (mut sums, mut counts) = (vec![0.0_f32; FILMS], vec![0.0_f32; FILMS]);
    for event in interactions.histories().iter().flatten().filter(|event| event.item < FILMS) {
        sums[event.item] += event.rating.unwrap_or(3.5) - 3.5;
        counts[event.item] += 1.0;
    }
    let means: Vec<f32> = sums.iter().zip(&counts).map(|(sum, count)| sum / (count + 5.0)).collect();
    let wanted = Tensor::from_vec(means.clone(), FILMS, &Device::Cpu)?;

    let model = HybridFeatureModel::new(HybridConfig { llm: vectors.width, traditional: 2 }, 0)?;
    let variables = model.variables().iter().map(|(_, variable)| variable.clone()).collect();
    let mut optimizer = AdamW::new(variables, ParamsAdamW { lr: 1e-3, ..ParamsAdamW::default() })?;
    for step in 0..60 {
        let loss = mse(&model.forward(Some(&llm), &traditional)?, &wanted)?;
        optimizer.backward_step(&loss)?;
        if step % 20 == 0 {
            println!("step {step}: squared error {:.4}", loss.to_scalar::<f32>()?);
        }
    }
    let scores = model.forward(Some(&llm), &traditional)?.to_vec1::<f32>()?;
    println!("  score   rated  film");
    for place in FILMS - SHOWN..FILMS {
        println!("{:>7.3} {:>7.3}  {}", scores[place], means[place], few[place].full_title());
    }
    Ok(())
}
