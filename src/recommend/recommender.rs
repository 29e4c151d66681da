//! The recommender over a store: whom to recommend to, what may be recommended, and a list of candidates with what each
//! source says of them.

use std::sync::Arc;

use super::{
    ALLMRec, Candidate, Catalogue, Error, Filter, Interaction, Interactions, Query, Result, Source, SourceScore, Store,
    Users,
    hybrid::{Fusion, HYBRID, Hybrid, RERANK, RETRIEVAL, RerankWeight, RerankWeights},
    retrieve::{Semantic, SemanticOptions, best},
    signals::{COLLABORATIVE, Collaborative, Signal, Signals, standardize_open},
};
use crate::engine::{Embeddings, Engine};

/// The signals that are told with a recommendation, by their sources.
const TOLD: [(Source, Signal); 4] = [
    (Source::CoOccurrence, Signal::NearRecent),
    (Source::Ease, Signal::EaseRecent),
    (Source::Semantic, Signal::TextRecent),
    (Source::Popularity, Signal::Popularity),
];

/// What all other signals count beside the nearness to a request in words, both standardized.
const BEHAVIOUR: f32 = 0.1;

/// Everything that a store knows, ready to recommend.
#[derive(Clone, Debug)]
pub struct Recommender {
    catalogue: Catalogue,
    interactions: Interactions,
    users: Users,
    semantic: Option<Arc<Semantic>>,
    signals: Signals,
    fusion: Fusion,
    hybrid: Option<Hybrid>,
    rerank: RerankWeights,
    /// Where it comes from: what only some need is read when it is needed.
    store: Option<Store>,
}

impl Recommender {
    /// Reads a store. What `docent index` and `docent train hybrid` learned is used if it is there.
    ///
    /// # Errors
    /// If a component is damaged.
    pub fn open(store: &Store) -> Result<Self> {
        let mut recommender = Self::untrained(store)?;
        if let Some(bytes) = store.component(HYBRID)? {
            let hybrid = Hybrid::from_bytes(&bytes)?;
            let width = recommender.semantic.as_ref().map_or(0, |semantic| semantic.width());
            recommender.fusion = hybrid.fusion.clone();
            recommender.signals.tell_apart(&hybrid.categories);
            recommender.signals.tell_words_apart(&hybrid.words);
            match hybrid.vector_width() {
                0 => recommender.hybrid = Some(hybrid),
                trained if trained == width => recommender.hybrid = Some(hybrid),
                trained => {
                    tracing::warn!(trained, width, "the hybrid model is left out: it was trained on other vectors");
                }
            }
        }
        if let Some(bytes) = store.component(RERANK)? {
            recommender.rerank = RerankWeights::from_bytes(&bytes)?;
        }
        Ok(recommender)
    }

    /// Reads a store without what `docent train hybrid` learned, which may be damaged.
    ///
    /// # Errors
    /// If another component is damaged.
    pub fn untrained(store: &Store) -> Result<Self> {
        let catalogue = store.catalogue()?;
        let (interactions, kept) = rayon::join(|| store.interactions(&catalogue), || store.component(COLLABORATIVE));
        let (interactions, kept) = (interactions?, kept?);
        let kept = kept.map(|bytes| Collaborative::from_bytes(&bytes, &interactions.slices(), catalogue.len()));
        let mut recommender = Self::with(catalogue, interactions, store.embeddings()?, kept.transpose()?.flatten())?;
        recommender.users = store.users()?;
        if let Some(bytes) = store.component(RETRIEVAL)? {
            recommender.fusion = Fusion::from_bytes(&bytes)?;
        }
        recommender.store = Some(store.clone());
        Ok(recommender)
    }

    /// Recommends from what is given, by retrieval with its default weights.
    ///
    /// # Errors
    /// If there are more or fewer vectors than items.
    pub fn new(catalogue: Catalogue, interactions: Interactions, vectors: Option<Embeddings>) -> Result<Self> {
        Self::with(catalogue, interactions, vectors, None)
    }

    /// The same from models that were fitted on the interactions; without them they are fitted now.
    fn with(
        catalogue: Catalogue,
        interactions: Interactions,
        vectors: Option<Embeddings>,
        collaborative: Option<Collaborative>,
    ) -> Result<Self> {
        let semantic = vectors.map(|vectors| Semantic::new(vectors, catalogue.len(), SemanticOptions::default()));
        let semantic = semantic.transpose()?.map(Arc::new);
        let histories = interactions.slices();
        let collaborative = match collaborative {
            Some(collaborative) => collaborative,
            None => Collaborative::fit(&histories, catalogue.len())?,
        };
        let signals = Signals::with(Arc::new(collaborative), &histories, &catalogue, semantic.clone());
        let fusion = Fusion::default();
        let rerank = RerankWeights::default();
        let users = Users::default();
        Ok(Self { catalogue, interactions, users, semantic, signals, fusion, hybrid: None, rerank, store: None })
    }

