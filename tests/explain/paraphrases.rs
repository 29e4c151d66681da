//! The verifier against paraphrases that were written by somebody who had not seen it.
//!
//! Plans with an even index were used to improve it, those with an odd one were not.

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

fn groups() -> Vec<Group> {
    let text = std::fs::read(reference("explanations/paraphrases.json")).expect("a file");
    serde_json::from_slice(&text).expect("JSON")
}

/// How many texts of every second plan pass, from `first` on, and how many there are.
fn passed(first: usize) -> (usize, usize) {
    let groups = groups();
    let texts =
        groups.iter().skip(first).step_by(2).flat_map(|group| group.texts.iter().map(|text| (text, group.plan())));
    let verdicts: Vec<bool> = texts.map(|(text, plan)| verify(text, &plan).is_ok()).collect();
    (verdicts.iter().filter(|passed| **passed).count(), verdicts.len())
}

#[test]
fn true_paraphrases_pass() {
    println!("passed of the two halves: {:?}, {:?}", passed(0), passed(1));
    for (first, least) in [(0, 0.98), (1, 0.87)] {
        let (passed, all) = passed(first);
        assert!(all >= 200 && passed as f64 >= least * all as f64, "from {first}: {passed} of {all}");
    }
}

#[test]
fn texts_with_one_thing_made_false_fail() {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for group in groups() {
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
    let (survivors, all) = kinds.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
    assert!(all > 1000 && survivors as f64 <= 0.005 * all as f64, "{survivors} of {all}: {kinds:?}");
    for kind in ["title", "genre", "year", "decade", "count", "negation", "name", "fact"] {
        let (survivors, all) = kinds[kind];
        assert!(survivors as f64 <= 0.06 * all as f64, "{kind}: {survivors} of {all}");
    }
}
