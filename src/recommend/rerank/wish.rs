//! What a list is judged by.

use crate::engine::{Engine, Message, Prompt};

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// What is looked for, in words.
    Query(&'a str),
    /// Titles that somebody liked, oldest first.
    Liked(&'a [String]),
}

impl Wish<'_> {
    /// The wish as the beginning of a message; empty if nothing is known.
    pub(super) fn told(&self) -> String {
        match self {
            Wish::Query(query) => format!("I am looking for this: {query}\n\n"),
            Wish::Liked([]) => String::new(),
            Wish::Liked(titles) => {
                let list: String = titles.iter().map(|title| format!("- {title}\n")).collect();
                format!("I liked these, the latest last:\n{list}\n")
            }
        }
    }
}

/// A message for a model that knows chats; for others plain text, with what its answer begins with.
pub(super) fn ask(engine: &Engine, text: String, answer: &str) -> Prompt {
    match engine.has_chat_template() {
        true => Prompt::Messages(vec![Message::new("user", text)]),
        false => Prompt::Text(format!("{text}\n{answer}:")),
    }
}

/// An answer to [`ask`]. Behind raw text it is a word that follows; a chat's answer starts with it.
pub(super) fn answer(engine: &Engine, text: &str) -> String {
    let lead = if engine.has_chat_template() { "" } else { " " };
    format!("{lead}{text}")
}
