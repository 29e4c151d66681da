//! LLaMA (Touvron et al. 2023; Grattafiori et al. 2024): Llama 2 and 3, SmolLM2, TinyLlama.
//!
//! GGUF files of this architecture store the rows of each query and key head as interleaved pairs; the checkpoint puts
//! them back into halves, so that one rotary form serves all.

use crate::{
    Result,
    config::{Fields, Name},
    layers::decoder::DecoderConfig,
    weights::Weights,
};

pub(crate) const MODEL_TYPE: &str = "llama";

pub(crate) fn config(fields: &Fields<'_>, weights: &Weights) -> Result<DecoderConfig> {
    let biased = fields.flag(Name("attention_bias", "-"))?;
    let config = DecoderConfig::read(MODEL_TYPE, fields, weights)?;
    Ok(DecoderConfig {
        qkv_bias: biased || config.qkv_bias,
        output_bias: biased || config.output_bias,
        mlp_bias: fields.flag(Name("mlp_bias", "-"))? || config.mlp_bias,
        ..config
    })
}
