//! Answers of language models that are kept beside a store: exact ones, found by all that decides them, and answers to
//! similar requests, found by the nearness of their vectors.
//!
//! An exact answer's key is a digest of the model, the prompt's tokens (and with them its template) and all settings. One to
//! a similar request has a context that must be the same: model, template, settings, and what is offered. Entries expire by
//! age, and those used the longest ago make way when there is no room.

mod similar;
mod tables;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::{Result, database::Database};
use crate::engine::{Answers, KeptAnswer};
pub use similar::{Context, ContextDigest, SIMILAR};
use tables::{FILE, SIZES};

/// How long and how much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CacheLimits {
    /// Seconds after which an answer is computed anew.
    pub seconds: u64,
    /// Bytes of all answers.
    pub bytes: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { seconds: 30 * 86_400, bytes: 64 << 20 }
    }
}

/// The kept answers of a store.
#[derive(Clone, Debug)]
pub struct AnswerCache {
    database: Database,
    limits: CacheLimits,
    now: fn() -> i64,
}

/// What a store keeps, and what that was worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CacheFigures {
    /// Answers that are kept.
    pub answers: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Seconds since the oldest was computed; none if nothing is kept.
    pub oldest_seconds: Option<u64>,
    /// How long and how much is kept.
    pub limits: CacheLimits,
    /// By kind of question.
    pub kinds: BTreeMap<String, KindFigures>,
}

/// What was asked of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindFigures {
    /// Answers that are kept.
    pub answers: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How often one was looked for.
    pub asked: u64,
    /// How often it was found.
    pub found: u64,
    /// Tokens of those that were computed.
    pub tokens_computed: u64,
    /// Tokens of those that were found.
    pub tokens_saved: u64,
}

impl AnswerCache {
    /// Opens the answers in a store's folder, and drops those that are too old.
    ///
    /// # Errors
    /// If the file is damaged, or cannot be read and written.
    pub fn open(store: &Path, limits: CacheLimits) -> Result<Self> {
        Self::open_at(store, limits, now)
    }

    fn open_at(store: &Path, limits: CacheLimits, now: fn() -> i64) -> Result<Self> {
        let cache = Self { database: Database::open(store, FILE)?, limits, now };
        let oldest = cache.oldest();
        cache.database.write(|connection| connection.execute("DELETE FROM answers WHERE made < ?1", [oldest]))?;
        Ok(cache)
    }

    /// Whether a store has a file of answers.
    pub fn exists(store: &Path) -> bool {
        store.join(FILE.file).exists()
    }

    /// The moment before which answers are too old.
    fn oldest(&self) -> i64 {
        (self.now)().saturating_sub_unsigned(self.limits.seconds)
    }

