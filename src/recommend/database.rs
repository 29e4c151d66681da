//! Small databases beside a store's components: sessions, feedback, answers.
//!
//! A store's components are written whole and never changed; what grows by a line at a time is kept in SQLite files of
//! the same folder. Several processes may use one at once: readers never wait for a writer (write-ahead log), and writers
//! wait for each other.

use std::{
    cmp, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Error, Result};

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one who was turned away pauses before the next attempt.
const PAUSE: Duration = Duration::from_millis(5);
/// Marks a file as one of ours: "docn".
const APPLICATION: i32 = 0x646f_636e;

/// A kind of database: what its file is called, and the steps that made its tables what they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The file's name in the store's folder.
    pub(crate) file: &'static str,
    /// Statements; the first make the tables, each further entry brings an older file to the next version.
    pub(crate) versions: &'static [&'static str],
}

/// An open database that threads share.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

/// What is wrong with a database's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseFault {
    /// SQLite says no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A database of another program.
    #[error("it is of another program")]
    Foreign,
    /// A database that a newer version of this program wrote.
    #[error("it has version {found}, and this program knows up to {known}")]
    Newer {
        /// Its version.
        found: usize,
        /// The newest that is known.
        known: usize,
    },
    /// A database that would have to be brought up to date first, and cannot be written.
    #[error("it has version {found}, and would have to become version {known}")]
    Older {
        /// Its version.
        found: usize,
        /// The newest.
        known: usize,
    },
}

impl DatabaseFault {
    /// Whether the system does not let us write the file, or beside it.
    fn is_denial(&self) -> bool {
        match self {
            DatabaseFault::Older { .. } => true,
            DatabaseFault::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
            ),
            DatabaseFault::Newer { .. } | DatabaseFault::Foreign => false,
        }
    }

    /// What helps.
    pub(super) fn hint(&self) -> &'static str {
        let busy = |error: &rusqlite::Error| {
            matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
        };
        match self {
            DatabaseFault::Newer { .. } => "use the newer program",
            fault if fault.is_denial() => "see to it that the file and its folder may be written",
            DatabaseFault::Sqlite(error) if busy(error) => "another program uses it: try again when that is done",
            DatabaseFault::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                "make room on the disk"
            }
            _ => "move the file away to begin anew; what it holds is lost then",
        }
    }
}

impl Database {
    /// Opens the database of this kind in a folder, and makes or updates it where needed.
    ///
    /// # Errors
    /// If the file is none of ours, is newer than this program, or cannot be read and written.
    pub(crate) fn open(folder: &Path, kind: Kind) -> Result<Self> {
        let path = folder.join(kind.file);
        match connect(&path, kind) {
            Ok(connection) => Ok(Self { path, connection: Arc::new(Mutex::new(connection)) }),
            Err(fault) => Err(Error::Database { path, fault }),
        }
    }

    /// Opens the database of this kind that a folder may have, for what only reads. None is made, and one that cannot be
    /// written is read as it is.
    ///
    /// # Errors
    /// If the file is none of ours, is newer than this program, or cannot be read.
    pub(crate) fn open_to_read(folder: &Path, kind: Kind) -> Result<Option<Self>> {
        let path = folder.join(kind.file);
        if !path.exists() {
            return Ok(None);
        }
        let connected = connect(&path, kind).or_else(|fault| match fault.is_denial() {
            true => connect_to_read(&path, kind),
            false => Err(fault),
        });
        match connected {
            Ok(connection) => Ok(Some(Self { path, connection: Arc::new(Mutex::new(connection)) })),
            Err(fault) => Err(Error::Database { path, fault }),
        }
    }

    /// Runs statements that belong together: all of them take effect, or none.
    ///
    /// # Errors
    /// If a statement fails.
    pub(crate) fn write<T>(&self, statements: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = statements(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|source| self.fault(source))
    }

