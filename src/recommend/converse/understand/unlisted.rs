//! Titles that nobody listed: words with capitals where only a title can stand, `I loved Solaris`.

use std::ops::Range;

use super::{
    common::{is_common, number},
    markers::{LIKENING, VERBS},
    words::{Gap, Sentence, Word},
};

/// Words within a title that have no capital.
const SMALL: [&str; 14] = ["of", "the", "in", "a", "to", "at", "on", "for", "from", "with", "de", "la", "vs", "my"];
/// What may follow a title: nothing else is a noun that it would belong to, as in `I love Asian cinema`.
const BEHIND: [&str; 43] = [
    "and",
    "or",
    "but",
    "a",
    "very",
    "so",
    "too",
    "because",
    "is",
    "was",
    "are",
    "were",
    "for",
    "more",
    "less",
    "most",
    "again",
    "already",
    "yesterday",
    "recently",
    "twice",
    "once",
    "as",
    "when",
    "in",
    "on",
    "last",
    "this",
    "years",
    "though",
    "while",
    "despite",
    "even",
    "just",
    "really",
    "the",
    "at",
    "with",
    "yet",
    "not",
    "both",
    "also",
    "five",
];
/// What follows a title at the beginning of a sentence.
const SAYS: [&str; 12] =
    ["was", "is", "were", "wasn't", "isn't", "bored", "scared", "blew", "left", "gave", "made", "sounds"];
/// Words with capitals that are no titles.
const NAMES: [&str; 54] = [
    "wow",
    "whoa",
    "yikes",
    "ooh",
    "aww",
    "hmm",
    "haha",
    "lol",
    "omg",
    "gosh",
    "sorry",
    "meh",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "christmas",
    "easter",
    "netflix",
    "amazon",
    "hollywood",
    "bollywood",
    "disney",
    "pixar",
    "ghibli",
    "dreamworks",
    "marvel",
    "dc",
    "hbo",
    "bbc",
    "imdb",
    "oscar",
    "oscars",
    "cgi",
    "tv",
    "dvd",
    "god",
    "america",
    "europe",
    "japan",
];

/// The places of titles among the words that are open. `known` says how many words at a place name something else.
pub(super) fn find(sentence: &Sentence, open: &[bool], known: &dyn Fn(usize) -> Option<usize>) -> Vec<Range<usize>> {
    // Where everything is written in capitals they say nothing.
    if !sentence.words.iter().any(|word| word.raw.chars().any(char::is_lowercase)) {
        return Vec::new();
    }
    let mut open = open.to_vec();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut place = 0;
    while place < sentence.len() {
        let end = end_of_run(sentence, &open, place);
        let is_meant = end > place
            && says_something(sentence, place..end)
            && !is_known(sentence, place..end, known)
            && (is_announced(sentence, &open, place) && ends(sentence, end) || is_subject(sentence, place..end));
        if is_meant {
            open[place..end].fill(false);
            found.push(place..end);
        }
        place = end.max(place + 1);
    }
    found
}

/// Where the words with capitals end that begin at a place, and what joins them.
fn end_of_run(sentence: &Sentence, open: &[bool], start: usize) -> usize {
    // `I rate Solaris 5`
    let rates = ["rate", "rated"].contains(&sentence.before(start, 1));
    let is_part = |place: usize| {
        let word = &sentence.words[place];
        let counts = place > start && !rates && word.raw.chars().all(|c| c.is_ascii_digit());
        open[place]
            && (word.is_capital() || counts)
            && !["i", "i'm", "i've", "i'd", "i'll"].contains(&word.text.as_str())
            && !(place > start && NAMES.contains(&word.text.as_str()))
    };
    let parts = |place: usize| place > start && sentence.words[place].gap == Gap::Pause;
    let mut end = start;
    let mut place = start;
    while place < sentence.len() && !parts(place) {
        if is_part(place) {
            end = place + 1;
        } else if end == start || !SMALL.contains(&sentence.at(place)) || !open[place] {
            break;
        }
        place += 1;
    }
    end
}

/// Whether some words are nothing but names of other things: `Tom Hanks`, `Sci-Fi and Horror`.
fn is_known(sentence: &Sentence, words: Range<usize>, known: &dyn Fn(usize) -> Option<usize>) -> bool {
    let mut place = words.start;
    while place < words.end {
        match known(place) {
            Some(length) => place += length.max(1),
            None if place > words.start && SMALL.contains(&sentence.at(place)) => place += 1,
            None => return false,
        }
    }
    true
}

