//! The second stage in use: the best of retrieval, scored by a logistic fusion of all signals and, on top of it, by the
//! HybridFeatureModel.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::{
    context::{CONTEXT, context},
    fusion::Fusion,
    lists::{FEATURES, features},
    model::HybridFeatureModel,
};
use crate::recommend::{
    Interaction, Query, Result, Retriever, Source,
    retrieve::{Semantic, best},
    signals::{CATEGORIES, STRUCTURED, Signal, Signals},
};

/// How many of retrieval's best the second stage scores: below, the right item is too seldom to pay.
pub const POOL: usize = 200;

/// Traditional features of a model for a catalogue that holds titles, years and categories: the signals with their tails
/// drawn in, the moment's context, and the item's categories as ones and zeros.
pub(super) const TRADITIONAL: usize = Signal::ALL.len() + CONTEXT + CATEGORIES;

/// The same with what else the records say, if they do: `words` are those that are told apart.
pub(super) fn traditional(words: &[String]) -> usize {
    TRADITIONAL + if words.is_empty() { 0 } else { STRUCTURED }
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Hybrid {
    /// Retrieval: which signals find, and what each counts.
    pub fusion: Fusion,
    /// All signals, and what each counts.
    pub linear: Fusion,
    /// The categories that the model tells apart, in the order of its features.
    pub categories: Vec<String>,
    /// What else the records say of items that the model tells apart, in the order of its features; empty if it sees
    /// nothing else.
    pub words: Vec<String>,
    /// What is added to the linear score, and how much of it counts.
    pub residual: Option<(HybridFeatureModel, f32)>,
}

/// Features of a few items, as the model takes them.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    /// (items, the model's traditional features)
    pub(super) traditional: Tensor,
    /// (items, width)
    pub(super) llm: Option<Tensor>,
}

impl Inputs {
    /// `features` is (items, [`FEATURES`]); `words` says whether the model sees what else the records say.
    pub(super) fn new(
        signals: &Signals,
        history: &[Interaction],
        items: &[usize],
        features: &[f32],
        words: bool,
        profile: Option<(&Semantic, &[f32])>,
    ) -> Result<Self> {
        let context = context(history);
        let structured = if words { signals.structured(&Query::of(history), items) } else { Vec::new() };
        let mut traditional = Vec::with_capacity(items.len() * (TRADITIONAL + STRUCTURED));
        for (place, (&item, row)) in items.iter().zip(features.chunks_exact(FEATURES)).enumerate() {
            // With their tails drawn in: a few large values would drown all others.
            traditional.extend(row.iter().skip(1).step_by(2));
            traditional.extend(&context);
            traditional.extend(signals.multi_hot(item));
            traditional.extend(structured.get(place).into_iter().flatten());
        }
        let width = TRADITIONAL + if words { STRUCTURED } else { 0 };
        let traditional = Tensor::from_vec(traditional, (items.len(), width), &Device::Cpu)?;
        let llm = profile.map(|(semantic, profile)| {
            // Of unit length both, their products would be tiny beside the other features.
            let scale = profile.len() as f32;
            let product = |item: &usize| {
                let vector = semantic.vector(*item);
                vector.iter().zip(profile).map(|(a, b)| a * b * scale).collect::<Vec<f32>>()
            };
            let products: Vec<f32> = items.iter().flat_map(product).collect();
            Tensor::from_vec(products, (items.len(), profile.len()), &Device::Cpu)
        });
        Ok(Self { traditional, llm: llm.transpose()? })
    }
}

impl Hybrid {
    /// Elements of the items' vectors that the model sees; 0 if it sees none.
    pub fn vector_width(&self) -> usize {
        self.residual.as_ref().map_or(0, |(model, _)| model.config().llm)
    }

