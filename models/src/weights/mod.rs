//! Weight files, memory-mapped and validated before use.
//!
//! [`Weights::open`] reads the headers of a model's files and checks every count, size, offset and name against the
//! files' true lengths, in time and memory bounded by those lengths and by fixed limits. What it returns is sound:
//! each [`Tensor`] has the shape, format and bytes that it says. The values themselves are not looked at.

mod entry;
mod error;
mod fault;
pub mod gguf;
mod locate;
mod part;
mod safetensors;
mod tensor;

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

pub use entry::StoredType;
pub use error::{Field, WeightError};
pub use fault::Fault;
pub use tensor::Tensor;

use docent_kernels::Format;

use crate::mmap::Mapping;
use entry::{Entry, Stored};
use locate::{Source, locate};
use part::{Part, open_file};

/// An opened model: one or more memory-mapped files, every tensor validated.
pub struct Weights {
    files: Vec<PathBuf>,
    /// The header of each file, for the hash.
    headers: Vec<(Arc<Mapping>, usize)>,
    tensors: BTreeMap<Arc<str>, Slot>,
    metadata: Option<gguf::Metadata>,
}

/// A tensor by its name, in the file of this position.
enum Slot {
    Usable(Tensor, usize),
    Unsupported(StoredType, usize),
}

impl Slot {
    fn file(&self) -> usize {
        match self {
            Slot::Usable(_, file) | Slot::Unsupported(_, file) => *file,
        }
    }
}

impl Weights {
    /// Opens the model at `path`: a GGUF file (any file of a split set `NAME-00001-of-00003.gguf` opens all of it), a
    /// safetensors file, a `model.safetensors.index.json`, or a folder that holds `model.safetensors`, that index, or
    /// exactly one GGUF model.
    ///
    /// Files are told apart by their content. Tensors stored in a way that Docent does not compute with do not fail
    /// the file; [`tensor`](Self::tensor) reports them.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the files, except the values of the weights.
    pub fn open(path: &Path) -> Result<Weights, WeightError> {
        match locate(path)? {
            Source::File(file) => open_file(&file).and_then(|(parts, metadata)| Self::assemble(parts, metadata)),
            Source::Index(index) => Self::assemble(safetensors::open_index(&index)?, None),
        }
    }

    fn assemble(parts: Vec<Part>, metadata: Option<gguf::Metadata>) -> Result<Weights, WeightError> {
        let files = parts.iter().map(|part| part.path.clone()).collect();
        let mut weights = Weights { files, headers: Vec::new(), tensors: BTreeMap::new(), metadata };
        for (file, part) in parts.into_iter().enumerate() {
            for entry in part.entries {
                weights.insert(file, &part.map, entry)?;
            }
            weights.headers.push((part.map, part.header));
        }
        Ok(weights)
    }

    fn insert(&mut self, file: usize, map: &Arc<Mapping>, entry: Entry) -> Result<(), WeightError> {
        let name: Arc<str> = entry.name.into();
        match self.tensors.entry(Arc::clone(&name)) {
            btree_map::Entry::Vacant(vacant) => vacant.insert(match entry.stored {
                Stored::Known(format) => {
                    Slot::Usable(Tensor::new(name, format, &entry.shape, Arc::clone(map), entry.range), file)
                }
                Stored::Other(stored) => Slot::Unsupported(stored, file),
            }),
            btree_map::Entry::Occupied(other) => {
                let fault = Fault::InBoth { other: self.files[other.get().file()].clone() };
                return Err(fault.at(&self.files[file], Field::tensor(&name, "name")));
            }
        };
        Ok(())
    }

    /// The tensor `name`, or `None` if the model lacks it or stores it in a way that is not supported.
    pub fn get(&self, name: &str) -> Option<Tensor> {
        match self.tensors.get(name)? {
            Slot::Usable(tensor, _) => Some(tensor.clone()),
            Slot::Unsupported(..) => None,
        }
    }

