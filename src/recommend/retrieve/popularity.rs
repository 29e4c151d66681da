//! What most users have.

use super::{Query, Retriever, Source, distinct};
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
        for history in histories {
            distinct(history.iter()).into_iter().for_each(|item| users[item as usize] += 1.0);
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
