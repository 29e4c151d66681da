//! Sessions in the store's folder: every message, what it stated, and what was shown.
//!
//! What somebody said is kept before it is answered, the items of an answer before they are shown, and its text piece by
//! piece before each piece is. So whatever was seen is kept, whenever the process ends.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{
    State,
    ask::Slot,
    dialogue::Dialogue,
    phrase::Exchange,
    reply::Turn,
    understand::{Feedback, Limit, Preferences, Understander, Understood},
};
use crate::recommend::{
    Catalogue, Error, Result,
    database::{Database, Kind},
};

const KIND: Kind = Kind {
    file: "sessions.sqlite",
    versions: &["
        CREATE TABLE sessions (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, user TEXT, created INTEGER NOT NULL
        );
        CREATE TABLE messages (
            session INTEGER NOT NULL REFERENCES sessions (id), place INTEGER NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant')), text TEXT NOT NULL, context TEXT NOT NULL,
            state TEXT NOT NULL, asks TEXT, focus TEXT, PRIMARY KEY (session, place)
        ) WITHOUT ROWID;
        CREATE TABLE preferences (
            session INTEGER NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
            FOREIGN KEY (session, place) REFERENCES messages (session, place)
        );
        CREATE TABLE constraints (
            session INTEGER NOT NULL, place INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            FOREIGN KEY (session, place) REFERENCES messages (session, place)
        );
        CREATE TABLE feedback (
            session INTEGER NOT NULL, place INTEGER NOT NULL, item TEXT NOT NULL, verdict TEXT NOT NULL, rating REAL,
            FOREIGN KEY (session, place) REFERENCES messages (session, place)
        );
        CREATE TABLE shown (
            session INTEGER NOT NULL, place INTEGER NOT NULL, position INTEGER NOT NULL, item TEXT NOT NULL,
            FOREIGN KEY (session, place) REFERENCES messages (session, place)
        );
        CREATE INDEX preferences_of ON preferences (session, place);
        CREATE INDEX constraints_of ON constraints (session, place);
        CREATE INDEX feedback_of ON feedback (session, place);
        CREATE INDEX shown_of ON shown (session, place);
    "],
};

/// One session of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionInfo {
    /// Its name.
    pub session: String,
    /// The user whom it is with, if that is one of the store.
    pub user: Option<String>,
    /// How many messages were said and answered.
    pub messages: usize,
    /// When it began, in seconds since 1970.
    pub created: i64,
}

/// The sessions of one store.
#[derive(Clone, Debug)]
pub struct Sessions {
    database: Database,
}

/// A place to write: a session, and one of its messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    session: i64,
    place: i64,
}

/// A session as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Loaded {
    pub(super) dialogue: Dialogue,
    pub(super) exchanges: Vec<Exchange>,
}

impl Sessions {
    /// Opens the sessions of the store in a folder.
    ///
    /// # Errors
    /// If the database cannot be used.
    pub fn open(store: &Path) -> Result<Self> {
        Ok(Self { database: Database::open(store, KIND)? })
    }

