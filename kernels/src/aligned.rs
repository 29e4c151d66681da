//! Memory that starts at a cache line.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// What any bytes are a value of.
///
/// # Safety
///
/// The type must have no padding, no invalid bits, and an alignment of at most 64 that its size is a multiple of.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: a number.
unsafe impl Plain for u8 {}
// SAFETY: a number.
unsafe impl Plain for u32 {}
// SAFETY: a number.
unsafe impl Plain for f32 {}

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([u8; 64]);

/// As `Vec<T>`, at cache lines.
#[derive(Clone)]
pub(crate) struct Aligned<T> {
    lines: Vec<CacheLine>,
    len: usize,
    element: PhantomData<T>,
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Aligned { lines: Vec::new(), len: 0, element: PhantomData }
    }
}

impl<T: Plain> Aligned<T> {
    /// `len` elements whose bytes are zero.
    pub(crate) fn zeroed(len: usize) -> Self {
        let mut new = Aligned::default();
        new.resize(len);
        new
    }

    /// The same bytes as elements of another type; some at the end may be too few for one.
    pub(crate) fn cast<U: Plain>(self) -> Aligned<U> {
        Aligned { lines: self.lines, len: self.len * size_of::<T>() / size_of::<U>(), element: PhantomData }
    }

    /// Makes it `len` elements long, without clearing those that it had; it never gives memory back.
    pub(crate) fn resize(&mut self, len: usize) {
        let lines = (len * size_of::<T>()).div_ceil(64);
        if self.lines.len() < lines {
            self.lines.resize(lines, CacheLine([0; 64]));
        }
        self.len = len;
    }
}

impl<T: Plain> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold `len` elements' bytes, at a sufficient alignment, and any bytes are an element.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; the elements are borrowed as long as the lines.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// Bytes that are zero and start at a cache line; memory that was never written costs nothing.
pub(crate) struct Zeroed {
    bytes: Vec<u8>,
    offset: usize,
    len: usize,
}

impl Zeroed {
    pub(crate) fn new(len: usize) -> Self {
        let bytes = vec![0; len + 64];
        // The offset is `usize::MAX` where it cannot be told.
        let offset = bytes.as_ptr().align_offset(64).min(64);
        Zeroed { bytes, offset, len }
    }
}

impl Deref for Zeroed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.offset..][..self.len]
    }
}

impl DerefMut for Zeroed {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.offset..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_keeps_what_it_holds() {
        let mut x = Aligned::<f32>::zeroed(3);
        assert_eq!(*x, [0.0; 3]);
        x[2] = 5.0;
        x.resize(100);
        assert!(x.as_ptr().addr().is_multiple_of(64));
        assert_eq!((x[2], x[99], x.len()), (5.0, 0.0, 100));
        let mut x = x.cast::<u8>();
        assert_eq!((x.len(), &x[8..12]), (400, &5.0_f32.to_le_bytes()[..]));
        x.resize(0);
        assert!(x.is_empty());
        let zeroed = Zeroed::new(130);
        assert!(zeroed.as_ptr().addr().is_multiple_of(64));
        assert_eq!(*zeroed, [0; 130]);
    }
}
