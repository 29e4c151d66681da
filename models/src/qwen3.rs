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
    let config = DecoderConfig::read(MODEL_TYPE, fields, weights)?;
    let config = DecoderConfig {
        qk_norm: true,
        qkv_bias: biased || config.qkv_bias,
        output_bias: biased || config.output_bias,
        ..config
    };
    match fields.flag(Name("use_sliding_window", "-"))? {
        true => config.within_window(fields),
        false => Ok(config),
    }
}
