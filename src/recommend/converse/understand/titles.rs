//! Titles in messages: as they are, without their article or subtitle, by a word that only one of them has, and with
//! slips of the keyboard.

use std::collections::{HashMap, HashSet};

use strsim::osa_distance;

use super::{
    common::{NUMBERS, is_common},
    foreign::is_strange,
    markers::{LIKERS, SAW, VERBS},
    words::{Gap, Sentence, Word, sentences},
};

/// The fewest letters of a title that is recognized with a slip.
const SHORTEST_FUZZY: usize = 5;
/// Letters for which one slip is allowed.
const LETTERS_PER_SLIP: usize = 6;
/// The fewest letters of a title whose words are written as one.
const SHORTEST_RUN_TOGETHER: usize = 8;
/// The fewest letters of a word that stands for the one title that has it.
const SHORTEST_NICKNAME: usize = 5;
/// The most words of a title with such a word.
const LONGEST_NICKNAMED: usize = 4;

/// Words behind which a title may stand, beside [`VERBS`].
const CUES: [&str; 24] = [
    "like",
    "likes",
    "see",
    "watch",
    "watching",
    "to",
    "of",
    "called",
    "about",
    "compare",
    "than",
    "as",
    "with",
    "show",
    "give",
    "is",
    "was",
    "recommend",
    "after",
    "finished",
    "between",
    "showing",
    "skip",
    "vs",
];

/// Words that begin a sentence more often than a title does.
const PRONOUNS: [&str; 12] = ["it", "her", "him", "us", "them", "you", "i", "they", "this", "that", "she", "he"];

/// A title in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The place of its first word.
    pub(super) start: usize,
    /// The place behind its last word.
    pub(super) end: usize,
    /// The title's index.
    pub(super) title: usize,
}

/// One way to write a title.
#[derive(Clone, Debug)]
struct Form {
    words: Vec<String>,
    title: usize,
    /// Whether it leaves a part of the title out.
    short: bool,
    /// Whether it is a number that the title has as a word: `Se7en`.
    spelled: bool,
}

/// Titles that can be named.
#[derive(Clone, Debug, Default)]
pub(super) struct Titles {
    forms: Vec<Form>,
    /// The forms that begin with a word, the longest first.
    by_word: HashMap<String, Vec<usize>>,
    /// Words that only one title has.
    nicknames: HashMap<String, usize>,
    /// The forms by their number of words.
    by_length: HashMap<usize, Vec<usize>>,
    /// All words of all forms.
    words: HashSet<String>,
}

