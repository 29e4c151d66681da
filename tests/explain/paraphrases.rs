//! The verifier against paraphrases that were written by somebody who had not seen it.
//!
//! Plans with an even index were used to improve it, those with an odd one were not.

use docent::recommend::explain::{Plan, Titled, verify};
use serde::Deserialize;

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

#[test]
fn true_paraphrases_pass() {
    for half in 0..2 {
        let (mut all, mut passed) = (0, 0);
        for group in groups().iter().skip(half).step_by(2) {
            for text in &group.texts {
                all += 1;
                match verify(text, &group.plan()) {
                    Ok(()) => passed += 1,
                    Err(e) if half == 0 => println!("{e}: {text}"),
                    Err(e) => println!("odd: {}", format!("{e:?}").split('(').next().unwrap()),
                }
            }
        }
        println!("half {half}: {passed} of {all}");
    }
}

#[test]
fn mine() {
    let groups: Vec<Group> = serde_json::from_slice(&std::fs::read("/tmp/lex/mine.json").unwrap()).unwrap();
    let (mut all, mut bad) = (0, 0);
    for group in groups {
        for text in &group.texts {
            all += 1;
            if let Err(e) = verify(text, &group.plan()) {
                bad += 1;
                println!("{e}: {text}");
            }
        }
    }
    println!("mine {bad} of {all}");
}

#[test]
fn false_ones_fail() {
    use std::collections::BTreeMap;
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (index, group) in groups().iter().enumerate() {
        let plan = group.plan();
        for text in group.texts.iter().filter(|text| verify(text, &plan).is_ok()) {
            for mutant in super::mutants::of(text, &plan) {
                let entry = kinds.entry(mutant.kind).or_default();
                entry.0 += 1;
                if verify(&mutant.text, &plan).is_ok() {
                    entry.1 += 1;
                    if index % 2 == 0 {
                        println!("SURVIVOR {}: {} [{}]", mutant.kind, mutant.text, text);
                    }
                }
            }
        }
    }
    println!("KINDS {kinds:?}");
}
