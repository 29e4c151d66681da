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
    /// The same bytes as elements of another type; some at the end may be too few for one.
    pub(crate) fn cast<U: Plain>(self) -> Aligned<U> {
        Aligned { lines: self.lines, len: self.len * size_of::<T>() / size_of::<U>(), element: PhantomData }
    }

    /// Makes it `len` elements long, without clearing those that it had; it never gives memory back.
    pub(crate) fn resize(&mut self, len: usize) {
        const { assert!(64 % size_of::<T>() == 0) };
        // Elements of a line divide, and not bytes of the elements multiply, which might not fit.
        let lines = len.div_ceil(64 / size_of::<T>());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_keeps_what_it_holds() {
        let mut x = Aligned::<f32>::default();
        x.resize(3);
        assert_eq!(*x, [0.0; 3]);
        x[2] = 5.0;
        x.resize(100);
        assert!(x.as_ptr().addr().is_multiple_of(64));
        assert_eq!((x[2], x[99], x.len()), (5.0, 0.0, 100));
        let mut x = x.cast::<u8>();
        assert_eq!((x.len(), &x[8..12]), (400, &5.0_f32.to_le_bytes()[..]));
        x.resize(0);
        assert!(x.is_empty());
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_length_whose_bytes_do_not_fit_an_address_is_refused() {
        // The bytes of as many elements, wrapped around, would fit one line.
        Aligned::<f32>::default().resize(usize::MAX / 4 + 2);
    }
}
