//! Rotary position embedding, from angles that the model computes for its positions.

use crate::simd::{LANES, Simd, load_partial, store_partial};

/// Rotates a head in place: element `i` of its first half and element `i` of its second half are a pair ("NeoX", the layout
/// of the Hub's checkpoints), which turns by the angle whose cosine and sine are `cos[i]` and `sin[i]`.
#[inline(always)]
pub(crate) fn turn<S: Simd>(simd: S, head: &mut [f32], cos: &[f32], sin: &[f32]) {
    // Chunk by chunk, because what the compiler makes of a loop takes 64 pairs at a time, and few heads have as many.
    let (a, b) = head.split_at_mut(cos.len());
    let (cosines, last_cos) = cos.as_chunks::<LANES>();
    let (sines, last_sin) = sin.as_chunks::<LANES>();
    let ((a, last_a), (b, last_b)) = (a.as_chunks_mut::<LANES>(), b.as_chunks_mut::<LANES>());
    for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cosines).zip(sines) {
        let (cos, sin) = (simd.load(cos), simd.load(sin));
        let (x, y) = turned(simd, simd.load(a), simd.load(b), cos, sin);
        simd.store(x, a);
        simd.store(y, b);
    }
    if !last_cos.is_empty() {
        let (cos, sin) = (load_partial(simd, last_cos), load_partial(simd, last_sin));
        let (x, y) = turned(simd, load_partial(simd, last_a), load_partial(simd, last_b), cos, sin);
        store_partial(simd, x, last_a);
        store_partial(simd, y, last_b);
    }
}

#[inline(always)]
fn turned<S: Simd>(simd: S, a: S::F, b: S::F, cos: S::F, sin: S::F) -> (S::F, S::F) {
    let x = simd.sub(simd.mul(a, cos), simd.mul(b, sin));
    (x, simd.add(simd.mul(b, cos), simd.mul(a, sin)))
}

#[cfg(test)]
mod tests {
    use super::turn;
    use crate::simd::Scalar;
    use crate::testing::random;

    #[test]
    fn pairs_turn_by_their_angle() {
        let angles: Vec<f32> = (0..37).map(|i| i as f32 * 0.3).collect();
        let cos: Vec<f32> = angles.iter().map(|a| a.cos()).collect();
        let sin: Vec<f32> = angles.iter().map(|a| a.sin()).collect();
        let before = random(5, 2 * angles.len());
        let mut x = before.clone();
        turn(Scalar, &mut x, &cos, &sin);
        for (pair, angle) in angles.iter().enumerate() {
            let (a, b) = (before[pair], before[pair + angles.len()]);
            assert!((x[pair] - (a * angle.cos() - b * angle.sin())).abs() < 1e-6);
            assert!((x[pair + angles.len()] - (b * angle.cos() + a * angle.sin())).abs() < 1e-6);
        }
    }
}
