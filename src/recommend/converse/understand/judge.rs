//! Who is judged how: every item that a sentence names gets the cue that speaks of it.

use super::{
    cues::{Cue, Judgement, Side, ends_at},
    words::{Gap, Sentence},
};

/// Words that end the reach of a verb.
const TURNS: [&str; 7] = ["but", "though", "although", "while", "whereas", "however", "unlike"];
/// How many words may stand between a judging adjective and the noun behind it: `a great little list`.
const ADJECTIVE_REACH: usize = 2;

/// The judgement of each item that is named, by the span of its words, in order; `None` if nothing judges it.
pub(super) fn judge(sentence: &Sentence, items: &[(usize, usize)], cues: &[Cue]) -> Vec<Option<Judgement>> {
    let mut judged: Vec<Option<Judgement>> = vec![None; items.len()];
    let mut verb: Option<Judgement> = None;
    let mut ahead: Option<(usize, Judgement)> = None;
    // The items since the last cue.
    let mut group: Vec<usize> = Vec::new();
    let mut closed = false;
    let mut last: Option<Judgement> = None;
    let mut place = 0;
    while place < sentence.len() {
        if let Some(item) = items.iter().position(|(start, _)| *start == place) {
            // `Heat was clever, Zodiac dragged`: each has words of its own.
            let has_own =
                group.last().is_some_and(|&last| (items[last].1..place).any(|word| is_copula(sentence, word)));
            if closed || has_own {
                group.clear();
                closed = false;
            }
            if verb.is_some() && stands_alone(sentence, items[item], items.get(item + 1), cues) {
                verb = None;
            }
            group.push(item);
            if let Some((_, judgement)) = ahead.take().filter(|(end, _)| place - end <= ADJECTIVE_REACH) {
                judged[item] = Some(judgement);
            } else if let Some(judgement) = verb {
                judged[item] = Some(judgement);
            }
            place = items[item].1.max(place + 1);
            continue;
        }
        let cue = cues.iter().find(|cue| cue.start == place);
        // `everything except Heat`: what comes is said of both, and the reader knows better.
        let excepts = cue.is_some() && sentence.at(place) == "except" && !group.is_empty() && !closed;
        if let Some(cue) = cue.filter(|_| !excepts) {
            let judgement = cue.judgement;
            let waiting: Vec<usize> = group.iter().copied().filter(|&item| judged[item].is_none()).collect();
            let next_item = items.iter().map(|(start, _)| *start).find(|start| *start >= cue.end);
            // `Interesting selection, but no`
            let refuses = judgement.sentiment < 0
                && sentence
                    .has_any_at(cue.start, &["no", "nope", "nah", "not for me", "not my thing", "hard pass", "pass"])
                && cue.end == sentence.len()
                && sentence.before(cue.start, 1) == "but"
                && next_item.is_none();
            if refuses {
                for &item in &group {
                    let seen = judged[item].is_some_and(|old| old.seen);
                    judged[item] = Some(Judgement { seen, ..judgement });
                }
                break;
            }
            match cue.side {
                Side::Before => {
                    // `nah, seen them all`
                    ahead = ahead.filter(|_| judgement.sentiment != 0);
                    let limit = end_of_reach(sentence, cue.end, cues);
                    // `Heat I loved`, `Heat I know, Zodiac I don't`
                    let is_parted = cue.end < sentence.len() && sentence.words[cue.end].gap == Gap::Pause;
                    let has_subject = !closed && !waiting.is_empty();
                    let has_object = next_item.is_some_and(|start| start < limit) && !(has_subject && is_parted);
                    if !has_object && has_subject {
                        waiting.iter().for_each(|&item| judged[item] = Some(judgement));
                        (verb, closed, last) = (None, true, Some(judgement));
                        place = cue.end.max(place + 1);
                        continue;
                    }
                    // `Heat over Zodiac any day`, `I'd rather have Heat than Zodiac`
                    if ["over", "than"].contains(&sentence.at(cue.start)) && judgement.sentiment < 0 {
                        let better = Judgement { sentiment: -judgement.sentiment, ..judgement };
                        waiting.iter().for_each(|&item| judged[item] = Some(better));
                    }
                    // `I liked Heat but not Zodiac`: that was seen, too. `I've seen Heat, not Zodiac`: that was not.
                    let is_not = cue.end == cue.start + 1 && sentence.at(cue.start) == "not";
                    let is_news = last.is_some_and(|last| last.seen && last.sentiment == 0 && last.rating.is_none());
                    let parts = sentence.before(cue.start, 1) == "but" || sentence.words[cue.start].gap == Gap::Pause;
                    let but = parts && last.is_some_and(|last| last.seen);
                    verb = Some(match is_not && is_news {
                        true => Judgement::default(),
                        false => Judgement { seen: judgement.seen || is_not && but, ..judgement },
                    });
                    closed = true;
                }
                Side::Behind => {
                    let subject = group.last().copied().filter(|_| !closed);
                    match subject {
                        Some(subject)
                            if verb.is_none()
                                || waiting.is_empty() && has_copula(sentence, items[subject].1, cue.start) =>
                        {
                            let subjects = if waiting.is_empty() { vec![subject] } else { waiting };
                            // A second word on the same items does not turn the first: `great, if a bit slow`.
                            subjects.into_iter().for_each(|item| judged[item] = Some(judgement));
                            verb = None;
                            closed = true;
                        }
                        // `I watched Heat yesterday - what a film!`
                        Some(subject) => {
                            if let Some(old @ Judgement { sentiment: 0, rating: None, .. }) = judged[subject] {
                                judged[subject] = Some(Judgement { sentiment: judgement.sentiment, ..old });
                            }
                        }
                        // `I've seen Heat but fell asleep`, `She loved Heat, I fell asleep`
                        None if next_item.is_none() && closed && turns_last(sentence, cue, &group, &judged) => {
                            if let Some(&item) = group.last() {
                                let seen = judgement.seen || judged[item].is_some_and(|old| old.seen);
                                judged[item] = Some(Judgement { seen, ..judgement });
                            }
                        }
                        None => {
                            if let (true, Some(rating)) = (closed, judgement.rating) {
                                // `Loved it: 5/5`
                                if let Some(&item) = group.last() {
                                    let old = judged[item].unwrap_or_default();
                                    judged[item] = Some(Judgement { rating: Some(rating), ..old });
                                }
                            }
                            ahead = Some((cue.end, judgement));
                        }
                    }
                }
            }
            last = Some(judgement);
            place = cue.end.max(place + 1);
            continue;
        }
        let word = sentence.at(place);
        // `Heat over Zodiac`, `not Heat but Zodiac`
        if let (Some((length, turned)), Some(&item)) = (stands_between(sentence, items, place, verb), group.last()) {
            judged[item] = judged[item].or(Some(Judgement { sentiment: -turned.sentiment, ..turned }));
            (verb, closed) = (Some(turned), true);
            place += length;
            continue;
        }
        // `everything but Heat`
        let excepts = word == "but" && ["everything", "all"].contains(&sentence.before(place, 1));
        // `I've seen Heat, so Zodiac it is`
        // and not `just two people talking, so dull`
        let concludes = word == "so"
            && place > 0
            && sentence.words[place].gap == Gap::Pause
            && !cues.iter().any(|cue| cue.start == place + 1);
        if (TURNS.contains(&word) || concludes) && !excepts {
            // What comes is said of what comes.
            (verb, ahead, closed) = (None, None, true);
        }
        // `My wife loved Heat, I did not`, `My wife hated Heat, but I did not`, `She didn't like Heat, but I did`
        for &item in &group {
            let said = judged[item].filter(|said| said.sentiment != 0);
            if let Some(said) = said.filter(|said| is_contradiction(sentence, place, said.sentiment)) {
                judged[item] = Some(Judgement { sentiment: -said.sentiment, seen: true, rating: None });
            }
        }
        // `Heat looks good, Zodiac doesn't`
        let denies = ["doesn't", "didn't", "don't", "isn't", "wasn't", "aren't", "weren't"].contains(&word)
            && ends_at(sentence, place + 1);
        if let (true, false, Some(last)) = (denies, closed, last) {
            let denied = Judgement { sentiment: -last.sentiment, rating: None, ..last };
            group.iter().for_each(|&item| judged[item] = judged[item].or(Some(denied)));
        }
        // `and so was Zodiac`, `same for Zodiac`
        if sentence.has_any_at(place, &["so was", "so is", "same for", "same goes for"]) {
            verb = last;
        }
        // `Zodiac too`, `as well`
        let again = word == "too" || sentence.has_at(place, "as well");
        if again && !closed {
            group.iter().for_each(|&item| judged[item] = judged[item].or(last));
        }
        place += 1;
    }
    judged
}

