//! What this machine can do at most: the rates that bind the products, measured.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::Kernels;
use crate::pages::Pages;
use crate::simd::{Kernel, LANES, Line, Simd};

/// How long a rate is measured: long enough for clocks to settle.
const TIME: Duration = Duration::from_millis(60);

/// Dot products between two looks at the clock.
const ROUNDS: usize = 1 << 12;

/// Chains of dot products that hide each other's latency.
const CHAINS: usize = 12;

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
    use crate::testing::every_isa;

    #[test]
    fn rates_are_those_of_a_machine() {
        for kernels in every_isa(2) {
            assert!((1e6..1e16).contains(&kernels.int8_rate()), "{}", kernels.isa());
            assert!((1e7..1e14).contains(&kernels.read_rate(1 << 20)), "{}", kernels.isa());
        }
    }
}
