//! How varied some texts are, taken together.

use std::collections::HashSet;

/// Distinct-2 (Li et al., *A Diversity-Promoting Objective Function for Neural Conversation Models*, 2016): the share of
/// different pairs among all pairs of words that follow each other. The more texts, the smaller: figures compare at equal
/// numbers of texts only.
pub fn distinct_2<T: AsRef<str>>(texts: &[T]) -> f64 {
    let (mut different, mut all) = (HashSet::new(), 0);
    for text in texts {
        for pair in words(text.as_ref()).windows(2) {
            all += 1;
            different.insert(pair.join(" "));
        }
    }
    different.len() as f64 / f64::from(all.max(1))
}

/// How many different beginnings of so many words there are, as a share of all texts.
pub fn unique_beginnings<T: AsRef<str>>(texts: &[T], count: usize) -> f64 {
    let beginning = |text: &T| words(text.as_ref()).into_iter().take(count).collect::<Vec<_>>().join(" ");
    let different: HashSet<String> = texts.iter().map(beginning).collect();
    different.len() as f64 / texts.len().max(1) as f64
}

/// Words in lower case, without what stands around them.
fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_definitions() {
        let texts = ["You liked Big, so try Heat.", "you liked Jaws - so try heat!"];
        // Five pairs each; `you liked`, `so try` and `try heat` come twice.
        assert_eq!(distinct_2(&texts), 0.7);
        assert_eq!((unique_beginnings(&texts, 2), unique_beginnings(&texts, 3)), (0.5, 1.0));
        assert_eq!((distinct_2::<&str>(&[]), unique_beginnings::<&str>(&[], 5)), (0.0, 0.0));
    }
}
