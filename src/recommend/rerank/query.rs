//! The language model's opinion on texts for a query in words.

use super::likelihood::{continuations, mean_log_likelihoods};
use crate::{
    engine::{Engine, Message, Prompt},
    recommend::Result,
};

/// Scores texts one by one: the mean log-likelihood of a text's tokens after a prompt that holds the query, less the same
/// after a prompt without it, so that no text gains from being likely anyway. Each prompt is computed once for all texts.
#[derive(Debug)]
pub struct QueryLikelihood<'a> {
    engine: &'a Engine,
}

impl<'a> QueryLikelihood<'a> {
    /// The tokens of a text that are scored; the rest is left out.
    pub const MAX_TOKENS: usize = 256;

    /// Uses a loaded language model.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// What the query adds to each text's likelihood, in nats per token, in the texts' order; the higher, the better.
    ///
    /// # Errors
    /// If the model fails, or query and text exceed its context.
    pub fn scores(&mut self, query: &str, texts: &[String]) -> Result<Vec<f32>> {
        let mut tokens = continuations(self.engine, texts)?;
        tokens.iter_mut().for_each(|tokens| tokens.truncate(Self::MAX_TOKENS));
        let chat = self.engine.has_chat_template();
        let mut scores = mean_log_likelihoods(self.engine, &prompt(Some(query), chat), &tokens)?;
        let without = mean_log_likelihoods(self.engine, &prompt(None, chat), &tokens)?;
        scores.iter_mut().zip(without).for_each(|(score, without)| *score -= without);
        Ok(scores)
    }

    /// How many of the texts have more than [`MAX_TOKENS`](Self::MAX_TOKENS).
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer(&self, texts: &[String]) -> Result<usize> {
        Ok(continuations(self.engine, texts)?.iter().filter(|tokens| tokens.len() > Self::MAX_TOKENS).count())
    }
}

fn prompt(query: Option<&str>, chat: bool) -> Prompt {
    let task = "Answer with a text and nothing else.";
    let text = query.map_or_else(|| task.to_owned(), |query| format!("I am looking for this: {query}\n\n{task}"));
    match chat {
        true => Prompt::Messages(vec![Message::new("user", text)]),
        false => Prompt::Text(text + "\nText:"),
    }
}
