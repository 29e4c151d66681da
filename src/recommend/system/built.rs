//! The parts that come with this crate.

use super::{Explain, Person, Retrieve, Serving, Stage};
use crate::{
    engine::Engine,
    recommend::{
        Candidate, Explanation, Filter, Recommender, Result, XRecExplainer,
        diversify::{Diversifier, Diversity, POOL_PER_PLACE},
        evaluate::RERANKED,
        explain::{Explained, Influence, Planner},
        fairness::{self, ExposureTarget, FairReranker},
        rerank::{Judge, fuse},
    },
};

/// The store's own stages.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreRetrieval;

impl Retrieve for StoreRetrieval {
    fn name(&self) -> &str {
        "store"
    }

    fn retrieve(
        &mut self,
        recommender: &Recommender,
        person: &Person<'_>,
        count: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Candidate>> {
        recommender.recommend(&person.query(), count, filter)
    }
}

/// A judge's scores beside those of the stages before.
#[derive(Debug)]
pub struct Reranked {
    /// Who judges.
    pub judge: Judge,
    /// What its scores count; what was learned for the store, if `None`.
    pub weight: Option<f32>,
}

impl Stage for Reranked {
    fn name(&self) -> &str {
        self.judge.source().name()
    }

    fn wants(&self, k: usize) -> usize {
        k.max(RERANKED)
    }

    fn asks_a_model(&self) -> bool {
        true
    }

    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let (recommender, source) = (serving.recommender, self.judge.source());
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let Person { history, request, .. } = *serving.person;
        let judged = self.judge.scorer(recommender.catalogue()).score(history, request, &items)?;
        let weight = self.weight.unwrap_or_else(|| recommender.rerank_weight(source, &self.judge.identity()));
        Ok(fuse(candidates, source, &judged, weight))
    }
}

/// A varied list.
#[derive(Clone, Copy, Debug)]
pub struct Diversify {
    /// Which way.
    pub way: Diversity,
    /// How much variety counts, from 0 to 1.
    pub strength: f32,
}

impl Stage for Diversify {
    fn name(&self) -> &str {
        self.way.name()
    }

    fn wants(&self, k: usize) -> usize {
        k * POOL_PER_PLACE
    }

    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let Serving { recommender, person, k, .. } = *serving;
        let semantic = recommender.semantic().map(|semantic| &**semantic);
        let (catalogue, diversity, strength) = (recommender.catalogue(), self.way, self.strength);
        Ok(Diversifier { catalogue, semantic, diversity, strength }.list(person.history, &candidates, k))
    }
}

/// A list whose exposure is shared out among groups.
#[derive(Clone, Debug)]
pub struct FairExposure {
    /// What is wanted.
    pub target: ExposureTarget,
    /// How much that counts, from 0 to 1.
    pub strength: f32,
}

impl Stage for FairExposure {
    fn name(&self) -> &str {
        "fair"
    }

    fn wants(&self, k: usize) -> usize {
        k.max(fairness::POOL)
    }

    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let Serving { recommender, k, .. } = *serving;
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        Ok(FairReranker::new(&self.target, catalogue, interactions, self.strength)?.list(&candidates, k))
    }
}

/// Sentences that are planned from the records, phrased by the language model, and verified; of several drafts for each
/// item the best one that is true.
#[derive(Clone, Debug)]
pub struct Sentences {
    engine: Engine,
    drafts: usize,
}

impl Sentences {
    /// Has a language model write `drafts` of them for each item.
    pub fn new(engine: Engine, drafts: usize) -> Self {
        Self { engine, drafts: drafts.max(1) }
    }
}

impl Explain for Sentences {
    fn name(&self) -> &str {
        "sentences"
    }

    fn explain(&mut self, recommender: &Recommender, person: &Person<'_>, items: &[usize]) -> Result<Vec<Explanation>> {
        let planner = Planner::new(recommender.catalogue(), recommender.interactions())
            .with_texts(recommender.semantic().map(|semantic| &**semantic))
            .with_influence(Influence::of(recommender, &person.query(), items)?);
        let plans = match person.user {
            Some(user) => planner.alternatives(user, items, self.drafts),
            None => planner.alternatives_new(person.history, items, self.drafts),
        };
        let mut explainer = XRecExplainer::new(&self.engine).with_candidates(self.drafts);
        let explained = explainer.explain_alternatives(&plans)?;
        Ok(explained.into_iter().map(Explained::tell).collect())
    }
}
