//! RARec: recommendations whose reasons were looked up. Twenty items are retrieved, at most ten facts about them and
//! their relations are found, and what is said of an item is made of these facts alone.

use std::collections::HashSet;

use super::{
    facts::{Fact, Records},
    wish::Wishes,
};
use crate::recommend::catalogue::GENRES;

/// Items that are retrieved for one answer.
pub const RETRIEVED: usize = 20;
/// Facts of one answer.
pub const FACTS: usize = 10;
/// Relations between items, those that say most first.
const RELATIONS: [&str; 4] = ["sequel_of", "prequel_of", "similar_to", "related_to"];

/// Finds facts about retrieved items.
#[derive(Clone, Copy, Debug)]
pub struct RARec<'a> {
    records: Records<'a>,
}

impl<'a> RARec<'a> {
    /// Looks facts up in these records.
    pub fn new(records: Records<'a>) -> Self {
        Self { records }
    }

    /// At most ten facts about items: their relations to what somebody liked and to each other first, then what meets
    /// their wishes, then who made them. The best items come first, and no item takes more than its share.
    pub(super) fn facts(&self, items: &[usize], wishes: &Wishes<'_>) -> Vec<Fact> {
        let liked: Vec<usize> = wishes.dialogue.liked.iter().rev().take(3).copied().collect();
        let per_item = (FACTS / items.len().clamp(1, FACTS)).max(1);
        let mut facts: Vec<Fact> = Vec::new();
        for &item in items {
            let mut own = self.about(item, items, &liked, wishes);
            own.retain(|fact| !facts.contains(fact));
            own.truncate(per_item);
            facts.extend(own);
        }
        facts.truncate(FACTS);
        facts
    }

    fn about(&self, item: usize, items: &[usize], liked: &[usize], wishes: &Wishes<'_>) -> Vec<Fact> {
        let records = &self.records;
        let mut facts = records.relations(item, liked);
        let (genres, themes) = wishes.reasons(item);
        let known = records.known(item);
        let is_wanted = |fact: &&Fact| fact.relation == "has_theme" && themes.contains(&fact.tail);
        facts.extend(known.iter().filter(is_wanted).cloned());
        let ids: Vec<&str> = items.iter().map(|&item| records.catalogue[item].id.as_str()).collect();
        let is_relation = |fact: &&Fact| RELATIONS.contains(&fact.relation.as_str());
        let is_near = |fact: &&Fact| ids.contains(&fact.tail.as_str());
        facts.extend(known.iter().filter(is_relation).filter(is_near).cloned());
        facts.extend(known.iter().filter(|fact| fact.relation == "has_theme").cloned());
        facts.extend(records.people(item));
        let own = records.recorded(item, &[GENRES]);
        facts.extend(own.iter().filter(|fact| genres.contains(&fact.tail)).cloned());
        facts.extend(known.iter().filter(|fact| fact.relation == "set_in").cloned());
        facts.extend(known.iter().filter(is_relation).cloned());
        facts.extend(own);
        // One of a kind: two themes say little more than one.
        let mut told = HashSet::new();
        facts.retain(|fact| told.insert(fact.relation.clone()));
        facts
    }
}
