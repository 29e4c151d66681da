//! `rerank` on the default models: every mode, and everything that can be wrong with its input.

use serde_json::Value;

use super::{Workplace, stdout};

const TEXTS: &str =
    "A recipe for tomato soup with basil\nHow to change the oil of a car\nA history of the Roman empire\n";
const QUERY: &str = "cooking dinner with vegetables";

fn ranked(workplace: &Workplace, arguments: &[&str]) -> Vec<Value> {
    let output = stdout(workplace.run(&[&["rerank", "--json", "--query", QUERY], arguments].concat()));
    output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_best_text_comes_first_by_encoder_and_by_language_model() {
    let workplace = Workplace::with_models();
    workplace.write("texts.txt", TEXTS);
    for mode in ["embedding", "likelihood"] {
        let lines = ranked(&workplace, &["texts.txt", "--mode", mode]);
        assert_eq!(lines.len(), 3);
        assert_eq!((&lines[0]["index"], &lines[0]["id"]), (&0.into(), &1.into()), "{mode}");
        let scores: Vec<f64> = lines.iter().map(|line| line["relevance_score"].as_f64().expect("a number")).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    }
    let told = stdout(workplace.run_with_input(&["rerank", "--query", QUERY, "-k", "1"], TEXTS));
    assert!(told.trim_end().ends_with("A recipe for tomato soup with basil") && told.lines().count() == 1, "{told}");
}

#[test]
fn json_lines_keep_their_ids() {
    let workplace = Workplace::with_models();
    workplace
        .write("texts.jsonl", "{\"id\": \"car\", \"title\": \"Oil\"}\n\n{\"id\": 7, \"text\": \"vegetable soup\"}\n");
    let lines = ranked(&workplace, &["texts.jsonl"]);
    let found: Vec<_> = lines.iter().map(|line| (line["index"].clone(), line["id"].clone())).collect();
    assert_eq!(found, [(1.into(), 7.into()), (0.into(), "car".into())]);
}

#[test]
fn long_texts_are_read_as_far_as_they_fit() {
    let workplace = Workplace::with_models();
    workplace.write("texts.txt", format!("{}\nsoup\n", "word ".repeat(1000)));
    for mode in ["embedding", "likelihood"] {
        let arguments = ["rerank", "texts.txt", "--query", "soup", "-k", "1", "--mode", mode];
        let output = workplace.run(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && told.contains("warning: 1 text is longer than 256 tokens"), "{told}");
    }
}

#[test]
fn faults_are_told_with_file_and_line() {
    let workplace = Workplace::with_models();
    let files: [(&str, &[u8]); 6] = [
        ("empty.txt", b"\n \n"),
        ("latin1.txt", b"one\ncaf\xe9\n"),
        ("broken.jsonl", b"{\"text\": \"a\"}\n{\"text\": \n"),
        ("missing.jsonl", b"{\"id\": 1}\n"),
        ("null.jsonl", b"{\"text\": null}\n"),
        ("blank.jsonl", b"{\"text\": \" \"}\n"),
    ];
    for (name, content) in files {
        workplace.write(name, content);
        let snapshot = format!("rerank-{}", name.replace('.', "-"));
        insta::assert_snapshot!(snapshot, workplace.transcript(&["rerank", name, "--query", "a"]));
    }
    workplace.write("a.txt", "a\n");
    let cases: [(&str, &[&str]); 4] = [
        ("no-query", &["rerank", "a.txt"]),
        ("empty-query", &["rerank", "a.txt", "--query", " "]),
        ("no-file", &["rerank", "nothing.txt", "--query", "a"]),
        ("mode", &["rerank", "a.txt", "--query", "a", "--mode", "writing"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("rerank-{name}"), workplace.transcript(arguments));
    }
    let told = workplace.transcript(&["rerank", "a.txt", "--query", "a", "--mode", "cross-encoder"]);
    assert!(told.contains("has no classification head\nhint: name a cross-encoder with `--encoder`"), "{told}");
}

#[test]
fn a_cross_encoder_reads_pairs() {
    let workplace = Workplace::new();
    workplace.write("words.txt", "w50 w14 w24\nw7\n");
    let classifier = crate::support::reference("tiny/bert-classifier");
    let encoder = classifier.to_str().expect("a readable path");
    let lines = ranked(&workplace, &["words.txt", "--mode", "cross-encoder", "--encoder", encoder]);
    assert_eq!(lines.len(), 2);
    let is_probability = |line: &Value| (0.0..=1.0).contains(&line["relevance_score"].as_f64().expect("a number"));
    assert!(lines.iter().all(is_probability));
}

#[test]
fn every_mode_of_the_language_model_gives_a_permutation() {
    let workplace = Workplace::with_models();
    workplace.write("texts.txt", TEXTS);
    let orders = ["--permutations", "2"];
    let modes: [(&str, &[&str]); 5] =
        [("yes-no", &[]), ("first-token", &orders), ("listwise", &orders), ("setwise", &orders), ("pairwise", &orders)];
    for (mode, orders) in modes {
        let arguments = [&["texts.txt", "--mode", mode], orders].concat();
        let lines = ranked(&workplace, &arguments);
        let mut found: Vec<u64> = lines.iter().map(|line| line["index"].as_u64().expect("a number")).collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2], "{mode}");
        assert_eq!(lines, ranked(&workplace, &arguments), "{mode} twice");
    }
}
