//! The words that an explanation may be made of, beside titles, numbers and genres of its plan.
//!
//! Hyphens part words here: `sci-fi` is `sci fi`.

mod facts;
mod genres;
mod phrases;
mod words;

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

type Words = HashSet<String>;

fn listed(words: &str) -> impl Iterator<Item = String> {
    words.split_whitespace().map(str::to_owned)
}

static PLAIN: LazyLock<Words> = LazyLock::new(|| listed(words::PLAIN).collect());
static PHRASING: LazyLock<Words> = LazyLock::new(|| {
    let lists = [words::PLAIN, words::IRREGULAR, words::MODIFIERS, words::FUNCTION, words::CAPITALIZED, words::PEOPLE];
    let mut all: Words = lists.into_iter().flat_map(listed).collect();
    all.extend(words::VERBS.split_whitespace().flat_map(verb_forms));
    all.extend(words::NOUNS.split_whitespace().flat_map(|noun| [noun.to_owned(), with_s(noun)]));
    all
});
static NEGATIONS: LazyLock<Words> = LazyLock::new(|| listed(words::NEGATIONS).collect());
static PEOPLE: LazyLock<Words> = LazyLock::new(|| listed(words::PEOPLE).collect());
static CAPITALIZED: LazyLock<Words> = LazyLock::new(|| listed(words::CAPITALIZED).collect());
static COMMON: LazyLock<Words> = LazyLock::new(|| listed(genres::COMMON).collect());
static FACTS: LazyLock<Words> = LazyLock::new(|| {
    let mut all: Words = listed(facts::FORMS).collect();
    all.extend(facts::STEMS.split_whitespace().flat_map(verb_forms));
    all
});
/// Phrases by their first word, longest first.
static PHRASES: LazyLock<HashMap<&str, Vec<Vec<&str>>>> = LazyLock::new(|| {
    let mut by_first: HashMap<&str, Vec<Vec<&str>>> = HashMap::new();
    for phrase in phrases::PHRASES.split('|') {
        let words: Vec<&str> = phrase.split(' ').collect();
        by_first.entry(words[0]).or_default().push(words);
    }
    by_first.values_mut().for_each(|phrases| phrases.sort_by_key(|words| std::cmp::Reverse(words.len())));
    by_first
});

/// Whether a lower-case word may stand anywhere.
pub(super) fn is_phrasing(word: &str) -> bool {
    PHRASING.contains(word) || word.strip_suffix("'s").or(word.strip_suffix('\'')).is_some_and(|w| PHRASING.contains(w))
}

/// Whether a lower-case word is one that plain explanations are made of.
pub(super) fn is_plain(word: &str) -> bool {
    PLAIN.contains(word)
}

/// Whether a word that evokes a genre is too common to say it by itself.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(word)
}

/// Whether a lower-case word that is no phrasing is unlikely to state a fact: it is an English-looking word, and none by
/// which texts do.
pub(super) fn is_harmless(word: &str) -> bool {
    let bare = word.strip_suffix("'s").unwrap_or(word);
    let english = bare.len() >= 3 && bare.bytes().all(|b| b.is_ascii_lowercase());
    // Where a word that says something is longer by a few letters, it most likely still says it.
    let says = |listed: &str| bare == listed || listed.len() >= 5 && bare.starts_with(listed);
    let genre =
        || known_forms().iter().any(|form| form.words.len() == 1 && says(&form.words[0])) && !COMMON.contains(bare);
    english && !is_negation(bare) && !FACTS.iter().any(|fact| says(fact)) && !genre()
}

/// Whether a lower-case word denies.
pub(super) fn is_negation(word: &str) -> bool {
    word.ends_with("n't") || NEGATIONS.contains(word)
}

/// Whether a lower-case word means those who watch, read or buy.
pub(super) fn is_people(word: &str) -> bool {
    PEOPLE.contains(word)
}

/// Whether a word may start with a capital in the middle of a sentence.
pub(super) fn may_be_capitalized(lower: &str) -> bool {
    CAPITALIZED.contains(lower) || lower.starts_with("i'")
}

/// How many words the longest phrase takes that a text goes on with; 0 if there is none. `word` gives the text's words
/// in lower case, by their place from here.
pub(super) fn phrase_len<'a>(word: impl Fn(usize) -> Option<&'a str>) -> usize {
    let phrases = word(0).and_then(|first| PHRASES.get(first)).map_or(&[][..], Vec::as_slice);
    let goes_on = |phrase: &&Vec<&str>| phrase.iter().enumerate().all(|(place, part)| word(place) == Some(*part));
    phrases.iter().find(goes_on).map_or(0, Vec::len)
}

