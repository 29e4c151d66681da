//! What a sentence does: greets, asks for items, asks about an item or about what was said, or tells something.

use super::{
    markers::GROANS,
    words::{Gap, Sentence},
};

/// What a sentence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Says hello, or goodbye.
    Greet,
    /// Asks for items.
    Request,
    /// Asks about an item.
    AskItem,
    /// Asks about what was said, how, or why.
    AskAnswer,
    /// Tells something.
    Tell,
}

/// What a sentence names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    /// A title or a shown item, other than as an example of what is wanted.
    pub(super) item: bool,
    /// A title as an example of what is wanted: `like Heat`.
    pub(super) example: bool,
    /// A genre or a theme.
    pub(super) kind: bool,
    /// Whether items have been shown.
    pub(super) shown: bool,
    /// Whether its second word begins a title or a reference.
    pub(super) follows: bool,
    /// Whether it begins with a title, as `When Harry Met Sally sounds nice` does.
    pub(super) begins: bool,
}

const GREETINGS: [&str; 20] = [
    "hi",
    "hello",
    "hey",
    "greetings",
    "hiya",
    "howdy",
    "yo",
    "good morning",
    "good evening",
    "good afternoon",
    "good day",
    "hi there",
    "hello there",
    "hey there",
    "what's up",
    "whats up",
    "sup",
    "hallo",
    "bonjour",
    "welcome",
];
const PARTINGS: [&str; 10] = [
    "bye",
    "goodbye",
    "good night",
    "see you",
    "see ya",
    "cheers",
    "farewell",
    "bye bye",
    "that's all",
    "have a nice day",
];

const REQUESTS: [&str; 87] = [
    "good ones only",
    "only good ones",
    "what i should watch",
    "what we should watch",
    "swap it",
    "swap them",
    "swap that",
    "replace it",
    "replace them",
    "replace that",
    "want more",
    "want something",
    "want another",
    "recommend",
    "suggest",
    "show me",
    "show us",
    "give me",
    "give us",
    "find me",
    "find us",
    "find something",
    "find a",
    "looking for",
    "what else",
    "what next",
    "what's next",
    "whats next",
    "what should i watch",
    "what should we watch",
    "what can i watch",
    "what to watch",
    "what can you recommend",
    "anything else",
    "something",
    "anything",
    "another",
    "any others",
    "some others",
    "show others",
    "other ones",
    "other suggestions",
    "other options",
    "other films",
    "other movies",
    "next five",
    "next ones",
    "next one",
    "next",
    "i want a",
    "i want an",
    "i want to watch a",
    "i want some",
    "i'd like a",
    "i'd like an",
    "i'd like some",
    "i'd love a",
    "in the mood for",
    "how about a",
    "how about some",
    "got any",
    "have any",
    "any good",
    "need a",
    "need an",
    "need some",
    "help me",
    "can you help",
    "surprise me",
    "try again",
    "keep going",
    "go on",
    "continue",
    "refresh",
    "start over",
    "new list",
    "different",
    "a few more",
    "some more",
    "five more",
    "more please",
    "more like",
    "more of",
    "more films",
    "more movies",
    "show more",
    "fancy a",
];

