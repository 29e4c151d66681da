//! The queries of a task.

use std::f32::consts::LOG2_E;

use super::Queries;
use super::shorts::{short_len, to_shorts};
use crate::scratch::Scratch;
use crate::simd::Simd;

/// Query heads, as long as they are worked on: rotated, and scaled so that scores are logarithms to base 2. The floats of
/// those that are also there as integers may be left over from others.
pub(super) struct Heads {
    head_dim: usize,
    floats: Scratch,
    /// The same as 16-bit integers, where these are wanted, and their scales.
    shorts: Scratch<u8>,
    scales: Scratch,
}

impl Heads {
    /// Room for `items` of `head_dim` elements.
    pub(super) fn new(items: usize, head_dim: usize, as_shorts: bool) -> Self {
        let some = if as_shorts { items } else { 0 };
        Heads {
            head_dim,
            floats: Scratch::take(items * head_dim),
            shorts: Scratch::bytes(some * short_len(head_dim)),
            scales: Scratch::take(some),
        }
    }

    /// Takes query head `head` of row `row` as item `item`; `scale` is what its scores are multiplied by.
    #[inline(always)]
    pub(super) fn take<S: Simd>(&mut self, simd: S, item: usize, q: &Queries<'_>, [row, head]: [usize; 2], scale: f32) {
        let to = &mut self.floats[item * self.head_dim..][..self.head_dim];
        to.copy_from_slice(&q.data[row * q.row_len + head * self.head_dim..][..self.head_dim]);
        q.rotation.apply(simd, row, to);
        let scale = scale * LOG2_E;
        to.iter_mut().for_each(|x| *x *= scale);
        if let Some(scale) = self.scales.get_mut(item) {
            let len = short_len(self.head_dim);
            *scale = to_shorts(simd, to, &mut self.shorts[item * len..][..len]);
        }
    }

    /// Bytes of an item as [`put`](Self::put) takes it.
    pub(super) fn item_bytes(head_dim: usize, as_shorts: bool) -> usize {
        if as_shorts { short_len(head_dim) + size_of::<f32>() } else { head_dim * size_of::<f32>() }
    }

    /// Writes what [`put`](Self::put) takes.
    #[inline(always)]
    pub(super) fn write(&self, item: usize, to: &mut [u8]) {
        if let Some(scale) = self.scales.get(item) {
            let (shorts, to_scale) = to.split_at_mut(short_len(self.head_dim));
            shorts.copy_from_slice(self.shorts(item).0);
            to_scale.copy_from_slice(&scale.to_le_bytes());
        } else {
            let (to, _) = to.as_chunks_mut();
            to.iter_mut().zip(self.floats(item)).for_each(|(to, x)| *to = x.to_le_bytes());
        }
    }

    /// Makes item `item` one that was taken elsewhere.
    #[inline(always)]
    pub(super) fn put(&mut self, item: usize, from: &[u8]) {
        if let Some(scale) = self.scales.get_mut(item) {
            let len = short_len(self.head_dim);
            let (shorts, from_scale) = from.split_at(len);
            self.shorts[item * len..][..len].copy_from_slice(shorts);
            *scale = f32::from_le_bytes(*from_scale.first_chunk().expect("the scale of an item"));
        } else {
            let to = &mut self.floats[item * self.head_dim..][..self.head_dim];
            to.iter_mut().zip(from.as_chunks().0).for_each(|(x, from)| *x = f32::from_le_bytes(*from));
        }
    }

    /// How many there are.
    #[inline(always)]
    pub(super) fn items(&self) -> usize {
        self.floats.len() / self.head_dim
    }

    /// Elements of each.
    #[inline(always)]
    pub(super) fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// One of them.
    #[inline(always)]
    pub(super) fn floats(&self, item: usize) -> &[f32] {
        &self.floats[item * self.head_dim..][..self.head_dim]
    }

    /// One of them as integers, and what these are multiples of.
    #[inline(always)]
    pub(super) fn shorts(&self, item: usize) -> (&[u8], f32) {
        let len = short_len(self.head_dim);
        (&self.shorts[item * len..][..len], self.scales[item])
    }
}
