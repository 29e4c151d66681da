//! Ways to make a true text false, one at a time.

use docent::recommend::explain::Plan;

/// Titles that no plan of the corpus has; some look like words.
const TITLES: [&str; 10] = [
    "Heat",
    "The Usual Suspects",
    "Her",
    "Toy Story 2",
    "Both",
    "Some Kind of Wonderful",
    "Big",
    "Up",
    "You've Got Mail",
    "It",
];
/// A genre's words, and words of other genres that mean none of these.
const GENRES: [(&str, &str, &str); 14] = [
    ("Action", "action", "romance"),
    ("Adventure", "adventure", "western"),
    ("Animation", "animated", "documentary"),
    ("Animation", "animation", "western"),
    ("Children", "children", "criminals"),
    ("Comedy", "comedy", "tragedy"),
    ("Comedy", "funny", "scary"),
    ("Crime", "crime", "fantasy"),
    ("Drama", "drama", "musical"),
    ("Fantasy", "fantasy", "war"),
    ("Horror", "horror", "comedy"),
    ("Mystery", "mystery", "romance"),
    ("Sci-Fi", "sci-fi", "western"),
    ("Thriller", "thriller", "musical"),
];
const MORE_GENRES: [(&str, &str, &str); 8] = [
    ("Sci-Fi", "science fiction", "historical"),
    ("Romance", "romantic", "violent"),
    ("Romance", "romance", "horror"),
    ("Film-Noir", "noir", "comedy"),
    ("Western", "western", "thriller"),
    ("War", "war", "romance"),
    ("Musical", "musical", "thriller"),
    ("Documentary", "documentary", "fantasy"),
];
const DECADES: [(&str, &str); 14] = [
    ("1940s", "1950s"),
    ("1950s", "1970s"),
    ("1960s", "1980s"),
    ("1970s", "1960s"),
    ("1980s", "1990s"),
    ("1990s", "2000s"),
    ("2000s", "1990s"),
    ("forties", "fifties"),
    ("fifties", "sixties"),
    ("sixties", "fifties"),
    ("seventies", "sixties"),
    ("eighties", "nineties"),
    ("nineties", "seventies"),
    ("90s", "70s"),
];
/// Verbs, and how they deny.
const DENIALS: [(&str, &str); 20] = [
    (" is ", " is not "),
    (" is ", " isn't "),
    (" is ", " is never "),
    (" are ", " are not "),
    (" are ", " are hardly "),
    (" was ", " wasn't "),
    (" has ", " has no "),
    (" have ", " haven't "),
    (" should ", " should not "),
    (" might ", " might not "),
    (" may ", " may never "),
    (" will ", " won't "),
    (" liked ", " never liked "),
    (" liked ", " disliked "),
    (" enjoyed ", " hated "),
    (" like ", " unlike "),
    (" shares ", " shares nothing "),
    (" with ", " without "),
    (" both ", " neither "),
    (" people ", " not people "),
];
/// Numbers in words, and others.
const WRITTEN: [(&str, &str); 12] = [
    ("twenty", "thirty"),
    ("thirty", "forty"),
    ("forty", "fifty"),
    ("fifty", "ninety"),
    ("sixty", "sixteen"),
    ("dozen", "hundred"),
    ("twelve", "eleven"),
    ("five ", "six "),
    ("seven ", "seventeen "),
    ("eight ", "eighteen "),
    ("sixteen", "fifteen"),
    ("nineteen", "ninety"),
];
/// Facts that no plan holds, to be added before the end.
const FACTS: [&str; 36] = [
    ", and it won three Oscars",
    ", directed by Steven Spielberg",
    ", starring Tom Hanks",
    ", based on a novel",
    ", which was a box-office hit",
    ", with a famous soundtrack",
    ", a masterpiece",
    ", a cult classic",
    ", and critics loved it",
    ", and it runs for three hours",
    ", a story about a dog",
    ", set in Paris",
    ", filmed in black and white",
    ", and it is the best of them all",
    ", and a sequel is coming",
    ", which your sister recommended",
    ", and it is in French",
    ", and everybody loved it",
    ", about a man who loses his job",
    ", and it was banned in Italy",
    ", with a surprising twist at the end",
    ", and its budget was huge",
    ", and it is a remake",
    ", although it is very violent",
    ", and you watched it twice",
    ", which you saw last week",
    ", with talking animals",
    ", and most viewers liked it",
    ", and a hundred others agree",
    ", a western with a happy ending",
    ", the longest film of its decade",
    ", which is on Netflix",
    ", by the same director",
    ", and the acting is superb",
    ", where the hero dies",
    ", and it made millions",
];

/// A false text, and what was done to it.
pub(super) struct Mutant {
    pub(super) kind: &'static str,
    pub(super) text: String,
}

