//! The methods, fitted and tuned on one split.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use super::{
    EvaluateData, EvaluateOptions, Method, Split,
    language::{LanguagePart, learn_weight},
    run::{Telling, tell},
    tune::choose,
};
use crate::recommend::{
    Error, Interaction, Result,
    diversify::Diversity,
    hybrid::{Progress, Ranker, TrainingData, train},
    rerank::{Asked, Judges},
    retrieve::{
        CoOccurrence, CoOccurrenceOptions, Ease, EaseOptions, ImplicitAls, ImplicitAlsOptions, ItemKnn, ItemKnnOptions,
        Popularity, Retriever,
    },
    signals::Signals,
};

/// A method, ready to rank.
pub(super) struct Fitted {
    pub(super) method: Method,
    pub(super) ranker: Box<dyn Retriever>,
    /// What the language model adds.
    pub(super) language: Option<LanguagePart>,
    /// How it is asked.
    pub(super) asked: Asked,
    /// How lists are made of the best.
    pub(super) diversity: Option<Diversity>,
    /// What was chosen or learned on validation data.
    pub(super) weights: BTreeMap<String, f64>,
}

/// Fits methods on one split.
pub(super) struct Models<'a> {
    data: EvaluateData<'a>,
    split: &'a Split,
    fitted: Vec<&'a [Interaction]>,
    popularity: &'a Popularity,
    seed: u64,
    /// How the language model is asked that reranks.
    rerank: Asked,
    learned: Option<Ranker>,
}

impl<'a> Models<'a> {
    /// `popularity` is that of what is fitted on.
    pub(super) fn new(
        data: EvaluateData<'a>,
        split: &'a Split,
        popularity: &'a Popularity,
        options: &EvaluateOptions,
    ) -> Self {
        let &EvaluateOptions { seed, rerank, .. } = options;
        Self { data, split, fitted: split.fitted(), popularity, seed, rerank, learned: None }
    }

    fn items(&self) -> usize {
        self.data.catalogue.len()
    }

    /// Fits and tunes a method.
    pub(super) fn fit(
        &mut self,
        method: Method,
        judges: &mut dyn Judges,
        progress: &mut Telling<'_>,
    ) -> Result<Fitted> {
        match method {
            Method::Pop => Ok(fitted(method, self.popularity.clone(), [])),
            Method::Itemknn => self.item_knn(),
            Method::Ease => self.ease(&[1.0], method),
            Method::EaseDecayed => self.ease(&[0.5, 0.8, 0.9, 0.95], method),
            Method::ImplicitAls => self.implicit_als(),
            Method::Cooccurrence => self.co_occurrence(),
            Method::Semantic => {
                let semantic = self.data.semantic.ok_or(Error::NoVectors { method: method.name() })?;
                Ok(fitted(method, (**semantic).clone(), []))
            }
            Method::Fused | Method::Hybrid => self.ranker(method, progress),
            Method::Alone(mode) => Ok(self.alone(method, Asked::Mode(mode))),
            Method::ALLMRec => Ok(self.alone(method, Asked::Aligned)),
            Method::Prompted(prompting) => {
                judges.mine_from(&self.fitted);
                Ok(self.alone(method, Asked::Prompt(prompting)))
            }
            Method::Reranked => self.reranked(judges, progress),
            Method::Diverse(diversity) => Ok(Fitted { diversity: Some(diversity), ..self.ranker(method, progress)? }),
        }
    }

    /// The language model alone, asked in one way about candidates in the order of their popularity.
    fn alone(&self, method: Method, asked: Asked) -> Fitted {
        Fitted { language: Some(LanguagePart::Alone), asked, ..fitted(method, self.popularity.clone(), []) }
    }

    /// Retrieval or both stages, with what was learned.
    fn ranker(&mut self, method: Method, progress: &mut Telling<'_>) -> Result<Fitted> {
        let second_stage = method != Method::Fused;
        let ranker = Ranker { second_stage, ..self.learned(method, progress)? };
        let fusion = if second_stage { &ranker.hybrid.linear } else { &ranker.hybrid.fusion };
        let counts = fusion.weights.iter().map(|[straight, tail]| f64::from(straight + tail));
        let mut weights: BTreeMap<String, f64> =
            fusion.signals.iter().map(|signal| signal.name().to_owned()).zip(counts).collect();
        if let (true, Some((model, share))) = (second_stage, &ranker.hybrid.residual) {
            weights.insert("hybrid_feature_model".into(), f64::from(*share));
            weights.insert("llm_features".into(), model.config().llm as f64);
        }
        Ok(Fitted {
            method,
            ranker: Box::new(ranker),
            language: None,
            asked: Asked::default(),
            diversity: None,
            weights,
        })
    }

