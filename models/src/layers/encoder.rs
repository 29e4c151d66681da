//! The post-norm encoder of BERT (Devlin et al. 2019): learned positions, full attention, GELU, LayerNorm.

use super::{Linear, Loader, pooling::Pooling};
use crate::{Result, checkpoint::Checkpoint};

/// The activation between the feed-forward projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x times the normal distribution function of x.
    Gelu,
    /// Its approximation by a hyperbolic tangent.
    GeluTanh,
}

/// The sizes and switches of an encoder.
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// The architecture's name, as in `config.json` (`model_type`).
    pub model_type: &'static str,
    /// Width of the hidden states.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Rows of the word embedding table.
    pub vocab: usize,
    /// Rows of the position embedding table: the longest text in tokens.
    pub context: usize,
    /// Rows of the token type table.
    pub token_types: usize,
    /// Added to the variance under the root.
    pub norm_eps: f32,
    /// Between the feed-forward projections.
    pub activation: Activation,
    /// How a text's vector is made.
    pub pooling: Pooling,
    /// Whether a text's vector is scaled to unit length.
    pub normalize: bool,
    /// The longest text that the model was tuned for, in tokens; at most `context`.
    pub max_length: usize,
    /// Outputs of the classification head; 0 without one.
    pub labels: usize,
}

/// A LayerNorm's weights.
#[derive(Debug)]
pub struct LayerNorm<V> {
    /// (hidden)
    pub weight: V,
    /// (hidden)
    pub bias: V,
}

/// One layer's weights.
#[derive(Debug)]
pub struct EncoderLayer<M, V> {
    /// (hidden, hidden)
    pub q: Linear<M, V>,
    /// (hidden, hidden)
    pub k: Linear<M, V>,
    /// (hidden, hidden)
    pub v: Linear<M, V>,
    /// (hidden, hidden)
    pub o: Linear<M, V>,
    /// After the attention's residual.
    pub attention_norm: LayerNorm<V>,
    /// (intermediate, hidden)
    pub up: Linear<M, V>,
    /// (hidden, intermediate)
    pub down: Linear<M, V>,
    /// After the feed-forward's residual.
    pub output_norm: LayerNorm<V>,
}

/// The classification head on the first token: tanh pooler, then a linear layer.
#[derive(Debug)]
pub struct Classifier<M, V> {
    /// (hidden, hidden)
    pub pooler: Linear<M, V>,
    /// (labels, hidden)
    pub output: Linear<M, V>,
}

/// An encoder's weights.
#[derive(Debug)]
pub struct EncoderWeights<M, V> {
    /// (vocab, hidden)
    pub words: M,
    /// (context, hidden)
    pub positions: M,
    /// (token types, hidden)
    pub types: M,
    /// Over the sum of the three.
    pub norm: LayerNorm<V>,
    /// The layers, first to last.
    pub layers: Vec<EncoderLayer<M, V>>,
    /// The classification head, if the checkpoint has one.
    pub classifier: Option<Classifier<M, V>>,
}

impl<M, V> EncoderWeights<M, V> {
    /// Loads every tensor that `config` calls for.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape, or the backend cannot store it.
    pub fn load(
        checkpoint: &Checkpoint,
        config: &EncoderConfig,
        loader: &mut impl Loader<Matrix = M, Vector = V>,
    ) -> Result<Self> {
        let (hidden, inner) = (config.hidden, config.intermediate);
        let mut table = |name: &str, rows| {
            loader.table(checkpoint.matrix(&format!("embeddings.{name}_embeddings"), rows, hidden)?)
        };
        let words = table("word", config.vocab)?;
        let positions = table("position", config.context)?;
        let types = table("token_type", config.token_types)?;
        let norm = layer_norm(checkpoint, "embeddings.LayerNorm", hidden, loader)?;
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let prefix = format!("encoder.layer.{index}");
            let mut linear =
                |name: &str, rows, cols| checkpoint.linear(&format!("{prefix}.{name}"), rows, cols, true, &mut *loader);
            let q = linear("attention.self.query", hidden, hidden)?;
            let k = linear("attention.self.key", hidden, hidden)?;
            let v = linear("attention.self.value", hidden, hidden)?;
            let o = linear("attention.output.dense", hidden, hidden)?;
            let up = linear("intermediate.dense", inner, hidden)?;
            let down = linear("output.dense", hidden, inner)?;
            let mut norm = |name: &str| layer_norm(checkpoint, &format!("{prefix}.{name}"), hidden, &mut *loader);
            let attention_norm = norm("attention.output.LayerNorm")?;
            let output_norm = norm("output.LayerNorm")?;
            layers.push(EncoderLayer { q, k, v, o, attention_norm, up, down, output_norm });
        }
        let classifier = match config.labels {
            0 => None,
            labels => Some(Classifier {
                pooler: checkpoint.linear("pooler.dense", hidden, hidden, true, loader)?,
                output: checkpoint.linear("classifier", labels, hidden, true, loader)?,
            }),
        };
        Ok(Self { words, positions, types, norm, layers, classifier })
    }
}

fn layer_norm<V>(
    checkpoint: &Checkpoint,
    name: &str,
    width: usize,
    loader: &mut impl Loader<Vector = V>,
) -> Result<LayerNorm<V>> {
    Ok(LayerNorm {
        weight: loader.vector(checkpoint.vector(&format!("{name}.weight"), width)?)?,
        bias: loader.vector(checkpoint.vector(&format!("{name}.bias"), width)?)?,
    })
}
