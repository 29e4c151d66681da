//! Texts and pairs as encoders take them, against `tokenizers` 0.23.3 in Python on the same WordPiece tokenizer.

use docent_models::tokenizer::{Encoding, Tokenizer, TokenizerError};
use serde_json::{Value, json};

/// The layout of BERT's uncased `tokenizer.json`, with 21 tokens, and with truncation and padding that must not act.
pub(crate) fn word_piece() -> Value {
    let vocabulary = "[PAD] [UNK] [CLS] [SEP] [MASK] the film ##s is fun ##ny a old , . don ' t cafe 1 ##9";
    let ids: Value = vocabulary.split(' ').zip(0..).map(|(token, id)| (token.to_owned(), Value::from(id))).collect();
    let added = |(id, token): (u32, &str)| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": token == "[MASK]", "rstrip": false,
               "normalized": false, "special": true})
    };
    let special = |token: &str, kind: u32| json!({"SpecialToken": {"id": token, "type_id": kind}});
    let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    json!({
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 6, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": (0..).zip(vocabulary.split(' ')).take(5).map(added).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
            "pair": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                               "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    })
}

/// `tokenizer.json` in a folder of its own, with other files beside it.
pub(crate) fn load(tokenizer: &Value, beside: &[(&str, Value)]) -> Result<Tokenizer, TokenizerError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [("tokenizer.json", tokenizer)].into_iter().chain(beside.iter().map(|(n, v)| (*n, v))) {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    }
    Tokenizer::from_folder(folder.path())
}

#[test]
fn frames_and_truncates_as_the_reference() {
    // (text, pair, max_len, ids, where the second text begins)
    type Case = (&'static str, Option<&'static str>, usize, &'static [u32], usize);
    let cases: [Case; 10] = [
        ("The films, Café 19.", None, 64, &[2, 5, 6, 7, 13, 18, 19, 20, 14, 3], 10),
        ("The film is funny. Don't!", None, 8, &[2, 5, 6, 8, 9, 10, 14, 3], 8),
        ("the film is old", Some("a fun film"), 64, &[2, 5, 6, 8, 12, 3, 11, 9, 6, 3], 6),
        ("the film is old and so on and so on", Some("a fun film is a film"), 9, &[2, 5, 6, 8, 3, 11, 9, 6, 3], 5),
        ("a", Some("the film is old , old , old"), 8, &[2, 11, 3, 5, 6, 8, 12, 3], 3),
        ("[MASK] film [SEP] x", None, 64, &[2, 4, 6, 3, 1, 3], 6),
        ("", None, 64, &[2, 3], 2),
        ("", Some(""), 64, &[2, 3, 3], 2),
        ("the the the the", Some("a a a a"), 4, &[2, 3, 11, 3], 2),
        ("x [MASK] y", Some("z"), 100, &[2, 1, 4, 1, 3, 1, 3], 5),
    ];
    let tokenizer = load(&word_piece(), &[]).unwrap();
    for (text, pair, max_len, ids, second) in cases {
        let token_types = (0..ids.len()).map(|i| u32::from(i >= second)).collect();
        let expected = Encoding { ids: ids.to_vec(), token_types };
        assert_eq!(tokenizer.encode_for_encoder(text, pair, max_len).unwrap(), expected, "{text:?} {pair:?}");
    }
}

#[test]
fn a_length_without_room_is_refused() {
    let tokenizer = load(&word_piece(), &[]).unwrap();
    for (pair, max_len, frame) in [(None, 0, 2), (None, 2, 2), (Some("b"), 3, 3)] {
        let error = tokenizer.encode_for_encoder("a", pair, max_len).unwrap_err();
        assert!(matches!(error, TokenizerError::NoRoom { special, .. } if special == frame), "{error}");
    }
    assert_eq!(tokenizer.encode_for_encoder("film film", None, 3).unwrap().ids, [2, 6, 3]);
}

#[test]
fn word_pieces_decode_and_stream_alike() {
    let tokenizer = load(&word_piece(), &[]).unwrap();
    let ids = tokenizer.encode_for_encoder("The films, Café 19. don't", None, 64).unwrap().ids;
    assert_eq!(tokenizer.decode(&ids, true).unwrap(), "the films, cafe 19. don ' t");
    let mut stream = tokenizer.stream();
    let text: String = ids.iter().filter_map(|id| stream.push(*id).unwrap()).collect();
    assert_eq!(text, "the films, cafe 19. don ' t");
}

#[test]
fn a_tokenizer_without_bos_starts_from_eos_or_refuses() {
    let tokenizer = load(&word_piece(), &[]).unwrap();
    assert!(matches!(tokenizer.encode_prompt("").unwrap_err(), TokenizerError::EmptyPrompt));
    let generation = json!({"eos_token_id": [3, 2]});
    let tokenizer = load(&word_piece(), &[("generation_config.json", generation)]).unwrap();
    assert_eq!((tokenizer.eos(), tokenizer.encode_prompt("").unwrap()), ([3, 2].as_slice(), vec![3]));
}

#[test]
fn configurations_name_tokens_in_both_forms() {
    let config = json!({"bos_token": {"content": "[CLS]", "lstrip": false}, "eos_token": "[SEP]", "unk_token": null});
    let tokenizer = load(&word_piece(), &[("tokenizer_config.json", config)]).unwrap();
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.adds_bos()), (Some(2), [3].as_slice(), true));
    let config = json!({"bos_token": "[CLS]", "add_bos_token": false});
    assert!(!load(&word_piece(), &[("tokenizer_config.json", config)]).unwrap().adds_bos());
}
