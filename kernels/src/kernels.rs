//! The kernels of one instruction set on one pool.
//!
//! The methods of [`Kernels`] stand where they are implemented: products in `product`, steps between them in
//! `elementwise`, `quantized` and `softmax`, rows of a matrix in `matrix`, attention in `attention`, nearest vectors in `top_k`.

use std::sync::Arc;

use crate::isa::Arch;
use crate::quantized::WIDE;
use crate::simd::{Kernel, Simd};
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

    /// How many rows of activations are computed side by side at most.
    pub(crate) fn widest(&self) -> usize {
        self.arch.run(Widest)
    }

    /// The threads in use.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

struct Widest;

impl Kernel for Widest {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        match (S::TILES, S::MANY_REGISTERS) {
            (true, _) => WIDE,
            (false, true) => 6,
            (false, false) => S::FEW_ROWS,
        }
    }
}