/// Questions about what was said.
const ABOUT_ANSWERS: [&str; 95] = [
    "filtering on",
    "my filters",
    "my conditions",
    "which conditions",
    "what conditions",
    "wait what",
    "do you mean",
    "know about me",
    "know about my",
    "not what i asked",
    "i never said",
    "i didn't say",
    "i did not say",
    "did you skip",
    "why",
    "how come",
    "what do you mean",
    "what did you mean",
    "mean by",
    "what does that mean",
    "what does this mean",
    "don't understand",
    "do not understand",
    "didn't understand",
    "don't get",
    "didn't get",
    "not sure i understand",
    "not sure what",
    "explain",
    "how do you know",
    "how did you",
    "how do you",
    "how does this work",
    "how does it work",
    "how is the",
    "how are the",
    "how was the",
    "did you take",
    "did you consider",
    "did you remember",
    "did you use",
    "did you account",
    "did you forget",
    "did you read",
    "did you ignore",
    "have you taken",
    "have you considered",
    "do you remember",
    "are you sure",
    "are you using",
    "are you taking",
    "into account",
    "what reason",
    "what's the reason",
    "the reason",
    "what was my",
    "what are my",
    "what did i",
    "what did you",
    "which of my",
    "based on what",
    "according to",
    "say that again",
    "repeat that",
    "come again",
    "rephrase",
    "huh",
    "pardon",
    "sorry what",
    "you lost me",
    "don't follow",
    "do not follow",
    "i'm lost",
    "say what",
    "confused",
    "confusing me",
    "what's the score",
    "what is the score",
    "what does the score",
    "who are you",
    "what are you",
    "can you clarify",
    "clarify",
    "what makes you",
    "what made you",
    "in what way",
    "in which way",
    "what has that to do",
    "not what i meant",
    "not what i said",
    "did you mean",
    "misunderstood me",
    "got me wrong",
    "are you a",
    "are you an",
];

/// What makes a question one about what was said.
const ABOUT_LISTS: [&str; 14] = [
    "refer to",
    "sorted",
    "ranked",
    "ordered by",
    "in any order",
    "at random",
    "when you say",
    "fit what",
    "fits what",
    "match what",
    "matches what",
    "what i asked",
    "what i said",
    "what i told",
];

/// Beginnings of questions that judge: `Why did nobody warn me how dull Heat is?`
const COMPLAINTS: [&str; 5] =
    ["why did nobody", "why did no one", "why didn't anyone", "why didn't anybody", "why did you not warn"];
/// Beginnings of questions that tell: `Did I mention that I hated Heat?`
const REMINDERS: [&str; 6] =
    ["did i mention", "did i not say", "didn't i say", "didn't i tell", "haven't i said", "haven't i told"];

/// Beginnings of questions.
const ASKING: [&str; 42] = [
    "is", "are", "was", "were", "does", "do", "did", "has", "have", "had", "who", "who's", "whose", "what", "what's",
    "when", "where", "where's", "how", "how's", "which", "can", "could", "should", "would", "will", "isn't", "doesn't",
    "aren't", "any", "so", "and", "but", "wait", "ok", "okay", "in", "at", "on", "for", "to", "by",
];

/// Those of them that are no question without a subject behind them.
const AUXILIARIES: [&str; 12] =
    ["is", "are", "was", "were", "does", "do", "did", "has", "have", "had", "isn't", "doesn't"];
const SUBJECTS: [&str; 28] = [
    "i", "you", "he", "she", "it", "we", "they", "the", "this", "that", "these", "those", "there", "any", "anyone",
    "anybody", "anything", "your", "my", "all", "both", "one", "none", "some", "not", "its", "their", "a",
];

/// Orders to say something of an item.
const TELL_OF: [&str; 23] = [
    "tell me about",
    "tell me more",
    "tell us",
    "more about",
    "more on",
    "describe",
    "compare",
    "difference between",
    "differ",
    "details",
    "detail",
    "summarize",
    "summarise",
    "summary",
    "plot of",
    "info on",
    "information",
    "what about",
    "how about",
    "learn about",
    "hear about",
    "know more",
    "spoil",
];

