//! Numbers in, numbers out: the CPU kernels that Docent's models run on.
//!
//! This crate knows no model, no file and no network.
//!
//! Each kernel is written once, over sixteen logical lanes, and compiled for every instruction set of
//! [`Isa`]; which one runs is chosen at run time. For one instruction set, results are bit-identical
//! whatever the batch, the chunking, the sharing of KV blocks or the number of threads: the order in which
//! an element is reduced depends on the length of its reduction alone, and attention combines partial
//! results of fixed blocks of [`KV_BLOCK`] positions in position order.
//!
//! ```
//! use std::sync::Arc;
//! use docent_kernels::{Format, Isa, Kernels, Matrix, Pool, quantize};
//!
//! let weights: Vec<f32> = (0..64).map(|i| i as f32).collect(); // (2, 32)
//! let mut bytes = Vec::new();
//! quantize(Format::Q8_0, &weights, &mut bytes)?;
//! let matrix = Matrix::new(Format::Q8_0, 2, 32, &bytes)?;
//!
//! let pool = Arc::new(Pool::new(Pool::default_threads()));
//! let kernels = Kernels::new(Isa::detect(), pool).expect("a detected instruction set");
//! let mut out = [0.0; 2];
//! kernels.matmul(&[1.0; 32], &matrix, None, &mut out);
//! assert!((out[0] - 496.0).abs() < 4.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod aligned;
mod attention;
mod ceilings;
mod dequantize;
mod elementwise;
mod format;
mod isa;
mod kernels;
mod math;
mod matrix;
mod packed;
mod pages;
mod per_channel;
mod pool;
mod product;
mod quantize;
mod quantized;
mod rope;
mod scratch;
mod simd;
mod softmax;
mod split;
#[cfg(test)]
mod testing;
mod top_k;

pub use attention::{
    AttentionShape, AttentionSpan, KV_BLOCK, KeyValues, KvCache, KvFormat, Queries, Rotation, Upcoming,
};
pub use dequantize::dequantize;
pub use format::Format;
pub use isa::{Isa, UnknownIsa};
pub use kernels::Kernels;
pub use matrix::{Matrix, ShapeError};
pub use pages::{WeightMemory, give_back_code, give_back_freed};
pub use per_channel::QuantizedRows;
pub use pool::Pool;
pub use product::{Affine, Input};
pub use quantize::{QuantizeError, quantize};
pub use quantized::Quantized;
pub use softmax::Summary;
