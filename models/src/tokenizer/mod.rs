//! Text to token ids and back.

/// What goes wrong in this module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {}

impl TokenizerError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match *self {}
    }
}
