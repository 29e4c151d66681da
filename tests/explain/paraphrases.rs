//! The verifier against paraphrases that were written by people who had not seen it.
//!
//! Those in `paraphrases.json` were used to improve it afterwards, the more inventive ones among them, too; those in
//! `unseen.json` were not, and must not be.

use std::collections::BTreeMap;

use docent::recommend::explain::{Plan, Titled, verify};
use serde::Deserialize;

use super::mutants;
use crate::support::reference;

#[derive(Deserialize)]
struct Title {
    title: String,
    year: Option<i32>,
}

#[derive(Deserialize)]
struct Group {
    item: Title,
    anchor: Option<Title>,
    genres: Vec<String>,
    decade: Option<i32>,
    liked_by: usize,
    texts: Vec<String>,
}

impl Group {
    fn plan(&self) -> Plan {
        let titled = |of: &Title| Titled { title: of.title.clone(), year: of.year };
        Plan {
            anchor: self.anchor.as_ref().map(titled),
            genres: self.genres.clone(),
            decade: self.decade,
            liked_by: self.liked_by,
            ..Plan::of(titled(&self.item))
        }
    }
}

fn groups(file: &str) -> Vec<Group> {
    let text = std::fs::read(reference("explanations").join(file)).expect("a file");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn true_paraphrases_pass() {
    for (file, count, least) in [("paraphrases.json", 1100, 0.96), ("unseen.json", 200, 0.95)] {
        let groups = groups(file);
        let texts = groups.iter().flat_map(|group| group.texts.iter().map(|text| (text, group.plan())));
        let verdicts: Vec<bool> = texts.map(|(text, plan)| verify(text, &plan).is_ok()).collect();
        let passed = verdicts.iter().filter(|passed| **passed).count();
        println!("{file}: {passed} of {}", verdicts.len());
        assert!(verdicts.len() == count && passed as f64 >= least * count as f64, "{file}: {passed} of {count}");
    }
}

#[test]
fn texts_with_one_thing_made_false_fail() {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for group in groups("paraphrases.json").into_iter().chain(groups("unseen.json")) {
        let plan = group.plan();
        for text in group.texts.iter().filter(|text| verify(text, &plan).is_ok()) {
            for mutant in mutants::of(text, &plan) {
                let (survivors, all) = kinds.entry(mutant.kind).or_default();
                *survivors += usize::from(verify(&mutant.text, &plan).is_ok());
                *all += 1;
            }
        }
    }
    println!("survivors of mutants by kind: {kinds:?}");
    // Added facts are many; exchanged titles often leave a text true, and have a bound of their own.
    let others = kinds.iter().filter(|(kind, _)| !matches!(**kind, "fact" | "roles"));
    let (survivors, all) = others.fold((0, 0), |sum, (_, kind)| (sum.0 + kind.0, sum.1 + kind.1));
    assert!(all > 10_000 && survivors as f64 <= 0.01 * all as f64, "{survivors} of {all}: {kinds:?}");
    let bounds = [("fact", 0.001), ("roles", 0.25), ("title", 0.01), ("negation", 0.01), ("year", 0.01)];
    for (kind, most) in bounds.into_iter().chain(["genre", "decade", "count", "name"].map(|kind| (kind, 0.05))) {
        let (survivors, all) = kinds[kind];
        assert!(survivors as f64 <= most * all as f64, "{kind}: {survivors} of {all}");
    }
}
