//! Questions to a language model, whether it knows chats or continues texts.

use crate::engine::{Engine, Message, Prompt};

/// A question, after what the model is told of its task: messages for a model that knows chats, and for others plain text
/// that ends in `answer`, what their answer begins with.
pub(crate) fn question(engine: &Engine, task: Option<&str>, text: String, answer: &str) -> Prompt {
    match engine.has_chat_template() {
        true => {
            let task = task.map(|task| Message::new("system", task));
            Prompt::Messages(task.into_iter().chain([Message::new("user", text)]).collect())
        }
        false => {
            let task = task.map(|task| format!("{task}\n\n")).unwrap_or_default();
            Prompt::Text(format!("{task}{text}\n{answer}"))
        }
    }
}

/// The beginning of an answer to a question. Behind plain text it is a word that follows; a chat's answer starts with it.
pub(crate) fn answer(engine: &Engine, text: &str) -> String {
    let lead = if engine.has_chat_template() { "" } else { " " };
    format!("{lead}{text}")
}
