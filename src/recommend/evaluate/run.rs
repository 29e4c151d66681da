//! One evaluation: every method on the same cases.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
};

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Candidates, Case, Estimate, Holdout, Method, Metric, Rank, Split, Ties,
    candidates::Matcher,
    lists::{CALIBRATION, LIST_METRICS, ListMeter},
    methods::{Fitted, Models},
    rank,
    segments::{Lift, Segment, lifts, popular},
};
use crate::recommend::{
    Catalogue, Error, Interactions, Result,
    diversify::{Diversifier, Diversity, POOL_PER_PLACE, has_categories},
    draw::shuffle,
    rerank::{Asked, Judges},
    retrieve::{Popularity, Query, Semantic, best},
};

/// How much of a list is shown to somebody: coverage counts these places.
const SHOWN: usize = 10;

/// What is evaluated, and how.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// The methods, each once.
    pub methods: Vec<Method>,
    /// Which interactions test.
    pub holdout: Holdout,
    /// The orders of interactions in the same second; every figure is over all of them.
    pub orders: Vec<Ties>,
    /// Among which items a target must be found.
    pub candidates: Candidates,
    /// The most users that test; drawn by `seed`. Models are fitted on all.
    pub limit_users: Option<usize>,
    /// How the language model is asked that reranks.
    pub rerank: Asked,
    /// How much variety counts in lists that are varied, from 0 to 1.
    pub diversity: f32,
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
    /// The means with their intervals; without calibration, where the items have no categories.
    pub metrics: BTreeMap<&'static str, Estimate>,
    /// The share of the catalogue that is in anybody's first ten.
    #[serde(rename = "coverage@10")]
    pub coverage: f64,
    /// The paired differences to `fused`, where it was evaluated.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub versus_fused: BTreeMap<&'static str, Estimate>,
    /// Where it adds to `hybrid`, or where that was not evaluated to `fused`, and where it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lift: Vec<Lift>,
}

/// What a method did on all cases.
#[derive(Default)]
struct Record {
    weights: BTreeMap<String, f64>,
    /// Rank of each case's target.
    ranks: Vec<Rank>,
    /// What each case's list is worth as a whole, in the order of [`LIST_METRICS`].
    lists: Vec<[f64; LIST_METRICS.len()]>,
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

/// Evaluates all methods. `judges` is the language model ([`NoJudge`](crate::recommend::NoJudge) where no method needs one).
///
/// # Errors
/// If nobody has enough interactions, a temporal split has no timestamps to go by, a method needs vectors, categories or a
/// language model that are not given, a model fails, or `progress` breaks it off.
pub fn evaluate(
    data: EvaluateData<'_>,
    options: &EvaluateOptions,
    judges: &mut dyn Judges,
    progress: &mut Telling<'_>,
) -> Result<Vec<Evaluation>> {
    if let Holdout::Temporal(_) = options.holdout
        && data.interactions.histories().iter().flatten().all(|event| event.timestamp.is_none())
    {
        return Err(Error::NoTimestamps);
    }
    for method in &options.methods {
        if let Method::Diverse(diversity) = method {
            diversity.require(data.catalogue)?;
        }
    }
    let mut records: Vec<Record> = options.methods.iter().map(|_| Record::default()).collect();
    let (mut users, mut segments) = (Vec::new(), Vec::new());
    for (order, &ties) in options.orders.iter().enumerate() {
        let split = Split::new(data.interactions, data.catalogue.len(), options.holdout, ties, options.seed);
        let cases = cases(&split, options);
        if cases.is_empty() {
            return Err(Error::NothingToEvaluate { needed: split.needed() });
        }
        users.extend(cases.iter().map(|case| case.user));
        let popularity = Popularity::fit(&split.fitted(), data.catalogue.len());
        let mut models = Models::new(data, &split, &popularity, options);
        let board = Board::new(data, &split, &cases, &popularity, options);
        segments.extend(board.segments());
        for (&method, record) in options.methods.iter().zip(&mut records) {
            match options.orders.len() {
                1 => tell(progress, method.name())?,
                orders => tell(progress, &format!("{method}, order {} of {orders}", order + 1))?,
            }
            let fitted = models.fit(method, judges, progress)?;
            let shown = board.play(&fitted, judges, record, progress)?;
            record.coverage.push(shown as f64 / data.catalogue.len().max(1) as f64);
            if order == 0 {
                record.weights = fitted.weights;
            }
        }
    }
    Ok(report(data, options, &records, &users, &segments))
}

fn cases(split: &Split, options: &EvaluateOptions) -> Vec<Case> {
    use rand_chacha::rand_core::SeedableRng as _;
    let mut cases = split.test();
    if let Some(limit) = options.limit_users {
        let users: BTreeSet<usize> = cases.iter().map(|case| case.user).collect();
        let mut users: Vec<usize> = users.into_iter().collect();
        shuffle(&mut users, &mut rand_chacha::ChaCha8Rng::seed_from_u64(options.seed));
        let users: BTreeSet<usize> = users.into_iter().take(limit).collect();
        cases.retain(|case| users.contains(&case.user));
    }
    cases
}

/// The cases, and what a target is looked for in.
struct Board<'a> {
    split: &'a Split,
    cases: &'a [Case],
    items: usize,
    data: EvaluateData<'a>,
    popularity: &'a Popularity,
    diversity: f32,
    /// Draws candidates, how many, by which seed; without it all that is open counts.
    drawn: Option<(Matcher, usize, u64)>,
}

