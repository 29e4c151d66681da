//! Rotary position embedding, from angles that the model computes for its positions.

/// Rotates a head in place: element `i` of its first half and element `i` of its second half are a pair ("NeoX", the layout
/// of the Hub's checkpoints), which turns by the angle whose cosine and sine are `cos[i]` and `sin[i]`.
#[inline(always)]
pub(crate) fn turn(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (a, b) = head.split_at_mut(cos.len());
    for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

#[cfg(test)]
mod tests {
    use super::turn;
    use crate::testing::random;

    #[test]
    fn pairs_turn_by_their_angle() {
        let angles: Vec<f32> = (0..37).map(|i| i as f32 * 0.3).collect();
        let cos: Vec<f32> = angles.iter().map(|a| a.cos()).collect();
        let sin: Vec<f32> = angles.iter().map(|a| a.sin()).collect();
        let before = random(5, 2 * angles.len());
        let mut x = before.clone();
        turn(&mut x, &cos, &sin);
        for (pair, angle) in angles.iter().enumerate() {
            let (a, b) = (before[pair], before[pair + angles.len()]);
            assert!((x[pair] - (a * angle.cos() - b * angle.sin())).abs() < 1e-6);
            assert!((x[pair + angles.len()] - (b * angle.cos() + a * angle.sin())).abs() < 1e-6);
        }
    }
}
