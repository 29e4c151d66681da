//! Training of the second stage: first the linear weights, in closed form as it were, then the HybridFeatureModel on
//! what these leave unexplained.
//!
//! The model learns by a sampled softmax (Jean et al., 2015; Covington et al., 2016): the taken item against hard negatives
//! out of what retrieval offers and a few random ones, with AdamW. The validation items end the training, and decide how much of
//! the model counts.

use std::{ops::ControlFlow, sync::Arc};

use candle_core::{D, Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::{
    fusion::Fusion,
    learn::tell,
    lists::{Extent, FEATURES, Moment, features, moments},
    model::{HybridConfig, HybridFeatureModel},
    ranker::{Hybrid, Inputs, traditional},
};
use crate::recommend::{
    Catalogue, Interaction, Query, Result,
    draw::shuffle,
    retrieve::Semantic,
    signals::{Signal, Signals},
};

/// Negatives of a list that are drawn from what retrieval offers.
const HARD: usize = 16;
/// Negatives of a list that are drawn from the rest of the catalogue.
const RANDOM: usize = 8;
/// Lists of one step.
const BATCH: usize = 32;
/// The step size: small, for what the linear weights leave unexplained is mostly noise.
const LEARNING_RATE: f64 = 4e-4;
/// The pull of weights to 0.
const WEIGHT_DECAY: f64 = 5e-2;
/// Rounds over all lists: the model overfits soon.
const MOST_EPOCHS: usize = 4;
/// Rounds without a gain on validation that end the training.
const PATIENCE: usize = 1;
/// How much of the model may count beside the linear score.
const SHARES: [f32; 4] = [0.25, 0.5, 0.75, 1.0];

/// What is learned from.
#[derive(Clone, Copy, Debug)]
pub struct TrainingData<'a> {
    /// The items.
    pub catalogue: &'a Catalogue,
    /// The items' vectors.
    pub semantic: Option<&'a Arc<Semantic>>,
    /// What models are fitted on, each user's oldest first.
    pub histories: &'a [&'a [Interaction]],
    /// What is tuned on: histories with the item that came next.
    pub validation: &'a [(&'a [Interaction], usize)],
    /// Decides every draw.
    pub seed: u64,
}

/// How training advances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// Moments are gathered: parts done, of how many.
    Moments(usize, usize),
    /// The model learns: steps done, of how many at most.
    Steps(usize, usize),
    /// A round has ended with this log-likelihood of the average validation item.
    Validated(f64),
}

/// Hears how training advances, and may break it off.
pub type Learning<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Learns both stages.
///
/// # Errors
/// If a model cannot be fitted, or `progress` breaks it off.
pub fn train(data: TrainingData<'_>, progress: &mut Learning<'_>) -> Result<Hybrid> {
    let signals = Signals::fit(data.histories, data.catalogue, data.semantic.cloned())?;
    let gathered = moments(data.histories, data.catalogue, &signals, Extent::Many, data.seed, &mut |done, all| {
        tell(progress, Progress::Moments(done, all))
    })?;
    let fusion = Fusion::retrieval(&gathered);
    let linear = Fusion::learn(&gathered, Signal::ALL.to_vec());
    let (categories, words) = (signals.common_categories(), signals.common_words());
    let hybrid = Hybrid { fusion, linear, categories, words, residual: None };
    let validation = Validation::new(&data, &signals, &hybrid)?;
    let lists = lists(&gathered, &hybrid);
    let mut best = (validation.value(None), None);
    tell(progress, Progress::Validated(best.0))?;
    let llm = data.semantic.map_or(0, |semantic| semantic.width());
    let config = HybridConfig { llm, traditional: traditional(&hybrid.words) };
    let trained = Trainer {
        data: &data,
        signals: &signals,
        lists: &lists,
        validation: &validation,
        words: !hybrid.words.is_empty(),
    }
    .run(config, progress)?;
    if trained.0 > best.0 {
        best = (trained.0, Some(trained.1));
    }
    Ok(Hybrid { residual: best.1, ..hybrid })
}

/// A moment with its linear scores, and the negatives to draw from.
struct Scored<'a> {
    moment: &'a Moment<'a>,
    /// Scores and offsets together, (moment's items).
    linear: Vec<f32>,
    /// Places of what retrieval offered, and of what was drawn from the rest; without the taken item.
    negatives: [Vec<usize>; 2],
}

