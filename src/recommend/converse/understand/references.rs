//! Shown items that a message points at without their titles: `the second one`, `all of them`, `it`.

use super::{
    common::number,
    markers::SAW,
    words::{Gap, Sentence},
};

/// Ordinals.
const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
/// Words for an item behind an ordinal.
const NOUNS: [&str; 14] = [
    "one",
    "ones",
    "film",
    "films",
    "movie",
    "movies",
    "pick",
    "title",
    "option",
    "suggestion",
    "recommendation",
    "item",
    "choice",
    "entry",
];
/// Words that an ordinal without a noun is no reference before.
const NOT_ITEMS: [&str; 26] = [
    "ten", "twenty", "few", "couple", "year", "years", "decade", "decades", "century", "week", "night", "tip", "tips",
    "advice", "time", "half", "act", "part", "scene", "minute", "minutes", "hour", "place", "thing", "season", "name",
];
/// Names for all that was shown.
const ALL: [&str; 35] = [
    "all of them",
    "all of these",
    "all of those",
    "them all",
    "these all",
    "all three",
    "all five",
    "all four",
    "everything here",
    "everything on the list",
    "everything on that list",
    "everything on this list",
    "everything on your list",
    "the whole list",
    "your picks",
    "your suggestions",
    "your recommendations",
    "your choices",
    "list",
    "picks",
    "suggestions",
    "recommendations",
    "selection",
    "choices",
    "these films",
    "those films",
    "these movies",
    "those movies",
    "these ones",
    "these",
    "those",
    "they",
    "they're",
    "them",
    "every one",
];
/// Words behind which `all` is not all that was shown.
const NOT_ALL: [&str; 14] =
    ["in", "right", "the", "of", "i", "my", "we", "our", "set", "good", "that", "this", "you", ""];
/// Names for all that was shown which deny what is said of it.
const NONE: [&str; 19] = [
    "none of these",
    "none of them",
    "none of those",
    "not any of these",
    "neither of them",
    "neither of these",
    "neither",
    "nothing here",
    "nothing on the list",
    "none",
    "not one of these",
    "not one of them",
    "no one of these",
    "not a single one of these",
    "not a single one of them",
    "not a single one of those",
    "not a single one",
    "not one of those",
    "none of those films",
];
/// What is left of a list when some of it was named.
const REST: [&str; 13] = [
    "these others",
    "those others",
    "other two",
    "the rest",
    "rest of them",
    "rest of these",
    "rest of those",
    "the others",
    "the other ones",
    "the other two",
    "the other films",
    "the other movies",
    "the other one",
];
/// Words for the item that is spoken of.
const IT: [&str; 11] = [
    "the film itself",
    "the movie itself",
    "that one",
    "this one",
    "that film",
    "that movie",
    "this film",
    "this movie",
    "it",
    "it's",
    "its",
];

/// Words behind which `it` is what is wanted.
const WANTED: [&str; 12] =
    ["should", "must", "has", "can", "could", "may", "might", "needs", "shouldn't", "mustn't", "can't", "cannot"];

/// Words behind the number of an item that is spoken of.
const BEHIND_NUMBERS: [&str; 23] = [
    "and", "or", "is", "are", "was", "were", "isn't", "wasn't", "looks", "look", "sounds", "sound", "seems", "doesn't",
    "don't", "didn't", "yes", "no", "good", "bad", "great", "maybe", "i've",
];
/// Words before one, beside [`SAW`].
const BEFORE_NUMBERS: [&str; 9] = ["except", "but", "like", "love", "hate", "on", "skip", "not", "numbers"];

/// What a reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Places of the list that was shown.
    Places(Vec<usize>),
    /// All of it. Whether the suggestions are meant and not the films: `great list`.
    All {
        /// Whether what is said is denied: `none of these`.
        denied: bool,
    },
    /// What of it was not named.
    Rest,
    /// The item that is spoken of.
    It,
}

/// A reference and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The place of its first word.
    pub(super) start: usize,
    /// The place behind its last word.
    pub(super) end: usize,
    /// What it points at.
    pub(super) target: Target,
}

