//! Every text of the references, through every tokenizer, from both of its files.

use std::collections::HashMap;
use std::sync::LazyLock;

use docent_models::tokenizer::{SpecialTokens, Tokenizer, TokenizerError};
use serde::Deserialize;

use crate::metadata::Metadata;
use crate::{read_json, reference};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    ids_with_bos: Vec<u32>,
    raw_ids: Vec<u32>,
    decoded: String,
    decoded_raw: String,
}

pub(crate) const NAMES: [&str; 4] = ["llama2", "llama3", "qwen2", "smollm"];

pub(crate) fn from_folder(name: &str) -> Tokenizer {
    static BY_NAME: LazyLock<HashMap<&str, Tokenizer>> = LazyLock::new(|| {
        let folder = reference("tokenizers");
        NAMES.iter().map(|name| (*name, Tokenizer::from_folder(&folder.join(name)).unwrap())).collect()
    });
    BY_NAME[name].clone()
}

pub(crate) fn from_gguf(name: &str) -> Tokenizer {
    static BY_NAME: LazyLock<HashMap<&str, Tokenizer>> =
        LazyLock::new(|| NAMES.iter().map(|name| (*name, metadata(name).tokenizer().unwrap())).collect());
    BY_NAME[name].clone()
}

/// What the GGUF file of a tokenizer holds.
pub(crate) fn metadata(name: &str) -> Metadata {
    Metadata::read(&reference("tokenizers").join(name).join("tokenizer.gguf"))
}

fn check(name: &str, tokenizer: &Tokenizer) {
    let Cases { cases } = read_json(&format!("tokenizers/{name}/cases.json"));
    assert!(cases.len() > 50);
    for case in cases {
        let text = &case.text;
        assert_eq!(tokenizer.encode(text, SpecialTokens::Parse).unwrap(), case.ids, "{name}: {text:?}");
        assert_eq!(tokenizer.encode(text, SpecialTokens::AsText).unwrap(), case.raw_ids, "{name}: {text:?} as text");
        assert_eq!(tokenizer.decode(&case.ids, false).unwrap(), case.decoded, "{name}: {text:?}");
        assert_eq!(tokenizer.decode(&case.raw_ids, true).unwrap(), case.decoded_raw, "{name}: {text:?} as text");
        let frame = case.ids_with_bos.len() - case.ids.len();
        assert_eq!(usize::from(tokenizer.adds_bos()), frame, "{name}");
        if !text.is_empty() {
            let expected = [&case.ids_with_bos[..frame], &case.raw_ids].concat();
            assert_eq!(tokenizer.encode_prompt(text).unwrap(), expected, "{name}: prompt {text:?}");
        }
    }
}

#[test]
fn tokenizer_json_gives_the_reference_ids() {
    for name in NAMES {
        check(name, &from_folder(name));
    }
}

#[test]
fn gguf_metadata_gives_the_reference_ids() {
    for name in NAMES {
        check(name, &from_gguf(name));
    }
}

#[test]
fn both_files_agree_on_the_tokens_with_a_part() {
    // (name, BOS, ends, prompts begin with BOS, ids)
    let cases: [(&str, u32, &[u32], bool, usize); 4] = [
        ("llama2", 1, &[2], true, 700),
        ("llama3", 690, &[694], true, 695),
        ("qwen2", 690, &[692], false, 696),
        ("smollm", 1, &[2], false, 700),
    ];
    for (name, bos, eos, adds_bos, vocab_size) in cases {
        for tokenizer in [from_folder(name), from_gguf(name)] {
            assert_eq!(tokenizer.bos(), Some(bos), "{name}");
            assert_eq!(tokenizer.eos(), eos, "{name}");
            assert_eq!(tokenizer.adds_bos(), adds_bos, "{name}");
            assert_eq!(tokenizer.vocab_size(), vocab_size, "{name}");
            assert_eq!(tokenizer.encode_prompt("").unwrap(), [bos], "{name}");
            assert!(tokenizer.is_special(bos) && !tokenizer.is_special(300), "{name}");
        }
        assert_eq!(
            from_folder(name).template_variables().special_tokens,
            from_gguf(name).template_variables().special_tokens
        );
    }
}

#[test]
fn further_ends_are_added_once() {
    let tokenizer = from_gguf("llama3").with_eos(&[691, 694, 691]);
    assert_eq!(tokenizer.eos(), [694, 691]);
}

#[test]
fn tokens_read_as_in_the_middle_of_a_text() {
    for name in NAMES {
        let tokenizer = from_gguf(name);
        let ids = tokenizer.encode("We like the film", SpecialTokens::AsText).unwrap();
        let text: String = ids.iter().map(|id| tokenizer.token(*id).unwrap()).collect();
        assert_eq!(text.trim_start(), "We like the film", "{name}");
        assert_eq!(tokenizer.token(tokenizer.vocab_size() as u32), None);
    }
    let llama2 = from_gguf("llama2");
    assert_eq!(llama2.token(1).as_deref(), Some("<s>"));
    let newline = llama2.encode("\n", SpecialTokens::AsText).unwrap();
    assert_eq!(llama2.token(*newline.last().unwrap()).as_deref(), Some("\n"));
}

#[test]
fn the_bytes_of_tokens_put_together_are_the_text() {
    for name in NAMES {
        for tokenizer in [from_folder(name), from_gguf(name)] {
            let Cases { cases } = read_json(&format!("tokenizers/{name}/cases.json"));
            for Case { text, raw_ids, decoded_raw, .. } in cases {
                let bytes: Option<Vec<Vec<u8>>> = raw_ids.iter().map(|&id| tokenizer.token_bytes(id)).collect();
                // A text may hold what the vocabulary knows as its unknown token only.
                let Some(bytes) = bytes else { continue };
                let bytes = bytes.concat();
                if tokenizer.is_byte_exact() {
                    assert_eq!(bytes, text.as_bytes(), "{name}");
                }
                let read = String::from_utf8_lossy(&bytes).into_owned();
                // SentencePiece puts a space before a text.
                let read = if name == "llama2" { read.strip_prefix(' ').unwrap_or(&read) } else { &read };
                assert_eq!(read, decoded_raw, "{name}");
            }
            assert_eq!(tokenizer.token_bytes(u32::MAX), None);
        }
    }
    let exact = NAMES.map(|name| from_folder(name).is_byte_exact());
    assert_eq!(exact, [false, true, false, true], "a prefix of spaces, and a text in NFC, are not");
}

#[test]
fn a_vocabulary_beyond_the_embedding_is_refused() {
    let tokenizer = from_gguf("llama3");
    tokenizer.check_vocabulary(695).unwrap();
    tokenizer.check_vocabulary(768).unwrap();
    let error = tokenizer.check_vocabulary(694).unwrap_err();
    assert!(matches!(error, TokenizerError::Vocabulary { tokenizer: 695, model: 694 }), "{error}");
}
