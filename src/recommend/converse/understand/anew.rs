//! Does a message go on with what was wanted, or begin anew?
//!
//! A wish that is stated as a whole, with a kind of its own (`I need a western`, `show me horror films`), is another one than
//! that before. What names no kind (`something funny`), answers a question (`a comedy`, said of the genre) or refers back
//! (`also`, `it should be a western`, `a scary one`) goes on with it.

use super::{
    Understander,
    negation::is_denied,
    words::{Gap, Sentence, sentences},
};

/// Words of somebody who takes back what was wanted before, or speaks of something else.
const ANEW: &[&str] = &[
    "start over",
    "forget that",
    "forget about that",
    "changed my mind",
    "something else",
    "something different",
    "something completely different",
    "another topic",
    "new topic",
    "different topic",
    "on another note",
    "for a change",
];
/// Words of somebody who corrects, behind a `no`.
const CORRECTING: &[&str] = &["actually", "rather", "make it", "make that", "i meant"];
/// Words of somebody who adds to what was wanted.
const ADDING: &[&str] = &["also", "as well", "plus", "in addition", "additionally", "besides", "both"];
/// Words behind which a kind is no wish by itself, but something of another one: `with a western feel`.
const OF_OTHERS: &[&str] =
    &["with", "of", "like", "as", "than", "and", "or", "into", "it", "more", "but", "them", "these", "those", "in"];
/// Words before a kind that is wanted.
const BEFORE_KINDS: &[&str] = &[
    "a",
    "an",
    "some",
    "any",
    "me",
    "us",
    "want",
    "need",
    "for",
    "recommend",
    "suggest",
    "watch",
    "fancy",
    "prefer",
    "have",
];
/// The most words between one of these and the kind.
const BETWEEN: usize = 2;

/// What a message may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recommend::converse) enum Asked {
    /// No kind was asked for.
    Nothing,
    /// A kind was asked for where one is known.
    More,
    /// A kind was asked for where none is known.
    First,
}

impl Understander {
    /// Whether a message states a wish that has nothing to do with those before it. `wanted` are the genres and themes that it
    /// wants.
    pub(in crate::recommend::converse) fn begins_anew(&self, message: &str, asked: Asked, wanted: &[String]) -> bool {
        let sentences = sentences(message);
        let takes_back = |sentence: &Sentence| {
            sentence.has_any(ANEW) || is_instead(sentence) || corrects(sentence) || turns_to(sentence)
        };
        // Of another language no more is made out than a kind.
        if sentences.iter().any(takes_back) || self.is_foreign(&sentences) {
            return true;
        }
        let names_kind = |sentence: &Sentence| {
            let of_wanted = |genres: &[String]| genres.iter().any(|genre| wanted.contains(genre));
            !is_added(sentence)
                && (0..sentence.len()).any(|place| {
                    let genre = self.genres.at(sentence, place).filter(|(genres, _)| of_wanted(genres));
                    let length = genre.map(|(_, length)| length).or_else(|| {
                        let absent = self.genres.absent_at(sentence, place);
                        absent.filter(|(name, _)| wanted.iter().any(|own| own == name)).map(|(_, length)| length)
                    });
                    let introduced = length.and_then(|length| introduced(sentence, place, place + length));
                    // `A comedy`, when one was asked for, is an answer and no wish of its own; `I'd like a comedy` is one if
                    // another is known.
                    introduced.is_some_and(|introduced| match asked {
                        Asked::Nothing => true,
                        Asked::More => introduced > 0,
                        Asked::First => false,
                    })
                })
        };
        sentences.iter().any(names_kind)
    }

    /// Whether a message adds to what was said before.
    pub(in crate::recommend::converse) fn adds(&self, message: &str) -> bool {
        sentences(message).iter().any(is_added)
    }
}

