//! What an index did: the fields of `docent index --json`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::recommend::{ColumnRole, Source};

/// What became of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IndexReport {
    /// The store's folder.
    pub store: PathBuf,
    /// Whether another one was there, and went.
    pub replaced: bool,
    /// The items.
    pub items: Indexed,
    /// The interactions.
    pub interactions: Facts,
    /// The users.
    pub users: Indexed,
    /// The facts.
    pub knowledge: Facts,
    /// What a language model read out of items: rows of the file that was read.
    pub features: Facts,
    /// The items' vectors; `None` if there are none.
    pub embeddings: Option<Embedded>,
    /// The linear model that the numbers of users and items have asked for; `None` without interactions.
    pub linear: Option<Source>,
    /// Components that the store had learned, and that had to go: its vectors come from another encoder now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<&'static str>,
    /// Databases of the store that was replaced, under their new names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<PathBuf>,
    /// What the columns of each table that was read are for.
    pub roles: BTreeMap<&'static str, Vec<ColumnRole>>,
}

/// Records that have ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Those in the store.
    pub total: usize,
    /// Those that were not there before.
    pub added: usize,
    /// Those whose id was there.
    pub replaced: usize,
}

/// Records that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Those in the store.
    pub total: usize,
    /// Those that were not there before.
    pub added: usize,
    /// Those that were there, or came twice.
    pub duplicates: usize,
    /// Those that were there, or came before, with another rating or review: the later one counts.
    pub replaced: usize,
    /// Those that were left out, since the catalogue lacks their item.
    pub skipped: usize,
}

/// Vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Embedded {
    /// Those that the encoder made.
    pub computed: usize,
    /// Those that were there.
    pub reused: usize,
    /// Elements of each.
    pub width: usize,
}

impl IndexReport {
    pub(super) fn new(store: &Path) -> Self {
        Self { store: store.to_owned(), ..Self::default() }
    }
}
