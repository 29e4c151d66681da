//! The pre-norm decoder of the LLaMA family: RMS norm, rotary grouped-query attention, gated feed-forward.
//!
//! Relatives differ by flags: biases on the query, key and value projections (Qwen 2), a norm on each query and key
//! head (Qwen 3), an untied output head.

use super::{
    Linear, Loader,
    rope::{Rope, RopeScaling},
};
use crate::{
    Result,
    checkpoint::Checkpoint,
    config::{ConfigError, Fields, Name},
    weights::Weights,
};

/// The widest head, far beyond those of real models: tables are made for it before any tensor is looked at.
const MOST_HEAD_DIM: usize = 1 << 14;

/// The sizes and switches of a decoder.
#[derive(Clone, Debug)]
pub struct DecoderConfig {
    /// The architecture's name, as in `config.json` (`model_type`).
    pub model_type: &'static str,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_dim: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Rows of the embedding table.
    pub vocab: usize,
    /// The largest number of positions.
    pub context: usize,
    /// Added to the mean square under the root.
    pub rms_eps: f32,
    /// Rotary positions.
    pub rope: Rope,
    /// Whether the output head is the embedding table.
    pub tied: bool,
    /// Whether the query, key and value projections have a bias.
    pub qkv_bias: bool,
    /// Whether the attention's output projection has a bias.
    pub output_bias: bool,
    /// Whether the feed-forward projections have a bias.
    pub mlp_bias: bool,
    /// Whether each query and key head is normalized before rotation.
    pub qk_norm: bool,
}

impl DecoderConfig {
    /// The fields that the whole family has, every switch off but those of biases that a GGUF file holds: its metadata says
    /// nothing of them.
    pub(crate) fn read(model_type: &'static str, fields: &Fields<'_>, weights: &Weights) -> Result<Self> {
        let hidden = fields.count(Name("hidden_size", "embedding_length"))?;
        let heads = fields.count(Name("num_attention_heads", "attention.head_count"))?;
        let kv_name = Name("num_key_value_heads", "attention.head_count_kv");
        let kv_heads = fields.optional_count(kv_name)?.unwrap_or(heads);
        if !heads.is_multiple_of(kv_heads) {
            return Err(fields.wrong(kv_name, kv_heads.to_string(), "a divisor of the number of heads").into());
        }
        let head_name = Name("head_dim", "attention.key_length");
        let head_dim = fields.optional_count(head_name)?.unwrap_or(hidden / heads);
        if head_dim > MOST_HEAD_DIM || head_dim == 0 || !head_dim.is_multiple_of(2) {
            return Err(fields.wrong(head_name, head_dim.to_string(), "an even number up to 16384").into());
        }
        let (theta, scaling) = fields.rope(weights)?;
        if let RopeScaling::Factors(factors) = &scaling
            && factors.len() != head_dim / 2
        {
            let found = vec![factors.len()];
            let tensor = "rope_freqs.weight".into();
            return Err(ConfigError::Shape { tensor, found, expected: vec![head_dim / 2] }.into());
        }
        let activation_name = Name("hidden_act", "-");
        if let Some(activation) =
            fields.text(activation_name).filter(|name| !["silu", "swish"].contains(&name.as_str()))
        {
            return Err(fields.wrong(activation_name, activation, "`silu`").into());
        }
        let holds_bias = |modules: &[&str]| {
            let is_one = |name: &str| {
                let module = name.strip_suffix(".bias").and_then(|name| name.rsplit('.').next());
                module.is_some_and(|module| modules.contains(&module))
            };
            fields.is_gguf() && weights.names().any(is_one)
        };
        let rows = weights.get("token_embd.weight").and_then(|t| t.shape().first().copied());
        Ok(Self {
            model_type,
            hidden,
            layers: fields.count(Name("num_hidden_layers", "block_count"))?,
            heads,
            kv_heads,
            head_dim,
            intermediate: fields.count(Name("intermediate_size", "feed_forward_length"))?,
            vocab: rows.map_or_else(|| fields.count(Name("vocab_size", "vocab_size")), Ok)?,
            context: fields.count(Name("max_position_embeddings", "context_length"))?,
            rms_eps: fields.number(Name("rms_norm_eps", "attention.layer_norm_rms_epsilon"))?,
            rope: Rope::new(head_dim, theta, &scaling),
            tied: match fields.is_gguf() {
                true => weights.get("output.weight").is_none(),
                false => fields.flag(Name("tie_word_embeddings", "-"))?,
            },
            qkv_bias: holds_bias(&["attn_q", "attn_k", "attn_v"]),
            output_bias: holds_bias(&["attn_output"]),
            mlp_bias: holds_bias(&["ffn_gate", "ffn_up", "ffn_down"]),
            qk_norm: false,
        })
    }

