//! Working memory of a task: one buffer per thread, kept between tasks.

use std::cell::Cell;
use std::ops::{Deref, DerefMut, Range};

use crate::simd::LANES;

thread_local! {
    static BUFFER: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Some f32 that start at a cache line; what they hold is left over from earlier uses.
pub(crate) struct Scratch {
    buffer: Vec<f32>,
    used: Range<usize>,
}

impl Scratch {
    /// Takes this thread's buffer, and gives it back when dropped. A second one at the same time is new.
    pub(crate) fn take(len: usize) -> Self {
        let mut buffer = BUFFER.take();
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
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
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
        assert_eq!(second.len(), 100);
        second.fill(1.0);
        assert_eq!(Scratch::take(7).len(), 7);
    }
}
