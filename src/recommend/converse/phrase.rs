//! A language model words an answer: of each part it writes one of the wordings, and nothing else can be written.
//!
//! The prompt of an answer is the whole session so far, word for word as it was when the answers before it were written.
//! So each prompt begins with the tokens of the one before, and the engine's cache of prefixes holds all but the last
//! message.

use std::ops::ControlFlow;

use super::reply::Piece;
use crate::{
    engine::{Constraint, Engine, Message, Priority, Prompt, Request, Sampling},
    recommend::{Error, Result},
};

const TASK: &str = "You help somebody to find something that they will like. You are friendly and brief, and say only what the given \
                    facts say.";
/// Tokens of a turn's marks in a chat template, about.
const MARKS: usize = 8;

/// One message with its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What somebody said.
    pub message: String,
    /// What the model was told beside it.
    pub context: String,
    /// What was answered; empty if nothing was yet.
    pub reply: String,
}

/// Hears an answer's text as it comes, and may break it off.
pub type Hearing<'a> = dyn FnMut(&str) -> Result<ControlFlow<()>> + 'a;

/// Words answers.
#[derive(Clone, Debug)]
pub struct Phraser {
    engine: Engine,
    /// Tokens that a prompt may have.
    budget: usize,
}

impl Phraser {
    /// Uses a loaded language model, whose prompts have at most `budget` tokens: what was said first is left out beyond.
    pub fn new(engine: &Engine, budget: usize) -> Self {
        let budget = budget.min(engine.architecture().context()) * 3 / 4;
        Self { engine: engine.clone(), budget }
    }

    /// The language model.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Writes the answer to the last exchange of a session.
    ///
    /// # Errors
    /// If the model fails, or hearing does; [`Error::Interrupted`] if it breaks off.
    pub fn write(&self, session: &[Exchange], pieces: &[Piece], hear: &mut Hearing<'_>) -> Result<String> {
        let mut ids = self.engine.tokenize(&self.prompt(session)?)?;
        let mut written = String::new();
        let before = session.len().checked_sub(2).and_then(|place| session.get(place)).map_or("", |last| &last.reply);
        for piece in pieces {
            // What was said the last time is said in other words, if there are some.
            let said = |wording: &&String| !before.contains(wording.trim());
            let mut wordings: Vec<String> = piece.wordings.iter().filter(said).cloned().collect();
            if wordings.is_empty() {
                wordings.clone_from(&piece.wordings);
            }
            let text = match wordings.as_slice() {
                [] => continue,
                [only] => {
                    heard(only, hear)?;
                    only.clone()
                }
                _ => self.choose(&ids, wordings, hear)?,
            };
            ids.extend(self.engine.tokenize_continuation(&text)?);
            written += &text;
        }
        Ok(written)
    }

    /// Has the model write one of some wordings, and tells it as it comes.
    fn choose(&self, ids: &[u32], wordings: Vec<String>, hear: &mut Hearing<'_>) -> Result<String> {
        let mut longest = 0;
        for wording in &wordings {
            longest = longest.max(self.engine.tokenize_continuation(wording)?.len());
        }
        let mut writing = self.engine.submit(Request {
            prompt: ids.to_vec(),
            max_tokens: longest + 1,
            sampling: Sampling { temperature: 0.0, ..Sampling::default() },
            constraint: Some(Constraint::OneOf(wordings)),
            priority: Priority::High,
            ..Request::default()
        })?;
        let mut told = 0;
        while let Some(token) = writing.next_token() {
            heard(&token.text, hear)?;
            told += token.text.len();
        }
        let text = writing.wait()?.text;
        // A character that ends with the text.
        heard(text.get(told..).unwrap_or_default(), hear)?;
        Ok(text)
    }

    fn prompt(&self, session: &[Exchange]) -> Result<Prompt> {
        let session = &session[self.first(session)?..];
        let asked = |exchange: &Exchange| match exchange.context.is_empty() {
            true => self.shortened(&exchange.message).to_owned(),
            false => format!("{}\n\n{}", self.shortened(&exchange.message), exchange.context),
        };
        if !self.engine.has_chat_template() {
            let turns =
                session.iter().map(|exchange| format!("User: {}\nGuide:{}", asked(exchange), lead(&exchange.reply)));
            return Ok(Prompt::Text(format!("{TASK}\n\n{}", turns.collect::<Vec<_>>().join("\n"))));
        }
        let mut messages = vec![Message::new("system", TASK)];
        for exchange in session {
            messages.push(Message::new("user", asked(exchange)));
            if !exchange.reply.is_empty() {
                messages.push(Message::new("assistant", &exchange.reply));
            }
        }
        Ok(Prompt::Messages(messages))
    }

    /// The beginning of a message, as much as leaves room for others; a token has at least a byte.
    fn shortened<'m>(&self, message: &'m str) -> &'m str {
        let ends = message.char_indices().map(|(start, character)| start + character.len_utf8());
        &message[..ends.take_while(|end| *end <= self.budget / 2).last().unwrap_or(0)]
    }

    /// The first exchange that the prompt has. Where the session outgrows the budget, half of it is left out at once, so
    /// that the beginning stays the same for many turns.
    fn first(&self, session: &[Exchange]) -> Result<usize> {
        let mut sizes = Vec::with_capacity(session.len());
        let (mut first, mut size) = (0, 0);
        for (place, exchange) in session.iter().enumerate() {
            let Exchange { message, context, reply } = exchange;
            let mut tokens = 2 * MARKS;
            for text in [self.shortened(message), context, reply] {
                tokens += self.engine.tokenize_continuation(text)?.len();
            }
            sizes.push(tokens);
            size += tokens;
            if size > self.budget {
                while size > self.budget / 2 && first < place {
                    size -= sizes[first];
                    first += 1;
                }
            }
        }
        Ok(first)
    }
}

fn lead(reply: &str) -> String {
    if reply.is_empty() { String::new() } else { format!(" {reply}") }
}

fn heard(text: &str, hear: &mut Hearing<'_>) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    match hear(text)? {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}
