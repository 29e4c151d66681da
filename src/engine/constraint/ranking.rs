//! Several of some strings, each once: an order that cannot name what is not there, and names nothing twice.

use std::sync::Arc;

use docent_models::batch::TokenMask;

use super::Options;
use crate::engine::{Error, Result};

/// How far the order is written.
#[derive(Debug)]
pub(in crate::engine) struct RankingGuide {
    options: Arc<Options>,
    separator: Arc<[u32]>,
    /// How many strings it has in the end.
    count: usize,
    /// Strings at or below each node of the trie that are not taken.
    open: Vec<u32>,
    /// The node, or how much of the separator is written.
    at: Place,
    order: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Node(usize),
    Separator(usize),
}

impl RankingGuide {
    /// # Errors
    /// If the separator is empty.
    pub(in crate::engine) fn new(options: Arc<Options>, separator: Arc<[u32]>, count: usize) -> Result<Self> {
        if separator.is_empty() {
            return Err(Error::Constraint { what: "the separator is empty".into() });
        }
        let open = options.counts();
        let count = count.min(open[0] as usize);
        Ok(Self { options, separator, count, open, at: Place::Node(0), order: Vec::new() })
    }

    /// The strings so far, by index.
    pub(in crate::engine) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The tokens that may come next: first those that go on with a string.
    fn next(&self) -> Vec<u32> {
        match self.at {
            _ if self.is_complete() => Vec::new(),
            Place::Separator(written) => vec![self.separator[written]],
            Place::Node(node) => {
                let children = self.options.children(node).filter(|(_, child)| self.open[*child] > 0);
                let mut next: Vec<u32> = children.map(|(token, _)| token).collect();
                // A string that begins others ends where the separator begins, or, the last one, with the text.
                if self.ends_at(node).is_some() {
                    next.extend(if self.is_last() { self.options.end() } else { Some(self.separator[0]) });
                }
                next
            }
        }
    }

    /// The string that ends at a node and is not taken.
    fn ends_at(&self, node: usize) -> Option<usize> {
        self.options.ends(node).iter().copied().find(|index| !self.order.contains(index))
    }

    fn is_last(&self) -> bool {
        self.order.len() + 1 == self.count
    }

    pub(super) fn mask(&self) -> Arc<TokenMask> {
        let mut mask = TokenMask::none(self.options.vocab());
        self.next().into_iter().for_each(|token| mask.allow(token));
        Arc::new(mask)
    }

    pub(super) fn forced(&self) -> Vec<u32> {
        let next = self.next();
        if next.len() == 1 { next } else { Vec::new() }
    }

    pub(in crate::engine) fn accept(&mut self, token: u32) -> Result<()> {
        let unexpected = || Error::Constraint { what: format!("token {token} begins none of the options") };
        match self.at {
            Place::Separator(written) if self.separator[written] == token => self.go_on(written + 1),
            Place::Separator(_) => return Err(unexpected()),
            Place::Node(node) => {
                let child = self.options.child(node, token).filter(|child| self.open[*child] > 0);
                match (child, self.ends_at(node)) {
                    (Some(child), _) => {
                        self.at = Place::Node(child);
                        // Nothing longer can come of it.
                        if !self.options.children(child).any(|(_, longer)| self.open[longer] > 0)
                            && let Some(index) = self.ends_at(child)
                        {
                            self.take(index);
                        }
                    }
                    (None, Some(index)) if self.is_last() && Some(token) == self.options.end() => self.take(index),
                    (None, Some(index)) if !self.is_last() && self.separator[0] == token => {
                        self.take(index);
                        self.go_on(1);
                    }
                    _ => return Err(unexpected()),
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, index: usize) {
        self.options.path(index).for_each(|node| self.open[node] -= 1);
        self.order.push(index);
        self.at = Place::Separator(0);
    }

    fn go_on(&mut self, written: usize) {
        self.at = if written == self.separator.len() { Place::Node(0) } else { Place::Separator(written) };
    }

    pub(super) fn is_complete(&self) -> bool {
        self.order.len() == self.count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const END: u32 = 15;

    fn guide(options: &[Vec<u32>], count: usize) -> RankingGuide {
        let options = Options::new(options, Some(END), 16).expect("options");
        RankingGuide::new(Arc::new(options), [7, 8].into(), count).expect("a guide")
    }

    /// Writes what `choose` picks of the tokens that may come.
    fn write(guide: &mut RankingGuide, mut choose: impl FnMut(&[u32]) -> u32) -> Vec<u32> {
        let mut written = Vec::new();
        while !guide.is_complete() {
            let next = guide.next();
            let token = choose(&next);
            assert!(guide.mask().allows(token));
            guide.accept(token).expect("an allowed token");
            written.push(token);
        }
        written
    }

    #[test]
    fn a_string_that_begins_another_ends_where_the_separator_begins() {
        let options = [vec![1], vec![1, 2], vec![3]];
        let mut longest = guide(&options, 3);
        assert_eq!(longest.forced(), [] as [u32; 0]);
        assert_eq!(write(&mut longest, |next| next[0]), [1, 2, 7, 8, 1, 7, 8, 3]);
        assert_eq!(longest.order(), [1, 0, 2]);
        let mut shortest = guide(&options, 2);
        assert_eq!(write(&mut shortest, |next| next[next.len() - 1]), [3, 7, 8, 1, END]);
        assert_eq!(shortest.order(), [2, 0]);
        assert!(guide(&options, 3).accept(7).is_err(), "no string ends here");
    }

    #[test]
    fn equal_strings_are_taken_one_after_the_other() {
        let mut guide = guide(&[vec![1, 2], vec![1, 2]], 9);
        write(&mut guide, |next| next[0]);
        assert_eq!(guide.order(), [0, 1]);
        // Also by a model whose texts have no end.
        let options = Arc::new(Options::new(&[vec![1, 2], vec![1, 2]], None, 16).expect("options"));
        let mut endless = RankingGuide::new(options, [7].into(), 2).expect("a guide");
        assert_eq!(write(&mut endless, |next| next[0]), [1, 2, 7, 1, 2]);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_a_permutation(
            options in prop::collection::vec(prop::collection::vec(1u32..5, 1..4), 1..9),
            picks in prop::collection::vec(0usize..9, 200),
        ) {
            let mut guide = guide(&options, options.len());
            let mut picks = picks.into_iter().cycle();
            write(&mut guide, |next| next[picks.next().unwrap_or(0) % next.len()]);
            let mut order = guide.order().to_vec();
            order.sort_unstable();
            prop_assert_eq!(order, (0..options.len()).collect::<Vec<_>>());
        }
    }
}
