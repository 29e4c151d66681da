//! Words that judge items: which way, and whether whoever says them has seen what they judge.

use super::{common::number, words::Sentence};

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

/// Verbs of somebody who has seen it, and which way they judge.
const SEEN: &[(&str, i8)] = &[
    ("loved", 1),
    ("liked", 1),
    ("enjoyed", 1),
    ("adored", 1),
    ("love", 1),
    ("like", 1),
    ("enjoy", 1),
    ("adore", 1),
    ("a fan of", 1),
    ("big fan of", 1),
    ("favourite", 1),
    ("favorite", 1),
    ("favourites", 1),
    ("favorites", 1),
    ("fond of", 1),
    ("cried at", 1),
    ("laughed at", 1),
    ("impressed by", 1),
    ("hated", -1),
    ("disliked", -1),
    ("despised", -1),
    ("detested", -1),
    ("hate", -1),
    ("dislike", -1),
    ("loathed", -1),
    ("can't stand", -1),
    ("cant stand", -1),
    ("couldn't stand", -1),
    ("fell asleep during", -1),
    ("fell asleep in", -1),
    ("fell asleep watching", -1),
    ("walked out of", -1),
    ("gave up on", -1),
    ("couldn't finish", -1),
    ("didn't finish", -1),
    ("turned off", -1),
    ("disappointed by", -1),
    ("disappointed with", -1),
    ("bored by", -1),
    ("couldn't get through", -1),
    ("could not get through", -1),
    ("couldn't get into", -1),
    ("didn't get into", -1),
    ("never finished", -1),
    ("didn't care for", -1),
    ("did not care for", -1),
    ("don't care for", -1),
    ("stopped watching", -1),
    ("switched off", -1),
    ("regret watching", -1),
    ("wasted my time on", -1),
    ("can't say i cared for", -1),
    ("can't say i liked", -1),
    ("can't say i enjoyed", -1),
    ("can't say i loved", -1),
    ("cannot say i liked", -1),
    ("wasted an evening on", -1),
    ("underwhelmed by", -1),
    ("let down by", -1),
    ("annoyed by", -1),
    ("had fun with", 1),
    ("had a great time with", 1),
    ("blown away by", 1),
    ("moved by", 1),
    ("obsessed with", 1),
    ("hooked on", 1),
    ("rewatch", 1),
    ("loving", 1),
    ("ended up loving", 1),
    ("ended up liking", 1),
    ("ended up enjoying", 1),
    ("ended up hating", -1),
    ("treasure", 1),
    ("appreciated", 1),
    ("seen", 0),
    ("saw", 0),
    ("i know", 0),
    ("we know", 0),
    ("caught", 0),
    ("watched", 0),
    ("rewatched", 0),
    ("already know", 0),
    ("have watched", 0),
    ("finished", 0),
];

