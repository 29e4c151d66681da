//! `chat` and `eval chat`: what is said and answered, what is kept, and what is refused.

use std::{
    io::{Read, Write},
    process::Stdio,
};

use docent::recommend::fixture::{Fixture, FixtureOptions};

use super::{Workplace, json, stdout};
use crate::support::smollm2;

/// A store of 120 invented films, without vectors.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let options = FixtureOptions { items: 120, users: 30, interactions: 12, ..FixtureOptions::default() };
    Fixture::generate(&options).write(&workplace.path("")).expect("a writable folder");
    let files = ["--items", "items.jsonl", "--interactions", "interactions.csv", "--users", "users.csv"];
    let arguments =
        [&["index", "store", "--no-embeddings", "--quiet", "--knowledge", "knowledge.csv"], &files[..]].concat();
    let made = workplace.run(&arguments);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    workplace
}

const DIALOGUE: &str = "Hello!\nA western, please.\nNo horror, and nothing before 1980.\nThe second one is boring.\n\
                        Who directed the first one?\nWhy the first one?\nThanks, bye!\n";

#[test]
fn a_dialogue_is_answered_and_kept() {
    let workplace = workplace();
    // Who only looks leaves nothing behind.
    assert_eq!(stdout(workplace.run(&["chat", "store", "--list"])), "");
    assert!(!workplace.path("store/sessions.sqlite").exists());
    let arguments = ["chat", "store", "--plain", "--quiet"];
    let output = workplace.run_with_input(&arguments, DIALOGUE);
    insta::assert_snapshot!("chat-plain", workplace.told(&arguments, &output));
    for (session, user) in [("evening", "u12"), ("花样年华", "u7")] {
        let begin = ["chat", "store", "--plain", "--quiet", "--session", session, "--user", user];
        stdout(workplace.run_with_input(&begin, "Hello!\n"));
    }
    insta::assert_snapshot!("chat-list", workplace.transcript(&["chat", "store", "--list"]));
    let arguments = ["chat", "store", "--plain", "--json", "--quiet", "--session", "json"];
    let text = stdout(workplace.run_with_input(&arguments, DIALOGUE));
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let states: Vec<&str> = lines.iter().map(|line| line["state"].as_str().expect("a state")).collect();
    let expected = [
        "greeting",
        "recommendation_presentation",
        "recommendation_presentation",
        "feedback",
        "exploration",
        "clarification",
        "greeting",
    ];
    assert_eq!(states, expected);
    assert_eq!(
        lines[2]["preferences"]["constraints"],
        serde_json::json!({"exclude_genres": ["Horror"], "year_min": 1980})
    );
    let shown = |line: usize| {
        let items = lines[line]["items"].as_array().expect("a list").iter();
        items.map(|item| item["item_id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(1).len(), 5);
    assert!(shown(3).iter().all(|id| !shown(1).contains(id) && !shown(2).contains(id)));
    assert_eq!(lines[3]["feedback"]["disliked"].as_array().map(Vec::len), Some(1));
    // The same in two runs as in one.
    let (first, second) = DIALOGUE.split_at(DIALOGUE.find("The second").expect("a line"));
    let arguments = ["chat", "store", "--plain", "--json", "--quiet", "--session", "parted"];
    let parted =
        stdout(workplace.run_with_input(&arguments, first)) + &stdout(workplace.run_with_input(&arguments, second));
    assert_eq!(parted, text);
}

#[test]
fn who_leaves_says_nothing() {
    let workplace = workplace();
    for word in ["exit", "QUIT", " /exit "] {
        let input = format!("Hello!\n{word}\nA western, please.\n");
        let text = stdout(workplace.run_with_input(&["chat", "store", "--plain", "--json", "--session", word], &input));
        assert_eq!(text.lines().count(), 1, "{word}");
    }
}

#[test]
fn a_model_words_what_the_records_say() {
    smollm2();
    let workplace = workplace();
    let arguments = ["chat", "store", "--json", "--stats", "--quiet"];
    let output = workplace.run_with_input(&arguments, DIALOGUE);
    let stats = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = stdout(output);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let reply = line["reply"].as_str().expect("a text");
        for item in line["items"].as_array().expect("a list") {
            let title = item["title"].as_str().expect("a title");
            assert!(reply.contains(title), "{reply} lacks {title}");
        }
    }
    let stats: serde_json::Value = serde_json::from_str(stats.trim()).expect("statistics");
    let (cached, asked) = (stats["cached_tokens"].as_f64(), stats["prompt_tokens"].as_f64());
    // Every prompt but the first goes on from the one before.
    assert!(cached > asked.map(|asked| 0.8 * asked), "{stats}");
}

#[test]
fn what_was_shown_outlives_a_kill() {
    let workplace = workplace();
    for _ in 0..5 {
        let mut command = workplace.command(&["chat", "store", "--plain", "--quiet", "--session", "killed"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("docent runs");
        child.stdin.as_mut().expect("a pipe").write_all(b"a western\n").expect("a reader");
        let mut first = [0; 8];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("an answer");
        child.kill().expect("a child");
        child.wait().expect("docent ends");
    }
    let list = json(workplace.run(&["chat", "store", "--list", "--json"]));
    assert_eq!(list["messages"], 10);
    // What was shown five times over is not shown once more.
    let arguments = ["chat", "store", "--plain", "--json", "--quiet", "--session", "killed"];
    let reply = json(workplace.run_with_input(&arguments, "Why these?\n"));
    assert_eq!(reply["state"], "clarification");
}

#[test]
fn two_processes_may_talk_in_one_store() {
    let workplace = workplace();
    let start = |session: &str| {
        let mut command = workplace.command(&["chat", "store", "--plain", "--quiet", "--session", session]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("docent runs");
        child.stdin.take().expect("a pipe").write_all(DIALOGUE.as_bytes()).expect("a reader");
        child
    };
    let running = [start("one"), start("one"), start("two")];
    for mut child in running {
        assert!(child.wait().expect("docent ends").success());
    }
    let list = stdout(workplace.run(&["chat", "store", "--list", "--json"]));
    let count = |session: &str| {
        let line = list.lines().find(|line| line.contains(&format!("\"{session}\""))).expect("a session");
        serde_json::from_str::<serde_json::Value>(line).expect("JSON")["messages"].clone()
    };
    assert_eq!((count("one"), count("two")), (28.into(), 14.into()));
}

#[test]
fn conversations_are_evaluated() {
    let workplace = workplace();
    let figures =
        json(workplace.run(&["eval", "chat", "store", "--targets", "30", "--seed", "1", "--json", "--quiet"]));
    assert_eq!((&figures["violations"], &figures["repeated"]), (&0.into(), &0.into()));
    assert_eq!(figures["facts_held"], 1.0);
    assert!(figures["gain"].as_f64() >= Some(2.0), "{figures}");
    let messages = [
        r#"{"message": "Hi!", "state": "greeting"}"#,
        r#"{"message": "a western", "state": "recommendation_presentation", "preferences": {"genres": ["Western"]}}"#,
        r#"{"shown": ["Heat"], "message": "Heat was dull", "state": "feedback", "feedback": {"liked": ["Heat"]}}"#,
    ];
    workplace.write("messages.jsonl", messages.join("\n"));
    let figures = json(workplace.run(&["eval", "chat", "--messages", "messages.jsonl", "--json"]));
    assert_eq!((&figures["state_accuracy"], &figures["preference_f1"]), (&1.0.into(), &1.0.into()));
    assert_eq!(figures["feedback_f1"], 0.0);
    insta::assert_snapshot!(
        "eval-chat-messages",
        workplace.transcript(&["eval", "chat", "--messages", "messages.jsonl"])
    );
}

#[test]
fn what_cannot_be_talked_about_is_an_error_with_a_hint() {
    let workplace = workplace();
    workplace.write("broken.jsonl", "{\"message\": \"Hi\", \"state\": \"greeting\"}\n{\"message\": 1}\n");
    workplace.write("empty.jsonl", "\n");
    assert!(workplace.run(&["chat", "store", "--plain", "--session", "taken"]).status.success());
    let cases: [(&str, &[&str]); 7] = [
        ("no-store", &["chat", "nowhere"]),
        ("no-user", &["chat", "store", "--plain", "--user", "zoe"]),
        ("other-user", &["chat", "store", "--plain", "--session", "taken", "--user", "u1"]),
        ("eval-nothing", &["eval", "chat"]),
        ("eval-broken", &["eval", "chat", "--messages", "broken.jsonl"]),
        ("eval-empty", &["eval", "chat", "--messages", "empty.jsonl"]),
        ("eval-both", &["eval", "chat", "store", "--messages", "broken.jsonl"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("chat-{name}"), workplace.transcript(arguments));
    }
}
