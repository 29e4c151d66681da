//! Rotary position embedding, from tables that the model computes for its positions.

use crate::Kernels;
use crate::simd::{Kernel, Simd};
use crate::split::for_parts;

/// Elements of a task: tens of microseconds, to outweigh its start.
const PART: usize = 1 << 14;

impl Kernels {
    /// Rotates pair `i` of each head of `x` (m, `heads`, `head_dim`) in place, by the angle of its row:
    /// `cos` and `sin` (m, `head_dim` / 2). Element `i` of a head's first half and element `i` of its second half make
    /// a pair ("NeoX", the layout of the Hub's checkpoints).
    ///
    /// # Panics
    ///
    /// If `head_dim` is odd or the shapes do not fit each other.
    pub fn rope(&self, x: &mut [f32], heads: usize, head_dim: usize, cos: &[f32], sin: &[f32]) {
        assert!(head_dim.is_multiple_of(2), "heads of {head_dim} elements are no pairs");
        let (row, half) = (heads * head_dim, head_dim / 2);
        if row == 0 {
            return;
        }
        assert!(x.len().is_multiple_of(row), "{} elements in rows of {row}", x.len());
        let m = x.len() / row;
        assert!(cos.len() == m * half && sin.len() == m * half, "tables of {m} rows of {half} angles");
        for_parts(self.pool(), x, (PART / row).max(1) * row, &|start, x| {
            let angles = start / row * half..(start + x.len()) / row * half;
            let (cos, sin) = (&cos[angles.clone()], &sin[angles]);
            self.arch.run(Rope { x, heads, half, cos, sin });
        });
    }
}

struct Rope<'a> {
    x: &'a mut [f32],
    heads: usize,
    half: usize,
    cos: &'a [f32],
    sin: &'a [f32],
}

impl Kernel for Rope<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let half = self.half;
        let angles = self.cos.chunks_exact(half).zip(self.sin.chunks_exact(half));
        for (row, (cos, sin)) in self.x.chunks_exact_mut(self.heads * 2 * half).zip(angles) {
            for head in row.chunks_exact_mut(2 * half) {
                turn(head, cos, sin);
            }
        }
    }
}

#[inline(always)]
pub(crate) fn turn(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (a, b) = head.split_at_mut(cos.len());
    for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{bits, every_isa, random};

    #[test]
    fn pairs_turn_by_their_angle() {
        let (m, heads, head_dim) = (3, 2, 6);
        let angles: Vec<f32> = (0..m * head_dim / 2).map(|i| i as f32 * 0.3).collect();
        let cos: Vec<f32> = angles.iter().map(|a| a.cos()).collect();
        let sin: Vec<f32> = angles.iter().map(|a| a.sin()).collect();
        for kernels in every_isa(2) {
            let before = random(5, m * heads * head_dim);
            let mut x = before.clone();
            kernels.rope(&mut x, heads, head_dim, &cos, &sin);
            for (i, angle) in angles.iter().enumerate() {
                for head in 0..heads {
                    let (row, pair) = (i / 3, i % 3);
                    let at = |j: usize| (row * heads + head) * head_dim + j;
                    let (a, b) = (at(pair), at(pair + 3));
                    let want = before[a] * angle.cos() - before[b] * angle.sin();
                    assert!((x[a] - want).abs() < 1e-6);
                    let want = before[b] * angle.cos() + before[a] * angle.sin();
                    assert!((x[b] - want).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn rows_alone_and_together_and_all_paths_agree() {
        let (m, heads, head_dim) = (300, 3, 64);
        let (cos, sin) = (random(1, m * 32), random(2, m * 32));
        let x = random(3, m * heads * head_dim);
        let mut results = every_isa(3).into_iter().map(|kernels| {
            let mut together = x.clone();
            kernels.rope(&mut together, heads, head_dim, &cos, &sin);
            let row = 217;
            let mut alone = x[row * 192..][..192].to_vec();
            let angles = row * 32..(row + 1) * 32;
            kernels.rope(&mut alone, heads, head_dim, &cos[angles.clone()], &sin[angles]);
            assert_eq!(bits(&alone), bits(&together[row * 192..][..192]));
            bits(&together)
        });
        let scalar = results.next().unwrap();
        assert!(results.all(|other| other == scalar));
    }
}
