//! One of several strings: the tokens of all of them make a trie, and only its branches may be taken.

use std::{collections::BTreeMap, sync::Arc};

use docent_models::batch::TokenMask;

use crate::engine::{Error, Result};

/// Where each next token leads, and which strings end here.
#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<u32, usize>,
    ends: Vec<usize>,
}

/// The strings.
#[derive(Debug)]
pub(in crate::engine) struct Options {
    /// The first is the root.
    nodes: Vec<Node>,
    strings: Vec<Vec<u32>>,
    /// The token that ends a text.
    end: Option<u32>,
    vocab: usize,
}

impl Options {
    /// The trie of some strings' tokens, over a vocabulary of `vocab` tokens; `end` is the token that ends a text.
    ///
    /// # Errors
    /// If there are none, or one is empty.
    pub(in crate::engine) fn new(options: &[Vec<u32>], end: Option<u32>, vocab: usize) -> Result<Self> {
        if options.is_empty() {
            return Err(Error::Constraint { what: "there is nothing to choose from".into() });
        }
        let mut nodes = vec![Node::default()];
        for (index, tokens) in options.iter().enumerate() {
            if tokens.is_empty() {
                return Err(Error::Constraint { what: format!("option {} is empty", index + 1) });
            }
            let mut at = 0;
            for &token in tokens {
                let next = nodes.len();
                let child = *nodes[at].children.entry(token).or_insert(next);
                if child == next {
                    nodes.push(Node::default());
                }
                at = child;
            }
            nodes[at].ends.push(index);
        }
        Ok(Self { nodes, strings: options.to_vec(), end, vocab })
    }

    /// The most tokens that so many of them have together, all of them if there are fewer.
    pub(in crate::engine) fn longest(&self, count: usize) -> usize {
        let mut lens: Vec<usize> = self.strings.iter().map(Vec::len).collect();
        lens.sort_unstable_by(|a, b| b.cmp(a));
        lens.iter().take(count).sum()
    }

    pub(super) fn vocab(&self) -> usize {
        self.vocab
    }

    pub(super) fn end(&self) -> Option<u32> {
        self.end
    }

    /// The strings that end at a node.
    pub(super) fn ends(&self, node: usize) -> &[usize] {
        &self.nodes[node].ends
    }

    pub(super) fn child(&self, node: usize, token: u32) -> Option<usize> {
        self.nodes[node].children.get(&token).copied()
    }

    pub(super) fn children(&self, node: usize) -> impl Iterator<Item = (u32, usize)> {
        self.nodes[node].children.iter().map(|(token, child)| (*token, *child))
    }

    /// The nodes of a string, from the root to its end.
    pub(super) fn path(&self, index: usize) -> impl Iterator<Item = usize> {
        let walk = self.strings[index].iter().scan(0, |at, token| {
            *at = self.child(*at, *token)?;
            Some(*at)
        });
        std::iter::once(0).chain(walk)
    }

    /// How many strings end at or below each node.
    pub(super) fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.nodes.len()];
        (0..self.strings.len()).for_each(|index| self.path(index).for_each(|node| counts[node] += 1));
        counts
    }

    /// Which string some tokens are, with or without the token that ends a text.
    pub(in crate::engine) fn index_of(&self, tokens: &[u32]) -> Option<usize> {
        let mut at = 0;
        for token in tokens {
            match self.nodes[at].children.get(token) {
                Some(&child) => at = child,
                None if Some(*token) == self.end => break,
                None => return None,
            }
        }
        self.nodes[at].ends.first().copied()
    }
}

/// How far the choice is made.
#[derive(Debug)]
pub(in crate::engine) struct OptionsGuide {
    options: Arc<Options>,
    at: usize,
    ended: bool,
}

impl OptionsGuide {
    pub(in crate::engine) fn new(options: Arc<Options>) -> Self {
        Self { options, at: 0, ended: false }
    }

    fn node(&self) -> &Node {
        &self.options.nodes[self.at]
    }

    pub(super) fn mask(&self) -> Arc<TokenMask> {
        let mut mask = TokenMask::none(self.options.vocab);
        let end = self.options.end.filter(|_| !self.node().ends.is_empty());
        self.node().children.keys().copied().chain(end).for_each(|token| mask.allow(token));
        Arc::new(mask)
    }

    pub(super) fn forced(&self) -> Vec<u32> {
        let (mut at, mut forced) = (self.at, Vec::new());
        while let Node { children, ends } = &self.options.nodes[at]
            && let (true, 1, Some((&token, &child))) = (ends.is_empty(), children.len(), children.iter().next())
        {
            forced.push(token);
            at = child;
        }
        forced
    }

    pub(super) fn accept(&mut self, token: u32) -> Result<()> {
        match self.node().children.get(&token) {
            Some(&child) => self.at = child,
            None if Some(token) == self.options.end && !self.node().ends.is_empty() => self.ended = true,
            None => return Err(Error::Constraint { what: format!("token {token} begins none of the options") }),
        }
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.ended || self.node().children.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trie_keeps_the_first_of_equal_strings_and_both_of_nested_ones() {
        let options = Options::new(&[vec![1, 2], vec![1], vec![1, 2], vec![3, 4, 5]], Some(9), 16).unwrap();
        assert_eq!([0, 1, 2, 9].map(|count| options.longest(count)), [0, 3, 5, 8]);
        let ends = [&[1, 2][..], &[1], &[1, 9], &[3, 4, 5], &[3], &[7]].map(|tokens| options.index_of(tokens));
        assert_eq!(ends, [Some(0), Some(1), Some(1), Some(3), None, None]);

        let mut guide = OptionsGuide::new(Arc::new(options));
        let allowed = |guide: &OptionsGuide| (0..16).filter(|&token| guide.mask().allows(token)).collect::<Vec<_>>();
        assert_eq!((allowed(&guide), guide.forced()), (vec![1, 3], vec![]));
        guide.accept(1).unwrap();
        assert_eq!(allowed(&guide), [2, 9], "the shorter string may end here");
        assert!(guide.forced().is_empty() && !guide.is_complete());
        assert!(guide.accept(3).is_err());
        guide.accept(2).unwrap();
        assert!(guide.is_complete());
    }

    #[test]
    fn branches_without_a_rival_are_forced() {
        let options = Options::new(&[vec![3, 4, 5], vec![3, 4, 6]], None, 16).unwrap();
        let mut guide = OptionsGuide::new(Arc::new(options));
        assert_eq!(guide.forced(), [3, 4]);
        [3, 4].iter().for_each(|token| guide.accept(*token).unwrap());
        assert!(guide.forced().is_empty());
    }
}
