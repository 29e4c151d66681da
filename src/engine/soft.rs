//! Soft tokens: embedding rows that stand in a prompt where tokens would.
//!
//! A soft token has an id beyond every vocabulary, by which prompts, the schedule and the prefix cache know it. No id is
//! given out twice, so that a kept prefix never is another row's. Equal rows have one id as long as somebody holds it and
//! for a while afterwards, so that a kept prefix is found again by them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::Deref,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use sha2::{Digest, Sha256};

use super::{Engine, Error, Result};

/// The first id of a soft token.
pub(super) const FIRST: u32 = 1 << 31;
/// Soft tokens that are held at most: 151 MB of the default model.
const MOST: usize = 1 << 16;
/// Those that nobody holds any more are kept up to this many: half as many as the prefix cache has positions by default.
const KEPT: usize = 1 << 12;

/// SHA-256 of a row.
type Content = [u8; 32];

/// The rows of all soft tokens.
#[derive(Default)]
pub(super) struct SoftRows {
    known: RwLock<Known>,
}

impl fmt::Debug for SoftRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftRows({})", self.read().rows.len())
    }
}

#[derive(Default)]
struct Known {
    by_content: HashMap<Content, u32>,
    rows: HashMap<u32, Row>,
    /// Those that nobody holds, by when they were let go.
    let_go: BTreeMap<u64, u32>,
    /// How many ids were given out.
    given: u32,
    clock: u64,
}

struct Row {
    row: Arc<[f32]>,
    content: Content,
    holders: usize,
    /// When the last holder let it go.
    let_go: u64,
}

impl Known {
    /// Adds a holder, if the token is known.
    fn hold(&mut self, token: u32) -> bool {
        let Some(known) = self.rows.get_mut(&token) else { return false };
        if known.holders == 0 {
            self.let_go.remove(&known.let_go);
        }
        known.holders += 1;
        true
    }

    /// Takes a holder away, and forgets what was let go longest ago.
    fn let_go(&mut self, token: u32) {
        let Some(known) = self.rows.get_mut(&token) else { return };
        known.holders -= 1;
        if known.holders > 0 {
            return;
        }
        self.clock += 1;
        known.let_go = self.clock;
        self.let_go.insert(self.clock, token);
        if self.let_go.len() > KEPT
            && let Some((_, oldest)) = self.let_go.pop_first()
            && let Some(forgotten) = self.rows.remove(&oldest)
        {
            self.by_content.remove(&forgotten.content);
        }
    }

    /// The token of a row, a new one if none is equal, with one more holder.
    fn token(&mut self, row: &[f32]) -> Result<u32> {
        let content = Sha256::digest(row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).into();
        if let Some(&token) = self.by_content.get(&content) {
            self.hold(token);
            return Ok(token);
        }
        if self.rows.len() - self.let_go.len() >= MOST || self.given > u32::MAX - FIRST {
            return Err(Error::SoftTokensFull { most: MOST });
        }
        let token = FIRST + self.given;
        self.given += 1;
        self.rows.insert(token, Row { row: row.into(), content, holders: 1, let_go: 0 });
        self.by_content.insert(content, token);
        Ok(token)
    }
}

impl SoftRows {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row of a soft token.
    pub(super) fn get(&self, token: u32) -> Option<Arc<[f32]>> {
        self.read().rows.get(&token).map(|known| known.row.clone())
    }

    /// The tokens of some rows of `width` elements.
    fn tokens(self: &Arc<Self>, rows: &[f32], width: usize) -> Result<SoftTokens> {
        let mut tokens = SoftTokens { rows: self.clone(), ids: Vec::with_capacity(rows.len() / width) };
        for row in rows.chunks_exact(width) {
            tokens.ids.push(self.write().token(row)?);
        }
        Ok(tokens)
    }

