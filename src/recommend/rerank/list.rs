//! Lists that a model sees as a whole: which one is the best, and what order they should be in.

use super::wish::Wish;
use crate::{
    engine::{Engine, Ordering, Scoring},
    recommend::{
        Result,
        ask::{answer, question},
    },
};

/// Letters that texts are named by.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The most texts of one list.
pub(super) const LONGEST: usize = LETTERS.len();

/// Some texts of a list, in the order in which the model sees them.
pub(super) type Subset = Vec<usize>;

/// For each subset, the log-probability of each text's letter as the answer to which one is the best.
pub(super) fn letters(engine: &Engine, wish: Wish<'_>, texts: &[String], subsets: &[Subset]) -> Result<Vec<Vec<f32>>> {
    let names: Vec<Vec<u32>> = LETTERS
        .chars()
        .map(|letter| engine.tokenize_continuation(&answer(engine, &letter.to_string())))
        .collect::<crate::engine::Result<_>>()?;
    let mut running = Vec::with_capacity(subsets.len());
    for subset in subsets {
        let lines: String =
            subset.iter().zip(LETTERS.chars()).map(|(&text, letter)| format!("{letter}. {}\n", texts[text])).collect();
        let text =
            format!("{}Choose from these:\n{lines}\nWhich one suits me best? Answer with its letter.", wish.told());
        let prefix = engine.tokenize(&question(engine, None, text, "Answer:"))?;
        let continuations = names[..subset.len()].to_vec();
        running.push(engine.submit_scoring(Scoring { prefix, continuations, ..Scoring::default() })?);
    }
    let sums =
        |scores: crate::engine::Scores| scores.continuations.iter().map(|log_probs| log_probs.iter().sum()).collect();
    Ok(running.into_iter().map(|being| Ok(sums(being.wait()?))).collect::<crate::engine::Result<_>>()?)
}

/// Each subset in the order in which the model writes the numbers of its texts.
pub(super) fn written(engine: &Engine, wish: Wish<'_>, texts: &[String], subsets: &[Subset]) -> Result<Vec<Subset>> {
    let mut orderings = Vec::with_capacity(subsets.len());
    for subset in subsets {
        let lines = subset.iter().enumerate().map(|(place, &text)| format!("[{}] {}\n", place + 1, texts[text]));
        let text = format!(
            "{}Choose from these:\n{}\nPut all {} in order, what suits me best first. Answer with the numbers only, like \
             [2] > [1].",
            wish.told(),
            lines.collect::<String>(),
            subset.len()
        );
        orderings.push(Ordering {
            prompt: engine.tokenize(&question(engine, None, text, "Order:"))?,
            options: (1..=subset.len()).map(|number| format!("[{number}]")).collect(),
            separator: " > ".into(),
            count: subset.len(),
            ..Ordering::default()
        });
    }
    let orders = engine.order(&orderings)?;
    let subset = |(order, subset): (Vec<usize>, &Subset)| order.into_iter().map(|place| subset[place]).collect();
    Ok(orders.into_iter().zip(subsets).map(subset).collect())
}
