//! Answers to requests in other words: the nearest earlier one by its vector, if it is near enough.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{AnswerCache, count, use_again};
use crate::{
    engine::KeptAnswer,
    recommend::{Result, dense::dot},
};

/// The cosine from which two requests count as the same in other words: below, sentence encoders such as MiniLM put
/// requests side by side that ask for different things.
pub const SIMILAR: f32 = 0.92;

/// The kind of such questions in figures.
const KIND: &str = "similar";

/// What must be the same for an answer to serve again: a digest of all that decides it but the request's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context([u8; 32]);

impl Context {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Makes a [`Context`], part by part.
#[derive(Clone, Debug, Default)]
pub struct ContextDigest(Sha256);

impl ContextDigest {
    /// Adds a part; parts do not run together.
    #[must_use]
    pub fn with(self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        Self(self.0.chain_update((part.len() as u64).to_le_bytes()).chain_update(part))
    }

    /// The digest of all parts in their order.
    pub fn finish(self) -> Context {
        Context(self.0.finalize().into())
    }
}

impl AnswerCache {
    /// The answer to the nearest earlier request in the same context, with how near it is, from `threshold` on. `vector` is
    /// of length 1.
    ///
    /// # Errors
    /// If answers cannot be read.
    pub fn nearest(&self, context: &Context, vector: &[f32], threshold: f32) -> Result<Option<(KeptAnswer, f32)>> {
        let (now, oldest) = ((self.now)(), self.oldest());
        self.database.write(|connection| {
            let found = near(connection, (context, oldest), vector, threshold)?;
            if let Some((key, ..)) = &found {
                use_again(connection, key, now)?;
            }
            count(connection, KIND, found.as_ref().map(|(_, answer, _)| answer))?;
            Ok(found.map(|(_, answer, nearness)| (answer, nearness)))
        })
    }

    /// Keeps the answer to a request with this vector.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_similar(&self, context: &Context, vector: &[f32], answer: &KeptAnswer) -> Result<()> {
        let key: [u8; 32] = Sha256::new().chain_update(context.0).chain_update(to_bytes(vector)).finalize().into();
        self.put(&key, KIND, Some((context, vector)), answer)
    }
}

/// The key, answer and nearness of the nearest entry; of equally near ones the oldest.
fn near(
    connection: &Connection,
    (context, oldest): (&Context, i64),
    vector: &[f32],
    threshold: f32,
) -> rusqlite::Result<Option<(Vec<u8>, KeptAnswer, f32)>> {
    let mut statement = connection
        .prepare_cached("SELECT rowid, vector FROM answers WHERE context = ?1 AND made >= ?2 ORDER BY rowid")?;
    let mut rows = statement.query((context.as_bytes(), oldest))?;
    let mut nearest: Option<(i64, f32)> = None;
    while let Some(row) = rows.next()? {
        let other = from_bytes(&row.get::<_, Vec<u8>>(1)?);
        if other.len() != vector.len() {
            continue;
        }
        let nearness = dot(&other, vector);
        if nearness >= threshold && nearest.is_none_or(|(_, best)| nearness > best) {
            nearest = Some((row.get(0)?, nearness));
        }
    }
    let Some((row, nearness)) = nearest else { return Ok(None) };
    let read = "SELECT key, answer, tokens FROM answers WHERE rowid = ?1";
    connection
        .query_row(read, [row], |row| {
            Ok((row.get(0)?, KeptAnswer { bytes: row.get(1)?, tokens: row.get(2)? }, nearness))
        })
        .map(Some)
}

/// Little-endian.
pub(super) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::answers::CacheLimits;

    #[test]
    fn the_nearest_request_of_the_same_context_answers() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path(), CacheLimits::default()).unwrap();
        let context = |name: &str| ContextDigest::default().with(name).with("template").finish();
        let answer = |byte: u8| KeptAnswer { bytes: vec![byte], tokens: 5 };
        let at = |angle: f32| vec![angle.cos(), angle.sin()];
        cache.keep_similar(&context("a"), &at(0.0), &answer(1)).unwrap();
        cache.keep_similar(&context("a"), &at(0.3), &answer(2)).unwrap();
        cache.keep_similar(&context("b"), &at(0.1), &answer(3)).unwrap();
        let found = |angle: f32, threshold: f32| {
            let found = cache.nearest(&context("a"), &at(angle), threshold).unwrap();
            found.map(|(answer, nearness)| (answer.bytes[0], (nearness * 100.0).round()))
        };
        assert_eq!(found(0.1, 0.9), Some((1, 100.0)));
        assert_eq!(found(0.2, 0.9), Some((2, 100.0)));
        assert_eq!(found(1.0, 0.9), None);
        assert_eq!(cache.nearest(&context("c"), &at(0.0), 0.0).unwrap(), None);
        assert_eq!(cache.nearest(&context("a"), &[1.0, 0.0, 0.0], 0.0).unwrap(), None, "another encoder's vector");
        let figures = cache.figures().unwrap().kinds["similar"];
        assert_eq!((figures.asked, figures.found, figures.tokens_saved), (5, 2, 10));
    }

    #[test]
    fn parts_of_a_context_do_not_run_together() {
        let of = |parts: &[&str]| parts.iter().fold(ContextDigest::default(), ContextDigest::with).finish();
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    }
}