    /// Forgets all answers and figures.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn clear(&self) -> Result<()> {
        self.database.write(|connection| connection.execute_batch("DELETE FROM answers; DELETE FROM figures;"))
    }

    /// What a store keeps that may keep nothing, and what that was worth. Nothing is made or changed.
    ///
    /// # Errors
    /// If the file is damaged, or cannot be read.
    pub fn figures_of(store: &Path, limits: CacheLimits) -> Result<CacheFigures> {
        match Database::open_to_read(store, FILE)? {
            Some(database) => Self { database, limits, now }.figures(),
            None => Ok(CacheFigures { answers: 0, bytes: 0, oldest_seconds: None, limits, kinds: BTreeMap::new() }),
        }
    }

    /// What is kept and not too old, and what that was worth.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn figures(&self) -> Result<CacheFigures> {
        let (now, old) = ((self.now)(), self.oldest());
        self.database.read(|connection| {
            let mut kinds: BTreeMap<String, KindFigures> = BTreeMap::new();
            let mut statement =
                connection.prepare("SELECT kind, count(*), sum(size) FROM answers WHERE made >= ?1 GROUP BY kind")?;
            let mut rows = statement.query([old])?;
            while let Some(row) = rows.next()? {
                let kind = kinds.entry(row.get(0)?).or_default();
                (kind.answers, kind.bytes) = (row.get(1)?, row.get(2)?);
            }
            let asked = "SELECT kind, asked, found, tokens_computed, tokens_saved FROM figures";
            let mut statement = connection.prepare(asked)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let kind = kinds.entry(row.get(0)?).or_default();
                (kind.asked, kind.found) = (row.get(1)?, row.get(2)?);
                (kind.tokens_computed, kind.tokens_saved) = (row.get(3)?, row.get(4)?);
            }
            let oldest: Option<i64> =
                connection.query_row("SELECT min(made) FROM answers WHERE made >= ?1", [old], |row| row.get(0))?;
            Ok(CacheFigures {
                answers: kinds.values().map(|kind| kind.answers).sum(),
                bytes: kinds.values().map(|kind| kind.bytes).sum(),
                oldest_seconds: oldest.map(|made| now.saturating_sub(made).max(0) as u64),
                limits: self.limits,
                kinds,
            })
        })
    }

    /// An answer by its key, which counts as asked for and used.
    fn take(&self, key: &[u8], kind: &str) -> Result<Option<KeptAnswer>> {
        let (now, oldest) = ((self.now)(), self.oldest());
        self.database.write(|connection| {
            let found = connection
                .prepare_cached("SELECT answer, tokens FROM answers WHERE key = ?1 AND made >= ?2")?
                .query_row((key, oldest), |row| Ok(KeptAnswer { bytes: row.get(0)?, tokens: row.get(1)? }))
                .optional()?;
            if found.is_some() {
                use_again(connection, key, now)?;
            }
            count(connection, kind, found.as_ref())?;
            Ok(found)
        })
    }

    /// Keeps an answer, and makes room where there is none.
    fn put(&self, key: &[u8], kind: &str, similar: Option<(&Context, &[f32])>, answer: &KeptAnswer) -> Result<()> {
        let now = (self.now)();
        let (context, vector) =
            similar.map(|(context, vector)| (context.as_bytes(), similar::to_bytes(vector))).unzip();
        let size = (answer.bytes.len() + key.len() + vector.as_ref().map_or(0, Vec::len)) as u64 + SIZES;
        if size > self.limits.bytes {
            return Ok(());
        }
        self.database.write(|connection| {
            // Not by `REPLACE`, which would leave the size of what it replaces in the sum.
            connection.prepare_cached("DELETE FROM answers WHERE key = ?1")?.execute([key])?;
            connection
                .prepare_cached(
                    "INSERT INTO answers (key, kind, context, vector, answer, tokens, size, made, used) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
                )?
                .execute((key, kind, context, vector, &answer.bytes, answer.tokens, size, now))?;
            connection
                .prepare_cached("UPDATE figures SET tokens_computed = tokens_computed + ?2 WHERE kind = ?1")?
                .execute((kind, answer.tokens))?;
            make_room(connection, self.limits.bytes)
        })
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64)
}

fn use_again(connection: &Connection, key: &[u8], now: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE answers SET used = ?2 WHERE key = ?1")?.execute((key, now)).map(|_| ())
}

fn count(connection: &Connection, kind: &str, found: Option<&KeptAnswer>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO figures (kind, asked, found, tokens_saved) VALUES (?1, 1, ?2, ?3) ON CONFLICT (kind) DO UPDATE SET \
             asked = asked + 1, found = found + excluded.found, tokens_saved = tokens_saved + excluded.tokens_saved",
        )?
        .execute((kind, u64::from(found.is_some()), found.map_or(0, |answer| answer.tokens)))
        .map(|_| ())
}

/// Removes what was used the longest ago until all fits, the last entry apart.
fn make_room(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    loop {
        let kept: u64 = connection.query_row("SELECT bytes FROM size", [], |row| row.get(0))?;
        if kept <= bytes {
            return Ok(());
        }
        let removed = connection.execute(
            "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY used, rowid LIMIT 16) \
             AND rowid <> (SELECT max(rowid) FROM answers)",
            [],
        )?;
        if removed == 0 {
            return Ok(());
        }
    }
}

