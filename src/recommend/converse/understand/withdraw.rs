//! What somebody takes back: `forget the time limit`, `any decade`, `it doesn't have to be in English`.

use super::words::{Gap, Sentence};

/// What conditions and wishes can be of, as they are named when they are taken back.
pub(in crate::recommend::converse) mod slot {
    /// All that was asked for.
    pub(in crate::recommend::converse) const EVERYTHING: &str = "everything";
    /// When it came out.
    pub(in crate::recommend::converse) const YEAR: &str = "year";
    /// How long it may be.
    pub(in crate::recommend::converse) const RUNTIME: &str = "runtime";
    /// What is spoken.
    pub(in crate::recommend::converse) const LANGUAGE: &str = "language";
    /// Who takes part.
    pub(in crate::recommend::converse) const PEOPLE: &str = "people";
    /// How it is rated.
    pub(in crate::recommend::converse) const RATING: &str = "rating";
    /// What it costs.
    pub(in crate::recommend::converse) const PRICE: &str = "price";
    /// Genres.
    pub(in crate::recommend::converse) const GENRES: &str = "genres";
    /// Themes.
    pub(in crate::recommend::converse) const THEMES: &str = "themes";
    /// Who watches.
    pub(in crate::recommend::converse) const AUDIENCE: &str = "audience";
}

/// How conditions are called.
const NAMES: [(&str, &str); 49] = [
    ("time limit", slot::RUNTIME),
    ("time", slot::RUNTIME),
    ("running time", slot::RUNTIME),
    ("runtime", slot::RUNTIME),
    ("length limit", slot::RUNTIME),
    ("length", slot::RUNTIME),
    ("duration", slot::RUNTIME),
    ("minutes", slot::RUNTIME),
    ("how long", slot::RUNTIME),
    ("short", slot::RUNTIME),
    ("long", slot::RUNTIME),
    ("year limit", slot::YEAR),
    ("year", slot::YEAR),
    ("years", slot::YEAR),
    ("decade", slot::YEAR),
    ("decades", slot::YEAR),
    ("era", slot::YEAR),
    ("date", slot::YEAR),
    ("age", slot::YEAR),
    ("period", slot::YEAR),
    ("how old", slot::YEAR),
    ("when", slot::YEAR),
    ("new", slot::YEAR),
    ("recent", slot::YEAR),
    ("old", slot::YEAR),
    ("language", slot::LANGUAGE),
    ("languages", slot::LANGUAGE),
    ("director", slot::PEOPLE),
    ("directors", slot::PEOPLE),
    ("actor", slot::PEOPLE),
    ("actors", slot::PEOPLE),
    ("actress", slot::PEOPLE),
    ("cast", slot::PEOPLE),
    ("rating", slot::RATING),
    ("ratings", slot::RATING),
    ("price", slot::PRICE),
    ("budget", slot::PRICE),
    ("genre", slot::GENRES),
    ("genres", slot::GENRES),
    ("theme", slot::THEMES),
    ("themes", slot::THEMES),
    ("audience", slot::AUDIENCE),
    ("filters", slot::EVERYTHING),
    ("filter", slot::EVERYTHING),
    ("conditions", slot::EVERYTHING),
    ("restrictions", slot::EVERYTHING),
    ("criteria", slot::EVERYTHING),
    ("rules", slot::EVERYTHING),
    ("everything", slot::EVERYTHING),
];

/// Words that take back what they are followed by.
const DROPPING: [&str; 20] = [
    "forget about",
    "forget",
    "drop",
    "ignore",
    "remove",
    "lift",
    "scrap",
    "cancel",
    "lose",
    "skip",
    "clear",
    "undo",
    "disregard",
    "never mind",
    "nevermind",
    "no need for",
    "doesn't have to be",
    "does not have to be",
    "don't care about",
    "don't mind",
];
/// Words behind what does not count any more.
const INDIFFERENT: [&str; 8] = [
    "doesn't matter",
    "does not matter",
    "don't matter",
    "isn't important",
    "is not important",
    "don't care",
    "makes no difference",
    "is up to you",
];
/// What takes everything back.
const ANEW: [&str; 6] = ["start over", "start again", "start afresh", "from scratch", "reset", "clear all"];
/// Words between one of these and what it is followed by.
const BETWEEN: [&str; 12] = ["the", "my", "that", "all", "all the", "any", "in", "from", "a", "an", "about", "so"];

/// What a place names that can be taken back: what that is, and how many words name it.
pub(super) type Named<'a> = dyn Fn(usize) -> Option<(Vec<String>, usize)> + 'a;

