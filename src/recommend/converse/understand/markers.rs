//! Words by which a sentence is taken apart: what is an example, an exception, of the past, or a question.

/// Words by which a title is an example of what is wanted.
pub(super) const LIKENING: &[&str] = &[
    "like",
    "similar to",
    "in the vein of",
    "such as",
    "along the lines of",
    "in the style of",
    "reminds me of",
    "akin to",
    "close to",
    "same as",
    "reminiscent of",
    "in the spirit of",
    "comparable to",
    "as good as",
    "more of",
    "the likes of",
    "cross between",
    "if you like",
    "if you liked",
    "if you love",
    "if you loved",
    "someone who loved",
    "somebody who loved",
    "someone who liked",
    "somebody who liked",
    "fans of",
    "mix of",
    "blend of",
    "mixture of",
];
/// Words between such a word and its title.
pub(super) const BETWEEN: &[&str] = &["the", "film", "movie", "films", "movies", "a", "and", "or", "both"];
/// Before `like`: somebody likes, or something is like.
pub(super) const LIKERS: &[&str] = &[
    "i", "we", "really", "didn't", "don't", "do", "also", "they", "actually", "kids", "would", "i'd", "you", "looks",
    "feels", "felt", "sounds", "did", "nothing", "quite",
];
/// Words that tell a wish in a sentence on items.
pub(super) const WISHING: &[&str] = &[
    "want",
    "nothing",
    "prefer",
    "more",
    "something",
    "anything",
    "no",
    "mood",
    "less",
    "looking",
    "give",
    "rather",
    "instead",
];
/// Words of somebody who tells what they saw.
pub(super) const PAST: &[&str] = &[
    "found",
    "ruined",
    "scared",
    "terrified",
    "annoyed",
    "confused",
    "disappointed",
    "surprised",
    "gave",
    "kept",
    "lost",
    "was",
    "were",
    "wasn't",
    "weren't",
    "had",
    "felt",
    "bored",
    "left",
    "made",
    "fell",
    "put",
    "dragged",
    "sucked",
    "rocked",
    "worked",
    "blew",
];
/// Words of liking what may not be seen yet: `I like the second one`, `not a fan of the last one`.
pub(super) const PRESENT: &[&str] = &["love", "like", "enjoy", "adore", "hate", "dislike", "fan"];
/// Words that begin a question.
pub(super) const QUESTIONS: &[&str] = &[
    "why",
    "how",
    "what",
    "what's",
    "who",
    "when",
    "where",
    "is",
    "are",
    "do",
    "does",
    "did",
    "can",
    "could",
    "any",
    "which",
    "something",
    "anything",
    "got",
    "have",
];
/// How long something is.
pub(super) const LASTING: &[&str] = &[
    "hours long",
    "hour long",
    "minutes long",
    "after half an hour",
    "after an hour",
    "after ten minutes",
    "after the first hour",
];
/// Words of somebody who has not seen it.
pub(super) const NOT_SEEN: &[&str] = &[
    "haven't seen",
    "have not seen",
    "not seen",
    "never seen",
    "never saw",
    "haven't watched",
    "have not watched",
    "never watched",
    "didn't see",
    "yet to see",
    "yet to watch",
    "never got round to",
    "not got round to",
    "never heard of",
    "haven't heard of",
    "never got around to",
    "haven't got round to",
    "haven't gotten around to",
    "not yet",
    "don't know any",
    "do not know any",
    "don't know these",
    "don't know them",
];
/// Words that leave something out of what is said.
pub(super) const EXCEPTING: &[&str] =
    &["except", "except for", "apart from", "other than", "but not", "besides", "excluding", "but"];
/// Words that take an item when nothing else is said: `the second one, please`.
pub(super) const TAKING: &[&str] = &[
    "just",
    "only",
    "obviously",
    "definitely",
    "absolutely",
    "please",
    "then",
    "yes",
    "yeah",
    "sure",
    "ooh",
    "oh",
    "ok",
    "okay",
    "thanks",
    "that",
    "one",
    "for",
    "me",
];
/// Words beside a title that say nothing of it.
pub(super) const BARE: &[&str] = &["and", "or", "again", "hmm", "oh", "well", "ah", "so"];
/// Themes that are people whom one watches with.
pub(super) const COMPANY: &[&str] = &["friends", "family", "dog", "dogs", "buddy", "ai"];
/// Verbs right behind which a title stands.
pub(super) const VERBS: &[&str] = &[
    "love",
    "loved",
    "liked",
    "enjoy",
    "enjoyed",
    "adore",
    "adored",
    "hate",
    "hated",
    "disliked",
    "seen",
    "saw",
    "watched",
    "rewatched",
    "rate",
    "rated",
    "prefer",
    "preferred",
];
/// Beginnings of those who have had enough of what they are shown, and name the kind: `Oh great, another love story.`
pub(super) const GROANS: &[&str] =
    &["oh great another", "oh good another", "oh joy another", "oh no another", "oh no not another", "ugh another"];
