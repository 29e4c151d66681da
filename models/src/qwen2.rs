//! Qwen 2 and 2.5 (Yang et al. 2024): LLaMA with biases on the query, key and value projections.

use crate::{
    Result,
    config::{Fields, Name},
    layers::decoder::DecoderConfig,
    weights::Weights,
};

pub(crate) const MODEL_TYPE: &str = "qwen2";

pub(crate) fn config(fields: &Fields<'_>, weights: &Weights) -> Result<DecoderConfig> {
    let config = DecoderConfig { qkv_bias: true, ..DecoderConfig::read(MODEL_TYPE, fields, weights)? };
    match fields.flag(Name("use_sliding_window", "-"))? {
        true => config.within_window(fields),
        false => Ok(config),
    }
}
