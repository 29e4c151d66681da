//! The tables of kept answers.

use crate::recommend::database::Kind;

/// What a row takes beside its values, about.
pub(super) const SIZES: u64 = 64;

pub(super) const FILE: Kind = Kind {
    file: "answers.sqlite",
    versions: &["CREATE TABLE answers (
            key BLOB PRIMARY KEY,
            kind TEXT NOT NULL,
            context BLOB,
            vector BLOB,
            answer BLOB NOT NULL,
            tokens INTEGER NOT NULL,
            size INTEGER NOT NULL,
            made INTEGER NOT NULL,
            used INTEGER NOT NULL
        );
        CREATE INDEX answers_by_use ON answers (used);
        CREATE INDEX answers_by_context ON answers (context) WHERE context IS NOT NULL;
        CREATE TABLE figures (
            kind TEXT PRIMARY KEY,
            asked INTEGER NOT NULL DEFAULT 0,
            found INTEGER NOT NULL DEFAULT 0,
            tokens_computed INTEGER NOT NULL DEFAULT 0,
            tokens_saved INTEGER NOT NULL DEFAULT 0
        );
        -- The bytes of all answers, so that no statement has to add them up.
        CREATE TABLE size (bytes INTEGER NOT NULL);
        INSERT INTO size VALUES (0);
        CREATE TRIGGER answers_added AFTER INSERT ON answers
        BEGIN UPDATE size SET bytes = bytes + NEW.size; END;
        CREATE TRIGGER answers_removed AFTER DELETE ON answers
        BEGIN UPDATE size SET bytes = bytes - OLD.size; END;"],
};