    /// Scores of some items, (items), and those of retrieval, (catalogue): all that are open, and of these the best
    /// [`POOL`] by the second stage.
    ///
    /// # Errors
    /// If the model fails.
    pub fn rank(&self, signals: &Signals, query: &Query<'_>, open: &[bool]) -> Result<Ranked> {
        let all = signals.standard(&Signal::ALL, query, open);
        let (retrieval, pool) = self.retrieve(&all, open);
        let features = features(&all, &pool);
        let scores = self.score(signals, query, &pool, &features)?;
        Ok(Ranked { retrieval, pool, scores })
    }

    /// The second stage's scores of some items, (items), whether retrieval finds them or not.
    ///
    /// # Errors
    /// If the model fails.
    pub fn scores_of(&self, signals: &Signals, query: &Query<'_>, items: &[usize], open: &[bool]) -> Result<Vec<f32>> {
        let all = signals.standard(&Signal::ALL, query, open);
        self.score(signals, query, items, &features(&all, items))
    }

    /// Retrieval's scores, (catalogue), and its best items, from all signals, standardized.
    pub(super) fn retrieve(&self, all: &[Vec<f32>], open: &[bool]) -> (Vec<f32>, Vec<usize>) {
        let found = self.fusion.signals.iter().map(|signal| all[signal.index()].as_slice());
        let scores = self.fusion.weigh(found);
        let pool = best(&scores, POOL, |item| open[item]);
        (scores, pool)
    }

    /// `features` is (items, [`FEATURES`]).
    fn score(&self, signals: &Signals, query: &Query<'_>, items: &[usize], features: &[f32]) -> Result<Vec<f32>> {
        let mut scores = self.linear_scores(features);
        if let Some((model, share)) = &self.residual {
            let profile = signals.profile(query).filter(|_| model.config().llm > 0);
            let profile = profile.as_ref().map(|(semantic, profile)| (&**semantic, profile.as_slice()));
            let words = !self.words.is_empty();
            let inputs = Inputs::new(signals, query.history, items, features, words, profile)?;
            let residual = model.forward(inputs.llm.as_ref(), &inputs.traditional)?.to_vec1::<f32>()?;
            scores.iter_mut().zip(residual).for_each(|(score, residual)| *score += share * residual);
        }
        Ok(scores)
    }

    /// The linear part: (items, [`FEATURES`]) to (items).
    pub(super) fn linear_scores(&self, features: &[f32]) -> Vec<f32> {
        let weights = self.linear.weights.as_flattened();
        let dot = |row: &[f32]| row.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        features.chunks_exact(FEATURES).map(dot).collect()
    }
}

/// A ranking of the catalogue.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Retrieval's scores, (catalogue).
    pub retrieval: Vec<f32>,
    /// Retrieval's best, best first.
    pub pool: Vec<usize>,
    /// Their scores by the second stage, (pool).
    pub scores: Vec<f32>,
}

impl Ranked {
    /// One score for each item, (catalogue): those of the pool lie above all others, by the second stage.
    pub fn into_scores(self) -> Vec<f32> {
        let Self { mut retrieval, pool, scores } = self;
        let top = retrieval.iter().copied().fold(0.0, f32::max);
        let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
        pool.iter().zip(scores).for_each(|(&item, score)| retrieval[item] = top + 1.0 + score - low);
        retrieval
    }
}

/// Both stages as one way to rank, for evaluation.
#[derive(Clone, Debug)]
pub struct Ranker {
    /// What is known of items.
    pub signals: Arc<Signals>,
    /// What was learned.
    pub hybrid: Arc<Hybrid>,
    /// Whether the second stage takes part.
    pub second_stage: bool,
}

impl Retriever for Ranker {
    fn source(&self) -> Source {
        if self.second_stage { Source::Hybrid } else { Source::Fused }
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let mut open = vec![true; self.signals.items()];
        query.history.iter().for_each(|event| open[event.item] = false);
        match self.second_stage {
            true => Ok(self.hybrid.rank(&self.signals, query, &open)?.into_scores()),
            false => Ok(self.hybrid.fusion.scores(&self.signals, query, &open)),
        }
    }
}
