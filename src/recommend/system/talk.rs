//! What a system talks with: sessions that are kept, what reads messages, and what words answers.

use std::{ops::ControlFlow, sync::Arc};

use super::LLMRecommendationSystem;
use crate::recommend::{
    Error, Interaction, Knowledge, Recommender, Result, Store,
    converse::{ChatCRS, ChatREC, Phraser, Reply, Sessions, Understander},
    features::TextEncoder,
};

/// Everything that a conversation needs beside a recommender.
pub struct Conversation {
    knowledge: Knowledge,
    understander: Arc<Understander>,
    sessions: Sessions,
    encoder: Option<Box<dyn TextEncoder>>,
    phraser: Option<Phraser>,
}

impl Conversation {
    /// Talks about the items of a store, which a recommender was made of, and keeps its sessions there. Answers are worded by rules.
    ///
    /// # Errors
    /// If the store is damaged, or its sessions cannot be used.
    pub fn open(store: &Store, recommender: &Recommender) -> Result<Self> {
        let knowledge = store.knowledge()?;
        let understander = Understander::new(recommender.catalogue(), &knowledge, recommender.interactions());
        let understander = Arc::new(understander);
        let sessions = Sessions::open(store.path())?;
        Ok(Self { knowledge, understander, sessions, encoder: None, phraser: None })
    }

    /// Has requests also find items whose texts are near to their words, if the encoder is that of the store, and asks it what
    /// messages mean that rules make nothing of.
    #[must_use]
    pub fn with_encoder(self, encoder: impl TextEncoder + 'static) -> Self {
        Self { encoder: Some(Box::new(encoder)), ..self }
    }

    /// Has a language model word the answers.
    #[must_use]
    pub fn with_phraser(self, phraser: Phraser) -> Self {
        Self { phraser: Some(phraser), ..self }
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

impl LLMRecommendationSystem {
    /// Begins a session with a user of the store, whose history counts then, or with anybody; or goes on with it.
    ///
    /// # Errors
    /// If there is no such user, the session is with another one, or it cannot be kept.
    pub fn begin(&self, session: &str, user: Option<&str>) -> Result<()> {
        user.map(|id| self.recommender.user(id)).transpose()?;
        let conversation = self.conversation.as_ref().ok_or(Error::NoConversation)?;
        conversation.sessions.begin(session, user)?;
        Ok(())
    }

    /// Answers a message of a session, which begins with its first message. `hear` gets the answer as it comes, each piece
    /// after it was kept, and may break it off.
    ///
    /// # Errors
    /// If the system cannot talk, the sessions cannot be used, a model fails, or the answer was broken off.
    pub fn chat(
        &mut self,
        session: &str,
        message: &str,
        hear: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply> {
        let Self { recommender, conversation, .. } = self;
        let conversation = conversation.as_mut().ok_or(Error::NoConversation)?;
        let Conversation { knowledge, understander, sessions, encoder, phraser } = conversation;
        let interactions = recommender.interactions();
        let user = sessions.user(session)?.and_then(|id| interactions.index(&id));
        let history: &[Interaction] = user.map_or(&[], |user| interactions.history(user));
        let mut chat = ChatREC::with_understander(recommender, knowledge, understander.clone());
        if let Some(encoder) = encoder {
            chat = chat.with_encoder(&mut **encoder);
        }
        let mut chat = ChatCRS::new(chat, sessions.clone());
        if let Some(phraser) = phraser {
            chat = chat.with_phraser(phraser.clone());
        }
        chat.reply(session, message, history, hear)
    }
}
