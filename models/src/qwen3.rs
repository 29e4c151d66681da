//! Qwen 3 (Yang et al. 2025): LLaMA with a norm on every query and key head.

use crate::{
    Result,
    config::{Fields, Name},
    layers::decoder::DecoderConfig,
    weights::Weights,
};

pub(crate) const MODEL_TYPE: &str = "qwen3";

pub(crate) fn config(fields: &Fields<'_>, weights: &Weights) -> Result<DecoderConfig> {
    let biased = fields.flag(Name("attention_bias", "-"))?;
    let config = DecoderConfig {
        qk_norm: true,
        qkv_bias: biased,
        output_bias: biased,
        ..DecoderConfig::read(MODEL_TYPE, fields, weights)?
    };
    match fields.flag(Name("use_sliding_window", "-"))? {
        true => config.within_window(fields),
        false => Ok(config),
    }
}
