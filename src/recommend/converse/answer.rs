//! Answers to questions: about an item from its records, and about what was said from what is known.

use std::collections::BTreeSet;

use super::{
    conditions::RUNTIMES,
    dialogue::Dialogue,
    facts::{Fact, Records, titled, told},
    reply::{Turn, alternatives, listed},
    series,
    understand::{Constraints, Whether, key, slot},
    vocabulary::Vocabulary,
    whether::Question,
    wish::Wishes,
};
use crate::recommend::{
    Interaction, Item, Recommender, Result,
    catalogue::{GENRES, YEAR},
    explain::Views,
    line::one_line,
};

/// Characters of a description that are quoted.
const QUOTED: usize = 300;

/// What a question is about, and the words that ask for it.
const TOPICS: [(Topic, &[&str]); 10] = [
    (
        Topic::People,
        &[
            "who made",
            "director",
            "directed",
            "who wrote",
            "who plays",
            "who is in",
            "who's in",
            "starring",
            "cast",
            "actors",
            "made by",
            "by whom",
        ],
    ),
    (Topic::Runtime, &["how long", "runtime", "running time", "minutes", "length", "hours", "duration"]),
    (
        Topic::Year,
        &["when", "how old", "from the ", "what year", "which year", "come out", "came out", "released", "release"],
    ),
    (
        Topic::Language,
        &[
            "language",
            "subtitle",
            "dubbed",
            "spoken",
            "in french",
            "in english",
            "in german",
            "in spanish",
            "in italian",
            "in japanese",
            "in korean",
        ],
    ),
    (Topic::Price, &["cost", "price", "how much", "expensive", "cheap"]),
    (Topic::Audience, &["kids", "children", "suitable", "family", "teen", "age rating", "for adults"]),
    (Topic::Place, &["set in", "where", "take place", "takes place", "location"]),
    (
        Topic::Genre,
        &[
            "genre",
            "what kind",
            "what type",
            "scary",
            "funny",
            "romantic",
            "violent",
            "sad",
            "dark",
            "is it a ",
            "is that a ",
        ],
    ),
    (Topic::Relations, &["similar", "related"]),
    (
        Topic::Popularity,
        &[
            "any good",
            "worth",
            "popular",
            "people like",
            "how good",
            "well liked",
            "reviews",
            "critics",
            "highly rated",
        ],
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    People,
    Runtime,
    Year,
    Language,
    Price,
    Audience,
    Place,
    Genre,
    Relations,
    Popularity,
}

/// A question in a dialogue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk<'a> {
    pub(super) records: Records<'a>,
    pub(super) dialogue: &'a Dialogue,
    pub(super) message: &'a str,
    /// The items that are asked about.
    pub(super) items: &'a [usize],
    /// What is asked whether it holds of them.
    pub(super) whether: Option<&'a Whether>,
    pub(super) vocabulary: &'a Vocabulary,
    /// What whoever asks did.
    pub(super) history: &'a [Interaction],
}

