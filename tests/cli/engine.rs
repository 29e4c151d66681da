//! `tokenize`, `score` and `generate` on the default language model, against transformers' outputs.

use serde_json::Value;

use super::{Workplace, json, numbers, stdout};
use crate::support::reference_json;

/// Log-probabilities of the quantized model may differ by this much from those of single-precision arithmetic.
const TOLERANCE: f64 = 0.25;
/// A greedy step is only comparable where the best token leads by more than this.
const CLEAR_GAP: f64 = 0.5;

fn prompts() -> Vec<Value> {
    reference_json("smollm2-135m-q4_1.json")["prompts"].as_array().expect("prompts").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[test]
fn tokenize_gives_the_references_ids_from_every_source() {
    let workplace = Workplace::with_models();
    for prompt in prompts() {
        let (text, ids) = (text(&prompt["text"]), &prompt["token_ids"]);
        workplace.write("prompt.txt", text);
        let by_flag = json(workplace.run(&["tokenize", "--json", "--prompt", text]));
        let by_file = json(workplace.run(&["tokenize", "--json", "--prompt-file", "prompt.txt"]));
        let by_stdin = json(workplace.run_with_input(&["tokenize", "--json", "--prompt-file", "-"], text));
        assert_eq!(by_flag, serde_json::json!({"text": text, "ids": ids}));
        assert_eq!((&by_file, &by_stdin), (&by_flag, &by_flag));
    }
    let pieces = stdout(workplace.run(&["tokenize", "--prompt", "Once upon a time"]));
    insta::assert_snapshot!("tokenize", pieces);
}

#[test]
fn tokenize_renders_messages_as_the_reference_does() {
    let workplace = Workplace::with_models();
    let reference = reference_json("smollm2-135m-q4_1.json");
    for chat in reference["chats"].as_array().expect("chats") {
        workplace.write("chat.json", chat["messages"].to_string());
        let ours = json(workplace.run(&["tokenize", "--json", "--messages", "chat.json"]));
        assert_eq!(ours["text"], chat["rendered"]);
        assert_eq!(ours["ids"], chat["token_ids"]);
    }
}

#[test]
fn score_gives_the_references_log_likelihoods() {
    let workplace = Workplace::with_models();
    for prompt in prompts() {
        let score = json(workplace.run(&["score", "--json", "--prompt", text(&prompt["text"]), "--top", "3"]));
        assert_eq!(score["prompt_ids"], prompt["token_ids"]);
        let (ours, theirs) = (numbers(&score["prompt_logprobs"]), numbers(&prompt["token_logprobs"]));
        assert_eq!((ours.len(), ours[0]), (theirs.len(), 0.0));
        let gaps = ours.iter().zip(&theirs).map(|(ours, theirs)| (ours - theirs).abs());
        let mean = gaps.sum::<f64>() / ours.len() as f64;
        assert!(mean < TOLERANCE, "{mean}: {ours:?} for {theirs:?}");
        let next = score["next_top"].as_array().expect("a list");
        assert_eq!(next.len(), 3);
        assert_eq!(next[0]["id"], prompt["last_top20_ids"][0]);
        assert!(next[0]["token"].is_string());
        let difference = next[0]["logprob"].as_f64().expect("a number") - numbers(&prompt["last_top20_logprobs"])[0];
        assert!(difference.abs() < TOLERANCE, "{difference}");
        assert_eq!(score["continuations"], serde_json::json!([]));
    }
}

#[test]
fn a_continuation_scores_what_its_tokens_score_in_the_prompt() {
    let workplace = Workplace::with_models();
    let arguments = ["--prompt", "Once upon", "--continuation", " a time", "--continuation", " the", "--top", "0"];
    let score = json(workplace.run(&[&["score", "--json"], &arguments[..]].concat()));
    let whole = json(workplace.run(&["score", "--json", "--prompt", "Once upon a time"]));
    assert_eq!(score["next_top"], serde_json::json!([]));
    let [first, second] = score["continuations"].as_array().expect("a list").as_slice() else { panic!("{score}") };
    assert_eq!((&first["text"], &second["text"]), (&" a time".into(), &" the".into()));
    let ids = |value: &Value| numbers(value);
    assert_eq!([ids(&score["prompt_ids"]), ids(&first["ids"])].concat(), ids(&whole["prompt_ids"]));
    let logprobs = numbers(&first["logprobs"]);
    // The same bits, whatever was computed together.
    assert_eq!(logprobs, numbers(&whole["prompt_logprobs"])[score["prompt_ids"].as_array().expect("a list").len()..]);
    assert!((first["sum"].as_f64().expect("a number") - logprobs.iter().sum::<f64>()).abs() < 1e-6);
    let nothing = json(workplace.run(&["score", "--json", "--prompt", "Once upon", "--continuation", ""]));
    assert_eq!(nothing["continuations"][0]["sum"].to_string(), "0.0");
    let told = stdout(workplace.run(&[&["score"], &arguments[..]].concat()));
    assert_eq!(told.lines().filter(|line| line.starts_with("continuation \"")).count(), 2, "{told}");
}

#[test]
fn generate_follows_the_reference_where_it_is_clear() {
    let workplace = Workplace::with_models();
    for prompt in prompts() {
        let gaps = numbers(&prompt["greedy_gap"]);
        let clear = gaps.iter().take_while(|&&gap| gap > CLEAR_GAP).count();
        let arguments = ["--prompt", text(&prompt["text"]), "--max-tokens", "24"];
        let generation = json(workplace.run(&[&["generate", "--json"], &arguments[..]].concat()));
        assert_eq!(generation["prompt_ids"], prompt["token_ids"]);
        let (ours, theirs) = (numbers(&generation["ids"]), numbers(&prompt["greedy_ids"]));
        let clear = clear.min(ours.len());
        assert_eq!(ours[..clear], theirs[..clear]);
        assert!(["length", "stop"].contains(&text(&generation["finish_reason"])));
        let streamed = stdout(workplace.run(&[&["generate"], &arguments[..]].concat()));
        assert_eq!(streamed, format!("{}\n", text(&generation["text"])));
    }
}

#[test]
fn a_seed_decides_what_is_drawn_and_a_stop_text_ends_it() {
    let workplace = Workplace::with_models();
    let draw = |seed: &str| {
        let sampling = ["--temperature", "1", "--top-k", "50", "--top-p", "0.95", "--min-p", "0.01"];
        let arguments = ["generate", "--prompt", "Once upon a time", "--max-tokens", "12", "--seed", seed];
        stdout(workplace.run(&[&arguments[..], &sampling[..], &["--repetition-penalty", "1.1"]].concat()))
    };
    assert_eq!(draw("1"), draw("1"));
    assert_ne!(draw("1"), draw("2"));
    let arguments = ["generate", "--json", "--prompt", "1 2 3 4 5", "--max-tokens", "40", "--stop", "9"];
    let generation = json(workplace.run(&arguments));
    assert_eq!(generation["finish_reason"], "stop");
    assert!(!text(&generation["text"]).contains('9'), "{generation}");
    let nothing = json(workplace.run(&["generate", "--json", "--prompt", "a", "--max-tokens", "0"]));
    assert_eq!((&nothing["ids"], &nothing["text"]), (&serde_json::json!([]), &"".into()));
}

#[test]
fn keys_and_values_may_take_half_the_memory() {
    let workplace = Workplace::with_models();
    let write = |more: &[&str]| {
        let arguments = ["generate", "--json", "--prompt", "The capital of France is", "--max-tokens", "5"];
        json(workplace.run(&[&arguments[..], more].concat()))
    };
    for format in ["f16", "q8_0"] {
        assert_eq!(write(&["--kv-format", format])["text"], write(&[])["text"], "{format}");
    }
    let cases: [(&[&str], &str); 2] = [
        (&["--kv-format", "q4"], "expected one of `q16`, `f16`, `q8_0`"),
        (&["--kv-format", "q8_0", "--device", "reference"], "kept on the CPU only"),
    ];
    for (arguments, told) in cases {
        let output = workplace.run(&[&["generate", "--prompt", "a"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(told), "{stderr}");
    }
}

#[test]
fn limits_are_told() {
    let workplace = Workplace::with_models();
    workplace.write("long.txt", "word ".repeat(300));
    let cases: [(&str, &[&str]); 3] = [
        ("cache", &["generate", "--prompt-file", "long.txt", "--kv-positions", "64"]),
        ("encoder", &["generate", "--prompt", "a", "--model", "minilm-l6"]),
        ("language-model", &["embed", "-", "-o", "-", "--encoder", "smollm2-135m"]),
    ];
    for (name, arguments) in cases {
        let output = workplace.run_with_input(arguments, "{\"id\": 1, \"text\": \"a\"}");
        let told = workplace.told(arguments, &output);
        let models = [(crate::support::smollm2(), "[SMOLLM2]"), (crate::support::minilm(), "[MINILM]")];
        let told = models.iter().fold(told, |told, (path, name)| told.replace(&path.display().to_string(), name));
        insta::assert_snapshot!(format!("limit-{name}"), told);
    }
}

#[test]
fn a_constraint_holds_whatever_the_model_wants() {
    let workplace = Workplace::with_models();
    let schema = r#"{"type": "object", "properties": {"genre": {"enum": ["comedy", "drama"]}, "year": {"type": "integer",
        "minimum": 1950, "maximum": 1999}}, "required": ["genre", "year"], "additionalProperties": false}"#;
    workplace.write("schema.json", schema);
    let prompt = ["generate", "--prompt", "The film Alien as JSON:", "--json", "--temperature", "1.2", "--seed", "3"];
    let cut =
        ["generate", "--prompt", "Two digits:", "--regex", "[0-9]{20}", "--max-tokens", "2", "--temperature", "0"];
    let told = workplace.run(&cut);
    assert!(String::from_utf8_lossy(&told.stderr).contains("warning: cut short by `--max-tokens 2`"), "{told:?}");
    let by_file = json(workplace.run(&[&prompt[..], &["--schema", "schema.json"]].concat()));
    let by_stdin = json(workplace.run_with_input(&[&prompt[..], &["--schema", "-"]].concat(), schema));
    assert_eq!(by_file, by_stdin);
    let film: Value = serde_json::from_str(text(&by_file["text"])).expect("JSON");
    assert!(["comedy", "drama"].contains(&text(&film["genre"])), "{film}");
    assert!((1950..=1999).contains(&film["year"].as_i64().expect("a number")), "{film}");
    assert_eq!(by_file["finish_reason"], "stop");
    let date = json(workplace.run(&[&prompt[..], &["--regex", "[12][0-9]-0[1-9]-[0-9]{4}"]].concat()));
    assert!(text(&date["text"]).len() == 10 && text(&date["text"]).as_bytes()[2] == b'-', "{date}");
    let choice = json(workplace.run(&[&prompt[..], &["--choice", " good", "--choice", " bad"]].concat()));
    assert!([" good", " bad"].contains(&text(&choice["text"])), "{choice}");
}