impl Titles {
    /// Titles as people say them; a title's index is its place.
    pub(super) fn new<'a>(titles: impl IntoIterator<Item = &'a str>) -> Self {
        let mut made = Self::default();
        let mut words_of: HashMap<String, Option<usize>> = HashMap::new();
        for (title, text) in titles.into_iter().enumerate() {
            let whole = words(text);
            for word in whole.iter().filter(|word| word.chars().count() >= SHORTEST_NICKNAME && !is_common(word)) {
                let short = whole.len() <= LONGEST_NICKNAMED;
                let place = words_of.entry(word.clone()).or_insert_with(|| short.then_some(title));
                if *place != Some(title) {
                    *place = None;
                }
            }
            made.add(text, title);
        }
        made.arrange();
        made.nicknames = words_of.into_iter().filter_map(|(word, title)| Some((word, title?))).collect();
        made
    }

    /// Adds other names for titles, by their indices.
    pub(super) fn extend<'a>(&mut self, names: impl IntoIterator<Item = (&'a str, usize)>) {
        names.into_iter().for_each(|(name, title)| self.add(name, title));
        self.arrange();
    }

    /// Finds forms by their first word and their number of words.
    fn arrange(&mut self) {
        self.by_word.clear();
        self.by_length.clear();
        for (place, form) in self.forms.iter().enumerate() {
            if let Some(first) = form.words.first() {
                self.by_word.entry(first.clone()).or_default().push(place);
            }
            self.by_length.entry(form.words.len()).or_default().push(place);
        }
        self.words = self.forms.iter().flat_map(|form| form.words.iter().cloned()).collect();
        let forms = &self.forms;
        for places in self.by_word.values_mut() {
            // Whole titles before shortened ones of the same length; equal ones in their order.
            places.sort_by_key(|&place| (std::cmp::Reverse(forms[place].words.len()), forms[place].short, place));
        }
    }

    /// Titles that have just been shown, for which their first or last words are enough: `Eternal Sunshine`, `the Orient
    /// Express one`.
    pub(super) fn shown<'a>(titles: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let mut made = Self::new(titles.clone());
        let all: Vec<Vec<String>> = titles.into_iter().map(words).collect();
        for (title, whole) in all.iter().enumerate() {
            for length in 2..whole.len() {
                let parts = [&whole[..length], &whole[whole.len() - length..]];
                for (part, ends) in parts.into_iter().zip([length - 1, 0]) {
                    let is_of_others = all
                        .iter()
                        .enumerate()
                        .any(|(other, words)| other != title && (words.starts_with(part) || words.ends_with(part)));
                    if !is_common(&part[ends]) && !is_of_others {
                        made.forms.push(Form { words: part.to_vec(), title, short: true, spelled: false });
                    }
                }
            }
        }
        made.arrange();
        made
    }

    fn add(&mut self, text: &str, title: usize) {
        let whole = words(text);
        let mut forms = vec![(whole.clone(), false)];
        let unquoted: Vec<String> = whole.iter().map(|word| unleet(word)).collect();
        forms.push((unquoted, false));
        let main = text.split(": ").next().unwrap_or(text);
        if main.len() < text.len() {
            forms.push((words(main), true));
        }
        for (words, _) in forms.clone() {
            if words.len() > 1 && ["the", "a", "an"].contains(&words[0].as_str()) {
                forms.push((words[1..].to_vec(), true));
            }
        }
        forms.retain(|(words, _)| !words.is_empty());
        forms.dedup_by(|a, b| a.0 == b.0);
        let is_number = |words: &[String]| words.len() == 1 && numbers(words).next().is_some();
        let spelled = |words: &[String]| is_number(words) && !text.trim().starts_with(words[0].as_str());
        self.forms.extend(forms.into_iter().map(|(words, short)| Form {
            spelled: spelled(&words),
            words,
            title,
            short,
        }));
    }

    /// The titles in a sentence that are meant as such, from left to right. `open` says which words are free, and
    /// `trusted` that every occurrence is meant, as that of a title that has just been shown.
    pub(super) fn find(&self, sentence: &Sentence, open: &[bool], trusted: bool) -> Vec<Found> {
        // `Fargo's been on my list`: a title with what is short for `has`.
        let is_clitic = |word: &Word| word.is_capital() && !self.words.contains(&canonical(&word.text));
        let own: Vec<String> = sentence
            .words
            .iter()
            .map(|word| match word.text.strip_suffix("'s").filter(|_| is_clitic(word)) {
                Some(stem) => canonical(stem),
                None => canonical(&word.text),
            })
            .collect();
        let mut found: Vec<Found> = Vec::new();
        let mut place = 0;
        while place < own.len() {
            let behind = found.last().is_some_and(|last| is_listed(sentence, last.end, place));
            let hit = self.at(sentence, &own, place, trusted, behind);
            match hit.filter(|hit| open[hit.start..hit.end].iter().all(|open| *open)) {
                Some(hit) => {
                    place = hit.end;
                    found.push(hit);
                }
                None => place += 1,
            }
        }
        found
    }

    fn at(&self, sentence: &Sentence, own: &[String], place: usize, trusted: bool, listed: bool) -> Option<Found> {
        let cued = listed || is_cued(sentence, place);
        let exact = self.by_word.get(&own[place]).into_iter().flatten().find(|&&form| {
            let form = &self.forms[form];
            // A shown `It` is no reason to take every `it` for a title.
            let own_word = &sentence.words[place];
            // `Her: 4`
            let pauses = sentence.words.get(place + 1).is_some_and(|next| next.gap == Gap::Pause);
            // `Her was lovely`: no sentence of a pronoun.
            let is_subject = ["her", "him", "us", "them"].contains(&own_word.text.as_str())
                && ["is", "was", "sounds", "looks", "has"].contains(&sentence.at(place + 1));
            let is_pronoun = PRONOUNS.contains(&form.words[0].as_str()) && !is_subject;
            let named = own_word.is_capital() && (place > 0 || pauses || !is_pronoun);
            // `Heat gets a 7`
            let is_figure = own_word.raw.chars().all(|c| c.is_ascii_digit()) || sentence.before(place, 1) == "a";
            // `some Hitchcock`: somebody's films.
            let is_some = form.words.len() == 1 && sentence.before(place, 1) == "some";
            if form.spelled && is_figure || is_some && !trusted {
                return false;
            }
            // `we all enjoyed up`
            let ends = pauses || place + 1 == own.len() || ["and", "but"].contains(&sentence.at(place + 1));
            let is_object =
                ends && SAW.contains(&sentence.before(place, 1)) && !PRONOUNS.contains(&own_word.text.as_str());
            let trusted = trusted && (form.words.len() > 1 || named || is_object || !is_common(&own_word.text));
            if !trusted && form.words.len() == 1 && (goes_on(sentence, place) || !listed && ends_name(sentence, place))
            {
                return false;
            }
            // `I loved 1917 and 300`, but not `older than 2012`
            let is_number = form.words.len() == 1 && own_word.raw.chars().all(|c| c.is_ascii_digit());
            let cued = if is_number { listed || VERBS.contains(&sentence.before(place, 1)) } else { cued };
            own[place..].starts_with(&form.words) && (trusted || is_meant(sentence, place, form, cued))
        });
        if let Some(&form) = exact {
            let form = &self.forms[form];
            return Some(Found { start: place, end: place + form.words.len(), title: form.title });
        }
        let capital = place > 0 && sentence.words[place].is_capital();
        if (trusted || cued || sentence.words[place].quoted)
            && let Some(found) = self.fuzzy(own, place, trusted)
            && (trusted || listed || is_written_as_title(sentence, &found))
            && (trusted || found.end > place + 1 || !goes_on(sentence, place))
        {
            return Some(found);
        }
        let nickname = self.nicknames.get(&own[place]).filter(|_| trusted || capital && cued);
        nickname.map(|&title| Found { start: place, end: place + 1, title })
    }

    /// A title with a slip or two.
    fn fuzzy(&self, own: &[String], place: usize, trusted: bool) -> Option<Found> {
        let longest = own.len() - place;
        let mut best: Option<(usize, Found)> = None;
        for (&length, forms) in self.by_length.iter().filter(|(length, _)| **length <= longest) {
            let text = own[place..place + length].join(" ");
            let says_something = own[place..place + length].iter().any(|word| !is_common(word));
            if !says_something || length == 1 && is_cue(&text) {
                continue;
            }
            // Of numbers every digit counts: `the one` is no slip of `The Four`.
            let is_possible = |form: &&Form| {
                (trusted || !form.short) && numbers(&form.words).eq(numbers(&own[place..place + length]))
            };
            for form in forms.iter().map(|&form| &self.forms[form]).filter(is_possible) {
                let target = form.words.join(" ");
                let letters = target.chars().count();
                let slips = (letters / LETTERS_PER_SLIP).max(1);
                if letters < SHORTEST_FUZZY || letters.abs_diff(text.chars().count()) > slips {
                    continue;
                }
                // What has no slip was looked at already. One in the first letter is rare, and rules most other words out.
                let alike = target.chars().next() == text.chars().next() && (trusted || target != text);
                if !alike || osa_distance(&target, &text) > slips {
                    continue;
                }
                if best.as_ref().is_none_or(|(words, _)| length > *words) {
                    best = Some((length, Found { start: place, end: place + length, title: form.title }));
                }
            }
        }
        best.map(|(_, found)| found).or_else(|| self.run_together(&own[place], place))
    }

    /// A title whose words are written as one: `Bladerunner`.
    fn run_together(&self, word: &str, place: usize) -> Option<Found> {
        let letters = |form: &Form| form.words.iter().map(String::len).sum::<usize>();
        let is_meant =
            |form: &&Form| form.words.len() > 1 && letters(form) == word.len() && form.words.concat() == word;
        let form = self.forms.iter().filter(|_| word.len() >= SHORTEST_RUN_TOGETHER).find(is_meant)?;
        Some(Found { start: place, end: place + 1, title: form.title })
    }
}

