//! What an alignment learns from.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::recommend::{Catalogue, Interaction, draw::below, retrieve::Semantic};

/// What an alignment learns from.
#[derive(Clone, Copy, Debug)]
pub struct AlignData<'a> {
    /// The items.
    pub catalogue: &'a Catalogue,
    /// The vectors of their texts.
    pub semantic: &'a Semantic,
    /// What users did, each oldest first: without what validates and tests.
    pub histories: &'a [&'a [Interaction]],
}

/// An interaction and what came before it.
pub(super) struct Example<'a> {
    pub(super) user: usize,
    pub(super) history: &'a [Interaction],
    pub(super) taken: usize,
}

impl<'a> AlignData<'a> {
    /// The users with enough interactions to learn from.
    pub(super) fn users(&self) -> Vec<usize> {
        (0..self.histories.len()).filter(|&user| self.histories[user].len() >= 2).collect()
    }

    /// Random interactions of random ones among `users`: the same for the same seed and step.
    pub(super) fn draw(&self, users: &[usize], count: usize, seed: u64, step: usize) -> (Vec<Example<'a>>, ChaCha8Rng) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step as u64);
        let mut examples = Vec::with_capacity(count);
        for _ in 0..count {
            let user = users[below(&mut rng, users.len())];
            let history = self.histories[user];
            let place = 1 + below(&mut rng, history.len() - 1);
            examples.push(Example { user, history: &history[..place], taken: history[place].item });
        }
        (examples, rng)
    }
}
