//! `docent demo` on real weights and the bundled sample: whatever the models say, the answer is valid.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{minilm, smollm2};

fn sample() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small"))
}

fn docent(cache: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
    command.arg("demo").args(arguments).arg("--model").arg(smollm2()).arg("--encoder").arg(minilm());
    command.arg("--data").arg(sample()).env("XDG_CACHE_HOME", cache).env("XDG_CONFIG_HOME", cache);
    command.output().expect("docent runs")
}

fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

/// The rows of a file of the sample: cells by column.
fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(sample().join(file)).expect("a file of the sample");
    reader.deserialize().map(|row| row.expect("a whole row")).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value}"))
}

#[test]
fn recommendations_are_new_items_and_explanations_are_backed_by_records() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let output = docent(cache.path(), &["--json", "--user", "432"]);
    let answer = answer(&output);
    let items: HashMap<String, _> = rows("items.csv").into_iter().map(|row| (row["item_id"].clone(), row)).collect();
    let ratings: HashMap<(String, String), String> = rows("ratings.csv")
        .into_iter()
        .map(|row| ((row["user_id"].clone(), row["item_id"].clone()), row["rating"].clone()))
        .collect();
    let had = |item: &str| ratings.contains_key(&("432".to_owned(), item.to_owned()));

    assert_eq!(text(&answer, "user"), "432");
    let history = answer["history"].as_array().expect("a list");
    assert_eq!(history.len(), 10);
    assert!(history.iter().all(|item| had(text(item, "item_id"))));

    let recommended = answer["items"].as_array().expect("a list");
    let distinct: HashSet<&str> = recommended.iter().map(|item| text(item, "item_id")).collect();
    assert_eq!((recommended.len(), distinct.len()), (10, 10));
    let mut last = f64::INFINITY;
    for (place, item) in recommended.iter().enumerate() {
        let id = text(item, "item_id");
        assert!(!had(id), "item {id} is in the history");
        assert_eq!(text(item, "title"), items[id]["title"].trim());
        let score = item["score"].as_f64().expect("a number");
        assert!(score <= last);
        last = score;
        let sources: Vec<&String> = item["scores"].as_object().expect("scores by source").keys().collect();
        assert_eq!(sources, ["co_occurrence", "semantic", "likelihood"]);
        assert_eq!(item.get("explanation").is_some(), place < 3);
    }
    for item in &recommended[..3] {
        let explanation = &item["explanation"];
        assert!(!text(explanation, "text").is_empty());
        assert!(["model", "template"].contains(&text(explanation, "written_by")));
        for claim in explanation["claims"].as_array().expect("claims") {
            let (said, record, field) = (text(claim, "text"), text(claim, "record"), text(claim, "field"));
            match (text(claim, "source"), record.split_once('/')) {
                ("items", None) => {
                    let value = &items[record][field];
                    let (_, facts) =
                        said.split_once(if field == "year" { " came out in " } else { " is tagged " }).expect(said);
                    assert!(facts.split(", ").all(|fact| value.split('|').any(|v| v == fact)), "{said}: {value}");
                }
                ("interactions", Some(("432", item))) => {
                    let rating: f32 = ratings[&("432".to_owned(), item.to_owned())].parse().expect("a number");
                    assert!(said.ends_with(&format!(" {rating}")), "{said}: {rating}");
                }
                ("interactions", Some((a, b))) => assert!(items.contains_key(a) && items.contains_key(b), "{said}"),
                other => panic!("no such record: {other:?}"),
            }
        }
    }

    let again = docent(cache.path(), &["--json", "--user", "432"]);
    assert_eq!(again.stdout, output.stdout);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains("from the last run"), "{told}");
}

#[test]
fn an_unknown_user_is_an_error_that_names_some_who_are_known() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let output = docent(cache.path(), &["--user", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("error: there is no user `nobody` among 506 users"), "{told}");
    assert!(told.contains("hint: there are `4`"), "{told}");
}
