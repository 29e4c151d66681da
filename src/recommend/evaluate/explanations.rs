//! What explanations of a store's own recommendations are worth: who wrote them, whether their claims are backed, how
//! varied they are, and whether they name what the scores rest on.

use std::time::Instant;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    Estimate, Telling,
    claims::is_backed,
    deletion::deletion_faithfulness,
    run::tell,
    texts::{distinct_2, unique_beginnings},
};
use crate::{
    engine::Engine,
    recommend::{
        Claim, Error, Query, Recommender, Result, WrittenBy, XRecExplainer,
        draw::shuffle,
        explain::{Influence, Planner, outline, verify},
    },
};

/// The first words of a text that are compared.
const FIRST_WORDS: usize = 5;
/// The fewest interactions of a user who is explained to: something must be left to drop.
const FEWEST: usize = 2;

/// Whose recommendations are explained, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExplanationOptions {
    /// Users, drawn.
    pub users: usize,
    /// Recommendations to each.
    pub items: usize,
    /// Drafts for each, of which one is shown.
    pub candidates: usize,
    /// Decides every draw.
    pub seed: u64,
}

/// What explanations are worth; shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplanationFigures {
    /// Whose, and how.
    pub protocol: ExplanationOptions,
    /// How many there are.
    pub explanations: usize,
    /// How many of them the language model wrote.
    pub written_by_model: f64,
    /// How many claims they rest on.
    pub claims: usize,
    /// How many of these the tables hold; of a text that fails the check, none.
    pub claims_backed: f64,
    /// Different pairs of words among all.
    pub distinct_2: f64,
    /// The same, with signs for titles.
    pub distinct_2_without_titles: f64,
    /// Different first five words.
    pub unique_first_five: f64,
    /// How many explanations name something of the history.
    pub pairs: usize,
    /// How often the score falls further without what an explanation names than without as many other interactions, with
    /// its interval by user.
    pub deletion_faithfulness: Estimate,
    /// Seconds that planning and writing a list took on average.
    pub seconds_per_list: f64,
}

/// Explains the best items of some users of a store, and measures the explanations.
///
/// # Errors
/// If nobody has enough interactions, a model fails, or `progress` breaks it off.
pub fn evaluate_explanations(
    recommender: &Recommender,
    engine: &Engine,
    options: &ExplanationOptions,
    progress: &mut Telling<'_>,
) -> Result<ExplanationFigures> {
    let interactions = recommender.interactions();
    let mut users: Vec<usize> =
        (0..interactions.users()).filter(|&user| interactions.history(user).len() >= FEWEST).collect();
    if users.is_empty() {
        return Err(Error::NothingToEvaluate { needed: FEWEST });
    }
    shuffle(&mut users, &mut ChaCha8Rng::seed_from_u64(options.seed));
    users.truncate(options.users);
    let mut gathered = Gathered::default();
    let mut seconds = 0.0;
    for (done, &user) in users.iter().enumerate() {
        tell(progress, &format!("explaining to user {} of {}", done + 1, users.len()))?;
        seconds += gathered.explain(recommender, engine, options, user)?;
    }
    Ok(gathered.figures(*options, seconds / users.len() as f64))
}

/// What was found so far.
#[derive(Default)]
struct Gathered {
    texts: Vec<String>,
    outlines: Vec<String>,
    by_model: usize,
    claims: usize,
    backed: usize,
    /// How often each explanation that names something holds against chance, and whose it is.
    faithful: Vec<f64>,
    of: Vec<usize>,
}

impl Gathered {
    /// Explains one list; returns the seconds that it took to write.
    fn explain(
        &mut self,
        recommender: &Recommender,
        engine: &Engine,
        options: &ExplanationOptions,
        user: usize,
    ) -> Result<f64> {
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        let history = interactions.history(user);
        let query = Query::of(history);
        let best = recommender.recommend(&query, options.items, None)?;
        let items: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();
        let planner = Planner::new(catalogue, interactions).with_texts(recommender.semantic().map(|texts| &**texts));
        let started = Instant::now();
        let plans = planner.with_influence(Influence::of(recommender, &query, &items)?).alternatives(
            user,
            &items,
            options.candidates,
        );
        let explained = XRecExplainer::new(engine).with_candidates(options.candidates).explain_alternatives(&plans)?;
        let seconds = started.elapsed().as_secs_f64();
        let mut named = Vec::with_capacity(items.len());
        for ((plans, &item), explained) in plans.iter().zip(&items).zip(explained) {
            let (plan, explanation) = (plans.get(explained.option), explained.explanation);
            let is_true = verify(&explanation.text, plan).is_ok();
            let backed = |claim: &&Claim| is_true && is_backed(claim, user, catalogue, interactions);
            self.claims += explanation.claims.len();
            self.backed += explanation.claims.iter().filter(backed).count();
            self.by_model += usize::from(explanation.written_by == WrittenBy::Model);
            self.outlines.push(outline(&explanation.text, plan));
            let by_user = format!("{}/", interactions.user_id(user));
            let of_history = explanation.claims.iter().filter(|claim| claim.source == "interactions");
            let ids = of_history.filter_map(|claim| claim.record.strip_prefix(&by_user));
            named.push((item, ids.filter_map(|id| catalogue.index(id)).collect::<Vec<usize>>()));
            self.texts.push(explanation.text);
        }
        let faithful = named
            .par_iter()
            .map(|(item, named)| deletion_faithfulness(recommender, history, *item, named, options.seed));
        let faithful: Vec<Option<f64>> = faithful.collect::<Result<_>>()?;
        self.faithful.extend(faithful.into_iter().flatten());
        self.of.resize(self.faithful.len(), user);
        Ok(seconds)
    }

    fn figures(self, protocol: ExplanationOptions, seconds_per_list: f64) -> ExplanationFigures {
        let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
        ExplanationFigures {
            protocol,
            explanations: self.texts.len(),
            written_by_model: share(self.by_model, self.texts.len()),
            claims: self.claims,
            claims_backed: share(self.backed, self.claims),
            distinct_2: distinct_2(&self.texts),
            distinct_2_without_titles: distinct_2(&self.outlines),
            unique_first_five: unique_beginnings(&self.texts, FIRST_WORDS),
            pairs: self.faithful.len(),
            deletion_faithfulness: Estimate::of(&self.faithful, &self.of),
            seconds_per_list,
        }
    }
}
