//! What is known of items, as facts that can be checked and said.

use std::collections::HashSet;

use serde::Serialize;

use super::reply::listed;
use super::understand::{LANGUAGE_COLUMNS, PEOPLE_COLUMNS};
use crate::recommend::{
    Attribute, Catalogue, Interaction, Interactions, Item, Knowledge, Triple, catalogue::YEAR, interactions::liked,
    line::one_line,
};

/// The relation of items that the same people liked.
pub const LIKED_TOGETHER: &str = "liked_together";
/// The relation of an item to how many people liked it, of those who rated it.
pub(super) const LIKED_BY: &str = "liked_by";
/// The fewest people who liked both that are worth a word.
const FEWEST_LIKERS: usize = 2;
/// Characters of a value in a sentence.
const VALUE_CHARS: usize = 80;

/// Which table holds a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// The facts that the store was made with.
    Knowledge,
    /// An item's record.
    Items,
    /// Everybody's interactions.
    Interactions,
}

/// A fact about an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fact {
    /// The item's id.
    pub head: String,
    /// A relation of the knowledge, or a column.
    pub relation: String,
    /// What it is related to, as the record has it.
    pub tail: String,
    /// Which table holds it.
    pub source: FactSource,
}

/// Everything that facts come from.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    /// The items.
    pub catalogue: &'a Catalogue,
    /// The facts beside their records.
    pub knowledge: &'a Knowledge,
    /// Who liked what.
    pub interactions: &'a Interactions,
}

impl Fact {
    /// One of the store's facts.
    pub(crate) fn of(triple: &Triple) -> Self {
        let Triple { head, relation, tail } = triple.clone();
        Self { head, relation, tail, source: FactSource::Knowledge }
    }

    /// Whether the records hold it.
    pub fn holds(&self, records: &Records<'_>) -> bool {
        match self.source {
            FactSource::Knowledge => {
                let Self { head, relation, tail, .. } = self;
                records
                    .knowledge
                    .about(head)
                    .any(|fact| (&fact.head, &fact.relation, &fact.tail) == (head, relation, tail))
            }
            FactSource::Items => {
                let item = records.catalogue.index(&self.head).map(|item| &records.catalogue[item]);
                item.and_then(|item| item.attribute(&self.relation))
                    .is_some_and(|attribute| values(attribute).contains(&self.tail))
            }
            FactSource::Interactions if self.relation == LIKED_BY => {
                let item = records.catalogue.index(&self.head);
                item.and_then(|item| records.popularity(item)).is_some_and(|fact| fact.tail == self.tail)
            }
            FactSource::Interactions => {
                let both = self.tail.split_once(' ').and_then(|(count, other)| Some((count.parse().ok()?, other)));
                let items = both.and_then(|(count, other): (usize, _)| {
                    Some((count, records.catalogue.index(&self.head)?, records.catalogue.index(other)?))
                });
                items.is_some_and(|(count, item, other)| liked_both(records.interactions, item, other) == count)
            }
        }
    }

    /// The fact as the end of a sentence whose subject is the item: `was directed by Ada Quist`.
    pub fn said(&self, catalogue: &Catalogue) -> String {
        let title = |id: &str| catalogue.index(id).map(|item| titled(&catalogue[item]));
        let tail =
            title(&self.tail).filter(|_| self.source == FactSource::Knowledge).unwrap_or_else(|| value(&self.tail));
        match self.relation.as_str() {
            LIKED_TOGETHER => {
                let (count, other) = self.tail.split_once(' ').unwrap_or(("", ""));
                let other = title(other).unwrap_or_else(|| value(other));
                format!("was liked by {count} people who also liked {other}")
            }
            LIKED_BY => {
                let (count, all) = self.tail.split_once(' ').unwrap_or(("", ""));
                format!("was liked by {count} of the {all} people who rated it here")
            }
            "directed_by" | "director" => format!("was directed by {tail}"),
            "written_by" | "writer" => format!("was written by {tail}"),
            "has_theme" | "themes" => format!("has the theme {tail}"),
            "set_in" => format!("is set in {tail}"),
            "sequel_of" => format!("is a sequel of {tail}"),
            "prequel_of" => format!("is a prequel of {tail}"),
            "similar_to" => format!("is similar to {tail}"),
            "related_to" => format!("is related to {tail}"),
            "genres" => format!("is tagged {tail}"),
            YEAR => format!("came out in {tail}"),
            "runtime" => format!("runs {tail} minutes"),
            "language" => format!("is in {tail}"),
            "audience" => format!("is made for {tail}"),
            "mood" => format!("is {tail} in tone"),
            "price" => format!("costs {tail}"),
            other => format!("has `{}` {tail}", value(&other.replace('_', " "))),
        }
    }
}

/// What facts of one item say, one after the other; its genres and its themes at once.
pub(super) fn told(facts: &[Fact], catalogue: &Catalogue) -> String {
    let mut said: Vec<String> = Vec::new();
    for (place, fact) in facts.iter().enumerate() {
        let is_alike = |other: &Fact| {
            other.relation == fact.relation && ["genres", "has_theme", "themes"].contains(&other.relation.as_str())
        };
        if facts[..place].iter().any(is_alike) {
            continue;
        }
        let others: Vec<String> =
            facts[place..].iter().filter(|other| is_alike(other)).map(|other| value(&other.tail)).collect();
        said.push(match fact.relation.as_str() {
            _ if others.len() < 2 => fact.said(catalogue),
            "genres" => format!("is tagged {}", listed(&others)),
            _ => format!("has the themes {}", listed(&others)),
        });
    }
    listed(&said)
}

