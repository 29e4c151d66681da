//! The perceptrons of A-LLMRec: one space for what behaviour and texts say of items, and the way from there into a
//! language model's token space.

use candle_core::{Device, Result, Tensor};

use super::learner::{Learner, Perceptron, Source};
use crate::recommend;

/// Elements of the joint space.
pub(super) const JOINT: usize = 128;
/// The width of hidden layers.
const HIDDEN: usize = 256;
/// What reconstructing the vectors of both kinds counts beside their match: the paper's alpha and beta.
const RECONSTRUCTION: [f64; 2] = [0.5, 0.2];

/// The widths that everything follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Widths {
    pub(super) collaborative: usize,
    pub(super) text: usize,
    /// Of the language model's embedding.
    pub(super) token: usize,
}

/// The first stage: both kinds of item vectors in one space (section 4.1 of the paper).
#[derive(Debug)]
pub(super) struct Aligner {
    pub(super) learner: Learner,
    collaborative: [Perceptron; 2],
    text: [Perceptron; 2],
}

impl Aligner {
    pub(super) fn new(widths: Widths, source: &mut Source<'_>) -> recommend::Result<Self> {
        let mut learner = Learner::default();
        let mut pair = |name: &str, width: usize| -> recommend::Result<[Perceptron; 2]> {
            let encoder = learner.perceptron(&format!("{name}_encoder"), [width, HIDDEN, JOINT], source)?;
            let decoder = learner.perceptron(&format!("{name}_decoder"), [JOINT, HIDDEN, width], source)?;
            Ok([encoder, decoder])
        };
        let (collaborative, text) = (pair("collaborative", widths.collaborative)?, pair("text", widths.text)?);
        Ok(Self { learner, collaborative, text })
    }

    /// What behaviour says of items, in the joint space: (items, collaborative) to (items, [`JOINT`]).
    pub(super) fn of_behaviour(&self, vectors: &Tensor) -> Result<Tensor> {
        self.collaborative[0].forward(vectors)
    }

    /// What texts say of items, in the joint space: (items, text) to (items, [`JOINT`]).
    pub(super) fn of_texts(&self, vectors: &Tensor) -> Result<Tensor> {
        self.text[0].forward(vectors)
    }

    /// The loss over some interactions, by rows: the users' vectors, those of the items that they took and of others that
    /// they did not, and the vectors of the texts of both.
    pub(super) fn loss(&self, users: &Tensor, [taken, other]: [&Tensor; 2], texts: [&Tensor; 2]) -> Result<Tensor> {
        let (own, of_taken) = self.match_and_rebuild(taken, texts[0])?;
        let (others, of_other) = self.match_and_rebuild(other, texts[1])?;
        let scale = 1.0 / (users.dim(1)? as f64).sqrt();
        let logit = |items: &Tensor| (users * items)?.sum(1)? * scale;
        // -log sigmoid(x) = log(1 + e^-x), of logits that are far from overflow.
        let wanted = (logit(&own)?.neg()?.exp()? + 1.0)?.log()?.mean_all()?;
        let unwanted = (logit(&others)?.exp()? + 1.0)?.log()?.mean_all()?;
        ((wanted + unwanted)? + of_taken)? + of_other
    }

    /// The items' vectors as the joint space gives them back, and how badly both kinds match and come back.
    fn match_and_rebuild(&self, vectors: &Tensor, texts: &Tensor) -> Result<(Tensor, Tensor)> {
        let (item, text) = (self.of_behaviour(vectors)?, self.of_texts(texts)?);
        let (back, text_back) = (self.collaborative[1].forward(&item)?, self.text[1].forward(&text)?);
        let apart = |a: &Tensor, b: &Tensor| (a - b)?.sqr()?.mean_all();
        let rebuilt =
            ((apart(&back, vectors)? * RECONSTRUCTION[0])? + (apart(&text_back, texts)? * RECONSTRUCTION[1])?)?;
        Ok((back, (apart(&item, &text)? + rebuilt)?))
    }
}

/// The second stage: vectors of users and items as soft prompts (section 4.2 of the paper).
#[derive(Debug)]
pub(super) struct Projector {
    pub(super) learner: Learner,
    user: Perceptron,
    item: Perceptron,
    /// The root mean square that rows are brought to: that of the language model's own embedding.
    scale: f64,
}

impl Projector {
    pub(super) fn new(widths: Widths, scale: f32, source: &mut Source<'_>) -> recommend::Result<Self> {
        let mut learner = Learner::default();
        let user = learner.perceptron("user_projector", [widths.collaborative, HIDDEN, widths.token], source)?;
        let item = learner.perceptron("item_projector", [JOINT, HIDDEN, widths.token], source)?;
        Ok(Self { learner, user, item, scale: f64::from(scale) })
    }

    /// The soft prompt of somebody: their own vector (collaborative) and the joint vectors of items of theirs,
    /// (items, [`JOINT`]), to (1 + items, token).
    pub(super) fn soft_prompt(&self, user: &Tensor, items: &Tensor) -> Result<Tensor> {
        let user = self.user.forward(&user.unsqueeze(0)?)?;
        let rows = match items.dim(0)? {
            0 => user,
            _ => Tensor::cat(&[user, self.item.forward(items)?], 0)?,
        };
        let size = (rows.sqr()?.mean_keepdim(1)? + 1e-6)?.sqrt()?;
        rows.broadcast_div(&size)? * self.scale
    }
}

/// Vectors as a tensor, (rows, width).
pub(super) fn tensor(values: Vec<f32>, width: usize) -> Result<Tensor> {
    let rows = values.len() / width.max(1);
    Tensor::from_vec(values, (rows, width), &Device::Cpu)
}
