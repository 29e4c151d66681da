//! From a model reference to files on this machine.

/// What goes wrong in this module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {}

impl HubError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match *self {}
    }
}