impl<'a> Board<'a> {
    fn new(
        data: EvaluateData<'a>,
        split: &'a Split,
        cases: &'a [Case],
        popularity: &'a Popularity,
        options: &EvaluateOptions,
    ) -> Self {
        let items = data.catalogue.len();
        let drawn = match options.candidates {
            Candidates::Full => None,
            Candidates::Matched { count, seed } => Some((Matcher::new(popularity.users()), count, seed)),
        };
        Self { split, cases, items, data, popularity, diversity: options.diversity, drawn }
    }

    /// What kinds of cases these are.
    fn segments(&self) -> impl Iterator<Item = [Segment; 2]> {
        let users = self.popularity.users();
        let popular = popular(users);
        let segments =
            move |&case: &Case| Segment::of(self.split.history(case).len(), users[self.split.target(case)], popular);
        self.cases.iter().map(segments)
    }

    /// Ranks all cases' targets; returns how many different items came among the first ten.
    fn play(
        &self,
        fitted: &Fitted,
        judges: &mut dyn Judges,
        record: &mut Record,
        progress: &mut Telling<'_>,
    ) -> Result<usize> {
        let first = |case: &Case| fitted.ranker.scores(&Query::of(self.split.history(*case)));
        let played: Vec<Played> = match fitted.language {
            Some(part) => {
                let scorer = judges.judge(fitted.asked)?;
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
                let judge = |case: &Case| {
                    let (mut scores, open) = (first(case)?, self.open(*case));
                    if let Some(diversity) = fitted.diversity {
                        self.vary(diversity, &mut scores, &open, *case);
                    }
                    Ok(self.judge(&scores, &open, *case))
                };
                self.cases.par_iter().map(judge).collect::<Result<_>>()?
            }
        };
        let mut shown = BTreeSet::new();
        for Played { rank, list, figures } in played {
            record.ranks.push(rank);
            record.lists.push(figures);
            shown.extend(list);
        }
        Ok(shown.len())
    }

    /// Which items a case's target is looked for in, itself among them; (items)
    fn open(&self, case: Case) -> Vec<bool> {
        let mut open = vec![true; self.items];
        self.split.history(case).iter().for_each(|event| open[event.item] = false);
        if let Some(hidden) = self.split.hidden() {
            open.iter_mut().zip(hidden).for_each(|(open, hidden)| *open &= hidden);
        }
        let target = self.split.target(case);
        open[target] = true;
        let Some((matcher, count, seed)) = &self.drawn else { return open };
        let mut drawn = vec![false; self.items];
        for item in matcher.draw(case, target, *count, *seed, |item| open[item] && item != target) {
            drawn[item] = true;
        }
        drawn
    }

