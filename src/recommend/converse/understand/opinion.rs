//! A second opinion on what rules do not understand: by a classifier of sentence vectors that learned from labelled
//! examples, and by a language model that can answer with one of a few meanings only.
//!
//! Rules know words; people have others. What comes out is one of the meanings below, and never text.

use std::{ops::ControlFlow, sync::OnceLock};

use faer::{Mat, Side, linalg::solvers::Solve};

use super::cues::Judgement;
use crate::{
    engine::{Engine, Prompt, Scoring},
    recommend::{Result, dense::dot, features::TextEncoder},
};

/// What people say, each after what it means and a tab.
pub(super) const EXAMPLES: &str = include_str!("examples.tsv");
/// How fast the likeness of two unit vectors falls with the square of their distance.
const WIDTH: f32 = 1.0;
/// The strength of the ridge penalty.
const PENALTY: f64 = 0.1;
/// How far the best meaning must be ahead of the second for the classifier to be believed.
const MARGIN: f32 = 0.15;
/// Examples of a meaning that a language model is shown.
const SHOWN: usize = 2;
/// Bytes of the longest text that one meaning could be found for.
const LONGEST: usize = 1000;
/// Texts that say nothing.
const NOTHING: [&str; 3] = ["it", "...", "N/A"];

/// What a message, or what is said of an item in it, may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It was seen, and was good.
    LikedSeen,
    /// It would be watched.
    Wanted,
    /// It was seen, and was not good.
    DislikedSeen,
    /// It would not be watched.
    Unwanted,
    /// It was seen.
    Seen,
    /// Something is asked about an item.
    AsksItem,
    /// Something is asked about what was said.
    AsksAnswer,
    /// Other items are asked for.
    Requests,
    /// Hello or goodbye.
    Greets,
    /// Nothing of this.
    Other,
}

impl Meaning {
    const ALL: [Meaning; 10] = [
        Meaning::LikedSeen,
        Meaning::Wanted,
        Meaning::DislikedSeen,
        Meaning::Unwanted,
        Meaning::Seen,
        Meaning::AsksItem,
        Meaning::AsksAnswer,
        Meaning::Requests,
        Meaning::Greets,
        Meaning::Other,
    ];

    /// What is thought of an item then.
    pub(super) fn judgement(self) -> Option<Judgement> {
        let (sentiment, seen) = match self {
            Meaning::LikedSeen => (1, true),
            Meaning::Wanted => (1, false),
            Meaning::DislikedSeen => (-1, true),
            Meaning::Unwanted => (-1, false),
            Meaning::Seen => (0, true),
            _ => return None,
        };
        Some(Judgement { sentiment, seen, rating: None })
    }

    /// What a language model answers for it.
    fn answer(self) -> &'static str {
        match self {
            Meaning::LikedSeen => " saw it and liked it",
            Meaning::Wanted => " wants to watch it",
            Meaning::DislikedSeen => " saw it and disliked it",
            Meaning::Unwanted => " does not want to watch it",
            Meaning::Seen => " has seen it",
            Meaning::AsksItem => " asks about a film",
            Meaning::AsksAnswer => " asks about the answer",
            Meaning::Requests => " asks for other films",
            Meaning::Greets => " says hello or goodbye",
            Meaning::Other => " says something else",
        }
    }

    /// Its name in the examples.
    fn name(self) -> &'static str {
        match self {
            Meaning::LikedSeen => "liked_seen",
            Meaning::Wanted => "wanted",
            Meaning::DislikedSeen => "disliked_seen",
            Meaning::Unwanted => "unwanted",
            Meaning::Seen => "seen",
            Meaning::AsksItem => "asks_item",
            Meaning::AsksAnswer => "asks_answer",
            Meaning::Requests => "requests",
            Meaning::Greets => "greets",
            Meaning::Other => "other",
        }
    }

    /// What people say who mean it.
    fn examples(self) -> impl Iterator<Item = &'static str> {
        examples().filter(move |(meaning, _)| *meaning == self).map(|(_, text)| text)
    }
}

/// All examples.
pub(super) fn examples() -> impl Iterator<Item = (Meaning, &'static str)> {
    let lines = EXAMPLES.lines().filter_map(|line| line.split_once('\t'));
    let named = |name| Meaning::ALL.into_iter().find(|meaning| meaning.name() == name);
    lines.filter_map(move |(name, text)| Some((named(name)?, text)))
}

/// Who is asked.
#[derive(Default)]
pub struct Opinions<'a> {
    /// Tells the classifier what texts are like.
    pub encoder: Option<&'a mut dyn TextEncoder>,
    /// Chooses a meaning where the classifier is not sure.
    pub engine: Option<&'a Engine>,
}

impl std::fmt::Debug for Opinions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (encoder, engine) = (self.encoder.is_some(), self.engine.is_some());
        f.debug_struct("Opinions").field("encoder", &encoder).field("engine", &engine).finish()
    }
}

/// The classifier, once an encoder has made the vectors that it learns from.
#[derive(Clone, Debug, Default)]
pub(super) struct Classifier(OnceLock<Option<Learned>>);

/// Kernel ridge regression from vectors to meanings: the weight of each example for each meaning.
#[derive(Clone, Debug)]
struct Learned {
    /// Of unit length, by example.
    vectors: Vec<Vec<f32>>,
    /// (examples, meanings)
    weights: Vec<[f32; MEANINGS]>,
}

const MEANINGS: usize = Meaning::ALL.len();

