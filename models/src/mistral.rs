//! Mistral (Jiang et al. 2023): LLaMA with a window of attention. The window bounds the context, within which the two
//! are equal; GGUF files call it `llama`.

use crate::{Result, config::Fields, layers::decoder::DecoderConfig, weights::Weights};

pub(crate) const MODEL_TYPE: &str = "mistral";

pub(crate) fn config(fields: &Fields<'_>, weights: &Weights) -> Result<DecoderConfig> {
    DecoderConfig::read(MODEL_TYPE, fields, weights)?.within_window(fields)
}
