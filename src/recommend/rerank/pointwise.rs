//! One text at a time: the wish is read once, and no text's score depends on another's.

use std::collections::HashMap;

use super::wish::Wish;
use crate::{
    engine::{Engine, Prompt, Scoring},
    recommend::{
        Result,
        ask::{answer, question},
    },
};

/// The tokens of a text that are scored; the rest is left out.
pub(super) const SCORED_TOKENS: usize = 256;

/// Mean log-likelihoods of texts without a wish: they are the same for all wishes of a kind, liked titles and requests.
pub(super) type Known = [HashMap<String, f32>; 2];

/// The mean log-likelihood of each text's tokens in nats, as the answer to a wish; if `without` is given, less the same
/// without the wish, so that no text gains from being likely anyway.
pub(super) fn likelihoods(
    engine: &Engine,
    wish: Wish<'_>,
    texts: &[String],
    without: Option<&mut Known>,
) -> Result<Vec<f32>> {
    let mut means = mean_likelihoods(engine, engine.tokenize(&likelihood_prompt(engine, Some(wish)))?, texts)?;
    if let Some(known) = without {
        let known = &mut known[usize::from(matches!(wish, Wish::Query(_)))];
        let new: Vec<String> = texts.iter().filter(|text| !known.contains_key(*text)).cloned().collect();
        let nobody = match wish {
            Wish::Query(_) => None,
            Wish::Liked(_) => Some(Wish::Liked(&[])),
        };
        let scores = mean_likelihoods(engine, engine.tokenize(&likelihood_prompt(engine, nobody))?, &new)?;
        known.extend(new.into_iter().zip(scores));
        means.iter_mut().zip(texts).for_each(|(mean, text)| *mean -= known.get(text).copied().unwrap_or_default());
    }
    Ok(means)
}

fn likelihood_prompt(engine: &Engine, wish: Option<Wish<'_>>) -> Prompt {
    let told = wish.map(|wish| wish.told()).unwrap_or_default();
    match wish {
        Some(Wish::Liked(_)) => {
            question(engine, None, format!("{told}Recommend one more to me. Answer with its title only."), "Title:")
        }
        _ => question(engine, None, format!("{told}Answer with a text and nothing else."), "Text:"),
    }
}

/// The tokens after which the titles of items are scored for somebody with these liked titles.
pub(in crate::recommend) fn title_prompt(engine: &Engine, liked: &[String]) -> Result<Vec<u32>> {
    Ok(engine.tokenize(&likelihood_prompt(engine, Some(Wish::Liked(liked))))?)
}

/// The mean log-likelihood of each text's tokens after a prefix, in nats.
pub(in crate::recommend) fn mean_likelihoods(engine: &Engine, prefix: Vec<u32>, texts: &[String]) -> Result<Vec<f32>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let continuations = texts.iter().map(|text| scored_tokens(engine, text)).collect::<Result<_>>()?;
    let scores = engine.score(&Scoring { prefix, continuations, ..Scoring::default() })?;
    let mean = |log_probs: &Vec<f32>| log_probs.iter().sum::<f32>() / log_probs.len().max(1) as f32;
    Ok(scores.continuations.iter().map(mean).collect())
}

/// The tokens of a text that are scored.
pub(in crate::recommend) fn scored_tokens(engine: &Engine, text: &str) -> Result<Vec<u32>> {
    let mut tokens = engine.tokenize_continuation(&answer(engine, text))?;
    tokens.truncate(SCORED_TOKENS);
    Ok(tokens)
}

/// How many of the texts have more than [`SCORED_TOKENS`].
pub(super) fn count_longer(engine: &Engine, texts: &[String]) -> Result<usize> {
    let mut longer = 0;
    for text in texts {
        let tokens = engine.tokenize_continuation(&answer(engine, text))?;
        longer += usize::from(tokens.len() > SCORED_TOKENS);
    }
    Ok(longer)
}

/// How much likelier than "No" the answer "Yes" is for each text, in nats.
pub(super) fn yes_no(engine: &Engine, wish: Wish<'_>, texts: &[String]) -> Result<Vec<f32>> {
    let answers = ["Yes", "No"].map(|text| engine.tokenize_continuation(&answer(engine, text)));
    let [yes, no] = answers;
    let answers = [yes?, no?];
    let asked = match wish {
        Wish::Query(_) => "Is this what I am looking for?",
        Wish::Liked(_) => "Will I like this, too?",
    };
    let scoring = |text: &String| {
        let text = format!("{}{text}\n\n{asked} Answer with Yes or No.", wish.told());
        let prefix = engine.tokenize(&question(engine, None, text, "Answer:"))?;
        engine.submit_scoring(Scoring { prefix, continuations: answers.to_vec(), ..Scoring::default() })
    };
    let running: Vec<_> = texts.iter().map(scoring).collect::<crate::engine::Result<_>>()?;
    let margin = |scores: crate::engine::Scores| {
        let sum = |index: usize| scores.continuations[index].iter().sum::<f32>();
        sum(0) - sum(1)
    };
    Ok(running.into_iter().map(|being| Ok(margin(being.wait()?))).collect::<crate::engine::Result<_>>()?)
}