/// What a sentence takes back, each as its slot or, if it is one value of many, as that; the words that do are no longer open.
/// `value` says which genre, theme, person, language or year is named at a place.
pub(super) fn read(sentence: &Sentence, open: &mut [bool], value: &Named<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut close = |from: usize, to: usize| open[from..to].iter_mut().for_each(|open| *open = false);
    for place in 0..sentence.len() {
        let longest = |phrases: &[&str]| {
            let hits = phrases.iter().filter(|phrase| sentence.has_at(place, phrase));
            hits.map(|phrase| phrase.split(' ').count()).max()
        };
        if let Some(length) = longest(&ANEW) {
            close(place, place + length);
            found.push(slot::EVERYTHING.to_owned());
            continue;
        }
        // `any decade`, `any length is fine`
        if sentence.at(place) == "any"
            && let Some((slot, length)) = name(sentence, place + 1)
            && !["everything", "filter"].contains(&sentence.at(place + 1))
            && ends_behind(sentence, place + 1 + length)
        {
            close(place, sentence.len());
            found.push(slot.to_owned());
            continue;
        }
        if let Some(length) = longest(&DROPPING) {
            let behind = skip(sentence, place + length);
            let taken = match name(sentence, behind) {
                // `forget everything else`, `skip the long ones`
                Some((slot, length)) if ends_name(sentence, behind + length) => Some((vec![slot.to_owned()], length)),
                Some(_) => None,
                None => value(behind),
            };
            if let Some((values, length)) = taken {
                close(place, behind + length);
                found.extend(values);
            }
            continue;
        }
        if let Some(length) = longest(&INDIFFERENT) {
            let before = (0..place).rev().find_map(|start| Some((start, name(sentence, start)?)));
            let behind = name(sentence, skip(sentence, place + length));
            if let Some((start, (slot, _))) = before {
                close(start, place + length);
                found.push(slot.to_owned());
            } else if let Some((slot, words)) = behind {
                close(place, skip(sentence, place + length) + words);
                found.push(slot.to_owned());
            }
        }
    }
    found
}

/// The slot that is named at a place, and in how many words.
fn name(sentence: &Sentence, place: usize) -> Option<(&'static str, usize)> {
    let named = NAMES.iter().filter(|(words, _)| sentence.has_at(place, words));
    named.map(|(words, slot)| (*slot, words.split(' ').count())).max_by_key(|(_, length)| *length)
}

/// The place behind the words that stand between a verb and its object.
fn skip(sentence: &Sentence, mut place: usize) -> usize {
    while BETWEEN.contains(&sentence.at(place)) && sentence.words[place].gap != Gap::Pause {
        place += 1;
    }
    place
}

/// Whether nothing else is named behind a place: `the time limit`, and not `the time machine one`.
fn ends_name(sentence: &Sentence, place: usize) -> bool {
    let goes_on =
        ["limit", "limits", "thing", "filter", "filters", "condition", "and", "please", "now", "then", "i", "it"];
    sentence.words.get(place).is_none_or(|word| word.gap == Gap::Pause || goes_on.contains(&word.text.as_str()))
}

/// Whether a sentence says no more than that anything will do.
fn ends_behind(sentence: &Sentence, place: usize) -> bool {
    const WILL_DO: [&str; 14] =
        ["is", "fine", "ok", "okay", "good", "will", "do", "works", "now", "then", "please", "for", "me", "really"];
    (place..sentence.len()).all(|place| WILL_DO.contains(&sentence.at(place)))
}

/// Whether what a sentence names is said to be welcome again, and not judged or wished for: `horror is fine after all`.
pub(super) fn allows(sentence: &Sentence) -> bool {
    const FINE: [&str; 22] = [
        "is fine",
        "are fine",
        "is ok",
        "are ok",
        "is okay",
        "are okay",
        "is alright",
        "is all right",
        "is welcome",
        "are welcome",
        "is allowed",
        "fine after all",
        "ok after all",
        "okay after all",
        "fine by me",
        "fine with me",
        "fine too",
        "ok with",
        "fine with",
        "include",
        "bring back",
        "don't mind",
    ];
    sentence.has_any(&FINE)
        && !sentence.has_any(&["don't include", "do not include", "not fine", "not ok", "never include"])
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn what_is_taken_back_is_named() {
        let value = |sentence: &Sentence, place: usize| match sentence.at(place) {
            "horror" => Some((vec!["Horror".to_owned()], 1)),
            "90s" => Some((vec![slot::YEAR.to_owned()], 1)),
            "english" => Some((vec![slot::LANGUAGE.to_owned()], 1)),
            _ => None,
        };
        let cases: [(&str, &[&str]); 23] = [
            ("forget about the time limit", &["runtime"]),
            ("drop the 90s", &["year"]),
            ("it doesn't have to be in English", &["language"]),
            ("it doesn't have to be short", &["runtime"]),
            ("any decade", &["year"]),
            ("any length is fine", &["runtime"]),
            ("any good year for westerns?", &[]),
            ("drop the horror", &["Horror"]),
            ("remove all filters", &["everything"]),
            ("forget everything, start over", &["everything", "everything"]),
            ("reset", &["everything"]),
            ("the year doesn't matter", &["year"]),
            ("I don't care how long it is", &["runtime"]),
            ("I don't care about the language", &["language"]),
            ("forget Heat", &[]),
            ("skip the long ones", &[]),
            ("drop the director", &["people"]),
            ("never mind the rating", &["rating"]),
            ("forget about the audience", &["audience"]),
            ("forget the time machine one", &[]),
            ("I love horror", &[]),
            ("no need for subtitles", &[]),
            ("ignore my budget and show me a comedy", &["price"]),
        ];
        for (text, expected) in cases {
            let sentence = &sentences(text)[0];
            let mut open = vec![true; sentence.len()];
            assert_eq!(read(sentence, &mut open, &|place| value(sentence, place)), expected, "{text}");
        }
        for (text, expected) in
            [("horror is fine after all", true), ("I hate horror", false), ("please don't include horror", false)]
        {
            assert_eq!(allows(&sentences(text)[0]), expected, "{text}");
        }
    }
}
