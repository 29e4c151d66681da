//! What most users have.

use super::{Query, Retriever, Source};
use crate::recommend::{Interaction, Result};

/// How many users have each item.
#[derive(Clone, Debug, PartialEq)]
pub struct Popularity {
    /// (items)
    users: Vec<f32>,
}

impl Popularity {
    /// Counts over the histories of a catalogue of `items` items; a user counts once for an item.
    pub fn fit(histories: &[&[Interaction]], items: usize) -> Self {
        let mut users = vec![0.0; items];
        // Who was counted last for each item.
        let mut counted = vec![usize::MAX; items];
        for (user, history) in histories.iter().enumerate() {
            for event in *history {
                if std::mem::replace(&mut counted[event.item], user) != user {
                    users[event.item] += 1.0;
                }
            }
        }
        Self { users }
    }

    /// How many users have each item, (items).
    pub fn users(&self) -> &[f32] {
        &self.users
    }
}

impl Retriever for Popularity {
    fn source(&self) -> Source {
        Source::Popularity
    }

    fn scores(&self, _: &Query<'_>) -> Result<Vec<f32>> {
        Ok(self.users.clone())
    }
}
