//! Who takes part, who watches, and which language is spoken.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    common::{is_common, number},
    negation::is_denied,
    stated::{Constraints, key},
    words::{Gap, Sentence, fold},
};
use crate::recommend::{Attribute, Catalogue, Knowledge};

/// Columns that hold people.
pub(in crate::recommend::converse) const PEOPLE_COLUMNS: [&str; 12] = [
    "director",
    "directors",
    "cast",
    "actor",
    "actors",
    "star",
    "stars",
    "writer",
    "writers",
    "author",
    "authors",
    "composer",
];
/// Columns that hold languages.
pub(in crate::recommend::converse) const LANGUAGE_COLUMNS: [&str; 3] = ["language", "languages", "original_language"];

/// Languages that people name, where no catalogue says others.
const LANGUAGES: [&str; 26] = [
    "Arabic",
    "Cantonese",
    "Chinese",
    "Czech",
    "Danish",
    "Dutch",
    "English",
    "Finnish",
    "French",
    "German",
    "Greek",
    "Hebrew",
    "Hindi",
    "Hungarian",
    "Icelandic",
    "Italian",
    "Japanese",
    "Korean",
    "Mandarin",
    "Norwegian",
    "Persian",
    "Polish",
    "Portuguese",
    "Russian",
    "Spanish",
    "Swedish",
];

/// People whom many name in lower case.
const FAMOUS: [&str; 60] = [
    "Adam Sandler",
    "Akira Kurosawa",
    "Al Pacino",
    "Alfred Hitchcock",
    "Angelina Jolie",
    "Ang Lee",
    "Anthony Hopkins",
    "Arnold Schwarzenegger",
    "Ben Stiller",
    "Brad Pitt",
    "Bruce Willis",
    "Cate Blanchett",
    "Charlie Chaplin",
    "Christian Bale",
    "Christopher Nolan",
    "Clint Eastwood",
    "Coen Brothers",
    "Daniel Craig",
    "David Fincher",
    "David Lynch",
    "Denzel Washington",
    "Emma Stone",
    "Francis Ford Coppola",
    "George Clooney",
    "Greta Gerwig",
    "Harrison Ford",
    "Hayao Miyazaki",
    "Hugh Grant",
    "Jack Nicholson",
    "Jackie Chan",
    "James Cameron",
    "Jennifer Lawrence",
    "Jim Carrey",
    "Johnny Depp",
    "John Wayne",
    "Julia Roberts",
    "Kate Winslet",
    "Keanu Reeves",
    "Leonardo DiCaprio",
    "Liam Neeson",
    "Martin Scorsese",
    "Matt Damon",
    "Meg Ryan",
    "Meryl Streep",
    "Michael Bay",
    "Morgan Freeman",
    "Natalie Portman",
    "Nicolas Cage",
    "Quentin Tarantino",
    "Ridley Scott",
    "Robert De Niro",
    "Robin Williams",
    "Ryan Gosling",
    "Samuel L. Jackson",
    "Scarlett Johansson",
    "Stanley Kubrick",
    "Steven Spielberg",
    "Tom Cruise",
    "Tom Hanks",
    "Wes Anderson",
];

/// Words for children.
const CHILDREN: [&str; 26] = [
    "kid",
    "kids",
    "child",
    "children",
    "toddler",
    "toddlers",
    "niece",
    "nieces",
    "nephew",
    "nephews",
    "grandkids",
    "grandchildren",
    "grandchild",
    "grandson",
    "granddaughter",
    "preschooler",
    "preschoolers",
    "son",
    "sons",
    "daughter",
    "daughters",
    "boy",
    "girl",
    "boys",
    "girls",
    "little ones",
];
/// Words for people between twelve and twenty.
const TEENAGERS: [&str; 5] = ["teen", "teens", "teenager", "teenagers", "adolescents"];
/// Words for grown people.
const ADULTS: [&str; 4] = ["adult", "adults", "grownups", "grown ups"];
/// Who a film is for, beside these.
const OTHERS: [&str; 22] = [
    "grandmother",
    "grandma",
    "grandfather",
    "grandpa",
    "mother",
    "mom",
    "mum",
    "father",
    "dad",
    "parents",
    "wife",
    "husband",
    "girlfriend",
    "boyfriend",
    "partner",
    "friend",
    "friends",
    "date",
    "colleagues",
    "sister",
    "brother",
    "grandparents",
];
/// The age from which somebody is a teenager, and grown.
const AGES: (f64, f64) = (13.0, 18.0);