/// How many words right between an item and the next say that one of them is preferred, and what they say of the next.
fn stands_between(
    sentence: &Sentence,
    items: &[(usize, usize)],
    place: usize,
    verb: Option<Judgement>,
) -> Option<(usize, Judgement)> {
    let (length, sentiment) = match sentence.at(place) {
        "over" => (1, -1),
        "beats" => (1, -1),
        "rather" if sentence.at(place + 1) == "than" => (2, -1),
        "instead" if sentence.at(place + 1) == "of" => (2, -1),
        // `Zodiac is no Heat`
        "is" | "was" if sentence.at(place + 1) == "no" => (2, 1),
        "but" if sentence.at(0) == "not" && verb.is_some_and(|verb| verb.sentiment < 0) => (1, 1),
        _ => return None,
    };
    let is_between =
        items.iter().any(|(_, end)| *end == place) && items.iter().any(|(start, _)| *start == place + length);
    let seen = sentence.at(place + 1) == "no" || sentence.at(place) == "beats";
    is_between.then_some((length, Judgement { sentiment, seen, rating: None }))
}

/// Where the reach of a verb ends: at the next one, or where the sentence turns.
fn end_of_reach(sentence: &Sentence, from: usize, cues: &[Cue]) -> usize {
    let next = cues.iter().filter(|cue| cue.start >= from && cue.side == Side::Before).map(|cue| cue.start).min();
    let turn = (from..sentence.len())
        .find(|&place| TURNS.contains(&sentence.at(place)) || sentence.words[place].gap == Gap::Pause && place > from);
    next.unwrap_or(sentence.len()).min(turn.unwrap_or(sentence.len()))
}

