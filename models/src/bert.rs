//! BERT (Devlin et al. 2019) as a sentence encoder (MiniLM, BGE, E5, GTE) or, with a classification head, as a
//! cross-encoder that scores pairs.
//!
//! How a text's vector is made stands beside the weights in the files of sentence-transformers: `modules.json`,
//! `1_Pooling/config.json`, `sentence_bert_config.json`.

use std::path::Path;

use serde_json::Value;

use crate::{
    Result,
    config::{ConfigError, Fields, Name, read_json},
    layers::{
        encoder::{Activation, EncoderConfig},
        pooling::Pooling,
    },
    weights::Weights,
};

pub(crate) const MODEL_TYPE: &str = "bert";

/// Files of a Hub checkpoint may put everything but the classifier under this prefix.
pub(crate) const PREFIX: &str = "bert.";

pub(crate) fn config(fields: &Fields<'_>, weights: &Weights, folder: &Path) -> Result<EncoderConfig> {
    let hidden = fields.count(Name("hidden_size", "embedding_length"))?;
    let heads = fields.count(Name("num_attention_heads", "attention.head_count"))?;
    if !hidden.is_multiple_of(heads) {
        let name = Name("num_attention_heads", "attention.head_count");
        return Err(fields.wrong(name, heads.to_string(), "a divisor of the hidden size").into());
    }
    let position_kind = fields.text(Name("position_embedding_type", "-"));
    if let Some(kind) = position_kind.filter(|kind| kind != "absolute") {
        return Err(fields.wrong(Name("position_embedding_type", "-"), kind, "`absolute`").into());
    }
    let context = fields.count(Name("max_position_embeddings", "context_length"))?;
    let sentence = SentenceFiles::read(folder)?;
    Ok(EncoderConfig {
        model_type: MODEL_TYPE,
        hidden,
        heads,
        layers: fields.count(Name("num_hidden_layers", "block_count"))?,
        intermediate: fields.count(Name("intermediate_size", "feed_forward_length"))?,
        vocab: rows(weights, fields, Name("vocab_size", "vocab_size"), "token_embd.weight")?,
        context,
        token_types: rows(weights, fields, Name("type_vocab_size", "token_type_count"), "token_types.weight")?,
        norm_eps: fields
            .optional_number(Name("layer_norm_eps", "attention.layer_norm_epsilon"))?
            .unwrap_or(DEFAULT_NORM_EPS),
        activation: activation(fields)?,
        pooling: sentence.pooling.map_or_else(|| gguf_pooling(weights, fields), Ok)?,
        normalize: sentence.normalize,
        max_length: sentence.max_length.map_or(context, |length| length.min(context)),
        labels: labels(fields),
    })
}

const DEFAULT_NORM_EPS: f32 = 1e-12;

/// GGUF files leave out the sizes of tables: the tensors tell them.
fn rows(weights: &Weights, fields: &Fields<'_>, name: Name, tensor: &str) -> Result<usize> {
    match weights.get(tensor).and_then(|t| t.shape().first().copied()) {
        Some(rows) => Ok(rows),
        None => Ok(fields.count(name)?),
    }
}

fn activation(fields: &Fields<'_>) -> Result<Activation> {
    let name = Name("hidden_act", "-");
    match fields.text(name).as_deref() {
        None | Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_pytorch_tanh") => Ok(Activation::GeluTanh),
        Some(other) => Err(fields.wrong(name, other.into(), "`gelu` or `gelu_new`").into()),
    }
}

/// A classification head is there if the configuration's architecture says so; two labels are its default.
fn labels(fields: &Fields<'_>) -> usize {
    const DEFAULT_LABELS: usize = 2;
    let classifies = fields.texts(Name("architectures", "-")).iter().any(|a| a.ends_with("ForSequenceClassification"));
    match fields.len(Name("id2label", "-")) {
        _ if !classifies => 0,
        0 => DEFAULT_LABELS,
        labels => labels,
    }
}

/// `bert.pooling_type` of GGUF files: 0 not said, 1 mean, 2 first token, 3 last token.
fn gguf_pooling(weights: &Weights, fields: &Fields<'_>) -> Result<Pooling> {
    let kind = weights.metadata().and_then(|m| m.get("bert.pooling_type")).and_then(crate::config::scalar);
    match kind.as_ref().map(Value::as_u64) {
        None | Some(Some(0 | 1)) => Ok(Pooling::Mean),
        Some(Some(2)) => Ok(Pooling::Cls),
        Some(Some(3)) => Ok(Pooling::Last),
        Some(_) => {
            let found = kind.unwrap_or_default().to_string();
            Err(fields.wrong(Name("-", "pooling_type"), found, "a number from 0 to 3").into())
        }
    }
}

const POOLING: &str = "1_Pooling/config.json";

/// What sentence-transformers keeps beside the weights.
#[derive(Default)]
struct SentenceFiles {
    pooling: Option<Pooling>,
    normalize: bool,
    max_length: Option<usize>,
}

impl SentenceFiles {
    fn read(folder: &Path) -> Result<Self> {
        let optional = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| read_json(&path)).transpose()
        };
        let wrong = |name: &str, field: &str, found: &str, expected| ConfigError::Field {
            path: folder.join(name),
            field: field.into(),
            found: found.into(),
            expected,
        };
        let mut files = Self::default();
        if let Some(modules) = optional("modules.json")? {
            for kind in modules.as_array().into_iter().flatten().filter_map(|module| module["type"].as_str()) {
                match kind.rsplit('.').next() {
                    Some("Transformer" | "Pooling") => {}
                    Some("Normalize") => files.normalize = true,
                    // What would change the vector must not be left out.
                    _ => {
                        let expected = "`Transformer`, `Pooling` or `Normalize`";
                        return Err(wrong("modules.json", "type", kind, expected).into());
                    }
                }
            }
        }
        if let Some(pooling) = optional(POOLING)? {
            let modes = pooling.as_object().into_iter().flatten().filter(|(_, on)| on.as_bool() == Some(true));
            let mut modes: Vec<&str> = modes.filter_map(|(key, _)| key.strip_prefix("pooling_mode_")).collect();
            modes.extend(pooling["pooling_mode"].as_str());
            modes.sort_unstable();
            files.pooling = Some(match modes[..] {
                [] | ["mean_tokens" | "mean"] => Pooling::Mean,
                ["cls_token" | "cls"] => Pooling::Cls,
                ["lasttoken"] => Pooling::Last,
                // Several are put side by side there.
                _ => {
                    let expected = "one of `cls_token`, `mean_tokens` and `lasttoken`";
                    return Err(wrong(POOLING, "pooling_mode", &modes.join(", "), expected).into());
                }
            });
        }
        if let Some(sentence) = optional("sentence_bert_config.json")? {
            files.max_length = sentence["max_seq_length"].as_u64().map(|length| length as usize);
        }
        Ok(files)
    }
}