    /// Runs statements that change nothing, on one state of the database.
    ///
    /// # Errors
    /// If a statement fails.
    pub(crate) fn read<T>(&self, statements: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction()?;
            statements(&transaction)
        };
        run().map_err(|source| self.fault(source))
    }

    /// A statement that failed half-way was rolled back, so a connection is fit for use whatever its last user did.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, source: rusqlite::Error) -> Error {
        Error::Database { path: self.path.clone(), fault: source.into() }
    }
}

/// Renames a folder's databases to `NAME.old`: what they hold is of a store that is replaced. Returns the new names.
///
/// # Errors
/// If one of them cannot be renamed.
pub(crate) fn set_aside(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| Error::Write { path: folder.to_owned(), source };
    let mut aside = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "sqlite") && path.is_file() {
            let old = with_suffix(&path, ".old");
            // The log belongs to its database: changes may be in it alone.
            for log in ["-wal", "-shm"] {
                move_over(&with_suffix(&path, log), &with_suffix(&old, log))?;
            }
            move_over(&path, &old)?;
            aside.push(old);
        }
    }
    aside.sort();
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Gives a file another name; where there is no file nothing keeps that name.
fn move_over(from: &Path, to: &Path) -> Result<()> {
    let moved = match from.exists() {
        true => fs::rename(from, to),
        false => match fs::remove_file(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        },
    };
    moved.map_err(|source| Error::Write { path: to.to_owned(), source })
}

fn connect(path: &Path, kind: Kind) -> Result<Connection, DatabaseFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    check_application(&connection)?;
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    update(&mut connection, kind)?;
    Ok(connection)
}

/// Opens a file that cannot be written. Beside it no index of its log can be made either: what has a log is read with the
/// index that its writer made, and what has none holds all that there is by itself.
fn connect_to_read(path: &Path, kind: Kind) -> Result<Connection, DatabaseFault> {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            _ => uri += &format!("%{byte:02x}"),
        }
    }
    if !with_suffix(path, "-wal").exists() {
        uri += "?immutable=1";
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    check_application(&connection)?;
    let (found, known) = (version(&connection)?, kind.versions.len());
    match found.cmp(&known) {
        cmp::Ordering::Equal => Ok(connection),
        cmp::Ordering::Greater => Err(DatabaseFault::Newer { found, known }),
        cmp::Ordering::Less => Err(DatabaseFault::Older { found, known }),
    }
}

/// Reads the file, so that one of another program is found before anything else is done with it.
fn check_application(connection: &Connection) -> Result<(), DatabaseFault> {
    let tables: usize = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION && tables > 0 { Err(DatabaseFault::Foreign) } else { Ok(()) }
}

/// How many of the steps that make its tables a file has taken.
fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Has changes written ahead into a log. Where several open a new file at once all but one are told at once that it is busy,
/// however long they would have waited.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && start.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            told => return told,
        }
    }
}

