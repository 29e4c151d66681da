//! Query heads as they are worked on: rotated, and scaled so that scores are logarithms to base 2.

use std::f32::consts::LOG2_E;

use super::shorts::{short_len, to_shorts};
use super::{AttentionShape, Queries};
use crate::aligned::Plain;
use crate::scratch::Scratch;
use crate::simd::Simd;

/// What a head is kept as: its floats, or the bytes of 16-bit integers and of what these are multiples of.
pub(super) trait Element: Plain + Send + Sync {
    /// Elements of a head.
    fn len(head_dim: usize) -> usize;

    /// Takes query head `head` of row `row`.
    fn take<S: Simd>(simd: S, q: &Queries<'_>, shape: AttentionShape, at: [usize; 2], to: &mut [Self]);
}

impl Element for f32 {
    fn len(head_dim: usize) -> usize {
        head_dim
    }

    #[inline(always)]
    fn take<S: Simd>(simd: S, q: &Queries<'_>, shape: AttentionShape, [row, head]: [usize; 2], to: &mut [f32]) {
        let head_dim = shape.head_dim;
        to.copy_from_slice(&q.data[row * q.row_len + head * head_dim..][..head_dim]);
        q.rotation.apply(simd, row, to);
        let scale = shape.scale * LOG2_E;
        to.iter_mut().for_each(|x| *x *= scale);
    }
}

impl Element for u8 {
    fn len(head_dim: usize) -> usize {
        short_len(head_dim) + size_of::<f32>()
    }

    #[inline(always)]
    fn take<S: Simd>(simd: S, q: &Queries<'_>, shape: AttentionShape, at: [usize; 2], to: &mut [u8]) {
        let mut floats = Scratch::take(shape.head_dim);
        f32::take(simd, q, shape, at, &mut floats);
        let (shorts, multiple) = to.split_at_mut(short_len(shape.head_dim));
        multiple.copy_from_slice(&to_shorts(simd, &floats, shorts).to_le_bytes());
    }
}

/// Heads that were taken: the items of a task.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a> {
    pub(super) head_dim: usize,
    /// As floats, if they were taken so.
    pub(super) floats: &'a [f32],
    /// As integers, if they were taken so.
    pub(super) shorts: &'a [u8],
    /// How many items there are.
    pub(super) items: usize,
    /// So many of them lie beside each other, and
    pub(super) group: usize,
    /// so many heads from the first of these is the first of the next ones.
    pub(super) stride: usize,
}

/// Of each of `rows` rows of `stride` heads the first `group`.
pub(super) struct Rows {
    pub(super) rows: usize,
    pub(super) stride: usize,
    pub(super) group: usize,
}

impl<'a> Heads<'a> {
    /// All heads that were taken, one after the other.
    pub(super) fn all(head_dim: usize, floats: &'a [f32], shorts: &'a [u8]) -> Self {
        let items = floats.len() / f32::len(head_dim) + shorts.len() / u8::len(head_dim);
        Heads { head_dim, floats, shorts, items, group: items, stride: items }
    }

    /// Some of them, of which `first` is the first.
    #[inline(always)]
    pub(super) fn some(self, first: usize, Rows { rows, stride, group }: Rows) -> Self {
        let Heads { head_dim, floats, shorts, .. } = self;
        let floats = floats.get(first * f32::len(head_dim)..).unwrap_or_default();
        let shorts = shorts.get(first * u8::len(head_dim)..).unwrap_or_default();
        Heads { head_dim, floats, shorts, items: rows * group, group, stride }
    }

    #[inline(always)]
    fn place(&self, item: usize) -> usize {
        item / self.group * self.stride + item % self.group
    }

    /// One of them.
    #[inline(always)]
    pub(super) fn floats(&self, item: usize) -> &'a [f32] {
        &self.floats[self.place(item) * self.head_dim..][..self.head_dim]
    }

    /// One of them as integers, and what these are multiples of.
    #[inline(always)]
    pub(super) fn shorts(&self, item: usize) -> (&'a [u8], f32) {
        let len = u8::len(self.head_dim);
        let (shorts, multiple) = self.shorts[self.place(item) * len..][..len].split_at(len - size_of::<f32>());
        (shorts, f32::from_le_bytes(*multiple.first_chunk().expect("the scale of an item")))
    }
}
