//! Does what is asked hold of an item? Yes or no where the records tell, and what they say.

use super::{
    answer::cut,
    conditions::{AUDIENCES, Conditions, RATINGS, RUNTIMES},
    facts::{Fact, Records, titled, told},
    reply::{Turn, listed},
    understand::{Constraints, LANGUAGE_COLUMNS, THEME_COLUMNS, Whether, key},
    vocabulary::{Vocabulary, bare},
    wish::says,
};
use crate::recommend::{
    Attribute, Item, Result,
    catalogue::{GENRES, YEAR},
};

/// Columns of who is seen in it.
const CAST: [&str; 5] = ["cast", "actor", "actors", "star", "stars"];
/// Relations and columns of who made it.
const MAKERS: [&str; 3] = ["directed_by", "director", "directors"];
/// Words that ask who made it, and not who is seen in it.
const MAKING: [&str; 4] = ["direct", "made", " by ", "film of"];
/// Words that bound a length.
const BOUNDING: [&str; 13] = [
    "under", "less", "shorter", "at most", "up to", "below", "within", "max", "over", "more", "longer", "at least",
    "above",
];

/// What the records say to what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It does not hold.
    No,
    /// They do not tell.
    Untold,
    /// What they say speaks for itself: which of two it is, or how long.
    Open,
    /// It holds.
    Yes,
}

/// What the records say to what is asked of an item, and the facts by which they do.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    verdict: Verdict,
    facts: Vec<Fact>,
    /// Whether the item's description names it.
    described: bool,
}

/// A question and where it is looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) records: Records<'a>,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) whether: &'a Whether,
    /// The question in lower case.
    pub(super) text: &'a str,
}

