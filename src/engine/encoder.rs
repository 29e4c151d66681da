//! What encoders share, whatever becomes of their output: texts become tokens, and these run in full steps.

use std::ops::Range;

use docent_models::{
    backend::{Backend, Step},
    batch::RaggedBatch,
    layers::encoder::EncoderConfig,
    tokenizer::{Encoding, Tokenizer},
};
use rayon::prelude::*;

use super::{Result, packing};

/// Tokens that one step takes.
const TOKENS_PER_STEP: usize = 2048;

/// An encoder, loaded.
pub(super) struct Encoder {
    backend: Box<dyn Backend>,
    tokenizer: Tokenizer,
    pub(super) config: EncoderConfig,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("backend", &self.backend.name()).finish_non_exhaustive()
    }
}

/// A step that ran: which inputs, in which batch, and what came out.
pub(super) struct Ran<'a> {
    /// The inputs' indices, one for each sequence of the batch.
    pub(super) inputs: &'a [usize],
    pub(super) batch: &'a RaggedBatch,
    pub(super) step: &'a Step,
    pub(super) config: &'a EncoderConfig,
}

impl Encoder {
    pub(super) fn new(backend: Box<dyn Backend>, tokenizer: Tokenizer, config: EncoderConfig) -> Self {
        Self { backend, tokenizer, config }
    }

    /// Inputs as tokens, on all threads: `parts` says which text, or which two, each is made of. What is beyond
    /// `max_length` tokens is cut.
    pub(super) fn encode<'a, T: Sync>(
        &self,
        inputs: &'a [T],
        parts: impl Fn(&'a T) -> (&'a str, Option<&'a str>) + Sync,
        max_length: usize,
    ) -> Result<Vec<Encoding>> {
        let tokenizer = &self.tokenizer;
        let encode = |input| {
            let (text, pair) = parts(input);
            tokenizer.encode_for_encoder(text, pair, max_length)
        };
        Ok(inputs.par_iter().map(encode).collect::<Result<Vec<_>, _>>().map_err(docent_models::Error::from)?)
    }

    /// How many inputs are longer than the encoder reads.
    pub(super) fn count_longer<'a, T: Sync>(
        &self,
        inputs: &'a [T],
        parts: impl Fn(&'a T) -> (&'a str, Option<&'a str>) + Sync,
    ) -> Result<usize> {
        let encodings = self.encode(inputs, parts, usize::MAX)?;
        Ok(encodings.iter().filter(|encoding| encoding.ids.len() > self.config.max_length).count())
    }

    /// Runs inputs, those of about one length together. `want` asks for output of an input's rows, `take` takes what a step
    /// gives.
    pub(super) fn run(
        &mut self,
        encodings: &[Encoding],
        want: impl Fn(&mut RaggedBatch, Range<usize>),
        mut take: impl FnMut(Ran<'_>) -> Result<()>,
    ) -> Result<()> {
        let lengths: Vec<usize> = encodings.iter().map(|encoding| encoding.ids.len()).collect();
        let mut batch = RaggedBatch::new();
        for group in packing::by_length(&lengths, TOKENS_PER_STEP) {
            batch.clear();
            for &index in &group {
                let Encoding { ids, token_types } = &encodings[index];
                let rows = batch.push_encoder(ids, token_types);
                want(&mut batch, rows);
            }
            let step = self.backend.forward(&batch)?;
            take(Ran { inputs: &group, batch: &batch, step: &step, config: &self.config })?;
            self.backend.recycle(step);
        }
        Ok(())
    }
}