/// Whether some words are more than words that everybody uses, or that begin a sentence.
fn says_something(sentence: &Sentence, words: Range<usize>) -> bool {
    let content = |word: &&Word| !is_common(&word.text) && !NAMES.contains(&word.text.as_str());
    let is_named = !sentence.words[words.clone()].iter().any(|word| NAMES.contains(&word.text.as_str()));
    is_named && sentence.words[words].iter().filter(content).any(|word| word.text.chars().any(char::is_alphabetic))
}

/// Whether what stands before a place announces a title: a verb, or another title in a list.
fn is_announced(sentence: &Sentence, open: &[bool], place: usize) -> bool {
    let is_closed = |back: usize| place.checked_sub(back).is_some_and(|place| !open[place]);
    let goes_on = is_closed(1) && sentence.words[place].gap == Gap::Pause
        || is_closed(2) && ["and", "or", "but", "not"].contains(&sentence.before(place, 1));

    let likened = LIKENING.iter().any(|phrase| {
        let length = phrase.split(' ').count();
        place.checked_sub(length).is_some_and(|start| sentence.has_at(start, phrase))
    });
    goes_on || likened || VERBS.contains(&sentence.before(place, 1)) || sentence.words[place].quoted && place > 0
}

/// Whether nothing that follows belongs to the words before it.
fn ends(sentence: &Sentence, end: usize) -> bool {
    let Some(next) = sentence.words.get(end) else { return true };
    next.gap == Gap::Pause || BEHIND.contains(&next.text.as_str()) || is_number(&next.text)
}

/// Whether something is said of words at the beginning: a rating, or anything at all where they are several.
fn is_subject(sentence: &Sentence, words: Range<usize>) -> bool {
    let Some(next) = sentence.words.get(words.end) else { return false };
    let begins = words.start == 0 || sentence.words[words.start].gap == Gap::Pause;
    if !begins && !["and", "but"].contains(&sentence.before(words.start, 1)) {
        return false;
    }
    let capitals = sentence.words[words.clone()].iter().filter(|word| word.is_capital()).count();
    let is_rated = match next.text.as_str() {
        "is" | "was" | "gets" | "deserves" => {
            let article = usize::from(["a", "an"].contains(&sentence.at(words.end + 1)));
            is_number(sentence.at(words.end + 1 + article)) && sentence.words.len() <= words.end + 4 + article
        }
        text => is_number(text) && (text.contains('/') || next.gap == Gap::Pause),
    };
    is_rated || capitals > 1 && SAYS.contains(&next.text.as_str())
}

fn is_number(word: &str) -> bool {
    number(word.split('/').next().unwrap_or(word)).is_some()
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn titles_are_found_by_where_they_stand() {
        let cases: [(&str, &[&str]); 23] = [
            ("I loved Solaris.", &["Solaris"]),
            ("I've seen Drive My Car and Burning", &["Drive My Car", "Burning"]),
            ("More like Portrait of a Lady on Fire, please", &["Portrait of a Lady on Fire"]),
            ("I liked Cars 3 a lot", &["Cars 3"]),
            ("I hated The Room because it drags", &["The Room"]),
            ("Solaris: 4/5", &["Solaris"]),
            ("Solaris is a 4", &["Solaris"]),
            ("Past Lives was wonderful", &["Past Lives"]),
            ("I rate Solaris 5", &["Solaris"]),
            ("did you like \"Days of Heaven\"", &["Days of Heaven"]),
            ("I love Asian cinema", &[]),
            ("I love Horror", &[]),
            ("Everything was great", &[]),
            ("I LOVED SOLARIS", &[]),
            ("I loved It", &[]),
            ("I saw it on Netflix", &[]),
            ("I love Christmas", &[]),
            ("Sound was bad", &[]),
            ("I watched the first", &[]),
            ("Musicals are a bore", &[]),
            ("i loved solaris", &[]),
            ("I'd like Thai food", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<String> = sentences(text)
                .iter()
                .flat_map(|sentence| {
                    let known = |place: usize| ["car", "horror"].contains(&sentence.at(place)).then_some(1);
                    let name = |range: Range<usize>| {
                        sentence.words[range].iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ")
                    };
                    find(sentence, &vec![true; sentence.len()], &known).into_iter().map(name).collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
