//! Determinantal point processes: a list is as likely as the determinant of its kernel, the volume that its items span.

use super::greedily;

/// What is left of an item beside those that are picked, below which it adds nothing.
const NOTHING: f32 = 1e-6;

/// Each time the place that raises the determinant most, of the kernel `quality · likeness · quality`. Qualities are
/// exponentials of worth whose scale falls with the strength. The Cholesky factor grows by a row at a time (Chen, Zhang and
/// Zhou 2018), so that `k` of `n` take O(n k²).
pub(super) fn pick(worth: &[f32], likeness: &dyn Fn(usize, usize) -> f32, strength: f32, k: usize) -> Vec<usize> {
    let scale = (1.0 - strength) / (2.0 * strength);
    // The logarithm of a quality's square is what it adds to that of the determinant.
    let quality: Vec<f32> = worth.iter().map(|worth| 2.0 * scale * worth).collect();
    let mut rows: Vec<Vec<f32>> = vec![Vec::new(); worth.len()];
    let mut rest = vec![1.0_f32; worth.len()];
    let mut seen = 0;
    greedily(worth.len(), k, |picked, place| {
        if picked.len() > seen {
            seen = picked.len();
            let last = picked[seen - 1];
            let root = rest[last].max(NOTHING).sqrt();
            let row = rows[last].clone();
            for (place, own) in rows.iter_mut().enumerate() {
                let known: f32 = own.iter().zip(&row).map(|(a, b)| a * b).sum();
                let new = (likeness(place, last) - known) / root;
                own.push(new);
                rest[place] -= new * new;
            }
        }
        quality[place] + rest[place].max(NOTHING).ln()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By elimination.
    fn determinant(mut matrix: Vec<Vec<f64>>) -> f64 {
        let mut product = 1.0;
        for column in 0..matrix.len() {
            product *= matrix[column][column];
            for row in column + 1..matrix.len() {
                let factor = matrix[row][column] / matrix[column][column];
                let pivot = matrix[column].clone();
                matrix[row].iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
            }
        }
        product
    }

    #[test]
    fn each_step_takes_the_greatest_determinant() {
        let vectors: Vec<[f32; 3]> =
            vec![[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.0, 0.8, 0.6], [0.6, 0.0, 0.8], [0.36, 0.48, 0.8]];
        let worth = [1.0, 0.9, 0.5, 0.7, 0.2];
        let likeness = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum::<f32>();
        let strength = 0.4;
        let picked = pick(&worth, &likeness, strength, 3);
        let quality = |place: usize| f64::from(worth[place] * (1.0 - strength) / (2.0 * strength)).exp();
        let value = |list: &[usize]| {
            let element = |&a: &usize, &b: &usize| quality(a) * quality(b) * f64::from(likeness(a, b));
            determinant(list.iter().map(|a| list.iter().map(|b| element(a, b)).collect()).collect())
        };
        for step in 0..3 {
            let with = |place: usize| value(&[&picked[..step], &[place]].concat());
            let others = (0..5).filter(|place| !picked[..step].contains(place));
            assert!(others.map(with).all(|other| other <= with(picked[step]) * 1.001), "step {step} of {picked:?}");
        }
    }
}
