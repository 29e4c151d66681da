//! What this machine can do at most: the rates that bind the products, measured.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::pages::Pages;
use crate::simd::{Kernel, LANES, Line, Simd};
use crate::{Kernels, Pool};

/// How long a rate is measured: long enough for clocks to settle.
const TIME: Duration = Duration::from_millis(60);

/// Dot products between two looks at the clock.
const ROUNDS: usize = 1 << 12;

/// Chains of dot products that hide each other's latency.
const CHAINS: usize = 12;

/// How often a line goes back and forth between two looks at the clock, and how many looks there are, of which the shortest time counts.
const EXCHANGES: [usize; 2] = [64, 64];

/// How long a thread waits for another one to answer.
const PATIENCE: Duration = Duration::from_millis(20);

/// Something that has its cache line for itself.
#[repr(align(128))]
struct Apart(AtomicUsize);

impl Pool {
    /// How long a cache line takes from one core to another: from that of the calling thread to the farthest one, each way. It says
    /// whether threads share a cache, and what handing work from one to another costs. `None` without other threads, or if one of them
    /// does not come to run.
    pub fn handoff(&self) -> Option<Duration> {
        let times: Option<Vec<Duration>> = (1..self.threads()).map(|other| self.handoff_to(other)).collect();
        times?.into_iter().max()
    }

    fn handoff_to(&self, other: usize) -> Option<Duration> {
        let (line, fastest) = (Apart(AtomicUsize::new(0)), Mutex::new(None));
        let [exchanges, looks] = EXCHANGES;
        let wait_for = |turn: usize, since: Instant| {
            loop {
                for _ in 0..1000 {
                    if line.0.load(Ordering::Acquire) == turn {
                        return true;
                    }
                }
                if since.elapsed() > PATIENCE {
                    return false;
                }
            }
        };
        // The first task is the caller's, the second one that of the other thread.
        let first: Vec<usize> =
            (0..self.threads()).map(|thread| usize::from(thread > 0) + usize::from(thread > other)).collect();
        self.run_shares(2, &first, &|task| {
            let mut best = Duration::MAX;
            for look in 0..looks {
                let start = Instant::now();
                for turn in look * exchanges..(look + 1) * exchanges {
                    let [asked, answered] = [2 * turn + 1, 2 * turn + 2];
                    if task == 0 {
                        line.0.store(asked, Ordering::Release);
                    }
                    if !wait_for([answered, asked][task], start) {
                        return;
                    }
                    if task == 1 {
                        line.0.store(answered, Ordering::Release);
                    }
                }
                best = best.min(start.elapsed());
            }
            if task == 0 {
                *fastest.lock().unwrap_or_else(PoisonError::into_inner) = Some(best / (2 * exchanges as u32));
            }
        });
        fastest.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernels {
    /// Operations a second of 8-bit dot products on all threads: a product and a sum each. By tile registers, where the
    /// instruction set has them.
    pub fn int8_rate(&self) -> f64 {
        let total = Mutex::new(0.0);
        self.pool().run(self.pool().threads(), &|_| {
            let (start, mut operations) = (Instant::now(), 0);
            while start.elapsed() < TIME {
                operations += self.arch.run(Dots { rounds: ROUNDS });
            }
            let rate = operations as f64 / start.elapsed().as_secs_f64();
            *total.lock().unwrap_or_else(PoisonError::into_inner) += rate;
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes a second that all threads together read from `bytes` bytes of memory, again and again.
    pub fn read_rate(&self, bytes: usize) -> f64 {
        let bytes = bytes.max(1 << 16);
        let mut memory = Pages::zeroed(bytes, bytes);
        // Pages that were never written are one and the same.
        memory.fill(1);
        let lines = memory.as_chunks::<64>().0;
        let part = lines.len().div_ceil(4 * self.pool().threads());
        let mut best = Duration::MAX;
        let start = Instant::now();
        while start.elapsed() < 3 * TIME {
            let begin = Instant::now();
            self.pool().run(lines.len().div_ceil(part), &|i| {
                self.arch.run(Read { lines: &lines[i * part..lines.len().min((i + 1) * part)] });
            });
            best = best.min(begin.elapsed());
        }
        (lines.len() * 64) as f64 / best.as_secs_f64()
    }
}

struct Dots {
    rounds: usize,
}

impl Kernel for Dots {
    /// Operations.
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> usize {
        if let Some(mut tiles) = simd.tiles::<16>() {
            return tiles.multiply_nothing(self.rounds);
        }
        let w = black_box([1_u8; 64]);
        let (w, x) = (simd.load_int(&w), simd.splat_int(black_box(0x0101_0101)));
        let mut sums = [simd.splat_int(0); CHAINS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = simd.dot(*sum, w, x);
            }
        }
        keep(simd, sums);
        self.rounds * CHAINS * LANES * 4 * 2
    }
}

struct Read<'a> {
    lines: &'a [Line],
}

impl Kernel for Read<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut sums = [simd.splat_int(0); 4];
        for lines in self.lines.as_chunks::<4>().0 {
            for (sum, line) in sums.iter_mut().zip(lines) {
                *sum = simd.or(*sum, simd.load_int(line));
            }
        }
        keep(simd, sums);
    }
}

/// Makes sure that integers are computed.
#[inline(always)]
fn keep<S: Simd, const N: usize>(simd: S, sums: [S::I; N]) {
    let mut all = simd.splat_int(0);
    for sum in sums {
        all = simd.or(all, sum);
    }
    let mut bytes = [0; size_of::<Line>()];
    simd.store_int(all, &mut bytes);
    black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::every_isa;

    #[test]
    fn a_line_goes_from_core_to_core() {
        assert_eq!(Pool::new(1).handoff(), None);
        for threads in [2, 4] {
            // Where cores are few and busy there may be no answer.
            let time = Pool::new(threads).handoff();
            assert!(time.is_none_or(|time| time > Duration::ZERO && time < PATIENCE), "{time:?}");
        }
    }

    #[test]
    fn rates_are_those_of_a_machine() {
        for kernels in every_isa(2) {
            assert!((1e6..1e16).contains(&kernels.int8_rate()), "{}", kernels.isa());
            assert!((1e7..1e14).contains(&kernels.read_rate(1 << 20)), "{}", kernels.isa());
        }
    }
}
