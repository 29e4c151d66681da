//! What does a message state? Titles, genres, themes, conditions and judgements, found by rules over the catalogue's own
//! vocabulary.
//!
//! A message is read sentence by sentence. What asks about items or answers states nothing by itself; what is wanted and
//! what is judged is taken from the rest.

mod act_phrases;
mod acts;
mod anew;
mod common;
mod cues;
mod foreign;
mod genres;
mod hedges;
mod judge;
mod limits;
mod markers;
mod marks;
mod negation;
mod opinion;
mod people;
mod phrases;
mod prospects;
mod ratings;
mod references;
mod sentence;
mod spelling;
mod stated;
mod themes;
mod titles;
mod topics;
mod unlisted;
mod withdraw;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub(super) use anew::Asked;
pub use opinion::Opinions;
pub(super) use people::{LANGUAGE_COLUMNS, PEOPLE_COLUMNS};
use stated::add;
pub use stated::{Constraints, Feedback, Limit, Preferences, key};
pub(super) use themes::{COLUMNS as THEME_COLUMNS, other_words};
pub(super) use withdraw::slot;

use super::state::{State, Summary, decide};
use crate::recommend::{Catalogue, Interactions, Item, Knowledge, Result};
use genres::Genres;
use marks::Marks;
use opinion::{Classifier, Meaning};
use people::People;
use themes::Themes;
use titles::Titles;

/// The films that people name most, for messages that come without a catalogue, one a line.
const FAMOUS: &str = include_str!("famous.txt");

/// Words of the longest message that may be nothing but a greeting.
const LONGEST_GREETING: usize = 7;

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
    /// What is named like a title, and is none of the catalogue.
    pub unlisted: Vec<String>,
    /// What is to be done.
    pub state: State,
    /// What a question asks whether it holds of items; none if it is no question that yes or no answers.
    pub(super) whether: Option<Whether>,
    /// Whether it is in another language than English, or asks for one.
    pub(super) foreign: bool,
    /// What rules made nothing of.
    unclear: Vec<Unclear>,
    summary: Summary,
}

impl Understood {
    /// Whether the message says goodbye.
    pub(super) fn takes_leave(&self) -> bool {
        self.summary.takes_leave
    }
}

/// What is asked whether it holds: `is it a French comedy?`
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::recommend::converse) struct Whether {
    /// It, as it would be wanted of an item.
    pub(super) stated: Preferences,
    /// Genres that it does not name, but says by what they are like: `scary`.
    pub(super) hinted: Vec<String>,
    /// Whether one of it is enough: `a comedy or a drama`.
    pub(super) either: bool,
}

/// What rules made nothing of.
#[derive(Clone, Debug, PartialEq)]
enum Unclear {
    /// The whole message.
    Message,
    /// What a sentence says of titles, which it calls `it`.
    Said { text: String, titles: Vec<String> },
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
    marks: Marks,
    /// The last year in which an item of the catalogue came out.
    newest: Option<f64>,
    classifier: Classifier,
}

impl Understander {
    /// Learns the vocabulary of a catalogue and its facts. Of items with the same title that is the one which most people had,
    /// and among these the newest.
    pub fn new(catalogue: &Catalogue, knowledge: &Knowledge, interactions: &Interactions) -> Self {
        let short: Vec<String> = catalogue.items().iter().map(Item::short_title).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        short.iter().for_each(|title| *times.entry(title).or_default() += 1);
        let name = |(title, item): (&String, &Item)| match times.get(title.as_str()) {
            Some(1) => title.clone(),
            _ => item.full_title(),
        };
        let names: Vec<String> = short.iter().zip(catalogue.items()).map(name).collect();
        let mut counts = vec![0_usize; short.len()];
        let histories = interactions.slices();
        histories.iter().flat_map(|history| history.iter()).for_each(|event| counts[event.item] += 1);
        let mut best: BTreeMap<&str, usize> = BTreeMap::new();
        for (item, title) in short.iter().enumerate().filter(|(_, title)| times.get(title.as_str()) > Some(&1)) {
            let rank = |item: usize| (counts[item], catalogue[item].year());
            let known = best.entry(title).or_insert(item);
            *known = if rank(item) > rank(*known) { item } else { *known };
        }
        let mut made = Self::of(names, Some(catalogue), Some(knowledge));
        made.titles.extend(best);
        made
    }