/// The references of a sentence to a list of `shown` items, from left to right.
pub(super) fn find(sentence: &Sentence, open: &[bool], shown: usize) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    let mut place = 0;
    while place < sentence.len() {
        let last = found.last().filter(|last| matches!(last.target, Target::Places(_)));
        // Where nothing was shown, what the message names can still be meant.
        let here = match shown {
            0 => pronoun(sentence, place),
            _ => listed(sentence, open, place, shown, last).or_else(|| at(sentence, place, shown, last)),
        };
        match here.filter(|reference| open[reference.start..reference.end].iter().all(|open| *open)) {
            Some(reference) => {
                place = reference.end;
                found.push(reference);
            }
            None => place += 1,
        }
    }
    found
}

/// `it`, or `them`: what was named.
fn pronoun(sentence: &Sentence, place: usize) -> Option<Reference> {
    let (length, target) = match sentence.at(place) {
        "they" | "they're" | "them" | "both" => (1, Target::All { denied: false }),
        _ => (it(sentence, place)?, Target::It),
    };
    Some(Reference { start: place, end: place + length, target })
}

/// How many words at a place are the item that is spoken of. `It should be short` is not: what is wanted, not what was shown.
fn it(sentence: &Sentence, place: usize) -> Option<usize> {
    let lengths = IT.iter().filter(|phrase| sentence.has_at(place, phrase)).map(|phrase| phrase.split(' ').count());
    // `I'll watch that`
    let before = sentence.before(place, 1);
    let is_object = sentence.at(place) == "that"
        && (["watch", "take", "try", "see"].contains(&before) || SAW.contains(&before))
        && sentence.words.get(place + 1).is_none_or(|next| next.gap == Gap::Pause);
    // `More like that!`
    let likened = ["that", "this"].contains(&sentence.at(place))
        && sentence.before(place, 1) == "like"
        && ["more", "something", "anything", "films", "movies"].contains(&sentence.before(place, 2))
        && sentence.words.get(place + 1).is_none_or(|next| next.gap == Gap::Pause);
    lengths
        .chain((likened || is_object).then_some(1))
        .max()
        .filter(|length| !WANTED.contains(&sentence.at(place + length)))
}

/// `1 and 3 look good`, `first: great, second: boring`: numbers of the list, where no title stands among them that they could
/// rate. `last` is the reference to places that was found before.
fn listed(
    sentence: &Sentence,
    open: &[bool],
    place: usize,
    shown: usize,
    last: Option<&Reference>,
) -> Option<Reference> {
    let word = sentence.words.get(place)?;
    let pauses = |place: usize| sentence.words.get(place).is_some_and(|word| word.gap == Gap::Pause);
    let (begins, is_parted) = (place == 0 || pauses(place), pauses(place + 1));
    let ordinal = ORDINALS.iter().position(|ordinal| *ordinal == word.text).filter(|_| {
        let next = sentence.at(place + 1);
        let answers = ["yes", "no", "nah", "nope"].contains(&next) || next.contains('/') && begins;
        begins && (is_parted || answers)
    });
    let digits = || word.raw.parse::<usize>().ok()?.checked_sub(1);
    let next = sentence.at(place + 1);
    let goes_on = last.is_some_and(|last| last.end + 1 == place) && ["and", "or"].contains(&sentence.before(place, 1));
    let turns = ["but", "and"].contains(&sentence.before(place, 1)) && BEHIND_NUMBERS.contains(&next);
    let is_subject = begins && (is_parted || BEHIND_NUMBERS.contains(&next)) || turns || ["was", "is"].contains(&next);
    let before = sentence.before(place, 1);
    let is_object =
        (BEFORE_NUMBERS.contains(&before) || SAW.contains(&before)) && (next.is_empty() || is_parted || next == "and");
    let index = match ordinal {
        Some(index) => index,
        None => digits().filter(|_| goes_on || is_subject || is_object)?,
    };
    let is_meant = index < shown && open.iter().all(|open| *open);
    is_meant.then(|| Reference { start: place, end: place + 1, target: Target::Places(vec![index]) })
}