    /// Holds tokens once more.
    ///
    /// # Errors
    /// The first that is not known.
    pub(super) fn hold(self: &Arc<Self>, ids: impl IntoIterator<Item = u32>) -> Result<SoftTokens, u32> {
        let mut tokens = SoftTokens { rows: self.clone(), ids: Vec::new() };
        for id in ids {
            if !self.write().hold(id) {
                return Err(id);
            }
            tokens.ids.push(id);
        }
        Ok(tokens)
    }
}

/// Soft tokens of an engine: ids, which last as long as this value. Equal rows have equal ids, held by each such value.
#[derive(Debug)]
pub struct SoftTokens {
    rows: Arc<SoftRows>,
    ids: Vec<u32>,
}

impl Deref for SoftTokens {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.ids
    }
}

impl Drop for SoftTokens {
    fn drop(&mut self) {
        let mut known = self.rows.write();
        self.ids.iter().for_each(|&id| known.let_go(id));
    }
}

impl Engine {
    /// Soft tokens for `rows` (tokens, hidden): ids that may stand in the prefix of a [`Scoring`](super::Scoring), and
    /// are fed into the model as these rows instead of being looked up in its embedding (Lester, Al-Rfou and Constant,
    /// *The Power of Scale for Parameter-Efficient Prompt Tuning*, 2021). They last as long as what is returned, and as the
    /// scorings that were submitted before it was dropped.
    ///
    /// # Errors
    /// If the values are no whole rows or not all finite, or too many soft tokens are held.
    pub fn soft_tokens(&self, rows: &[f32]) -> Result<SoftTokens> {
        let width = self.architecture().hidden();
        if !rows.len().is_multiple_of(width) || rows.iter().any(|value| !value.is_finite()) {
            return Err(Error::SoftRows { values: rows.len(), width });
        }
        self.shared.soft.tokens(rows, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: usize) -> Vec<f32> {
        vec![value as f32, 0.5]
    }

    #[test]
    fn rows_are_forgotten_some_time_after_the_last_holder_let_them_go() {
        let soft = Arc::<SoftRows>::default();
        let held = soft.tokens(&[row(0), row(1), row(0)].concat(), 2).unwrap();
        assert_eq!((held[0], held[1] - held[0]), (held[2], 1), "equal rows are one token");
        let again = soft.tokens(&row(1), 2).unwrap();
        let job = soft.hold([held[0]]).unwrap();
        let ids = held.to_vec();
        drop(held);
        // Nobody holds any of these, one after another.
        let others: Vec<u32> = (2..KEPT + 9).map(|value| soft.tokens(&row(value), 2).unwrap()[0]).collect();
        assert!(soft.get(ids[0]).is_some() && soft.get(ids[1]).is_some(), "what is held stays");
        assert_eq!(soft.get(others[0]), None, "the first one to go is gone");
        assert_eq!(soft.read().rows.len(), 2 + KEPT);
        let newest = others[others.len() - 1];
        assert_eq!(soft.tokens(&row(KEPT + 8), 2).unwrap()[0], newest, "what was let go just now is found again");
        assert!(soft.tokens(&row(2), 2).unwrap()[0] > newest, "no id is given out twice");
        assert_eq!(soft.hold([newest, others[0]]).map(drop), Err(others[0]));
        drop((job, again));
        assert_eq!(soft.read().rows.len(), KEPT, "nothing is held");
    }

    #[test]
    fn only_what_is_held_counts_for_the_most() {
        let soft = Arc::<SoftRows>::default();
        let rows: Vec<f32> = (0..MOST).flat_map(row).collect();
        let held = soft.tokens(&rows, 2).unwrap();
        assert!(matches!(soft.tokens(&row(MOST), 2), Err(Error::SoftTokensFull { most: MOST })));
        assert_eq!(soft.tokens(&row(7), 2).unwrap()[0], held[7]);
        drop(held);
        assert!(soft.tokens(&row(MOST), 2).is_ok());
    }
}