    /// Bounds the context by the window of attention, where there is one: within it, sliding and full attention are
    /// equal.
    pub(crate) fn within_window(self, fields: &Fields<'_>) -> Result<Self> {
        let window = fields.optional_count(Name("sliding_window", "attention.sliding_window"))?;
        Ok(Self { context: self.context.min(window.unwrap_or(usize::MAX)), ..self })
    }
}

/// One layer's weights.
#[derive(Debug)]
pub struct DecoderLayer<M, V> {
    /// (hidden)
    pub input_norm: V,
    /// (heads * head_dim, hidden)
    pub q: Linear<M, V>,
    /// (kv_heads * head_dim, hidden)
    pub k: Linear<M, V>,
    /// (kv_heads * head_dim, hidden)
    pub v: Linear<M, V>,
    /// (head_dim)
    pub q_norm: Option<V>,
    /// (head_dim)
    pub k_norm: Option<V>,
    /// (hidden, heads * head_dim)
    pub o: Linear<M, V>,
    /// (hidden)
    pub post_norm: V,
    /// (intermediate, hidden)
    pub gate: Linear<M, V>,
    /// (intermediate, hidden)
    pub up: Linear<M, V>,
    /// (hidden, intermediate)
    pub down: Linear<M, V>,
}

/// A decoder's weights.
#[derive(Debug)]
pub struct DecoderWeights<M, V> {
    /// (vocab, hidden)
    pub embedding: M,
    /// The layers, first to last.
    pub layers: Vec<DecoderLayer<M, V>>,
    /// (hidden)
    pub norm: V,
    /// (vocab, hidden); the embedding table where it is tied
    pub head: Option<M>,
}

impl<M, V> DecoderWeights<M, V> {
    /// The output head (vocab, hidden).
    pub fn head(&self) -> &M {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// Loads every tensor that `config` calls for.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape, or the backend cannot store it.
    pub fn load(
        checkpoint: &Checkpoint,
        config: &DecoderConfig,
        loader: &mut impl Loader<Matrix = M, Vector = V>,
    ) -> Result<Self> {
        let (hidden, inner) = (config.hidden, config.intermediate);
        let (queries, keys) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
        let embedding = checkpoint.matrix("model.embed_tokens", config.vocab, hidden)?;
        let embedding = if config.tied { loader.matrix(embedding)? } else { loader.table(embedding)? };
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let prefix = format!("model.layers.{index}");
            let mut linear = |name: &str, rows, cols, bias| {
                checkpoint.linear(&format!("{prefix}.{name}"), rows, cols, bias, &mut *loader)
            };
            let q = linear("self_attn.q_proj", queries, hidden, config.qkv_bias)?;
            let k = linear("self_attn.k_proj", keys, hidden, config.qkv_bias)?;
            let v = linear("self_attn.v_proj", keys, hidden, config.qkv_bias)?;
            let o = linear("self_attn.o_proj", hidden, queries, config.output_bias)?;
            let gate = linear("mlp.gate_proj", inner, hidden, config.mlp_bias)?;
            let up = linear("mlp.up_proj", inner, hidden, config.mlp_bias)?;
            let down = linear("mlp.down_proj", hidden, inner, config.mlp_bias)?;
            let mut norm =
                |name: &str, width| loader.vector(checkpoint.vector(&format!("{prefix}.{name}.weight"), width)?);
            layers.push(DecoderLayer {
                input_norm: norm("input_layernorm", hidden)?,
                post_norm: norm("post_attention_layernorm", hidden)?,
                q_norm: config.qk_norm.then(|| norm("self_attn.q_norm", config.head_dim)).transpose()?,
                k_norm: config.qk_norm.then(|| norm("self_attn.k_norm", config.head_dim)).transpose()?,
                q,
                k,
                v,
                o,
                gate,
                up,
                down,
            });
        }
        let norm = loader.vector(checkpoint.vector("model.norm.weight", hidden)?)?;
        let head = match config.tied {
            true => None,
            false => Some(loader.matrix(checkpoint.matrix("lm_head", config.vocab, hidden)?)?),
        };
        Ok(Self { embedding, layers, norm, head })
    }
}
