//! Words that judge items: which way, and whether whoever says them has seen what they judge.

use std::ops::Range;

use super::{
    markers::{GROANS, NOT_SEEN},
    phrases::{FAINT, SAID, SEEN, TURNING},
    prospects::{IN_PROSPECT, UNSEEN},
    ratings,
    words::{Gap, Sentence},
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
pub(super) const OTHERS: [&str; 24] = [
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

/// What somebody says who thinks of it as they do.
pub(super) const AGREEING: [&str; 5] = ["so did i", "so do i", "me too", "i did too", "i do too"];

/// What is rather wanted than something.
const RATHER: [&str; 4] = ["i'd rather", "would rather", "anything else", "something else"];

/// How far behind a verb its `again` or `off` may stand.
const AGAIN: usize = 7;

/// Behind two films of which one is preferred to the other.
const ANY_DAY: [&str; 6] = ["any day", "any time", "anytime", "every time", "all day", "for me"];

/// The cues of a sentence, from left to right, among the words that are open.
pub(super) fn find(sentence: &Sentence, open: &[bool]) -> Vec<Cue> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < sentence.len() {
        let cue = if open[place] { ratings::at(sentence, place).or_else(|| at(sentence, place, open)) } else { None };
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

/// The cue that begins at a place.
fn at(sentence: &Sentence, place: usize, open: &[bool]) -> Option<Cue> {
    let is_open = |length: &usize| open[place..place + length].iter().all(|open| *open);
    let longest = |phrases: &[(&str, i8)]| {
        let hits = phrases.iter().filter(|(phrase, _)| sentence.has_at(place, phrase));
        let hits = hits.map(|(phrase, sentiment)| (phrase.split(' ').count(), *sentiment));
        hits.filter(|(length, _)| is_open(length)).max_by_key(|(length, _)| *length)
    };
    let not_seen = NOT_SEEN.iter().filter(|phrase| sentence.has_at(place, phrase));
    if let Some(length) = not_seen.map(|phrase| phrase.split(' ').count()).max() {
        return Some(Cue { start: place, end: place + length, side: Side::Before, judgement: Judgement::default() });
    }
    let groan = GROANS.iter().find(|phrase| place == 0 && sentence.has_at(place, phrase));
    let groan = groan.map(|phrase| phrase.split(' ').count());
    if let Some(length) = groan.or_else(|| (place == 0 && is_fed_up(sentence)).then_some(2)) {
        let judgement = Judgement { sentiment: -1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + length, side: Side::Behind, judgement });
    }
    if let Some(cue) = SHAPES.iter().find_map(|shape| shape(sentence, place)) {
        return Some(cue);
    }
    // The longest phrase is meant, and of equal ones the first of these.
    let kinds: [(&[(&str, i8)], Kind); 4] =
        [(UNSEEN, unseen), (SEEN, seen), (SAID, said), (IN_PROSPECT, said_in_prospect)];
    let mut best: Option<(usize, i8, Kind)> = None;
    for (phrases, kind) in kinds {
        if let Some((length, sentiment)) = longest(phrases)
            && best.is_none_or(|(most, ..)| length > most)
        {
            best = Some((length, sentiment, kind));
        }
    }
    match best {
        Some((length, sentiment, kind)) => kind(sentence, place..place + length, sentiment),
        None => answer(sentence, place),
    }
}

/// `Oh great, Heat again`, and not `Oh great, I loved Heat the second time`.
fn is_fed_up(sentence: &Sentence) -> bool {
    const TIMES: [&str; 4] = ["again", "for the second time", "for the third time", "for the tenth time"];
    sentence.has_any_at(0, &["oh great", "oh good", "oh joy", "oh no"])
        && sentence.has_any(&TIMES)
        && !sentence.has_any(&["watch", "watched", "see", "seen", "saw", "loved", "liked"])
}

/// What makes a cue of a phrase at some places that judges so.
type Kind = fn(&Sentence, Range<usize>, i8) -> Option<Cue>;

/// Cues that no list of phrases holds, in the order in which they are tried.
const SHAPES: [fn(&Sentence, usize) -> Option<Cue>; 10] =
    [not_seen_yet, excess, comparison, unlike, preference, switched_off, put, once_more, wish, choice];

/// A cue of what somebody thinks who has not seen it.
fn thought(places: Range<usize>, side: Side, sentiment: i8) -> Option<Cue> {
    let judgement = Judgement { sentiment, ..Judgement::default() };
    Some(Cue { start: places.start, end: places.end, side, judgement })
}

/// `Zodiac I haven't.`
fn not_seen_yet(sentence: &Sentence, place: usize) -> Option<Cue> {
    let phrase = ["i haven't", "we haven't", "i don't know", "i do not know", "we don't know"]
        .iter()
        .find(|phrase| sentence.has_at(place, phrase))?;
    let end = place + phrase.split(' ').count();
    ends_at(sentence, end).then_some(Cue { start: place, end, side: Side::Before, judgement: Judgement::default() })
}

/// What says nothing of what was shown.
const TOO_MANY: [&str; 7] = [
    "too many of",
    "too many times",
    "too many to",
    "too many choices",
    "too many options",
    "too many films",
    "too many movies",
];

/// `too long`, `too much violence`, but neither `me too` nor `seen it too often`.
fn excess(sentence: &Sentence, place: usize) -> Option<Cue> {
    let next = sentence.at(place + 1);
    if sentence.at(place) != "too"
        || ["", "and", "but", "please", "often"].contains(&next)
        || sentence.has_any_at(place, &TOO_MANY)
    {
        return None;
    }
    let sentiment = if is_turned(sentence, place) { 1 } else { -1 };
    let end = place + if ["much", "many"].contains(&next) { 3 } else { 2 };
    // `too old-fashioned`
    let is_joined = |place: &usize| sentence.words.get(*place).is_some_and(|word| word.gap == Gap::Hyphen);
    let end = (end..).find(|place| !is_joined(place)).unwrap_or(end);
    thought(place..end.min(sentence.len()), Side::Behind, sentiment)
}

/// `Heat was better than Zodiac`, `I liked Heat more than Zodiac`: both were seen, and only the first says that the second is
/// not liked. `I'd rather watch anything than Heat` says more.
fn comparison(sentence: &Sentence, place: usize) -> Option<Cue> {
    if sentence.at(place) == "than" && (0..place).any(|place| sentence.has_any_at(place, &RATHER)) {
        return thought(place..place + 1, Side::Before, -1);
    }
    // `Heat wasn't as good as Zodiac`
    let equals = sentence.at(place) == "as" && sentence.before(place, 2) == "as";
    if equals && sentence.has_any(&["wasn't", "isn't", "not", "nowhere"]) {
        let seen = sentence.has_any(&["wasn't", "was", "didn't"]);
        let judgement = Judgement { seen, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    if sentence.at(place) != "than" || !["better", "worse", "more", "less"].contains(&sentence.before(place, 1)) {
        return None;
    }
    let seen = sentence.has_any(&["was", "were", "liked", "loved", "enjoyed", "bored", "hated", "disliked"]);
    // `Zodiac bored me even more than Heat`: both did.
    if sentence.before(place, 2) == "even" && seen {
        let liked = match sentence.before(place, 1) {
            "more" => !sentence.has_any(&["bored", "hated", "disliked"]),
            comparative => comparative == "better",
        };
        let judgement = Judgement { sentiment: if liked { 1 } else { -1 }, seen, rating: None };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `Heat isn't better than Zodiac`, `anything better than Heat`
    let is_open = is_turned(sentence, place.saturating_sub(1))
        || sentence.words[..place]
            .iter()
            .any(|word| ["isn't", "wasn't", "anything", "something"].contains(&&*word.text));
    let sentiment = -i8::from(sentence.before(place, 1) == "better" && !is_open);
    let judgement = Judgement { sentiment, seen, rating: None };
    Some(Cue { start: place, end: place + 1, side: Side::Before, judgement })
}

/// `Not like Heat`: nothing of that kind. `I do not like Heat` is another thing.
fn unlike(sentence: &Sentence, place: usize) -> Option<Cue> {
    let begins = place == 0 || sentence.words[place].gap == Gap::Pause || sentence.before(place, 1) == "but";
    if !begins || !sentence.has_at(place, "not like") {
        return None;
    }
    thought(place..place + 2, Side::Before, -1)
}

/// `I prefer Heat to Zodiac`, `I'd pick Heat over Zodiac`, `Heat over Zodiac any day`.
fn preference(sentence: &Sentence, place: usize) -> Option<Cue> {
    let word = sentence.at(place);
    let prefers = |place: usize| sentence.at(place) == "prefer" && sentence.at(place + 1) != "to";
    let picks = |place: usize| ["pick", "choose", "take", "picked", "chose"].contains(&sentence.at(place));
    if prefers(place) {
        return thought(place..place + 1, Side::Before, 1);
    }
    let lesser = match word {
        "to" => (0..place).any(prefers),
        "over" => place > 0 && (sentence.has_any(&ANY_DAY) || (0..place).any(|place| prefers(place) || picks(place))),
        _ => false,
    };
    if !lesser {
        return None;
    }
    thought(place..place + 1, Side::Before, -1)
}

/// `I turned Heat off`, `take Heat off`.
fn switched_off(sentence: &Sentence, place: usize) -> Option<Cue> {
    let word = sentence.at(place);
    let is_switch = ["turned", "switched", "take"].contains(&word);
    if !is_switch || !(place + 2..place + AGAIN).any(|off| sentence.at(off) == "off") {
        return None;
    }
    let judgement = Judgement { sentiment: -1, seen: word != "take", rating: None };
    Some(Cue { start: place, end: place + 1, side: Side::Before, judgement })
}

/// `Put the rest on my list`, `leave the last one out`.
fn put(sentence: &Sentence, place: usize) -> Option<Cue> {
    let end = (place + 1..sentence.len()).find(|&end| ends_at(sentence, end)).unwrap_or(sentence.len());
    let ahead = |words: &[&str]| (place + 2..end.min(place + AGAIN)).any(|place| sentence.has_any_at(place, words));
    let sentiment = match sentence.at(place) {
        "put" if ahead(&["on my list", "on the list", "on my watchlist"]) => 1,
        "leave" if ahead(&["out"]) => -1,
        _ => return None,
    };
    let turned = is_turned(sentence, place);
    thought(place..place + 1, Side::Before, if turned { -sentiment } else { sentiment })
}

/// `I would watch it again`.
fn once_more(sentence: &Sentence, place: usize) -> Option<Cue> {
    let is_verb = ["watch", "see", "rewatch"].contains(&sentence.at(place));
    if !is_verb || !(place + 1..place + AGAIN).any(|again| sentence.at(again) == "again") {
        return None;
    }
    // `I don't want to see it again`
    let wanted = (1..=3).find(|&back| !["to", "want", "wanna", "need", "ever"].contains(&sentence.before(place, back)));
    let denied = sentence.before(place, wanted.unwrap_or(1));
    let turned = is_turned(sentence, place) || ["don't", "won't", "wouldn't", "never", "not"].contains(&denied);
    let judgement = Judgement { sentiment: if turned { -1 } else { 1 }, seen: true, rating: None };
    Some(Cue { start: place, end: place + 1, side: Side::Before, judgement })
}

/// `I'd really like to!`
fn wish(sentence: &Sentence, place: usize) -> Option<Cue> {
    let wishes = sentence.has_any_at(place, &["like to", "love to", "want to"]);
    if !wishes || !ends_at(sentence, place + 2) {
        return None;
    }
    thought(place..place + 2, Side::Behind, if is_turned(sentence, place) { -1 } else { 1 })
}

/// `Heat it is!`
fn choice(sentence: &Sentence, place: usize) -> Option<Cue> {
    if !super::references::is_choice(sentence, place) {
        return None;
    }
    thought(place..place + 2, Side::Behind, 1)
}

/// `Heat: yes.`
fn answer(sentence: &Sentence, place: usize) -> Option<Cue> {
    let answers = place > 0 || sentence.len() == 1;
    if sentence.at(place) != "yes" || !answers || !ends_at(sentence, place + 1) {
        return None;
    }
    thought(place..place + 1, Side::Behind, 1)
}

/// A phrase of [`UNSEEN`].
fn unseen(sentence: &Sentence, places: Range<usize>, sentiment: i8) -> Option<Cue> {
    let Range { start, end } = places;
    if places.len() == 1 {
        let (word, before) = (sentence.at(start), sentence.before(start, 1));
        // Only of somebody who speaks of themselves.
        let is_own = ["i'm", "i", "am", "we're", "really", "so", "let's"].contains(&before);
        if ["into", "watching", "picking", "keep"].contains(&word) && !is_own || word == "play" && start > 0 {
            return None;
        }
        // `Why not, let's try Heat`
        if word == "not" && before == "why" {
            return None;
        }
        // A denial before a verb or an adjective turns that.
        if ["not", "no"].contains(&word) && is_word_of_judgement(sentence, end) {
            return None;
        }
    }
    // `I'll give Heat a miss`
    let missed = sentence.at(end - 1) == "give" && sentence.has_any(&["a miss", "a pass"]);
    let turned = sentiment > 0 && (missed || is_turned(sentence, start));
    // `I'd watch Heat again`
    let seen = ["watch", "see"].contains(&sentence.at(end - 1))
        && (end..end + AGAIN).any(|again| sentence.at(again) == "again");
    let judgement = Judgement { sentiment: if turned { -1 } else { sentiment }, seen, rating: None };
    Some(Cue { start, end, side: Side::Before, judgement })
}

/// A phrase of [`SEEN`].
fn seen(sentence: &Sentence, places: Range<usize>, sentiment: i8) -> Option<Cue> {
    let Range { start, end } = places;
    let before = sentence.before(start, 1);
    // `would love to`, `I'd like`: wishes; `like` behind anything but a person compares.
    let wishing = ["would", "i'd", "we'd", "you'd", "id"].contains(&before);
    // `I would have liked Heat if it had been shorter`
    let likes = sentiment > 0 && sentence.at(end) != "to";
    if likes && sentence.has_at(start.saturating_sub(2), "would have") && sentence.has_any(&["if", "had it"]) {
        let judgement = Judgement { sentiment: -1, seen: true, rating: None };
        return Some(Cue { start, end, side: Side::Before, judgement });
    }
    // `I know I'd hate it`, `I doubt I'd enjoy it`, `I wouldn't like it`
    let dislikes = ["hate", "dislike"].contains(&sentence.at(start));
    let doubts = (2..=4).any(|back| ["doubt", "don't"].contains(&sentence.before(start, back)));
    if before == "wouldn't" || wishing && (dislikes || doubts) {
        return thought(start..end, Side::Before, -1);
    }
    let goes_on = ["i", "i'd", "i'll", "i'm", "it'll", "it'd", "you", "what", "how", "why", "nothing", "who", "where"];
    if sentence.has_any_at(start, &["i know", "we know"]) && goes_on.contains(&sentence.at(end)) {
        return None;
    }
    let speakers = ["i", "we", "really", "didn't", "don't", "do", "not", "also", "they", "actually", "kids", "you"];
    let compares = sentence.at(start) == "like" && !speakers.contains(&before);
    if wishing || compares || sentence.at(end) == "to" && sentiment > 0 {
        return None;
    }
    // `I enjoyed neither Heat nor Zodiac`
    let turned = is_turned(sentence, start) != (sentence.at(end) == "neither");
    // Not seen: nothing is known.
    if turned && sentiment == 0 {
        return None;
    }
    // `My wife hated it` tells nothing of having seen it oneself.
    let seen = !OTHERS.contains(&before) || sentence.has_any(&AGREEING);
    let judgement = Judgement { sentiment: if turned { -sentiment } else { sentiment }, seen, rating: None };
    Some(Cue { start, end, side: Side::Before, judgement })
}

/// A phrase of [`SAID`].
fn said(sentence: &Sentence, places: Range<usize>, sentiment: i8) -> Option<Cue> {
    // `Okay, Heat then.`
    if places.start == 0 && sentence.at(0) == "okay" && sentence.len() > 1 && ends_at(sentence, 1) {
        return None;
    }
    const HOPES: [&str; 10] =
        ["sounds", "looks", "seems", "sound", "look", "seem", "might", "could", "would", "looking"];
    // `I've heard that Zodiac is boring`
    const HEARSAY: [&str; 7] = ["heard", "says", "say", "said", "told", "apparently", "supposedly"];
    // `You call Heat a classic.`
    const SAID_TO_ME: [&str; 5] = ["you call", "you called", "you describe", "you claim", "you claimed"];
    if SAID_TO_ME.iter().any(|phrase| sentence.find(phrase).is_some_and(|place| place < places.start)) {
        return None;
    }
    // `fine, I guess`
    let guesses = |place: usize| sentence.has_any_at(place, &["i guess", "i suppose"]);
    let doubts = sentiment > 0 && (guesses(places.end) || guesses(sentence.len().saturating_sub(2)));
    let sentiment = if doubts { 0 } else { sentiment };
    let hopes = (1..=4).any(|back| HOPES.contains(&sentence.before(places.start, back)));
    let hears = sentence.words[..places.start].iter().any(|word| HEARSAY.contains(&word.text.as_str()));
    said_of(sentence, places, sentiment, !hopes && !hears)
}

/// A phrase of [`IN_PROSPECT`].
fn said_in_prospect(sentence: &Sentence, places: Range<usize>, sentiment: i8) -> Option<Cue> {
    const WAS: [&str; 4] = ["was", "were", "wasn't", "weren't"];
    let is_past = (1..=3).any(|back| WAS.contains(&sentence.before(places.start, back)));
    said_of(sentence, places, sentiment, is_past)
}

/// What is said of an item that was seen or not.
fn said_of(sentence: &Sentence, places: Range<usize>, sentiment: i8, seen: bool) -> Option<Cue> {
    let Range { start, end } = places;
    // `other classics`, `something good`: what is wanted.
    if ["other", "something", "anything"].contains(&sentence.before(start, 1)) {
        return None;
    }
    // `Neither Heat nor Zodiac was good`
    let neither = sentence.find("neither").is_some_and(|neither| neither < start) && sentence.find("nor").is_some();
    let sentiment = if is_turned(sentence, start) != neither { -sentiment } else { sentiment };
    Some(Cue { start, end, side: Side::Behind, judgement: Judgement { sentiment, seen, rating: None } })
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
        if INTENSIFIERS.contains(&sentence.at(place))
            || judges(SEEN, place)
            || judges(SAID, place)
            || judges(IN_PROSPECT, place)
        {
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
        "half",
        "much",
        "exactly",
        "my",
        "particularly",
        "near",
        "nearly",
        "big",
        "been",
        "have",
        "haven't",
        "sound",
        "look",
        "seem",
        "feel",
        "like",
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
