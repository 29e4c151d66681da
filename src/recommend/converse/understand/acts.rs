//! What a sentence does: greets, asks for items, asks about an item or about what was said, or tells something.

use super::{
    act_phrases::{
        ABOUT_ANSWERS, ABOUT_LISTS, ASKING, AUXILIARIES, COMPLAINTS, GREETINGS, PARTINGS, REMINDERS, REQUESTS,
        SUBJECTS, TELL_OF,
    },
    markers::{GROANS, SAW},
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
    /// Whether an item was spoken of.
    pub(super) spoken_of: bool,
    /// The place of the first title or reference.
    pub(super) first: Option<usize>,
    /// Whether that is a title.
    pub(super) is_title: bool,
}

/// What is said before a question and is none of it: `Wait, which filter did you apply?`
const INTERJECTIONS: [&str; 14] =
    ["wait", "sorry", "hmm", "um", "uh", "oh", "ok", "okay", "jk", "lol", "haha", "wow", "hey", "btw"];

/// What a sentence does.
pub(super) fn of(sentence: &Sentence, named: Named) -> Act {
    let interjects =
        INTERJECTIONS.contains(&sentence.at(0)) && sentence.words.get(1).is_some_and(|word| word.gap == Gap::Pause);
    // `Wait, what?` is a question as a whole.
    if interjects && !sentence.has_any_at(0, ABOUT_ANSWERS) {
        let words = sentence.words[1..].to_vec();
        let first = named.first.and_then(|first| first.checked_sub(1));
        return of(&Sentence { words, asks: sentence.asks }, Named { first, ..named });
    }
    let last = sentence.at(sentence.len().saturating_sub(1));
    let asks_of_shown = named.shown && (asks_plot(sentence, last) || wonders(sentence, named, last));
    if asks_of_shown || asks_for_series(sentence, named) {
        return Act::AskItem;
    }
    let is_rhetorical = named.item && (sentence.has_any_at(0, COMPLAINTS) || praises(sentence));
    let likened = named.example && requests(sentence);
    let about_answers = || {
        let is_of_others = named.item && asks_of_others(sentence);
        sentence.has_any(ABOUT_ANSWERS) && !sentence.has_any(&["why not"]) && !is_of_others
    };
    let is_of_item = is_rhetorical || named.item && (is_at_a_loss(sentence) || corrects(sentence));
    // `I asked for comedies, didn't I?`
    let recalls = sentence.len() > 2 && sentence.has_at(sentence.len() - 2, "didn't i") && !named.item;
    let about_answers = !is_of_item && !likened && (recalls || about_answers() || asks_for_meaning(sentence, named));
    if about_answers || asks_about_list(sentence, named) {
        return Act::AskAnswer;
    }
    let asks = !is_rhetorical
        && (sentence.asks || begins_question(sentence, named))
        && !(named.item && (refuses(sentence) || sentence.has_any_at(0, REMINDERS)));
    let tells_of = sentence.has_any(TELL_OF);
    // `And the oldest?`
    let is_extreme = sentence.has_any(&["the longest", "the shortest", "the newest", "the oldest", "the most recent"]);
    if named.shown && sentence.asks && is_extreme && !requests(sentence) {
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
    // `I liked Heat. Who wrote the music?`
    if named.spoken_of && sentence.asks && ["who", "who's"].contains(&sentence.at(0)) {
        return Act::AskItem;
    }
    if is_greeting(sentence, named.item) {
        return Act::Greet;
    }
    Act::Tell
}

/// Whether it says what asks for items. `the number next to it` does not.
fn requests(sentence: &Sentence) -> bool {
    (0..sentence.len()).any(|place| {
        let mut phrases = REQUESTS.iter().filter(|phrase| sentence.has_at(place, phrase));
        phrases.any(|phrase| match *phrase {
            "next" => sentence.at(place + 1) != "to",
            // `Is it sorted by anything?`
            "anything" => sentence.before(place, 1) != "by",
            _ => true,
        })
    })
}

/// Whether a sentence begins as a question does.
fn begins_question(sentence: &Sentence, named: Named) -> bool {
    // `When Harry Met Sally sounds nice`
    let begins = named.is_title && named.first == Some(0);
    // `What a film!`, `so was Zodiac`
    let exclaims = sentence.has_any_at(0, &["what a", "what an", "so was", "so is", "and so"]);
    // `Had me on the edge of my seat`, `Was great`: somebody leaves the subject out.
    let is_elliptic =
        AUXILIARIES.contains(&sentence.at(0)) && !SUBJECTS.contains(&sentence.at(1)) && named.first != Some(1);
    ASKING.contains(&sentence.at(0)) && !is_elliptic && !is_offer(sentence) && !exclaims && !begins
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
    const OURS: [&str; 9] = ["list", "you", "your", "score", "ranked", "recommended", "they", "these", "those"];
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

/// `Any sequels?`, `the sequel to Heat, please`, and not `I hated the sequel to Heat`.
fn asks_for_series(sentence: &Sentence, named: Named) -> bool {
    let place = ["sequel", "sequels", "prequel", "prequels"].iter().find_map(|word| sentence.find(word));
    let is_of = |place: usize| ["to", "of", "for"].contains(&sentence.at(place + 1));
    let judges = sentence.has_any(SAW) || sentence.has_any(&["love", "hate", "hates", "was", "were", "no", "not"]);
    place.is_some_and(|place| match named.item {
        true => !judges && (sentence.asks || is_of(place)),
        false => sentence.asks && named.spoken_of && sentence.len() <= place + 2,
    })
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
    let is_meant = quotes || asks_for_grounds || sentence.has_any(ABOUT_LISTS);
    named.shown && sentence.asks && is_meant && !requests(sentence)
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
            "is any good",
            "are any good",
            "was any good",
            "were any good",
        ])
        && !sentence.asks
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
    if requests(sentence) && !found && !recalls || named.example {
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
    more && (named.shown || named.kind || named.item || sentence.len() == 1)
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
            && !requests(sentence)
            && !sentence.has_any(&["which", "the best", "the shortest", "the longest", "new"])
}

/// Whether it takes leave.
pub(super) fn is_farewell(sentence: &Sentence) -> bool {
    let begins = |place: usize| place == 0 || sentence.words[place].gap == Gap::Pause;
    (0..sentence.len()).any(|place| begins(place) && sentence.has_any_at(place, PARTINGS))
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