impl Learned {
    /// Learns from vectors of unit length and what they mean; `None` if they cannot be told apart.
    fn learn(vectors: Vec<Vec<f32>>, meanings: &[Meaning]) -> Option<Self> {
        let count = vectors.len();
        let kernel = Mat::from_fn(count, count, |i, j| {
            f64::from(likeness(&vectors[i], &vectors[j])) + if i == j { PENALTY } else { 0.0 }
        });
        let target = |i: usize, meaning: usize| f64::from(u8::from(meanings[i] == Meaning::ALL[meaning]));
        let targets = Mat::from_fn(count, MEANINGS, |i, meaning| target(i, meaning) - 1.0 / MEANINGS as f64);
        let solution = kernel.llt(Side::Lower).ok()?.solve(&targets);
        let weights = (0..count).map(|i| std::array::from_fn(|meaning| solution[(i, meaning)] as f32)).collect();
        Some(Self { vectors, weights })
    }

    /// How much speaks for each meaning.
    fn scores(&self, vector: &[f32]) -> [f32; MEANINGS] {
        let mut scores = [0.0; MEANINGS];
        for (example, weights) in self.vectors.iter().zip(&self.weights) {
            let likeness = likeness(example, vector);
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += likeness * weight);
        }
        scores
    }
}

/// How alike two vectors of unit length are, from 0 to 1.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    (-WIDTH * (2.0 - 2.0 * dot(a, b))).exp()
}

impl Opinions<'_> {
    /// What a text means, if anybody is asked and has an opinion: `possible` says which meanings are, to the classifier and
    /// to the language model.
    ///
    /// # Errors
    /// If a model fails.
    pub(super) fn meaning(
        &mut self,
        text: &str,
        classifier: &Classifier,
        possible: [&dyn Fn(Meaning) -> bool; 2],
    ) -> Result<Option<Meaning>> {
        if text.len() > LONGEST {
            return Ok(None);
        }
        if let Some(encoder) = &mut self.encoder
            && let Some(meaning) = by_examples(text, *encoder, classifier, possible[0])?
        {
            return Ok(Some(meaning));
        }
        match self.engine {
            Some(engine) => by_choice(text, engine, possible[1]),
            None => Ok(None),
        }
    }
}

/// The meaning that the classifier finds, if it is clear enough.
fn by_examples(
    text: &str,
    encoder: &mut dyn TextEncoder,
    classifier: &Classifier,
    wanted: &dyn Fn(Meaning) -> bool,
) -> Result<Option<Meaning>> {
    if classifier.0.get().is_none() {
        let (meanings, texts): (Vec<Meaning>, Vec<String>) =
            examples().map(|(meaning, text)| (meaning, text.to_owned())).unzip();
        let learned = Learned::learn(unit(encoder, &texts)?, &meanings);
        classifier.0.get_or_init(|| learned);
    }
    let Some(Some(learned)) = classifier.0.get() else { return Ok(None) };
    let Some(own) = unit(encoder, &[text.to_owned()])?.pop() else { return Ok(None) };
    let scores = learned.scores(&own).into_iter().zip(Meaning::ALL);
    let mut scores: Vec<(f32, Meaning)> = scores.filter(|(_, meaning)| wanted(*meaning)).collect();
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (Some(first), second) = (scores.first(), scores.get(1)) else { return Ok(None) };
    let is_clear = second.is_none_or(|second| first.0 - second.0 >= MARGIN);
    Ok(is_clear.then_some(first.1))
}

/// Vectors of length 1.
fn unit(encoder: &mut dyn TextEncoder, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    let embeddings = encoder.encode(texts, &mut |_| ControlFlow::Continue(()))?;
    let scaled = |vector: &[f32]| {
        let length = dot(vector, vector).sqrt().max(1e-9);
        vector.iter().map(|value| value / length).collect()
    };
    Ok(embeddings.values.chunks_exact(embeddings.width.max(1)).map(scaled).collect())
}

/// The meaning that a language model finds likelier after a text than it would after one that says nothing: models prefer
/// some answers to others whatever is asked (Zhao et al., *Calibrate Before Use*, 2021).
fn by_choice(text: &str, engine: &Engine, wanted: &dyn Fn(Meaning) -> bool) -> Result<Option<Meaning>> {
    let meanings: Vec<Meaning> = Meaning::ALL.into_iter().filter(|meaning| wanted(*meaning)).collect();
    let mut examples = String::from("What does somebody say about films?\n\n");
    for place in 0..SHOWN {
        for meaning in &meanings {
            let example = meaning.examples().nth(place).unwrap_or_default();
            examples += &format!("\"{example}\"\nThe speaker{}.\n\n", meaning.answer());
        }
    }
    let answers: Vec<Vec<u32>> = meanings
        .iter()
        .map(|meaning| engine.tokenize_continuation(&format!("{}.", meaning.answer())))
        .collect::<Result<_, _>>()?;
    let likelihoods = |text: &str| -> Result<Vec<f32>> {
        let prompt = format!("{examples}\"{text}\"\nThe speaker");
        let prefix = engine.tokenize(&Prompt::Text(prompt))?;
        let scores = engine.score(&Scoring { prefix, continuations: answers.clone(), ..Scoring::default() })?;
        Ok(scores.continuations.iter().map(|tokens| tokens.iter().sum()).collect())
    };
    let mut gains = likelihoods(text.trim())?;
    for nothing in NOTHING {
        let share = 1.0 / NOTHING.len() as f32;
        gains.iter_mut().zip(likelihoods(nothing)?).for_each(|(gain, without)| *gain -= share * without);
    }
    let best = gains.iter().zip(&meanings).max_by(|a, b| a.0.total_cmp(b.0));
    Ok(best.map(|(_, meaning)| *meaning))
}