    /// The same, with what users say of themselves.
    #[must_use]
    pub fn with_users(self, users: Users) -> Self {
        Self { users, ..self }
    }

    /// The items.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Who interacted with what.
    pub fn interactions(&self) -> &Interactions {
        &self.interactions
    }

    /// What users say of themselves.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The index of a user among the [`interactions`](Self::interactions); `None` if there is only a record of them.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn user(&self, id: &str) -> Result<Option<usize>> {
        let Self { interactions, users, .. } = self;
        match interactions.index(id) {
            None if users.get(id).is_none() => {
                let active = (0..interactions.users()).map(|user| interactions.user_id(user));
                let recorded = users.users().iter().map(|user| user.id.as_str());
                let silent = recorded.filter(|id| interactions.index(id).is_none());
                Err(Error::unknown_user(id, active.chain(silent)))
            }
            index => Ok(index),
        }
    }

    /// Where it comes from, if that is a store.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// The items' vectors.
    pub fn semantic(&self) -> Option<&Arc<Semantic>> {
        self.semantic.as_ref()
    }

    /// The second stage, if it was trained.
    pub fn hybrid(&self) -> Option<&Hybrid> {
        self.hybrid.as_ref()
    }

    /// What is known of items for somebody.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The trained core of A-LLMRec, for this language model.
    ///
    /// # Errors
    /// If the store has none, it is damaged, or was trained for other models.
    pub fn aligned(&self, engine: &Engine) -> Result<ALLMRec> {
        let aligned = match (&self.store, &self.semantic) {
            (Some(store), Some(semantic)) => ALLMRec::open(store, semantic.clone(), engine)?,
            _ => None,
        };
        aligned.ok_or(Error::NoAlignment)
    }

    /// What rerankers count.
    pub fn rerank_weights(&self) -> &RerankWeights {
        &self.rerank
    }

    /// What a reranker's scores count: nothing, until validation items have shown that those of this very model help.
    pub fn rerank_weight(&self, source: Source, identity: &str) -> f32 {
        let Some(learned) = self.rerank.0.get(source.name()) else { return 0.0 };
        if learned.identity == identity || learned.weight == 0.0 {
            return learned.weight;
        }
        let RerankWeight { model, weight, .. } = learned;
        tracing::warn!(
            weight,
            "{} counts nothing: its weight was learned for `{model}`, which is another model",
            source.name()
        );
        0.0
    }

    /// The history of somebody who is not in the store, and who liked some items, by id; the last one liked last.
    ///
    /// # Errors
    /// If there is no such item.
    pub fn liked(&self, ids: &[String]) -> Result<Vec<Interaction>> {
        let event = |id: &String| {
            let item = self.catalogue.require(id)?;
            Ok(Interaction { user: usize::MAX, item, rating: None, timestamp: None })
        };
        ids.iter().map(event).collect()
    }

    /// The `k` best items for somebody, best first: those that they do not have and that pass the filter.
    ///
    /// # Errors
    /// If a model fails.
    pub fn recommend(&self, query: &Query<'_>, k: usize, filter: Option<&Filter>) -> Result<Vec<Candidate>> {
        self.recommend_where(query, k, &|item| filter.is_none_or(|filter| filter.matches(&self.catalogue[item])))
    }

    /// The `k` best items for somebody, best first: those that they do not have and that are wanted, by index.
    ///
    /// # Errors
    /// If a model fails.
    pub fn recommend_where(
        &self,
        query: &Query<'_>,
        k: usize,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Candidate>> {
        let open = self.open_where(query.history, wanted);
        let stages = self.stages(query, &open)?;
        let Some((_, scores)) = stages.last() else { return Ok(Vec::new()) };
        let list: Vec<(usize, f32)> =
            best(scores, k, |item| open[item]).into_iter().map(|item| (item, scores[item])).collect();
        let told: Vec<(Source, Vec<f32>)> = TOLD
            .into_iter()
            .filter(|(source, _)| *source != Source::Semantic || self.semantic.is_some())
            .map(|(source, signal)| (self.named(source), self.signals.raw(signal, query)))
            .chain(stages)
            .collect();
        let candidate = |(item, score)| {
            let said = told.iter().map(|(source, values)| SourceScore { source: *source, value: values[item] });
            Candidate { item, score, sources: said.collect() }
        };
        Ok(list.into_iter().map(candidate).collect())
    }

    /// A source by the name of the model that stands for it here.
    fn named(&self, source: Source) -> Source {
        match source {
            Source::Ease => self.signals.collaborative().linear(),
            source => source,
        }
    }

    /// Which items may be recommended to somebody, (catalogue): those that they do not have and that pass the filter.
    pub fn open_items(&self, history: &[Interaction], filter: Option<&Filter>) -> Vec<bool> {
        self.open_where(history, &|item| filter.is_none_or(|filter| filter.matches(&self.catalogue[item])))
    }

    fn open_where(&self, history: &[Interaction], wanted: &dyn Fn(usize) -> bool) -> Vec<bool> {
        let mut open: Vec<bool> = (0..self.catalogue.len()).map(wanted).collect();
        history.iter().for_each(|event| open[event.item] = false);
        open
    }

    /// What the stage that decides says of some items, (items), whichever others are listed: two histories' scores of one
    /// item compare, if the same items are `open`.
    ///
    /// # Errors
    /// If a model fails.
    pub fn scores_of(&self, query: &Query<'_>, items: &[usize], open: &[bool]) -> Result<Vec<f32>> {
        match self.second_stage(query) {
            Some(hybrid) => hybrid.scores_of(&self.signals, query, items, open),
            None => {
                let scores = self.answer(query, open);
                Ok(items.iter().map(|&item| scores[item]).collect())
            }
        }
    }

    /// The second stage, where it decides: it knows what follows from a history, and has never seen a request in words.
    fn second_stage(&self, query: &Query<'_>) -> Option<&Hybrid> {
        self.hybrid.as_ref().filter(|_| query.text.is_none() && !query.history.is_empty())
    }

    /// What each stage says of all items, (catalogue); the last one decides.
    fn stages(&self, query: &Query<'_>, open: &[bool]) -> Result<Vec<(Source, Vec<f32>)>> {
        match self.second_stage(query) {
            None => Ok(vec![(Source::Fused, self.answer(query, open))]),
            Some(hybrid) => {
                let ranked = hybrid.rank(&self.signals, query, open)?;
                Ok(vec![(Source::Fused, ranked.retrieval.clone()), (Source::Hybrid, ranked.into_scores())])
            }
        }
    }

    /// Retrieval's scores, (catalogue). What is asked for in words comes first: the history and everybody's behaviour
    /// only choose among what answers it.
    fn answer(&self, query: &Query<'_>, open: &[bool]) -> Vec<f32> {
        let mut fused = self.fusion.scores(&self.signals, &Query::of(query.history), open);
        if let (Some(text), Some(semantic)) = (query.text, &self.semantic) {
            let mut asked = semantic.near(&semantic.profile(&[], Some(text)));
            standardize_open(&mut asked, open);
            standardize_open(&mut fused, open);
            fused.iter_mut().zip(asked).for_each(|(score, asked)| *score = asked + BEHAVIOUR * *score);
        }
        fused
    }

    /// The `k` items whose texts are nearest to a text's vector, with their cosines, best first.
    ///
    /// # Errors
    /// If the store was made without vectors.
    pub fn search(&self, text: &[f32], k: usize, filter: Option<&Filter>) -> Result<Vec<Candidate>> {
        let semantic = self.semantic.as_ref().ok_or(Error::NoVectors { method: "search" })?;
        let scores = semantic.near(&semantic.profile(&[], Some(text)));
        let is_open = |item: usize| filter.is_none_or(|filter| filter.matches(&self.catalogue[item]));
        let candidate = |item: usize| Candidate {
            item,
            score: scores[item],
            sources: vec![SourceScore { source: Source::Semantic, value: scores[item] }],
        };
        Ok(best(&scores, k, is_open).into_iter().map(candidate).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Item, User};

    #[test]
    fn an_unknown_user_is_told_of_those_with_a_record_and_those_with_interactions() {
        let catalogue = Catalogue::new(vec![Item { id: "1".into(), ..Item::default() }]);
        let event = Interaction { user: 0, item: 0, rating: None, timestamp: None };
        let interactions =
            Interactions::from_histories([("active".into(), vec![event]), ("both".into(), vec![event; 2])]);
        let record = |id: &str| User { id: id.into(), ..User::default() };
        let recommender = Recommender::new(catalogue, interactions, None).unwrap();
        let recommender = recommender.with_users(Users::new(["silent", "both"].map(record).to_vec()));
        let found = ["active", "both", "silent"].map(|id| recommender.user(id).unwrap());
        assert_eq!(found, [Some(0), Some(1), None]);
        let error = recommender.user("nobody").unwrap_err();
        assert_eq!(error.to_string(), "there is no user `nobody` among 3 users");
        assert_eq!(error.hint().as_deref(), Some("there are `active`, `both`, `silent`"));
    }
}