    /// Puts a varied list on top. Its items share out among them and the rest of the pool the scores that these had.
    fn vary(&self, diversity: Diversity, scores: &mut [f32], open: &[bool], case: Case) {
        let pool = best(scores, SHOWN * POOL_PER_PLACE, |item| open[item]);
        let worth: Vec<f32> = pool.iter().map(|&item| scores[item]).collect();
        let (catalogue, semantic) = (self.data.catalogue, self.data.semantic.map(|semantic| &**semantic));
        let diversifier = Diversifier { catalogue, semantic, diversity, strength: self.diversity };
        let picked = diversifier.pick(self.split.history(case), &pool, &worth, SHOWN);
        let rest = (0..pool.len()).filter(|place| !picked.contains(place));
        for (place, score) in picked.iter().copied().chain(rest).zip(&worth) {
            scores[pool[place]] = *score;
        }
    }

    fn judge(&self, scores: &[f32], open: &[bool], case: Case) -> Played {
        let list = best(scores, SHOWN, |item| open[item]);
        let meter = ListMeter {
            catalogue: self.data.catalogue,
            semantic: self.data.semantic.map(|semantic| &**semantic),
            users: self.popularity.users(),
            all: self.data.interactions.histories().len() as f32,
        };
        let figures = meter.measure(self.split.history(case), &list);
        Played { rank: rank(scores, open, self.split.target(case)), list, figures }
    }
}

/// One case of one method.
struct Played {
    /// The rank of the target.
    rank: Rank,
    /// The items that are shown.
    list: Vec<usize>,
    figures: [f64; LIST_METRICS.len()],
}

fn report(
    data: EvaluateData<'_>,
    options: &EvaluateOptions,
    records: &[Record],
    users: &[usize],
    segments: &[[Segment; 2]],
) -> Vec<Evaluation> {
    let values = |record: &Record, metric: Metric| record.ranks.iter().map(|&rank| metric.of(rank)).collect::<Vec<_>>();
    let place = |wanted: Method| options.methods.iter().position(|&method| method == wanted);
    let fused = place(Method::Fused).map(|at| &records[at]);
    // Where there are no categories, nothing diverges from them.
    let measured = |(_, name): &(usize, &'static str)| *name != CALIBRATION || has_categories(data.catalogue);
    let base = place(Method::Hybrid).or(place(Method::Fused));
    let evaluation = |(&method, record): (&Method, &Record)| {
        let estimate = |metric: Metric| (metric.name(), Estimate::of(&values(record, metric), users));
        let versus = |fused: &Record| {
            let difference = |metric: Metric| {
                let difference = Estimate::of_difference(&values(record, metric), &values(fused, metric), users);
                (metric.name(), difference)
            };
            Metric::ALL.map(difference).into()
        };
        let list_estimate = |(at, name): (usize, &'static str)| {
            (name, Estimate::of(&record.lists.iter().map(|figures| figures[at]).collect::<Vec<_>>(), users))
        };
        let metrics = Metric::ALL.map(estimate).into_iter();
        Evaluation {
            method,
            protocol: options.protocol(),
            users: users.iter().collect::<BTreeSet<_>>().len(),
            cases: users.len(),
            weights: record.weights.clone(),
            metrics: metrics.chain(LIST_METRICS.into_iter().enumerate().filter(measured).map(list_estimate)).collect(),
            coverage: record.coverage.iter().sum::<f64>() / record.coverage.len().max(1) as f64,
            lift: base.filter(|&base| options.methods[base] != method).map_or_else(Vec::new, |base| {
                let [with, without] = [record, &records[base]].map(|record| values(record, Metric::Ndcg10));
                lifts(&with, &without, users, segments)
            }),
            versus_fused: fused.filter(|_| method != Method::Fused).map(versus).unwrap_or_default(),
        }
    };
    options.methods.iter().zip(records).map(evaluation).collect()
}

impl EvaluateOptions {
    fn protocol(&self) -> Protocol {
        let ties = match &self.orders[..] {
            [Ties::Id] => "id".into(),
            orders => format!("random, {} orders", orders.len()),
        };
        let candidates = self.candidates.name();
        Protocol { split: self.holdout.name(), candidates, ties, seen: "excluded", gain: "binary", seed: self.seed }
    }
}
