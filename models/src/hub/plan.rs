//! What a reference asks for: a repository, a revision, and which of its files.

use std::path::Path;

use super::error::HubError;
use super::fault::Sources;
use super::reference::{ModelReference, unknown_alias};
use super::registry::{self, Entry, Package, RegistryFile};
use super::select;

/// The branch that a reference without a revision means.
const MAIN: &str = "main";

/// What a reference leads to.
#[derive(Debug, Clone)]
pub(super) enum Target<'a> {
    /// Something on this machine.
    Path(&'a Path),
    /// Something on the Hub.
    Hub(Plan<'a>),
}

/// A reference to something on the Hub, looked up in the registry.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    /// The reference as its user wrote it.
    pub(super) name: String,
    /// `ORG/NAME`.
    pub(super) repo: &'a str,
    /// Branch, tag or commit.
    pub(super) revision: &'a str,
    /// The files that are asked for; `None`: those of the model in the repository, which the registry does not know.
    pub(super) files: Option<Vec<String>>,
    /// Whether one file was asked for by its name, and not a model.
    pub(super) is_file: bool,
    /// What the registry knows about the repository, unless the reference is pinned to a revision.
    pub(super) entries: Vec<&'static Entry>,
}

impl<'a> Target<'a> {
    /// What `reference` leads to; an alias is looked up in `entries`.
    pub(super) fn of(reference: &'a ModelReference, entries: &'static [Entry]) -> Result<Self, HubError> {
        let name = reference.to_string();
        match reference {
            ModelReference::Path(path) => Ok(Target::Path(path)),
            ModelReference::Alias(alias) => {
                let entry = registry::find(entries, alias).ok_or_else(|| unknown_alias(alias, entries))?;
                let files = entry.files.iter().map(|file| file.name.to_owned()).collect();
                let (repo, entries) = (entry.repo, vec![entry]);
                Ok(Target::Hub(Plan { name, repo, revision: MAIN, files: Some(files), is_file: false, entries }))
            }
            ModelReference::Hub { repo, revision, file } => {
                let is_known = |entry: &&Entry| revision.is_none() && entry.repo == repo;
                let entries: Vec<&Entry> = entries.iter().filter(is_known).collect();
                let files = match (file, &entries[..]) {
                    (Some(file), _) => Some(select::gguf_parts(file)),
                    (None, [entry]) => Some(entry.files.iter().map(|file| file.name.to_owned()).collect()),
                    (None, _) => None,
                };
                Ok(Target::Hub(Plan {
                    name,
                    repo,
                    revision: revision.as_deref().unwrap_or(MAIN),
                    files,
                    is_file: file.is_some(),
                    entries,
                }))
            }
        }
    }
}

impl Plan<'_> {
    /// What the registry knows about `file`.
    pub(super) fn registered(&self, file: &str) -> Option<&'static RegistryFile> {
        self.entries.iter().flat_map(|entry| entry.files).find(|known| known.name == file)
    }

    /// The entry whose Python package carries what is asked for.
    pub(super) fn package(&self) -> Option<(&'static Entry, &'static Package)> {
        let carries = |entry: &Entry| {
            let has = |file: &String| entry.files.iter().any(|known| known.name == file);
            self.files.as_ref().is_none_or(|files| files.iter().all(has))
        };
        self.entries.iter().find_map(|entry| Some((*entry, entry.package.as_ref().filter(|_| carries(entry))?)))
    }

    /// Where the files would come from.
    pub(super) fn sources(&self, endpoint: &str, mirror: bool) -> Sources {
        let location = super::client::Location { repo: self.repo, revision: self.revision };
        let weights = self.files.as_ref().and_then(|files| files.last());
        Sources {
            hub: location.url(endpoint, weights.map(String::as_str)),
            package: self.package().filter(|_| mirror).map(|(_, package)| package.to_string()),
        }
    }
}
