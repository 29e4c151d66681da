//! The complete system: what a file describes, stage by stage, each of which people can replace by their own.
//!
//! [`LLMRecommendationSystem`] retrieves candidates, passes them through its stages in their order, and explains what is
//! left. A [`Stage`] that people write may do what it wants: what comes out is made of distinct items that came in, so that
//! nothing is invented, and none that the user has.

mod built;
mod config;
mod stages;

use std::collections::HashSet;

pub use built::{Diversify, FairExposure, Prompted, Reranked, Sentences, StoreRetrieval};
pub use config::{StageConfig, SystemConfig};
pub use stages::{Explain, Person, Retrieve, Stage};

use super::{
    Candidate, Error, Filter, HistoryItem, Recommendations, RecommendedItem, Recommender, Result, fairness::Mask,
};

/// Interactions of a history that an answer shows.
const SHOWN: usize = 10;

/// Everything between a store and explained recommendations.
pub struct LLMRecommendationSystem {
    recommender: Recommender,
    /// What no stage is told of users.
    mask: Mask,
    parts: Parts,
}

/// What makes a list.
struct Parts {
    retrieve: Box<dyn Retrieve>,
    stages: Vec<Box<dyn Stage>>,
    explain: Option<Box<dyn Explain>>,
    /// The fewest candidates that are retrieved for each item of a list.
    candidates_per_item: usize,
}

impl std::fmt::Debug for LLMRecommendationSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LLMRecommendationSystem").field("stages", &self.names()).finish_non_exhaustive()
    }
}

impl LLMRecommendationSystem {
    /// What a store recommends by itself, without any stage. `mask` says what stages are not told of users.
    pub fn new(recommender: Recommender, mask: Mask) -> Self {
        let SystemConfig { candidates_per_item, .. } = SystemConfig::default();
        let parts =
            Parts { retrieve: Box::new(StoreRetrieval), stages: Vec::new(), explain: None, candidates_per_item };
        Self { recommender, mask, parts }
    }

    /// Retrieves in another way.
    #[must_use]
    pub fn retrieving(mut self, retrieve: impl Retrieve + 'static) -> Self {
        self.parts.retrieve = Box::new(retrieve);
        self
    }

    /// Passes candidates through one more stage, behind those that there are.
    #[must_use]
    pub fn with_stage(mut self, stage: impl Stage + 'static) -> Self {
        self.parts.stages.push(Box::new(stage));
        self
    }

    /// Explains what is recommended.
    #[must_use]
    pub fn explaining(mut self, explain: impl Explain + 'static) -> Self {
        self.parts.explain = Some(Box::new(explain));
        self
    }

    /// Retrieves at least so many candidates for each item of a list.
    #[must_use]
    pub fn with_candidates_per_item(mut self, candidates: usize) -> Self {
        self.parts.candidates_per_item = candidates.max(1);
        self
    }

    /// What it recommends from.
    pub fn recommender(&self) -> &Recommender {
        &self.recommender
    }

    /// The names of its parts, in their order.
    pub fn names(&self) -> Vec<String> {
        let Parts { retrieve, stages, explain, .. } = &self.parts;
        let stages = stages.iter().map(|stage| stage.name().to_owned());
        let explain = explain.as_ref().map(|explain| explain.name().to_owned());
        [retrieve.name().to_owned()].into_iter().chain(stages).chain(explain).collect()
    }

    /// Recommends `k` items to a user of the store.
    ///
    /// # Errors
    /// If there is no such user, or a stage fails.
    pub fn recommend(&mut self, user: &str, k: usize, filter: Option<&Filter>) -> Result<Recommendations> {
        let Self { recommender, mask, parts } = self;
        let (interactions, record) = (recommender.interactions(), recommender.users().get(user));
        let index = match (interactions.user(user), record) {
            (Ok(index), _) => Some(index),
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(error),
        };
        let history = index.map_or(&[][..], |index| interactions.history(index));
        let person = Person { name: user, user: index, record, history, request: None, vector: None };
        parts.serve((recommender, mask), &person, k, filter)
    }

    /// Recommends `k` items to anybody.
    ///
    /// # Errors
    /// If a stage fails.
    pub fn serve(&mut self, person: &Person<'_>, k: usize, filter: Option<&Filter>) -> Result<Recommendations> {
        let Self { recommender, mask, parts } = self;
        parts.serve((recommender, mask), person, k, filter)
    }
}

impl Parts {
    fn serve(
        &mut self,
        (recommender, mask): (&Recommender, &Mask),
        person: &Person<'_>,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Recommendations> {
        let Self { retrieve, stages, explain, candidates_per_item } = self;
        let catalogue = recommender.catalogue();
        let wanted = stages.iter().map(|stage| stage.wants(k)).max().unwrap_or(0);
        let count = if stages.is_empty() { k } else { wanted.max(k * *candidates_per_item) };
        let had: HashSet<usize> = person.history.iter().map(|event| event.item).collect();
        let is_open = |item: usize| {
            let known = catalogue.items().get(item);
            known.is_some_and(|item| filter.is_none_or(|filter| filter.matches(item))) && !had.contains(&item)
        };
        let retrieved = retrieve.retrieve(recommender, person, count, filter)?;
        let mut candidates = distinct(retrieved, is_open);
        for stage in stages {
            let open: HashSet<usize> = candidates.iter().map(|candidate| candidate.item).collect();
            let made = stage.apply(recommender, mask, person, candidates, k)?;
            candidates = distinct(made, |item| open.contains(&item));
        }
        candidates.truncate(k);
        let mut items: Vec<_> = candidates.iter().map(|candidate| RecommendedItem::new(candidate, catalogue)).collect();
        if let Some(explain) = explain {
            let indices: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
            let explanations = explain.explain(recommender, person, &indices)?;
            items.iter_mut().zip(explanations).for_each(|(item, explanation)| item.explanation = Some(explanation));
        }
        let last = &person.history[person.history.len().saturating_sub(SHOWN)..];
        let history = last.iter().map(|event| HistoryItem::new(event, catalogue)).collect();
        Ok(Recommendations { user: person.name.to_owned(), history, items, language_model: None })
    }
}

/// Candidates that are open, each once.
fn distinct(candidates: Vec<Candidate>, is_open: impl Fn(usize) -> bool) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    let mut candidates = candidates;
    candidates.retain(|candidate| is_open(candidate.item) && seen.insert(candidate.item));
    candidates
}

/// The error of a configuration.
pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::Config { what: what.into() }
}