/// Whether a sentence adds to those before it: `a western, too`, `and something funny`.
fn is_added(sentence: &Sentence) -> bool {
    let too = |place: usize| {
        let ends = sentence.words.get(place + 1).is_none_or(|word| word.gap == Gap::Pause);
        sentence.at(place) == "too" && ends
    };
    ["and", "but", "or"].contains(&sentence.at(0))
        || sentence.has_any(ADDING)
        || (0..sentence.len()).any(too)
        || (0..sentence.len()).any(|place| sentence.has_any_at(place, &["mix of", "mixed with", "combined with"]))
}

/// The place of the word that introduces the genre at some places, if that is the kind of thing that a sentence wants.
fn introduced(sentence: &Sentence, start: usize, end: usize) -> Option<usize> {
    // `a scary one` is one of those before.
    if ["one", "ones"].contains(&sentence.at(end)) || is_denied(sentence, start, &|_| false) {
        return None;
    }
    let is_open =
        |place: usize| sentence.words[place + 1].gap != Gap::Pause && !OF_OTHERS.contains(&sentence.at(place));
    let places = (0..start).rev().take(BETWEEN + 1).take_while(|&place| is_open(place));
    let place = places.into_iter().find(|&place| BEFORE_KINDS.contains(&sentence.at(place)))?;
    let refers_back = sentence.words[..place].iter().any(|word| word.text == "it");
    // `I'd like a comedy`, and not `something like a comedy`.
    let wishes = sentence.before(place, 1) == "like"
        && ["i'd", "we'd", "id", "would", "really"].contains(&sentence.before(place, 2));
    (!refers_back && (wishes || !OF_OTHERS.contains(&sentence.before(place, 1)))).then_some(place)
}

/// `No, make it a thriller`
fn corrects(sentence: &Sentence) -> bool {
    sentence.at(0) == "no" && sentence.has_any(CORRECTING)
}

/// `Now something for my grandmother`, and not `now make it funny`.
fn turns_to(sentence: &Sentence) -> bool {
    const WISHES: [&str; 10] = ["something", "anything", "a", "an", "some", "show", "find", "recommend", "i", "we"];
    sentence.at(0) == "now"
        && WISHES.contains(&sentence.at(1))
        && !sentence.has_any(&["it", "them", "these", "those", "one", "ones"])
}

/// `A thriller instead`, and not `a thriller instead of a comedy`.
fn is_instead(sentence: &Sentence) -> bool {
    sentence.find("instead").is_some_and(|place| sentence.at(place + 1) != "of")
}

#[cfg(test)]
mod tests {
    use super::{super::Context, *};

    #[test]
    fn a_wish_of_its_own_begins_anew() {
        let understander = Understander::without_catalogue();
        for (message, anew) in [
            ("I need a western", true),
            ("Actually, let's talk about something else. I want a comedy.", true),
            ("now an animated film for the kids", true),
            ("show me horror films", true),
            ("We'd like a comedy", true),
            ("something like a comedy", false),
            ("I'm in the mood for comedy", true),
            ("No, make it a thriller", true),
            ("a thriller instead", true),
            ("I want a really good sci-fi movie", true),
            ("A drama film, too.", false),
            ("It should be a western", false),
            ("It should be about revenge.", false),
            ("and a comedy", false),
            ("a scary one", false),
            ("Now something for my grandmother", true),
            ("now make it funny", false),
            ("something funny", false),
            ("more westerns", false),
            ("some more westerns", false),
            ("with a western feel", false),
            ("I don't want a comedy", false),
            ("comedy", false),
            ("a thriller instead of a comedy", true),
            ("funnier, please", false),
        ] {
            let wanted = understander.read(message, &Context::default()).preferences.genres;
            assert_eq!(understander.begins_anew(message, Asked::Nothing, &wanted), anew, "{message}");
        }
        for (message, asked, anew) in [
            ("a comedy", Asked::More, false),
            ("I'd like a comedy", Asked::More, true),
            ("I'd like a comedy", Asked::First, false),
            ("a comedy instead", Asked::First, true),
        ] {
            assert_eq!(understander.begins_anew(message, asked, &["Comedy".to_owned()]), anew, "{message} {asked:?}");
        }
    }
}