/// Whether words that are nearly a title are written as one: plain words have others that are like them.
fn is_written_as_title(sentence: &Sentence, found: &Found) -> bool {
    const LONG: usize = 8;
    let words = &sentence.words[found.start..found.end];
    let letters: usize = words.iter().map(|word| word.text.chars().count()).sum();
    let has_name = words.iter().any(|word| word.quoted || word.is_capital() && !is_common(&word.text));
    let before = sentence.before(found.start, 1);
    // `something like the godfahter`, and not `I like the weather`
    let likens = before == "like" && found.start > 1 && !LIKERS.contains(&sentence.before(found.start, 2));
    has_name || letters >= LONG && (likens || VERBS.contains(&before))
}

/// Those of some words that are numbers.
fn numbers(words: &[String]) -> impl Iterator<Item = &String> {
    words.iter().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a name goes on behind its first word: `I loved Drive My Car` is not of `Drive`. Where the word before has a capital,
/// too, all may have one.
fn goes_on(sentence: &Sentence, place: usize) -> bool {
    let joins = ["and", "or", "but", "i", "i'm", "i've", "i'd", "i'll"];
    let is_name = |word: &Word| word.is_capital() && word.gap == Gap::Space && !joins.contains(&word.text.as_str());
    let before = place.checked_sub(1).map(|before| &sentence.words[before]);
    before.is_some_and(|before| !before.is_capital()) && sentence.words.get(place + 1).is_some_and(is_name)
}

/// Whether a name ends in a word: `I loved Drive My Car` is not of `The Car`.
fn ends_name(sentence: &Sentence, place: usize) -> bool {
    let is_name = |place: usize| {
        let word = &sentence.words[place];
        word.is_capital() && sentence.words[place + 1].gap == Gap::Space && !is_cue(&word.text)
    };
    // Where all words have one, or the first of a sentence, a capital says nothing.
    place > 1 && is_name(place - 1) && sentence.words.iter().any(|word| !word.is_capital() && word.text != "i")
}

/// Whether a word comes right behind a title, in a list with it.
fn is_listed(sentence: &Sentence, end: usize, place: usize) -> bool {
    match place.checked_sub(end) {
        Some(0) => sentence.words[place].gap == Gap::Pause,
        Some(1) => ["and", "or", "nor", "but", "not", "versus", "vs"].contains(&sentence.at(end)),
        Some(2) => ["but", "and"].contains(&sentence.at(end)) && ["not", "also"].contains(&sentence.at(end + 1)),
        _ => false,
    }
}

/// Whether a title may stand behind a word.
fn is_cue(word: &str) -> bool {
    CUES.contains(&word) || VERBS.contains(&word)
}

/// Whether the words before a place announce a title.
fn is_cued(sentence: &Sentence, place: usize) -> bool {
    let skipped = ["the", "a", "film", "movie", "films", "movies", "both", "either", "me"];
    let back = (1..=3).find(|&back| !skipped.contains(&sentence.before(place, back))).unwrap_or(1);
    is_cue(sentence.before(place, back))
}

/// Whether the words of a form at a place mean the title, and not what they say.
fn is_meant(sentence: &Sentence, place: usize, form: &Form, cued: bool) -> bool {
    let words = &sentence.words[place..place + form.words.len()];
    if words.iter().all(|word| word.quoted || is_strange(word))
        || words.len() == sentence.len() && !form.short && !is_common(&form.words[0])
    {
        return true;
    }
    let content = || words.iter().filter(|word| !is_common(&word.text));
    let contents = content().count();
    let capitals = words.iter().filter(|word| word.is_capital()).count();
    match words {
        [only] => {
            // At the beginning every word has a capital; a verb behind it tells a name.
            let next = [
                "was", "is", "were", "has", "had", "and", "or", "made", "bored", "scared", "blew", "left", "gave",
                "sounds", "looks",
            ];
            let next = next.contains(&sentence.at(place + 1));
            let paused = sentence.words.get(place + 1).is_some_and(|next| next.gap == Gap::Pause);
            let is_number = only.raw.chars().all(|c| c.is_ascii_digit());
            if is_number {
                return cued || place == 0 && next;
            }
            let named = only.is_capital() && (place > 0 || (next || paused) && contents == 1);
            // `loved Inception, hated Tenet`: a verb is no title.
            let is_verb = is_cue(&only.text);
            // `i loved matrix`, but not `something like matrix`: a verb says more than that.
            let ends = sentence.words.get(place + 1).is_none_or(|next| {
                next.gap == Gap::Pause || ["and", "but", "or", "because", "so"].contains(&next.text.as_str())
            });
            let is_object = !form.short || VERBS.contains(&sentence.before(place, 1)) && ends;
            let small = cued && contents == 1 && is_object && !is_verb && only.text.len() > 3;
            named && (contents == 1 || cued) || small
        }
        _ => {
            let all_named = content().all(Word::is_capital) && capitals > usize::from(place == 0);
            // `shorter than 90 minutes` names no film.
            let counts = words[0].text.starts_with(|c: char| c.is_ascii_digit());
            all_named || cued && contents > 0 && !counts || contents >= 2 && words.len() >= 3
        }
    }
}

/// The words of a title, made comparable.
fn words(title: &str) -> Vec<String> {
    sentences(title).into_iter().flat_map(|sentence| sentence.words).map(|word| canonical(&word.text)).collect()
}

/// Numbers as digits, and no apostrophes: `Ocean's Eleven` and `Oceans 11` are one.
fn canonical(word: &str) -> String {
    let plain = word.replace('\'', "");
    let roman = [("ii", "2"), ("iii", "3"), ("iv", "4")];
    let number = NUMBERS.iter().position(|name| **name == *plain).map(|number| number.to_string());
    let roman = || roman.iter().find(|(numeral, _)| **numeral == *plain).map(|(_, digits)| (*digits).to_owned());
    number.or_else(roman).unwrap_or(plain)
}

/// Digits within a word as the letters that they look like: `se7en`.
fn unleet(word: &str) -> String {
    if !word.chars().any(char::is_alphabetic) || !word.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let letter = |c: char| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 'v',
        other => other,
    };
    canonical(&word.chars().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: [&str; 15] = [
        "The Matrix",
        "Heat",
        "Se7en",
        "My Neighbor Totoro",
        "Ocean's Eleven",
        "It",
        "Star Wars: Episode IV - A New Hope",
        "Spirited Away",
        "The Sting",
        "The One",
        "The Four",
        "Driven",
        "The Car",
        "千と千尋の神隠し",
        "сталкер",
    ];

    fn found(text: &str, trusted: bool) -> Vec<&'static str> {
        let titles = Titles::new(TITLES);
        let found = sentences(text).into_iter().flat_map(|sentence| {
            let open = vec![true; sentence.len()];
            titles.find(&sentence, &open, trusted)
        });
        found.map(|found| TITLES[found.title]).collect()
    }

    #[test]
    fn titles_are_found_however_they_are_written() {
        let cases: [(&str, &[&str]); 21] = [
            ("I loved The Matrix.", &["The Matrix"]),
            ("I loved Drive My Car", &[]),
            ("I loved Driven and Heat", &["Driven", "Heat"]),
            ("the Matrix was great", &["The Matrix"]),
            ("something like matrix", &[]),
            ("i loved matrix and heat", &["The Matrix", "Heat"]),
            ("Heat was long", &["Heat"]),
            ("the heat outside", &[]),
            ("More like Spirited Away and Totoro!", &["Spirited Away", "My Neighbor Totoro"]),
            ("i loved spirited away", &["Spirited Away"]),
            ("have you seen Seven and oceans 11", &["Se7en", "Ocean's Eleven"]),
            ("I like it", &[]),
            ("I like \"It\"", &["It"]),
            ("films like Star Wars", &["Star Wars: Episode IV - A New Hope"]),
            ("I loved Spirted Away", &["Spirited Away"]),
            ("I loved spiritedaway and starwars", &["Spirited Away", "Star Wars: Episode IV - A New Hope"]),
            ("the sting in the tale", &[]),
            ("I loved the one by nobody", &[]),
            ("watched The Sting again", &["The Sting"]),
            ("what is 千と千尋の神隠し about", &["千と千尋の神隠し"]),
            ("сталкер или другой фильм", &["сталкер"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text, false), expected, "{text}");
        }
    }

    #[test]
    fn what_was_shown_is_found_everywhere() {
        assert_eq!(found("totoro over heat", true), ["My Neighbor Totoro", "Heat"]);
        assert_eq!(found("the matirx", true), ["The Matrix"]);
        assert_eq!(found("the first one was fine", true), [""; 0]);
        assert_eq!(found("heat gets a 7, seven a 9", true), ["Heat", "Se7en"]);
        assert_eq!(found("a seven for heat", true), ["Heat"]);
    }
}
