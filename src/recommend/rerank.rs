//! The language model's opinion on a few candidates, as likelihoods: nothing is generated, so nothing can be invented.

use super::{
    Candidate, Catalogue, Error, Interaction, Result, Source, SourceScore, interactions::liked, retrieve::standardize,
};
use crate::engine::{Engine, Message, Prompt, Scoring};

/// Scores a few candidates for somebody.
pub trait CandidateScorer {
    /// A score for each candidate, the higher, the better. Candidates are indices of the catalogue.
    ///
    /// # Errors
    /// If a model fails.
    fn score(&mut self, history: &[Interaction], candidates: &[usize]) -> Result<Vec<f32>>;
}

/// Where there is no model that could score.
#[derive(Clone, Copy, Debug)]
pub struct NoScorer;

impl CandidateScorer for NoScorer {
    fn score(&mut self, _: &[Interaction], _: &[usize]) -> Result<Vec<f32>> {
        Err(Error::NoLanguageModel)
    }
}

/// How candidates are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RerankOptions {
    /// How many of the user's liked titles the prompt lists, the latest ones.
    pub history: usize,
    /// Whether the likelihood without the user is taken off, so that titles gain nothing from being likely anyway.
    pub calibrate: bool,
    /// What a standardized likelihood counts beside a standardized score of the first stage. Small: on MovieLens a
    /// model of this size adds next to nothing to good retrieval.
    pub weight: f32,
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self { history: 10, calibrate: false, weight: 0.1 }
    }
}

/// Scores candidates one by one, by the mean log-likelihood of their titles' tokens after one prompt that lists what
/// the user liked. All share the prompt, which is computed once, and their order does not matter.
#[derive(Debug)]
pub struct LLMReranker<'a> {
    engine: &'a mut Engine,
    options: RerankOptions,
}

impl<'a> LLMReranker<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a mut Engine, options: RerankOptions) -> Self {
        Self { engine, options }
    }

    /// Adds likelihoods to candidates and puts them into their new order: a permutation of what came in.
    ///
    /// # Errors
    /// If the model fails, or prompt and titles exceed its context.
    pub fn rerank(
        &mut self,
        history: &[Interaction],
        candidates: Vec<Candidate>,
        catalogue: &Catalogue,
    ) -> Result<Vec<Candidate>> {
        let titles: Vec<String> = candidates.iter().map(|c| catalogue[c.item].short_title()).collect();
        let mut latest: Vec<String> =
            liked(history).rev().take(self.options.history).map(|e| catalogue[e.item].short_title()).collect();
        latest.reverse();
        let likelihoods = self.likelihoods(&latest, &titles)?;
        Ok(fuse(candidates, &likelihoods, self.options.weight))
    }

    /// The mean log-likelihood in nats per token of each title for somebody who liked others, oldest first.
    ///
    /// # Errors
    /// If the model fails, or prompt and titles exceed its context.
    pub fn likelihoods(&mut self, liked: &[String], titles: &[String]) -> Result<Vec<f32>> {
        let mut means = self.means(liked, titles)?;
        if self.options.calibrate {
            let without_user = self.means(&[], titles)?;
            means.iter_mut().zip(without_user).for_each(|(mean, without)| *mean -= without);
        }
        Ok(means)
    }

    fn means(&mut self, liked: &[String], titles: &[String]) -> Result<Vec<f32>> {
        let chat = self.engine.has_chat_template();
        let prefix = self.engine.tokenize(&prompt(liked, chat))?;
        // Behind raw text a title is a word that follows; a chat's answer starts with it.
        let lead = if chat { "" } else { " " };
        let tokens = titles.iter().map(|title| self.engine.tokenize_continuation(&format!("{lead}{title}")));
        let scoring = Scoring { prefix, continuations: tokens.collect::<Result<_, _>>()?, ..Scoring::default() };
        let scores = self.engine.score(&scoring)?;
        let mean = |log_probs: &Vec<f32>| log_probs.iter().sum::<f32>() / log_probs.len().max(1) as f32;
        Ok(scores.continuations.iter().map(mean).collect())
    }
}

fn prompt(liked: &[String], chat: bool) -> Prompt {
    let mut text = String::new();
    if !liked.is_empty() {
        text += "I liked these, the latest last:\n";
        liked.iter().for_each(|title| text += &format!("- {title}\n"));
        text.push('\n');
    }
    text += "Recommend one more to me. Answer with its title only.";
    match chat {
        true => Prompt::Messages(vec![Message::new("user", text)]),
        false => Prompt::Text(text + "\nTitle:"),
    }
}

/// Weighs standardized likelihoods against standardized scores of the first stage, and sorts: best first, and equal
/// ones in their old order.
fn fuse(mut candidates: Vec<Candidate>, likelihoods: &[f32], weight: f32) -> Vec<Candidate> {
    let mut first: Vec<f32> = candidates.iter().map(|candidate| candidate.score).collect();
    let mut second = likelihoods.to_vec();
    standardize(&mut first);
    standardize(&mut second);
    for (place, candidate) in candidates.iter_mut().enumerate() {
        candidate.score = first[place] + weight * second[place];
        candidate.sources.push(SourceScore { source: Source::Likelihood, value: likelihoods[place] });
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_move_candidates_by_their_weight() {
        let candidates = || {
            let of = |(item, score)| Candidate { item, score, sources: Vec::new() };
            [(5, 9.0), (6, 8.9), (7, 1.0)].map(of).to_vec()
        };
        let order = |candidates: Vec<Candidate>| candidates.iter().map(|c| c.item).collect::<Vec<_>>();
        let likelihoods = [-9.0, -1.0, -5.0];
        assert_eq!(order(fuse(candidates(), &likelihoods, 0.0)), [5, 6, 7]);
        let reranked = fuse(candidates(), &likelihoods, 0.1);
        assert_eq!(reranked[0].sources, [SourceScore { source: Source::Likelihood, value: -1.0 }]);
        assert_eq!(order(reranked), [6, 5, 7]);
    }

    #[test]
    fn the_prompt_without_a_user_lists_nothing() {
        let Prompt::Text(text) = prompt(&[], false) else { panic!("raw text is asked for") };
        assert!(text.starts_with("Recommend") && text.ends_with("Title:"));
        let Prompt::Messages(messages) = prompt(&["Big".into()], true) else { panic!("messages are asked for") };
        assert!(messages[0].content.contains("- Big\n"));
    }
}
