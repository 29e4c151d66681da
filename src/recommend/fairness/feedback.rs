//! What users say about fairness: kept beside the store, and shown in its audits.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::recommend::{
    Error, Result,
    database::{Database, Kind},
    line::one_line,
};

const FILE: Kind = Kind {
    file: "fairness.sqlite",
    versions: &["CREATE TABLE remarks (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, user TEXT, text TEXT NOT NULL)"],
};

/// Characters of a remark at most.
const LONGEST: usize = 4000;

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Who, if they said so.
    pub user: Option<String>,
    /// What, on one line.
    pub text: String,
}

/// The remarks of a store.
#[derive(Clone, Debug)]
pub struct FairnessFeedback {
    database: Database,
}

impl FairnessFeedback {
    /// Opens the remarks in a store's folder.
    ///
    /// # Errors
    /// If the file is damaged, or cannot be read and written.
    pub fn open(store: &Path) -> Result<Self> {
        Ok(Self { database: Database::open(store, FILE)? })
    }

    /// Those of a store that may have none: no file is made.
    ///
    /// # Errors
    /// If the file is damaged or cannot be read.
    pub fn read(store: &Path) -> Result<Vec<Remark>> {
        let database = Database::open_to_read(store, FILE)?;
        database.map_or(Ok(Vec::new()), |database| Self { database }.remarks())
    }

    /// Keeps a remark.
    ///
    /// # Errors
    /// If it says nothing or too much, or cannot be written.
    pub fn add(&self, user: Option<&str>, text: &str) -> Result<Remark> {
        let text = one_line(text);
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return Err(Error::Remark { length, most: LONGEST });
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let remark = Remark { at: now, user: user.map(str::to_owned), text };
        self.database.write(|connection| {
            let values = (&remark.at, &remark.user, &remark.text);
            connection.execute("INSERT INTO remarks (at, user, text) VALUES (?1, ?2, ?3)", values)
        })?;
        Ok(remark)
    }

    /// All remarks, the oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn remarks(&self) -> Result<Vec<Remark>> {
        self.database.read(|connection| {
            let mut statement = connection.prepare("SELECT at, user, text FROM remarks ORDER BY id")?;
            let remark = |row: &rusqlite::Row<'_>| Ok(Remark { at: row.get(0)?, user: row.get(1)?, text: row.get(2)? });
            statement.query_map([], remark)?.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_kept_in_order_on_one_line() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FairnessFeedback::read(folder.path()).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "reading makes no file");
        let feedback = FairnessFeedback::open(folder.path()).unwrap();
        feedback.add(Some("u1"), "Only old\nfilms.").unwrap();
        feedback.add(None, "'); DROP TABLE remarks; --").unwrap();
        let remarks = FairnessFeedback::read(folder.path()).unwrap();
        let told: Vec<_> = remarks.iter().map(|remark| (remark.user.as_deref(), remark.text.as_str())).collect();
        assert_eq!(told, [(Some("u1"), "Only old films."), (None, "'); DROP TABLE remarks; --")]);
        assert!(feedback.add(None, " \n ").is_err() && feedback.add(None, &"x".repeat(LONGEST + 1)).is_err());
    }
}
