//! Dot products of plain slices, fast enough for a catalogue.

/// Sums that run beside each other: enough for the compiler to fill registers with, whatever their width.
const LANES: usize = 16;

/// The dot product of two vectors of one length.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The product of a symmetric matrix, (N, N), with a vector: each element is what [`dot`] gives of a row and the vector, to
/// the last bit. Columns are added up, whose elements stand beside each other, so that nothing is summed across them.
pub(super) fn symmetric_product<const N: usize>(matrix: &[f32], vector: &[f32]) -> [f32; N] {
    const { assert!(N.is_multiple_of(LANES), "the order of sums is that of whole lanes") };
    let mut product = [0.0; N];
    for lane in 0..LANES {
        let mut sums = [0.0f32; N];
        let columns = matrix.chunks_exact(N).zip(vector).skip(lane).step_by(LANES);
        for (column, x) in columns {
            sums.iter_mut().zip(column).for_each(|(sum, value)| *sum += value * x);
        }
        product.iter_mut().zip(&sums).for_each(|(product, sum)| *product += sum);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_symmetric_product_is_the_dot_products_of_the_rows(
            values in prop::collection::vec(-9f32..9.0, 48 * 48),
            vector in prop::collection::vec(-9f32..9.0, 48),
        ) {
            let mut matrix = values;
            for row in 0..48 {
                (0..row).for_each(|column| matrix[row * 48 + column] = matrix[column * 48 + row]);
            }
            let expected: Vec<f32> = matrix.chunks_exact(48).map(|row| dot(row, &vector)).collect();
            prop_assert_eq!(symmetric_product::<48>(&matrix, &vector).to_vec(), expected);
        }
    }

    #[test]
    fn every_element_counts_once() {
        for len in [0, 1, 15, 16, 17, 40] {
            let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let expected: f32 = a.iter().map(|x| x * 2.0).sum();
            assert_eq!(dot(&a, &vec![2.0; len]), expected);
        }
    }
}
