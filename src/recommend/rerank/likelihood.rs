//! The language model's opinion on a few candidates, as likelihoods of their titles.

use std::collections::HashMap;

use super::liked_titles;
use crate::{
    engine::{Engine, Message, Prompt, Scoring},
    recommend::{Catalogue, Interaction, Result},
};

/// How candidates are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RerankOptions {
    /// How many of the user's liked titles the prompt lists, the latest ones.
    pub history: usize,
    /// Whether the likelihood without the user is taken off, so that titles gain nothing from being likely anyway.
    pub calibrate: bool,
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self { history: 10, calibrate: false }
    }
}

/// Scores candidates one by one, by the mean log-likelihood of their titles' tokens after one prompt that lists what
/// the user liked. All share the prompt, which is computed once, and their order does not matter.
#[derive(Debug)]
pub struct LLMReranker<'a> {
    engine: &'a Engine,
    options: RerankOptions,
    /// Mean log-likelihoods without a user, by title: they are the same for all users.
    without_user: HashMap<String, f32>,
}

impl<'a> LLMReranker<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a Engine, options: RerankOptions) -> Self {
        Self { engine, options, without_user: HashMap::new() }
    }

    /// The likelihoods of some items, by index.
    ///
    /// # Errors
    /// If the model fails, or prompt and titles exceed its context.
    pub fn scores(&mut self, history: &[Interaction], items: &[usize], catalogue: &Catalogue) -> Result<Vec<f32>> {
        let titles: Vec<String> = items.iter().map(|&item| catalogue[item].short_title()).collect();
        self.likelihoods(&liked_titles(history, self.options.history, catalogue), &titles)
    }

    /// The mean log-likelihood in nats per token of each title for somebody who liked others, oldest first; calibrated
    /// if the options say so.
    ///
    /// # Errors
    /// If the model fails, or prompt and titles exceed its context.
    pub fn likelihoods(&mut self, liked: &[String], titles: &[String]) -> Result<Vec<f32>> {
        let mut means = self.means(liked, titles)?;
        if self.options.calibrate {
            let new = titles.iter().filter(|title| !self.without_user.contains_key(*title));
            let new: Vec<String> = new.cloned().collect();
            let scores = self.means(&[], &new)?;
            self.without_user.extend(new.into_iter().zip(scores));
            for (mean, title) in means.iter_mut().zip(titles) {
                *mean -= self.without_user.get(title).copied().unwrap_or_default();
            }
        }
        Ok(means)
    }

    fn means(&mut self, liked: &[String], titles: &[String]) -> Result<Vec<f32>> {
        let prompt = prompt(liked, self.engine.has_chat_template());
        let tokens = continuations(self.engine, titles)?;
        mean_log_likelihoods(self.engine, &prompt, &tokens)
    }
}

/// Texts as what may follow a prompt.
pub(super) fn continuations(engine: &Engine, texts: &[String]) -> Result<Vec<Vec<u32>>> {
    // Behind raw text an answer is a word that follows; a chat's answer starts with it.
    let lead = if engine.has_chat_template() { "" } else { " " };
    Ok(texts.iter().map(|text| engine.tokenize_continuation(&format!("{lead}{text}"))).collect::<Result<_, _>>()?)
}

/// The mean log-likelihood of each continuation's tokens in nats; the prompt is computed once.
pub(super) fn mean_log_likelihoods(engine: &Engine, prompt: &Prompt, tokens: &[Vec<u32>]) -> Result<Vec<f32>> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let prefix = engine.tokenize(prompt)?;
    let scores = engine.score(&Scoring { prefix, continuations: tokens.to_vec(), ..Scoring::default() })?;
    let mean = |log_probs: &Vec<f32>| log_probs.iter().sum::<f32>() / log_probs.len().max(1) as f32;
    Ok(scores.continuations.iter().map(mean).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_without_a_user_lists_nothing() {
        let Prompt::Text(text) = prompt(&[], false) else { panic!("raw text is asked for") };
        assert!(text.starts_with("Recommend") && text.ends_with("Title:"));
        let Prompt::Messages(messages) = prompt(&["Big".into()], true) else { panic!("messages are asked for") };
        assert!(messages[0].content.contains("- Big\n"));
    }
}
