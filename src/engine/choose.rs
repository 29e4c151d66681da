//! Choosing one of several strings.

use std::sync::Arc;

use docent_models::backend::Sampling;

use super::{
    Engine, Error, Request, Result,
    constraint::{Guide, Options},
};

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Index of the string.
    pub index: usize,
    /// The log-probability of the branches that were taken, among those that could be taken.
    pub log_prob: f32,
}

impl Engine {
    /// Chooses one of `options` as the continuation of `prompt`. Where one option begins another, ending there is drawn
    /// as the token that ends a text. Tokens that no branch contests are not drawn.
    ///
    /// # Errors
    /// If there are no options, one is empty, or prompt and options exceed context or cache.
    pub fn choose(&self, prompt: &[u32], options: &[&str], sampling: &Sampling, seed: u64) -> Result<Choice> {
        let options = self.options(options)?;
        let max_tokens = options.longest() + 1;
        let request = Request { prompt: prompt.to_vec(), max_tokens, sampling: *sampling, seed, ..Request::default() };
        self.check_request(&request)?;
        self.check_length(prompt.len() + options.longest())?;
        let (priority, work, choosing) = self.guided_writer(request, Some(Guide::options(options.clone())))?;
        pollster::block_on(self.send(priority, work))?;
        let chosen = choosing.wait()?;
        let index = options.index_of(&chosen.ids);
        let index = index.ok_or_else(|| Error::Constraint { what: "none of the options was written".into() })?;
        Ok(Choice { index, log_prob: chosen.log_probs.iter().sum() })
    }

    /// The trie of some strings' tokens.
    pub(super) fn options<T: AsRef<str>>(&self, options: &[T]) -> Result<Arc<Options>> {
        let tokenized = options.iter().map(|option| self.tokenize_continuation(option.as_ref()));
        let tokenized = tokenized.collect::<Result<Vec<_>>>()?;
        let end = self.tokenizer().eos().first().copied();
        Ok(Arc::new(Options::new(&tokenized, end, self.architecture().vocab())?))
    }
}