impl Talk<'_> {
    /// Answers about items from their records; several are compared.
    ///
    /// # Errors
    /// If a filter does not parse, which a value's own text cannot cause.
    pub(super) fn explore(&self, turn: &mut Turn, recommender: &Recommender) -> Result<()> {
        let lower = self.message.to_lowercase();
        if let Some((columns, sign)) = extreme(&lower) {
            self.tell_extreme(columns, sign, turn);
            return Ok(());
        }
        if let Some(whether) = self.whether {
            let question = Question { records: self.records, vocabulary: self.vocabulary, whether, text: &lower };
            if question.answer(self.items, turn)? {
                return Ok(());
            }
        }
        if series::is_asked_for(&lower) && !self.items.is_empty() {
            self.items.iter().for_each(|&item| series::tell(&self.records, item, turn));
            return Ok(());
        }
        let compares = ["compare", "difference", "differ", "which", "better"].iter().any(|word| lower.contains(word));
        let items = if self.items.len() > 1 || !compares { self.items } else { self.dialogue.last.as_slice() };
        let topics: Vec<Topic> = TOPICS
            .iter()
            .filter(|(_, words)| words.iter().any(|word| lower.contains(word)))
            .map(|(topic, _)| *topic)
            .collect();
        if items.len() > 1 && (compares || topics.is_empty()) {
            self.compare(items, turn, recommender);
        }
        for &item in items.iter().take(5) {
            self.tell(item, &topics, items.len() == 1, turn);
        }
        if items.is_empty() {
            turn.say(["Which title do you mean?", "Please name the title that you mean."]);
        }
        Ok(())
    }

    /// Which of several has most or least of something: `which is the longest?`
    fn tell_extreme(&self, columns: &[&str], sign: f64, turn: &mut Turn) {
        let items = if self.items.len() > 1 { self.items } else { self.dialogue.last.as_slice() };
        let value = |item: usize| {
            let fact = self.records.recorded(item, columns).into_iter().next()?;
            Some((fact.tail.parse::<f64>().ok()? * sign, item, fact))
        };
        let most = items.iter().filter_map(|&item| value(item)).max_by(|a, b| a.0.total_cmp(&b.0));
        match most {
            Some((_, item, fact)) => {
                let title = titled(&self.records.catalogue[item]);
                turn.focus = Some(item);
                turn.say_of([format!("That is {title}: it {}.", fact.said(self.records.catalogue))], vec![fact]);
            }
            None => turn.say(["The records do not say that.", "That is not known here."]),
        }
    }

    /// When each of several is the better choice, by computed facts.
    fn compare(&self, items: &[usize], turn: &mut Turn, recommender: &Recommender) {
        let semantic = recommender.semantic().map(|semantic| &**semantic);
        let views = Views::new(self.records.catalogue, self.records.interactions, semantic);
        for (_, viewed) in views.compare(self.history, items) {
            turn.say(viewed.wordings);
        }
    }

    fn tell(&self, item: usize, topics: &[Topic], alone: bool, turn: &mut Turn) {
        let record = &self.records.catalogue[item];
        let title = titled(record);
        let mut answered = false;
        for topic in topics {
            let facts = self.topic(item, *topic);
            if facts.is_empty() {
                continue;
            }
            answered = true;
            let said = told(&facts, self.records.catalogue);
            turn.say_of([format!("{title} {said}.")], facts);
        }
        if answered {
            return;
        }
        let asks_plot = ["about", "plot", "story", "happens"].iter().any(|word| self.message.contains(word));
        if topics == [Topic::People] {
            turn.say([
                format!("The records do not say who made {title}."),
                format!("Who made {title} is not known here."),
            ]);
        } else if topics.is_empty() && alone && asks_plot && record.description.is_none() {
            turn.say([format!("The records have no description of {title}.")]);
        } else if !topics.is_empty() || self.whether.is_some() {
            turn.say([
                format!("The records of {title} do not say that."),
                format!("That is not known of {title} here."),
            ]);
        }
        let facts = self.records.recorded(item, &[GENRES, "runtime", "language"]);
        if !facts.is_empty() {
            let said = told(&facts, self.records.catalogue);
            turn.say_of([format!("{title} {said}.")], facts);
        }
        if alone && let Some(description) = &record.description {
            turn.say([format!("Its description: \"{}\"", cut(description))]);
        }
        let known = if alone { self.records.known(item) } else { Vec::new() };
        for fact in known.into_iter().take(4) {
            turn.say_of([format!("It {}.", fact.said(self.records.catalogue))], vec![fact]);
        }
    }

    /// The facts that answer a question.
    fn topic(&self, item: usize, topic: Topic) -> Vec<Fact> {
        let records = &self.records;
        let known = |relations: &[&str]| {
            let mut facts = records.known(item);
            facts.retain(|fact| relations.contains(&fact.relation.as_str()));
            facts
        };
        match topic {
            Topic::People => records.people(item),
            Topic::Runtime => records.recorded(item, &["runtime", "duration", "length"]),
            Topic::Year => records.recorded(item, &[YEAR]),
            Topic::Language => records.language(item),
            Topic::Price => records.recorded(item, &["price"]),
            Topic::Audience => records.recorded(item, &["audience", "target_audience"]),
            Topic::Place => known(&["set_in", "filmed_in"]),
            Topic::Genre => {
                let mut facts = records.recorded(item, &[GENRES, "mood"]);
                facts.extend(known(&["has_theme"]));
                facts
            }
            Topic::Relations => known(&["similar_to", "related_to"]),
            Topic::Popularity => records.popularity(item).into_iter().collect(),
        }
    }

    /// Says why, or what was taken into account.
    pub(super) fn clarify(&self, turn: &mut Turn, recommender: &Recommender) {
        let lower = self.message.to_lowercase();
        let items =
            if self.items.is_empty() { &self.dialogue.last[..self.dialogue.last.len().min(1)] } else { self.items };
        let asks_why = ["why", "how come", "reason", "explain", "what made you", "what makes you"]
            .iter()
            .any(|word| lower.contains(word));
        if self.means(turn, &lower) {
            return;
        }
        if asks_why {
            turn.why = items.first().copied();
            for &item in items {
                self.why(item, turn, recommender);
            }
        }
        self.account(turn);
        if !asks_why || items.is_empty() {
            turn.say([
                "I order what meets your conditions by your wishes first, then by what people who like the same turn to next.",
                "Your conditions decide what may be shown, your wishes come first, and what others liked decides the rest.",
            ]);
        }
    }

    /// What one item has to do with what is wanted.
    fn why(&self, item: usize, turn: &mut Turn, recommender: &Recommender) {
        let catalogue = self.records.catalogue;
        let title = titled(&catalogue[item]);
        let wishes = Wishes { dialogue: self.dialogue, catalogue, knowledge: self.records.knowledge };
        let (genres, themes) = wishes.reasons(item);
        let mut facts = self.records.recorded(item, &[GENRES, "themes"]);
        facts.retain(|fact| genres.contains(&fact.tail) || themes.contains(&fact.tail));
        let liked: Vec<usize> = self.dialogue.liked.iter().rev().take(3).copied().collect();
        facts.extend(self.records.relations(item, &liked).into_iter().take(2));
        if facts.is_empty() {
            let semantic = recommender.semantic().map(|semantic| &**semantic);
            let views = Views::new(catalogue, self.records.interactions, semantic);
            if let Some(viewed) = views.of(self.history, item, &self.dialogue.last).into_iter().next() {
                turn.say(viewed.wordings);
            }
            return;
        }
        let said = told(&facts, catalogue);
        let wordings = [format!("You asked for that: {title} {said}."), format!("I chose {title} because it {said}.")];
        turn.say_of(wordings, facts);
    }

    /// What was taken into account.
    fn account(&self, turn: &mut Turn) {
        let constraints = &self.dialogue.constraints;
        if !constraints.is_empty() {
            let said = conditions(constraints);
            turn.say([
                format!("Your conditions hold for every title that I show from now on: {said}."),
                format!("Every list from now on keeps to: {said}."),
            ]);
        }
    }

    /// What a word means, by the titles that carry it. Returns whether one was asked for.
    fn means(&self, turn: &mut Turn, lower: &str) -> bool {
        if !["mean", "what is", "what's", "definition", "define"].iter().any(|words| lower.contains(words)) {
            return false;
        }
        let catalogue = self.records.catalogue;
        let words: BTreeSet<&String> = catalogue.items().iter().flat_map(Item::genres).collect();
        let said = words.into_iter().filter(|word| lower.contains(&word.to_lowercase()));
        let Some(word) = said.max_by_key(|word| word.len()) else {
            turn.say([
                "I have no definition of that: I only know the words of the records.",
                "That word is not in the records, so I cannot say more about it.",
            ]);
            return true;
        };
        let items: Vec<usize> = (0..catalogue.len()).filter(|&item| catalogue[item].genres().contains(word)).collect();
        let examples: Vec<String> = items.iter().take(3).map(|&item| titled(&catalogue[item])).collect();
        turn.say([format!("{} titles here are tagged {word}, such as {}.", items.len(), listed(&examples))]);
        true
    }
}

