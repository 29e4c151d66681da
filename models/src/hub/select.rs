//! Which of a repository's or folder's files make up the model in it.
//!
//! Safetensors win over GGUF. Weights come last, so that a fetch in this order that was cut short never looks whole.

use std::collections::BTreeSet;

use super::error::HubError;
use super::reference::is_plain_file_name;

/// The list of shards of a model in several safetensors files.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// A model in one safetensors file.
pub(super) const SINGLE: &str = "model.safetensors";

/// Files besides the weights that tell how to run them.
const COMPANIONS: &[&str] = &[
    "config.json",
    "generation_config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
];

/// The files of the model in `place`, whose files are `names`, in the order in which to fetch them. `read_index` gives
/// the text of [`INDEX`] if the model is sharded.
pub(super) fn model_files(
    place: &str,
    names: &[String],
    read_index: impl FnOnce() -> Result<Vec<u8>, HubError>,
) -> Result<Vec<String>, HubError> {
    let has = |name: &str| names.iter().any(|candidate| candidate == name);
    if has(SINGLE) {
        return Ok(with_companions(names, [SINGLE.to_owned()]));
    }
    if has(INDEX) {
        let shards = shards_of(place, &read_index()?)?;
        if let Some(missing) = shards.iter().find(|shard| !has(shard)) {
            return Err(HubError::MissingShard { place: place.to_owned(), file: missing.clone() });
        }
        return Ok(with_companions(names, std::iter::once(INDEX.to_owned()).chain(shards)));
    }
    let mut models: Vec<&String> = names.iter().filter(|name| is_first_gguf(name)).collect();
    match models.len() {
        0 => Err(HubError::NoWeights { place: place.to_owned() }),
        1 => {
            let parts = gguf_parts(models[0]);
            match parts.iter().find(|part| !has(part)) {
                Some(missing) => Err(HubError::MissingShard { place: place.to_owned(), file: missing.clone() }),
                None => Ok(parts),
            }
        }
        _ => {
            models.sort();
            Err(HubError::SeveralWeights { place: place.to_owned(), files: models.into_iter().cloned().collect() })
        }
    }
}

/// All parts of the GGUF file that `name` is a part of (`...-00001-of-00003.gguf`); of any other file, itself.
pub(super) fn gguf_parts(name: &str) -> Vec<String> {
    match split_number(name) {
        Some((stem, _, count)) => (1..=count).map(|part| format!("{stem}-{part:05}-of-{count:05}.gguf")).collect(),
        None => vec![name.to_owned()],
    }
}

/// The shards that an index names, each once, in order.
fn shards_of(place: &str, index: &[u8]) -> Result<Vec<String>, HubError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::HashMap<String, String>,
    }
    let bad = |source| HubError::BadIndex { place: place.to_owned(), source };
    let index: Index = serde_json::from_slice(index).map_err(|error| bad(Some(error)))?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    let plain = |shard: &String| is_plain_file_name(shard) && shard.ends_with(".safetensors");
    if shards.is_empty() || !shards.iter().all(plain) {
        return Err(bad(None));
    }
    Ok(shards.into_iter().collect())
}

fn with_companions(names: &[String], weights: impl IntoIterator<Item = String>) -> Vec<String> {
    let is_tokenizer = |name: &str| name.starts_with("tokenizer") && !name.contains('/');
    let companions = names.iter().filter(|name| COMPANIONS.contains(&name.as_str()) || is_tokenizer(name));
    let mut files: Vec<String> = companions.cloned().collect();
    files.sort();
    files.extend(weights);
    files
}

/// A GGUF file that stands for a model: the only part or the first one.
fn is_first_gguf(name: &str) -> bool {
    name.ends_with(".gguf") && split_number(name).is_none_or(|(_, part, _)| part == 1)
}

/// Stem, number and count of a part of a split GGUF file.
fn split_number(name: &str) -> Option<(&str, u32, u32)> {
    let number = |digits: &str| (digits.len() == 5).then(|| digits.parse::<u32>().ok()).flatten();
    let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, part) = rest.rsplit_once('-')?;
    let (part, count) = (number(part)?, number(count)?);
    (1..=count).contains(&part).then_some((stem, part, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(names: &[&str], index: &str) -> Result<Vec<String>, HubError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        model_files("here", &names, || Ok(index.as_bytes().to_vec()))
    }

    #[test]
    fn a_model_is_its_weights_and_their_companions() {
        const TWO: &str =
            r#"{"weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-1.safetensors"}}"#;
        let cases: [(&[&str], &[&str]); 4] = [
            (
                &["README.md", "model.safetensors", "onnx/model.onnx", "tokenizer.json", "config.json", "a.gguf"],
                &["config.json", "tokenizer.json", "model.safetensors"],
            ),
            (
                &["model-1.safetensors", "model-2.safetensors", INDEX, "config.json"],
                &["config.json", INDEX, "model-1.safetensors", "model-2.safetensors"],
            ),
            (&["README.md", "a.Q4_1.gguf"], &["a.Q4_1.gguf"]),
            (&["a-00002-of-00002.gguf", "a-00001-of-00002.gguf"], &["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"]),
        ];
        for (names, expected) in cases {
            assert_eq!(select(names, TWO).expect("a model"), expected, "{names:?}");
        }
    }

    #[test]
    fn what_is_no_single_model_is_refused() {
        let refused = |names: &[&str], index: &str| select(names, index).expect_err("no model").to_string();
        let cases: [(&[&str], &str, &str); 7] = [
            (&["README.md"], "", "here holds neither safetensors nor GGUF weights"),
            (&["b.gguf", "a.gguf"], "", "here holds several GGUF files: a.gguf, b.gguf"),
            (&["a-00001-of-00002.gguf"], "", "here lacks a-00002-of-00002.gguf, a part of its weights"),
            (&[INDEX], r#"{"weight_map": {"a": "x.safetensors"}}"#, "here lacks x.safetensors, a part of its weights"),
            (
                &[INDEX],
                r#"{"weight_map": {"a": "../x.safetensors"}}"#,
                "here: model.safetensors.index.json is no index of shards",
            ),
            (&[INDEX], r#"{"weight_map": {}}"#, "here: model.safetensors.index.json is no index of shards"),
            (&[INDEX], "{", "here: model.safetensors.index.json is no index of shards"),
        ];
        for (names, index, expected) in cases {
            assert_eq!(refused(names, index), expected, "{names:?}");
        }
    }

    #[test]
    fn only_a_full_part_number_makes_a_part() {
        assert_eq!(gguf_parts("d/a-00002-of-00003.gguf").len(), 3);
        for whole in
            ["a.gguf", "a-1-of-2.gguf", "a-00003-of-00002.gguf", "a-00000-of-00002.gguf", "a-00001-of-00002.bin"]
        {
            assert_eq!(gguf_parts(whole), [whole]);
        }
    }
}