/// What a sentence does.
pub(super) fn of(sentence: &Sentence, named: Named) -> Act {
    let last = sentence.at(sentence.len().saturating_sub(1));
    if named.shown && (asks_plot(sentence, last) || wonders(sentence, named, last)) {
        return Act::AskItem;
    }
    let is_rhetorical = named.item && (sentence.has_any_at(0, &COMPLAINTS) || praises(sentence));
    let likened = named.example && sentence.has_any(&REQUESTS);
    let about_answers = || {
        let is_of_others = named.item && asks_of_others(sentence);
        sentence.has_any(&ABOUT_ANSWERS) && !sentence.has_any(&["why not"]) && !is_of_others
    };
    let is_of_item = is_rhetorical || named.item && (is_at_a_loss(sentence) || corrects(sentence));
    let about_answers = !is_of_item && !likened && (about_answers() || asks_for_meaning(sentence, named));
    if about_answers || asks_about_list(sentence, named) {
        return Act::AskAnswer;
    }
    let asks = !is_rhetorical
        && (sentence.asks || begins_question(sentence, named))
        && !(named.item && (refuses(sentence) || sentence.has_any_at(0, &REMINDERS)));
    let tells_of = sentence.has_any(&TELL_OF);
    // `And the oldest?`
    let is_extreme = sentence.has_any(&["the longest", "the shortest", "the newest", "the oldest", "the most recent"]);
    if named.shown && sentence.asks && is_extreme && !sentence.has_any(&REQUESTS) {
        return Act::AskItem;
    }
    let points =
        named.item || named.shown && sentence.has_any(&["which", "any of"]) && !sentence.has_any(&["which is why"]);
    if points && (asks || tells_of) && !likened && !is_request_only(sentence, named.kind) {
        return Act::AskItem;
    }
    if tells_of && named.shown && !named.kind && !named.example && !sentence.has_any(&["how about"]) {
        return Act::AskItem;
    }
    if is_request(sentence, named) {
        return Act::Request;
    }
    if is_greeting(sentence, named.item) {
        return Act::Greet;
    }
    Act::Tell
}

/// Whether a sentence begins as a question does.
fn begins_question(sentence: &Sentence, named: Named) -> bool {
    // `What a film!`, `so was Zodiac`
    let exclaims = sentence.has_any_at(0, &["what a", "what an", "so was", "so is", "and so"]);
    // `Had me on the edge of my seat`, `Was great`: somebody leaves the subject out.
    let is_elliptic = AUXILIARIES.contains(&sentence.at(0)) && !SUBJECTS.contains(&sentence.at(1)) && !named.follows;
    ASKING.contains(&sentence.at(0)) && !is_elliptic && !is_offer(sentence) && !exclaims && !named.begins
}

/// `Wasn't Heat gripping?`
fn praises(sentence: &Sentence) -> bool {
    const PRAISE: [&str; 10] = [
        "great",
        "brilliant",
        "wonderful",
        "amazing",
        "perfect",
        "gripping",
        "lovely",
        "fantastic",
        "beautiful",
        "superb",
    ];
    ["isn't", "wasn't", "aren't", "weren't"].contains(&sentence.at(0))
        && sentence.at(1) != "there"
        && sentence.has_any(&PRAISE)
        && !sentence.has_any(&["supposed", "meant to", "said to"])
}

/// `Why did critics like Heat less than Zodiac?`, `Why is Heat so popular?`
fn asks_of_others(sentence: &Sentence) -> bool {
    const OTHERS: [&str; 8] =
        ["critics", "people", "everyone", "everybody", "audiences", "reviewers", "viewers", "fans"];
    const TRAITS: [&str; 7] = ["so", "considered", "called", "rated", "famous", "popular", "banned"];
    const OURS: [&str; 6] = ["list", "you", "your", "score", "ranked", "recommended"];
    let of_trait = ["is", "was", "are", "were"].contains(&sentence.at(1)) && sentence.has_any(&TRAITS);
    sentence.at(0) == "why"
        && ((1..=3).any(|place| OTHERS.contains(&sentence.at(place))) || of_trait && !sentence.has_any(&OURS))
}

/// `Everyone raves about Heat, watched it and I don't get it`
fn is_at_a_loss(sentence: &Sentence) -> bool {
    sentence.has_any(&["don't get it", "didn't get it", "do not get it", "get the hype", "get the fuss"])
        && sentence.has_any(&["watched", "seen", "saw", "raves", "everyone", "everybody"])
}

