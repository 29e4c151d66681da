//! Everything that can be wrong with what a user types or brings, as it is told. No model is loaded here.

use super::Workplace;

/// Runs `cases` (a name for the snapshot, and arguments) in `workplace`.
fn check(workplace: &Workplace, cases: &[(&str, &[&str])]) {
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("error-{name}"), workplace.transcript(arguments));
    }
}

#[test]
fn usage() {
    let workplace = Workplace::new();
    workplace.write("a.csv", "id,text\n1,a\n");
    check(
        &workplace,
        &[
            ("no-command", &[]),
            ("unknown-command", &["tokenise"]),
            ("unknown-flag", &["tokenize", "--promt", "a"]),
            ("no-prompt", &["generate"]),
            ("two-prompts", &["score", "--prompt", "a", "--prompt-file", "b"]),
            ("threads", &["--threads", "0", "doctor"]),
            ("device", &["--device", "tpu", "doctor"]),
            ("isa", &["--isa", "sse9", "doctor"]),
            ("output-format", &["embed", "a.csv", "-o", "out.safetensors"]),
            ("input-format", &["embed", "a.txt", "-o", "out.npy"]),
            ("log", &["doctor", "-q", "-v"]),
            ("compare-one", &["explain", "store", "--user", "a", "--item", "1,1", "--mode", "compare"]),
        ],
    );
}

