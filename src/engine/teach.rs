//! A language model that others learn from: frozen, in plain differentiable operations.

use std::path::Path;

use candle_core::{D, Device, Tensor};
use docent_models::{
    backend::reference::{Cache, ReferenceDecoder, ReferenceModel, Span},
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
        let hash = checkpoint.hash().map_err(docent_models::Error::from)?;
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

    /// The identity of the model.
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

    /// What is known of each prefix: its keys and values. Nothing is learned through them.
    ///
    /// # Errors
    /// If one has no tokens, one of them is unknown, or a tensor operation fails.
    pub fn read(&self, prefixes: &[Vec<u32>]) -> Result<Vec<Reading>> {
        if prefixes.iter().any(Vec::is_empty) {
            return Err(Error::EmptyPrompt);
        }
        let mut kept: Vec<Kept<'_>> = prefixes.iter().map(|_| Kept { before: None, layers: Vec::new() }).collect();
        let mut spans = Vec::with_capacity(prefixes.len());
        for (prefix, cache) in prefixes.iter().zip(&mut kept) {
            spans.push(Span { rows: prefix.len(), position: 0, cache });
        }
        let mut run = || self.model.hidden(&self.model.embed(&prefixes.concat())?, &mut spans, None);
        run().map_err(failed)?;
        let read = kept.into_iter().zip(prefixes);
        Ok(read.map(|(kept, prefix)| Reading { layers: kept.layers, positions: prefix.len() }).collect())
    }

    /// The mean negative log-likelihood in nats of the tokens of each text, (texts), which can be differentiated by the soft
    /// prompts.
    ///
    /// # Errors
    /// If there is no text, one has no tokens or no soft prompt, a token is unknown, or a tensor operation fails.
    pub fn losses(&self, texts: &[Taught<'_>]) -> Result<Tensor> {
        let lacks = |taught: &Taught<'_>| taught.text.is_empty() || taught.soft.dim(0).is_ok_and(|rows| rows == 0);
        if texts.is_empty() || texts.iter().any(lacks) {
            return Err(Error::EmptyPrompt);
        }
        self.losses_of(texts).map_err(failed)
    }

    fn losses_of(&self, texts: &[Taught<'_>]) -> candle_core::Result<Tensor> {
        let mut kept: Vec<Kept<'_>> =
            texts.iter().map(|taught| Kept { before: Some(taught.after), layers: Vec::new() }).collect();
        let (mut x, mut spans, mut predicting) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = 0;
        for (Taught { after, soft, text }, cache) in texts.iter().zip(&mut kept) {
            // The last token is predicted only.
            let before = &text[..text.len() - 1];
            let (own, position) = (soft.dim(0)? + before.len(), after.positions as u32);
            x.push((*soft).clone());
            if !before.is_empty() {
                x.push(self.model.embed(before)?);
            }
            spans.push(Span { rows: own, position, cache });
            rows += own;
            predicting.extend((rows - text.len()) as u32..rows as u32);
        }
        let hidden = self.model.hidden(&Tensor::cat(&x, 0)?, &mut spans, None)?;
        let logits = self.model.logits(&hidden.index_select(&Tensor::new(predicting, &Device::Cpu)?, 0)?)?;
        let most = logits.max_keepdim(D::Minus1)?.detach();
        let total = (logits.broadcast_sub(&most)?.exp()?.sum_keepdim(D::Minus1)?.log()? + most)?;
        let targets: Vec<u32> = texts.iter().flat_map(|taught| taught.text).copied().collect();
        let of_tokens = (total - logits.gather(&Tensor::new(targets, &Device::Cpu)?.unsqueeze(1)?, 1)?)?;
        let (mut start, mut losses) = (0, Vec::with_capacity(texts.len()));
        for taught in texts {
            losses.push(of_tokens.narrow(0, start, taught.text.len())?.mean_all()?);
            start += taught.text.len();
        }
        Tensor::stack(&losses, 0)
    }
}

/// A text that follows a prefix and a soft prompt.
#[derive(Clone, Copy, Debug)]
pub struct Taught<'a> {
    /// What is known of the prefix.
    pub after: &'a Reading,
    /// The soft prompt, (rows, width).
    pub soft: &'a Tensor,
    /// The text's tokens, at least one.
    pub text: &'a [u32],
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
#[derive(Debug)]
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
