//! Choosing one of several strings, or several of them in an order.

use std::sync::Arc;

use docent_models::backend::Sampling;

use super::{
    Engine, Error, Generating, Request, Result,
    answers::Question,
    constraint::{Guide, Options, RankingGuide},
};

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Index of the string.
    pub index: usize,
    /// The log-probability of the branches that were taken, among those that could be taken.
    pub log_prob: f32,
}

/// Strings that are put into an order.
#[derive(Clone, Debug, Default)]
pub struct Ordering {
    /// The prompt's tokens, at least one.
    pub prompt: Vec<u32>,
    /// The strings. Equal ones are the same to the model, and are taken in their order.
    pub options: Vec<String>,
    /// What is written between two of them; what goes on with a string is not taken for it.
    pub separator: String,
    /// How many are wanted, the first ones of the order.
    pub count: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Decides every draw.
    pub seed: u64,
}

/// An order that was found, or is being written.
enum Begun {
    Found(Vec<usize>),
    Running {
        guide: RankingGuide,
        writing: Generating,
        question: Option<Question>,
        /// Tokens of the prompt.
        prompt: usize,
    },
}

impl Begun {
    fn wait(self) -> Result<Vec<usize>> {
        match self {
            Begun::Found(order) => Ok(order),
            Begun::Running { mut guide, writing, question, prompt } => {
                let ids = writing.wait()?.ids;
                let tokens = prompt + ids.len();
                // What was written once can be read once more.
                ids.into_iter().try_for_each(|token| guide.accept(token))?;
                let order = guide.order().to_vec();
                Question::keep(question.as_ref(), &order, tokens);
                Ok(order)
            }
        }
    }
}

impl Engine {
    /// Has the model write strings one after the other, each once at most: the order in which it names them, by index.
    /// Nothing else can be written. All orderings run together.
    ///
    /// # Errors
    /// If there are no options, one or the separator is empty, or prompt and text exceed context or cache.
    pub fn order(&self, orderings: &[Ordering]) -> Result<Vec<Vec<usize>>> {
        let mut running = Vec::with_capacity(orderings.len());
        for ordering in orderings {
            let Ordering { prompt, options, separator, count, sampling, seed } = ordering;
            let question = self.question("order", &[prompt], &(options, separator, count, sampling, seed));
            if let Some(order) = Question::find(question.as_ref()) {
                running.push(Begun::Found(order));
                continue;
            }
            let options = self.options(&ordering.options)?;
            let separator: Arc<[u32]> = self.tokenize_continuation(&ordering.separator)?.into();
            let guide = || RankingGuide::new(options.clone(), separator.clone(), ordering.count);
            let count = ordering.count.min(ordering.options.len());
            if count == 0 {
                running.push(Begun::Found(Vec::new()));
                continue;
            }
            // The separators stand between them, and one token may end the text.
            let max_tokens = options.longest(count) + separator.len() * count.saturating_sub(1) + 1;
            let Ordering { prompt, sampling, seed, .. } = ordering.clone();
            let request = Request { prompt, max_tokens, sampling, seed, ..Request::default() };
            self.check_request(&request)?;
            self.check_length(request.prompt.len() + max_tokens)?;
            let (priority, work, writing) = self.guided_writer(request, Some(Guide::Ranking(guide()?)))?;
            pollster::block_on(self.send(priority, work))?;
            running.push(Begun::Running { guide: guide()?, writing, question, prompt: ordering.prompt.len() });
        }
        running.into_iter().map(Begun::wait).collect()
    }

    /// Chooses one of `options` as the continuation of `prompt`. Where one option begins another, ending there is drawn
    /// as the token that ends a text. Tokens that no branch contests are not drawn.
    ///
    /// # Errors
    /// If there are no options, one is empty, or prompt and options exceed context or cache.
    pub fn choose(&self, prompt: &[u32], options: &[&str], sampling: &Sampling, seed: u64) -> Result<Choice> {
        let question = self.question("choice", &[prompt], &(options, sampling, seed));
        if let Some((index, log_prob)) = Question::find(question.as_ref()) {
            return Ok(Choice { index, log_prob });
        }
        let options = self.options(options)?;
        let longest = options.longest(1);
        let max_tokens = longest + 1;
        let request = Request { prompt: prompt.to_vec(), max_tokens, sampling: *sampling, seed, ..Request::default() };
        self.check_request(&request)?;
        self.check_length(prompt.len() + longest)?;
        let (priority, work, choosing) = self.guided_writer(request, Some(Guide::options(options.clone())))?;
        pollster::block_on(self.send(priority, work))?;
        let chosen = choosing.wait()?;
        let index = options.index_of(&chosen.ids);
        let index = index.ok_or_else(|| Error::Constraint { what: "none of the options was written".into() })?;
        let log_prob = chosen.log_probs.iter().sum();
        Question::keep(question.as_ref(), &(index, log_prob), prompt.len() + chosen.ids.len());
        Ok(Choice { index, log_prob })
    }

    /// The trie of some strings' tokens.
    pub(super) fn options<T: AsRef<str>>(&self, options: &[T]) -> Result<Arc<Options>> {
        let tokenized = options.iter().map(|option| self.tokenize_continuation(option.as_ref()));
        let tokenized = tokenized.collect::<Result<Vec<_>>>()?;
        let end = self.tokenizer().eos().first().copied();
        Ok(Arc::new(Options::new(&tokenized, end, self.architecture().vocab())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineOptions, tiny};

    #[test]
    fn an_order_of_none_is_empty() {
        let engine = Engine::load(&tiny(), &EngineOptions::default()).unwrap();
        let words: Vec<String> = (3..6).filter_map(|id| engine.tokenizer().token(id)).collect();
        let order = |count| {
            let (prompt, options, separator) = (vec![5, 6], words[..2].to_vec(), words[2].clone());
            engine.order(&[Ordering { prompt, options, separator, count, ..Ordering::default() }]).unwrap().remove(0)
        };
        assert_eq!(order(0), [] as [usize; 0]);
        assert_eq!(order(2).len(), 2);
    }
}