    /// The sessions of a store that may have none, those that began last first. Nothing is made or changed.
    ///
    /// # Errors
    /// If the database is damaged or cannot be read.
    pub fn list(store: &Path) -> Result<Vec<SessionInfo>> {
        let Some(database) = Database::open_to_read(store, KIND)? else { return Ok(Vec::new()) };
        database.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT name, user, (SELECT count(*) FROM messages WHERE session = id), created FROM sessions
                 ORDER BY created DESC, id DESC",
            )?;
            let row = |row: &rusqlite::Row<'_>| {
                Ok(SessionInfo { session: row.get(0)?, user: row.get(1)?, messages: row.get(2)?, created: row.get(3)? })
            };
            statement.query_map([], row)?.collect()
        })
    }

    /// Begins a session, or goes on with one of this name. Returns the user whom it is with.
    ///
    /// # Errors
    /// If it is with another user, or the database cannot be used.
    pub fn begin(&self, name: &str, user: Option<&str>) -> Result<Option<String>> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let stored: Option<String> = self.database.write(|connection| {
            let insert = "INSERT INTO sessions (name, user, created) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING";
            connection.execute(insert, params![name, user, created])?;
            connection.query_row("SELECT user FROM sessions WHERE name = ?1", [name], |row| row.get(0))
        })?;
        match (user, stored) {
            (Some(said), stored) if stored.as_deref() != Some(said) => {
                Err(Error::SessionUser { session: name.to_owned(), stored, said: said.to_owned() })
            }
            (_, stored) => Ok(stored),
        }
    }

    /// The user whom a session is with; none if it is with anybody, or has not begun.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn user(&self, name: &str) -> Result<Option<String>> {
        self.database.read(|connection| {
            let user = connection.query_row("SELECT user FROM sessions WHERE name = ?1", [name], |row| row.get(0));
            Ok(user.optional()?.flatten())
        })
    }

    /// What was said in a session.
    pub(super) fn load(&self, name: &str, catalogue: &Catalogue, names: &Understander) -> Result<Loaded> {
        let rows = self.database.read(|connection| {
            let Some(session) = id(connection, name)? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare(
                "SELECT place, role, text, context, asks, focus FROM messages WHERE session = ?1 ORDER BY place",
            )?;
            let row = |row: &rusqlite::Row<'_>| {
                Ok(Row {
                    line: Line { session, place: row.get(0)? },
                    is_user: row.get::<_, String>(1)? == "user",
                    text: row.get(2)?,
                    context: row.get(3)?,
                    asks: row.get(4)?,
                    focus: row.get(5)?,
                    understood: Understood::default(),
                    shown: Vec::new(),
                })
            };
            let mut rows: Vec<Row> = statement.query_map([session], row)?.collect::<rusqlite::Result<_>>()?;
            for row in &mut rows {
                if row.is_user {
                    row.understood = understood(connection, row.line, catalogue, names)?;
                } else {
                    let shown = "SELECT item FROM shown WHERE session = ?1 AND place = ?2 ORDER BY position";
                    row.shown = texts(connection, shown, row.line)?;
                }
            }
            Ok(rows)
        })?;
        let mut loaded = Loaded::default();
        for row in rows {
            loaded.take(row, catalogue, names);
        }
        Ok(loaded)
    }

    /// Keeps what somebody said.
    pub(super) fn hear(
        &self,
        name: &str,
        message: &str,
        understood: &Understood,
        catalogue: &Catalogue,
        names: &Understander,
    ) -> Result<Line> {
        let Understood { preferences, feedback, asked_about, state, .. } = understood;
        let ids = |title: &String| names.item(title).map(|item| catalogue[item].id.clone());
        let focus = asked_about.last().and_then(ids);
        self.database.write(|connection| {
            let line = next_line(connection, name)?;
            add_message(connection, line, "user", message, *state, None, focus.as_deref())?;
            let wants = [
                ("genre", &preferences.genres),
                ("theme", &preferences.themes),
                ("wish", &preferences.explicit_preferences),
                ("withdrawn", &preferences.withdrawn),
                ("allowed", &preferences.allowed),
            ];
            for (kind, value) in wants.iter().flat_map(|(kind, values)| values.iter().map(move |value| (kind, value))) {
                let insert = "INSERT INTO preferences (session, place, kind, value) VALUES (?1, ?2, ?3, ?4)";
                connection.execute(insert, params![line.session, line.place, kind, value])?;
            }
            for (key, limit) in &preferences.constraints.0 {
                let value = serde_json::to_string(limit).unwrap_or_default();
                let insert = "INSERT INTO constraints (session, place, key, value) VALUES (?1, ?2, ?3, ?4)";
                connection.execute(insert, params![line.session, line.place, key, value])?;
            }
            let verdicts = [("liked", &feedback.liked), ("disliked", &feedback.disliked), ("seen", &feedback.seen)];
            let verdicts =
                verdicts.iter().flat_map(|(verdict, titles)| titles.iter().map(move |title| (*verdict, title, None)));
            let ratings = feedback.ratings.iter().map(|(title, rating)| ("rated", title, Some(*rating)));
            for (verdict, title, rating) in verdicts.chain(ratings) {
                let Some(item) = ids(title) else { continue };
                let insert = "INSERT INTO feedback (session, place, item, verdict, rating) VALUES (?1, ?2, ?3, ?4, ?5)";
                connection.execute(insert, params![line.session, line.place, item, verdict, rating])?;
            }
            Ok(line)
        })
    }

    /// Begins an answer: keeps its items, and what the model is told for the message before it.
    pub(super) fn answer(&self, heard: Line, turn: &Turn, catalogue: &Catalogue) -> Result<Line> {
        let focus = turn.focus.map(|item| catalogue[item].id.as_str());
        self.database.write(|connection| {
            let told = "UPDATE messages SET context = ?3 WHERE session = ?1 AND place = ?2";
            connection.execute(told, params![heard.session, heard.place, turn.context])?;
            let place = last_place(connection, heard.session)? + 1;
            let line = Line { session: heard.session, place };
            add_message(connection, line, "assistant", "", turn.state, turn.asks, focus)?;
            for (position, &item) in turn.items.iter().enumerate() {
                let insert = "INSERT INTO shown (session, place, position, item) VALUES (?1, ?2, ?3, ?4)";
                connection.execute(insert, params![line.session, line.place, position, catalogue[item].id])?;
            }
            Ok(line)
        })
    }

    /// Keeps a piece of an answer's text, before it is shown.
    pub(super) fn append(&self, line: Line, text: &str) -> Result<()> {
        self.database.write(|connection| {
            let update = "UPDATE messages SET text = text || ?3 WHERE session = ?1 AND place = ?2";
            connection.execute(update, params![line.session, line.place, text]).map(|_| ())
        })
    }
}