/// The reference that begins at a place. `last` is the one to places that was found before it.
fn at(sentence: &Sentence, place: usize, shown: usize, last: Option<&Reference>) -> Option<Reference> {
    let phrase = |phrases: &[&str]| {
        let lengths = phrases.iter().filter(|phrase| sentence.has_at(place, phrase));
        lengths.map(|phrase| phrase.split(' ').count()).max()
    };
    let reference = |length: usize, target| Some(Reference { start: place, end: place + length, target });
    // `neither Heat nor Zodiac`: of these two.
    if let Some(length) = phrase(&NONE).filter(|length| *length > 1 || sentence.find("nor").is_none()) {
        return reference(length, Target::All { denied: true });
    }
    if let Some(length) = phrase(&REST) {
        return reference(length, Target::Rest);
    }
    // `Heat no, others yes`
    let begins = sentence.words[place].gap == Gap::Pause || ["and", "but"].contains(&sentence.before(place, 1));
    if sentence.at(place) == "others" && place > 0 && begins {
        return reference(1, Target::Rest);
    }
    if let Some((places, length)) = ordinal(sentence, place, shown) {
        return reference(length, Target::Places(places));
    }
    // `the first and third`
    if ["and", "or"].contains(&sentence.before(place, 1))
        && last.is_some_and(|last| last.end + 1 == place)
        && let Some(ordinal) = ORDINALS.iter().position(|ordinal| *ordinal == sentence.at(place))
        && ordinal < shown
    {
        let noun = usize::from(NOUNS.contains(&sentence.at(place + 1)));
        return reference(1 + noun, Target::Places(vec![ordinal]));
    }
    // `Remove Heat from the list`, `Add it to my list`: where, and not what.
    let is_where = sentence.at(place) == "list"
        && ["from", "off", "on", "in", "of", "to", "onto"].contains(&sentence.before(place, 2))
        && ["the", "this", "that", "your", "my", "our"].contains(&sentence.before(place, 1));
    if is_where {
        return None;
    }
    // `my favourite of these is Heat`: one of them is meant, and named elsewhere.
    let picks = [
        "favourite",
        "favorite",
        "pick",
        "choice",
        "best",
        "only",
        "most",
        "some",
        "few",
        "couple",
        "half",
        "many",
        "several",
    ];
    // `I'll watch one of these`: any of them.
    let takes = ["watch", "try", "see", "take", "pick", "choose"].contains(&sentence.before(place, 3));
    let count = number(sentence.before(place, 2)).is_some() && !takes;
    let picks = picks.contains(&sentence.before(place, 2)) || count;
    if picks && sentence.before(place, 1) == "of" {
        return None;
    }
    // `Of those three I've seen two`
    if sentence.before(place, 1) == "of" && place == 1 && sentence.find("seen").is_some() {
        return None;
    }
    // `All great`, but not `all in all`
    let excepts = sentence.has_any(&["except", "but", "apart from", "besides"]);
    let is_list = !NOT_ALL.contains(&sentence.at(1)) || sentence.at(1) == "good" && excepts;
    if sentence.at(place) == "all" && place == 0 && is_list {
        return reference(1, Target::All { denied: false });
    }
    // `Everything but Heat is great`
    let everything = ["everything", "all"].contains(&sentence.at(place));
    if everything && ["but", "except", "besides"].contains(&sentence.at(place + 1)) {
        return reference(1, Target::All { denied: false });
    }
    if sentence.has_at(place, "everything there") || sentence.has_at(place, "everything you") {
        return reference(2, Target::All { denied: false });
    }
    // `They showed us that at school`: people.
    let acts =
        ["showed", "show", "told", "tell", "say", "said", "taught", "gave", "played", "screened", "call", "called"];
    if sentence.at(place) == "they" && acts.contains(&sentence.at(place + 1)) {
        return None;
    }
    if let Some(length) = phrase(&ALL) {
        return reference(length, Target::All { denied: false });
    }
    if sentence.at(place) == "both" && shown >= 2 {
        return reference(1, Target::Places(if shown == 2 { vec![0, 1] } else { Vec::new() }));
    }
    // `Heat it is!`
    if is_choice(sentence, place) {
        return None;
    }
    reference(it(sentence, place)?, Target::It)
}

/// Whether `it is` at a place chooses what stands before: `Heat it is!`
pub(super) fn is_choice(sentence: &Sentence, place: usize) -> bool {
    let end = place + 2 + usize::from(sentence.at(place + 2) == "then");
    let ends = sentence.words.get(end).is_none_or(|word| word.gap == Gap::Pause);
    sentence.has_at(place, "it is") && place > 0 && ends
}

