//! Conversations: what somebody says becomes preferences and feedback, and these become lists and answers.

mod score;
mod state;
mod understand;

pub use score::{Labelled, Understanding, understanding};
pub use state::State;
pub use understand::{Constraints, Context, Feedback, Limit, Preferences, Understander, Understood, key};
