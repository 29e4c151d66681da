//! Whether a model can be asked about lists: does it find what is right, and does it find it wherever it stands?

use std::ops::ControlFlow;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use super::{LLMReranker, Mode, RerankOptions, Wish};
use crate::{
    engine::Engine,
    recommend::{
        Error, Result,
        draw::{below, shuffle},
        fixture::{Fixture, FixtureOptions},
    },
};

/// Texts of a list.
const LISTED: usize = 5;

/// What a mode does on lists whose right answer is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BiasReport {
    /// How the model was asked, by name.
    pub mode: &'static str,
    /// Lists, each shown once for every place of its right text.
    pub lists: usize,
    /// How often the right text came first.
    pub found: f64,
    /// Twice the standard error of that, over lists.
    pub margin: f64,
    /// How often it would by chance.
    pub chance: f64,
    /// How often whatever stood at each place came first: all alike without a bias.
    pub by_place: Vec<f64>,
    /// Whether it finds more than chance does, and no place comes first more than twice as often as it should.
    pub fit: bool,
}

/// Asks about invented films by their descriptions, among others, with the right one at every place. `progress` hears of
/// every list that is done.
///
/// # Errors
/// If the model fails, or `progress` breaks it off.
pub fn probe_bias(
    engine: &Engine,
    mode: Mode,
    lists: usize,
    seed: u64,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<BiasReport> {
    let fixture = Fixture::generate(&FixtureOptions { seed, users: 1, items: 400, ..FixtureOptions::default() });
    let items = fixture.items.items();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let options = RerankOptions { mode, calibrate: true, ..RerankOptions::default() };
    let mut reranker = LLMReranker::new(engine, options);
    let mut by_place = [0.0; LISTED];
    let mut found = Vec::with_capacity(lists);
    for _ in 0..lists {
        let mut drawn: Vec<usize> = (0..items.len()).collect();
        shuffle(&mut drawn, &mut rng);
        drawn.truncate(LISTED);
        let right = drawn[below(&mut rng, LISTED)];
        let query = items[right].description.clone().unwrap_or_default();
        let mut hits = 0;
        for shift in 0..LISTED {
            drawn.rotate_left(usize::from(shift > 0));
            let texts: Vec<String> = drawn.iter().map(|&item| items[item].text()).collect();
            let scores = reranker.judge(Wish::Query(&query), &texts)?;
            let first = (0..LISTED).reduce(|best, next| if scores[next] > scores[best] { next } else { best });
            let first = first.unwrap_or(0);
            by_place[first] += 1.0;
            hits += usize::from(drawn[first] == right);
        }
        found.push(hits as f64 / LISTED as f64);
        if progress().is_break() {
            return Err(Error::Interrupted);
        }
    }
    let count = lists.max(1) as f64;
    let mean = found.iter().sum::<f64>() / count;
    let variance = found.iter().map(|hits| (hits - mean).powi(2)).sum::<f64>() / count;
    let (margin, chance) = (2.0 * (variance / count).sqrt(), 1.0 / LISTED as f64);
    let by_place: Vec<f64> = by_place.iter().map(|first| first / (count * LISTED as f64)).collect();
    let fit = mean - margin > chance && by_place.iter().all(|share| *share <= 2.0 * chance);
    Ok(BiasReport { mode: mode.name(), lists, found: mean, margin, chance, by_place, fit })
}
