//! Random draws by a seed: the same on every machine.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

/// Puts a slice into random order (Fisher and Yates).
pub(super) fn shuffle<T>(slice: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..slice.len()).rev() {
        slice.swap(last, below(rng, last + 1));
    }
}

/// A random number below `end`, which is above 0.
pub(super) fn below(rng: &mut ChaCha8Rng, end: usize) -> usize {
    // The high half of a product is uniform up to `end` / 2^32: nothing that any use here could see.
    ((u64::from(rng.next_u32()) * end as u64) >> 32) as usize
}

/// A random number from 0 to 1.
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f32 {
    rng.next_u32() as f32 / u32::MAX as f32
}
