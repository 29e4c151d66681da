//! A language model that others learn from: frozen, in plain differentiable operations.

use std::path::Path;

use candle_core::{D, Device, Tensor};
use docent_models::{
    backend::reference::{Cache, ReferenceDecoder, ReferenceModel},
    checkpoint::Checkpoint,
};

use super::{Error, Result};

/// A frozen language model, which tells how likely texts are after soft prompts, and how that changes with these.
#[derive(Debug)]
pub struct Teacher {
    model: ReferenceDecoder,
    hash: [u8; 32],
}

impl Teacher {
    /// Loads the weights of a language model in single precision: four bytes each.
    ///
    /// # Errors
    /// If a file is damaged, or the architecture is none that is supported or an encoder's.
    pub fn load(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::open(path)?;
        let hash = checkpoint.weights().hash();
        match ReferenceModel::load(&checkpoint, &Device::Cpu)? {
            ReferenceModel::Decoder(model) => Ok(Self { model, hash }),
            ReferenceModel::Encoder(encoder) => {
                let model = path.display().to_string();
                Err(Error::NotALanguageModel { model, architecture: encoder.config.model_type })
            }
        }
    }

    /// Elements of an embedding row.
    pub fn width(&self) -> usize {
        self.model.config.hidden
    }

    /// The identity of its weights.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The root mean square of the elements of the model's token embeddings.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn embedding_scale(&self) -> Result<f32> {
        let mean = || self.model.weights.embedding.sqr()?.mean_all()?.to_scalar::<f32>();
        Ok(mean().map_err(failed)?.sqrt())
    }

    /// The model's own rows for tokens, (tokens, width).
    ///
    /// # Errors
    /// If one is unknown.
    pub fn rows(&self, tokens: &[u32]) -> Result<Tensor> {
        self.model.embed(tokens).map_err(failed)
    }

    /// What is known of a prefix: its keys and values. Nothing is learned through it.
    ///
    /// # Errors
    /// If there are no tokens, one is unknown, or a tensor operation fails.
    pub fn read(&self, prefix: &[u32]) -> Result<Reading> {
        if prefix.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let mut kept = Kept { before: None, layers: Vec::new() };
        let run = |kept: &mut Kept<'_>| self.model.hidden(&self.model.embed(prefix)?, 0, kept, None);
        run(&mut kept).map_err(failed)?;
        Ok(Reading { layers: kept.layers, positions: prefix.len() })
    }

    /// The mean negative log-likelihood in nats, a scalar, of a text's tokens, at least one, after a prefix and the soft
    /// prompt `soft`, (rows, width), which it can be differentiated by.
    ///
    /// # Errors
    /// If there are no tokens, one is unknown, or a tensor operation fails.
    pub fn loss(&self, after: &Reading, soft: &Tensor, text: &[u32]) -> Result<Tensor> {
        let Some((_, before)) = text.split_last() else { return Err(Error::EmptyPrompt) };
        let run = || -> candle_core::Result<Tensor> {
            let x = match before {
                [] => soft.clone(),
                before => Tensor::cat(&[soft, &self.model.embed(before)?], 0)?,
            };
            let mut kept = Kept { before: Some(after), layers: Vec::new() };
            let hidden = self.model.hidden(&x, after.positions as u32, &mut kept, None)?;
            let logits = self.model.logits(&hidden.narrow(0, soft.dim(0)? - 1, text.len())?)?;
            let most = logits.max_keepdim(D::Minus1)?.detach();
            let total = (logits.broadcast_sub(&most)?.exp()?.sum_keepdim(D::Minus1)?.log()? + most)?;
            let targets = Tensor::new(text, &Device::Cpu)?.unsqueeze(1)?;
            (total - logits.gather(&targets, 1)?)?.mean_all()
        };
        run().map_err(failed)
    }
}

fn failed(error: candle_core::Error) -> Error {
    Error::from(docent_models::backend::BackendError::from(error))
}

/// The keys and values of a prefix, by layer.
#[derive(Debug)]
pub struct Reading {
    layers: Vec<(Tensor, Tensor)>,
    positions: usize,
}

/// Keeps new keys and values, behind those of a prefix.
struct Kept<'a> {
    before: Option<&'a Reading>,
    layers: Vec<(Tensor, Tensor)>,
}

impl Cache for Kept<'_> {
    fn extend(&mut self, layer: usize, keys: Tensor, values: Tensor) -> candle_core::Result<(Tensor, Tensor)> {
        match self.before.and_then(|before| before.layers.get(layer)) {
            Some((k, v)) => Ok((Tensor::cat(&[k, &keys], 0)?, Tensor::cat(&[v, &values], 0)?)),
            None => {
                self.layers.push((keys.clone(), values.clone()));
                Ok((keys, values))
            }
        }
    }
}
