//! Words that judge items: which way, and whether whoever says them has seen what they judge.

use super::{
    common::number,
    markers::NOT_SEEN,
    phrases::{DISPOSED, FAINT, SAID, SEEN, TURNING, UNSEEN},
    words::{Gap, STAR, Sentence},
};

/// What is thought of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Judgement {
    /// Liked if positive, disliked if negative.
    pub(super) sentiment: i8,
    /// Whether it was seen.
    pub(super) seen: bool,
    /// From 1 to 5.
    pub(super) rating: Option<f64>,
}

/// How a cue finds what it judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It comes before: `loved Heat`.
    Before,
    /// It comes behind: `Heat was great`.
    Behind,
}

/// A word or phrase that judges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cue {
    /// The place of its first word.
    pub(super) start: usize,
    /// The place behind its last word.
    pub(super) end: usize,
    /// Where what it judges stands.
    pub(super) side: Side,
    /// What it says.
    pub(super) judgement: Judgement,
}

/// Who may have seen what the speaker has not.
const OTHERS: [&str; 24] = [
    "wife",
    "husband",
    "girlfriend",
    "boyfriend",
    "friend",
    "friends",
    "mom",
    "mum",
    "dad",
    "mother",
    "father",
    "sister",
    "brother",
    "son",
    "daughter",
    "kids",
    "children",
    "everyone",
    "everybody",
    "people",
    "critics",
    "he",
    "she",
    "nobody",
];

/// How far behind a verb its `again` may stand.
const AGAIN: usize = 7;

/// The cues of a sentence, from left to right, among the words that are open.
pub(super) fn find(sentence: &Sentence, open: &[bool]) -> Vec<Cue> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < sentence.len() {
        let cue = if open[place] { rating(sentence, place).or_else(|| at(sentence, place, open)) } else { None };
        match cue {
            Some(cue) => {
                place = cue.end;
                found.push(cue);
            }
            None => place += 1,
        }
    }
    if found.is_empty() {
        found.extend(faint(sentence));
    }
    found
}

/// `The Matrix is all talk`: what judges where nothing else does.
fn faint(sentence: &Sentence) -> Option<Cue> {
    let at = |phrase: &&str| Some((sentence.find(phrase)?, phrase.split(' ').count()));
    let (start, length) = FAINT.iter().find_map(at)?;
    let judgement = Judgement { sentiment: -1, seen: true, rating: None };
    Some(Cue { start, end: start + length, side: Side::Behind, judgement })
}

