//! Soft tokens: embedding rows that stand in a prompt where tokens would.
//!
//! A soft token has an id beyond every vocabulary, by which prompts, the schedule and the prefix cache know it. Equal rows
//! have one id for as long as the engine lives, so that a kept prefix is found again by them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use super::{Engine, Error, Result};

/// The first id of a soft token.
pub(super) const FIRST: u32 = 1 << 31;
/// Soft tokens that one engine knows at most: 151 MB of the default model.
const MOST: usize = 1 << 16;

/// The rows of all soft tokens.
#[derive(Debug, Default)]
pub(super) struct SoftRows {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_content: HashMap<[u8; 32], u32>,
    rows: Vec<Arc<[f32]>>,
}

impl SoftRows {
    /// The row of a soft token.
    pub(super) fn get(&self, token: u32) -> Option<Arc<[f32]>> {
        let place = token.checked_sub(FIRST)? as usize;
        self.known.read().unwrap_or_else(PoisonError::into_inner).rows.get(place).cloned()
    }

    /// The token of a row, a new one if none is equal.
    fn token(&self, row: &[f32]) -> Result<u32> {
        let content = Sha256::digest(row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&token) = known.by_content.get(&content) {
            return Ok(token);
        }
        if known.rows.len() == MOST {
            return Err(Error::SoftTokensFull { most: MOST });
        }
        let token = FIRST + known.rows.len() as u32;
        known.rows.push(row.into());
        known.by_content.insert(content, token);
        Ok(token)
    }
}

impl Engine {
    /// Soft tokens for `rows` (tokens, hidden): ids that may stand in the prefix of a [`Scoring`](super::Scoring), and
    /// are fed into the model as these rows instead of being looked up in its embedding (Lester, Al-Rfou and Constant,
    /// *The Power of Scale for Parameter-Efficient Prompt Tuning*, 2021). They last as long as the engine.
    ///
    /// # Errors
    /// If the values are no whole rows or not all finite, or there are too many soft tokens.
    pub fn soft_tokens(&self, rows: &[f32]) -> Result<Vec<u32>> {
        let width = self.architecture().hidden();
        if !rows.len().is_multiple_of(width) || rows.iter().any(|value| !value.is_finite()) {
            return Err(Error::SoftRows { values: rows.len(), width });
        }
        rows.chunks_exact(width).map(|row| self.shared.soft.token(row)).collect()
    }
}
