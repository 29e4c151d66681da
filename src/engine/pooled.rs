//! A language model as an encoder: the mean of a text's last hidden states.

use std::collections::VecDeque;

use super::{
    EmbedProgress, Embeddings, Engine, Error, Priority, Result,
    schedule::{Pooler, Reply, Work},
};

/// The most tokens of a text that count; what is beyond is cut.
pub const POOLED_TOKENS: usize = 512;

/// Texts that are under way at once: enough to fill the steps.
const AT_ONCE: usize = 128;

impl Engine {
    /// The mean over each text's last hidden states (after the final norm), in the texts' order: a text is tokenized
    /// like a raw prompt, its first [`POOLED_TOKENS`] tokens count, and nothing else does, since nothing is padded. Texts
    /// run together with whatever else runs, behind all of higher priority.
    ///
    /// # Errors
    /// If the tokenizer or a step fails, or a text exceeds context or cache; [`Error::Cancelled`] if `progress` breaks it off.
    pub fn embed<T: AsRef<str>>(&self, texts: &[T], progress: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        let width = self.architecture().hidden();
        let mut embeddings = Embeddings { values: Vec::with_capacity(texts.len() * width), width, tokens: 0 };
        let mut under_way = VecDeque::new();
        let mut texts = texts.iter();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(text) = texts.next()
            {
                let mut ids = self.tokenizer().encode_prompt(text.as_ref()).map_err(docent_models::Error::from)?;
                ids.truncate(POOLED_TOKENS);
                self.check_length(ids.len())?;
                embeddings.tokens += ids.len();
                let (reply, pooled, _) = Reply::new();
                let work = Work::Pool(Box::new(Pooler::new(ids, width, reply)));
                pollster::block_on(self.send(Priority::Low, work))?;
                under_way.push_back(pooled);
            }
            let Some(pooled) = under_way.pop_front() else { return Ok(embeddings) };
            embeddings.values.extend(pollster::block_on(pooled).unwrap_or(Err(Error::Stopped))?);
            if progress(1).is_break() {
                return Err(Error::Cancelled);
            }
        }
    }
}
