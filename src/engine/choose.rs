//! Choosing one of several strings: the tokens of all of them make a trie, and only its branches may be drawn.

use std::{collections::BTreeMap, sync::Arc};

use docent_models::{
    backend::{Sampling, Step},
    batch::{RaggedBatch, TokenMask},
};

use super::{Engine, Error, Result, timeline::Timeline};

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Index of the string.
    pub index: usize,
    /// The log-probability of the branches that were taken, among those that could be taken.
    pub log_prob: f32,
}

/// A node of the trie: where each next token leads, and which string ends here.
#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<u32, Node>,
    ends: Option<usize>,
}

impl Node {
    fn insert(&mut self, tokens: &[u32], index: usize) {
        match tokens {
            [] => {
                self.ends.get_or_insert(index);
            }
            [first, rest @ ..] => self.children.entry(*first).or_default().insert(rest, index),
        }
    }
}

impl Engine {
    /// Chooses one of `options` as the continuation of `prompt`. Where one option begins another, ending there is drawn
    /// as the token that ends a text. Tokens that no branch contests are not drawn.
    ///
    /// # Errors
    /// If there are no options, one is empty, or prompt and options exceed context or cache.
    pub fn choose(
        &mut self,
        prompt: &[u32],
        options: &[&str],
        sampling: &Sampling,
        uniforms: &[f64],
    ) -> Result<Choice> {
        if options.is_empty() {
            return Err(Error::NoChoice("no options are given"));
        }
        if prompt.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let mut root = Node::default();
        let mut longest = 0;
        for (index, option) in options.iter().enumerate() {
            let tokens = self.tokenize_continuation(option)?;
            if tokens.is_empty() {
                return Err(Error::NoChoice("an option is empty"));
            }
            longest = longest.max(tokens.len());
            root.insert(&tokens, index);
        }
        self.check_length(prompt.len() + longest)?;
        let mut timeline = Timeline::default();
        let choice = self.walk(prompt, &root, prompt.len() + longest, &mut timeline, sampling, uniforms);
        self.cache.release(timeline);
        choice
    }

    fn walk(
        &mut self,
        prompt: &[u32],
        root: &Node,
        end: usize,
        timeline: &mut Timeline,
        sampling: &Sampling,
        uniforms: &[f64],
    ) -> Result<Choice> {
        self.cache.reserve(timeline, end)?;
        let mut pending = prompt.to_vec();
        let mut node = root;
        let mut log_prob = 0.0;
        let mut draws = uniforms.iter().copied();
        loop {
            while let (None, 1) = (node.ends, node.children.len()) {
                let Some((&token, child)) = node.children.iter().next() else { break };
                pending.push(token);
                node = child;
            }
            if let (Some(index), true) = (node.ends, node.children.is_empty()) {
                return Ok(Choice { index, log_prob });
            }
            let stop = node.ends.and(self.tokenizer.eos().first().copied());
            let mut mask = TokenMask::none(self.backend.architecture().vocab());
            node.children.keys().copied().chain(stop).for_each(|token| mask.allow(token));
            let step = self.run(timeline, &pending, mask)?;
            pending.clear();
            let sampled = self.backend.sample(&step, 0, sampling, &[], draws.next().unwrap_or(0.5))?;
            self.backend.recycle(step);
            log_prob += sampled.log_prob;
            match (node.children.get(&sampled.token), node.ends) {
                (Some(child), _) => node = child,
                (None, Some(index)) => return Ok(Choice { index, log_prob }),
                (None, None) => return Err(Error::NoChoice("no branch can be taken")),
            }
            pending.push(sampled.token);
        }
    }

    fn run(&mut self, timeline: &mut Timeline, tokens: &[u32], mask: TokenMask) -> Result<Step> {
        let mask = Arc::new(mask);
        let mut chunks = tokens.chunks(self.rows_per_step).peekable();
        let mut batch = RaggedBatch::new();
        loop {
            batch.clear();
            let chunk = chunks.next().unwrap_or_default();
            let rows = timeline.push(&mut batch, chunk);
            let last = chunks.peek().is_none();
            if last && !rows.is_empty() {
                batch.want_logits(rows.end - 1, Some(mask.clone()));
            }
            let step = self.backend.forward(&batch)?;
            if last {
                return Ok(step);
            }
            self.backend.recycle(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trie_keeps_the_first_of_equal_strings_and_both_of_nested_ones() {
        let mut root = Node::default();
        for (index, tokens) in [&[1, 2][..], &[1], &[1, 2], &[3]].into_iter().enumerate() {
            root.insert(tokens, index);
        }
        assert_eq!(root.children.keys().copied().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(root.children[&1].ends, Some(1));
        assert_eq!(root.children[&1].children[&2].ends, Some(0));
    }
}