fn at(sentence: &Sentence, place: usize, open: &[bool]) -> Option<Cue> {
    let longest = |phrases: &[(&str, i8)]| {
        let hits = phrases.iter().filter(|(phrase, _)| sentence.has_at(place, phrase));
        let lengths = hits.map(|(phrase, sentiment)| (phrase.split(' ').count(), *sentiment));
        lengths
            .filter(|(length, _)| open[place..place + length].iter().all(|open| *open))
            .max_by_key(|(length, _)| *length)
    };
    let not_seen = NOT_SEEN.iter().filter(|phrase| sentence.has_at(place, phrase));
    if let Some(length) = not_seen.map(|phrase| phrase.split(' ').count()).max() {
        let (end, judgement) = (place + length, Judgement::default());
        return Some(Cue { start: place, end, side: Side::Before, judgement });
    }
    let (seen, unseen, said) = (longest(SEEN), longest(UNSEEN), longest(SAID));
    let lengths = [seen, unseen, said].map(|hit| hit.map_or(0, |(length, _)| length));
    // `too long`, `too much violence`, but not `me too`.
    if sentence.at(place) == "too"
        && place + 1 < sentence.len()
        && !["and", "but", "please"].contains(&sentence.at(place + 1))
    {
        let turned = is_turned(sentence, place);
        let judgement = Judgement { sentiment: if turned { 1 } else { -1 }, ..Judgement::default() };
        let length = if sentence.at(place + 1) == "much" { 2 } else { 1 };
        return Some(Cue {
            start: place,
            end: (place + length + 1).min(sentence.len()),
            side: Side::Behind,
            judgement,
        });
    }
    // `Heat was better than Zodiac`, `I liked Heat more than Zodiac`: both were seen, and of the second no more is said.
    if sentence.at(place) == "than" && ["better", "worse", "more", "less"].contains(&sentence.before(place, 1)) {
        let seen = ["was", "were", "liked", "loved", "enjoyed"].iter().any(|word| sentence.find(word).is_some());
        let judgement = Judgement { seen, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `Not like Heat`: nothing of that kind. `I do not like Heat` is another thing.
    let begins = place == 0 || sentence.words[place].gap == Gap::Pause || sentence.before(place, 1) == "but";
    if sentence.has_at(place, "not like") && begins {
        let judgement = Judgement { sentiment: -1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 2, side: Side::Before, judgement });
    }
    // `I prefer Heat to Zodiac`
    let prefers = |place: usize| sentence.at(place) == "prefer" && sentence.at(place + 1) != "to";
    if prefers(place) {
        let judgement = Judgement { sentiment: 1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    if ["to", "over"].contains(&sentence.at(place)) && (0..place).any(prefers) {
        let judgement = Judgement { sentiment: -1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `I turned Heat off`, `take Heat off`
    let is_switch = ["turned", "switched", "take"].contains(&sentence.at(place));
    if is_switch && (place + 2..place + 7).any(|off| sentence.at(off) == "off") {
        let judgement = Judgement { sentiment: -1, seen: sentence.at(place) != "take", rating: None };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `I would watch it again`
    let again = ["watch", "see", "rewatch"].contains(&sentence.at(place))
        && (place + 1..place + AGAIN).any(|again| sentence.at(again) == "again");
    if again {
        let sentiment = if is_turned(sentence, place) || sentence.before(place, 1) == "wouldn't" { -1 } else { 1 };
        let judgement = Judgement { sentiment, seen: true, rating: None };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `I'd really like to!`
    let wish = ["like to", "love to", "want to"].iter().any(|words| sentence.has_at(place, words));
    if wish && ends_at(sentence, place + 2) {
        let sentiment = if is_turned(sentence, place) { -1 } else { 1 };
        let judgement = Judgement { sentiment, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 2, side: Side::Behind, judgement });
    }
    // `Heat it is!`
    if super::references::is_choice(sentence, place) {
        let judgement = Judgement { sentiment: 1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 2, side: Side::Behind, judgement });
    }
    // `Heat: yes.`
    let answers = place > 0 || sentence.len() == 1;
    if sentence.at(place) == "yes" && answers && ends_at(sentence, place + 1) && lengths == [0; 3] {
        let judgement = Judgement { sentiment: 1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 1, side: Side::Behind, judgement });
    }
    let most = lengths.into_iter().max().filter(|length| *length > 0)?;
    let end = place + most;
    if lengths[1] == most {
        let (_, sentiment) = unseen?;
        // `into`, `watching`, `keep`: only of somebody who speaks of themselves.
        let alone = ["into", "watching", "picking", "keep"].contains(&sentence.at(place));
        if alone
            && most == 1
            && !["i'm", "i", "am", "we're", "really", "so", "let's"].contains(&sentence.before(place, 1))
        {
            return None;
        }
        // A denial before a verb or an adjective turns that.
        if most == 1 && ["not", "no"].contains(&sentence.at(place)) && is_word_of_judgement(sentence, place + 1) {
            return None;
        }
        // `I'll give Heat a miss`
        let missed = sentence.at(end - 1) == "give" && sentence.has_any(&["a miss", "a pass"]);
        let turned = sentiment > 0 && (missed || is_turned(sentence, place));
        // `I'd watch Heat again`
        let seen = ["watch", "see"].contains(&sentence.at(end - 1))
            && (end..end + AGAIN).any(|again| sentence.at(again) == "again");
        let judgement = Judgement { sentiment: if turned { -1 } else { sentiment }, seen, rating: None };
        return Some(Cue { start: place, end, side: Side::Before, judgement });
    }
    let turned = is_turned(sentence, place);
    if lengths[0] == most {
        let (_, sentiment) = seen?;
        // `would love to`, `I'd like`: wishes; `like` behind anything but a person compares.
        let wishing = ["would", "i'd", "we'd", "you'd", "id"].contains(&sentence.before(place, 1));
        let speakers = ["i", "we", "really", "didn't", "don't", "do", "not", "also", "they", "actually", "kids", "you"];
        let compares = sentence.at(place) == "like" && !speakers.contains(&sentence.before(place, 1));
        if wishing || compares || sentence.at(place + most) == "to" && sentiment > 0 {
            return None;
        }
        // `I enjoyed neither Heat nor Zodiac`
        let turned = turned != (sentence.at(end) == "neither");
        // `My wife hated it` tells nothing of having seen it oneself.
        let seen = !OTHERS.contains(&sentence.before(place, 1));
        let judgement = match (sentiment, turned) {
            // Not seen: nothing is known.
            (0, true) => return None,
            (0, false) => Judgement { seen, ..Judgement::default() },
            (sentiment, true) => Judgement { sentiment: -sentiment, seen, rating: None },
            (sentiment, false) => Judgement { sentiment, seen, rating: None },
        };
        return Some(Cue { start: place, end, side: Side::Before, judgement });
    }
    let (_, sentiment) = said?;
    // `other classics`, `something good`: what is wanted.
    if ["other", "something", "anything"].contains(&sentence.before(place, 1)) {
        return None;
    }
    let hopes = (1..=4).any(|back| {
        ["sounds", "looks", "seems", "sound", "look", "seem", "might", "could", "would", "looking"]
            .contains(&sentence.before(place, back))
    });
    let is_past = (1..=3).any(|back| ["was", "were", "wasn't", "weren't"].contains(&sentence.before(place, back)));
    let hopes = hopes || !is_past && DISPOSED.iter().any(|phrase| sentence.has_at(place, phrase));
    // `Neither Heat nor Zodiac was good`
    let neither = sentence.find("neither").is_some_and(|neither| neither < place) && sentence.find("nor").is_some();
    let turned = turned != neither;
    let sentiment = if turned { -sentiment } else { sentiment };
    Some(Cue { start: place, end, side: Side::Behind, judgement: Judgement { sentiment, seen: !hopes, rating: None } })
}

/// Whether the sentence ends or pauses before a place.
pub(super) fn ends_at(sentence: &Sentence, place: usize) -> bool {
    sentence.words.get(place).is_none_or(|word| word.gap == Gap::Pause)
}

fn is_word_of_judgement(sentence: &Sentence, place: usize) -> bool {
    const INTENSIFIERS: [&str; 8] = ["too", "very", "really", "so", "that", "much", "big", "as"];
    const FILLERS: [&str; 3] = ["a", "my", "the"];
    let judges = |phrases: &[(&str, i8)], place| phrases.iter().any(|(phrase, _)| sentence.has_at(place, phrase));
    for place in place..place + 3 {
        if INTENSIFIERS.contains(&sentence.at(place)) || judges(SEEN, place) || judges(SAID, place) {
            return true;
        }
        if !FILLERS.contains(&sentence.at(place)) {
            return false;
        }
    }
    false
}

/// Whether one of the few words before a place turns what it says.
fn is_turned(sentence: &Sentence, place: usize) -> bool {
    let between = [
        "a",
        "the",
        "that",
        "very",
        "really",
        "so",
        "as",
        "all",
        "too",
        "such",
        "quite",
        "even",
        "much",
        "exactly",
        "my",
        "particularly",
        "big",
        "been",
        "have",
        "haven't",
    ];
    for back in 1..=4 {
        let word = sentence.before(place, back);
        if TURNING.contains(&word) || word == "haven't" || word == "hasn't" {
            // `no, great`: a pause parts them.
            let parted = (0..back).any(|back| sentence.words[place - back].gap == Gap::Pause);
            // `never been so bored`
            let most = word == "never" && (1..back).any(|back| ["so", "more"].contains(&sentence.before(place, back)));
            return !parted && !most;
        }
        if !between.contains(&word) {
            return false;
        }
    }
    false
}

/// `5/5`, `4 out of 5`, `three stars`, `is a 4`: a rating from 1 to 5.
fn rating(sentence: &Sentence, place: usize) -> Option<Cue> {
    let word = sentence.at(place);
    // `★★★★`
    let stars = word.chars().count();
    if stars > 0 && stars <= 5 && word.chars().all(|c| c == STAR) {
        let sentiment = if stars >= 4 { 1 } else { -i8::from(stars <= 2) };
        let judgement = Judgement { sentiment, seen: true, rating: Some(stars as f64) };
        return Some(Cue { start: place, end: place + 1, side: Side::Behind, judgement });
    }
    let (value, scale, length) = if sentence.has_at(place, "half a star") {
        (0.5, 5.0, 3)
    } else if let Some((value, scale)) = word.split_once('/') {
        (number(value)?, number(scale)?, 1)
    } else {
        // `a single star`
        let value = if sentence.has_at(place, "single star") { 1.0 } else { number(word)? };
        match (sentence.at(place + 1), sentence.at(place + 2), sentence.at(place + 3)) {
            ("out", "of", scale) => (value, number(scale)?, 4),
            ("star" | "stars", "out", "of") => (value, number(sentence.at(place + 4))?, 5),
            // `five stars for Heat, one for Zodiac`
            ("for", ..)
                if sentence.words[..place].iter().any(|word| ["star", "stars"].contains(&word.text.as_str())) =>
            {
                (value, 5.0, 1)
            }
            ("star" | "stars", ..) => (value, if value <= 5.0 { 5.0 } else { 10.0 }, 2),
            (next, ..) => {
                let before = sentence.before(place, 1);
                let introduced = [
                    "a", "an", "is", "gets", "get", "deserves", "earns", "rate", "rated", "solid", "at", "only", "gave",
                ];
                let counts = [
                    "thumbs", "hour", "hours", "minutes", "minute", "films", "film", "movies", "movie", "year",
                    "years", "more", "of", "out", "one", "or", "am", "pm",
                ];
                let behind_item = sentence.words[place].raw.starts_with(|c: char| c.is_ascii_digit());
                let is_half = value >= 0.5 && (value * 2.0).fract() == 0.0;
                if !introduced.contains(&before) && !behind_item
                    || counts.contains(&next)
                    || before.is_empty()
                    || !is_half
                {
                    return None;
                }
                (value, if value <= 5.0 { 5.0 } else { 10.0 }, 1)
            }
        }
    };
    if !(0.0..=scale).contains(&value) || ![5.0, 10.0, 100.0].contains(&scale) {
        return None;
    }
    let rating = value * 5.0 / scale;
    let sentiment = if rating >= 3.5 { 1 } else { -i8::from(rating <= 2.5) };
    let end = place + length;
    // `5 stars for Heat`
    let side = if ["for", "to"].contains(&sentence.at(end)) { Side::Before } else { Side::Behind };
    Some(Cue { start: place, end, side, judgement: Judgement { sentiment, seen: true, rating: Some(rating) } })
}
