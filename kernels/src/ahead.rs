//! What threads fetch while they wait for each other: the weights that each of them multiplies by next.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Lines that are asked for between two looks at what is waited for.
const AT_ONCE: u64 = 4;

/// Bytes that are fetched at most: a part of a second-level cache.
const MOST: usize = 1 << 17;

/// The low bits of a span: how many lines are left. The others are the number of the first of them.
const LEFT: u64 = (1 << 16) - 1;

/// What one thread fetches: up to two stretches of memory, side by side. Addresses are no more than
/// hints, which nothing reads through, so that what they point to may be gone.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Ahead {
    spans: [AtomicU64; 2],
}

impl Ahead {
    /// Takes the place of what was to be fetched before.
    pub(crate) fn take(&self, bytes: [&[u8]; 2]) {
        let parts = bytes.iter().filter(|bytes| !bytes.is_empty()).count().max(1);
        for (span, bytes) in self.spans.iter().zip(bytes) {
            let first = bytes.as_ptr().addr() / LINE;
            let lines = bytes.len().min(MOST / parts).div_ceil(LINE);
            span.store(((first as u64) << LEFT.count_ones()) | (lines as u64).min(LEFT), Ordering::Relaxed);
        }
    }

    /// Fetches a few lines; whether any were left.
    pub(crate) fn fetch(&self) -> bool {
        let words = [0, 1].map(|i| self.spans[i].load(Ordering::Relaxed));
        let longer = usize::from(words[1] & LEFT > words[0] & LEFT);
        let (word, span) = (words[longer], &self.spans[longer]);
        let (first, count) = (word >> LEFT.count_ones(), (word & LEFT).min(AT_ONCE));
        if count == 0 {
            return false;
        }
        for line in first..first + count {
            fetch(std::ptr::without_provenance(line as usize * LINE));
        }
        // Whoever says what comes next may have been faster.
        let rest = ((first + count) << LEFT.count_ones()) | ((word & LEFT) - count);
        let _ = span.compare_exchange(word, rest, Ordering::Relaxed, Ordering::Relaxed);
        true
    }
}

/// Asks for a line that will be wanted soon, into the second-level cache.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) fn fetch(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above; it changes neither memory nor flags.
    unsafe {
        std::arch::asm!("prfm pldl2keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = line;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many lines of each stretch are left.
    fn left(ahead: &Ahead) -> [u64; 2] {
        [0, 1].map(|i| ahead.spans[i].load(Ordering::Relaxed) & LEFT)
    }

    #[test]
    fn every_line_is_fetched_once_and_both_stretches_keep_pace() {
        let (memory, ahead) = (vec![0; 64 * 101], Ahead::default());
        assert!(!ahead.fetch());
        ahead.take([&memory[..64 * 50], &memory[64 * 51..]]);
        assert_eq!(left(&ahead), [50, 50]);
        let mut calls = 0;
        while ahead.fetch() {
            calls += 1;
            assert!(left(&ahead)[0].abs_diff(left(&ahead)[1]) <= AT_ONCE);
        }
        assert_eq!((calls, left(&ahead)), (26, [0, 0]));
    }

    #[test]
    fn what_is_expected_later_takes_the_place_of_the_rest() {
        let (memory, ahead) = (vec![0; MOST + 64], Ahead::default());
        ahead.take([&memory, &[]]);
        assert_eq!(left(&ahead), [(MOST / LINE) as u64, 0], "no more than a cache holds");
        assert!(ahead.fetch());
        ahead.take([&memory[..1], &[]]);
        assert_eq!(left(&ahead), [1, 0]);
        assert!(ahead.fetch() && !ahead.fetch());
    }
}
