//! The parts that come with this crate.

use super::{Explain, Person, Retrieve, Stage};
use crate::{
    engine::Engine,
    recommend::{
        Candidate, Explanation, Filter, LLMReranker, Recommender, Result, Source, SourceScore, XRecExplainer,
        diversify::{Diversifier, Diversity, POOL_PER_PLACE},
        evaluate::RERANKED,
        explain::Planner,
        fairness::{self, ExposureTarget, FairReranker, Mask},
        prompt::{PromptRecommender, PromptTask, PromptTemplate},
        rerank::{Mode, RerankOptions, fuse},
    },
};

/// Examples of a prompt, out of the histories of others.
const EXAMPLES: usize = 2;

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

/// The language model's scores beside those of the stages before.
#[derive(Clone, Debug)]
pub struct Reranked {
    /// The language model.
    pub engine: Engine,
    /// How it is asked.
    pub mode: Mode,
    /// What its scores count; what was learned for the store, if `None`.
    pub weight: Option<f32>,
}

impl Stage for Reranked {
    fn name(&self) -> &str {
        self.mode.name()
    }

    fn wants(&self, k: usize) -> usize {
        k.max(RERANKED)
    }

    fn apply(
        &mut self,
        recommender: &Recommender,
        _: &Mask,
        person: &Person<'_>,
        candidates: Vec<Candidate>,
        _: usize,
    ) -> Result<Vec<Candidate>> {
        let source = Source::LanguageModel(self.mode);
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let options = RerankOptions { mode: self.mode, ..RerankOptions::default() };
        let mut reranker = LLMReranker::new(&self.engine, options);
        let judged = reranker.scores(person.history, &items, recommender.catalogue())?;
        let weight = self.weight.unwrap_or_else(|| recommender.rerank_weight(source));
        Ok(fuse(candidates, source, &judged, weight))
    }
}

/// The language model's choice by a prompt.
#[derive(Debug)]
pub struct Prompted {
    /// The language model.
    pub engine: Engine,
    /// How it is asked.
    pub template: PromptTemplate,
}

impl Stage for Prompted {
    fn name(&self) -> &str {
        self.template.name()
    }

    fn wants(&self, k: usize) -> usize {
        k.max(RERANKED)
    }

    fn apply(
        &mut self,
        recommender: &Recommender,
        mask: &Mask,
        person: &Person<'_>,
        candidates: Vec<Candidate>,
        k: usize,
    ) -> Result<Vec<Candidate>> {
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(person.history, &items, k, catalogue);
        task.query = person.request.map(str::to_owned);
        if let Some(record) = person.record {
            task.tell(record, mask);
        }
        task.mine_examples(person.history, person.user, EXAMPLES, interactions, catalogue);
        let answer = PromptRecommender::new(&self.engine, &self.template).recommend(&task)?;
        let named = answer.order.len();
        let place = |(rank, place): (usize, usize)| {
            let mut candidate = Candidate { score: -(rank as f32), ..candidates.get(place)?.clone() };
            if rank < named {
                candidate.sources.push(SourceScore { source: Source::Prompt, value: candidate.score });
            }
            Some(candidate)
        };
        Ok(answer.whole(items.len()).into_iter().enumerate().filter_map(place).collect())
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

    fn apply(
        &mut self,
        recommender: &Recommender,
        _: &Mask,
        person: &Person<'_>,
        candidates: Vec<Candidate>,
        k: usize,
    ) -> Result<Vec<Candidate>> {
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

    fn apply(
        &mut self,
        recommender: &Recommender,
        _: &Mask,
        _: &Person<'_>,
        candidates: Vec<Candidate>,
        k: usize,
    ) -> Result<Vec<Candidate>> {
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        Ok(FairReranker::new(&self.target, catalogue, interactions, self.strength)?.list(&candidates, k))
    }
}

/// Sentences that are planned from the records, phrased by the language model, and verified.
#[derive(Clone, Debug)]
pub struct Sentences {
    /// The language model.
    pub engine: Engine,
}

impl Explain for Sentences {
    fn name(&self) -> &str {
        "sentences"
    }

    fn explain(&mut self, recommender: &Recommender, person: &Person<'_>, items: &[usize]) -> Result<Vec<Explanation>> {
        let planner = Planner::new(recommender.catalogue(), recommender.interactions());
        let plans = match person.user {
            Some(user) => planner.plan(user, items),
            None => planner.plan_new(person.history, items),
        };
        let explained = XRecExplainer::new(&self.engine).explain(&plans)?;
        Ok(explained.into_iter().map(|explained| explained.explanation).collect())
    }
}