/// Who can be named.
#[derive(Clone, Debug)]
pub(super) struct People {
    /// Full names as folded words, as the catalogue writes them.
    names: BTreeMap<String, String>,
    /// Last names that one person has.
    last_names: BTreeMap<String, String>,
    languages: BTreeMap<String, String>,
}

impl People {
    /// The people and languages of a catalogue and its facts, beside those whom everybody knows.
    pub(super) fn new(catalogue: Option<&Catalogue>, knowledge: Option<&Knowledge>) -> Self {
        let values = |columns: &[&str]| {
            let mut found = BTreeSet::new();
            for (name, attribute) in catalogue.into_iter().flat_map(Catalogue::items).flat_map(|item| &item.attributes)
            {
                if columns.contains(&name.as_str()) {
                    found.extend(named_in(attribute).into_iter().map(str::to_owned));
                }
            }
            found
        };
        let mut people = values(&PEOPLE_COLUMNS);
        let facts = knowledge.into_iter().flat_map(Knowledge::triples);
        let made_by = facts.filter(|fact| fact.relation.ends_with("_by") || fact.relation.starts_with("has_actor"));
        people.extend(made_by.map(|fact| fact.tail.clone()));
        let own: BTreeSet<String> = people.clone();
        people.extend(FAMOUS.map(str::to_owned));
        let mut names = BTreeMap::new();
        let mut last: BTreeMap<String, Option<String>> = BTreeMap::new();
        for name in people {
            let words = spaced(&name);
            if let Some((_, family)) =
                words.rsplit_once(' ').filter(|(_, family)| family.len() > 3 && !is_common(family))
            {
                // Somebody of the catalogue comes before somebody who is famous.
                let one = last.entry(family.to_owned()).or_insert_with(|| Some(name.clone()));
                if one.as_ref() != Some(&name)
                    && (own.contains(&name) || one.as_ref().is_none_or(|one| !own.contains(one)))
                {
                    *one = if own.contains(&name) && one.as_ref().is_some_and(|one| !own.contains(one)) {
                        Some(name.clone())
                    } else {
                        None
                    };
                }
            }
            names.insert(words, name);
        }
        let last_names = last.into_iter().filter_map(|(family, name)| Some((family, name?))).collect();
        let mut languages: BTreeMap<String, String> =
            LANGUAGES.iter().map(|language| (fold(language), (*language).to_owned())).collect();
        languages.extend(values(&LANGUAGE_COLUMNS).into_iter().map(|language| (spaced(&language), language)));
        Self { names, last_names, languages }
    }

    /// The person who is named at a place, and how many words name them. Names that nobody knows are taken behind a word
    /// that announces one.
    pub(super) fn at(&self, sentence: &Sentence, place: usize) -> Option<(String, usize)> {
        let words = |length: usize| sentence.words.get(place..place + length);
        for length in (2..=4).rev() {
            let Some(words) = words(length) else { continue };
            let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            if let Some(name) = self.names.get(&text) {
                return Some((name.clone(), length));
            }
        }
        let word = sentence.words.get(place)?;
        let announced = ["with", "by", "starring", "from", "featuring", "no", "without", "like", "of"]
            .contains(&sentence.before(place, 1));
        let possessive = word.text.strip_suffix("'s").unwrap_or(&word.text);
        let followed = ["films", "movies", "film", "movie", "flick"].contains(&sentence.at(place + 1));
        if let Some(name) = self.last_names.get(possessive).filter(|_| word.is_capital() || announced || followed) {
            return Some((name.clone(), 1));
        }
        let is_name = |word: &super::words::Word| word.is_capital() && word.gap != Gap::Pause && !is_common(&word.text);
        let capitals = sentence.words[place..].iter().take(3).take_while(|word| is_name(word)).count();
        let who = ["with", "by", "starring", "featuring", "no", "without", "not", "directed", "or", "except"];
        (capitals >= 2 && who.contains(&sentence.before(place, 1))).then(|| {
            let name: Vec<&str> =
                sentence.words[place..place + capitals].iter().map(|word| word.raw.as_str()).collect();
            (name.join(" "), capitals)
        })
    }

