//! Which texts share a step: those of about equal length, so that each step is full and none is padded.

/// Groups texts by length, longest first: each group has at most `tokens` tokens, or is one text. Holds the texts'
/// indices.
pub(super) fn by_length(lengths: &[usize], tokens: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut taken = 0;
    for text in order {
        match groups.last_mut().filter(|_| taken + lengths[text] <= tokens) {
            Some(group) => group.push(text),
            None => {
                groups.push(vec![text]);
                taken = 0;
            }
        }
        taken += lengths[text];
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_is_in_one_group_and_no_group_is_too_large(
            lengths in prop::collection::vec(0usize..50, 0..40),
            tokens in 1usize..120,
        ) {
            let groups = by_length(&lengths, tokens);
            for group in &groups {
                prop_assert!(group.len() == 1 || group.iter().map(|&text| lengths[text]).sum::<usize>() <= tokens);
            }
            let flat: Vec<usize> = groups.concat();
            prop_assert!(flat.is_sorted_by(|&a, &b| (lengths[b], a) <= (lengths[a], b)));
            let mut all = flat;
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
