//! Plain differentiable tensor operations.
//!
//! candle-nn's fused norms, rotary embedding and softmax cut gradients silently, so none of them appears here.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};

/// x (rows, in) times the transpose of `weight` (out, in).
pub(super) fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let learns_below_only = x.track_op() && !weight.track_op();
    match learns_below_only && x.device().is_cpu() {
        true => x.apply_op1(Frozen { weight: weight.clone() }),
        false => x.matmul(&weight.t()?),
    }
}

/// The product with a weight that does not learn. candle's own derives the gradient by both sides, whoever asks: of a
/// whole model, that is as much arithmetic again, and as much memory as its weights.
struct Frozen {
    weight: Tensor,
}

impl CustomOp1 for Frozen {
    fn name(&self) -> &'static str {
        "frozen-linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("the rows of a product lie apart") };
        let rows = Tensor::from_slice(&storage.as_slice::<f32>()?[start..end], layout.shape(), self.weight.device())?;
        let product = rows.matmul(&self.weight.t()?)?;
        Ok((CpuStorage::F32(product.flatten_all()?.to_vec1()?), product.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _product: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.matmul(&self.weight).map(Some)
    }
}

/// x / rms(x) * weight over the last dimension.
pub(super) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f32) -> Result<Tensor> {
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(mean_square + f64::from(eps))?.sqrt()?)?.broadcast_mul(weight)
}

/// (x - mean) / sd * weight + bias over the last dimension.
pub(super) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f32) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
    centered.broadcast_div(&(variance + f64::from(eps))?.sqrt()?)?.broadcast_mul(weight)?.broadcast_add(bias)
}

/// exp(x) / sum over the last dimension, shifted by the maximum.
pub(super) fn softmax(x: &Tensor) -> Result<Tensor> {
    let exp = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)
}

/// Rotates (rows, heads, head_dim) by tables (rows, 1, head_dim / 2), halves against halves.
pub(super) fn rope(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let half = x.dim(D::Minus1)? / 2;
    let (first, second) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
    let turned_first = (first.broadcast_mul(cos)? - second.broadcast_mul(sin)?)?;
    let turned_second = (second.broadcast_mul(cos)? + first.broadcast_mul(sin)?)?;
    Tensor::cat(&[turned_first, turned_second], D::Minus1)
}

/// Attention of q (rows, heads, head_dim) over k and v (length, kv_heads, head_dim), with `mask` (rows, length) added
/// to the scores, as (rows, heads * head_dim).
pub(super) fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (rows, heads, head_dim) = q.dims3()?;
    let (length, kv_heads, _) = k.dims3()?;
    let spread = |x: &Tensor| {
        let grouped = (length, kv_heads, heads / kv_heads, head_dim);
        x.unsqueeze(2)?.broadcast_as(grouped)?.reshape((length, heads, head_dim))?.transpose(0, 1)?.contiguous()
    };
    let q = q.transpose(0, 1)?.contiguous()?;
    let mut scores = (q.matmul(&spread(k)?.t()?.contiguous()?)? * (1.0 / (head_dim as f64).sqrt()))?;
    if let Some(mask) = mask {
        scores = scores.broadcast_add(mask)?;
    }
    softmax(&scores)?.matmul(&spread(v)?)?.transpose(0, 1)?.contiguous()?.reshape((rows, heads * head_dim))
}
