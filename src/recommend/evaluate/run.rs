//! One evaluation: every method on the same cases.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
};

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Candidates, Case, Estimate, Method, Metric, Split, Ties,
    candidates::Matcher,
    methods::{Fitted, Models},
    rank,
};
use crate::recommend::{
    CandidateScorer, Catalogue, Error, Interactions, Result,
    draw::shuffle,
    retrieve::{Popularity, Query, Semantic, best},
};

/// How much of a list is shown to somebody: coverage counts these places.
const SHOWN: usize = 10;

/// What is evaluated, and how.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// The methods, each once.
    pub methods: Vec<Method>,
    /// How many of each user's last interactions test, each in turn.
    pub targets: usize,
    /// The orders of interactions in the same second; every figure is over all of them.
    pub orders: Vec<Ties>,
    /// Among which items a target must be found.
    pub candidates: Candidates,
    /// The most users that test; drawn by `seed`. Models are fitted on all.
    pub limit_users: Option<usize>,
    /// Decides every draw, and how models are trained.
    pub seed: u64,
}

/// What there is to evaluate on.
#[derive(Clone, Copy, Debug)]
pub struct EvaluateData<'a> {
    /// The items.
    pub catalogue: &'a Catalogue,
    /// Who interacted with what.
    pub interactions: &'a Interactions,
    /// The items' vectors.
    pub semantic: Option<&'a Arc<Semantic>>,
}

/// How figures came about: they compare with others of the same protocol only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Protocol {
    /// Which interactions test.
    pub split: String,
    /// Among which items.
    pub candidates: String,
    /// What orders interactions in the same second.
    pub ties: String,
    /// What happens to items that the user has.
    pub seen: &'static str,
    /// What an item in the list is worth.
    pub gain: &'static str,
    /// What every draw comes from.
    pub seed: u64,
}

/// How good one method is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The method.
    pub method: Method,
    /// How the figures came about.
    pub protocol: Protocol,
    /// How many users tested.
    pub users: usize,
    /// How many targets were looked for.
    pub cases: usize,
    /// What was chosen or learned on validation data; for several orders of ties that of the first.
    pub weights: BTreeMap<String, f64>,
    /// The means with their intervals.
    pub metrics: BTreeMap<&'static str, Estimate>,
    /// The share of the catalogue that is in anybody's first ten.
    #[serde(rename = "coverage@10")]
    pub coverage: f64,
    /// The paired differences to `fused`, where it was evaluated.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub versus_fused: BTreeMap<&'static str, Estimate>,
}

/// What a method did on all cases.
#[derive(Default)]
struct Record {
    weights: BTreeMap<String, f64>,
    /// Rank of each case's target.
    ranks: Vec<f64>,
    /// The shares of the catalogue that were shown, one for each order.
    coverage: Vec<f64>,
}

/// Hears what is done next, and may break it off.
pub type Telling<'a> = dyn FnMut(&str) -> ControlFlow<()> + 'a;

pub(super) fn tell(progress: &mut Telling<'_>, what: &str) -> Result<()> {
    match progress(what) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}

/// Evaluates all methods. `scorer` is the language model ([`NoScorer`](crate::recommend::NoScorer) where no method needs
/// one).
///
/// # Errors
/// If nobody has enough interactions, a method needs vectors or a language model that are not given, a model fails, or
/// `progress` breaks it off.
pub fn evaluate(
    data: EvaluateData<'_>,
    options: &EvaluateOptions,
    scorer: &mut dyn CandidateScorer,
    progress: &mut Telling<'_>,
) -> Result<Vec<Evaluation>> {
    let mut records: Vec<Record> = options.methods.iter().map(|_| Record::default()).collect();
    let mut users = Vec::new();
    for (order, &ties) in options.orders.iter().enumerate() {
        let split = Split::new(data.interactions, options.targets, ties);
        let cases = cases(&split, options);
        if cases.is_empty() {
            return Err(Error::NothingToEvaluate { needed: options.targets + 2 });
        }
        users.extend(cases.iter().map(|case| case.user));
        let mut models = Models::new(data, &split, options.seed);
        let board = Board::new(data, &split, &cases, options.candidates);
        for (&method, record) in options.methods.iter().zip(&mut records) {
            match options.orders.len() {
                1 => tell(progress, method.name())?,
                orders => tell(progress, &format!("{method}, order {} of {orders}", order + 1))?,
            }
            let fitted = models.fit(method, scorer, progress)?;
            let shown = board.play(&fitted, scorer, record, progress)?;
            record.coverage.push(shown as f64 / data.catalogue.len().max(1) as f64);
            if order == 0 {
                record.weights = fitted.weights;
            }
        }
    }
    Ok(report(options, &records, &users))
}

fn cases(split: &Split, options: &EvaluateOptions) -> Vec<Case> {
    use rand_chacha::rand_core::SeedableRng as _;
    let mut cases = split.test();
    if let Some(limit) = options.limit_users {
        let users: BTreeSet<usize> = cases.iter().map(|case| case.user).collect();
        let mut users: Vec<usize> = users.into_iter().collect();
        shuffle(&mut users, &mut rand_chacha::ChaCha8Rng::seed_from_u64(options.seed));
        users.truncate(limit);
        cases.retain(|case| users.contains(&case.user));
    }
    cases
}