impl Question<'_> {
    /// Says whether it holds of an item, or of which of several it does. Returns whether it is something that records could tell.
    ///
    /// # Errors
    /// If a filter does not parse, which a value's own text cannot cause.
    pub(super) fn answer(&self, items: &[usize], turn: &mut Turn) -> Result<bool> {
        let catalogue = self.records.catalogue;
        let mut answers: Vec<(usize, Told)> = Vec::new();
        for &item in items {
            answers.extend(self.of(item)?.map(|told| (item, told)));
        }
        match answers.as_slice() {
            [] => return Ok(false),
            [(item, Told { verdict, facts, described })] => {
                let title = titled(&catalogue[*item]);
                let said = told(facts, catalogue);
                let untold = || format!("The records of {title} do not say that.");
                let wordings = match verdict {
                    Verdict::Yes => vec![format!("Yes: {title} {said}."), format!("Yes, {title} {said}.")],
                    Verdict::No => vec![format!("No: {title} {said}."), format!("No, {title} {said}.")],
                    Verdict::Open if !said.is_empty() => vec![format!("{title} {said}.")],
                    Verdict::Untold if !said.is_empty() => vec![format!("{} It {said}.", untold())],
                    Verdict::Untold => vec![untold(), format!("That is not known of {title} here.")],
                    Verdict::Open => Vec::new(),
                };
                turn.say_of(wordings, facts.clone());
                if let Some(description) = catalogue[*item].description.as_ref().filter(|_| *described) {
                    turn.say([format!("Its description: \"{}\"", cut(description))]);
                }
            }
            several => {
                let of = |verdict: Verdict| several.iter().filter(move |(_, told)| told.verdict == verdict);
                let titles: Vec<String> = of(Verdict::Yes).map(|(item, _)| titled(&catalogue[*item])).collect();
                let facts = of(Verdict::Yes).flat_map(|(_, told)| told.facts.clone()).collect();
                if !titles.is_empty() {
                    let titles = listed(&titles);
                    turn.say_of(
                        [format!("By the records, {titles}."), format!("According to the records: {titles}.")],
                        facts,
                    );
                } else if of(Verdict::No).count() == several.len() {
                    turn.say(["None of them, by the records.", "By the records, none of them."]);
                } else {
                    turn.say(["The records do not say that of any of them.", "That is not known of any of them."]);
                }
            }
        }
        Ok(true)
    }

    /// What the records say of an item; none if nothing is asked that they could tell.
    ///
    /// # Errors
    /// If a filter does not parse, which a value's own text cannot cause.
    fn of(&self, item: usize) -> Result<Option<Told>> {
        let Whether { stated, hinted, either } = self.whether;
        let mut claims: Vec<Told> = Vec::new();
        claims.extend(stated.genres.iter().map(|genre| self.genre(item, genre, Verdict::No)));
        // What is not tagged Horror may be scary.
        claims.extend(hinted.iter().map(|genre| self.genre(item, genre, Verdict::Untold)));
        let watched = !stated.constraints.values(key::AUDIENCE).is_empty();
        let themes = stated.themes.iter().filter(|theme| !(watched && *theme == "family"));
        claims.extend(themes.map(|theme| self.theme(item, theme)));
        for (key, limit) in &stated.constraints.0 {
            let alone = Constraints([(key.clone(), limit.clone())].into());
            claims.push(self.condition(item, key, &alone)?);
        }
        let verdicts = || claims.iter().map(|claim| claim.verdict);
        let (Some(least), Some(most)) = (verdicts().min(), verdicts().max()) else { return Ok(None) };
        let verdict = match (either, most) {
            (true, Verdict::Yes) if claims.len() > 1 => Verdict::Open,
            (true, most) => most,
            (false, _) => least,
        };
        let described = claims.iter().any(|claim| claim.described);
        let mut facts: Vec<Fact> = Vec::new();
        for fact in claims.into_iter().flat_map(|claim| claim.facts) {
            // A column and a fact may say the same.
            let said = fact.said(self.records.catalogue);
            if !facts.iter().any(|own: &Fact| own.said(self.records.catalogue) == said) {
                facts.push(fact);
            }
        }
        Ok(Some(Told { verdict, facts, described }))
    }

    fn genre(&self, item: usize, genre: &str, otherwise: Verdict) -> Told {
        let facts = self.records.recorded(item, &[GENRES]);
        let verdict = match facts.iter().any(|fact| fact.tail.eq_ignore_ascii_case(genre)) {
            true => Verdict::Yes,
            false if facts.is_empty() => Verdict::Untold,
            false => otherwise,
        };
        Told { verdict, facts, described: false }
    }

    /// A list of themes is never whole: what it lacks may hold all the same. An item is set in one place.
    fn theme(&self, item: usize, theme: &str) -> Told {
        let mut facts = self.records.recorded(item, &THEME_COLUMNS);
        facts.extend(self.records.known(item));
        let own = bare(theme);
        let said: Vec<Fact> = facts.iter().filter(|fact| bare(&fact.tail) == own).cloned().collect();
        if !said.is_empty() {
            return Told { verdict: Verdict::Yes, facts: said, described: false };
        }
        if self.text.contains("set in") {
            facts.retain(|fact| fact.relation == "set_in");
            let verdict = if facts.is_empty() { Verdict::Untold } else { Verdict::No };
            return Told { verdict, facts, described: false };
        }
        facts.retain(|fact| fact.relation == "has_theme" || THEME_COLUMNS.contains(&fact.relation.as_str()));
        let description = self.records.catalogue[item].description.as_deref();
        let described = description.is_some_and(|text| says(text, theme));
        Told { verdict: if described { Verdict::Open } else { Verdict::Untold }, facts, described }
    }

    fn condition(&self, item: usize, key: &str, alone: &Constraints) -> Result<Told> {
        let records = &self.records;
        let facts = match key {
            key::YEAR_MIN | key::YEAR_MAX => records.recorded(item, &[YEAR]),
            key::RUNTIME_MIN | key::RUNTIME_MAX => records.recorded(item, &RUNTIMES),
            key::PRICE_MAX => records.recorded(item, &["price"]),
            key::RATING_MIN => records.recorded(item, &RATINGS),
            key::LANGUAGE => records.recorded(item, &LANGUAGE_COLUMNS),
            key::AUDIENCE => records.recorded(item, &AUDIENCES),
            key::PEOPLE => return Ok(self.people(item, alone)),
            _ => Vec::new(),
        };
        // Who may watch, a genre can tell: but only that they may.
        let by_genre = key == key::AUDIENCE && facts.is_empty();
        let facts = if by_genre { records.recorded(item, &[GENRES]) } else { facts };
        let Conditions { filter, unknown } =
            Conditions::new(alone, records.catalogue, records.knowledge, self.vocabulary)?;
        let record = &records.catalogue[item];
        let verdict = match filter.filter(|_| unknown.is_empty() && !facts.is_empty()) {
            None => Verdict::Untold,
            Some(_) if self.leaves_open(key, alone, record) => Verdict::Open,
            Some(filter) if filter.matches(record) => Verdict::Yes,
            Some(_) if by_genre => Verdict::Untold,
            Some(_) => Verdict::No,
        };
        Ok(Told { verdict, facts, described: false })
    }

    /// Whether a length is asked for that nothing bounds, `is it two hours long?`, or is the bound itself.
    fn leaves_open(&self, key: &str, alone: &Constraints, item: &Item) -> bool {
        let minutes = RUNTIMES.iter().find_map(|column| match item.attribute(column) {
            Some(Attribute::Number(minutes)) => Some(*minutes),
            _ => None,
        });
        let bounded = BOUNDING.iter().any(|word| self.text.contains(word));
        [key::RUNTIME_MIN, key::RUNTIME_MAX].contains(&key) && (!bounded || alone.number(key) == minutes)
    }

    /// Whether somebody takes part: no, where the records say who does what is asked.
    fn people(&self, item: usize, alone: &Constraints) -> Told {
        let mut facts = self.records.people(item);
        let names = alone.values(key::PEOPLE);
        let takes_part = |name: &String| facts.iter().any(|fact| fact.tail.eq_ignore_ascii_case(name));
        let holds = if alone.is_any(key::PEOPLE) { names.iter().any(takes_part) } else { names.iter().all(takes_part) };
        if holds {
            facts.retain(|fact| names.iter().any(|name| fact.tail.eq_ignore_ascii_case(name)));
            return Told { verdict: Verdict::Yes, facts, described: false };
        }
        let asked: &[&str] = if MAKING.iter().any(|word| self.text.contains(word)) { &MAKERS } else { &CAST };
        let of_asked: Vec<Fact> =
            facts.iter().filter(|fact| asked.contains(&fact.relation.as_str())).cloned().collect();
        match of_asked.is_empty() {
            true => Told { verdict: Verdict::Untold, facts, described: false },
            false => Told { verdict: Verdict::No, facts: of_asked, described: false },
        }
    }
}