#[test]
fn a_text_that_ends_with_the_context_is_told() {
    let workplace = Workplace::with_models();
    let free =
        ["generate", "--prompt", "Once upon a time", "--kv-positions", "64", "--ignore-eos", "--max-tokens", "500"];
    let bound =
        ["generate", "--prompt", "Digits:", "--kv-positions", "64", "--regex", "[0-9]{300}", "--max-tokens", "500"];
    let told = |arguments: &[&str]| String::from_utf8_lossy(&workplace.run(arguments).stderr).into_owned();
    let end = "warning: cut short at the end of the context, with 65 tokens";
    assert_eq!(told(&free), format!("{end}\n"));
    assert_eq!(told(&[&free[..], &["--json"]].concat()), "", "the numbers tell it");
    let unfulfilled = format!("{end} before the end of the constraint, which the text may not fulfil\n");
    assert_eq!(told(&bound), unfulfilled);
    assert_eq!(told(&[&bound[..], &["--json"]].concat()), unfulfilled);
    assert_eq!(told(&["generate", "--prompt", "a", "--max-tokens", "2"]), "", "as many as were asked for");
}

#[test]
fn what_constrains_nothing_is_told() {
    let workplace = Workplace::with_models();
    workplace.write("broken.json", "{\"type\": ");
    workplace.write("impossible.json", r#"{"type": "integer", "minimum": 5, "maximum": 3}"#);
    workplace.write("list.json", "[1]");
    let cases: [(&[&str], i32, &[&str]); 6] = [
        (&["--schema", "list.json"], 2, &["list.json holds no JSON schema: it is a list, expected an object"]),
        (&["--schema", "broken.json"], 2, &["broken.json holds no JSON schema", "line 1"]),
        (&["--schema", "missing.json"], 1, &["cannot open missing.json"]),
        (&["--schema", "impossible.json"], 1, &["the JSON schema cannot be used"]),
        (&["--regex", "(a|b"], 1, &["the regular expression cannot be used", "unclosed"]),
        (&["--regex", "a", "--choice", "b"], 2, &["cannot be used with"]),
    ];
    for (flags, code, expected) in cases {
        let output = workplace.run(&[&["generate", "--prompt", "a"], flags].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(expected.iter().all(|part| message.contains(part)) && output.stdout.is_empty(), "{message}");
    }
}

#[test]
fn statistics_go_to_stderr() {
    let workplace = Workplace::with_models();
    let prompt = ["generate", "--prompt", "Once upon a time", "--max-tokens", "5", "--stats"];
    let output = workplace.run(&prompt);
    insta::assert_snapshot!("stats", String::from_utf8_lossy(&output.stderr));
    let output = workplace.run(&[&prompt[..], &["--json"]].concat());
    let stats: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(
        (&stats["generated_tokens"], &stats["prompt_tokens"], &stats["jobs"]),
        (&5.into(), &4.into(), &1.into())
    );
    // Where no model was asked, that is said.
    let output = workplace.run(&["tokenize", "--prompt", "Once upon a time", "--stats", "--json"]);
    let stats: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!((&stats["prompt_tokens"], &stats["steps"]), (&0.into(), &0.into()));
}

#[test]
fn prefixes_are_kept_from_run_to_run() {
    let workplace = Workplace::with_models();
    let prompt = "A long prompt that is asked about again and again, ".repeat(12);
    let flags =
        ["generate", "--prompt", &prompt, "--max-tokens", "4", "--prefix-cache", "prefixes", "--stats", "--json"];
    let run = || {
        let output = workplace.run(&flags);
        let stats: Value = serde_json::from_slice(&output.stderr).expect("JSON");
        (
            json(output),
            stats["cached_tokens"].as_u64().expect("a number"),
            stats["prompt_tokens"].as_u64().expect("a number"),
        )
    };
    let (first, cached, asked) = run();
    assert_eq!(cached, 0);
    assert_eq!(run(), (first.clone(), asked - 1, asked));
    let mut damaged = std::fs::read(workplace.path("prefixes")).expect("a file of prefixes");
    *damaged.last_mut().expect("some bytes") ^= 1;
    workplace.write("prefixes", damaged);
    let output = workplace.run(&flags[..flags.len() - 2]);
    let warning = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && warning.contains("prefixes are computed anew"), "{warning}");
    assert_eq!(run(), (first, asked - 1, asked), "it was written anew");
    workplace.write("films.csv", "item_id,title");
    let output = workplace.run(&["generate", "--prompt", "a", "--prefix-cache", "films.csv"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(workplace.read("films.csv"), "item_id,title", "what is something else is not replaced");
    let arguments = ["generate", "--prompt", "a", "--prefix-cache", "nowhere/prefixes"];
    insta::assert_snapshot!("prefix-cache-nowhere", workplace.transcript(&arguments));
}
