//! What goes on with an item, or comes before it: by the facts, and else by titles that begin alike.

use super::{
    facts::{Fact, Records, titled},
    reply::{Turn, listed},
};
use crate::recommend::Catalogue;

/// The most items that are named by their titles.
const NAMED: usize = 5;
/// Words that number a part.
const PARTS: [&str; 14] =
    ["part", "episode", "chapter", "volume", "vol", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"];

/// Whether a question, in lower case, is about what goes on with something.
pub(super) fn is_asked_for(lower: &str) -> bool {
    ["sequel", "prequel", "part of a series", "franchise", "follow-up", "follow up"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Says what comes before or goes on with an item.
pub(super) fn tell(records: &Records<'_>, item: usize, turn: &mut Turn) {
    let catalogue = records.catalogue;
    let title = titled(&catalogue[item]);
    let known = facts(records, item);
    for fact in &known {
        let head = catalogue.index(&fact.head).map_or_else(|| fact.head.clone(), |head| titled(&catalogue[head]));
        turn.say_of([format!("{head} {}.", fact.said(catalogue))], vec![fact.clone()]);
    }
    if !known.is_empty() {
        return;
    }
    turn.say([format!("The records name no sequel or prequel of {title}.")]);
    let others: Vec<String> = by_titles(catalogue, item).into_iter().map(|other| titled(&catalogue[other])).collect();
    if !others.is_empty() {
        turn.say([format!("Going by titles alone, {} may belong to it.", listed(&others))]);
    }
}

/// The facts that say what an item is a sequel or prequel of, and what is one of it.
fn facts(records: &Records<'_>, item: usize) -> Vec<Fact> {
    let about = records.knowledge.about(&records.catalogue[item].id);
    about.filter(|fact| ["sequel_of", "prequel_of"].contains(&fact.relation.as_str())).map(Fact::of).collect()
}

/// The items whose titles say that they may belong to the same series, the oldest first.
fn by_titles(catalogue: &Catalogue, item: usize) -> Vec<usize> {
    let own = words(&catalogue[item].short_title());
    let belongs = |other: &usize| {
        let words = words(&catalogue[*other].short_title());
        let alike = numbered(&own).is_some() && numbered(&own) == numbered(&words);
        words != own && (continues(&own, &words) || continues(&words, &own) || alike)
    };
    let mut found: Vec<usize> = (0..catalogue.len()).filter(belongs).collect();
    found.sort_by_key(|&other| (catalogue[other].year(), other));
    found.truncate(NAMED);
    found
}

/// Words of a title in lower case, each colon as one.
fn words(title: &str) -> Vec<String> {
    let title = title.to_lowercase().replace(':', " : ");
    title.split_whitespace().map(|word| word.trim_matches(',').to_owned()).collect()
}

/// Whether a title goes on behind the whole of another: with a number or a subtitle, or in any words behind several.
fn continues(title: &[String], other: &[String]) -> bool {
    let rest = other.strip_prefix(title).filter(|rest| !title.is_empty() && !rest.is_empty());
    rest.is_some_and(|rest| title.len() > 1 || rest[0] == ":" || is_part(&rest[0]))
}

fn is_part(word: &str) -> bool {
    PARTS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before the number or the subtitle of a title that has one.
fn numbered(title: &[String]) -> Option<&[String]> {
    let place = title.iter().position(|word| word == ":" || is_part(word)).filter(|place| *place > 0)?;
    Some(&title[..place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    #[test]
    fn titles_tell_a_series() {
        let titles = [
            "Toy Story",
            "Toy Story 2",
            "Heat",
            "Heat and Dust",
            "The Matrix",
            "The Matrix Reloaded",
            "The Godfather",
            "The Godfather: Part II",
            "The Godfather: Part III",
            "Rocky II",
            "Rocky III",
            "300",
        ];
        let item = |title: &&str| Item { id: (*title).into(), title: (*title).into(), ..Item::default() };
        let catalogue = Catalogue::new(titles.iter().map(item).collect());
        for (title, expected) in [
            ("Toy Story", "Toy Story 2"),
            ("Toy Story 2", "Toy Story"),
            ("Heat", ""),
            ("The Matrix", "The Matrix Reloaded"),
            ("The Godfather", "The Godfather: Part II, The Godfather: Part III"),
            ("Rocky III", "Rocky II"),
            ("300", ""),
        ] {
            let item = catalogue.index(title).unwrap();
            let found: Vec<&str> = by_titles(&catalogue, item).into_iter().map(|i| &*catalogue[i].title).collect();
            assert_eq!(found.join(", "), expected, "{title}");
        }
    }
}