/// A way to say genres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GenreForm {
    /// Its words, in lower case.
    pub(super) words: Vec<String>,
    /// The genres that it says, as [`genre_key`] writes them.
    pub(super) genres: Vec<String>,
    /// Whether it only evokes them.
    pub(super) is_figure: bool,
}

/// A genre in lower case, with spaces for hyphens.
pub(super) fn genre_key(genre: &str) -> String {
    split_words(genre).join(" ")
}

fn split_words(text: &str) -> Vec<String> {
    text.to_lowercase().split([' ', '-', '/', '&', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The ways to say genres that are known to everybody, longest first.
pub(super) fn known_forms() -> &'static [GenreForm] {
    static FORMS: LazyLock<Vec<GenreForm>> = LazyLock::new(|| {
        let mut forms = Vec::new();
        let all = genres::FORMS.iter().map(|form| (form, false)).chain(genres::FIGURES.iter().map(|form| (form, true)));
        for ((genres, ways), is_figure) in all {
            let genres: Vec<String> = genres.iter().map(|&genre| genre.to_owned()).collect();
            let own = (genres.len() == 1 && !is_figure).then(|| own_forms(&genres[0])).into_iter().flatten();
            let form = |way| GenreForm { words: split_words(way), genres: genres.clone(), is_figure };
            forms.extend(own.chain(ways.split('|').map(form)));
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.words.len()));
        forms
    });
    &FORMS
}

/// The ways to say a genre that nothing is known of: its name, and its plural.
pub(super) fn own_forms(genre: &str) -> Vec<GenreForm> {
    let genres = vec![genre_key(genre)];
    let name = split_words(genre);
    let mut plural = name.clone();
    if let Some(last) = plural.last_mut() {
        *last = with_s(last);
    }
    [name, plural].map(|words| GenreForm { words, genres: genres.clone(), is_figure: false }).to_vec()
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// A noun's plural, or a verb's third person.
fn with_s(word: &str) -> String {
    let stem = word.strip_suffix('y').filter(|stem| !stem.ends_with(is_vowel));
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with(['s', 'x', 'z']) || word.ends_with("ch") || word.ends_with("sh") => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// The regular forms of a verb. Whether its last consonant doubles is not known, so both ways count.
fn verb_forms(verb: &str) -> Vec<String> {
    let mut forms = vec![verb.to_owned(), with_s(verb)];
    if let Some(stem) = verb.strip_suffix('e') {
        forms.extend([format!("{verb}d"), format!("{stem}ing"), format!("{verb}ing")]);
        return forms;
    }
    forms.extend([format!("{verb}ed"), format!("{verb}ing")]);
    if let Some(stem) = verb.strip_suffix('y') {
        forms.push(format!("{stem}ied"));
    }
    forms.extend(
        verb.chars().last().into_iter().flat_map(|last| [format!("{verb}{last}ed"), format!("{verb}{last}ing")]),
    );
    forms
}

/// `Comedy, Crime and Drama`.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_that_denies_or_says_a_genre_is_phrasing() {
        for form in known_forms().iter().filter(|form| form.words.len() == 1 && !form.is_figure) {
            assert!(!is_phrasing(&form.words[0]), "{:?}", form.words);
        }
        for word in listed(words::NEGATIONS) {
            assert!(is_negation(&word) && !is_phrasing(&word), "{word}");
        }
        assert!(is_negation("isn't") && is_negation("don't"));
        for word in listed(words::PLAIN) {
            assert!(is_phrasing(&word));
        }
    }

    #[test]
    fn no_word_that_states_a_fact_is_phrasing() {
        let facts = "director directed stars starring cast award awards oscar sequel remake based novel budget minutes hours \
                     black white set filmed shot famous popular best greatest classic masterpiece acclaimed ending plot \
                     soundtrack critics sister neighbour yesterday old new long first last longest first many most few \
                     all-time banned flop twice sad violent man woman boy girl dog city";
        for word in facts.split_whitespace() {
            assert!(!is_phrasing(word), "{word}");
        }
    }

    #[test]
    fn phrases_are_found_whole() {
        let find = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            phrase_len(|place| words.get(place).copied())
        };
        assert_eq!([find("cup of tea for you"), find("cup of coffee"), find("hit the spot"), find("")], [3, 0, 3, 0]);
    }

    #[test]
    fn forms_follow_the_rules() {
        assert_eq!(["carry", "play", "match", "tick"].map(with_s), ["carries", "plays", "matches", "ticks"]);
        let has = |verb: &str, form: &str| verb_forms(verb).contains(&form.to_owned());
        assert!(has("share", "sharing") && has("carry", "carried") && has("grip", "gripped") && has("suit", "suiting"));
    }

    #[test]
    fn lists_read_like_english() {
        let words = ["a", "b", "c"];
        assert_eq!([list(&words[..0]), list(&words[..1]), list(&words)], ["", "a", "a, b and c"]);
    }
}
