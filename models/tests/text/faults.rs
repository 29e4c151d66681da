//! Files that contradict themselves are refused, with the key and the values in the message.

use std::time::{Duration, Instant};

use docent_models::tokenizer::{SpecialTokens, Tokenizer};
use docent_models::weights::gguf::{Array, Value as Entry};
use serde_json::{Value, json};

use crate::encoder::{load, word_piece};
use crate::metadata::Metadata;
use crate::tokenizers::metadata;

fn with(name: &str, entries: impl IntoIterator<Item = (&'static str, Entry)>) -> Metadata {
    let mut metadata = metadata(name);
    metadata.0.extend(entries.into_iter().map(|(key, entry)| (format!("tokenizer.ggml.{key}"), entry)));
    metadata
}

fn without(name: &str, key: &str) -> Metadata {
    let mut metadata = metadata(name);
    metadata.0.remove(&format!("tokenizer.ggml.{key}")).unwrap();
    metadata
}

fn texts<const N: usize>(texts: [&str; N]) -> Entry {
    text_array(texts.map(str::to_owned).to_vec())
}

fn text_array(texts: Vec<String>) -> Entry {
    Entry::Array(Array::String(texts.into_iter().collect()))
}

fn numbers(numbers: Vec<f32>) -> Entry {
    Entry::Array(Array::F32(numbers))
}

fn integers(integers: Vec<i32>) -> Entry {
    Entry::Array(Array::I32(integers))
}

#[test]
fn metadata_that_contradicts_itself_is_refused() {
    let long = "x".repeat(2000);
    let cases = [
        (without("smollm", "model"), "metadata key `tokenizer.ggml.model` is missing"),
        (without("smollm", "tokens"), "metadata key `tokenizer.ggml.tokens` is missing"),
        (without("smollm", "merges"), "metadata key `tokenizer.ggml.merges` is missing"),
        (without("llama2", "scores"), "metadata key `tokenizer.ggml.scores` is missing"),
        (
            with("smollm", [("tokens", Entry::Bool(true))]),
            "metadata key `tokenizer.ggml.tokens` is bool true, wanted array of string",
        ),
        (
            with("smollm", [("model", Entry::String("rwkv".into()))]),
            "metadata key `tokenizer.ggml.model` is \"rwkv\"; supported are gpt2, llama",
        ),
        (
            with("smollm", [("pre", Entry::String("kimi-k2".into()))]),
            "metadata key `tokenizer.ggml.pre` is \"kimi-k2\"; supported are default, gpt-2, smollm, llama-bpe, llama3, llama-v3, qwen2, deepseek-r1-qwen",
        ),
        (
            with("llama2", [("scores", numbers(vec![0.0; 699]))]),
            "metadata key `tokenizer.ggml.scores` has 699 entries for 700 tokens",
        ),
        (
            with("smollm", [("token_type", integers(vec![1; 701]))]),
            "metadata key `tokenizer.ggml.token_type` has 701 entries for 700 tokens",
        ),
        (
            with("smollm", [("bos_token_id", Entry::U32(700))]),
            "metadata key `tokenizer.ggml.bos_token_id` names token 700 of 700",
        ),
        (
            with("smollm", [("eot_token_id", Entry::U32(u32::MAX))]),
            "metadata key `tokenizer.ggml.eot_token_id` names token 4294967295 of 700",
        ),
        (
            with("smollm", [("tokens", texts(["a", "b", "a"]))]),
            "metadata key `tokenizer.ggml.tokens` has \"a\" at ids 0 and 2",
        ),
        (
            with("smollm", [("tokens", texts(["a", &long]))]),
            "metadata key `tokenizer.ggml.tokens`: bytes of a token number 2000, more than 1024",
        ),
        (
            with("smollm", [("merges", texts(["q z", "qz"]))]),
            "merge 0 joins \"q\" and \"z\", but the vocabulary has no \"qz\"",
        ),
        (
            with("smollm", [("merges", texts(["Ġ t", "ab"]))]),
            "metadata key `tokenizer.ggml.merges` has \"ab\" at index 1",
        ),
        (
            with("smollm", [("merges", texts(["Ġ Ω"]))]),
            "merge 0 joins \"Ġ\" and \"Ω\", but the vocabulary has no \"Ω\"",
        ),
        (with("smollm", [("merges", texts(["", "a "]))]), "metadata key `tokenizer.ggml.merges` has \"\" at index 0"),
        (with("smollm", [("merges", texts(["a "]))]), "metadata key `tokenizer.ggml.merges` has \"a \" at index 0"),
    ];
    for (metadata, expected) in cases {
        let error = metadata.tokenizer().unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}\n{expected}");
    }
}

