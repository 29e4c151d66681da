//! What does a message state? Titles, genres, themes, conditions and judgements, found by rules over the catalogue's own
//! vocabulary.
//!
//! A message is read sentence by sentence. What asks about items or answers states nothing by itself; what is wanted and
//! what is judged is taken from the rest.

mod acts;
mod common;
mod cues;
mod famous;
mod genres;
mod judge;
mod limits;
mod negation;
mod people;
mod references;
mod sentence;
mod stated;
mod themes;
mod titles;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub(super) use people::{LANGUAGE_COLUMNS, PEOPLE_COLUMNS};
use stated::add;
pub use stated::{Constraints, Feedback, Limit, Preferences, key};
pub(super) use themes::COLUMNS as THEME_COLUMNS;

use super::state::{State, Summary};
use crate::recommend::{Catalogue, Item, Knowledge};
use genres::Genres;
use people::People;
use themes::Themes;
use titles::Titles;

/// What a message is said after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The titles that were shown last, in their order.
    pub shown: &'a [String],
    /// The title that was spoken of last.
    pub focus: Option<&'a str>,
    /// Whether a genre, a theme or a title is known already.
    pub known: bool,
}

/// What a message states, and what it calls for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Understood {
    /// What is wanted.
    pub preferences: Preferences,
    /// What is thought of items.
    pub feedback: Feedback,
    /// The titles that are asked about.
    pub asked_about: Vec<String>,
    /// What is to be done.
    pub state: State,
}

/// Reads messages.
#[derive(Clone, Debug)]
pub struct Understander {
    titles: Titles,
    /// The items as messages name them, by index.
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    genres: Genres,
    themes: Themes,
    people: People,
}

impl Understander {
    /// Learns the vocabulary of a catalogue and its facts.
    pub fn new(catalogue: &Catalogue, knowledge: &Knowledge) -> Self {
        let short: Vec<String> = catalogue.items().iter().map(Item::short_title).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        short.iter().for_each(|title| *times.entry(title).or_default() += 1);
        let name = |(title, item): (&String, &Item)| match times.get(title.as_str()) {
            Some(1) => title.clone(),
            _ => item.full_title(),
        };
        let names: Vec<String> = short.iter().zip(catalogue.items()).map(name).collect();
        Self::of(names, Some(catalogue), Some(knowledge))
    }

    /// Knows the genres and films that many people name.
    pub fn without_catalogue() -> Self {
        Self::of(famous::FAMOUS.iter().map(|title| (*title).to_owned()).collect(), None, None)
    }

    fn of(names: Vec<String>, catalogue: Option<&Catalogue>, knowledge: Option<&Knowledge>) -> Self {
        let mut by_name = HashMap::with_capacity(names.len());
        for (item, name) in names.iter().enumerate() {
            by_name.entry(name.clone()).or_insert(item);
        }
        Self {
            titles: Titles::new(names.iter().map(String::as_str)),
            names,
            by_name,
            genres: Genres::new(catalogue),
            themes: Themes::new(catalogue),
            people: People::new(catalogue, knowledge),
        }
    }

    /// How messages name an item of the catalogue.
    pub fn name(&self, item: usize) -> &str {
        self.names.get(item).map_or("", String::as_str)
    }

    /// The item of the catalogue that has a name.
    pub fn item(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Reads one message.
    pub fn read(&self, message: &str, context: &Context<'_>) -> Understood {
        let sentences = words::sentences(message);
        let shown = Titles::new(context.shown.iter().map(String::as_str));
        let mut read = sentence::Reading::new(self, context, &shown);
        sentences.iter().for_each(|sentence| read.add(sentence));
        let (preferences, feedback, asked_about, summary) = read.finish();
        let known = context.known || !context.shown.is_empty();
        let state = super::state::decide(Summary { known, shown: !context.shown.is_empty(), ..summary });
        Understood { preferences, feedback, asked_about, state }
    }
}
