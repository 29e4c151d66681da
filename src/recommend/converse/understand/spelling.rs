//! Slips of the keyboard in words that judge: `teriffic`, `looooved`.

use std::sync::LazyLock;

use strsim::{levenshtein, osa_distance};

use super::{
    phrases::{SAID, SEEN},
    prospects::IN_PROSPECT,
    words::{Sentence, Word},
};

/// The fewest letters of a word that is recognized with a slip, and not with letters doubled or single.
const SHORTEST: usize = 7;
/// The fewest of one whose letters are doubled or single against the rules.
const SHORTEST_DOUBLED: usize = 6;

/// The fewest letters of a genre's name that is recognized so.
const SHORTEST_GENRE: usize = 5;

/// A word that judges, and the same with every letter that is repeated written once.
struct Known {
    word: &'static str,
    single: String,
}

/// The words that judge by themselves.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let phrases = [SEEN, SAID, IN_PROSPECT].into_iter().flatten().map(|(phrase, _)| *phrase);
    let words = phrases.filter(|phrase| phrase.chars().all(char::is_alphabetic));
    words.map(|word| Known { word, single: single(word) }).collect()
});

/// Spells the words that judge as they are known. A capital within a sentence is a name's.
pub(super) fn mend(sentence: &mut Sentence) {
    for (place, word) in sentence.words.iter_mut().enumerate() {
        if (place == 0 || !word.is_capital()) && !word.quoted {
            mend_word(word);
        }
    }
}

fn mend_word(word: &mut Word) {
    let letters: Vec<char> = word.text.chars().collect();
    let is_drawn_out = letters.windows(3).any(|three| three.iter().all(|letter| *letter == three[0]));
    if !is_drawn_out && letters.len() < SHORTEST_DOUBLED || KNOWN.iter().any(|known| known.word == word.text) {
        return;
    }
    let own = single(&word.text);
    let is_slip = |known: &Known| {
        let ends = known.word.chars().next() == letters.first().copied()
            && known.word.chars().last() == letters.last().copied();
        ends && letters.len().min(known.word.len()) >= SHORTEST && osa_distance(known.word, &word.text) == 1
    };
    if let Some(known) = KNOWN.iter().find(|known| known.single == own).or_else(|| KNOWN.iter().find(|k| is_slip(k))) {
        word.text = known.word.to_owned();
    }
}

/// Whether a word is a known one with two neighbours swapped, a letter left out, or one doubled or single against the rules:
/// slips that seldom make another word.
pub(super) fn slipped(known: &str, word: &str) -> bool {
    let is_long = known.len() >= SHORTEST_GENRE && !known.contains(' ');
    let one_off = || osa_distance(known, word) == 1;
    let is_swapped = || known.len() == word.len() && levenshtein(known, word) == 2;
    is_long
        && known.chars().next() == word.chars().next()
        && (known != word && single(known) == single(word)
            || word.len() >= SHORTEST_DOUBLED && one_off() && (known.len() == word.len() + 1 || is_swapped()))
}

/// A word without letters that repeat the one before.
fn single(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.dedup();
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn words_that_judge_are_known_with_slips() {
        let cases = [
            ("it was teriffic", "it was terrific"),
            ("looooved it", "loved it"),
            ("Borrring!", "boring"),
            ("a briliant film", "a brilliant film"),
            ("watched, wacthed and watches", "watched watched and watches"),
            ("the Exciitng affair", "the exciitng affair"),
            ("classic classics", "classic classics"),
            ("I am on a running track", "i am on a running track"),
        ];
        for (text, expected) in cases {
            let mut sentence = sentences(text).remove(0);
            mend(&mut sentence);
            let words: Vec<&str> = sentence.words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(words.join(" "), expected, "{text}");
        }
    }
}