/// `That was not what I meant, I hate Heat`
fn corrects(sentence: &Sentence) -> bool {
    sentence.has_any(&["not what i meant", "not what i said", "got me wrong", "misunderstood me"])
        && sentence.has_any(&["hate", "hated", "love", "loved", "like", "liked", "enjoyed", "dislike"])
}

/// `What's the one with Jim Carrey about`
fn asks_plot(sentence: &Sentence, last: &str) -> bool {
    sentence.has_any_at(0, &["what is", "what's", "what are"]) && last == "about"
}

/// `I've never heard of Heat`: what it is, is what they want to know.
fn wonders(sentence: &Sentence, named: Named, last: &str) -> bool {
    named.item
        && sentence.has_any_at(0, &["i've never heard of", "i have never heard of", "never heard of"])
        && !sentence.has_any(&["but", "and", "so", "any of", "these", "them"])
        && sentence.words.iter().all(|word| word.gap != Gap::Pause)
        && last != "it"
}

/// `What is this list sorted by?`, `Does "for children" include teenagers?`
fn asks_about_list(sentence: &Sentence, named: Named) -> bool {
    let quotes = sentence.words.iter().any(|word| word.quoted)
        && !named.item
        && sentence.has_any(&["include", "includes", "cover", "covers", "count", "mean", "means"]);
    // `What is this list based on?`, but not `Is Heat based on a book?`
    let asks_for_grounds = sentence.find("based on").is_some_and(|place| place + 2 == sentence.len());
    let is_meant = quotes || asks_for_grounds || sentence.has_any(&ABOUT_LISTS);
    named.shown && sentence.asks && is_meant && !sentence.has_any(&REQUESTS)
}

/// `Can we skip Heat?` asks for nothing but that.
fn refuses(sentence: &Sentence) -> bool {
    const REFUSALS: [&str; 12] = [
        "put",
        "skip",
        "remove",
        "drop",
        "hide",
        "leave",
        "stop showing",
        "stop recommending",
        "not show",
        "not recommend",
        "not suggest",
        "take",
    ];
    ["can", "could", "would", "will"].contains(&sentence.at(0)) && sentence.has_any(&REFUSALS)
}

/// Requests that name an item in passing: `Loved Heat, what else do you have?`, `Something funnier than these?`
fn is_request_only(sentence: &Sentence, kind: bool) -> bool {
    sentence.has_any(&[
        "what else",
        "what next",
        "what's next",
        "anything else",
        "something else",
        "instead of",
        "besides",
        "do you have more",
    ]) || ["something", "anything"].contains(&sentence.at(0))
        // `Any good horror films for Halloween?`
        || kind && asks_for_good(sentence)
        // `Got anything newer than these?`
        || sentence.find("than").is_some() && sentence.has_any(&["got anything", "have anything", "there anything", "got something"])
}

/// `Any good westerns?`, and not `Is Heat any good as a thriller?`
fn asks_for_good(sentence: &Sentence) -> bool {
    let place = ["any good", "any decent", "any great"].iter().find_map(|phrase| sentence.find(phrase));
    let what = place.map_or("", |place| sentence.at(place + 2));
    !["", "as", "if", "at", "for", "in", "then", "or", "when"].contains(&what)
}