/// A number below 0 is a number out of range, and no flag.
#[test]
fn numbers_out_of_range() {
    let workplace = Workplace::new();
    let generate = |more: &[&'static str]| [&["generate", "--prompt", "a"], more].concat();
    let cases = [
        generate(&["--temperature", "-1"]),
        generate(&["--temperature", "nan"]),
        generate(&["--top-p", "1.5"]),
        generate(&["--min-p", "-0.1"]),
        generate(&["--repetition-penalty", "0"]),
        generate(&["--seed", "-1"]),
        generate(&["--choice", ""]),
        vec!["recommend", "store", "--user", "a", "-k", "-1"],
        vec!["eval", "store", "--targets", "-1"],
        vec!["rerank", "--query", "a", "-k", "0"],
    ];
    let told: Vec<String> = cases.iter().map(|arguments| workplace.transcript(arguments)).collect();
    insta::assert_snapshot!("error-numbers", told.join("\n"));
}

#[test]
fn settings() {
    let workplace = Workplace::new();
    workplace.write("docent.toml", "modle = 'smollm2-135m'\n");
    check(&workplace, &[("unknown-key", &["doctor"])]);
    workplace.write("docent.toml", "threads = 'all'\n");
    check(&workplace, &[("setting-value", &["doctor"])]);
    workplace.write("docent.toml", "threads = \n");
    check(&workplace, &[("setting-toml", &["doctor"])]);
    let workplace = Workplace::new();
    let arguments = ["doctor"];
    let output = workplace.command(&arguments).env("DOCENT_DEVICE", "tpu").output().expect("docent runs");
    insta::assert_snapshot!("error-variable", workplace.told(&arguments, &output));
}

#[test]
fn models() {
    let workplace = Workplace::new();
    workplace.write("broken.gguf", "GGUF");
    check(
        &workplace,
        &[
            ("unknown-alias", &["generate", "--prompt", "a", "--model", "smollm2-135"]),
            ("no-such-model", &["generate", "--prompt", "a", "--model", "./nothing.gguf"]),
            ("malformed-reference", &["generate", "--prompt", "a", "--model", "hf:name"]),
            ("broken-model", &["generate", "--prompt", "a", "--model", "broken.gguf"]),
        ],
    );
    let arguments = ["tokenize", "--prompt", "a"];
    let mut command = workplace.command(&arguments);
    let output = command.env("HF_HUB_CACHE", workplace.path("empty")).env("HF_HUB_OFFLINE", "1").output();
    insta::assert_snapshot!("error-offline", workplace.told(&arguments, &output.expect("docent runs")));
}

#[test]
fn prompts() {
    let workplace = Workplace::new();
    workplace.write("latin1.txt", b"first\ncaf\xe9\n");
    workplace.write("text.json", "Hello");
    workplace.write("object.json", r#"{"role": "user", "content": "a"}"#);
    workplace.write("role.json", r#"[{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}]"#);
    workplace.write("content.json", r#"[{"role": "user", "content": null}]"#);
    check(
        &workplace,
        &[
            ("prompt-missing", &["tokenize", "--prompt-file", "nothing.txt"]),
            ("prompt-latin1", &["tokenize", "--prompt-file", "latin1.txt"]),
            ("messages-no-json", &["tokenize", "--messages", "text.json"]),
            ("messages-object", &["tokenize", "--messages", "object.json"]),
            ("messages-role", &["tokenize", "--messages", "role.json"]),
            ("messages-content", &["tokenize", "--messages", "content.json"]),
        ],
    );
}

/// Where a text must say something.
#[test]
fn empty_values() {
    let workplace = Workplace::new();
    let cases: [&[&str]; 3] = [
        &["generate", "--prompt", "a", "--stop", ""],
        &["generate", "--prompt", "a", "--choice", ""],
        &["chat", "store", "--session", ""],
    ];
    let told: Vec<String> = cases.iter().map(|arguments| workplace.transcript(arguments)).collect();
    insta::assert_snapshot!("error-empty-values", told.join("\n"));
}

#[test]
fn texts() {
    let workplace = Workplace::new();
    let files: [(&str, &[u8]); 9] = [
        ("items.csv", b"item_id,title,year\n1,Heat,1995\n"),
        ("ragged.csv", b"id,text\n1,a\n2,b,c\n"),
        ("latin1.csv", b"id,text\n1,a\n2,caf\xe9\n"),
        ("empty.csv", b""),
        ("header.csv", b"id,text\n"),
        ("empty.jsonl", b"\n"),
        ("broken.jsonl", b"{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2, \"text\": \n"),
        ("null.jsonl", b"{\"id\": 1, \"text\": null}\n"),
        ("missing.jsonl", b"{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2, \"title\": \"b\"}\n"),
    ];
    for (name, content) in files {
        workplace.write(name, content);
        let name = name.replace('.', "-");
        let arguments = ["embed", &name.replacen('-', ".", 1), "-o", "out.jsonl"];
        insta::assert_snapshot!(format!("error-texts-{name}"), workplace.transcript(&arguments));
    }
    check(
        &workplace,
        &[
            ("texts-missing", &["embed", "nothing.csv", "-o", "out.jsonl"]),
            ("texts-column", &["embed", "items.csv", "-o", "out.jsonl", "--id-column", "key"]),
        ],
    );
    assert!(!workplace.names().iter().any(|name| name.contains("out")), "{:?}", workplace.names());
}

/// Each of them says how something is done that no other argument asks for.
#[test]
fn arguments_without_effect() {
    let workplace = Workplace::new();
    workplace.write("items.csv", "item_id,title\n1,Heat\n");
    let cases: [&[&str]; 15] = [
        &["recommend", "store", "--user", "a", "--diversify", "dpp"],
        &["recommend", "store", "--user", "a", "--candidates", "5"],
        &["recommend", "store", "--user", "a", "--permutations", "3"],
        &["recommend", "store", "--user", "a", "--rerank", "likelihood", "--permutations", "3"],
        &["recommend", "store", "--user", "a", "--rerank", "likelihood", "--reranker", "x"],
        &["explain", "store", "--user", "a", "--item", "1", "--mode", "aspects", "--candidates", "5"],
        &["train", "hybrid", "store", "--reranker", "x"],
        &["rerank", "--query", "a", "--permutations", "3"],
        &["eval", "store", "--known", "2"],
        &["eval", "store", "--rerank", "yes-no"],
        &["eval", "store", "--methods", "pop", "--diversity", "0.5"],
        &["eval", "store", "--permutations", "3"],
        &["audit", "store", "--feedback", "good", "--limit-users", "3"],
        &["chat", "store", "--list", "--plain"],
        &["features", "items.csv", "-o", "out.jsonl", "--allow", "age"],
    ];
    let told: Vec<String> = cases.iter().map(|arguments| workplace.transcript(arguments)).collect();
    insta::assert_snapshot!("error-without-effect", told.join("\n"));
}
