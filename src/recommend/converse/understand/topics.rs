//! What a story should be about in words that no list of themes has: `a film about beekeepers`, `something set in Lisbon`.

use std::ops::Range;

use super::{
    common::number,
    markers::COMPANY,
    words::{Gap, Sentence},
};

/// The most words of a topic.
const LONGEST: usize = 3;

/// What is wanted, before a topic.
const HEADS: &[&str] = &[
    "film",
    "films",
    "movie",
    "movies",
    "something",
    "anything",
    "nothing",
    "story",
    "stories",
    "flick",
    "flicks",
    "documentary",
    "documentaries",
];
/// Words between what is wanted and its topic.
const INTRODUCING: &[&str] =
    &["about", "on the subject of", "with", "set in", "set on", "set at", "set during", "featuring", "involving"];
/// Words before a topic that say nothing of it.
const LEADING: &[&str] = &["a", "an", "the", "some", "many", "lots", "plenty", "of", "lot", "any"];
/// Words behind a topic.
const ENDING: &[&str] = &[
    "please",
    "that",
    "which",
    "who",
    "whose",
    "from",
    "under",
    "over",
    "before",
    "after",
    "for",
    "in",
    "on",
    "at",
    "by",
    "but",
    "not",
    "no",
    "is",
    "are",
    "was",
    "tonight",
    "instead",
    "too",
    "if",
    "as",
    "to",
    "than",
    "when",
    "where",
    "because",
    "then",
    "with",
    "without",
    "i",
    "we",
    "you",
    "about",
    "like",
    "today",
    "now",
    "yesterday",
    "last",
];
/// Words that are nobody's topic: who watches, what is pointed at, and what every film has.
const NONE: &[&str] = &[
    "it",
    "me",
    "us",
    "them",
    "this",
    "that",
    "these",
    "those",
    "him",
    "her",
    "my",
    "your",
    "our",
    "his",
    "their",
    "its",
    "everything",
    "something",
    "anything",
    "everyone",
    "someone",
    "which",
    "what",
    "kids",
    "children",
    "cast",
    "plot",
    "director",
    "actor",
    "actors",
    "story",
    "film",
    "films",
    "movie",
    "movies",
    "rating",
    "ratings",
    "reviews",
    "score",
    "scores",
    "stars",
    "runtime",
    "length",
    "subtitles",
    "wife",
    "husband",
    "girlfriend",
    "boyfriend",
    "parents",
    "mom",
    "mum",
    "dad",
    "grandma",
    "grandmother",
    "grandfather",
    "colleagues",
    "least",
    "less",
    "more",
    "same",
    "similar",
];

/// The places of topics, those words left out that say nothing. `is_known` says whether something that is listed begins
/// at a place; what has a name is read by that.
pub(super) fn find(sentence: &Sentence, open: &[bool], is_known: &dyn Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for place in 1..sentence.len() {
        let is_wanted = HEADS.contains(&sentence.at(place - 1)) && sentence.words[place].gap != Gap::Pause;
        let introduced = INTRODUCING.iter().find(|phrase| sentence.has_at(place, phrase));
        let Some(phrase) = introduced.filter(|_| is_wanted && sentence.at(0) != "tell") else { continue };
        let mut start = place + phrase.split(' ').count();
        while let Some(topic) = topic_at(sentence, open, start, is_known) {
            start = topic.end;
            found.push(topic);
            if !["and", "or"].contains(&sentence.at(start)) {
                break;
            }
            start += 1;
        }
    }
    found
}

fn topic_at(sentence: &Sentence, open: &[bool], from: usize, is_known: &dyn Fn(usize) -> bool) -> Option<Range<usize>> {
    let start = (from..sentence.len()).find(|&place| !LEADING.contains(&sentence.at(place)))?;
    let ends = |place: usize| {
        let word = sentence.at(place);
        place > start && sentence.words[place].gap == Gap::Pause
            || ["and", "or"].contains(&word)
            || ENDING.contains(&word)
    };
    let end = (start..sentence.len()).find(|&place| ends(place)).unwrap_or(sentence.len());
    let is_topic = |place: usize| {
        let word = sentence.at(place);
        open[place] && !NONE.contains(&word) && !COMPANY.contains(&word) && number(word).is_none() && !is_known(place)
    };
    (start < end && end - start <= LONGEST && (start..end).all(is_topic)).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn what_a_story_should_be_about_is_found_behind_what_is_wanted() {
        let cases: [(&str, &[&str]); 17] = [
            ("a film about cooking", &["cooking"]),
            ("something with dinosaurs, please", &["dinosaurs"]),
            ("movies set in Japan from the 90s", &["Japan"]),
            ("films with lots of rain", &["rain"]),
            ("a documentary about chess and bee keepers", &["chess", "bee keepers"]),
            ("nothing with clowns", &["clowns"]),
            ("something about the French Revolution", &["French Revolution"]),
            ("a film with my kids", &[]),
            ("something with friends", &[]),
            ("a film about it", &[]),
            ("something with 5 stars", &[]),
            ("a film with known words", &[]),
            ("tell me something about the war", &[]),
            ("something like that", &[]),
            ("what is it about", &[]),
            ("a film about", &[]),
            ("I saw a film about cooking yesterday", &["cooking"]),
        ];
        for (text, expected) in cases {
            let sentence = &sentences(text)[0];
            let open = vec![true; sentence.len()];
            let topics = find(sentence, &open, &|place| sentence.at(place) == "known");
            let words = |topic: Range<usize>| {
                sentence.words[topic].iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(topics.into_iter().map(words).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