impl Answers for AnswerCache {
    fn find(&self, key: &[u8; 32], kind: &'static str) -> Option<KeptAnswer> {
        self.take(key, kind).unwrap_or_else(|error| {
            tracing::warn!(%error, "an answer is computed anew: kept ones cannot be read");
            None
        })
    }

    fn keep(&self, key: &[u8; 32], kind: &'static str, answer: KeptAnswer) {
        if let Err(error) = self.put(key, kind, None, &answer) {
            tracing::warn!(%error, "an answer is not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn answer(bytes: usize, tokens: u64) -> KeptAnswer {
        KeptAnswer { bytes: vec![7; bytes], tokens }
    }

    #[test]
    fn answers_are_found_by_their_key_and_figures_say_what_that_saved() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path(), CacheLimits::default()).unwrap();
        assert_eq!(cache.find(&[1; 32], "text"), None);
        cache.keep(&[1; 32], "text", answer(10, 30));
        assert_eq!(cache.find(&[1; 32], "text"), Some(answer(10, 30)));
        assert_eq!(cache.find(&[2; 32], "scores"), None);
        // Another process on the same store.
        let other = AnswerCache::open(folder.path(), CacheLimits::default()).unwrap();
        assert_eq!(other.find(&[1; 32], "text"), Some(answer(10, 30)));
        let figures = cache.figures().unwrap();
        let text = KindFigures {
            answers: 1,
            bytes: 10 + 32 + SIZES,
            asked: 3,
            found: 2,
            tokens_computed: 30,
            tokens_saved: 60,
        };
        assert_eq!(figures.kinds["text"], text);
        assert_eq!(figures.kinds["scores"], KindFigures { asked: 1, ..KindFigures::default() });
        assert_eq!((figures.answers, figures.bytes), (1, text.bytes));
        cache.clear().unwrap();
        let figures = cache.figures().unwrap();
        assert_eq!((figures.answers, figures.oldest_seconds, figures.kinds.len()), (0, None, 0));
        assert_eq!(cache.find(&[1; 32], "text"), None);
    }

    #[test]
    fn what_was_used_the_longest_ago_makes_way() {
        let folder = tempfile::tempdir().unwrap();
        static NOW: AtomicI64 = AtomicI64::new(1000);
        let room = 20 * (1000 + 32 + SIZES);
        let limits = CacheLimits { bytes: room, ..CacheLimits::default() };
        let cache = AnswerCache::open_at(folder.path(), limits, || NOW.fetch_add(1, Ordering::Relaxed)).unwrap();
        for key in 0..20 {
            cache.keep(&[key; 32], "text", answer(1000, 1));
        }
        assert!(cache.find(&[0; 32], "text").is_some(), "all fit");
        for key in 20..30 {
            cache.keep(&[key; 32], "text", answer(1000, 1));
        }
        let kept: Vec<u8> = (0..30).filter(|key| cache.find(&[*key; 32], "text").is_some()).collect();
        assert!(kept.contains(&0) && kept.contains(&29), "{kept:?}");
        assert!(!kept.contains(&1) && cache.figures().unwrap().bytes <= room, "{kept:?}");
        cache.keep(&[99; 32], "text", answer(room as usize, 1));
        assert_eq!(cache.find(&[99; 32], "text"), None, "what never fits drives nothing out");
    }

    #[test]
    fn old_answers_are_computed_anew() {
        let folder = tempfile::tempdir().unwrap();
        static NOW: AtomicI64 = AtomicI64::new(1000);
        let now = || NOW.load(Ordering::Relaxed);
        let limits = CacheLimits { seconds: 100, ..CacheLimits::default() };
        let cache = AnswerCache::open_at(folder.path(), limits, now).unwrap();
        cache.keep(&[1; 32], "text", answer(10, 1));
        NOW.store(1100, Ordering::Relaxed);
        assert!(cache.find(&[1; 32], "text").is_some());
        assert_eq!(cache.figures().unwrap().oldest_seconds, Some(100));
        NOW.store(1101, Ordering::Relaxed);
        assert_eq!(cache.find(&[1; 32], "text"), None);
        let again = AnswerCache::open_at(folder.path(), limits, now).unwrap();
        assert_eq!(again.figures().unwrap().answers, 0);
    }
}