/// Whether an item behind a comma is judged by words of its own, and not by a verb before: `Loved Heat, Zodiac bored me`.
fn stands_alone(sentence: &Sentence, item: (usize, usize), next: Option<&(usize, usize)>, cues: &[Cue]) -> bool {
    let until = next.map_or(sentence.len(), |next| next.0);
    let pauses = |place: usize| sentence.words[place].gap == Gap::Pause;
    let joins = |place: &usize| ["and", "but"].contains(&sentence.at(*place));
    let is_parted = pauses(item.0) || item.0.checked_sub(1).filter(joins).is_some_and(pauses);
    is_parted && cues.iter().any(|cue| (item.1..until).contains(&cue.start))
}

/// Whether what comes last is meant where something came before: after the news that an item was seen, or not, after what
/// somebody else thinks of it, and after a fault that is made up for: `slow, but beautiful`.
fn turns_last(sentence: &Sentence, cue: &Cue, group: &[usize], judged: &[Option<Judgement>]) -> bool {
    let said = group.last().and_then(|&item| judged[item]);
    let is_news = said.is_some_and(|said| said.sentiment == 0 && said.rating.is_none());
    let is_own = ["i", "we"].contains(&sentence.before(cue.start, 1)) && said.is_some();
    let redeems = said.is_some_and(|said| said.sentiment < 0)
        && cue.judgement.sentiment > 0
        && (1..=2).any(|back| ["but", "yet"].contains(&sentence.before(cue.start, back)));
    cue.judgement.rating.is_none() && (is_news || is_own || redeems)
}

/// Whether somebody thinks otherwise than what was said with this sentiment, and says no more than that.
fn is_contradiction(sentence: &Sentence, place: usize, sentiment: i8) -> bool {
    let says = |phrase: &&str| sentence.has_at(place, phrase) && ends_at(sentence, place + phrase.split(' ').count());
    let denies = |word: &usize| sentence.at(*word).ends_with("n't") || sentence.at(*word) == "not";
    let phrases: &[&str] = match sentiment < 0 && (0..place).any(|word| denies(&word)) {
        true => &["i did", "we did", "i do", "we do"],
        false => &["i didn't", "i don't", "i did not", "i do not", "we didn't", "we don't"],
    };
    place > 0 && phrases.iter().any(says)
}

/// A form of `to be` behind an item.
fn is_copula(sentence: &Sentence, place: usize) -> bool {
    ["was", "is", "were", "are", "wasn't", "isn't"].contains(&sentence.at(place))
}

/// Whether something is said of the item that ends at `end`, in the words before `start`.
fn has_copula(sentence: &Sentence, end: usize, start: usize) -> bool {
    const COPULAS: [&str; 34] = [
        "holds", "held", "made", "blew", "moved", "scared", "rocks", "rocked", "sucks", "worked", "hit", "exceeded",
        "was", "is", "were", "are", "wasn't", "isn't", "looks", "sounds", "seems", "felt", "feels", "gets", "bored",
        "left", "not", "less", "did", "didn't", "put", "fell", "a", "deserves",
    ];
    (end..=start).any(|place| COPULAS.contains(&sentence.at(place)))
}
