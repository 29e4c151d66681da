//! Conversations: what somebody says becomes preferences and feedback, and these become lists and answers.
//!
//! `understand` reads messages, `dialogue` keeps what was said, `conditions` makes a filter of what must hold,
//! [`ChatREC`] decides on items and on what is said of them, [`RARec`] looks the facts up, and every sentence says what
//! records hold.

mod answer;
mod ask;
mod chat_crs;
mod chat_rec;
mod conditions;
mod described;
mod dialogue;
mod facts;
mod manner;
mod phrase;
mod ra_rec;
mod relative;
mod reply;
mod score;
mod series;
mod session;
mod simulate;
mod state;
mod understand;
mod vocabulary;
mod whether;
mod wish;

#[cfg(test)]
mod tests;

pub use ask::Slot;
pub use chat_crs::ChatCRS;
pub use chat_rec::{ChatREC, PRESENTED};
pub use conditions::Conditions;
pub use dialogue::Dialogue;
pub use facts::{Fact, FactSource, LIKED_TOGETHER, Records};
pub use phrase::{Exchange, Hearing, Phraser};
pub use ra_rec::{FACTS, RARec, RETRIEVED};
pub use reply::{Piece, Reply, ShownItem, Turn};
pub use score::{Labelled, Understanding, understanding};
pub use session::{SessionInfo, Sessions};
pub use simulate::{SimulateOptions, Simulation, simulate};
pub use state::State;
pub use understand::{Constraints, Context, Feedback, Limit, Opinions, Preferences, Understander, Understood, key};
pub use vocabulary::Vocabulary;
