//! The error of this layer.

use std::path::PathBuf;

use super::{
    DatabaseFault, Kind, Role, TableError,
    align::ALIGNMENT,
    catalogue::GENRES,
    counted,
    filter::FilterError,
    hybrid::{HYBRID, RERANK},
    store::StoreError,
};
use crate::engine;

/// What can go wrong between files of items and explained recommendations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that the user brings does not hold what it should.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A filter does not parse.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A role of a column is none.
    #[error("`{role}` is no role for column `{column}`")]
    UnknownRole {
        /// The column.
        column: String,
        /// What was given.
        role: String,
    },
    /// A column is named without a role.
    #[error("no role for column `{column}`")]
    NoRole {
        /// The column.
        column: String,
    },
    /// An attribute would become one of another kind.
    #[error("attribute `{column}` is {stored} in the store, and cannot be {said}")]
    KindChange {
        /// The attribute.
        column: String,
        /// What it is.
        stored: Kind,
        /// What it was said to be.
        said: Kind,
    },
    /// There is nothing to recommend.
    #[error("a store cannot be made without items")]
    NoItems,
    /// The caller wanted no more of it.
    #[error("interrupted")]
    Interrupted,
    /// No table has a column that a role was given to, or none that knows the role.
    #[error("no table has a column `{column}` that can be `{role}`")]
    UnusedRole {
        /// The column.
        column: String,
        /// The role.
        role: Role,
    },
    /// A file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A database of a store cannot be used.
    #[error("the database `{}` cannot be used", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: DatabaseFault,
    },
    /// A session is with somebody else.
    #[error("session `{session}` is with {}, not with `{said}`", stored.as_ref().map_or("nobody of the store".to_owned(), |user| format!("`{user}`")))]
    SessionUser {
        /// The session.
        session: String,
        /// Whom it is with.
        stored: Option<String>,
        /// Who was named.
        said: String,
    },
    /// Nobody has this id.
    #[error("there is no user `{id}` among {}", counted(*users, "user", "users"))]
    UnknownUser {
        /// The id.
        id: String,
        /// How many users there are.
        users: usize,
        /// Some ids that would do.
        examples: Vec<String>,
    },
    /// Vectors and catalogue do not belong together.
    #[error("{} for {}", counted(*vectors, "vector", "vectors"), counted(*items, "item", "items"))]
    VectorCount {
        /// Vectors that there are.
        vectors: usize,
        /// Items that there are.
        items: usize,
    },
    /// There is no item with this id.
    #[error("there is no item `{id}` among {}", counted(*items, "item", "items"))]
    NoSuchItem {
        /// The id.
        id: String,
        /// How many items there are.
        items: usize,
        /// Some ids that would do.
        examples: Vec<String>,
    },
    /// Items or users have no such attribute.
    #[error("there is no attribute `{column}` of the {of}")]
    NoSuchAttribute {
        /// What was named.
        column: String,
        /// Whose: `items` or `users`.
        of: &'static str,
        /// Those that they have.
        known: Vec<String>,
    },
    /// An attribute has no such group.
    #[error("attribute `{attribute}` has no group `{group}`")]
    NoSuchGroup {
        /// The attribute.
        attribute: String,
        /// What was named.
        group: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A remark says nothing, or too much.
    #[error("a remark has {length} characters, and may have 1 to {most}")]
    Remark {
        /// How long it is.
        length: usize,
        /// How long it may be.
        most: usize,
    },
    /// A prompt has more tokens than it may have.
    #[error("the prompt has {needed} tokens without any description, and may have {budget}")]
    Budget {
        /// Tokens that it may have.
        budget: usize,
        /// Tokens that it has.
        needed: usize,
    },
    /// A system is talked to that was made without a conversation.
    #[error("the system cannot talk: it has no conversation")]
    NoConversation,
    /// A description of the system makes no sense.
    #[error("the system cannot be made: {what}")]
    Config {
        /// What is wrong with it.
        what: String,
    },
    /// There is too little to learn from.
    #[error("{} enough interactions to learn from, and {needed} are needed", counted(*users, "user has", "users have"))]
    TooFewInteractions {
        /// Users with at least two interactions.
        users: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Nobody has enough interactions to be tested.
    #[error("no user has the {needed} interactions that a test needs")]
    NothingToEvaluate {
        /// How many are needed.
        needed: usize,
    },
    /// A split in time needs to know when.
    #[error("no interaction has a timestamp, and a temporal split needs them")]
    NoTimestamps,
    /// A method needs a language model.
    #[error("no language model is given to score with")]
    NoLanguageModel,
    /// A method needs the items' vectors.
    #[error("`{method}` needs vectors of the items")]
    NoVectors {
        /// The method.
        method: &'static str,
    },
    /// Vectors of a store that is added to would go, since some items have none and no encoder makes them.
    #[error("{missing} of {} would have no vector, and without these the others are of no use", counted(*items, "item", "items"))]
    LostVectors {
        /// Items that have none.
        missing: usize,
        /// Items that there are.
        items: usize,
    },
    /// Something goes by the items' categories.
    #[error("{what} goes by the items' categories, and they have none")]
    NoCategories {
        /// What does.
        what: &'static str,
    },
    /// There are too many users and items for a dense model.
    #[error("{users} users and {items} items: the smaller number exceeds {most}, the most that a dense model takes")]
    TooLarge {
        /// Users that there are.
        users: usize,
        /// Items that there are.
        items: usize,
        /// The most of the smaller number.
        most: usize,
    },
    /// A ridge penalty does not do its work.
    #[error("a penalty of {penalty} leaves the matrix without an inverse")]
    Penalty {
        /// The penalty.
        penalty: f64,
    },
    /// A file of tensors is damaged.
    #[error("the tensors cannot be read")]
    Tensors {
        /// What the reader said.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is not what it should be.
    #[error("tensor `{name}` {fault}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A store holds no alignment.
    #[error("there is no alignment for A-LLMRec")]
    NoAlignment,
    /// An encoder is not the one that a store's vectors come from.
    #[error("the store's vectors come from the encoder `{stored}`, not from `{named}`")]
    OtherEncoder {
        /// As it was named.
        named: String,
        /// As the store's was named.
        stored: String,
    },
    /// An alignment does not fit the store's vectors.
    #[error("the alignment was trained on vectors of {trained} elements, and the store's have {width}")]
    OtherVectors {
        /// Elements of those that it was trained on.
        trained: usize,
        /// Elements of the store's.
        width: usize,
    },
    /// An alignment was trained for another language model.
    #[error("the alignment was trained for another language model")]
    OtherModel,
    /// A language model's answer is not what its constraint describes.
    #[error("the answer `{text}` is no structured features")]
    Features {
        /// The answer.
        text: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A prompt's template does not parse, or fails.
    #[error("the template `{name}` fails")]
    Template {
        /// Its name or file.
        name: String,
        /// What is wrong, and where.
        source: Box<minijinja::Error>,
    },
    /// A prompt's template lacks a block.
    #[error("the template `{name}` has no block `{block}`")]
    TemplateBlock {
        /// Its name or file.
        name: String,
        /// What it lacks.
        block: &'static str,
    },
    /// What was learned cannot be read.
    #[error("what was learned cannot be read")]
    Learned {
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A computation of the hybrid model failed.
    #[error("the hybrid model failed")]
    Hybrid(#[from] candle_core::Error),
    /// A model failed.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl Error {
    /// Nobody has this id; these are the ids that there are.
    pub(super) fn unknown_user<'a>(id: &str, ids: impl Iterator<Item = &'a str> + Clone) -> Self {
        let examples = ids.clone().take(3).map(str::to_owned).collect();
        Error::UnknownUser { id: id.to_owned(), users: ids.count(), examples }
    }

    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Table(error) => return error.fault.hint(),
            Error::Store(error) => match (error.damaged_component(), error.path.parent()) {
                // What was learned is learned again from the rest of the store.
                (Some(HYBRID | RERANK), Some(store)) => {
                    format!("learn it anew: `docent train hybrid {}`", store.display())
                }
                (Some(ALIGNMENT), Some(store)) => {
                    format!("learn it anew: `docent train align {} --anew`", store.display())
                }
                _ => return error.hint(),
            },
            Error::Filter(error) => return error.fault.hint(),
            Error::UnknownRole { .. } | Error::NoRole { .. } => {
                let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
                format!("write `COLUMN=ROLE`; the roles are {}", names.join(", "))
            }
            Error::KindChange { .. } => "make the store anew, with `--replace` instead of `--append`, to change what a column is".into(),
            Error::NoItems => "name a file of items with `--items`".into(),
            Error::UnusedRole { .. } => {
                "check the column's name; a role is for some tables only, as `rating` is".into()
            }
            Error::UnknownUser { examples, .. } | Error::NoSuchItem { examples, .. } if !examples.is_empty() => {
                let examples: Vec<String> = examples.iter().map(|id| format!("`{id}`")).collect();
                format!("there are {}", examples.join(", "))
            }
            Error::UnknownUser { .. } => {
                "the store has no interactions: add some with `docent index STORE --append --interactions FILE`".into()
            }
            Error::TooFewInteractions { .. } => {
                "add interactions with `docent index STORE --append`: users count who have two or more; until then, lists are \
                 ranked by retrieval alone"
                    .into()
            }
            Error::NothingToEvaluate { .. } => "bring more interactions, test fewer of each user, or split in another way".into(),
            Error::NoSuchAttribute { known, of, .. } if known.is_empty() => format!("the store's {of} have no attributes"),
            Error::NoSuchAttribute { known, .. } | Error::NoSuchGroup { known, .. } => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                format!("there are {}", known.join(", "))
            }
            Error::Config { .. } => "correct the table `[system]` of the configuration file".into(),
            Error::LostVectors { .. } => "leave `--no-embeddings` out, so that they get vectors: those that are there are kept; \
                 or make the store anew without any, with `--replace` instead of `--append`"
                .into(),
            Error::NoCategories { .. } => format!(
                "name the column of their categories `{GENRES}`, or say which one it is with `docent index --role COLUMN={GENRES}`"
            ),
            Error::NoTimestamps => "bring interactions with a column `timestamp`, or split in another way".into(),
            Error::Budget { .. } => "take a larger budget, or a shorter template".into(),
            Error::Tensors { .. } | Error::Tensor { .. } | Error::Learned { .. } => {
                "learn anew with `docent train hybrid`".into()
            }
            Error::NoAlignment | Error::OtherVectors { .. } | Error::OtherModel => {
                "train one with `docent train align`".into()
            }
            Error::OtherEncoder { stored, .. } => {
                format!("name the store's with `--encoder {stored}`, or make the store anew with another")
            }
            Error::Template { .. } | Error::TemplateBlock { .. } => {
                "a template is Jinja with a block `user`, and may have `system` and `analysis`; it sees `user`, `query`, `items`, \
                 `examples`, `count` and `analysis`"
                    .into()
            }
            Error::Database { fault, .. } => fault.hint().into(),
            Error::SessionUser { .. } => "name another session with `--session`, or leave `--user` out".into(),
            Error::Penalty { .. } => "take a larger penalty".into(),
            Error::Engine(error) => return error.hint(),
            _ => return None,
        })
    }
}

/// The result of this layer's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;
