//! Themes in words: what a story is about or feels like, beside its genre.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Sentence, fold};
use crate::recommend::{Attribute, Catalogue};

/// Columns of a catalogue whose values are themes.
pub(in crate::recommend::converse) const COLUMNS: [&str; 6] = ["themes", "theme", "keywords", "tags", "mood", "moods"];
/// The fewest letters of a catalogue's value that is looked for in messages.
const SHORTEST: usize = 3;

/// Themes that people ask for, with other words for each.
const USUAL: &[(&str, &[&str])] = &[
    ("dark", &["darker", "gritty", "bleak", "grim"]),
    ("plot twist", &["twist", "twists", "plot twists", "twist ending", "surprise ending"]),
    ("heist", &["heists", "bank robbery", "robbery", "caper"]),
    ("time travel", &["time machine", "time loop", "time traveling", "time travelling"]),
    (
        "visually stunning",
        &["beautiful visuals", "gorgeous visuals", "stunning visuals", "visually beautiful", "beautifully shot"],
    ),
    ("feel-good", &["feel good", "feelgood", "uplifting", "heartwarming", "cheerful", "lighthearted", "light hearted"]),
    ("mind-bending", &["mind bending", "mindbending", "trippy", "surreal"]),
    ("slow-burning", &["slow burn", "slow burning", "slow paced"]),
    ("fast-paced", &["fast paced", "fast moving"]),
    ("true story", &["based on a true story", "true stories", "real events", "real life"]),
    ("coming of age", &["growing up", "coming of age"]),
    ("revenge", &["vengeance"]),
    ("friendship", &["friends", "buddy"]),
    ("family", &["family movie", "family film"]),
    ("space", &["outer space", "spaceship", "spaceships", "astronaut", "astronauts"]),
    ("aliens", &["extraterrestrials", "alien invasion"]),
    ("robots", &["robot", "androids", "artificial intelligence", "ai"]),
    ("dystopia", &["dystopian", "post apocalyptic", "apocalypse", "apocalyptic"]),
    ("superheroes", &["superhero", "comic book"]),
    ("zombies", &["zombie"]),
    ("vampires", &["vampire"]),
    ("serial killer", &["serial killers"]),
    ("courtroom", &["legal drama", "lawyers", "trial"]),
    ("road trip", &["road movie"]),
    ("sports", &["boxing", "football", "baseball", "basketball"]),
    ("music", &["musicians", "bands"]),
    ("christmas", &["xmas", "holiday movie"]),
    ("spies", &["spy", "espionage", "secret agent", "secret agents"]),
    ("detective", &["detectives", "police investigation"]),
    ("strong female lead", &["female lead", "strong women", "strong woman"]),
    ("black and white", &[]),
    ("cult classic", &["cult film", "cult movie", "cult"]),
    ("classic", &["classics", "old school"]),
    ("quirky", &["offbeat", "weird", "strange"]),
    ("thought-provoking", &["thought provoking", "philosophical", "makes me think", "deep"]),
    ("sad", &["makes me cry", "make me cry", "heartbreaking", "depressing", "tragic"]),
    ("violence", &["violent", "gore", "gory", "bloody", "blood"]),
    ("magic", &["wizards", "witches", "magical"]),
    ("survival", &["surviving"]),
    ("politics", &["political"]),
    ("high school", &["teen movie"]),
    ("dogs", &["dog"]),
    ("small town", &["small town"]),
    ("ocean", &["the sea", "submarine", "submarines", "pirates"]),
    ("underdog", &["underdogs"]),
    ("epic", &[]),
    ("atmospheric", &["moody"]),
    ("satire", &["satirical"]),
    ("independent", &["indie"]),
    ("foreign", &[]),
    ("samurai", &[]),
    ("ninjas", &["ninja"]),
    ("melancholic", &["bittersweet", "wistful"]),
    ("dinosaurs", &["dinosaur"]),
    ("dragons", &[]),
    ("ghosts", &["haunted house", "ghost story", "ghost stories", "ghost"]),
    ("cozy", &["cosy"]),
    ("mafia", &["mob", "mobsters", "mobster"]),
    ("car chases", &["car chase"]),
    ("love triangle", &["love triangles"]),
    ("conspiracies", &["conspiracy"]),
    ("experimental", &["avant garde", "arthouse", "art house"]),
];

/// What else a usual theme is called: `violent` of violence.
pub(in crate::recommend::converse) fn other_words(theme: &str) -> &'static [&'static str] {
    USUAL.iter().find(|(usual, _)| usual.eq_ignore_ascii_case(theme)).map_or(&[], |(_, others)| others)
}

/// The themes that can be named, by the words that name them.
#[derive(Clone, Debug)]
pub(super) struct Themes {
    phrases: BTreeMap<String, String>,
    longest: usize,
}

impl Themes {
    /// The usual themes, and those that the columns of a catalogue hold. Where both name one, the catalogue's name counts.
    pub(super) fn new(catalogue: Option<&Catalogue>) -> Self {
        let mut phrases = BTreeMap::new();
        for (theme, others) in USUAL {
            let own = fold(theme).replace('-', " ");
            for phrase in std::iter::once(own.as_str()).chain(others.iter().copied()) {
                phrases.insert(phrase.to_owned(), (*theme).to_owned());
            }
        }
        for value in catalogue.into_iter().flat_map(values) {
            let phrase = fold(value).replace(['-', '_'], " ");
            // What the usual names for it mean, too.
            let usual = phrases.get(&phrase).cloned();
            phrases
                .values_mut()
                .filter(|theme| Some(&**theme) == usual.as_ref())
                .for_each(|theme| value.clone_into(theme));
            phrases.insert(phrase, value.to_owned());
        }
        let longest = phrases.keys().map(|phrase| phrase.split(' ').count()).max().unwrap_or(0).min(6);
        Self { phrases, longest }
    }

    /// Whether a theme is among them.
    pub(super) fn lists(&self, theme: &str) -> bool {
        self.phrases.values().any(|own| own == theme)
    }

    /// The theme that is named at a place, and how many words name it; the longest phrase counts.
    pub(super) fn at(&self, sentence: &Sentence, place: usize) -> Option<(&str, usize)> {
        (1..=self.longest).rev().find_map(|length| {
            let words = sentence.words.get(place..place + length)?;
            let phrase = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            Some((self.phrases.get(&phrase)?.as_str(), length))
        })
    }
}

fn values(catalogue: &Catalogue) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (name, attribute) in catalogue.items().iter().flat_map(|item| &item.attributes) {
        if !COLUMNS.contains(&name.as_str()) {
            continue;
        }
        match attribute {
            Attribute::Many(values) => found.extend(values.iter().map(String::as_str)),
            Attribute::Text(value) => {
                found.insert(value);
            }
            Attribute::Number(_) => {}
        }
    }
    found.retain(|value| value.len() >= SHORTEST);
    found
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};
    use crate::recommend::Item;

    #[test]
    fn a_catalogue_names_themes_its_own_way() {
        let item = Item {
            attributes: vec![("themes".into(), Attribute::Many(vec!["Twist".into(), "family secrets".into()]))],
            ..Item::default()
        };
        let themes = Themes::new(Some(&Catalogue::new(vec![item])));
        for (text, expected) in [
            ("surprise ending", Some("Twist")),
            ("family secrets", Some("family secrets")),
            ("heists", Some("heist")),
            ("table", None),
        ] {
            assert_eq!(themes.at(&sentences(text)[0], 0).map(|(theme, _)| theme), expected, "{text}");
        }
    }
}