impl Scored<'_> {
    /// Places of a list, the taken item first, and what is added to each one's score: the linear score, and the logarithm
    /// of how many others a drawn item stands for. Without that, and with the likeliest negatives instead of drawn ones,
    /// a model would learn how lists are made: what ranks below the others must be the taken item.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<(usize, f32)> {
        let mut list = vec![(0, self.linear[0])];
        for (places, count) in self.negatives.iter().zip([HARD, RANDOM]) {
            let stands_for = (places.len() as f32 / count as f32).ln();
            let mut places = places.clone();
            shuffle(&mut places, rng);
            list.extend(places[..count].iter().map(|&place| (place, self.linear[place] + stands_for)));
        }
        list
    }
}

fn lists<'a>(moments: &'a [Moment<'a>], hybrid: &Hybrid) -> Vec<Scored<'a>> {
    let scored = |moment: &'a Moment<'a>| {
        let scores = hybrid.linear_scores(&moment.features).into_iter().zip(&moment.offsets);
        let linear = scores.map(|(score, offset)| score + offset).collect();
        let negatives = [(1..moment.certain).collect(), (moment.certain..moment.items.len()).collect()];
        Scored { moment, linear, negatives }
    };
    let enough = |scored: &Scored<'_>| scored.negatives[0].len() >= HARD && scored.negatives[1].len() >= RANDOM;
    moments.par_iter().map(scored).filter(enough).collect()
}

struct Trainer<'a> {
    data: &'a TrainingData<'a>,
    signals: &'a Signals,
    lists: &'a [Scored<'a>],
    validation: &'a Validation,
    /// Whether the model sees what else the records say of items.
    words: bool,
}

impl Trainer<'_> {
    /// Trains one model; returns its best log-likelihood of the validation items, its state then, and the share that counts.
    fn run(&self, config: HybridConfig, progress: &mut Learning<'_>) -> Result<(f64, (HybridFeatureModel, f32))> {
        let model = HybridFeatureModel::new(config, self.data.seed)?;
        let variables = model.variables().iter().map(|(_, variable)| variable.clone()).collect();
        let parameters = ParamsAdamW { lr: LEARNING_RATE, weight_decay: WEIGHT_DECAY, ..ParamsAdamW::default() };
        let mut optimizer = AdamW::new(variables, parameters)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.data.seed);
        let mut order: Vec<usize> = (0..self.lists.len()).collect();
        let steps = self.lists.len().div_ceil(BATCH);
        let mut best = (f64::NEG_INFINITY, (model.snapshot()?, 0.0));
        let mut without_gain = 0;
        for epoch in 0..MOST_EPOCHS {
            shuffle(&mut order, &mut rng);
            for (step, batch) in order.chunks(BATCH).enumerate() {
                let loss = self.loss(&model, batch, &mut rng)?;
                optimizer.backward_step(&loss)?;
                tell(progress, Progress::Steps(epoch * steps + step + 1, MOST_EPOCHS * steps))?;
            }
            let (value, share) = self.validation.best_share(&model)?;
            tell(progress, Progress::Validated(value))?;
            if value > best.0 {
                best = (value, (model.snapshot()?, share));
                without_gain = 0;
            } else {
                without_gain += 1;
                if without_gain == PATIENCE {
                    break;
                }
            }
        }
        Ok(best)
    }

    /// The mean cross-entropy of a batch of lists.
    fn loss(&self, model: &HybridFeatureModel, batch: &[usize], rng: &mut ChaCha8Rng) -> Result<Tensor> {
        let width = 1 + HARD + RANDOM;
        let (mut traditional, mut llm, mut linear) = (Vec::new(), Vec::new(), Vec::new());
        for &at in batch {
            let moment = self.lists[at].moment;
            let list = self.lists[at].draw(rng);
            let items: Vec<usize> = list.iter().map(|&(place, _)| moment.items[place]).collect();
            let rows = list.iter().map(|&(place, _)| &moment.features[place * FEATURES..][..FEATURES]);
            let features: Vec<f32> = rows.flatten().copied().collect();
            linear.extend(list.iter().map(|&(_, score)| score));
            let profile = self.data.semantic.filter(|_| model.config().llm > 0);
            let profile =
                profile.map(|semantic| (&**semantic, Signals::profile_with(semantic, &Query::of(moment.history))));
            let profile = profile.as_ref().map(|(semantic, profile)| (*semantic, profile.as_slice()));
            let inputs = Inputs::new(self.signals, moment.history, &items, &features, self.words, profile)?;
            traditional.push(inputs.traditional);
            llm.extend(inputs.llm);
        }
        let traditional = Tensor::cat(&traditional, 0)?;
        let llm = if llm.is_empty() { None } else { Some(Tensor::cat(&llm, 0)?) };
        let linear = Tensor::from_vec(linear, (batch.len(), width), &Device::Cpu)?;
        let scores = (model.forward_train(llm.as_ref(), &traditional, rng)?.reshape((batch.len(), width))? + linear)?;
        let most = scores.max_keepdim(D::Minus1)?.detach();
        let total = scores.broadcast_sub(&most)?.exp()?.sum_keepdim(D::Minus1)?.log()?;
        let taken = scores.narrow(1, 0, 1)?;
        Ok(((total + most)? - taken)?.mean_all()?)
    }
}