#[test]
fn defaults_stand_in_for_keys_that_files_leave_out() {
    let tokenizer = without("smollm", "token_type").tokenizer().unwrap();
    assert!(tokenizer.is_special(1) && tokenizer.is_special(2) && !tokenizer.is_special(0));
    let tokenizer = without("llama2", "add_bos_token").tokenizer().unwrap();
    assert!(tokenizer.adds_bos());
    let tokenizer = without("llama2", "unknown_token_id").tokenizer().unwrap();
    assert_eq!(tokenizer.encode("\u{10ffff}", SpecialTokens::AsText).unwrap().len(), 5);
    let tokenizer = without("smollm", "add_bos_token").tokenizer().unwrap();
    assert!(!tokenizer.adds_bos());
    let tokenizer = with("llama2", [("add_space_prefix", Entry::Bool(false))]).tokenizer().unwrap();
    let ids = tokenizer.encode("a b", SpecialTokens::AsText).unwrap();
    assert_eq!(tokenizer.token(ids[0]).as_deref(), Some("a"));
    assert_eq!(tokenizer.decode(&ids, true).unwrap(), "a b");
}

#[test]
fn hostile_vocabularies_are_refused_in_bounded_time() {
    let start = Instant::now();
    let million: Vec<String> = (0..(1 << 20) + 1).map(|i| format!("{i}")).collect();
    let error = with("smollm", [("tokens", text_array(million))]).tokenizer().unwrap_err();
    assert_eq!(
        error.to_string(),
        "metadata key `tokenizer.ggml.tokens`: number of tokens is 1048577, more than 1048576"
    );

    let merged = |pieces: Vec<String>| {
        let (scores, types) = (numbers(vec![0.0; pieces.len()]), integers(vec![1; pieces.len()]));
        let entries = [("tokens", text_array(pieces)), ("scores", scores), ("token_type", types)];
        with("llama2", entries).tokenizer().unwrap_err().to_string()
    };
    let long_runs = ('a'..='z').flat_map(|c| (1..=1000).map(move |n| c.to_string().repeat(n))).collect();
    let expected =
        "metadata key `tokenizer.ggml.tokens`: squared lengths of tokens add up to 8679671000, more than 268435456";
    assert_eq!(merged(long_runs), expected);
    // Every string of two letters, so that every piece splits in every way.
    let strings = (1..=17).flat_map(|len| (0..1 << len).map(move |bits| format!("{bits:0len$b}"))).collect();
    let expected = "metadata key `tokenizer.ggml.tokens`: ways to put tokens together number";
    assert!(merged(strings).starts_with(expected));

    let control: Vec<String> = (0..70_000).map(|i| format!("<{i}>")).collect();
    let types = integers(vec![3; control.len()]);
    let entries = [("tokens", text_array(control)), ("token_type", types), ("merges", texts([]))];
    let error = with("smollm", entries).tokenizer().unwrap_err().to_string();
    assert_eq!(
        error,
        "metadata key `tokenizer.ggml.token_type`: special and user-defined tokens number 70000, more than 65536"
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

fn bpe(vocabulary: &Value, merges: &Value) -> Value {
    json!({"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": vocabulary, "merges": merges}})
}

#[test]
fn tokenizer_json_that_contradicts_itself_is_refused() {
    let vocabulary = json!({"a": 0, "b": 1, "ab": 2});
    let prefixed = |merges| {
        let mut file = bpe(&json!({"a": 0, "##b": 1, "ab": 2}), &merges);
        file["model"]["continuing_subword_prefix"] = "##".into();
        file
    };
    let moved = |id| {
        let mut file = word_piece();
        file["added_tokens"][3]["id"] = json!(id);
        file
    };
    load(&bpe(&vocabulary, &json!([["a", "b"]])), &[]).unwrap();
    load(&bpe(&vocabulary, &json!(["a b"])), &[]).unwrap();
    load(&prefixed(json!([["a", "##b"]])), &[]).unwrap();
    let cases = [
        (
            bpe(&vocabulary, &json!([["ab", "ab"]])),
            "merge 0 joins \"ab\" and \"ab\", but the vocabulary has no \"abab\"",
        ),
        (bpe(&vocabulary, &json!(["a b", "a c"])), "merge 1 joins \"a\" and \"c\", but the vocabulary has no \"c\""),
        (prefixed(json!([["a", "a"]])), "merge 0 joins \"a\" and \"a\", but the vocabulary has no \"aa\""),
        (prefixed(json!([["a", "ab"]])), "merge 0 joins \"a\" and \"ab\", but the vocabulary has no \"aab\""),
        (moved(7), "added token \"[SEP]\" is declared as id 7, but its place is id 3"),
    ];
    for (file, expected) in cases {
        assert_eq!(load(&file, &[]).unwrap_err().to_string(), expected);
    }
    for merges in [json!(["ab"]), json!(["a b c"]), json!([["a"]]), json!([["a", "b", "c"]]), json!([1])] {
        let error = load(&bpe(&vocabulary, &merges), &[]).unwrap_err();
        assert!(error.to_string().ends_with("tokenizer.json is not what the format asks for"), "{error}");
    }
    let config = json!({"eos_token": "</s>"});
    let error = load(&word_piece(), &[("tokenizer_config.json", config)]).unwrap_err();
    let expected = "the tokenizer's configuration names \"</s>\" as eos_token, but the vocabulary does not have it";
    assert_eq!(error.to_string(), expected);
    let error = Tokenizer::from_folder("nowhere".as_ref()).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("a model folder needs `tokenizer.json`"));
}
