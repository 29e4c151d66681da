//! `docent demo` on real weights and the bundled sample: whatever the models say, the answer is valid.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{minilm, smollm2};

const USER: &str = "432";
/// Items with fewer ratings are left out of the test's catalogue, and most users, too: embedding and learning from all of
/// them says nothing more.
const FEWEST_RATINGS: usize = 60;
/// One in so many users is kept, with the one of the test.
const USERS: usize = 4;

/// A folder with the well-known part of the sample, and a cache of its own.
struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sample = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small"));
        let ratings = rows(&sample.join("ratings.csv"));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        ratings.iter().for_each(|row| *counts.entry(&row["item_id"]).or_default() += 1);
        let is_kept = |user: &String| user == USER || user.parse::<usize>().is_ok_and(|user| user % USERS == 0);
        let known = |row: &Row| {
            counts.get(row["item_id"].as_str()).is_some_and(|&count| count >= FEWEST_RATINGS)
                && row.get("user_id").is_none_or(is_kept)
        };
        let write = |name: &str, columns: &[&str], rows: &[Row]| {
            let mut writer = csv::Writer::from_path(folder.path().join(name)).expect("a writable folder");
            writer.write_record(columns).expect("a writable file");
            for row in rows.iter().filter(|row| known(row)) {
                writer.write_record(columns.iter().map(|&column| &row[column])).expect("a writable file");
            }
        };
        write("items.csv", &["item_id", "title", "year", "genres"], &rows(&sample.join("items.csv")));
        write("ratings.csv", &["user_id", "item_id", "rating", "timestamp"], &ratings);
        Self { folder }
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        rows(&self.folder.path().join(name))
    }

    fn demo(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
        command.arg("demo").args(arguments).arg("--model").arg(smollm2()).arg("--encoder").arg(minilm());
        command.arg("--data").arg(self.folder.path()).env("XDG_CACHE_HOME", self.folder.path());
        command.output().expect("docent runs")
    }
}

/// Cells by column.
type Row = HashMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a file of the sample");
    reader.deserialize().map(|row| row.expect("a whole row")).collect()
}

fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value}"))
}

#[test]
fn recommendations_are_new_items_and_explanations_are_backed_by_records() {
    let workplace = Workplace::new();
    let output = workplace.demo(&["--json", "--user", USER]);
    let answer = answer(&output);
    let records = Records::new(&workplace);
    assert_eq!(text(&answer, "user"), USER);
    let history = answer["history"].as_array().expect("a list");
    assert_eq!(history.len(), 10);
    assert!(history.iter().all(|item| records.rated(USER, text(item, "item_id"))));

    let recommended = answer["items"].as_array().expect("a list");
    let distinct: HashSet<&str> = recommended.iter().map(|item| text(item, "item_id")).collect();
    assert_eq!((recommended.len(), distinct.len()), (10, 10));
    assert!(recommended.is_sorted_by_key(|item| -item["score"].as_f64().expect("a number")));
    for (place, item) in recommended.iter().enumerate() {
        let id = text(item, "item_id");
        assert!(!records.rated(USER, id), "item {id} is in the history");
        assert_eq!(text(item, "title"), records.items[id]["title"].trim());
        let sources: Vec<&String> = item["scores"].as_object().expect("scores by source").keys().collect();
        let expected = ["co_occurrence", "ease", "semantic", "popularity", "fused", "hybrid", "likelihood"];
        assert_eq!(sources, expected);
        assert!(item.get("explanation").is_some(), "{place}");
    }
    for explanation in recommended.iter().filter_map(|item| item.get("explanation")) {
        assert!(!text(explanation, "text").is_empty());
        assert!(["model", "template"].contains(&text(explanation, "written_by")));
        explanation["claims"].as_array().expect("claims").iter().for_each(|claim| records.back(claim));
    }

    let again = workplace.demo(&["--json", "--user", USER]);
    assert_eq!(again.stdout, output.stdout);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains("Took the store of the last run"), "{told}");
}

/// The sample, by id.
struct Records {
    items: HashMap<String, Row>,
    /// Ratings by user and item.
    ratings: HashMap<(String, String), String>,
}

impl Records {
    fn new(workplace: &Workplace) -> Self {
        let items = workplace.rows("items.csv").into_iter().map(|row| (row["item_id"].clone(), row));
        let ratings = workplace.rows("ratings.csv").into_iter();
        let ratings = ratings.map(|row| ((row["user_id"].clone(), row["item_id"].clone()), row["rating"].clone()));
        Self { items: items.collect(), ratings: ratings.collect() }
    }

    fn rated(&self, user: &str, item: &str) -> bool {
        self.ratings.contains_key(&(user.to_owned(), item.to_owned()))
    }

    /// Fails unless the record that a claim names says what the claim says.
    fn back(&self, claim: &Value) {
        let (said, record, field) = (text(claim, "text"), text(claim, "record"), text(claim, "field"));
        match (text(claim, "source"), field, record.split_once(['/', '+'])) {
            ("items", "year", None) => {
                assert!(said.ends_with(&format!(" came out in {}", self.items[record]["year"])), "{said}");
            }
            ("items", "genres", None) => {
                let genres: Vec<&str> = self.items[record]["genres"].split('|').collect();
                let (_, claimed) = said.split_once(" is tagged ").expect("a list of genres");
                assert!(claimed.split(", ").all(|genre| genres.contains(&genre)), "{said}: {genres:?}");
            }
            ("interactions", "rating", Some((user, item))) if record.contains('/') => {
                let rating: f32 = self.ratings[&(user.to_owned(), item.to_owned())].parse().expect("a number");
                assert!(user == USER && said.ends_with(&format!(" {rating}")), "{said}: {rating}");
            }
            ("interactions", "rating", Some((a, b))) => {
                let rated = |item: &&str, user: &str| self.rated(user, item);
                let users: HashSet<&String> = self.ratings.keys().map(|(user, _)| user).collect();
                let both = users.into_iter().filter(|user| [a, b].iter().all(|item| rated(item, user))).count();
                let claimed = said.split_once(" users liked both ").expect("a number of users").0;
                assert!((2..=both).contains(&claimed.parse().expect("a number")), "{said}: {both} rated both");
            }
            other => panic!("no such record: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_user_is_an_error_that_names_some_who_are_known() {
    let output = Workplace::new().demo(&["--user", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("error: there is no user `nobody` among "), "{told}");
    assert!(told.contains("hint: there are `4`"), "{told}");
}
