//! The kernels of one instruction set on one pool.
//!
//! The methods of [`Kernels`] stand where they are implemented: products in `product`, steps between them in
//! `elementwise`, `quantized` and `softmax`, rows of a matrix in `matrix`, attention in `attention`, nearest vectors in `top_k`.

use std::sync::Arc;

use crate::isa::Arch;
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

    /// See [`Simd::MANY_REGISTERS`](crate::simd::Simd::MANY_REGISTERS).
    pub(crate) fn many_registers(&self) -> bool {
        self.arch.run(ManyRegisters)
    }

    /// The threads in use.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

struct ManyRegisters;

impl Kernel for ManyRegisters {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        S::MANY_REGISTERS
    }
}
