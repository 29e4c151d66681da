//! Adverbs that soften a denial and leave what it denies as it is: `not really my thing`.

use super::words::{Gap, Sentence};

/// Words that deny what follows.
const DENIALS: [&str; 14] = [
    "not", "isn't", "wasn't", "aren't", "weren't", "don't", "didn't", "doesn't", "haven't", "won't", "wouldn't",
    "can't", "couldn't", "isnt",
];
/// Adverbs between a denial and what it denies.
const HEDGES: [&str; 11] = [
    "really",
    "quite",
    "exactly",
    "entirely",
    "particularly",
    "precisely",
    "honestly",
    "especially",
    "actually",
    "totally",
    "necessarily",
];
/// Words in front of which an adverb says how much: `not quite as good`.
const OF_DEGREE: [&str; 4] = ["so", "as", "too", "much"];

/// Takes the hedges out of a sentence. `Not really.` stays: it answers.
pub(super) fn leave_out(sentence: &mut Sentence) {
    let is_hedge = |place: usize| {
        let (Some(word), Some(next)) = (sentence.words.get(place), sentence.words.get(place + 1)) else { return false };
        DENIALS.contains(&sentence.before(place, 1))
            && HEDGES.contains(&&*word.text)
            && !word.is_capital()
            && word.gap == Gap::Space
            && next.gap == Gap::Space
            && !OF_DEGREE.contains(&&*next.text)
    };
    let hedges: Vec<usize> = (1..sentence.len()).filter(|&place| is_hedge(place)).collect();
    hedges.into_iter().rev().for_each(|place| drop(sentence.words.remove(place)));
}
