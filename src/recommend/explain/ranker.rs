//! Which of several true texts to show: one that says much, of something that matters to this user, in likely words, and
//! unlike its neighbours in the list.

use std::collections::HashSet;

use serde::Serialize;

use super::{Plan, style, verify::Said};

/// The most facts that a sentence holds: two genres, a time and a count.
const FACTS: f32 = 4.0;
/// Words at the beginning of a text that a reader of a list sees first.
const FIRST_WORDS: usize = 5;

/// A text of the language model.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Which of the item's plans it phrases.
    pub(super) option: usize,
    pub(super) text: String,
    /// The mean log-probability of the tokens that the model wrote, in nats: those of the given first words do not count.
    pub(super) log_prob: f32,
}

/// What speaks for a text, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Merits {
    /// How many facts it states, of those that a sentence can hold; all of them are backed, or it would not be here.
    pub grounding: f32,
    /// How much the liked item that it names has to do with the recommended one.
    pub relevance: f32,
    /// The language model's geometric mean probability of a token of it.
    pub likelihood: f32,
    /// How little it has in common with the most similar text of the list so far.
    pub distinctness: f32,
}

impl Merits {
    /// Of a text that passed the check, beside the texts that the list shows already.
    pub(super) fn of(draft: &Draft, said: &Said, plan: &Plan, neighbours: &[Wording]) -> Self {
        let facts = said.genre_mentions.min(2) + usize::from(said.time) + usize::from(said.count);
        let wording = Wording::new(&draft.text, &style::outline(&draft.text, plan));
        let overlap = neighbours.iter().map(|other| wording.overlap(other)).fold(0.0, f32::max);
        Self {
            grounding: (facts as f32 / FACTS).min(1.0),
            relevance: plan.relevance.clamp(0.0, 1.0),
            likelihood: draft.log_prob.exp().clamp(0.0, 1.0),
            distinctness: 1.0 - overlap,
        }
    }
}

/// Picks by a weighted sum of merits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExplanationRanker {
    /// What each merit counts.
    pub weights: Merits,
}

/// All merits differ about as much between the drafts of one item, but for the likelihood, which differs less and is what
/// makes a small model's texts alike: it only breaks ties.
impl Default for ExplanationRanker {
    fn default() -> Self {
        Self { weights: Merits { grounding: 0.5, relevance: 1.0, likelihood: 0.2, distinctness: 1.0 } }
    }
}

impl ExplanationRanker {
    /// The weighted sum.
    pub fn score(&self, merits: &Merits) -> f32 {
        let Merits { grounding, relevance, likelihood, distinctness } = self.weights;
        grounding * merits.grounding
            + relevance * merits.relevance
            + likelihood * merits.likelihood
            + distinctness * merits.distinctness
    }

    /// The place of the best, of equal ones the first; none if there are none.
    pub fn best(&self, merits: &[Merits]) -> Option<usize> {
        let scored = merits.iter().map(|merits| self.score(merits)).enumerate();
        scored.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|best| best.0)
    }
}

/// A text as it is compared with others.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    /// The first words, in lower case.
    beginning: Vec<String>,
    /// All pairs of words that follow each other, with signs for titles.
    pairs: HashSet<(String, String)>,
}

impl Wording {
    /// Of a text and its outline.
    pub(super) fn new(text: &str, outline: &str) -> Self {
        let words: Vec<&str> = outline.split_whitespace().collect();
        let pairs = words.windows(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
        let beginning = text.split_whitespace().take(FIRST_WORDS).map(str::to_lowercase).collect();
        Self { beginning, pairs }
    }

    /// How much two texts have in common, from 0 to 1: the mean of the share of pairs that both have (Jaccard) and the
    /// share of first words that are the same.
    fn overlap(&self, other: &Self) -> f32 {
        let common = self.pairs.intersection(&other.pairs).count();
        let all = (self.pairs.len() + other.pairs.len() - common).max(1);
        let first = self.beginning.iter().zip(&other.beginning).take_while(|(a, b)| a == b).count();
        (common as f32 / all as f32 + first as f32 / FIRST_WORDS as f32) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::Titled;

    fn plan() -> Plan {
        let titled = |title: &str| Titled { title: title.into(), year: Some(1999) };
        Plan { anchor: Some(titled("Big")), relevance: 0.5, ..Plan::of(titled("Heat")) }
    }

    fn merits(text: &str, said: &Said, log_prob: f32, neighbours: &[&str]) -> Merits {
        let plan = plan();
        let neighbours: Vec<Wording> =
            neighbours.iter().map(|text| Wording::new(text, &style::outline(text, &plan))).collect();
        Merits::of(&Draft { option: 0, text: text.into(), log_prob }, said, &plan, &neighbours)
    }

    #[test]
    fn merits_are_those_of_the_definitions() {
        let said = Said { genre_mentions: 3, time: true, ..Said::default() };
        let text = "Since you liked Big, Heat should suit you: both are dramas.";
        let alone = merits(text, &said, 0.0, &[]);
        assert_eq!(alone, Merits { grounding: 0.75, relevance: 0.5, likelihood: 1.0, distinctness: 1.0 });
        let nothing = Said::default();
        assert_eq!(merits(text, &nothing, 0.0, &["You may like Heat.", text]).distinctness, 0.0);
        // Of eleven different pairs both have the first two, and three of the first five words are the same.
        let beside = merits(text, &nothing, 0.0, &["Since you liked Big"]);
        let expected = 1.0 - (2.0 / 11.0 + 3.0 / 5.0) / 2.0;
        assert!((beside.distinctness - expected).abs() < 1e-6, "{} for {expected}", beside.distinctness);
        assert_eq!((nothing.is_empty(), beside.grounding), (true, 0.0));
    }

    #[test]
    fn the_best_is_picked_by_each_merit_that_counts_and_the_first_of_equals() {
        let even = Merits { grounding: 0.5, relevance: 0.5, likelihood: 0.5, distinctness: 0.5 };
        let better = [
            Merits { grounding: 0.75, ..even },
            Merits { relevance: 0.75, ..even },
            Merits { likelihood: 0.75, ..even },
            Merits { distinctness: 0.75, ..even },
        ];
        let ranker = ExplanationRanker::default();
        for merits in better {
            assert_eq!(ranker.best(&[even, merits, even]), Some(1), "{merits:?}");
        }
        assert_eq!(ranker.best(&[even, even]), Some(0));
        assert_eq!(ranker.best(&[]), None);
        let only_likely = ExplanationRanker { weights: Merits { likelihood: 1.0, ..Merits::default() } };
        assert_eq!(only_likely.best(&better), Some(2));
    }
}
