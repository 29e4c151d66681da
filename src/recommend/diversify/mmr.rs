//! Maximal marginal relevance.

use super::greedily;

/// Each time the place of the greatest `(1 - strength) worth - strength likeness`, where likeness is the greatest to a
/// place before; a place without one has none.
pub(super) fn pick(worth: &[f32], likeness: &dyn Fn(usize, usize) -> f32, strength: f32, k: usize) -> Vec<usize> {
    // The greatest likeness to what is picked, kept up to date with the last one.
    let mut nearest = vec![0.0_f32; worth.len()];
    let mut seen = 0;
    greedily(worth.len(), k, |picked, place| {
        if picked.len() > seen {
            seen = picked.len();
            let last = picked[seen - 1];
            nearest.iter_mut().enumerate().for_each(|(place, nearest)| *nearest = nearest.max(likeness(place, last)));
        }
        (1.0 - strength) * worth[place] - strength * nearest[place]
    })
}
