//! ChatCRS: sessions that are kept, each with its state, what is known, and what was shown.

use std::ops::ControlFlow;

use super::{
    chat_rec::{ChatREC, with_likes},
    phrase::{Exchange, Phraser},
    reply::{Reply, ShownItem, Turn},
    session::{Loaded, Sessions},
};
use crate::recommend::{Error, Interaction, Result, XRecExplainer, explain::Planner};

/// The conversational recommender with its sessions.
#[derive(Debug)]
pub struct ChatCRS<'a> {
    chat: ChatREC<'a>,
    sessions: Sessions,
    phraser: Option<Phraser>,
}

impl<'a> ChatCRS<'a> {
    /// Keeps the sessions of a conversational recommender.
    pub fn new(chat: ChatREC<'a>, sessions: Sessions) -> Self {
        Self { chat, sessions, phraser: None }
    }

    /// Has a language model word the answers, and choose what messages mean of which rules make nothing.
    #[must_use]
    pub fn with_phraser(mut self, phraser: Phraser) -> Self {
        self.chat = self.chat.with_engine(phraser.engine().clone());
        self.phraser = Some(phraser);
        self
    }

    /// The sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Answers a message of a session, which begins with its first message. `history` is what is known of whoever speaks;
    /// `hear` gets the answer as it comes, each piece after it was kept, and may break it off.
    ///
    /// # Errors
    /// If the database cannot be used, a model fails, or the answer was broken off.
    pub fn reply(
        &mut self,
        session: &str,
        message: &str,
        history: &[Interaction],
        hear: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply> {
        let Self { chat, sessions, phraser } = self;
        let catalogue = chat.catalogue();
        // Another process may have gone on with it.
        let Loaded { mut dialogue, mut exchanges } = sessions.load(session, catalogue, chat.understander())?;
        let understood = chat.understand(&dialogue, message)?;
        let heard = sessions.hear(session, message, &understood, catalogue, chat.understander())?;
        dialogue.hear(message, &understood, chat.understander());
        let mut turn = chat.answer(&dialogue, message, understood, history)?;
        if let (Some(phraser), Some(item)) = (&*phraser, turn.why) {
            explain(chat, phraser, &with_likes(history, &dialogue), item, &mut turn)?;
        }
        let line = sessions.answer(heard, &turn, catalogue)?;
        exchanges.push(Exchange { message: message.to_owned(), context: turn.context.clone(), reply: String::new() });
        let mut keep = |text: &str| {
            sessions.append(line, text)?;
            Ok(hear(text))
        };
        let written = match phraser {
            Some(phraser) => phraser.write(&exchanges, &turn.pieces, &mut keep)?,
            None => {
                let text = turn.plain();
                if keep(&text)?.is_break() {
                    return Err(Error::Interrupted);
                }
                text
            }
        };
        let shown =
            |&item: &usize| ShownItem { item_id: catalogue[item].id.clone(), title: catalogue[item].title.clone() };
        Ok(Reply {
            state: turn.state,
            items: turn.items.iter().map(shown).collect(),
            facts: turn.facts().cloned().collect(),
            preferences: turn.preferences,
            feedback: turn.feedback,
            asks: turn.asks,
            unknown: turn.unknown,
            reply: written,
        })
    }
}

/// Adds why an item suits somebody who liked others: a text of the language model that was checked against the records.
fn explain(chat: &ChatREC<'_>, phraser: &Phraser, history: &[Interaction], item: usize, turn: &mut Turn) -> Result<()> {
    if history.is_empty() {
        return Ok(());
    }
    let records = chat.records();
    let plans = Planner::new(records.catalogue, records.interactions).plan_new(history, &[item]);
    for explained in XRecExplainer::new(phraser.engine()).explain(&plans)? {
        turn.say([explained.explanation.text]);
    }
    Ok(())
}