/// The validation items among the pools that retrieval gives.
struct Validation {
    pools: Vec<Pool>,
}

struct Pool {
    inputs: Inputs,
    /// (items)
    linear: Vec<f32>,
    target: usize,
}

impl Validation {
    fn new(data: &TrainingData<'_>, signals: &Signals, hybrid: &Hybrid) -> Result<Self> {
        let pool = |&(history, target): &(&[Interaction], usize)| -> Result<Option<Pool>> {
            let query = Query::of(history);
            let mut open = vec![true; signals.items()];
            history.iter().for_each(|event| open[event.item] = false);
            let all = signals.standard(&Signal::ALL, &query, &open);
            let (_, items) = hybrid.retrieve(&all, &open);
            let Some(target) = items.iter().position(|&item| item == target) else { return Ok(None) };
            let features = features(&all, &items);
            let profile = signals.profile(&query);
            let profile = profile.as_ref().map(|(semantic, profile)| (&**semantic, profile.as_slice()));
            let words = !hybrid.words.is_empty();
            let inputs = Inputs::new(signals, history, &items, &features, words, profile)?;
            Ok(Some(Pool { inputs, linear: hybrid.linear_scores(&features), target }))
        };
        let pools: Result<Vec<Option<Pool>>> = data.validation.par_iter().map(pool).collect();
        Ok(Self { pools: pools?.into_iter().flatten().collect() })
    }

    /// The share of a model that does best, with its value.
    fn best_share(&self, model: &HybridFeatureModel) -> Result<(f64, f32)> {
        let residuals = self.residuals(model)?;
        let judged = SHARES.into_iter().map(|share| (self.value(Some((&residuals, share))), share));
        Ok(judged.reduce(|best, next| if next.0 > best.0 { next } else { best }).unwrap_or_default())
    }

    fn residuals(&self, model: &HybridFeatureModel) -> Result<Vec<Vec<f32>>> {
        let scores = |pool: &Pool| {
            let llm = pool.inputs.llm.as_ref().filter(|_| model.config().llm > 0);
            Ok(model.forward(llm, &pool.inputs.traditional)?.to_vec1::<f32>()?)
        };
        self.pools.iter().map(scores).collect()
    }

    /// The mean log-likelihood of the items that a pool holds, by the linear score and a share of a model's. It is
    /// smoother than any measure of ranks, so that few items tell small differences.
    fn value(&self, residuals: Option<(&[Vec<f32>], f32)>) -> f64 {
        let log_likelihood = |(at, pool): (usize, &Pool)| {
            let score = |item: usize| match residuals {
                Some((residuals, share)) => pool.linear[item] + share * residuals[at][item],
                None => pool.linear[item],
            };
            let scores: Vec<f64> = (0..pool.linear.len()).map(|item| f64::from(score(item))).collect();
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            scores[pool.target] - most - scores.iter().map(|score| (score - most).exp()).sum::<f64>().ln()
        };
        self.pools.iter().enumerate().map(log_likelihood).sum::<f64>() / self.pools.len().max(1) as f64
    }
}