/// The cases, and what a target is looked for in.
struct Board<'a> {
    split: &'a Split,
    cases: &'a [Case],
    items: usize,
    /// Draws candidates, how many, by which seed; without it all that is open counts.
    drawn: Option<(Matcher, usize, u64)>,
}

impl<'a> Board<'a> {
    fn new(data: EvaluateData<'_>, split: &'a Split, cases: &'a [Case], candidates: Candidates) -> Self {
        let items = data.catalogue.len();
        let drawn = match candidates {
            Candidates::Full => None,
            Candidates::Matched { count, seed } => {
                let popularity = Popularity::fit(&split.fitted(), items);
                Some((Matcher::new(popularity.users()), count, seed))
            }
        };
        Self { split, cases, items, drawn }
    }

    /// Ranks all cases' targets; returns how many different items came among the first ten.
    fn play(
        &self,
        fitted: &Fitted,
        scorer: &mut dyn CandidateScorer,
        record: &mut Record,
        progress: &mut Telling<'_>,
    ) -> Result<usize> {
        let first = |case: &Case| fitted.ranker.scores(&Query::of(self.split.history(*case)));
        let played: Vec<(f64, Vec<usize>)> = match fitted.language {
            Some(part) => {
                let mut played = Vec::with_capacity(self.cases.len());
                for (done, case) in self.cases.iter().enumerate() {
                    let (mut scores, open) = (first(case)?, self.open(*case));
                    part.rerank(&mut scores, self.split.history(*case), &open, scorer)?;
                    played.push(self.judge(&scores, &open, *case));
                    if done % 50 == 49 {
                        let all = self.cases.len();
                        tell(progress, &format!("{}: {} of {all} lists", fitted.method, done + 1))?;
                    }
                }
                played
            }
            None => {
                let judge = |case: &Case| Ok(self.judge(&first(case)?, &self.open(*case), *case));
                self.cases.par_iter().map(judge).collect::<Result<_>>()?
            }
        };
        let mut shown = BTreeSet::new();
        for (rank, list) in played {
            record.ranks.push(rank);
            shown.extend(list);
        }
        Ok(shown.len())
    }

    /// Which items a case's target is looked for in, itself among them; (items)
    fn open(&self, case: Case) -> Vec<bool> {
        let mut open = vec![true; self.items];
        self.split.history(case).iter().for_each(|event| open[event.item] = false);
        let target = self.split.target(case);
        open[target] = true;
        let Some((matcher, count, seed)) = &self.drawn else { return open };
        let mut drawn = vec![false; self.items];
        for item in matcher.draw(case, target, *count, *seed, |item| open[item] && item != target) {
            drawn[item] = true;
        }
        drawn
    }

    /// The rank of the target, and the items that are shown.
    fn judge(&self, scores: &[f32], open: &[bool], case: Case) -> (f64, Vec<usize>) {
        (rank(scores, open, self.split.target(case)), best(scores, SHOWN, |item| open[item]))
    }
}

fn report(options: &EvaluateOptions, records: &[Record], users: &[usize]) -> Vec<Evaluation> {
    let values = |record: &Record, metric: Metric| record.ranks.iter().map(|&rank| metric.at(rank)).collect::<Vec<_>>();
    let fused = options.methods.iter().position(|&method| method == Method::Fused).map(|at| &records[at]);
    let evaluation = |(&method, record): (&Method, &Record)| {
        let estimate = |metric: Metric| (metric.name(), Estimate::of(&values(record, metric), users));
        let versus = |fused: &Record| {
            let difference = |metric: Metric| {
                let difference = Estimate::of_difference(&values(record, metric), &values(fused, metric), users);
                (metric.name(), difference)
            };
            Metric::ALL.map(difference).into()
        };
        Evaluation {
            method,
            protocol: options.protocol(),
            users: users.iter().collect::<BTreeSet<_>>().len(),
            cases: users.len(),
            weights: record.weights.clone(),
            metrics: Metric::ALL.map(estimate).into(),
            coverage: record.coverage.iter().sum::<f64>() / record.coverage.len().max(1) as f64,
            versus_fused: fused.filter(|_| method != Method::Fused).map(versus).unwrap_or_default(),
        }
    };
    options.methods.iter().zip(records).map(evaluation).collect()
}

impl EvaluateOptions {
    fn protocol(&self) -> Protocol {
        let split = match self.targets {
            1 => "leave-last-out".into(),
            targets => format!("last {targets} interactions, each in turn"),
        };
        let ties = match &self.orders[..] {
            [Ties::Id] => "id".into(),
            orders => format!("random, {} orders", orders.len()),
        };
        let candidates = self.candidates.name();
        Protocol { split, candidates, ties, seen: "excluded", gain: "binary", seed: self.seed }
    }
}
