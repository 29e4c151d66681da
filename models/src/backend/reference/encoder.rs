//! The encoder in plain tensor operations, as simple as can be.

use candle_core::{Device, Result, Tensor};

use super::ops;
use crate::layers::{
    Linear,
    encoder::{Activation, EncoderConfig, EncoderLayer, EncoderWeights, LayerNorm},
};

/// An encoder on dequantized weights in single precision.
#[derive(Debug)]
pub struct ReferenceEncoder {
    /// Its sizes.
    pub config: EncoderConfig,
    /// Its weights.
    pub weights: EncoderWeights<Tensor, Tensor>,
    device: Device,
}

impl ReferenceEncoder {
    pub(super) fn new(config: EncoderConfig, weights: EncoderWeights<Tensor, Tensor>, device: Device) -> Self {
        Self { config, weights, device }
    }

    /// The word embeddings of `ids`: (ids, hidden).
    ///
    /// # Errors
    /// If an id is out of range.
    pub fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        self.weights.words.index_select(&Tensor::new(ids, &self.device)?, 0)
    }

    /// The last hidden states of one text, from its word embeddings (tokens, hidden) and token types.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn hidden(&self, words: &Tensor, token_types: &[u32]) -> Result<Tensor> {
        let kinds = self.weights.types.index_select(&Tensor::new(token_types, &self.device)?, 0)?;
        let positions = self.weights.positions.narrow(0, 0, words.dim(0)?)?;
        let mut x = self.norm(&((words + kinds)? + positions)?, &self.weights.norm)?;
        for layer in &self.weights.layers {
            x = self.layer(layer, &x)?;
        }
        Ok(x)
    }

    /// The classification head's logits (rows, labels) of first-token states (rows, hidden), if there is a head.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn classify(&self, first: &Tensor) -> Result<Option<Tensor>> {
        let Some(head) = &self.weights.classifier else { return Ok(None) };
        linear(&head.output, &linear(&head.pooler, first)?.tanh()?).map(Some)
    }

    fn layer(&self, layer: &EncoderLayer<Tensor, Tensor>, x: &Tensor) -> Result<Tensor> {
        let (rows, hidden) = x.dims2()?;
        let heads =
            |l: &Linear<Tensor, Tensor>| linear(l, x)?.reshape((rows, self.config.heads, hidden / self.config.heads));
        let attended = ops::attention(&heads(&layer.q)?, &heads(&layer.k)?, &heads(&layer.v)?, None)?;
        let x = self.norm(&(x + linear(&layer.o, &attended)?)?, &layer.attention_norm)?;
        let inner = linear(&layer.up, &x)?;
        let inner = match self.config.activation {
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluTanh => inner.gelu()?,
        };
        self.norm(&(&x + linear(&layer.down, &inner)?)?, &layer.output_norm)
    }

    fn norm(&self, x: &Tensor, norm: &LayerNorm<Tensor>) -> Result<Tensor> {
        ops::layer_norm(x, &norm.weight, &norm.bias, self.config.norm_eps)
    }
}

fn linear(linear: &Linear<Tensor, Tensor>, x: &Tensor) -> Result<Tensor> {
    let y = x.matmul(&linear.weight.t()?)?;
    linear.bias.as_ref().map_or_else(|| Ok(y.clone()), |bias| y.broadcast_add(bias))
}