/// What a question asks for the most (1) or the least (-1) of, by the columns that tell.
fn extreme(lower: &str) -> Option<(&'static [&'static str], f64)> {
    const EXTREMES: [(&str, &[&str], f64); 6] = [
        ("longest", &RUNTIMES, 1.0),
        ("shortest", &RUNTIMES, -1.0),
        ("newest", &[YEAR], 1.0),
        ("most recent", &[YEAR], 1.0),
        ("latest", &[YEAR], 1.0),
        ("oldest", &[YEAR], -1.0),
    ];
    EXTREMES.iter().find(|(word, ..)| lower.contains(word)).map(|(_, columns, sign)| (*columns, *sign))
}

/// A description on one line, cut between words.
pub(super) fn cut(text: &str) -> String {
    let line = one_line(text);
    let Some((end, _)) = line.char_indices().nth(QUOTED) else { return line };
    let end = line[..end].rfind(' ').unwrap_or(end);
    format!("{}…", &line[..end])
}

/// What does not count any more, in words.
pub(super) fn withdrawn(what: &str) -> &str {
    match what {
        slot::EVERYTHING => "anything that you asked for",
        slot::YEAR => "the year",
        slot::RUNTIME => "the running time",
        slot::LANGUAGE => "the language",
        slot::PEOPLE => "who takes part",
        slot::RATING => "ratings",
        slot::PRICE => "the price",
        slot::GENRES => "the genre",
        slot::THEMES => "the theme",
        slot::AUDIENCE => "whom it is for",
        value => value,
    }
}

/// All conditions in words.
pub(super) fn conditions(constraints: &Constraints) -> String {
    listed(&constraints.0.keys().map(|key| condition(key, constraints)).collect::<Vec<_>>())
}

/// A condition in words.
pub(super) fn condition(key: &str, constraints: &Constraints) -> String {
    let number = constraints.number(key).unwrap_or_default();
    let values = constraints.values(key);
    match key {
        key::YEAR_MIN => format!("from {number} or later"),
        key::YEAR_MAX => format!("from {number} or earlier"),
        key::RUNTIME_MIN => format!("at least {number} minutes"),
        key::RUNTIME_MAX => format!("at most {number} minutes"),
        key::RATING_MIN => format!("rated {number} or better"),
        key::PRICE_MAX => format!("at most {number} to pay"),
        key::AUDIENCE => format!("for {}", listed(values)),
        key::LANGUAGE => format!("in {}", listed(values)),
        key::PEOPLE if constraints.is_any(key) => format!("with {}", alternatives(values)),
        key::PEOPLE => format!("with {}", listed(values)),
        key::EXCLUDE_YEARS => {
            let spans: Vec<String> = values.iter().map(|span| span.replacen('-', " to ", 1)).collect();
            format!("not from {}", alternatives(&spans))
        }
        _ => format!("no {}", alternatives(values)),
    }
}