/// Verbs of somebody who has not, and which way they judge.
const UNSEEN: &[(&str, i8)] = &[
    ("i'll watch", 1),
    ("i will watch", 1),
    ("we'll watch", 1),
    ("we will watch", 1),
    ("i'm going to watch", 1),
    ("going to watch", 1),
    ("gonna watch", 1),
    ("i'll take", 1),
    ("i'll go with", 1),
    ("i'll go for", 1),
    ("we'll go with", 1),
    ("we'll take", 1),
    ("going with", 1),
    ("let's watch", 1),
    ("let us watch", 1),
    ("let us go with", 1),
    ("let us see", 1),
    ("fancy", 1),
    ("in the mood for", 1),
    ("let's go with", 1),
    ("lets watch", 1),
    ("i'll try", 1),
    ("i'll give", 1),
    ("we'll try", 1),
    ("i pick", 1),
    ("i choose", 1),
    ("i want to watch", 1),
    ("i want to see", 1),
    ("i'd like to see", 1),
    ("i'd like to watch", 1),
    ("i'd watch", 1),
    ("can't wait to see", 1),
    ("can't wait to watch", 1),
    ("interested in", 1),
    ("tempted by", 1),
    ("curious about", 1),
    ("yes to", 1),
    ("thumbs up for", 1),
    ("thumbs up to", 1),
    ("like the look of", 1),
    ("like the sound of", 1),
    ("love the look of", 1),
    ("love the sound of", 1),
    ("intrigued by", 1),
    ("wouldn't mind", 1),
    ("would not mind", 1),
    ("don't mind", 1),
    ("up for", 1),
    ("happy to try", 1),
    ("happy to watch", 1),
    ("dying to see", 1),
    ("meaning to watch", 1),
    ("meaning to see", 1),
    ("on my watchlist", 1),
    ("drawn to", 1),
    ("keen on", 1),
    ("count me in for", 1),
    ("bookmark", 1),
    ("save", 1),
    ("i'd go for", 1),
    ("we'll go for", 1),
    ("let's do", 1),
    ("favourite of these is", 1),
    ("favorite of these is", 1),
    ("favourite of those is", 1),
    ("favorite of those is", 1),
    ("favourite of them is", 1),
    ("favorite of them is", 1),
    ("my pick is", 1),
    ("my choice is", 1),
    ("excited about", 1),
    ("looking forward to", 1),
    ("sold on", 1),
    ("into", 1),
    ("watching", 1),
    ("picking", 1),
    ("settle on", 1),
    ("keep", 1),
    ("keep showing me", -1),
    ("keep recommending", -1),
    ("keep suggesting", -1),
    ("keep showing", -1),
    ("keep giving me", -1),
    ("stop showing me", -1),
    ("stop showing", -1),
    ("stop recommending", -1),
    ("stop suggesting", -1),
    ("enough of", -1),
    ("fed up with", -1),
    ("bored of", -1),
    ("do not show", -1),
    ("do not recommend", -1),
    ("do not suggest", -1),
    ("never recommend", -1),
    ("never suggest", -1),
    ("never show", -1),
    ("not a fan of", -1),
    ("no fan of", -1),
    ("not keen on", -1),
    ("not sold on", -1),
    ("thumbs down to", -1),
    ("delete", -1),
    ("strike", -1),
    ("ditch", -1),
    ("scrap", -1),
    ("don't want", -1),
    ("do not want", -1),
    ("don't show me", -1),
    ("don't show", -1),
    ("don't recommend", -1),
    ("don't suggest", -1),
    ("never show me", -1),
    ("do not show me", -1),
    ("no more", -1),
    ("not interested in", -1),
    ("not in the mood for", -1),
    ("skip", -1),
    ("remove", -1),
    ("drop", -1),
    ("forget", -1),
    ("lose", -1),
    ("get rid of", -1),
    ("pass on", -1),
    ("leave out", -1),
    ("take out", -1),
    ("no to", -1),
    ("tired of", -1),
    ("sick of", -1),
    ("anything but", -1),
    ("except", -1),
    ("without", -1),
    ("thumbs down for", -1),
    ("hide", -1),
    ("exclude", -1),
    ("nothing like", -1),
    ("not", -1),
    ("no", -1),
    ("rather not", -1),
];

