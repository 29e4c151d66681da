//! Weight files, memory-mapped and validated before use.

/// What goes wrong in this module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {}

impl WeightError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match *self {}
    }
}
