//! Chat templates, run in a sandbox with fuel.

/// What goes wrong in this module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {}

impl TemplateError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match *self {}
    }
}