/// Brings the tables to the newest version, or leaves the file as it is.
fn update(connection: &mut Connection, kind: Kind) -> Result<(), DatabaseFault> {
    let known = kind.versions.len();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    let Some(missing) = kind.versions.get(found..) else { return Err(DatabaseFault::Newer { found, known }) };
    for statements in missing {
        transaction.execute_batch(statements)?;
    }
    if !missing.is_empty() {
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const FIRST: Kind = Kind { file: "words.sqlite", versions: &["CREATE TABLE words (word TEXT NOT NULL)"] };
    const SECOND: Kind = Kind { versions: &[FIRST.versions[0], "ALTER TABLE words ADD COLUMN size INTEGER"], ..FIRST };

    fn count(database: &Database) -> usize {
        database.read(|connection| connection.query_row("SELECT count(*) FROM words", [], |row| row.get(0))).unwrap()
    }

    #[test]
    fn older_files_are_brought_up_to_date_and_newer_ones_refused() {
        let folder = tempfile::tempdir().unwrap();
        let old = Database::open(folder.path(), FIRST).unwrap();
        old.write(|connection| connection.execute("INSERT INTO words VALUES ('one')", [])).unwrap();
        let new = Database::open(folder.path(), SECOND).unwrap();
        new.write(|connection| connection.execute("INSERT INTO words VALUES ('two', 3)", [])).unwrap();
        assert_eq!(count(&new), 2);
        let error = Database::open(folder.path(), FIRST).unwrap_err();
        assert!(matches!(error, Error::Database { fault: DatabaseFault::Newer { found: 2, known: 1 }, .. }), "{error}");
    }

    #[test]
    fn what_cannot_be_written_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Database::open_to_read(folder.path(), FIRST).unwrap().is_none());
        let database = Database::open(folder.path(), FIRST).unwrap();
        database.write(|connection| connection.execute("INSERT INTO words VALUES ('one')", [])).unwrap();
        let path = folder.path().join(FIRST.file);
        let read = || {
            let connection = connect_to_read(&path, FIRST).unwrap();
            let words = connection.query_row("SELECT count(*) FROM words", [], |row| row.get::<_, usize>(0)).unwrap();
            assert!(connection.execute("INSERT INTO words VALUES ('two')", []).is_err());
            words
        };
        assert_eq!(read(), 1, "the word is in the log alone");
        drop(database);
        assert_eq!(read(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "reading leaves no log");
        let older = connect_to_read(&path, SECOND).unwrap_err();
        assert!(matches!(older, DatabaseFault::Older { found: 1, known: 2 }), "{older}");
        assert_eq!(count(&Database::open_to_read(folder.path(), FIRST).unwrap().unwrap()), 1);
    }

    #[test]
    fn what_fails_half_way_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), FIRST).unwrap();
        let failed = database.write(|connection| {
            connection.execute("INSERT INTO words VALUES ('one')", [])?;
            connection.execute("INSERT INTO nothing VALUES ('two')", [])
        });
        assert!(failed.is_err());
        assert_eq!(count(&database), 0);
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FIRST.file);
        fs::write(&path, "no database, but a text that is long enough to be looked at as one".repeat(20)).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(Database::open(folder.path(), FIRST), Err(Error::Database { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let error = Database::open(folder.path(), FIRST).unwrap_err();
        assert!(matches!(error, Error::Database { fault: DatabaseFault::Foreign, .. }), "{error}");
    }

    #[test]
    fn what_is_set_aside_is_whole_and_the_place_is_free() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        for round in 1..3 {
            // Still open: its changes are in the log alone.
            let database = Database::open(folder.path(), FIRST).unwrap();
            for _ in 0..round {
                database.write(|connection| connection.execute("INSERT INTO words VALUES ('w')", [])).unwrap();
            }
            let old = folder.path().join("words.sqlite.old");
            assert_eq!(set_aside(folder.path()).unwrap(), std::slice::from_ref(&old));
            assert!(!folder.path().join(FIRST.file).exists());
            drop(database);
            let words = Connection::open(old).unwrap();
            let found: usize = words.query_row("SELECT count(*) FROM words", [], |row| row.get(0)).unwrap();
            assert_eq!(found, round);
        }
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn writers_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                let open = || Database::open(folder.path(), FIRST).unwrap();
                scope.spawn(move || {
                    let database = open();
                    for _ in 0..25 {
                        database.write(|connection| connection.execute("INSERT INTO words VALUES ('w')", [])).unwrap();
                    }
                });
            }
        });
        assert_eq!(count(&Database::open(folder.path(), FIRST).unwrap()), 100);
    }

    #[test]
    fn hints_fit_the_fault() {
        let code = |code| DatabaseFault::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        let cases = [
            (code(rusqlite::ffi::SQLITE_BUSY), "try again"),
            (code(rusqlite::ffi::SQLITE_READONLY), "may be written"),
            (code(rusqlite::ffi::SQLITE_FULL), "make room"),
            (code(rusqlite::ffi::SQLITE_NOTADB), "move the file away"),
            (DatabaseFault::Foreign, "move the file away"),
        ];
        for (fault, hint) in cases {
            assert!(fault.hint().contains(hint), "{fault:?}: {}", fault.hint());
        }
    }
}