    /// Both stages, learned once for all methods that need them.
    fn learned(&mut self, method: Method, progress: &mut Telling<'_>) -> Result<Ranker> {
        if let Some(ranker) = &self.learned {
            return Ok(ranker.clone());
        }
        let case = |case| (self.split.history(case), self.split.target(case));
        let validation: Vec<(&[Interaction], usize)> = self.split.validation().into_iter().map(case).collect();
        let data = TrainingData {
            catalogue: self.data.catalogue,
            semantic: self.data.semantic,
            histories: &self.fitted,
            validation: &validation,
            seed: self.seed,
        };
        let hybrid = train(data, &mut |state| match state {
            Progress::Moments(done, all) if done < all => {
                progress(&format!("{method}: gathering moments, part {} of {all}", done + 1))
            }
            Progress::Validated(value) => progress(&format!("{method}: validation log-likelihood {value:.4}")),
            Progress::Moments(..) | Progress::Steps(..) => ControlFlow::Continue(()),
        })?;
        let signals = Signals::fit(&self.fitted, self.data.catalogue, self.data.semantic.cloned())?;
        let ranker = Ranker { signals: Arc::new(signals), hybrid: Arc::new(hybrid), second_stage: true };
        Ok(self.learned.insert(ranker).clone())
    }

    /// Both stages, and the language model by a weight that validation justifies.
    fn reranked(&mut self, judges: &mut dyn Judges, progress: &mut Telling<'_>) -> Result<Fitted> {
        let fitted = self.ranker(Method::Reranked, progress)?;
        let scorer = judges.judge(self.rerank)?;
        let weight = learn_weight(&*fitted.ranker, self.split, scorer, self.seed, &mut |done, all| match done % 50 {
            0 => tell(progress, &format!("reranked: learning the language model's weight, list {done} of {all}")),
            _ => Ok(()),
        })?;
        let weights = BTreeMap::from([(self.rerank.name().to_owned(), f64::from(weight))]);
        Ok(Fitted { language: Some(LanguagePart::Beside(weight)), asked: self.rerank, weights, ..fitted })
    }

    fn item_knn(&self) -> Result<Fitted> {
        let grid = [10.0, 50.0].into_iter().flat_map(|shrink| [20, 100].map(|neighbours| (shrink, neighbours)));
        let made = grid.map(|(shrink, neighbours)| {
            let options = ItemKnnOptions { shrink, neighbours };
            (options, ItemKnn::fit(&self.fitted, self.items(), options))
        });
        let (options, model) = self.chosen(made)?;
        let weights = [("shrink", f64::from(options.shrink)), ("neighbours", options.neighbours as f64)];
        Ok(fitted(Method::Itemknn, model, weights))
    }

    fn ease(&self, decays: &[f32], method: Method) -> Result<Fitted> {
        let mut made = Vec::new();
        for penalty in [100.0, 200.0, 400.0, 800.0] {
            let options = EaseOptions { penalty, history_decay: 1.0 };
            let model = Ease::fit(&self.fitted, self.items(), options)?;
            made.extend(
                decays
                    .iter()
                    .map(|&history_decay| (EaseOptions { history_decay, ..options }, model.with_decay(history_decay))),
            );
        }
        let (options, model) = self.chosen(made)?;
        let weights = [("penalty", options.penalty), ("history_decay", f64::from(options.history_decay))];
        Ok(fitted(method, model, weights))
    }

    fn implicit_als(&self) -> Result<Fitted> {
        let mut made = Vec::new();
        for (unobserved, penalty) in [0.03, 0.1, 0.3].into_iter().flat_map(|u| [0.003, 0.01, 0.03, 0.1].map(|p| (u, p)))
        {
            let options = ImplicitAlsOptions { unobserved, penalty, history_decay: 1.0, ..Default::default() };
            let model = ImplicitAls::fit(&self.fitted, self.items(), options, self.seed);
            let decays = [0.8, 0.9, 0.95, 1.0];
            made.extend(decays.map(|history_decay| {
                (ImplicitAlsOptions { history_decay, ..options }, model.with_decay(history_decay))
            }));
        }
        let (options, model) = self.chosen(made)?;
        let weights = [
            ("unobserved", f64::from(options.unobserved)),
            ("penalty", f64::from(options.penalty)),
            ("history_decay", f64::from(options.history_decay)),
        ];
        Ok(fitted(Method::ImplicitAls, model, weights))
    }

    fn co_occurrence(&self) -> Result<Fitted> {
        let grid =
            [10, 20].into_iter().flat_map(|window| [0.3, 0.5].map(|popularity_power| (window, popularity_power)));
        let made = grid.flat_map(|(window, popularity_power)| {
            let options = CoOccurrenceOptions { window, popularity_power, history_decay: 1.0 };
            let model = CoOccurrence::fit(&self.fitted, self.items(), options);
            let decays = [0.5, 0.8, 0.9];
            decays.map(|history_decay| {
                (CoOccurrenceOptions { history_decay, ..options }, model.with_decay(history_decay))
            })
        });
        let (options, model) = self.chosen(made)?;
        let weights = [
            ("window", options.window as f64),
            ("popularity_power", f64::from(options.popularity_power)),
            ("history_decay", f64::from(options.history_decay)),
        ];
        Ok(fitted(Method::Cooccurrence, model, weights))
    }

    fn chosen<P, R: Retriever>(&self, made: impl IntoIterator<Item = (P, R)>) -> Result<(P, R)> {
        choose(made, self.split)
    }
}

fn fitted<const N: usize>(
    method: Method,
    ranker: impl Retriever + 'static,
    weights: [(&'static str, f64); N],
) -> Fitted {
    let weights = weights.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let (language, asked, diversity) = (None, Asked::default(), None);
    Fitted { method, ranker: Box::new(ranker), language, asked, diversity, weights }
}
