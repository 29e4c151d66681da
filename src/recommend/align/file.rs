//! An alignment as a component of a store: safetensors with everything that learns, and how it learns, so that a training
//! that was broken off goes on.

use serde::{Deserialize, Serialize};

use super::{
    Alignment,
    aligner::{Aligner, Projector, Widths},
    learner::Named,
};
use crate::recommend::{
    Error, Result,
    retrieve::{ImplicitAls, WIDTH},
    tensors::{TensorsIn, TensorsOut},
};

/// The store's component that holds an alignment.
pub const ALIGNMENT: &str = "alignment";

/// The note beside the tensors.
const LEARNED: &str = "learned";

#[derive(Serialize, Deserialize)]
struct Learned {
    widths: Widths,
    items: usize,
    /// Steps of both stages.
    steps: [usize; 2],
    item_scale: f32,
    token_scale: f32,
    model: String,
    seed: u64,
}

impl Alignment {
    /// The alignment as bytes.
    ///
    /// # Errors
    /// If a tensor cannot be read.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = TensorsOut::default();
        for learner in [&self.aligner.learner, &self.projector.learner] {
            for Named { name, shape, values } in learner.tensors()? {
                out.put_f32(&name, &shape, &values);
            }
        }
        let items = self.users.len();
        out.put_f32("factors.items", &[items, WIDTH], self.factors.vectors());
        out.put_f32("factors.users_gram", &[WIDTH, WIDTH], self.factors.users_gram());
        out.put_f32("users", &[items], &self.users);
        let learned = Learned {
            widths: self.widths,
            items,
            steps: [self.aligner.learner.steps, self.projector.learner.steps],
            item_scale: self.item_scale,
            token_scale: self.token_scale,
            model: self.model.clone(),
            seed: self.seed,
        };
        out.note(LEARNED, serde_json::to_string(&learned).map_err(|source| Error::Learned { source })?);
        out.into_bytes()
    }

    /// The alignment from bytes.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let tensors = TensorsIn::new(bytes)?;
        let learned: Learned =
            serde_json::from_str(tensors.note(LEARNED)?).map_err(|source| Error::Learned { source })?;
        let Learned { widths, items, steps, item_scale, token_scale, model, seed } = learned;
        let mut source = |name: &str, shape: &[usize], _: usize| tensors.f32(name, shape);
        let mut aligner = Aligner::new(widths, &mut source)?;
        let mut projector = Projector::new(widths, token_scale, &mut source)?;
        [aligner.learner.steps, projector.learner.steps] = steps;
        let factors = ImplicitAls::from_parts(
            tensors.f32("factors.items", &[items, WIDTH])?,
            tensors.f32("factors.users_gram", &[WIDTH, WIDTH])?,
        );
        let users = tensors.f32("users", &[items])?;
        Ok(Self { widths, aligner, projector, factors, item_scale, users, token_scale, model, seed })
    }

    /// The seed that decides every draw.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// Bytes in hexadecimal digits.
pub(in crate::recommend) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
