//! The stage in which a language model chooses by a prompt.

use std::sync::Arc;

use super::{Serving, Stage};
use crate::{
    engine::{Engine, KeptAnswer},
    recommend::{
        Candidate, Catalogue, Knowledge, Result, Source, SourceScore,
        answers::{AnswerCache, ContextDigest, SIMILAR},
        budget::{Compressor, fit_prompt},
        evaluate::RERANKED,
        fairness::{ExposureTarget, FairReranker},
        features::TextEncoder,
        prompt::{Answer, Example, PromptRecommender, PromptTask, PromptTemplate},
    },
};

/// A language model's choice by a prompt: it can name what is offered, and nothing else.
pub struct Prompted {
    engine: Engine,
    template: PromptTemplate,
    examples: Option<Vec<Example>>,
    budget: Option<(usize, Box<dyn TextEncoder>)>,
    answers: Option<Arc<AnswerCache>>,
    fair: Option<ExposureTarget>,
    /// Facts, and how many of each item are told.
    facts: Option<(Arc<Knowledge>, usize)>,
}

impl std::fmt::Debug for Prompted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompted").field("template", &self.template.name()).finish_non_exhaustive()
    }
}

impl Prompted {
    /// Asks a loaded language model by a template. Examples are mined from the histories of others.
    pub fn new(engine: Engine, template: PromptTemplate) -> Self {
        Self { engine, template, examples: None, budget: None, answers: None, fair: None, facts: None }
    }

    /// Shows these examples instead.
    #[must_use]
    pub fn with_examples(self, examples: Vec<Example>) -> Self {
        Self { examples: Some(examples), ..self }
    }

    /// Keeps prompts within so many tokens: descriptions are told in full, or compressed with the help of an encoder so that
    /// they fit.
    #[must_use]
    pub fn with_budget(self, tokens: usize, encoder: impl TextEncoder + 'static) -> Self {
        Self { budget: Some((tokens, Box::new(encoder))), ..self }
    }

    /// Looks answers to requests in almost the same words up, and keeps new ones.
    #[must_use]
    pub fn with_answers(self, answers: Arc<AnswerCache>) -> Self {
        Self { answers: Some(answers), ..self }
    }

    /// Asks for a choice that is shared out among groups.
    #[must_use]
    pub fn with_target(self, target: ExposureTarget) -> Self {
        Self { fair: Some(target), ..self }
    }

    /// Tells what the store's facts say of each item, at most so many.
    #[must_use]
    pub fn with_facts(self, knowledge: Arc<Knowledge>, most: usize) -> Self {
        Self { facts: Some((knowledge, most)), ..self }
    }

    /// The task with descriptions that fit the budget.
    fn fit(&mut self, task: PromptTask, items: &[usize], serving: &mut Serving<'_>) -> Result<PromptTask> {
        let Self { engine, template, budget, .. } = self;
        let Some((budget, encoder)) = budget else { return Ok(task) };
        let catalogue = serving.recommender.catalogue();
        let descriptions: Vec<Option<&str>> =
            items.iter().map(|&item| catalogue[item].description.as_deref()).collect();
        let count = |text: &str| Ok(engine.tokenize_continuation(text)?.len());
        let mut compressor = Compressor::new(encoder, Box::new(count));
        let asker = PromptRecommender::new(engine, template);
        let fitted = fit_prompt(&asker, &task, &descriptions, serving.person.vector, &mut compressor, *budget)?;
        serving.tokens_compressed += fitted.whole - fitted.tokens;
        Ok(fitted.task)
    }

    /// The model's answer, or the one that it gave to a request in almost the same words where everything else was the same.
    fn answer(
        &self,
        task: &PromptTask,
        items: &[usize],
        request: Option<&[f32]>,
        catalogue: &Catalogue,
    ) -> Result<Answer> {
        let asker = PromptRecommender::new(&self.engine, &self.template);
        let (Some(answers), Some(request)) = (&self.answers, request) else { return asker.recommend(task) };
        // In an order of their own: a request in other words finds the same items in another one.
        let mut offered = task.items.clone();
        offered.sort_by(|a, b| a.title.cmp(&b.title));
        let same = PromptTask { query: None, items: offered, ..task.clone() };
        let asked = ContextDigest::default()
            .with(self.engine.identity())
            .with(self.template.source())
            .with(serde_json::to_vec(&same).unwrap_or_default())
            .finish();
        if let Some((kept, nearness)) = answers.nearest(&asked, request, SIMILAR)?
            && let Ok((ids, analysis)) = serde_json::from_slice::<(Vec<String>, Option<String>)>(&kept.bytes)
        {
            tracing::info!(nearness, "the answer to a request in almost the same words");
            let place = |id: &String| items.iter().position(|&item| catalogue[item].id == *id);
            return Ok(Answer { order: ids.iter().filter_map(place).collect(), analysis });
        }
        let answer = asker.recommend(task)?;
        let ids: Vec<&str> = answer.order.iter().map(|&place| catalogue[items[place]].id.as_str()).collect();
        if let Ok(bytes) = serde_json::to_vec(&(ids, &answer.analysis)) {
            let tokens = asker.count(task)? as u64;
            answers.keep_similar(&asked, request, &KeptAnswer { bytes, tokens })?;
        }
        Ok(answer)
    }
}

impl Stage for Prompted {
    fn name(&self) -> &str {
        self.template.name()
    }

    fn wants(&self, k: usize) -> usize {
        k.max(RERANKED)
    }

    fn asks_a_model(&self) -> bool {
        true
    }

    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let Serving { recommender, mask, person, k, .. } = *serving;
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(person.history, &items, k, catalogue);
        task.query = person.request.map(str::to_owned);
        if let Some(record) = person.record {
            task.tell(record, mask);
        }
        if let Some((knowledge, most)) = &self.facts {
            task.tell_facts(knowledge, *most, &items, person.history, catalogue);
        }
        if let Some(target) = &self.fair {
            // Of the target only its words are told, whatever the strength.
            task.share_out(&FairReranker::new(target, catalogue, interactions, 1.0)?, &items);
        }
        match &self.examples {
            Some(examples) => task.examples.clone_from(examples),
            None => task.mine_examples(person.history, &interactions.slices(), catalogue),
        }
        let task = self.fit(task, &items, serving)?;
        let answer = self.answer(&task, &items, person.vector, catalogue)?;
        let named = answer.order.len();
        let candidate = |(rank, place): (usize, usize)| {
            let mut candidate = Candidate { score: 0.0 - rank as f32, ..candidates.get(place)?.clone() };
            if rank < named {
                candidate.sources.push(SourceScore { source: Source::Prompt, value: candidate.score });
            }
            Some(candidate)
        };
        let ranked = answer.whole(items.len()).into_iter().enumerate().filter_map(candidate).collect();
        serving.analysis = answer.analysis;
        Ok(ranked)
    }
}
