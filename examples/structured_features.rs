//! Structured features: what the language model reads out of descriptions of invented films, within a schema, against what
//! the generator knows of them.
//!
//! ```text
//! cargo run --release --example structured_features [FILMS]
//! ```

use std::{error::Error, ops::ControlFlow, time::Instant};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        features::FeatureReader,
        fixture::{Fixture, FixtureOptions},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let films = std::env::args().nth(1).map_or(Ok(40), |text| text.parse())?;
    let fixture = Fixture::generate(&FixtureOptions { items: 400, ..FixtureOptions::default() });
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let reader = FeatureReader::new(&engine, &fixture.items);
    let items = &fixture.items.items()[..fixture.items.len().min(films)];
    let started = Instant::now();
    let (mut right, mut named) = (0, 0);
    for (item, features) in items.iter().zip(reader.read(items, &mut || ControlFlow::Continue(()))?) {
        println!("{}: {}", item.full_title(), serde_json::to_string(&features)?);
        right += features.genres.iter().filter(|genre| item.genres().contains(genre)).count();
        named += features.genres.len();
    }
    let (seconds, count) = (started.elapsed().as_secs_f64(), items.len());
    println!("\n{right} of {named} categories are the film's; {count} films in {seconds:.1} s");
    Ok(())
}