/// One message with what belongs to it.
struct Row {
    line: Line,
    is_user: bool,
    text: String,
    context: String,
    asks: Option<String>,
    focus: Option<String>,
    understood: Understood,
    shown: Vec<String>,
}

impl Loaded {
    fn take(&mut self, row: Row, catalogue: &Catalogue, names: &Understander) {
        let focus = row.focus.and_then(|id| catalogue.index(&id));
        if row.is_user {
            self.dialogue.hear(&row.text, &row.understood, names);
            self.exchanges.push(Exchange { message: row.text, context: row.context, reply: String::new() });
        } else {
            let shown: Vec<usize> = row.shown.iter().filter_map(|id| catalogue.index(id)).collect();
            self.dialogue.show(&shown);
            self.dialogue.ask(Slot::ALL.into_iter().find(|slot| row.asks.as_deref() == Some(slot.name())));
            if let Some(last) = self.exchanges.last_mut() {
                last.reply = row.text;
            }
        }
        if focus.is_some() {
            self.dialogue.focus = focus;
        }
    }
}

fn id(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT id FROM sessions WHERE name = ?1", [name], |row| row.get(0)).optional()
}

fn last_place(connection: &Connection, session: i64) -> rusqlite::Result<i64> {
    let last = "SELECT coalesce(max(place), -1) FROM messages WHERE session = ?1";
    connection.query_row(last, [session], |row| row.get(0))
}

/// The next place of a session, which is begun if it was not.
fn next_line(connection: &Connection, name: &str) -> rusqlite::Result<Line> {
    let begin = "INSERT INTO sessions (name, created) VALUES (?1, unixepoch()) ON CONFLICT (name) DO NOTHING";
    connection.execute(begin, [name])?;
    let session = connection.query_row("SELECT id FROM sessions WHERE name = ?1", [name], |row| row.get(0))?;
    Ok(Line { session, place: last_place(connection, session)? + 1 })
}

fn add_message(
    connection: &Connection,
    line: Line,
    role: &str,
    text: &str,
    state: State,
    asks: Option<Slot>,
    focus: Option<&str>,
) -> rusqlite::Result<()> {
    let insert = "INSERT INTO messages (session, place, role, text, context, state, asks, focus)
                  VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, ?7)";
    let asks = asks.map(Slot::name);
    connection.execute(insert, params![line.session, line.place, role, text, state.name(), asks, focus]).map(|_| ())
}

fn texts(connection: &Connection, query: &str, line: Line) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached(query)?.query_map([line.session, line.place], |row| row.get(0))?.collect()
}

/// What a message stated.
fn understood(
    connection: &Connection,
    line: Line,
    catalogue: &Catalogue,
    names: &Understander,
) -> rusqlite::Result<Understood> {
    let of = |kind: &str| {
        let query = format!("SELECT value FROM preferences WHERE session = ?1 AND place = ?2 AND kind = '{kind}'");
        texts(connection, &query, line)
    };
    let mut preferences = Preferences {
        genres: of("genre")?,
        themes: of("theme")?,
        explicit_preferences: of("wish")?,
        withdrawn: of("withdrawn")?,
        allowed: of("allowed")?,
        ..Preferences::default()
    };
    let mut limits =
        connection.prepare_cached("SELECT key, value FROM constraints WHERE session = ?1 AND place = ?2")?;
    let limits = limits.query_map([line.session, line.place], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for limit in limits {
        let (key, value): (String, String) = limit?;
        if let Ok(limit) = serde_json::from_str::<Limit>(&value) {
            preferences.constraints.0.insert(key, limit);
        }
    }
    let mut feedback = Feedback::default();
    let mut verdicts =
        connection.prepare_cached("SELECT item, verdict, rating FROM feedback WHERE session = ?1 AND place = ?2")?;
    let verdicts = verdicts.query_map([line.session, line.place], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for verdict in verdicts {
        let (id, verdict, rating): (String, String, Option<f64>) = verdict?;
        // An item that the catalogue has lost is nothing that could be shown.
        let Some(name) = catalogue.index(&id).map(|item| names.name(item).to_owned()) else { continue };
        match (verdict.as_str(), rating) {
            ("liked", _) => feedback.liked.push(name),
            ("disliked", _) => feedback.disliked.push(name),
            ("seen", _) => feedback.seen.push(name),
            (_, Some(rating)) => {
                feedback.ratings.insert(name, rating);
            }
            (_, None) => {}
        }
    }
    let mut understood = Understood::default();
    (understood.preferences, understood.feedback) = (preferences, feedback);
    Ok(understood)
}
