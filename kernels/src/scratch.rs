//! Working memory of a task: buffers of a thread, kept between tasks.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut, Range};

use crate::simd::LANES;

thread_local! {
    /// Those that nobody uses; the last one given back is the first one taken.
    static BUFFERS: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Some f32 that start at a cache line; what they hold is left over from earlier uses.
pub(crate) struct Scratch {
    buffer: Vec<f32>,
    used: Range<usize>,
}

impl Scratch {
    /// Takes one of this thread's buffers, and gives it back when dropped.
    pub(crate) fn take(len: usize) -> Self {
        let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
        if buffer.len() < len + LANES {
            buffer.resize(len + LANES, 0.0);
        }
        // 16 f32 are a cache line. The offset is `usize::MAX` where it cannot be told.
        let offset = buffer.as_ptr().align_offset(LANES * size_of::<f32>()).min(LANES);
        Scratch { buffer, used: offset..offset + len }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // While the thread ends there is nothing to give back to.
        let _ = BUFFERS.try_with(|kept| kept.borrow_mut().push(buffer));
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[self.used.clone()]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.used.clone()]
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
        let third = Scratch::take(100);
        assert_ne!(third.as_ptr(), first);
        assert_eq!(second.len(), 100);
        second.fill(1.0);
        assert_eq!(Scratch::take(7).len(), 7);
    }
}
