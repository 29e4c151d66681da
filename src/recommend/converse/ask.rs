//! Which question narrows the choice most?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    dialogue::Dialogue,
    understand::{LANGUAGE_COLUMNS, THEME_COLUMNS, key},
};
use crate::recommend::{Attribute, Catalogue, Item};

/// Entropy in bits from which a question is worth asking.
const WORTH_ASKING: f64 = 0.5;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A genre.
    Genre,
    /// A theme.
    Theme,
    /// When it came out.
    Decade,
    /// How long it may be.
    Runtime,
    /// The language that is spoken.
    Language,
}

impl Slot {
    /// All of them, those that people answer most easily first.
    pub const ALL: [Slot; 5] = [Slot::Genre, Slot::Theme, Slot::Decade, Slot::Runtime, Slot::Language];

    /// Its name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Slot::Genre => "genre",
            Slot::Theme => "theme",
            Slot::Decade => "decade",
            Slot::Runtime => "runtime",
            Slot::Language => "language",
        }
    }

    /// The question, in several wordings. Of genres and themes somebody may have named some.
    pub(super) fn question(self, dialogue: &Dialogue) -> &'static [&'static str] {
        match self {
            Slot::Genre if !dialogue.genres.is_empty() => {
                &["Should it have another genre, too?", "Is there another genre that it should have, too?"]
            }
            Slot::Theme if !dialogue.themes.is_empty() => {
                &["Should it be about something else, too?", "Is there another theme that you would like?"]
            }
            Slot::Genre => &["Which genre are you in the mood for?", "Do you have a genre in mind?"],
            Slot::Theme => &["What should it be about?", "Is there a theme that you would like?"],
            Slot::Decade => &["From which decade should it be?", "Is there a decade that you prefer?"],
            Slot::Runtime => &["How long may it be?", "How much time do you have?"],
            Slot::Language => &["In which language should it be?", "Is there a language that you prefer?"],
        }
    }

    /// Whether the answer is known already.
    fn is_known(self, dialogue: &Dialogue) -> bool {
        let limits = |keys: &[&str]| keys.iter().any(|key| dialogue.constraints.0.contains_key(*key));
        match self {
            Slot::Genre => dialogue.genres.len() > 1,
            Slot::Theme => dialogue.themes.len() > 2,
            Slot::Decade => limits(&[key::YEAR_MIN, key::YEAR_MAX]),
            Slot::Runtime => limits(&[key::RUNTIME_MIN, key::RUNTIME_MAX]),
            Slot::Language => limits(&[key::LANGUAGE]),
        }
    }

    /// What an item would be answered with.
    fn values(self, item: &Item) -> Vec<String> {
        let number = |name: &str| match item.attribute(name) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        };
        let column = |name: &str| match item.attribute(name) {
            Some(Attribute::Many(values)) => values.clone(),
            Some(Attribute::Text(value)) => vec![value.clone()],
            _ => Vec::new(),
        };
        match self {
            Slot::Genre => item.genres().to_vec(),
            Slot::Theme => column(THEME_COLUMNS[0]),
            Slot::Decade => item.year().map(|year| year.div_euclid(10).to_string()).into_iter().collect(),
            // Thirds of an hour: nobody says it more exactly.
            Slot::Runtime => {
                number("runtime").map(|minutes| (minutes / 20.0).floor().to_string()).into_iter().collect()
            }
            Slot::Language => column(LANGUAGE_COLUMNS[0]),
        }
    }
}

/// The question whose answer tells most about which of `items` is wanted, if one is worth asking.
pub(super) fn next(dialogue: &Dialogue, catalogue: &Catalogue, items: &[usize]) -> Option<Slot> {
    let open = Slot::ALL.into_iter().filter(|slot| !dialogue.asked.contains(slot) && !slot.is_known(dialogue));
    let worth = open.map(|slot| (slot, entropy(dialogue, catalogue, items, slot)));
    let best = worth.filter(|(_, entropy)| *entropy >= WORTH_ASKING);
    // The first of equals.
    best.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(slot, _)| slot)
}

/// The entropy of what the items would be answered with, in bits; what is wanted already tells nothing.
fn entropy(dialogue: &Dialogue, catalogue: &Catalogue, items: &[usize], slot: Slot) -> f64 {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for &item in items {
        let mut values = slot.values(&catalogue[item]);
        values.retain(|value| !dialogue.genres.iter().chain(&dialogue.themes).any(|(own, _)| own == value));
        let share = 1.0 / values.len().max(1) as f64;
        values.into_iter().for_each(|value| *counts.entry(value).or_default() += share);
    }
    let total: f64 = counts.values().sum();
    let known = total / items.len().max(1) as f64;
    known * counts.values().map(|count| count / total).map(|share| -share * share.log2()).sum::<f64>()
}
