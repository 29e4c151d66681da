//! A prompt's answer as scores of candidates.

use super::{PromptRecommender, PromptTask, PromptTemplate, Prompting};
use crate::{
    engine::Engine,
    recommend::{CandidateScorer, Catalogue, Interaction, Result},
};

/// Items that are asked for.
const ASKED_FOR: usize = 10;

/// A language model's choice by a prompt, as scores: what it names first is best, what it does not name keeps its order.
#[derive(Debug)]
pub struct PromptScorer<'a> {
    engine: &'a Engine,
    template: PromptTemplate,
    catalogue: &'a Catalogue,
    histories: Vec<Vec<Interaction>>,
}

impl<'a> PromptScorer<'a> {
    /// Asks by a template that comes with this crate, about items of a catalogue. Examples are mined from `histories`.
    ///
    /// # Errors
    /// Never, as tests hold: the templates parse.
    pub fn new(
        engine: &'a Engine,
        prompting: Prompting,
        catalogue: &'a Catalogue,
        histories: Vec<Vec<Interaction>>,
    ) -> Result<Self> {
        Ok(Self { engine, template: PromptTemplate::built_in(prompting)?, catalogue, histories })
    }
}

impl CandidateScorer for PromptScorer<'_> {
    fn score(&mut self, history: &[Interaction], request: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>> {
        let mut task = PromptTask::new(history, candidates, ASKED_FOR.min(candidates.len()), self.catalogue);
        task.query = request.map(str::to_owned);
        let histories: Vec<&[Interaction]> = self.histories.iter().map(Vec::as_slice).collect();
        task.mine_examples(history, &histories, self.catalogue);
        let answer = PromptRecommender::new(self.engine, &self.template).recommend(&task)?;
        let mut scores = vec![0.0; candidates.len()];
        let order = answer.whole(candidates.len());
        order.into_iter().enumerate().for_each(|(rank, place)| scores[place] = -(rank as f32));
        Ok(scores)
    }
}