/// What is said of an item, and which way it judges.
const SAID: &[(&str, i8)] = &[
    ("great", 1),
    ("brilliant", 1),
    ("amazing", 1),
    ("awesome", 1),
    ("fantastic", 1),
    ("excellent", 1),
    ("wonderful", 1),
    ("perfect", 1),
    ("superb", 1),
    ("masterpiece", 1),
    ("lovely", 1),
    ("good", 1),
    ("nice", 1),
    ("fun", 1),
    ("funny", 1),
    ("hilarious", 1),
    ("incredible", 1),
    ("gorgeous", 1),
    ("best", 1),
    ("thumbs up", 1),
    ("hit the spot", 1),
    ("spot on", 1),
    ("terrific", 1),
    ("outstanding", 1),
    ("beautiful", 1),
    ("gripping", 1),
    ("magnificent", 1),
    ("stunning", 1),
    ("cool", 1),
    ("solid", 1),
    ("worked for me", 1),
    ("rocks", 1),
    ("rocked", 1),
    ("delightful", 1),
    ("charming", 1),
    ("moving", 1),
    ("classic", 1),
    ("fine", 1),
    ("interesting", 1),
    ("tempting", 1),
    ("promising", 1),
    ("intriguing", 1),
    ("blew me away", 1),
    ("my kind of", 1),
    ("right up my alley", 1),
    ("right up my street", 1),
    ("perfection", 1),
    ("nailed it", 1),
    ("well chosen", 1),
    ("does it for me", 1),
    ("just what i wanted", 1),
    ("exactly what i wanted", 1),
    ("so good", 1),
    ("underrated", 1),
    ("a gem", 1),
    ("exciting", 1),
    ("enjoyable", 1),
    ("entertaining", 1),
    ("decent", 1),
    ("touching", 1),
    ("made me cry", 1),
    ("made my day", 1),
    ("well done", 1),
    ("love it", 1),
    ("better", 1),
    ("masterpieces", 1),
    ("gems", 1),
    ("classics", 1),
    ("a classic", 1),
    ("a treat", 1),
    ("a winner", 1),
    ("winners", 1),
    ("top notch", 1),
    ("first class", 1),
    ("flawless", 1),
    ("unforgettable", 1),
    ("fabulous", 1),
    ("marvellous", 1),
    ("marvelous", 1),
    ("phenomenal", 1),
    ("riveting", 1),
    ("hooked me", 1),
    ("made me laugh", 1),
    ("made me laugh out loud", 1),
    ("made us laugh", 1),
    ("moved me", 1),
    ("never gets old", 1),
    ("never got old", 1),
    ("holds up", 1),
    ("dear to me", 1),
    ("dear to us", 1),
    ("close to my heart", 1),
    ("close to our hearts", 1),
    ("worth a try", 1),
    ("worth a shot", 1),
    ("worth a watch", 1),
    ("loved every minute", 1),
    ("loved every second", 1),
    ("held up", 1),
    ("exceeded my expectations", 1),
    ("what a film", 1),
    ("what a movie", 1),
    ("what a masterpiece", 1),
    ("what a ride", 1),
    ("what a gem", 1),
    ("exactly what i was looking for", 1),
    ("just what i was looking for", 1),
    ("what i was looking for", 1),
    ("what we were looking for", 1),
    ("exactly what i needed", 1),
    ("just what i needed", 1),
    ("what i had in mind", 1),
    ("my kind of film", 1),
    ("my kind of movie", 1),
    ("my cup of tea", 1),
    ("my thing", 1),
    ("my taste", 1),
    ("my jam", 1),
    ("a thousand times yes", 1),
    ("absolutely yes", 1),
    ("hell yes", 1),
    ("oh yes", 1),
    ("yes please", 1),
    ("will do", 1),
    ("boring", -1),
    ("bored", -1),
    ("bored me", -1),
    ("awful", -1),
    ("terrible", -1),
    ("bad", -1),
    ("dull", -1),
    ("worst", -1),
    ("horrible", -1),
    ("disappointing", -1),
    ("disappointed", -1),
    ("a disappointment", -1),
    ("overrated", -1),
    ("meh", -1),
    ("mediocre", -1),
    ("trash", -1),
    ("garbage", -1),
    ("rubbish", -1),
    ("crap", -1),
    ("lame", -1),
    ("weak", -1),
    ("not my thing", -1),
    ("not for me", -1),
    ("isn't for me", -1),
    ("wasn't for me", -1),
    ("aren't for me", -1),
    ("not my cup of tea", -1),
    ("wasn't my cup of tea", -1),
    ("isn't my cup of tea", -1),
    ("not my taste", -1),
    ("not to my taste", -1),
    ("not my style", -1),
    ("wasn't my thing", -1),
    ("isn't my thing", -1),
    ("isn't really my thing", -1),
    ("not really my thing", -1),
    ("thumbs down", -1),
    ("less so", -1),
    ("not so much", -1),
    ("not really", -1),
    ("waste of time", -1),
    ("did nothing for me", -1),
    ("put me to sleep", -1),
    ("left me cold", -1),
    ("fell flat", -1),
    ("unwatchable", -1),
    ("pretentious", -1),
    ("tedious", -1),
    ("forgettable", -1),
    ("no thanks", -1),
    ("no thank you", -1),
    ("nope", -1),
    ("wrong", -1),
    ("stinks", -1),
    ("sucks", -1),
    ("sucked", -1),
    ("drags", -1),
    ("dragged", -1),
    ("confusing", -1),
    ("predictable", -1),
    ("cheesy", -1),
    ("no good", -1),
    ("a mess", -1),
    ("not again", -1),
    ("please stop", -1),
    ("stop it", -1),
    ("didn't work for me", -1),
    ("doesn't appeal", -1),
    ("don't appeal", -1),
    ("doesn't interest me", -1),
    ("nothing special", 0),
    ("okay", 0),
    ("alright", 0),
    ("average", 0),
    ("so so", 0),
    ("ridiculous", -1),
    ("annoying", -1),
    ("depressing", -1),
    ("useless", -1),
    ("not what i", -1),
    ("isn't what i", -1),
    ("aren't what i", -1),
    ("is out", -1),
    ("are out", -1),
    ("worse", -1),
    ("slow", -1),
    ("overhyped", -1),
    ("a letdown", -1),
    ("let me down", -1),
    ("a bore", -1),
    ("a drag", -1),
    ("a chore", -1),
    ("a slog", -1),
    ("a waste", -1),
    ("a disaster", -1),
    ("dreadful", -1),
    ("appalling", -1),
    ("atrocious", -1),
    ("abysmal", -1),
    ("pointless", -1),
    ("messy", -1),
    ("lousy", -1),
    ("poor", -1),
    ("underwhelming", -1),
    ("insufferable", -1),
    ("unbearable", -1),
    ("laughable", -1),
    ("ruined my evening", -1),
    ("ruined my night", -1),
    ("ruined it", -1),
    ("lost me", -1),
    ("put me off", -1),
    ("puts me off", -1),
    ("putting me off", -1),
    ("doesn't grab me", -1),
    ("don't grab me", -1),
    ("didn't grab me", -1),
    ("doesn't do it for me", -1),
    ("don't do it for me", -1),
    ("didn't do it for me", -1),
    ("does nothing for me", -1),
    ("left me bored", -1),
    ("made me yawn", -1),
    ("hasn't aged well", -1),
    ("has not aged well", -1),
    ("what a mess", -1),
    ("what a waste", -1),
    ("what a bore", -1),
    ("enough", -1),
    ("hard pass", -1),
    ("rather not", -1),
    ("don't fit", -1),
    ("doesn't fit", -1),
    ("do not fit", -1),
    ("not what i had in mind", -1),
    ("not my kind of", -1),
    ("isn't my kind of", -1),
];