    /// How many words at a place are the full name of somebody who is known.
    pub(super) fn full_name(&self, sentence: &Sentence, place: usize) -> Option<usize> {
        (2..=4).rev().find(|&length| {
            let words = sentence.words.get(place..place + length);
            words.is_some_and(|words| {
                let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
                self.names.contains_key(&text)
            })
        })
    }

    /// Whether a word is the name of a language.
    pub(super) fn is_language(&self, word: &str) -> bool {
        self.languages.contains_key(word)
    }

    /// The language that is named at a place as one that is spoken: `in French`, `French films`.
    pub(super) fn language_at(&self, sentence: &Sentence, place: usize) -> Option<(&str, usize)> {
        // `too French for me` judges.
        let language = self.languages.get(sentence.at(place)).filter(|_| sentence.before(place, 1) != "too")?;
        let before = ["in", "only", "original", "speaking", "no", "not", "any", "a", "some"]
            .contains(&sentence.before(place, 1));
        let after = [
            "language", "speaking", "spoken", "one", "ones", "film", "films", "movie", "movies", "cinema", "only",
            "or", "", "with", "dub", "version", "is",
        ]
        .contains(&sentence.at(place + 1));
        // `French comedies`: what follows says what it is, and this where it is from.
        // `korean crime films`
        let kind = (2..=3).any(|ahead| ["film", "films", "movie", "movies"].contains(&sentence.at(place + ahead)));
        (before || after || kind || sentence.words[place].is_capital()).then_some((language.as_str(), 1))
    }
}

/// The names in a column: a list, or a text with commas between them.
pub(super) fn named_in(attribute: &Attribute) -> Vec<&str> {
    match attribute {
        Attribute::Many(values) => values.iter().map(String::as_str).collect(),
        Attribute::Text(text) => text.split(',').map(str::trim).collect(),
        Attribute::Number(_) => Vec::new(),
    }
}

