//! Fewer tokens for the same answer: prompts that fit a budget, descriptions by their most telling sentences, and a rule for
//! when a language model is asked at all.

mod compress;
mod prompt;
mod select;

pub use compress::{Budget, Compressor, Counting, compress_catalogue};
pub use prompt::{FittedPrompt, fit_prompt};
pub use select::{Decision, Selective};
