//! Small models with random weights, written as Hub checkpoints: `config.json` beside `model.safetensors`.
//!
//! Weights come from a seed and are scaled so that logits have about unit variance, norms are away from one and biases
//! away from zero: a slip in the arithmetic shows.

use std::fs;

use docent_models::checkpoint::Checkpoint;
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const VOCAB: usize = 80;
pub(crate) const HIDDEN: usize = 32;
pub(crate) const CONTEXT: usize = 512;
pub(crate) const LAYERS: usize = 2;
pub(crate) const LABELS: usize = 3;
const HEADS: usize = 4;
const INTERMEDIATE: usize = 48;
const TOKEN_TYPES: usize = 2;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiny {
    /// `llama`, `qwen2`, `qwen3` or `bert`.
    pub(crate) model_type: &'static str,
    /// Key and value heads of a decoder: 4, 2 or 1.
    pub(crate) kv_heads: usize,
    /// Width of a decoder's heads.
    pub(crate) head_dim: usize,
    /// Whether a decoder's output head is its embedding table.
    pub(crate) tied: bool,
    /// Whether a decoder has Llama 3's rotary scaling.
    pub(crate) llama3: bool,
    /// Whether an encoder has a classification head.
    pub(crate) classifier: bool,
    pub(crate) seed: u64,
}

pub(crate) const LLAMA: Tiny =
    Tiny { model_type: "llama", kv_heads: 2, head_dim: 8, tied: false, llama3: false, classifier: false, seed: 1 };
pub(crate) const LLAMA3: Tiny = Tiny { kv_heads: 1, head_dim: 16, tied: true, llama3: true, seed: 2, ..LLAMA };
pub(crate) const QWEN2: Tiny = Tiny { model_type: "qwen2", kv_heads: 4, tied: true, seed: 3, ..LLAMA };
pub(crate) const QWEN3: Tiny = Tiny { model_type: "qwen3", head_dim: 16, seed: 4, ..LLAMA };
pub(crate) const BERT: Tiny = Tiny { model_type: "bert", seed: 5, ..LLAMA };
pub(crate) const BERT_CLASSIFIER: Tiny = Tiny { classifier: true, seed: 6, ..BERT };

/// A model on disk, for as long as the value lives.
pub(crate) struct OnDisk {
    pub(crate) checkpoint: Checkpoint,
    _folder: TempDir,
}

impl Tiny {
    /// Writes the model into a temporary folder and opens it.
    pub(crate) fn write(self) -> OnDisk {
        let folder = tempfile::tempdir().unwrap();
        let (config, shapes) = match self.model_type {
            "bert" => (self.encoder_config(), self.encoder_shapes()),
            _ => (self.decoder_config(), self.decoder_shapes()),
        };
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let mut random = Random(self.seed);
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
            .into_iter()
            .map(|(name, shape)| {
                let values = random.weights(&name, &shape);
                (name, shape, values.iter().flat_map(|x| x.to_le_bytes()).collect())
            })
            .collect();
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        serialize_to_file(views, None, &folder.path().join("model.safetensors")).unwrap();
        OnDisk { checkpoint: Checkpoint::open(folder.path()).unwrap(), _folder: folder }
    }

    fn decoder_config(&self) -> Value {
        let scaling = json!({
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        });
        json!({
            "model_type": self.model_type,
            "vocab_size": VOCAB,
            "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "max_position_embeddings": CONTEXT,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10_000.0,
            "rope_scaling": if self.llama3 { scaling } else { Value::Null },
            "tie_word_embeddings": self.tied,
        })
    }

