//! What can be wrong with weight files: the fact, where it was found, and what may help.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use docent_kernels::Format;

use super::{
    entry::StoredType,
    fault::{DAMAGED, Fault, INCOMPLETE},
};

/// What goes wrong when weights are opened or asked for.
///
/// Damage inside a file is [`Invalid`](WeightError::Invalid): the path, the field, and the fault with the values found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// The system refused to open, read or map a file or folder.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The first bytes are those of no weight file that Docent reads.
    #[error("`{}` is neither a GGUF nor a safetensors file: it {}", path.display(), Start(start))]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// Its first bytes, at most [`START_BYTES`](Self::START_BYTES).
        start: Vec<u8>,
    },
    /// A folder that holds no weights under a known name.
    #[error("no `model.safetensors`, `model.safetensors.index.json` or `*.gguf` in `{}`", folder.display())]
    NoWeights {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder that holds several GGUF models.
    #[error("`{}` holds {} GGUF models: {}", folder.display(), models.len(), models.join(", "))]
    SeveralModels {
        /// The folder.
        folder: PathBuf,
        /// The file name of each model (of a split one: its first shard present), sorted.
        models: Vec<String>,
    },
    /// A field of a file holds something that it must not hold.
    #[error("`{}`: {field}: {fault}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        field: Box<Field>,
        /// What is wrong with it.
        fault: Box<Fault>,
    },
    /// A JSON header or index does not parse.
    #[error("`{}`: {part}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Which part of the file is JSON.
        part: &'static str,
        /// Line, column and what was expected there.
        source: serde_json::Error,
    },
    /// One file of a model in several files is not there.
    #[error("shard `{}` is missing, which `{}` belongs with or names", path.display(), named_by.display())]
    MissingShard {
        /// The file that is missing.
        path: PathBuf,
        /// The shard or index that says that it must be there.
        named_by: PathBuf,
    },
    /// The model has no tensor of this name.
    #[error("no tensor `{name}` in `{}`", path.display())]
    MissingTensor {
        /// The name asked for.
        name: String,
        /// The model's first file.
        path: PathBuf,
        /// The most similar name that the model has.
        nearest: Option<String>,
    },
    /// The tensor is there, in a format that Docent does not compute with.
    #[error("`{}`: tensor `{name}` is stored as {stored}", path.display())]
    UnsupportedType {
        /// The tensor.
        name: String,
        /// The file that holds it.
        path: PathBuf,
        /// How it is stored.
        stored: StoredType,
    },
    /// The metadata lacks a key.
    #[error("`{}`: metadata key `{key}` is missing", path.display())]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The key asked for.
        key: String,
    },
    /// The metadata holds a value of another type under this key, or one that does not fit.
    #[error("`{}`: metadata key `{key}` is {found}, wanted {wanted}", path.display())]
    KeyType {
        /// The file.
        path: PathBuf,
        /// The key asked for.
        key: String,
        /// The type asked for.
        wanted: &'static str,
        /// The type, and for numbers the value, that the file holds.
        found: String,
    },
}

impl WeightError {
    /// How many of a file's first bytes [`UnknownKind`](Self::UnknownKind) carries.
    pub const START_BYTES: usize = 16;

    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } | Self::MissingKey { .. } | Self::KeyType { .. } => None,
            Self::UnknownKind { start, .. } => Some(hint_for_start(start).into()),
            Self::NoWeights { .. } => {
                Some("name the weight file itself, or fetch a model with `docent models pull`".into())
            }
            Self::SeveralModels { .. } => Some("name one of the files instead of the folder".into()),
            Self::Invalid { fault, .. } => Some(fault.hint().into()),
            Self::Json { .. } => Some(DAMAGED.into()),
            Self::MissingShard { .. } => {
                Some("put all files of the model into one folder; `docent models pull` fetches them together".into())
            }
            Self::MissingTensor { nearest, .. } => nearest.as_ref().map(|n| format!("the nearest name is `{n}`")),
            Self::UnsupportedType { .. } => {
                let names = Format::ALL.map(Format::name).join(", ");
                Some(format!("take a file of the model in one of {names}"))
            }
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn unknown_kind(path: &Path, bytes: &[u8]) -> Self {
        Self::UnknownKind { path: path.to_owned(), start: bytes[..bytes.len().min(Self::START_BYTES)].to_vec() }
    }
}

fn hint_for_start(start: &[u8]) -> &'static str {
    if start.starts_with(b"version https://") {
        "this is a Git LFS pointer: fetch the file that it stands for"
    } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\x80\x02") {
        "this looks like a PyTorch checkpoint: take the model's `.safetensors` or `.gguf` file"
    } else if start.starts_with(b"<") {
        "this looks like a web page: the download may have failed"
    } else {
        INCOMPLETE
    }
}

/// The first bytes of a file as a clause: `starts with "PK\x03\x04"`.
struct Start<'a>(&'a [u8]);

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("is empty");
        }
        write!(f, "starts with \"{}\"", self.0.escape_ascii())
    }
}

/// Where in a weight file something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// A field of the file's header.
    Header(&'static str),
    /// A part of the metadata entry at this position, whose key is not known yet.
    MetadataAt {
        /// Position in the file, from 0.
        index: usize,
        /// Which part of the entry.
        part: &'static str,
    },
    /// A part of the metadata entry of this key.
    Metadata {
        /// The key.
        key: String,
        /// Which part of the entry.
        part: &'static str,
    },
    /// An element of the array under this key.
    Element {
        /// The key.
        key: String,
        /// Position in the (outermost) array, from 0.
        index: usize,
    },
    /// A part of the tensor at this position, whose name is not known or not fit to be shown.
    TensorAt {
        /// Position in the file, from 0.
        index: usize,
        /// Which part of the tensor's description.
        part: &'static str,
    },
    /// A part of this tensor's description.
    Tensor {
        /// The tensor.
        name: String,
        /// Which part of its description.
        part: &'static str,
    },
    /// An entry of the weight map of a safetensors index.
    WeightMap {
        /// The tensor.
        name: String,
    },
}

impl Field {
    pub(super) fn tensor(name: &str, part: &'static str) -> Self {
        Self::Tensor { name: name.to_owned(), part }
    }

    pub(super) fn metadata(key: &str, part: &'static str) -> Self {
        Self::Metadata { key: key.to_owned(), part }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(part) => f.write_str(part),
            Self::MetadataAt { index, part } => write!(f, "metadata entry {index}: {part}"),
            Self::Metadata { key, part } => write!(f, "metadata {key:?}: {part}"),
            Self::Element { key, index } => write!(f, "metadata {key:?}: element {index}"),
            Self::TensorAt { index, part } => write!(f, "tensor {index}: {part}"),
            Self::Tensor { name, part } => write!(f, "tensor {name:?}: {part}"),
            Self::WeightMap { name } => write!(f, "weight_map {name:?}"),
        }
    }
}