fn spaced(name: &str) -> String {
    let words = super::words::sentences(name).into_iter().flat_map(|sentence| sentence.words);
    words.map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// Who watches. Sets the audience, and returns the theme that says so.
pub(super) fn audience(sentence: &Sentence, into: &mut Constraints) -> Option<String> {
    let any = |words: &[&str]| sentence.has_any(words);
    let ages: Vec<f64> = (0..sentence.len()).filter_map(|place| age(sentence, place)).collect();
    let (teenager, adult) = AGES;
    // What children would be wanted for is not what they watch: `a child actor`, `about kids`, `I saw it as a child`.
    let about = ["about", "with a", "child actor", "as a", "was a"].iter().any(|word| {
        sentence.find(word).is_some_and(|place| CHILDREN.contains(&sentence.at(place + word.split(' ').count())))
    });
    let youngest = ages.iter().copied().fold(f64::INFINITY, f64::min);
    if sentence.has_any(&["not for kids", "not for children", "no kids", "without kids", "no children", "grown up"])
        || (any(&ADULTS) && sentence.find("for").is_some())
    {
        into.set_text(key::AUDIENCE, "adults");
        return None;
    }
    // `nothing with children` says what it is not about.
    let denied = (0..sentence.len())
        .any(|place| CHILDREN.contains(&sentence.at(place)) && is_denied(sentence, place, &|_| false));
    if youngest < teenager || any(&CHILDREN) && !about && !denied && youngest == f64::INFINITY {
        into.set_text(key::AUDIENCE, "children");
        return Some("family".into());
    }
    if youngest < adult || any(&TEENAGERS) && sentence.has_any(&["for", "my", "our", "with"]) {
        into.set_text(key::AUDIENCE, "teenagers");
        return None;
    }
    if sentence.has_any(&[
        "whole family",
        "entire family",
        "family friendly",
        "all ages",
        "family night",
        "with my family",
        "family movie night",
    ]) {
        into.set_text(key::AUDIENCE, "family");
        return Some("family".into());
    }
    let place = (0..sentence.len()).find(|&place| {
        let before = sentence.before(place, 1);
        let determined = ["my", "our", "a", "the", "his", "her"].contains(&before);
        OTHERS.contains(&sentence.at(place))
            && (before == "for" || determined && ["for", "with"].contains(&sentence.before(place, 2)))
    });
    place.map(|place| {
        let who = sentence.at(place);
        if who.ends_with('s') { format!("for {who}") } else { format!("for a {who}") }
    })
}

/// An age: `6 years old`, `6-year-old`, `aged 6`, `they are 6 and 8`, where children are spoken of.
fn age(sentence: &Sentence, place: usize) -> Option<f64> {
    let word = sentence.at(place);
    // `my 5yo`
    let short = word.strip_suffix("yo").or_else(|| word.strip_suffix("yr"));
    let value = number(short.unwrap_or(word)).filter(|age| (1.0..100.0).contains(age))?;
    let years = ["year", "years", "yr", "yo"].contains(&sentence.at(place + 1));
    let old = years && (sentence.at(place + 2) == "old" || sentence.at(place + 2) == "olds");
    let aged = ["aged", "age", "ages", "turned", "turning"].contains(&sentence.before(place, 1));
    let spoken_of = CHILDREN.iter().any(|word| sentence.find(word).is_some());
    let is = ["is", "are", "he's", "she's", "they're"].contains(&sentence.before(place, 1)) && spoken_of;
    (old || short.is_some() || sentence.at(place + 1) == "yo" || aged || is).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn who_watches_is_read() {
        let cases = [
            ("my kids will watch too, they are 6 and 8", Some("children"), Some("family")),
            ("for my 7-year-old", Some("children"), Some("family")),
            ("my son is 15", Some("teenagers"), None),
            ("animated, for adults", Some("adults"), None),
            ("for the whole family", Some("family"), Some("family")),
            ("a film for my grandmother", None, Some("for a grandmother")),
            ("a film about kids", None, None),
            ("nothing with children", None, None),
            ("I saw it as a child", None, None),
            ("a comedy", None, None),
        ];
        for (text, who, theme) in cases {
            let mut said = Constraints::default();
            let found = audience(&sentences(text)[0], &mut said);
            assert_eq!(said.values(key::AUDIENCE).first().map(String::as_str), who, "{text}");
            assert_eq!(found.as_deref(), theme, "{text}");
        }
    }

    #[test]
    fn people_are_known_or_announced() {
        let people = People::new(None, None);
        let found = |text: &str| {
            let sentence = &sentences(text)[0];
            (0..sentence.len()).find_map(|place| people.at(sentence, place)).map(|(name, _)| name)
        };
        let cases = [
            ("no John Wayne", Some("John Wayne")),
            ("with tom hanks", Some("Tom Hanks")),
            ("by Kubrick", Some("Stanley Kubrick")),
            ("Tarantino films", Some("Quentin Tarantino")),
            ("with Ada Quist", Some("Ada Quist")),
            ("films with heart", None),
        ];
        for (text, name) in cases {
            assert_eq!(found(text).as_deref(), name, "{text}");
        }
    }
}
