//! The language model's opinion on a list, in whichever way it is asked.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::{
    Mode, TOLD, Wish, liked_titles, list,
    pointwise::{self, Known},
    sort::{Judge, consensus, merge_sort, tournament, windows},
};
use crate::{
    engine::Engine,
    recommend::{Catalogue, Interaction, Result, draw::shuffle, line::one_line},
};

/// Characters of a text that the model sees where several stand side by side.
const SHOWN: usize = 100;

/// Characters of a text that it sees by itself.
const READ: usize = 600;

/// Texts of a setwise choice.
const SET: usize = 4;

/// How a list is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RerankOptions {
    /// How the model is asked.
    pub mode: Mode,
    /// How many of the user's liked titles it is told, the latest ones.
    pub history: usize,
    /// Whether likelihoods without the wish are taken off, so that texts gain nothing from being likely anyway.
    pub calibrate: bool,
    /// In how many random orders a list is shown where order matters: the ranks are averaged. The first one is the list's.
    pub permutations: usize,
    /// Texts of a list that the model sees at once, at most 26.
    pub window: usize,
    /// Decides the orders.
    pub seed: u64,
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self { mode: Mode::Likelihood, history: TOLD, calibrate: false, permutations: 1, window: 20, seed: 0 }
    }
}

/// Scores the texts of a list; what comes out is a permutation of what came in.
#[derive(Debug)]
pub struct LLMReranker<'a> {
    engine: &'a Engine,
    options: RerankOptions,
    without: Known,
}

impl<'a> LLMReranker<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a Engine, options: RerankOptions) -> Self {
        Self { engine, options, without: Known::default() }
    }

    /// The language model.
    pub(super) fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// Asks in another way from now on.
    pub fn ask_by(&mut self, mode: Mode) {
        self.options.mode = mode;
    }

    /// Scores of some items for somebody, by index; the higher, the better.
    ///
    /// # Errors
    /// If the model fails, or what it is shown exceeds its context.
    pub fn scores(&mut self, history: &[Interaction], items: &[usize], catalogue: &Catalogue) -> Result<Vec<f32>> {
        let liked = liked_titles(history, self.options.history, catalogue);
        self.judge(Wish::Liked(&liked), &self.texts(items, catalogue))
    }

    /// Scores of some items for somebody who asks in words, by index; the higher, the better.
    ///
    /// # Errors
    /// If the model fails, or what it is shown exceeds its context.
    pub fn scores_for(&mut self, request: &str, items: &[usize], catalogue: &Catalogue) -> Result<Vec<f32>> {
        self.judge(Wish::Query(request), &self.texts(items, catalogue))
    }

    /// What is judged of some items.
    fn texts(&self, items: &[usize], catalogue: &Catalogue) -> Vec<String> {
        let text = |&item: &usize| match self.options.mode {
            Mode::Likelihood => catalogue[item].short_title(),
            _ => catalogue[item].text(),
        };
        items.iter().map(text).collect()
    }

    /// A score for each text, in their order; the higher, the better. Pointwise scores are in nats; all others are ranks,
    /// averaged over the orders in which the list was shown, from 0 downwards, or, of one list that fits the window in one
    /// pass, log-probabilities.
    ///
    /// # Errors
    /// If the model fails, or what it is shown exceeds its context.
    pub fn judge(&mut self, wish: Wish<'_>, texts: &[String]) -> Result<Vec<f32>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let RerankOptions { mode, calibrate, permutations, window, seed, .. } = self.options;
        match mode {
            Mode::Likelihood => {
                return pointwise::likelihoods(self.engine, wish, texts, calibrate.then_some(&mut self.without));
            }
            Mode::YesNo => {
                let texts: Vec<String> = texts.iter().map(|text| cut(text, READ)).collect();
                return pointwise::yes_no(self.engine, wish, &texts);
            }
            _ => {}
        }
        let texts: Vec<String> = texts.iter().map(|text| cut(text, SHOWN)).collect();
        let window = window.clamp(2, list::LONGEST);
        let shown: Vec<usize> = (0..texts.len()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut orders = Vec::new();
        let mut log_probs = vec![0.0; texts.len()];
        for permutation in 0..permutations.max(1) {
            let mut order = shown.clone();
            if permutation > 0 {
                shuffle(&mut order, &mut rng);
            }
            if mode == Mode::FirstToken && texts.len() <= window {
                // One pass says how much better each is, not only what comes first.
                for letters in list::letters(self.engine, wish, &texts, std::slice::from_ref(&order))? {
                    order.iter().zip(letters).for_each(|(&text, log_prob)| log_probs[text] += log_prob);
                }
                continue;
            }
            orders.push(self.order(wish, &texts, order, window)?);
        }
        match orders.is_empty() {
            true => Ok(log_probs.into_iter().map(|sum| sum / permutations.max(1) as f32).collect()),
            false => Ok(consensus(&orders, texts.len())),
        }
    }

    /// The order that comes of one way to show the list.
    fn order(&self, wish: Wish<'_>, texts: &[String], order: Vec<usize>, window: usize) -> Result<Vec<usize>> {
        let engine = self.engine;
        let by_letters: &mut Judge<'_> = &mut |subsets| {
            let scores = list::letters(engine, wish, texts, subsets)?;
            Ok(subsets.iter().zip(scores).map(|(subset, scores)| sorted(subset, &scores)).collect())
        };
        match self.options.mode {
            Mode::Listwise => windows(order, window, &mut |subsets| list::written(engine, wish, texts, subsets)),
            Mode::Setwise => tournament(&order, SET, by_letters),
            Mode::Pairwise => merge_sort(order, &mut |pairs| both_ways(engine, wish, texts, pairs)),
            _ => windows(order, window, by_letters),
        }
    }

    /// How many of the texts are longer than what is read of them.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn count_longer(&self, texts: &[String]) -> Result<usize> {
        match self.options.mode {
            Mode::Likelihood => pointwise::count_longer(self.engine, texts),
            mode => Ok(texts.iter().filter(|text| text.chars().count() > shown(mode)).count()),
        }
    }

    /// What is read of a text, in words.
    pub fn read_of_a_text(&self) -> String {
        match self.options.mode {
            Mode::Likelihood => format!("{} tokens", pointwise::SCORED_TOKENS),
            mode => format!("{} characters", shown(mode)),
        }
    }
}

/// Characters of a text that are read where texts are not scored themselves.
fn shown(mode: Mode) -> usize {
    if mode.sees_order() { SHOWN } else { READ }
}

/// Pairs, the better one first: what each order of showing them says is averaged, since models favour places.
fn both_ways(engine: &Engine, wish: Wish<'_>, texts: &[String], pairs: &[Vec<usize>]) -> Result<Vec<Vec<usize>>> {
    let shown: Vec<Vec<usize>> = pairs.iter().flat_map(|pair| [pair.clone(), vec![pair[1], pair[0]]]).collect();
    let scores = list::letters(engine, wish, texts, &shown)?;
    let better = |(pair, scores): (&Vec<usize>, &[Vec<f32>])| {
        let margin = scores[0][0] - scores[0][1] + scores[1][1] - scores[1][0];
        if margin < 0.0 { vec![pair[1], pair[0]] } else { pair.clone() }
    };
    Ok(pairs.iter().zip(scores.chunks_exact(2)).map(better).collect())
}

/// The best first; equal ones in their order.
fn sorted(subset: &[usize], scores: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..subset.len()).collect();
    places.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    places.into_iter().map(|place| subset[place]).collect()
}

/// A text as one line, and not longer than it may be.
fn cut(text: &str, most: usize) -> String {
    one_line(text).chars().take(most).collect()
}