    /// The tensor `name`.
    ///
    /// # Errors
    ///
    /// [`WeightError::MissingTensor`] with the nearest name, [`WeightError::UnsupportedType`].
    pub fn tensor(&self, name: &str) -> Result<Tensor, WeightError> {
        match self.tensors.get(name) {
            Some(Slot::Usable(tensor, _)) => Ok(tensor.clone()),
            Some(Slot::Unsupported(stored, file)) => Err(WeightError::UnsupportedType {
                name: name.to_owned(),
                path: self.files[*file].clone(),
                stored: stored.clone(),
            }),
            None => Err(WeightError::MissingTensor {
                name: name.to_owned(),
                path: self.files.first().cloned().unwrap_or_default(),
                nearest: self.nearest(name),
            }),
        }
    }

    fn nearest(&self, name: &str) -> Option<String> {
        /// Enough for any real model; keeps the search short in a hostile one.
        const CANDIDATES: usize = 4096;
        let distances = self.names().take(CANDIDATES).map(|other| (strsim::levenshtein(name, other), other));
        let (distance, nearest) = distances.min()?;
        (distance <= 3.max(name.len() / 3)).then(|| nearest.to_owned())
    }

    /// The names that [`get`](Self::get) finds, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.usable().map(Tensor::name)
    }

    /// The tensors that are stored in a way that is not supported, sorted by name.
    pub fn unsupported(&self) -> impl Iterator<Item = (&str, &StoredType)> {
        self.tensors.iter().filter_map(|(name, slot)| match slot {
            Slot::Usable(..) => None,
            Slot::Unsupported(stored, _) => Some((&**name, stored)),
        })
    }

    fn usable(&self) -> impl Iterator<Item = &Tensor> {
        self.tensors.values().filter_map(|slot| match slot {
            Slot::Usable(tensor, _) => Some(tensor),
            Slot::Unsupported(..) => None,
        })
    }

    /// Forgets the lists of the metadata, for their memory.
    pub(crate) fn forget_lists(&mut self) {
        if let Some(metadata) = &mut self.metadata {
            metadata.forget_lists();
        }
    }

    /// The metadata of a GGUF model (of a split one: its first file's); `None` for safetensors.
    pub fn metadata(&self) -> Option<&gguf::Metadata> {
        self.metadata.as_ref()
    }

    /// Bytes of all usable tensors together.
    pub fn bytes(&self) -> u64 {
        self.usable().map(|tensor| tensor.data().len() as u64).sum()
    }

    /// The format that most elements of matrices are stored in.
    pub fn main_format(&self) -> Option<Format> {
        let mut elements = BTreeMap::<Format, usize>::new();
        for tensor in self.usable().filter(|tensor| tensor.shape().len() == 2) {
            *elements.entry(tensor.format()).or_default() += tensor.elements();
        }
        elements.into_iter().max_by_key(|(_, elements)| *elements).map(|(format, _)| format)
    }

    /// The files that the tensors are in: shards in order, an index not among them.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// An identity of the model that is cheap to compute: SHA-256 over each file's length and header (names, shapes,
    /// formats, offsets and metadata) and over the first and last 4 KiB of each tensor.
    ///
    /// It tells models apart, as keys of a cache need it, wherever their files lie. It is no check of integrity: a
    /// change inside a tensor goes unnoticed.
    pub fn hash(&self) -> [u8; 32] {
        const ENDS: usize = 4096;
        let mut hasher = Sha256::new();
        for (map, header) in &self.headers {
            hasher.update((map.len() as u64).to_le_bytes());
            hasher.update((*header as u64).to_le_bytes());
            hasher.update(&map[..*header]);
        }
        for tensor in self.usable() {
            let data = tensor.data();
            hasher.update(&data[..data.len().min(ENDS)]);
            hasher.update(&data[data.len().saturating_sub(ENDS)..]);
        }
        hasher.finalize().into()
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights").field("files", &self.files).field("tensors", &self.tensors.len()).finish()
    }
}
