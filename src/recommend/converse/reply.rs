//! What is answered: sentences that say what the records hold, each in several wordings that say the same.

use serde::Serialize;

use super::{
    State,
    ask::Slot,
    facts::Fact,
    understand::{Feedback, Preferences},
};

/// A part of an answer. Which wording is said is a matter of style alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The same in other words, at least one; with the space or line break before it.
    pub wordings: Vec<String>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// An answer before it is worded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// What the message called for.
    pub state: State,
    /// What the message wanted.
    pub preferences: Preferences,
    /// What the message thought of items.
    pub feedback: Feedback,
    /// The items that are shown, best first.
    pub items: Vec<usize>,
    /// The item that is spoken of.
    pub focus: Option<usize>,
    /// The item of which it is asked why.
    pub why: Option<usize>,
    /// What is asked.
    pub asks: Option<Slot>,
    /// Conditions that the catalogue cannot check.
    pub unknown: Vec<String>,
    /// The answer's parts.
    pub pieces: Vec<Piece>,
    /// What a language model is told beside the message.
    pub context: String,
}

/// An answer as other programs read it: a line of `docent chat --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reply {
    /// What the message called for.
    pub state: State,
    /// The items that are shown, best first.
    pub items: Vec<ShownItem>,
    /// What the message wanted.
    pub preferences: Preferences,
    /// What the message thought of items.
    pub feedback: Feedback,
    /// What is asked.
    pub asks: Option<Slot>,
    /// Conditions that the catalogue cannot check.
    pub unknown: Vec<String>,
    /// What the answer rests on.
    pub facts: Vec<Fact>,
    /// The answer.
    pub reply: String,
}

/// An item of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownItem {
    /// Its id.
    pub item_id: String,
    /// Its title, as the catalogue has it.
    pub title: String,
}

impl Turn {
    /// Adds a sentence in some wordings.
    pub(super) fn say<S: Into<String>>(&mut self, wordings: impl IntoIterator<Item = S>) {
        self.say_of(wordings, Vec::new());
    }

    /// Adds a sentence that rests on facts.
    pub(super) fn say_of<S: Into<String>>(&mut self, wordings: impl IntoIterator<Item = S>, facts: Vec<Fact>) {
        let lead = match self.pieces.last().and_then(|piece| piece.wordings.first()) {
            None => "",
            // What follows a list begins a paragraph.
            Some(last) if last.starts_with('\n') => "\n\n",
            Some(_) => " ",
        };
        let wordings: Vec<String> = wordings.into_iter().map(|wording| format!("{lead}{}", wording.into())).collect();
        if !wordings.is_empty() {
            self.pieces.push(Piece { wordings, facts });
        }
    }

    /// Adds a line of a list.
    pub(super) fn list(&mut self, line: &str, facts: Vec<Fact>) {
        self.pieces.push(Piece { wordings: vec![format!("\n{line}")], facts });
    }

    /// What the answer rests on.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.pieces.iter().flat_map(|piece| &piece.facts)
    }

    /// The answer in the first of all wordings.
    pub fn plain(&self) -> String {
        self.pieces.iter().filter_map(|piece| piece.wordings.first()).map(String::as_str).collect()
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed<S: AsRef<str>>(values: &[S]) -> String {
    joined(values, "and")
}

/// The same of what is not to be: `Horror, War or Western`.
pub(super) fn alternatives<S: AsRef<str>>(values: &[S]) -> String {
    joined(values, "or")
}

fn joined<S: AsRef<str>>(values: &[S], last_by: &str) -> String {
    match values {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} {last_by} {}", rest.join(", "), last.as_ref())
        }
    }
}
