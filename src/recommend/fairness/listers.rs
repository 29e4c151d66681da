//! The ways in which a store makes lists, for counterfactual checks.

use std::{collections::HashMap, ops::ControlFlow};

use super::{ExposureTarget, Lister, Mask};
use crate::{
    engine::{Embedder, Engine},
    recommend::{
        Interaction, Query, Recommender, Result, User, features,
        prompt::PromptTemplate,
        system::{Person, Prompted, Serving, Stage},
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

/// What a prompted language model recommends out of the store's best: the stage of the system, by itself.
#[derive(Debug)]
pub struct PromptLister<'a> {
    recommender: &'a Recommender,
    mask: &'a Mask,
    stage: Prompted,
}

impl<'a> PromptLister<'a> {
    /// Asks a loaded language model by a template. `mask` says what it is not told of users.
    pub fn new(recommender: &'a Recommender, engine: &Engine, template: &PromptTemplate, mask: &'a Mask) -> Self {
        Self { recommender, mask, stage: Prompted::new(engine.clone(), template.clone()) }
    }

    /// Asks for lists that are shared out among groups, too.
    #[must_use]
    pub fn with_target(self, target: ExposureTarget) -> Self {
        Self { stage: self.stage.with_target(target), ..self }
    }
}

impl Lister for PromptLister<'_> {
    fn name(&self) -> &'static str {
        "prompt"
    }

    fn reads_history(&self) -> bool {
        true
    }

    fn list(&mut self, user: &User, history: &[Interaction], k: usize) -> Result<Vec<usize>> {
        let Self { recommender, mask, stage } = self;
        let person = Person { name: &user.id, record: Some(user), history, ..Person::default() };
        let candidates = recommender.recommend(&person.query(), stage.wants(k), None)?;
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let list = stage.apply(&mut Serving::new(recommender, mask, &person, k), candidates)?;
        Ok(list.into_iter().take(k).map(|candidate| candidate.item).collect())
    }
}
