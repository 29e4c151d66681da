//! How much two lists have in common, the upper places above all.

/// The persistence of whoever reads a list, for its overlap: nine tenths go on to the next item.
const PERSISTENCE: f64 = 0.9;

/// The rank-biased overlap of two lists of distinct items, extrapolated behind the shorter one's end: 1 for equal lists, 0
/// for lists without a common item (Webber, Moffat and Zobel 2010, equation 23 at equal depths).
pub fn rank_biased_overlap(a: &[usize], b: &[usize]) -> f64 {
    let depth = a.len().min(b.len());
    if depth == 0 {
        return f64::from(u8::from(a.len() == b.len()));
    }
    let (mut common, mut sum, mut weight) = (0.0, 0.0, 1.0);
    for rank in 0..depth {
        let (x, y) = (a[rank], b[rank]);
        common += f64::from(u8::from(b[..=rank].contains(&x))) + f64::from(u8::from(a[..rank].contains(&y)));
        weight *= PERSISTENCE;
        sum += weight * common / (rank + 1) as f64;
    }
    (1.0 - PERSISTENCE) / PERSISTENCE * sum + weight * common / depth as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn overlap_is_that_of_its_formula() {
        assert!((rank_biased_overlap(&[1, 2, 3], &[1, 2, 3]) - 1.0).abs() < 1e-12);
        assert_eq!(rank_biased_overlap(&[1, 2], &[3, 4]), 0.0);
        assert_eq!((rank_biased_overlap(&[], &[]), rank_biased_overlap(&[], &[1])), (1.0, 0.0));
        // Agreement 0, then 2 of 2: (1 - p) / p (p^2) + p^2.
        let expected = 0.1 / 0.9 * 0.81 + 0.81;
        assert!((rank_biased_overlap(&[1, 2], &[2, 1]) - expected).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_from_0_to_1(a in prop::collection::vec(0usize..12, 0..8), b in prop::collection::vec(0usize..12, 0..8)) {
            let distinct = |list: &[usize]| {
                let mut seen = BTreeSet::new();
                list.iter().copied().filter(|item| seen.insert(*item)).collect::<Vec<_>>()
            };
            let (a, b) = (distinct(&a), distinct(&b));
            let (there, back) = (rank_biased_overlap(&a, &b), rank_biased_overlap(&b, &a));
            prop_assert!((there - back).abs() < 1e-12 && (0.0..=1.0 + 1e-12).contains(&there));
        }
    }
}