fn is_request(sentence: &Sentence, named: Named) -> bool {
    // `Oh great, another love story.`
    if sentence.has_any_at(0, GROANS) {
        return false;
    }
    // Denied: `nothing more`, `stop showing me`, `keep showing me`.
    let denied = sentence.has_any(&[
        "keep showing",
        "keep recommending",
        "keep suggesting",
        "stop showing",
        "stop recommending",
        "don't show",
        "don't recommend",
        "don't suggest",
        "don't give",
        "do not show",
        "do not recommend",
        "do not suggest",
        "never show",
        "never recommend",
        "never suggest",
        "stop suggesting",
        "nothing else",
        "no more",
    ]);
    if named.item
        && named.shown
        && sentence.has_any(&[
            "anything but",
            "anything than",
            "anything for me",
            "next on",
            "not in the mood for",
            "another time",
            "another day",
        ])
    {
        return false;
    }
    // `Give me Heat`
    let takes = named.item && sentence.has_at(0, "give me");
    if takes && !named.kind && !sentence.has_any(&["more", "another", "something", "anything", "else", "other"]) {
        return false;
    }
    if denied && !sentence.has_any(&["something", "anything else", "instead"]) {
        return false;
    }
    // `exactly what I was looking for` judges.
    let found = sentence.has_any(&["what i was looking for", "what we were looking for", "what i'm looking for"]);
    let recalls = sentence.has_any(&["you suggested", "you recommended", "you showed"]);
    if sentence.has_any(&REQUESTS) && !found && !recalls || named.example {
        return true;
    }
    // `Heat is the best. Recommendations?`
    let asks_for =
        sentence.asks && sentence.has_any(&["recommendations", "suggestions", "tips", "ideas", "others", "you pick"]);
    if asks_for && !sentence.has_any(&["these", "those", "your", "the"]) {
        return true;
    }
    // `Others, please.`
    if sentence.at(0) == "others" && sentence.len() <= 3 {
        return true;
    }
    // `Less like Heat`, `Nothing like Heat, please`
    if named.item && sentence.has_any_at(0, &["less like", "nothing like"]) {
        return true;
    }
    // `more!`, `more westerns`
    let more = sentence.find("more").is_some_and(|place| {
        place == 0
            || sentence.words[place].gap == Gap::Pause
            || ["some", "any", "show", "see", "few", "want", "please", "yes", "ok", "with"]
                .contains(&sentence.before(place, 1))
    });
    more && (named.shown || named.kind || named.item)
}

/// `should be short`, `can be old`: no questions.
fn is_offer(sentence: &Sentence) -> bool {
    ["so", "and", "but", "ok", "okay", "wait", "any", "in", "at", "on", "for", "to", "by"].contains(&sentence.at(0))
        && {
            let next = sentence.at(1);
            !["is", "are", "was", "does", "do", "did", "who", "what", "when", "where", "how", "which", "why", "can"]
                .contains(&next)
        }
        || ["should", "can", "could", "will", "would"].contains(&sentence.at(0))
            && ["be", "have", "also"].contains(&sentence.at(1))
}

/// `What does neo-noir mean?`, `What is slow cinema?`: of a word, not of an item.
fn asks_for_meaning(sentence: &Sentence, named: Named) -> bool {
    let what =
        sentence.find("what").is_some() || sentence.find("what's").is_some() || sentence.find("define").is_some();
    let means = sentence.has_any(&["mean", "means", "meant", "meaning", "stand for", "definition", "define"]);
    let is = ["what is", "what's", "what are", "whats"].iter().any(|words| sentence.has_at(0, words));
    what && means && !sentence.has_any(&["not what", "isn't what", "wasn't what"])
        || is
            && !named.item
            && named.shown
            && !sentence.has_any(&REQUESTS)
            && !sentence.has_any(&["which", "the best", "the shortest", "the longest", "new"])
}

/// Whether it takes leave.
pub(super) fn is_farewell(sentence: &Sentence) -> bool {
    let begins = |place: usize| place == 0 || sentence.words[place].gap == Gap::Pause;
    (0..sentence.len()).any(|place| begins(place) && sentence.has_any_at(place, &PARTINGS))
        || sentence.has_any(&["that's enough", "that is enough", "that's all", "that is all"])
}

/// Whether it says hello or goodbye before anything else.
fn is_greeting(sentence: &Sentence, names: bool) -> bool {
    let begins = GREETINGS.iter().any(|greeting| sentence.has_at(0, greeting)) || is_farewell(sentence);
    let thanks = sentence.has_any(&["thanks", "thank you"]) && sentence.len() <= 4 && !names;
    begins
        || thanks
        || sentence.has_any(&[
            "how are you",
            "nice to meet you",
            "anyone home",
            "anybody home",
            "anybody there",
            "anyone there",
        ])
}
