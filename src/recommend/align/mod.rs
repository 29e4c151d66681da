//! The trained core of A-LLMRec: what behaviour says of users and items, told to a language model as soft prompts.
//!
//! Kim et al., *Large Language Models meet Collaborative Filtering: An Efficient All-round LLM-based Recommender System*
//! (2024). Two stages with both models frozen: perceptrons align the items' collaborative vectors with those of their
//! texts, then others project aligned vectors into the language model's token space, so that the titles that people took
//! next become likely. Items that nobody has are told by their texts alone.

mod aligner;
mod data;
mod file;
mod learner;
mod train;

pub use data::AlignData;
pub use file::ALIGNMENT;
pub(super) use file::hexadecimal;
pub use train::{AlignOptions, AlignState, train_alignment};

use std::sync::Arc;

use candle_core::Tensor;

use super::{
    Catalogue, Error, Interaction, Result, Store,
    interactions::liked,
    retrieve::{ImplicitAls, Semantic, WIDTH},
};
use crate::engine::Engine;
use aligner::{Aligner, JOINT, Projector, Widths, tensor};

/// Liked items whose vectors a soft prompt holds, the latest ones.
const ITEMS: usize = 10;

/// What was learned.
#[derive(Debug)]
pub struct Alignment {
    widths: Widths,
    aligner: Aligner,
    projector: Projector,
    /// Of users and items, as training has seen them.
    factors: ImplicitAls,
    /// What the elements of the items' collaborative vectors are multiplied with.
    item_scale: f32,
    /// Users of each item in training, (items).
    users: Vec<f32>,
    /// The root mean square of the language model's embedding.
    token_scale: f32,
    /// The language model's identity, in hexadecimal digits.
    model: String,
    /// Decides every draw.
    seed: u64,
}

impl Alignment {
    /// Steps of the second stage that were taken.
    pub fn steps(&self) -> usize {
        self.projector.learner.steps
    }

    /// The identity of the language model that it was trained for, in hexadecimal digits.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether it was learned for these models and this catalogue, or one that has grown into it.
    pub fn fits(&self, engine: &Engine, semantic: &Semantic, catalogue: &Catalogue) -> bool {
        let widths = (self.widths.text, self.widths.token);
        widths == (semantic.width(), engine.architecture().hidden())
            && self.model == hexadecimal(engine.hash())
            && self.users.len() <= catalogue.len()
    }

    /// The vector of somebody with a history, of unit mean square; (collaborative).
    fn user(&self, history: &[Interaction]) -> Result<Tensor> {
        let mut items: Vec<usize> = history.iter().map(|event| event.item).collect();
        items.sort_unstable();
        items.dedup();
        let weights: Vec<(usize, f32)> = items.into_iter().map(|item| (item, 1.0)).collect();
        let mut vector = self.factors.user(&weights);
        let size = (vector.iter().map(|value| value * value).sum::<f32>() / WIDTH as f32).sqrt().max(1e-6);
        vector.iter_mut().for_each(|value| *value /= size);
        Ok(Tensor::from_vec(vector, WIDTH, &candle_core::Device::Cpu)?)
    }

    /// What is known of items, in the joint space, (items, [`JOINT`]): by behaviour, and where nobody has one by its text.
    fn joint(&self, items: &[usize], semantic: &Semantic) -> Result<Tensor> {
        if items.is_empty() {
            return Ok(Tensor::zeros((0, JOINT), candle_core::DType::F32, &candle_core::Device::Cpu)?);
        }
        let behaviour = self.aligner.of_behaviour(&self.collaborative(items)?)?;
        let texts = self.aligner.of_texts(&texts(items, semantic)?)?;
        let known = items.iter().map(|&item| u8::from(self.users.get(item).is_some_and(|&users| users > 0.0)));
        let known = Tensor::from_vec(known.collect::<Vec<u8>>(), (items.len(), 1), &candle_core::Device::Cpu)?;
        Ok(known.broadcast_as(behaviour.shape())?.where_cond(&behaviour, &texts)?)
    }

    /// The items' collaborative vectors, of about unit mean square; (items, collaborative)
    fn collaborative(&self, items: &[usize]) -> Result<Tensor> {
        let scaled = |&item: &usize| {
            let vector = self.factors.vectors().get(item * WIDTH..(item + 1) * WIDTH).unwrap_or(&[0.0; WIDTH]);
            vector.iter().map(|value| value * self.item_scale).collect::<Vec<f32>>()
        };
        Ok(tensor(items.iter().flat_map(scaled).collect(), WIDTH)?)
    }

    /// The soft prompt of somebody with a history, differentiable by what is learned: (rows, token).
    fn soft_prompt(&self, history: &[Interaction], semantic: &Semantic) -> Result<Tensor> {
        let mut latest: Vec<usize> = liked(history).rev().take(ITEMS).map(|event| event.item).collect();
        latest.reverse();
        let items = self.joint(&latest, semantic)?.detach();
        Ok(self.projector.soft_prompt(&self.user(history)?, &items)?)
    }
}

/// The vectors of the items' texts, of unit mean square; (items, text)
fn texts(items: &[usize], semantic: &Semantic) -> Result<Tensor> {
    let scale = (semantic.width() as f32).sqrt();
    let values = items.iter().flat_map(|&item| semantic.vector(item).iter().map(move |value| value * scale));
    Ok(tensor(values.collect(), semantic.width())?)
}

/// An alignment in use, over one catalogue and its vectors.
#[derive(Clone, Debug)]
pub struct ALLMRec {
    alignment: Arc<Alignment>,
    semantic: Arc<Semantic>,
}

impl ALLMRec {
    /// Reads what a store has learned for a language model; none if it has not.
    ///
    /// # Errors
    /// If the component is damaged, or was trained for another language model or on vectors of another width.
    pub fn open(store: &Store, semantic: Arc<Semantic>, engine: &Engine) -> Result<Option<Self>> {
        let Some(bytes) = store.component(ALIGNMENT)? else { return Ok(None) };
        Self::new(Alignment::from_bytes(&bytes)?, semantic, engine).map(Some)
    }

    /// Uses what was learned, with the vectors that it was learned on, for the language model that it was learned for.
    ///
    /// # Errors
    /// If the language model or the vectors are others.
    pub fn new(alignment: Alignment, semantic: Arc<Semantic>, engine: &Engine) -> Result<Self> {
        let (trained, width) = (alignment.widths.text, semantic.width());
        if trained != width {
            return Err(Error::OtherVectors { trained, width });
        }
        if alignment.model != hexadecimal(engine.hash()) {
            return Err(Error::OtherModel);
        }
        Ok(Self { alignment: Arc::new(alignment), semantic })
    }

    /// What was learned.
    pub fn alignment(&self) -> &Alignment {
        &self.alignment
    }

    /// The soft prompt of somebody with a history, (rows, token) one after another: their own vector, then those of at most
    /// ten items that they liked, the latest last.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn soft_prompt(&self, history: &[Interaction]) -> Result<Vec<f32>> {
        Ok(self.alignment.soft_prompt(history, &self.semantic)?.flatten_all()?.to_vec1()?)
    }
}
