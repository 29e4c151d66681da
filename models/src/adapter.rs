//! Low-rank adapters (Hu et al. 2021): W x + scale * B (A x) for some of a decoder's projections.

use std::collections::BTreeMap;

/// The low-rank update of one projection.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank {
    /// (rank, in features)
    pub a: Vec<f32>,
    /// (out features, rank)
    pub b: Vec<f32>,
    /// Rows of `a`, at least one.
    pub rank: usize,
}

/// An adapter for one model: updates by the projection that they belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapter {
    /// By the projection's name, `model.layers.0.self_attn.q_proj`.
    pub modules: BTreeMap<String, LowRank>,
    /// Multiplies every update: alpha / rank.
    pub scale: f32,
}
