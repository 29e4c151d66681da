//! The ways in which a store makes lists, for counterfactual checks.

use std::{collections::HashMap, ops::ControlFlow};

use super::{Lister, Mask};
use crate::{
    engine::{Embedder, Engine},
    recommend::{
        Interaction, Query, Recommender, Result, User,
        evaluate::RERANKED,
        features,
        prompt::{PromptRecommender, PromptTask, PromptTemplate},
    },
};

/// What a store recommends to whoever has done something: by what they did.
#[derive(Debug)]
pub struct StoreLister<'a> {
    /// The store.
    pub recommender: &'a Recommender,
}

impl Lister for StoreLister<'_> {
    fn name(&self) -> &'static str {
        "history"
    }

    fn reads_history(&self) -> bool {
        true
    }

    fn list(&mut self, _: &User, history: &[Interaction], k: usize) -> Result<Vec<usize>> {
        let best = self.recommender.recommend(&Query::of(history), k, None)?;
        Ok(best.into_iter().map(|candidate| candidate.item).collect())
    }
}

/// What a store recommends to whoever has done nothing yet: by the profile's vector.
#[derive(Debug)]
pub struct ProfileLister<'a> {
    recommender: &'a Recommender,
    encoder: &'a mut Embedder,
    mask: &'a Mask,
    /// Vectors of the texts that were encoded.
    known: HashMap<String, Vec<f32>>,
}

impl<'a> ProfileLister<'a> {
    /// Encodes what `mask` leaves of profiles, by the encoder of the store's vectors.
    pub fn new(recommender: &'a Recommender, encoder: &'a mut Embedder, mask: &'a Mask) -> Self {
        Self { recommender, encoder, mask, known: HashMap::new() }
    }

    fn vector(&mut self, text: &str) -> Result<&[f32]> {
        if !self.known.contains_key(text) {
            let vector = self.encoder.embed(&[text], &mut |_| ControlFlow::Continue(()))?.values;
            self.known.insert(text.to_owned(), vector);
        }
        Ok(self.known.get(text).map(Vec::as_slice).unwrap_or_default())
    }
}

impl Lister for ProfileLister<'_> {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn reads_history(&self) -> bool {
        false
    }

    fn list(&mut self, user: &User, _: &[Interaction], k: usize) -> Result<Vec<usize>> {
        let profile = self.mask.profile(user);
        let told = features::User { profile: profile.as_deref(), history: &[] }.text(self.recommender.catalogue());
        let recommender = self.recommender;
        let text = if told.is_empty() { None } else { Some(self.vector(&told)?) };
        let best = recommender.recommend(&Query { history: &[], text }, k, None)?;
        Ok(best.into_iter().map(|candidate| candidate.item).collect())
    }
}

/// What a prompted language model recommends out of the store's best.
#[derive(Debug)]
pub struct PromptLister<'a> {
    /// The store.
    pub recommender: &'a Recommender,
    /// The language model.
    pub engine: &'a Engine,
    /// How it is asked.
    pub template: &'a PromptTemplate,
    /// What it is not told of users.
    pub mask: &'a Mask,
}

impl Lister for PromptLister<'_> {
    fn name(&self) -> &'static str {
        "prompt"
    }

    fn reads_history(&self) -> bool {
        true
    }

    fn list(&mut self, user: &User, history: &[Interaction], k: usize) -> Result<Vec<usize>> {
        let (catalogue, interactions) = (self.recommender.catalogue(), self.recommender.interactions());
        let offered = self.recommender.recommend(&Query::of(history), k.max(RERANKED), None)?;
        let items: Vec<usize> = offered.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(history, &items, k, catalogue);
        task.tell(user, self.mask);
        task.mine_examples(history, &interactions.slices(), catalogue);
        let answer = PromptRecommender::new(self.engine, self.template).recommend(&task)?;
        Ok(answer.whole(items.len()).into_iter().take(k).map(|place| items[place]).collect())
    }
}