    fn decoder_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let (queries, keys) = (HEADS * self.head_dim, self.kv_heads * self.head_dim);
        let mut shapes = vec![("model.embed_tokens.weight".to_owned(), vec![VOCAB, HIDDEN])];
        for layer in 0..LAYERS {
            let mut add = |name: &str, shape: &[usize]| {
                shapes.push((format!("model.layers.{layer}.{name}"), shape.to_vec()));
            };
            for (name, rows) in [("q", queries), ("k", keys), ("v", keys)] {
                add(&format!("self_attn.{name}_proj.weight"), &[rows, HIDDEN]);
                if self.model_type == "qwen2" {
                    add(&format!("self_attn.{name}_proj.bias"), &[rows]);
                }
            }
            if self.model_type == "qwen3" {
                add("self_attn.q_norm.weight", &[self.head_dim]);
                add("self_attn.k_norm.weight", &[self.head_dim]);
            }
            add("self_attn.o_proj.weight", &[HIDDEN, queries]);
            add("mlp.gate_proj.weight", &[INTERMEDIATE, HIDDEN]);
            add("mlp.up_proj.weight", &[INTERMEDIATE, HIDDEN]);
            add("mlp.down_proj.weight", &[HIDDEN, INTERMEDIATE]);
            add("input_layernorm.weight", &[HIDDEN]);
            add("post_attention_layernorm.weight", &[HIDDEN]);
        }
        shapes.push(("model.norm.weight".to_owned(), vec![HIDDEN]));
        if !self.tied {
            shapes.push(("lm_head.weight".to_owned(), vec![VOCAB, HIDDEN]));
        }
        shapes
    }

    fn encoder_config(&self) -> Value {
        let class = if self.classifier { "BertForSequenceClassification" } else { "BertModel" };
        json!({
            "model_type": self.model_type,
            "architectures": [class],
            "vocab_size": VOCAB,
            "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "max_position_embeddings": CONTEXT,
            "type_vocab_size": TOKEN_TYPES,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            "id2label": (0..LABELS).map(|label| (label.to_string(), Value::from(label))).collect::<serde_json::Map<_, _>>(),
        })
    }

    fn encoder_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
        let prefix = if self.classifier { "bert." } else { "" };
        let mut add = |name: String, shape: &[usize]| shapes.push((format!("{prefix}{name}"), shape.to_vec()));
        for (table, rows) in [("word", VOCAB), ("position", CONTEXT), ("token_type", TOKEN_TYPES)] {
            add(format!("embeddings.{table}_embeddings.weight"), &[rows, HIDDEN]);
        }
        let mut affine = |name: &str, shape: &[usize]| {
            add(format!("{name}.weight"), shape);
            add(format!("{name}.bias"), &shape[..1]);
        };
        affine("embeddings.LayerNorm", &[HIDDEN]);
        for layer in 0..LAYERS {
            for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
            {
                affine(&format!("encoder.layer.{layer}.{name}"), &[HIDDEN, HIDDEN]);
            }
            affine(&format!("encoder.layer.{layer}.attention.output.LayerNorm"), &[HIDDEN]);
            affine(&format!("encoder.layer.{layer}.intermediate.dense"), &[INTERMEDIATE, HIDDEN]);
            affine(&format!("encoder.layer.{layer}.output.dense"), &[HIDDEN, INTERMEDIATE]);
            affine(&format!("encoder.layer.{layer}.output.LayerNorm"), &[HIDDEN]);
        }
        if self.classifier {
            affine("pooler.dense", &[HIDDEN, HIDDEN]);
            shapes.push(("classifier.weight".to_owned(), vec![LABELS, HIDDEN]));
            shapes.push(("classifier.bias".to_owned(), vec![LABELS]));
        }
        shapes
    }
}

/// A seeded source of numbers (SplitMix64, Steele et al. 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number of zero mean and unit variance.
    fn unit(&mut self) -> f32 {
        let uniform = (self.next() >> 40) as f32 / (1 << 24) as f32;
        (uniform - 0.5) * 12f32.sqrt()
    }

    /// Numbers of zero mean and the standard deviation `scale`.
    pub(crate) fn values(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| scale * self.unit()).collect()
    }

    /// Token ids.
    pub(crate) fn tokens(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| (self.next() % VOCAB as u64) as u32).collect()
    }

    fn weights(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let count = shape.iter().product();
        match shape {
            [_, cols] => self.values(count, 1.0 / (*cols as f32).sqrt()),
            _ if name.ends_with("bias") => self.values(count, 0.3),
            _ => self.values(count, 0.3).into_iter().map(|x| 1.0 + x).collect(),
        }
    }
}