/// All mutants of a true text.
pub(super) fn of(text: &str, plan: &Plan) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut add = |kind, mutant: String| {
        if mutant != text {
            mutants.push(Mutant { kind, text: mutant });
        }
    };
    let item = plan.item.title.as_str();
    let anchor = plan.anchor.as_ref().map(|anchor| anchor.title.as_str()).unwrap_or_default();
    for (place, other) in TITLES.iter().enumerate() {
        let title = if place % 2 == 0 || anchor.is_empty() || !text.contains(anchor) { item } else { anchor };
        add("title", text.replacen(title, other, 1));
    }
    for (genre, word, other) in GENRES.iter().chain(&MORE_GENRES) {
        let backed = |name: &str| plan.genres.iter().any(|genre| genre.to_lowercase() == name);
        if plan.genres.iter().any(|of| of == genre) && !backed(other) && !(*other == "scary" && backed("horror")) {
            add("genre", replace_outside(text, word, other, &[item, anchor]));
        }
    }
    for (decade, other) in DECADES {
        add("decade", replace_outside(text, decade, other, &[item, anchor]));
    }
    for year in [plan.item.year, plan.anchor.as_ref().and_then(|anchor| anchor.year)].into_iter().flatten() {
        for other in [year + 1, year - 10, 1899, 2150] {
            add("year", replace_outside(text, &year.to_string(), &other.to_string(), &[item, anchor]));
        }
    }
    if let (Some(a), Some(b)) = (plan.item.year, plan.anchor.as_ref().and_then(|anchor| anchor.year))
        && a != b
    {
        add("year", exchange(text, &a.to_string(), &b.to_string()));
    }
    for (verb, denial) in DENIALS {
        add("negation", replace_outside(text, verb, denial, &[item, anchor]));
    }
    if plan.liked_by > 0 {
        let count = plan.liked_by;
        for other in [count + 1, count * 10, count.saturating_sub(1).max(3) + 3] {
            add("count", replace_outside(text, &format!("{count} "), &format!("{other} "), &[item, anchor]));
        }
        for (number, other) in WRITTEN {
            if !text.contains("year") {
                add("count", replace_outside(text, number, other, &[item, anchor]));
                add("count", replace_outside(text, &capitalized(number), &capitalized(other), &[item, anchor]));
            }
        }
    }
    // `A and B` says the same as `B and A`.
    let paired = [("and", item, anchor), ("and", anchor, item)]
        .iter()
        .any(|(and, a, b)| text.contains(&format!("{a} {and} {b}")) || text.contains(&format!("{a}, {and} {b}")));
    if text.contains(anchor) && !anchor.is_empty() && !paired && !is_about_people(text) {
        add("roles", exchange(text, item, anchor));
    }
    if text.contains(" you ") || text.starts_with("You ") {
        add("name", text.replacen(" you ", " Tom Hanks ", 1).replacen("You ", "Your mother ", 1));
    }
    let whole = text.trim_end_matches(['.', '!', '?']);
    if text.ends_with('.') {
        FACTS.iter().for_each(|fact| add("fact", format!("{whole}{fact}.")));
    }
    mutants
}

/// Whether a text says that people liked both, and nothing of the reader: that is true in either order.
fn is_about_people(text: &str) -> bool {
    let words: Vec<String> = text.to_lowercase().split(|c: char| !c.is_alphabetic()).map(str::to_owned).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&["people", "viewers", "others", "fans"])
        && has(&["liked", "like", "enjoyed", "loved", "appreciate", "fond", "had", "adore"])
        && !has(&["you", "your", "try", "should", "see", "watch", "recommend", "i", "my", "look"])
}

fn capitalized(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// Replaces a word's first occurrence that is not inside of a title or of another word.
fn replace_outside(text: &str, from: &str, to: &str, titles: &[&str]) -> String {
    let mut masked = text.to_owned();
    for title in titles.iter().filter(|title| !title.is_empty()) {
        masked = masked.replace(title, &"\u{0}".repeat(title.len()));
    }
    let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let whole = |at: &usize| {
        let (before, after) = (masked[..*at].chars().next_back(), masked[at + from.len()..].chars().next());
        let begins = !(inside(before) && inside(from.chars().next()));
        begins && !(inside(after) && inside(from.chars().next_back()))
    };
    match masked.match_indices(from).map(|(at, _)| at).find(whole) {
        Some(at) => format!("{}{to}{}", &text[..at], &text[at + from.len()..]),
        None => text.to_owned(),
    }
}

fn exchange(text: &str, a: &str, b: &str) -> String {
    text.replace(a, "\u{0}").replace(b, a).replace('\u{0}', b)
}