/// What is said also of an item that was not seen, if it is not said of the past.
const DISPOSED: [&str; 40] = [
    "not for me",
    "isn't for me",
    "aren't for me",
    "not my thing",
    "isn't my thing",
    "not my kind of",
    "isn't my kind of",
    "my kind of",
    "my thing",
    "my taste",
    "not my taste",
    "not my style",
    "my cup of tea",
    "not my cup of tea",
    "right up my alley",
    "right up my street",
    "nailed it",
    "does it for me",
    "doesn't do it for me",
    "don't do it for me",
    "does nothing for me",
    "doesn't grab me",
    "don't grab me",
    "puts me off",
    "putting me off",
    "exactly what i",
    "just what i",
    "what i was",
    "what we were",
    "what i had",
    "a thousand times yes",
    "absolutely yes",
    "hell yes",
    "worth a",
    "hard pass",
    "rather not",
    "no thanks",
    "no thank you",
    "nope",
    "enough",
];

/// Words that turn a judgement.
const TURNING: [&str; 16] = [
    "not", "didn't", "don't", "doesn't", "wasn't", "isn't", "weren't", "aren't", "never", "hardly", "didnt", "dont",
    "wasnt", "isnt", "nothing", "no",
];

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
    found
}

fn at(sentence: &Sentence, place: usize, open: &[bool]) -> Option<Cue> {
    let longest = |phrases: &[(&str, i8)]| {
        let hits = phrases.iter().filter(|(phrase, _)| sentence.has_at(place, phrase));
        let lengths = hits.map(|(phrase, sentiment)| (phrase.split(' ').count(), *sentiment));
        lengths
            .filter(|(length, _)| open[place..place + length].iter().all(|open| *open))
            .max_by_key(|(length, _)| *length)
    };
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
    // `Heat was better than Zodiac`
    if sentence.at(place) == "than" && ["better", "worse"].contains(&sentence.before(place, 1)) {
        let sentiment = if sentence.before(place, 1) == "better" { -1 } else { 1 };
        let seen = ["was", "were"].iter().any(|word| sentence.find(word).is_some());
        let judgement = Judgement { sentiment, seen, rating: None };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `I turned Heat off`
    let is_switch = ["turned", "switched"].contains(&sentence.at(place));
    if is_switch && (place + 2..place + 7).any(|off| sentence.at(off) == "off") {
        let judgement = Judgement { sentiment: -1, seen: true, rating: None };
        return Some(Cue { start: place, end: place + 1, side: Side::Before, judgement });
    }
    // `Heat it is!`
    if super::references::is_choice(sentence, place) {
        let judgement = Judgement { sentiment: 1, ..Judgement::default() };
        return Some(Cue { start: place, end: place + 2, side: Side::Behind, judgement });
    }
    // `Heat: yes.`
    let ends = place + 1 == sentence.len() || sentence.words[place + 1].gap == super::words::Gap::Pause;
    if sentence.at(place) == "yes" && place > 0 && ends && lengths == [0; 3] {
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
        let turned = sentiment > 0 && is_turned(sentence, place);
        let judgement = Judgement { sentiment: if turned { -1 } else { sentiment }, ..Judgement::default() };
        return Some(Cue { start: place, end, side: Side::Before, judgement });
    }
    let turned = is_turned(sentence, place);
    if lengths[0] == most {
        let (_, sentiment) = seen?;
        // `would love to`, `I'd like`: wishes; `like` behind anything but a person compares.
        let wishing = ["would", "i'd", "we'd", "you'd", "id"].contains(&sentence.before(place, 1));
        let speakers = [
            "i", "we", "really", "didn't", "don't", "do", "not", "also", "they", "dont", "didnt", "actually", "kids",
            "you",
        ];
        let compares = sentence.at(place) == "like" && !speakers.contains(&sentence.before(place, 1));
        if wishing || compares || sentence.at(place + most) == "to" && sentiment > 0 {
            return None;
        }
        // `I enjoyed neither Heat nor Zodiac`
        let turned = turned != (sentence.at(end) == "neither");
        let judgement = match (sentiment, turned) {
            // Not seen: nothing is known.
            (0, true) => return None,
            (0, false) => Judgement { seen: true, ..Judgement::default() },
            (sentiment, true) => Judgement { sentiment: -sentiment, seen: true, rating: None },
            (sentiment, false) => Judgement { sentiment, seen: true, rating: None },
        };
        return Some(Cue { start: place, end, side: Side::Before, judgement });
    }
    let (_, sentiment) = said?;
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
        if TURNING.contains(&word) || word == "haven't" || word == "havent" || word == "hasn't" {
            // `no, great`: a pause parts them.
            let parted = (0..back).any(|back| sentence.words[place - back].gap == super::words::Gap::Pause);
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
    if stars > 0 && stars <= 5 && word.chars().all(|c| c == super::words::STAR) {
        let sentiment = if stars >= 4 { 1 } else { -i8::from(stars <= 2) };
        let judgement = Judgement { sentiment, seen: true, rating: Some(stars as f64) };
        return Some(Cue { start: place, end: place + 1, side: Side::Behind, judgement });
    }
    let (value, scale, length) = if sentence.has_at(place, "half a star") {
        (0.5, 5.0, 3)
    } else if let Some((value, scale)) = word.split_once('/') {
        (number(value)?, number(scale)?, 1)
    } else {
        let value = number(word)?;
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
                    "hour", "hours", "minutes", "minute", "films", "film", "movies", "movie", "year", "years", "more",
                    "of", "out", "one", "or", "am", "pm",
                ];
                let behind_item = sentence.words[place].raw.starts_with(|c: char| c.is_ascii_digit());
                if !introduced.contains(&before) && !behind_item || counts.contains(&next) || before.is_empty() {
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