    /// Knows the genres and films that many people name.
    pub fn without_catalogue() -> Self {
        Self::of(FAMOUS.lines().map(str::to_owned).collect(), None, None)
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
            marks: Marks::new(catalogue, knowledge),
            newest: catalogue
                .and_then(|catalogue| catalogue.items().iter().filter_map(Item::year).max())
                .map(|year| year as f64),
            classifier: Classifier::default(),
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

    /// The item whose title a text begins with, and how many bytes of the text that is.
    pub(super) fn title_at(&self, text: &str) -> Option<(usize, usize)> {
        let sentence = words::sentences(text).into_iter().next()?;
        let found = self.titles.find(&sentence, &vec![true; sentence.len()], true);
        let found = found.into_iter().next().filter(|found| found.start == 0)?;
        let end = sentence.words[..found.end].iter().try_fold(0, |from, word| {
            let place = text[from..].find(&word.raw)?;
            Some(from + place + word.raw.len())
        })?;
        Some((found.title, end))
    }

    /// Whether a theme is one of those that are listed, or says who watches, and is no topic in somebody's own words.
    pub(super) fn lists_theme(&self, theme: &str) -> bool {
        theme.starts_with("for ") || self.themes.lists(theme)
    }

    /// Reads one message by rules.
    pub fn read(&self, message: &str, context: &Context<'_>) -> Understood {
        let mut sentences = words::sentences(message);
        sentences.iter_mut().for_each(spelling::mend);
        sentences.iter_mut().for_each(hedges::leave_out);
        let foreign = self.is_foreign(&sentences);
        let shown = Titles::shown(context.shown.iter().map(String::as_str));
        let mut read = sentence::Reading::new(self, context, &shown);
        sentences.iter().for_each(|sentence| read.add(sentence));
        let mut understood = read.finish();
        if foreign {
            return Self::made_out(understood, &sentences);
        }
        let Summary { greets, requests, asks_item, asks_answer, judges, wishes, limits, .. } = understood.summary;
        let states = understood.preferences != Preferences::default();
        let is_clear = states || [greets, requests, asks_item, asks_answer, judges, wishes, limits].contains(&true);
        if !sentences.is_empty() && !is_clear && understood.unclear.is_empty() {
            understood.unclear.push(Unclear::Message);
        }
        understood.summary.known = context.known || !context.shown.is_empty();
        understood.summary.shown = !context.shown.is_empty();
        understood.state = decide(understood.summary);
        understood
    }

    /// What can be told of a message in another language: genres that are called alike, where nothing is denied.
    fn made_out(understood: Understood, sentences: &[words::Sentence]) -> Understood {
        let genres = if foreign::denies(sentences) { Vec::new() } else { understood.preferences.genres };
        let state = match genres.is_empty() {
            true => State::PreferenceElicitation,
            false => State::RecommendationPresentation,
        };
        let preferences = Preferences { genres, ..Preferences::default() };
        Understood { preferences, state, foreign: true, ..Understood::default() }
    }

    /// Whether a message is in another language than English, or asks for one.
    fn is_foreign(&self, sentences: &[words::Sentence]) -> bool {
        let is_named = |sentence: &words::Sentence| {
            let mut named = vec![false; sentence.len()];
            for found in self.titles.find(sentence, &vec![true; sentence.len()], false) {
                named[found.start..found.end].fill(true);
            }
            for place in 0..sentence.len() {
                let length = self.people.full_name(sentence, place).unwrap_or_default();
                named[place..place + length].fill(true);
            }
            named
        };
        let asks = |sentence: &words::Sentence| {
            foreign::asks_for_language(sentence, &|place| self.people.is_language(sentence.at(place)))
        };
        foreign::is_foreign(sentences, &is_named) || sentences.iter().any(asks)
    }

    /// Reads one message by rules, and asks others for an opinion on what these make nothing of.
    ///
    /// # Errors
    /// If a model fails.
    pub fn read_with(&self, message: &str, context: &Context<'_>, opinions: &mut Opinions<'_>) -> Result<Understood> {
        let mut understood = self.read(message, context);
        if understood.foreign {
            return Ok(understood);
        }
        for unclear in std::mem::take(&mut understood.unclear) {
            match unclear {
                Unclear::Said { text, titles } => {
                    let of_item = |meaning: Meaning| meaning.judgement().is_some() || meaning == Meaning::Other;
                    let meaning = opinions.meaning(&text, &self.classifier, [&of_item; 2])?;
                    if let Some(judgement) = meaning.and_then(Meaning::judgement) {
                        // Of several at once nobody has said that they saw them.
                        let judgement = cues::Judgement { seen: judgement.seen && titles.len() == 1, ..judgement };
                        titles.iter().for_each(|title| sentence::take(&mut understood.feedback, title, judgement));
                        understood.summary.judges = true;
                    }
                }
                Unclear::Message => self.read_whole(message, context, &mut understood, opinions)?,
            }
        }
        understood.state = decide(understood.summary);
        Ok(understood)
    }

    /// Asks others for an opinion on a whole message.
    fn read_whole(
        &self,
        message: &str,
        context: &Context<'_>,
        understood: &mut Understood,
        opinions: &mut Opinions<'_>,
    ) -> Result<()> {
        let (shown, names) = (!context.shown.is_empty(), understood.summary.names);
        let possible = |meaning: Meaning| match meaning {
            Meaning::AsksItem | Meaning::AsksAnswer => shown,
            Meaning::Seen => false,
            Meaning::Greets => message.split_whitespace().count() <= LONGEST_GREETING,
            // What is said of items that are named is not said of the list.
            meaning => shown && !names || meaning.judgement().is_none(),
        };
        // A small model hears a judgement of the list in any word: `sure`, `in colour`.
        let does = |meaning: Meaning| possible(meaning) && meaning.judgement().is_none();
        let Some(meaning) = opinions.meaning(message, &self.classifier, [&possible, &does])? else { return Ok(()) };
        let Understood { feedback, summary, .. } = understood;
        match meaning {
            Meaning::AsksItem => summary.asks_item = true,
            Meaning::AsksAnswer => summary.asks_answer = true,
            Meaning::Requests => summary.requests = true,
            Meaning::Greets => summary.greets = true,
            meaning => {
                if let Some(judgement) = meaning.judgement() {
                    // Said of the list, of which nobody has said that they saw it.
                    let judgement = cues::Judgement { seen: false, ..judgement };
                    context.shown.iter().for_each(|title| sentence::take(feedback, title, judgement));
                    summary.judges = true;
                }
            }
        }
        Ok(())
    }
}