/// A value on one line, of a bounded length.
fn value(text: &str) -> String {
    one_line(text).chars().take(VALUE_CHARS).collect()
}

/// An item as answers name it.
pub(super) fn titled(item: &Item) -> String {
    let title = one_line(&item.short_title());
    let short: String = title.chars().take(VALUE_CHARS).collect();
    match item.year() {
        Some(year) => format!("{short} ({year})"),
        None => short,
    }
}

/// The values of an attribute as texts.
fn values(attribute: &Attribute) -> Vec<String> {
    match attribute {
        Attribute::Number(number) => vec![number.to_string()],
        Attribute::Many(values) => values.clone(),
        Attribute::Text(value) => vec![value.clone()],
    }
}

fn liked_both(interactions: &Interactions, a: usize, b: usize) -> usize {
    let likes = |history: &[_], item: usize| liked(history).any(|event| event.item == item);
    interactions.histories().iter().filter(|history| likes(history, a) && likes(history, b)).count()
}

impl<'a> Records<'a> {
    /// What the record of an item says in some columns, in their order.
    pub fn recorded(&self, item: usize, columns: &[&str]) -> Vec<Fact> {
        let item = &self.catalogue[item];
        let column = |name: &&str| {
            let fact =
                |tail| Fact { head: item.id.clone(), relation: (*name).to_owned(), tail, source: FactSource::Items };
            item.attribute(name).map(|attribute| values(attribute).into_iter().map(fact).collect::<Vec<_>>())
        };
        columns.iter().filter_map(column).flatten().collect()
    }

    /// What the knowledge says of an item as the head of facts.
    pub fn known(&self, item: usize) -> Vec<Fact> {
        let id = &self.catalogue[item].id;
        self.knowledge.about(id).filter(|fact| fact.head == *id).map(Fact::of).collect()
    }

    /// The facts that relate an item to others: those of the knowledge first, then how many people liked both.
    pub fn relations(&self, item: usize, others: &[usize]) -> Vec<Fact> {
        let ids: HashSet<&str> = others.iter().map(|&other| self.catalogue[other].id.as_str()).collect();
        let mut facts: Vec<Fact> =
            self.known(item).into_iter().filter(|fact| ids.contains(fact.tail.as_str())).collect();
        for &other in others.iter().filter(|&&other| other != item) {
            let count = liked_both(self.interactions, item, other);
            if count >= FEWEST_LIKERS {
                let (head, tail) = (self.catalogue[item].id.clone(), format!("{count} {}", self.catalogue[other].id));
                facts.push(Fact { head, relation: LIKED_TOGETHER.into(), tail, source: FactSource::Interactions });
            }
        }
        facts
    }

    /// How many people liked an item, of those who rated it; none if nobody did.
    pub fn popularity(&self, item: usize) -> Option<Fact> {
        let of_item = |event: &&Interaction| event.item == item && event.rating.is_some();
        let histories = self.interactions.histories().iter();
        let rated: Vec<_> = histories.filter(|history| history.iter().any(|event| of_item(&event))).collect();
        let count = rated.iter().filter(|history| liked(history).any(|event| of_item(&event))).count();
        let tail = format!("{count} {}", rated.len());
        let head = self.catalogue[item].id.clone();
        let fact = || Fact { head, relation: LIKED_BY.into(), tail, source: FactSource::Interactions };
        (!rated.is_empty()).then(fact)
    }

    /// Who made an item or takes part in it.
    pub fn people(&self, item: usize) -> Vec<Fact> {
        let mut facts = self.recorded(item, &PEOPLE_COLUMNS);
        let made = self.known(item).into_iter().filter(|fact| fact.relation.ends_with("_by"));
        for fact in made {
            if !facts.iter().any(|own| own.tail == fact.tail) {
                facts.push(fact);
            }
        }
        facts
    }

    /// In which language it is.
    pub fn language(&self, item: usize) -> Vec<Fact> {
        self.recorded(item, &LANGUAGE_COLUMNS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::fixture::{Fixture, FixtureOptions};

    #[test]
    fn facts_hold_and_others_do_not() {
        let Fixture { items, knowledge, interactions, .. } =
            Fixture::generate(&FixtureOptions { items: 60, users: 40, ..FixtureOptions::default() });
        let records = Records { catalogue: &items, knowledge: &knowledge, interactions: &interactions };
        let mut counted = 0;
        for item in 0..20 {
            let mut facts = records.recorded(item, &["year", "genres", "runtime", "language"]);
            facts.extend(records.known(item));
            facts.extend(records.relations(item, &[(item + 1) % 60, (item + 7) % 60]));
            facts.extend(records.people(item));
            facts.extend(records.popularity(item));
            for fact in facts {
                assert!(fact.holds(&records), "{fact:?}");
                assert!(!fact.said(&items).is_empty());
                let other = Fact { tail: format!("{} not", fact.tail), ..fact.clone() };
                assert!(!other.holds(&records), "{other:?}");
                let elsewhere = Fact { head: "nothing".into(), ..fact };
                assert!(!elsewhere.holds(&records));
                counted += 1;
            }
        }
        assert!(counted > 100, "{counted}");
    }
}
