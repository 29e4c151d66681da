//! How well does an item meet what somebody wants?

use std::collections::BTreeSet;

use super::{dialogue::Dialogue, understand::THEME_COLUMNS};
use crate::recommend::{Attribute, Catalogue, Item, Knowledge};

/// What a theme counts that only the item's text names.
const IN_TEXT: f32 = 0.7;
/// What likeness to an example adds to the share of the wishes that are met: who likes the example knows more of likeness
/// than its records tell, and retrieval has asked them.
const EXAMPLE: f32 = 0.15;
/// What likeness to something that was turned down takes away.
const TURNED_DOWN: f32 = 0.15;
/// What two items have in common that a fact relates.
const RELATED: [(&str, f32); 4] = [("similar_to", 0.8), ("sequel_of", 0.7), ("prequel_of", 0.7), ("related_to", 0.6)];
/// How many of the last liked items are examples.
const EXAMPLES: usize = 5;

/// What somebody wants, against the records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes<'a> {
    pub(super) dialogue: &'a Dialogue,
    pub(super) catalogue: &'a Catalogue,
    pub(super) knowledge: &'a Knowledge,
}

impl Wishes<'_> {
    /// How well an item meets the wishes: the share that it meets, and what it has in common with what was liked, less what
    /// it has of what was turned down.
    pub(super) fn met(&self, item: usize) -> f32 {
        let Self { dialogue, catalogue, .. } = *self;
        let record = &catalogue[item];
        let genres = dialogue.genres.iter().map(|(genre, weight)| (*weight, f32::from(has_genre(record, genre))));
        let themes = dialogue.themes.iter().map(|(theme, weight)| (*weight, theme_of(record, theme)));
        let examples: Vec<usize> = dialogue.liked.iter().rev().take(EXAMPLES).copied().collect();
        let nearest = examples.iter().map(|&example| self.likeness(item, example)).fold(0.0, f32::max);
        let (mut weights, mut met) = (0.0, 0.0);
        for (weight, value) in genres.chain(themes) {
            weights += weight;
            met += weight * value;
        }
        let refused = dialogue.disliked.iter().map(|&other| self.likeness(item, other)).fold(0.0, f32::max);
        (if weights > 0.0 { met / weights } else { 0.0 }) + EXAMPLE * nearest - TURNED_DOWN * refused
    }

    /// The wanted genres and themes that an item has.
    pub(super) fn reasons(&self, item: usize) -> (Vec<String>, Vec<String>) {
        let record = &self.catalogue[item];
        let named = |wishes: &[(String, f32)]| wishes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let mut genres = named(&self.dialogue.genres);
        genres.retain(|genre| has_genre(record, genre) > 0);
        let mut themes = named(&self.dialogue.themes);
        themes.retain(|theme| theme_of(record, theme) >= 1.0);
        (genres, themes)
    }

    /// Whether an item has a wanted genre or theme, or its texts name it.
    pub(super) fn names(&self, item: usize, wish: &str) -> bool {
        let record = &self.catalogue[item];
        has_genre(record, wish) > 0 || theme_of(record, wish) > 0.0
    }

    /// What two items have in common: genres and themes, or a fact that relates them.
    fn likeness(&self, a: usize, b: usize) -> f32 {
        let (first, second) = (traits(&self.catalogue[a]), traits(&self.catalogue[b]));
        let common = first.intersection(&second).count() as f32;
        let all = first.union(&second).count() as f32;
        let (a, b) = (&self.catalogue[a].id, &self.catalogue[b].id);
        let facts = self.knowledge.about(a).filter(|fact| fact.head == *b || fact.tail == *b);
        let related = facts.filter_map(|fact| RELATED.iter().find(|(relation, _)| *relation == fact.relation));
        related.map(|(_, likeness)| *likeness).fold(common / all.max(1.0), f32::max)
    }
}

fn has_genre(item: &Item, genre: &str) -> u8 {
    u8::from(item.genres().iter().any(|own| own.eq_ignore_ascii_case(genre)))
}

/// How far an item has a theme: 1 by its record, less by its text.
fn theme_of(item: &Item, theme: &str) -> f32 {
    if traits(item).contains(theme.to_lowercase().as_str()) {
        return 1.0;
    }
    let says = |text: &str| says(text, theme);
    if item.description.as_deref().is_some_and(says) || says(&item.title) { IN_TEXT } else { 0.0 }
}

/// What several are called one by one: `vampire` of `vampires`.
pub(super) fn one_of(word: &str) -> &str {
    word.strip_suffix('s').filter(|one| one.len() > 3 && !one.ends_with('s')).unwrap_or(word)
}

/// Whether a text has the words of a theme, of one or of many: `dinosaurs` are in the text on a dinosaur.
pub(super) fn says(text: &str, theme: &str) -> bool {
    let (text, theme) = (text.to_lowercase(), theme.to_lowercase());
    let one = one_of(&theme);
    text.match_indices(one).any(|(start, _)| {
        let behind = &text[start + one.len()..];
        let behind = behind.strip_prefix('s').unwrap_or(behind);
        let is_parted = |next: Option<char>| !next.is_some_and(char::is_alphanumeric);
        is_parted(text[..start].chars().next_back()) && is_parted(behind.chars().next())
    })
}

/// The genres and themes of an item, in lower case.
fn traits(item: &Item) -> BTreeSet<String> {
    let genres = item.genres().iter().cloned();
    let themes =
        THEME_COLUMNS.iter().filter_map(|column| item.attribute(column)).flat_map(|attribute| match attribute {
            Attribute::Many(values) => values.clone(),
            Attribute::Text(value) => vec![value.clone()],
            Attribute::Number(_) => Vec::new(),
        });
    genres.chain(themes).map(|value| value.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_whole_words() {
        for (text, theme, expected) in [
            ("The Good Dinosaur", "dinosaurs", true),
            ("Dinosaurs!", "dinosaur", true),
            ("a game of chess.", "Chess", true),
            ("The Witches of Eastwick", "chess", false),
            ("Attack of the Giant Leeches", "ches", false),
            ("bee keepers in love", "bee keepers", true),
            ("", "chess", false),
        ] {
            assert_eq!(says(text, theme), expected, "{text}: {theme}");
        }
    }
}
