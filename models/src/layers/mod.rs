//! What the architectures share: the decoder, the encoder, rotary positions and pooling.
//!
//! Weights are described once, generically over how a backend keeps a matrix and a vector ([`Loader`]); a backend
//! brings its own storage and runs the same description.

pub mod decoder;
pub mod encoder;
pub mod pooling;
pub mod rope;

use docent_kernels::Format;

use crate::{Result, weights::Tensor};

/// A weight matrix as it lies in the checkpoint, rows in the order that the architecture wants.
#[derive(Debug)]
pub struct MatrixSource {
    /// Its name in the checkpoint without `.weight`: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// Output features.
    pub rows: usize,
    /// Input features.
    pub cols: usize,
    pub(crate) tensor: Tensor,
    pub(crate) halved: Option<Vec<u8>>,
}

impl MatrixSource {
    /// How its elements are stored.
    pub fn format(&self) -> Format {
        self.tensor.format()
    }

    /// (rows, cols) elements, row by row.
    pub fn data(&self) -> &[u8] {
        self.halved.as_deref().unwrap_or_else(|| self.tensor.data())
    }

    /// Lets go of the memory that holds the elements, for a backend that has its own copy.
    pub(crate) fn release(&self) {
        self.tensor.release();
    }
}

/// Turns checkpoint tensors into a backend's own storage.
pub trait Loader {
    /// A weight matrix, (out features, in features).
    type Matrix;
    /// A bias or a norm's weight.
    type Vector;

    /// Takes over a matrix.
    ///
    /// # Errors
    /// If the backend cannot store it.
    fn matrix(&mut self, source: MatrixSource) -> Result<Self::Matrix>;

    /// Takes over a matrix whose rows are looked up only.
    ///
    /// # Errors
    /// If the backend cannot store it.
    fn table(&mut self, source: MatrixSource) -> Result<Self::Matrix> {
        self.matrix(source)
    }

    /// Takes over a vector.
    ///
    /// # Errors
    /// If the backend cannot store it.
    fn vector(&mut self, values: Vec<f32>) -> Result<Self::Vector>;
}

/// An affine map: x W^T + b.
#[derive(Debug)]
pub struct Linear<M, V> {
    /// Its name in the checkpoint, without `.weight`: what adapters address.
    pub name: String,
    /// (out features, in features)
    pub weight: M,
    /// (out features)
    pub bias: Option<V>,
}
