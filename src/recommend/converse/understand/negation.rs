//! What is not wanted: how far a `no` reaches.

use super::words::{Gap, Sentence};

/// Words that deny what follows them.
const DENIALS: &[&str] = &[
    "no",
    "not",
    "non",
    "never",
    "without",
    "nothing",
    "none",
    "neither",
    "nor",
    "don't",
    "doesn't",
    "didn't",
    "won't",
    "can't",
    "cannot",
    "isn't",
    "aren't",
    "wasn't",
    "wouldn't",
    "shouldn't",
    "except",
    "excluding",
    "exclude",
    "minus",
    "avoid",
    "avoiding",
    "skip",
    "hate",
    "hates",
    "dislike",
    "dislikes",
    "detest",
    "loathe",
    "less",
    "fewer",
    "stop",
    "zero",
    "ban",
    "hold",
    "allergic",
    "leave",
    "dont't",
    "despise",
    "forget",
];

/// Denials of several words.
const DENYING: &[&str] = &[
    "tired of",
    "sick of",
    "fed up with",
    "bored of",
    "bored with",
    "enough of",
    "rather than",
    "instead of",
    "anything but",
    "everything but",
    "other than",
    "apart from",
    "steer clear of",
    "stay away from",
    "had enough",
    "scared of",
    "afraid of",
    "too much",
    "too many",
    "off the table",
];

/// Words behind which a wish of its own begins.
const WISHES: &[&str] = &[
    "but",
    "however",
    "though",
    "although",
    "something",
    "more",
    "instead",
    "prefer",
    "maybe",
    "perhaps",
    "yet",
    "show",
    "give",
    "find",
    "recommend",
    "suggest",
    "looking",
    "just",
    "only",
    "please",
    "still",
];

/// Verbs that a denial before them turns: `don't like`.
const WANTING: &[&str] =
    &["want", "like", "love", "enjoy", "need", "fancy", "mind", "prefer", "watch", "feel", "into", "want"];

/// Whether what stands from `start` on is denied. `is_listed` says of a place whether it belongs to a list of such things.
pub(super) fn is_denied(sentence: &Sentence, start: usize, is_listed: &dyn Fn(usize) -> bool) -> bool {
    // `not scary enough`: more of it is wanted.
    if sentence.at(start + 1) == "enough" {
        return false;
    }
    let mut place = start;
    while place > 0 {
        if sentence.words[place].gap == Gap::Pause && !joins(sentence, place, is_listed) {
            return false;
        }
        place -= 1;
        let word = sentence.at(place);
        if DENYING.iter().any(|phrase| sentence.has_at(place, phrase)) {
            // `can't get enough of`
            return sentence.before(place, 1) != "get";
        }
        match word {
            // `not only`, `don't mind`, `nothing but`, `why not`
            "only" | "just" if sentence.before(place, 1) == "not" => return false,
            "mind" => return false,
            "but" if sentence.before(place, 1) == "nothing" => return false,
            "but" if ["anything", "everything"].contains(&sentence.before(place, 1)) => return true,
            "not" if sentence.before(place, 1) == "why" => return false,
            // `no more westerns`, `not another`
            "more" | "another" if is_denial(sentence.before(place, 1)) => return true,
            // `No, actually a thriller`: what was understood is denied.
            "no" if place == 0 && CORRECTING.contains(&sentence.at(1)) => return false,
            _ if is_denial(word) => return true,
            _ if WISHES.contains(&word) => return false,
            _ if WANTING.contains(&word) => {
                let back = |back: usize| is_denial(sentence.before(place, back));
                return back(1) || back(2);
            }
            _ => {}
        }
    }
    false
}

/// Words of somebody who corrects what was understood.
const CORRECTING: [&str; 7] = ["actually", "wait", "sorry", "rather", "i", "make", "maybe"];

/// Words before what is listed: `no war, crime or anything scary`.
const ANY: [&str; 3] = ["any", "anything", "all"];

/// Whether a word denies what follows it.
pub(super) fn is_denial(word: &str) -> bool {
    DENIALS.contains(&word)
}

/// Whether the comma before a place is one of a list that ends in `or` or `and`: `no horror, westerns or musicals`. A
/// denial before a comma alone ends there: `no horror, a comedy`.
fn joins(sentence: &Sentence, place: usize, is_listed: &dyn Fn(usize) -> bool) -> bool {
    let mut ahead = place;
    while ahead < sentence.len() {
        match sentence.at(ahead) {
            "or" | "nor" | "and" => {
                return ahead + 1 < sentence.len() && (is_listed(ahead + 1) || ANY.contains(&sentence.at(ahead + 1)));
            }
            word if is_listed(ahead) || ANY.contains(&word) => ahead += 1,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn a_denial_reaches_as_far_as_people_mean_it() {
        let things = ["horror", "westerns", "musicals", "comedy", "scary"];
        let cases: [(&str, &[&str]); 22] = [
            ("anything except comedy, westerns and anything scary", &["comedy", "westerns", "scary"]),
            ("no actually a comedy", &[]),
            ("no horror", &["horror"]),
            ("no horror, westerns or musicals", &["horror", "westerns", "musicals"]),
            ("no horror or westerns", &["horror", "westerns"]),
            ("no horror, comedy please", &["horror"]),
            ("no horror but a comedy", &["horror"]),
            ("I don't like horror, I like comedy", &["horror"]),
            ("I don't want any horror", &["horror"]),
            ("I don't mind horror", &[]),
            ("nothing scary", &["scary"]),
            ("not too scary", &["scary"]),
            ("a comedy, not scary", &["scary"]),
            ("not only comedy", &[]),
            ("nothing but westerns", &[]),
            ("anything but westerns", &["westerns"]),
            ("I'm tired of westerns", &["westerns"]),
            ("can't get enough of westerns", &[]),
            ("not scary enough", &[]),
            ("no more westerns", &["westerns"]),
            ("more comedy", &[]),
            ("comedy instead of horror", &["horror"]),
        ];
        for (text, expected) in cases {
            let sentence = &sentences(text)[0];
            let is_thing = |place: usize| things.contains(&sentence.at(place));
            let denied = (0..sentence.len()).filter(|&place| is_thing(place) && is_denied(sentence, place, &is_thing));
            assert_eq!(denied.map(|place| sentence.at(place)).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
