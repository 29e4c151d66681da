//! The complete system: what a file describes, stage by stage, each of which people can replace by their own.
//!
//! [`LLMRecommendationSystem`] retrieves candidates, passes them through its stages in their order, and explains what is
//! left; it also talks, where it has a [`Conversation`]. A [`Stage`] that people write may do what it wants: what comes out
//! is made of distinct items that came in, so that nothing is invented, and none that the user has.

mod built;
mod config;
mod open;
mod prompted;
mod stages;
mod talk;

use std::{collections::HashSet, sync::Arc};

pub use built::{Diversify, FairExposure, Reranked, Sentences, StoreRetrieval};
pub use config::{StageConfig, SystemConfig, SystemModels};
pub use open::{DEFAULT_ENCODER, DEFAULT_MODEL};
pub use prompted::Prompted;
pub use stages::{Explain, Person, Retrieve, Serving, Stage};
pub use talk::Conversation;

use super::{
    Candidate, Error, Filter, HistoryItem, Recommendations, RecommendedItem, Recommender, Result,
    budget::{Decision, Selective},
    fairness::Mask,
};

/// Interactions of a history that an answer shows.
const SHOWN: usize = 10;

/// Everything between a store and explained recommendations.
pub struct LLMRecommendationSystem {
    recommender: Arc<Recommender>,
    /// What no stage is told of users.
    mask: Mask,
    parts: Parts,
    conversation: Option<Conversation>,
}

/// What makes a list.
struct Parts {
    retrieve: Box<dyn Retrieve>,
    stages: Vec<Box<dyn Stage>>,
    explain: Option<Box<dyn Explain>>,
    /// The fewest candidates that are retrieved for each item of a list.
    candidates_per_item: usize,
    /// When stages that ask a model are passed through; always, if `None`.
    selective: Option<Selective>,
}

impl std::fmt::Debug for LLMRecommendationSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LLMRecommendationSystem").field("stages", &self.names()).finish_non_exhaustive()
    }
}

impl LLMRecommendationSystem {
    /// What a store recommends by itself, without any stage. `mask` says what stages are not told of users.
    pub fn new(recommender: impl Into<Arc<Recommender>>, mask: Mask) -> Self {
        let SystemConfig { candidates_per_item, .. } = SystemConfig::default();
        let (stages, explain, selective) = (Vec::new(), None, None);
        let parts = Parts { retrieve: Box::new(StoreRetrieval), stages, explain, candidates_per_item, selective };
        Self { recommender: recommender.into(), mask, parts, conversation: None }
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

    /// Passes through stages that ask a model only where a rule finds it worth it.
    #[must_use]
    pub fn with_selection(mut self, rule: Selective) -> Self {
        self.parts.selective = Some(rule);
        self
    }

    /// Can also talk.
    #[must_use]
    pub fn with_conversation(mut self, conversation: Conversation) -> Self {
        self.conversation = Some(conversation);
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
        let Self { recommender, mask, parts, .. } = self;
        let (index, record) = (recommender.user(user)?, recommender.users().get(user));
        let history = index.map_or(&[][..], |index| recommender.interactions().history(index));
        let person = Person { name: user, user: index, record, history, request: None, vector: None };
        parts.serve((recommender, mask), &person, k, filter)
    }

    /// Recommends `k` items to anybody.
    ///
    /// # Errors
    /// If a stage fails.
    pub fn serve(&mut self, person: &Person<'_>, k: usize, filter: Option<&Filter>) -> Result<Recommendations> {
        let Self { recommender, mask, parts, .. } = self;
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
        let decision = self.decide(person);
        let Self { retrieve, stages, explain, candidates_per_item, .. } = self;
        let mut stages: Vec<_> = stages.iter_mut().filter(|stage| decision.used || !stage.asks_a_model()).collect();
        // What a model has not seen cannot be compared with what it has.
        let wants = |asks: bool| {
            let alike = stages.iter().filter(|stage| stage.asks_a_model() == asks);
            alike.map(|stage| stage.wants(k)).max()
        };
        let wanted = wants(true).or(wants(false));
        let count = wanted.map_or(k, |wanted| wanted.max(k.saturating_mul(*candidates_per_item)));
        let catalogue = recommender.catalogue();
        let had: HashSet<usize> = person.history.iter().map(|event| event.item).collect();
        let is_open = |item: usize| {
            let known = catalogue.items().get(item);
            known.is_some_and(|item| filter.is_none_or(|filter| filter.matches(item))) && !had.contains(&item)
        };
        let retrieved = retrieve.retrieve(recommender, person, count, filter)?;
        let mut candidates = distinct(retrieved, is_open);
        let mut serving = Serving::new(recommender, mask, person, k);
        for stage in &mut stages {
            if candidates.is_empty() {
                break;
            }
            let open: HashSet<usize> = candidates.iter().map(|candidate| candidate.item).collect();
            let made = stage.apply(&mut serving, candidates)?;
            candidates = distinct(made, |item| open.contains(&item));
        }
        candidates.truncate(k);
        let mut items: Vec<_> = candidates.iter().map(|candidate| RecommendedItem::new(candidate, catalogue)).collect();
        if let (Some(explain), false) = (explain, candidates.is_empty()) {
            let indices: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
            let explanations = explain.explain(recommender, person, &indices)?;
            items.iter_mut().zip(explanations).for_each(|(item, explanation)| item.explanation = Some(explanation));
        }
        let last = &person.history[person.history.len().saturating_sub(SHOWN)..];
        let history = last.iter().map(|event| HistoryItem::new(event, catalogue)).collect();
        let Serving { analysis, tokens_compressed, .. } = serving;
        let (user, language_model) = (person.name.to_owned(), Some(decision));
        Ok(Recommendations { user, history, items, analysis, language_model, tokens_compressed })
    }

    /// Whether stages that ask a model are passed through for somebody.
    fn decide(&self, person: &Person<'_>) -> Decision {
        let asks = self.stages.iter().any(|stage| stage.asks_a_model());
        match (asks, self.selective) {
            (false, _) => Decision { used: false, why: "no stage asks one".into() },
            (true, None) => Decision { used: true, why: "it is asked for everybody".into() },
            (true, Some(rule)) => rule.decide(person.history.len(), person.request),
        }
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