/// `the second one`, `the last two`, `number 3`, `the first`.
fn ordinal(sentence: &Sentence, place: usize, shown: usize) -> Option<(Vec<usize>, usize)> {
    if ["number", "no", "option", "film", "movie"].contains(&sentence.at(place))
        && let Some(value) = number(sentence.at(place + 1)).filter(|value| value.fract() == 0.0)
        && (1.0..=shown as f64).contains(&value)
        && (sentence.at(place) != "no" || sentence.at(place + 2).is_empty())
    {
        return Some((vec![value as usize - 1], 2));
    }
    let article = usize::from(["the", "your"].contains(&sentence.at(place)));
    let word = sentence.at(place + article);
    let digits = || ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)?.parse::<usize>().ok());
    let first = match ORDINALS.iter().position(|ordinal| *ordinal == word) {
        Some(place) => place,
        None => match word {
            "last" | "latter" | "final" | "bottom" => shown - 1,
            "former" | "top" => 0,
            "middle" => shown / 2,
            _ => digits()?.checked_sub(1)?,
        },
    };
    if first >= shown {
        return None;
    }
    let next = sentence.at(place + article + 1);
    // `the first two`, `the last two`
    let is_parted = sentence.words.get(place + article + 1).is_some_and(|word| word.gap == Gap::Pause);
    if let Some(count) = number(next).filter(|count| count.fract() == 0.0 && (2.0..=shown as f64).contains(count))
        && !is_parted
        && ["first", "last"].contains(&word)
    {
        let count = count as usize;
        let places = if word == "first" { (0..count).collect() } else { (shown - count..shown).collect() };
        let noun = usize::from(NOUNS.contains(&sentence.at(place + article + 2)));
        return Some((places, article + 2 + noun));
    }
    match NOUNS.contains(&next) && !is_parted {
        true => Some((vec![first], article + 2)),
        false => {
            (article == 1 && !NOT_ITEMS.contains(&next) && !["top", "final"].contains(&word)).then(|| (vec![first], 2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn references_are_found() {
        let all = |denied| Target::All { denied };
        let cases: [(&str, &[Target]); 28] = [
            ("the second one", &[Target::Places(vec![1])]),
            ("the first was boring", &[Target::Places(vec![0])]),
            ("the first time", &[]),
            ("the 3rd film", &[Target::Places(vec![2])]),
            ("the last two", &[Target::Places(vec![1, 2])]),
            ("number 2", &[Target::Places(vec![1])]),
            ("the fifth one", &[]),
            ("the last one", &[Target::Places(vec![2])]),
            ("I hate all of them", &[all(false)]),
            ("great list", &[all(false)]),
            ("none of these", &[all(true)]),
            ("the rest is fine", &[Target::Rest]),
            ("it was good", &[Target::It]),
            ("it should be short", &[]),
            ("the first and the third", &[Target::Places(vec![0]), Target::Places(vec![2])]),
            ("a second thought", &[]),
            ("the first and third", &[Target::Places(vec![0]), Target::Places(vec![2])]),
            ("take it off the list", &[Target::It]),
            ("my favourite of these is Heat", &[]),
            ("no thanks, none of those", &[all(true)]),
            ("1 and 3 look good", &[Target::Places(vec![0]), Target::Places(vec![2])]),
            ("I liked #1", &[Target::Places(vec![0])]),
            ("pass on 1 and 2", &[Target::Places(vec![0]), Target::Places(vec![1])]),
            ("2: seen it", &[Target::Places(vec![1]), Target::It]),
            ("first: great, second: boring", &[Target::Places(vec![0]), Target::Places(vec![1])]),
            ("4 stars for the first, 2 for the second", &[Target::Places(vec![0]), Target::Places(vec![1])]),
            ("2 hours at most", &[]),
            ("4 and 5 were too long", &[]),
        ];
        for (text, expected) in cases {
            let sentence = &sentences(text)[0];
            let found = find(sentence, &vec![true; sentence.len()], 3);
            let targets: Vec<Target> = found.into_iter().map(|reference| reference.target).collect();
            assert_eq!(targets, expected, "{text}");
        }
        let sentence = &sentences("the second one")[0];
        assert!(find(sentence, &[true; 3], 0).is_empty());
    }
}
