//! Prompts within a budget of tokens, counted as the language model has them.

use super::{Budget, Compressor};
use crate::recommend::{
    Error, Result,
    features::TextEncoder,
    prompt::{PromptRecommender, PromptTask},
};

/// Tokens that stand around a description in a list, at most.
const AROUND: usize = 3;
/// How often descriptions are compressed anew, where tokens around them take more than was thought.
const ATTEMPTS: usize = 6;

/// A task whose prompt fits.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedPrompt {
    /// The task.
    pub task: PromptTask,
    /// Tokens of the prompt with whole descriptions.
    pub whole: usize,
    /// Tokens of the prompt as it is.
    pub tokens: usize,
}

/// Gives a task's items their descriptions, (items), as far as its prompt stays within `budget` tokens: whole if that fits,
/// otherwise compressed. `request` is the vector of what is asked for.
///
/// # Errors
/// If the prompt exceeds the budget without any description, the template fails, or a model does.
pub fn fit_prompt<E: TextEncoder>(
    recommender: &PromptRecommender<'_>,
    task: &PromptTask,
    descriptions: &[Option<&str>],
    request: Option<&[f32]>,
    compressor: &mut Compressor<'_, E>,
    budget: usize,
) -> Result<FittedPrompt> {
    let texts: Vec<&str> = descriptions.iter().map(|text| text.unwrap_or_default()).collect();
    let with = |texts: Vec<String>| {
        let mut task = task.clone();
        let described = task.items.iter_mut().zip(texts);
        described.for_each(|(offer, text)| offer.description = Some(text).filter(|text| !text.is_empty()));
        task
    };
    let full = with(compressor.compress(&texts, request, Budget::Share(1.0))?);
    let whole = recommender.count(&full)?;
    if whole <= budget {
        return Ok(FittedPrompt { task: full, whole, tokens: whole });
    }
    let bare = with(vec![String::new(); texts.len()]);
    let needed = recommender.count(&bare)?;
    if needed > budget {
        return Err(Error::Budget { budget, needed });
    }
    let mut room = (budget - needed).saturating_sub(AROUND * texts.len());
    for _ in 0..ATTEMPTS {
        let task = with(compressor.compress(&texts, request, Budget::Tokens(room))?);
        let tokens = recommender.count(&task)?;
        if tokens <= budget {
            return Ok(FittedPrompt { task, whole, tokens });
        }
        room = room.saturating_sub(tokens - budget);
    }
    Ok(FittedPrompt { task: bare, whole, tokens: needed })
}
