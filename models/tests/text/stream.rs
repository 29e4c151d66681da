//! A stream of ids gives the text that decoding them at once gives.

use docent_models::tokenizer::{SpecialTokens, Tokenizer};
use proptest::prelude::*;

use crate::tokenizers::{NAMES, from_gguf};

fn streamed(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut stream = tokenizer.stream();
    let mut text = String::new();
    for id in ids {
        let piece = stream.push(*id).unwrap();
        assert_ne!(piece.as_deref(), Some(""));
        text.extend(piece);
    }
    text.extend(stream.flush().unwrap());
    text
}

/// Ids of all kinds, those of single bytes more often than others, some beyond the vocabulary.
fn ids() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(prop_oneof![0u32..270, 0u32..720], 0..80)
}

proptest! {
    #[test]
    fn random_ids(name in prop::sample::select(NAMES.as_slice()), ids in ids()) {
        let tokenizer = from_gguf(name);
        prop_assert_eq!(streamed(&tokenizer, &ids), tokenizer.decode(&ids, true).unwrap());
    }

    #[test]
    fn random_text(name in prop::sample::select(NAMES.as_slice()), text in "(\\PC|[ \na-z🎬é�\u{0}<s>|]){0,60}") {
        let tokenizer = from_gguf(name);
        for special in [SpecialTokens::Parse, SpecialTokens::AsText] {
            let ids = tokenizer.encode(&text, special).unwrap();
            prop_assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size()));
            prop_assert_eq!(streamed(&tokenizer, &ids), tokenizer.decode(&ids, true).unwrap());
            if name != "qwen2" && !text.contains("<s>") {
                // Qwen's normalizer composes characters, so that its text may come back in another form.
                prop_assert_eq!(tokenizer.decode(&ids, false).unwrap(), text.clone());
            }
        }
    }
}

#[test]
fn garbage_streams_in_time_linear_in_its_length() {
    let tokenizer = from_gguf("smollm");
    let continuation_byte = tokenizer.encode("é", SpecialTokens::AsText).unwrap();
    let ids = vec![*continuation_byte.last().unwrap(); 100_000];
    assert_eq!(streamed(&tokenizer, &ids), tokenizer.decode(&ids, true).unwrap());
}

#[test]
fn pieces_are_whole_characters_as_soon_as_they_are_final() {
    let llama2 = from_gguf("llama2");
    let ids = llama2.encode("a 🎬\nb", SpecialTokens::AsText).unwrap();
    let mut stream = llama2.stream();
    let pieces: Vec<_> = ids.iter().filter_map(|id| stream.push(*id).unwrap()).collect();
    assert_eq!(pieces.concat(), "a 🎬\nb");
    assert!(pieces.iter().all(|piece| !piece.contains('\u{fffd}')), "{pieces:?}");
    assert_eq!(stream.flush().unwrap(), None);

    let smollm = from_gguf("smollm");
    let ids = smollm.encode("🎬", SpecialTokens::AsText).unwrap();
    let mut stream = smollm.stream();
    for id in &ids[..ids.len() - 1] {
        assert_eq!(stream.push(*id).unwrap(), None);
    }
    assert_eq!(stream.flush().unwrap().as_deref(), Some("\u{fffd}"));
    assert_eq!(stream.push(ids[0]).unwrap(), None);
}
