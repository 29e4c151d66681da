//! Working memory of a task: buffers of a thread, kept between tasks.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::aligned::{Aligned, Plain};

thread_local! {
    /// Those that nobody uses; the last one given back is the first one taken.
    static BUFFERS: RefCell<Vec<Aligned<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Some numbers that start at a cache line; what they hold is left over from earlier uses.
pub(crate) struct Scratch<T: Plain = f32> {
    buffer: Aligned<T>,
}

impl Scratch {
    /// Takes one of this thread's buffers for `len` floats, and gives it back when dropped.
    pub(crate) fn take(len: usize) -> Self {
        Self::of(len)
    }
}

impl Scratch<u8> {
    /// The same for bytes.
    pub(crate) fn bytes(len: usize) -> Self {
        Self::of(len)
    }
}

impl Scratch<u32> {
    /// The same for words.
    pub(crate) fn words(len: usize) -> Self {
        Self::of(len)
    }
}

impl<T: Plain> Scratch<T> {
    fn of(len: usize) -> Self {
        let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default().cast();
        buffer.resize(len);
        Scratch { buffer }
    }
}

impl<T: Plain> Drop for Scratch<T> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer).cast();
        // While the thread ends there is nothing to give back to.
        let _ = BUFFERS.try_with(|kept| kept.borrow_mut().push(buffer));
    }
}

impl<T: Plain> Deref for Scratch<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.buffer
    }
}

impl<T: Plain> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_and_reused() {
        let first = Scratch::take(100).as_ptr();
        let mut second = Scratch::take(100);
        assert_eq!(second.as_ptr(), first);
        assert!(first.addr().is_multiple_of(64));
        let third = Scratch::bytes(100);
        assert_ne!(third.as_ptr(), first.cast());
        assert_eq!(second.len(), 100);
        second.fill(1.0);
        assert_eq!(Scratch::take(7).len(), 7);
    }
}
