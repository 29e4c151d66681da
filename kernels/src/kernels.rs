//! The kernels of one instruction set on one pool.
//!
//! The methods of [`Kernels`] stand where they are implemented: products in `matmul`, steps between them in
//! `elementwise`, `rope` and `softmax`, attention in `attention`, nearest vectors in `top_k`.

use std::sync::Arc;

use crate::isa::Arch;
use crate::{Isa, Pool};

/// Everything that a model computes with, for one instruction set.
///
/// For one instruction set, results are bit-identical whatever the number of rows that are computed
/// together, and whatever the number of threads.
#[derive(Clone, Debug)]
pub struct Kernels {
    pub(crate) arch: Arch,
    pool: Arc<Pool>,
}

impl Kernels {
    /// Kernels that use `isa` and run on `pool`, or `None` if this processor lacks it.
    pub fn new(isa: Isa, pool: Arc<Pool>) -> Option<Self> {
        Some(Kernels { arch: Arch::new(isa)?, pool })
    }

    /// The instruction set in use.
    pub fn isa(&self) -> Isa {
        self.arch.isa()
    }

    /// The threads in use.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}
