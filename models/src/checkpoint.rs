//! An opened model: its validated weights and the architecture that they belong to.
//!
//! Tensors are asked for by the names of the Hub's checkpoints; GGUF's own names are translated here.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    Result, bert,
    config::{ConfigError, Fields},
    layers::{Linear, Loader, MatrixSource, decoder::DecoderConfig, encoder::EncoderConfig},
    llama, mistral, names, qwen2, qwen3,
    weights::{Tensor, Weights},
};

/// The architectures that Docent runs, by their `model_type`.
pub const SUPPORTED: &[&str] =
    &[llama::MODEL_TYPE, mistral::MODEL_TYPE, qwen2::MODEL_TYPE, qwen3::MODEL_TYPE, bert::MODEL_TYPE];

/// What kind of model a checkpoint is, with its sizes.
#[derive(Clone, Debug)]
pub enum Architecture {
    /// A causal language model.
    Decoder(DecoderConfig),
    /// A bidirectional encoder.
    Encoder(EncoderConfig),
}

impl Architecture {
    /// The architecture's name.
    pub fn model_type(&self) -> &'static str {
        match self {
            Architecture::Decoder(config) => config.model_type,
            Architecture::Encoder(config) => config.model_type,
        }
    }

    /// Width of the hidden states.
    pub fn hidden(&self) -> usize {
        match self {
            Architecture::Decoder(config) => config.hidden,
            Architecture::Encoder(config) => config.hidden,
        }
    }

    /// Rows of the embedding table.
    pub fn vocab(&self) -> usize {
        match self {
            Architecture::Decoder(config) => config.vocab,
            Architecture::Encoder(config) => config.vocab,
        }
    }

    /// The largest number of positions.
    pub fn context(&self) -> usize {
        match self {
            Architecture::Decoder(config) => config.context,
            Architecture::Encoder(config) => config.context,
        }
    }

    /// Values in a row of logits: the vocabulary, or an encoder's labels.
    pub fn logits_width(&self) -> usize {
        match self {
            Architecture::Decoder(config) => config.vocab,
            Architecture::Encoder(config) => config.labels,
        }
    }
}

/// Weights on disk with their architecture.
#[derive(Debug)]
pub struct Checkpoint {
    weights: Weights,
    architecture: Architecture,
    folder: PathBuf,
    prefix: &'static str,
}

impl Checkpoint {
    /// Opens a weight file, or a folder that holds one, and reads which model it is.
    ///
    /// # Errors
    /// If a file is damaged, or its architecture is not supported.
    pub fn open(path: &Path) -> Result<Self> {
        let weights = Weights::open(path)?;
        let folder = match path.is_dir() {
            true => path.to_owned(),
            false => path.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let fields = Fields::open(&weights, &folder)?;
        let architecture = match fields.model_type()?.as_str() {
            llama::MODEL_TYPE => Architecture::Decoder(llama::config(&fields, &weights)?),
            mistral::MODEL_TYPE => Architecture::Decoder(mistral::config(&fields, &weights)?),
            qwen2::MODEL_TYPE => Architecture::Decoder(qwen2::config(&fields, &weights)?),
            qwen3::MODEL_TYPE => Architecture::Decoder(qwen3::config(&fields, &weights)?),
            bert::MODEL_TYPE => Architecture::Encoder(bert::config(&fields, &weights, &folder)?),
            other => {
                let path = fields.path().to_owned();
                return Err(ConfigError::Architecture { path, found: other.into(), supported: SUPPORTED }.into());
            }
        };
        let prefixed = weights.get(&format!("{}embeddings.word_embeddings.weight", bert::PREFIX)).is_some();
        let prefix = if prefixed { bert::PREFIX } else { "" };
        Ok(Self { weights, architecture, folder, prefix })
    }

    /// What the weights belong to.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The files' tensors and metadata.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Forgets the vocabulary that a GGUF file holds, once a tokenizer has been made of it, and gives its memory back.
    pub fn forget_vocabulary(&mut self) {
        self.weights.forget_lists();
        docent_kernels::give_back_freed();
    }

    /// An identity of the model, for keys of a cache: that of its weights, with the files beside them that say how they are
    /// computed with, what their tokens are and which of these end a text.
    ///
    /// # Errors
    /// If such a file cannot be read.
    pub fn hash(&self) -> Result<[u8; 32], ConfigError> {
        let tokenizer = ["tokenizer.json", "tokenizer_config.json", "generation_config.json"];
        let files: &[&str] = match self.weights.metadata() {
            None => &[&["config.json"][..], &tokenizer].concat(),
            // A GGUF file says all of it, unless a tokenizer lies beside it.
            Some(_) if self.folder.join(tokenizer[0]).exists() => &tokenizer,
            Some(_) => return Ok(self.weights.hash()),
        };
        let mut hasher = Sha256::new_with_prefix(self.weights.hash());
        for name in files {
            let path = self.folder.join(name);
            match std::fs::read(&path) {
                Ok(bytes) => hasher.update(Sha256::new_with_prefix(name).chain_update(bytes).finalize()),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(ConfigError::Read { path, source }),
            }
        }
        Ok(hasher.finalize().into())
    }

    /// Where the weights lie, with the files beside them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The matrix `name`.weight of shape (rows, cols).
    pub(crate) fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<MatrixSource> {
        let tensor = self.shaped(&format!("{name}.weight"), &[rows, cols])?;
        let halved = self.head_rows(name).map(|heads| pairs_to_halves(tensor.data(), rows, heads));
        Ok(MatrixSource { name: name.to_owned(), rows, cols, tensor, halved })
    }

    /// The vector `name` of `width` elements, in single precision.
    pub(crate) fn vector(&self, name: &str, width: usize) -> Result<Vec<f32>> {
        let values = self.shaped(name, &[width])?.to_f32();
        Ok(match name.strip_suffix(".bias").and_then(|module| self.head_rows(module)) {
            Some(heads) => pairs_to_halves(&values, width, heads),
            None => values,
        })
    }

    /// The matrix `name`.weight and, where there is one, its `name`.bias.
    pub(crate) fn linear<M, V>(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
        bias: bool,
        loader: &mut impl Loader<Matrix = M, Vector = V>,
    ) -> Result<Linear<M, V>> {
        let weight = loader.matrix(self.matrix(name, rows, cols)?)?;
        let bias = bias.then(|| loader.vector(self.vector(&format!("{name}.bias"), rows)?)).transpose()?;
        Ok(Linear { name: name.to_owned(), weight, bias })
    }

    /// The number of heads whose rows llama's GGUF files store as interleaved pairs in this projection.
    fn head_rows(&self, module: &str) -> Option<usize> {
        let Architecture::Decoder(config) = &self.architecture else { return None };
        let interleaved = self.weights.metadata().is_some() && config.model_type == llama::MODEL_TYPE;
        match module {
            _ if !interleaved => None,
            _ if module.ends_with("self_attn.q_proj") => Some(config.heads),
            _ if module.ends_with("self_attn.k_proj") => Some(config.kv_heads),
            _ => None,
        }
    }

    fn shaped(&self, name: &str, expected: &[usize]) -> Result<Tensor> {
        let name = match self.weights.metadata() {
            Some(_) => names::gguf(name),
            None if name.starts_with("classifier") => name.to_owned(),
            None => format!("{}{name}", self.prefix),
        };
        let tensor = self.weights.tensor(&name)?;
        if tensor.shape() != expected {
            let found = tensor.shape().to_vec();
            return Err(ConfigError::Shape { tensor: name, found, expected: expected.to_vec() }.into());
        }
        Ok(tensor)
    }
}

/// Reorders the rows of every head from pairs (0, 1), (2, 3), .. into two halves (0, 2, ..), (1, 3, ..).
fn pairs_to_halves<T: Copy>(values: &[T], rows: usize, heads: usize) -> Vec<T> {
    let row_len = values.len() / rows;
    let head_dim = rows / heads;
    let mut out = Vec::with_capacity(values.len());
    for row in 0..rows {
        let (head, in_head) = (row / head_dim, row % head_dim);
        let (half, pair) = (in_head / (head_dim / 2), in_head % (head_dim / 2));
        let from = (head * head_dim + 2 * pair + half) * row_len;
        out.extend_from_slice(&values[from..from + row_len]);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::{Checkpoint, pairs_to_halves};

    /// A tiny model in a folder of its own.
    fn copy_of(tiny: &str) -> tempfile::TempDir {
        let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/tiny").join(tiny);
        let folder = tempfile::tempdir().unwrap();
        for from in [tiny.clone(), tiny.join("1_Pooling")].iter().filter(|from| from.exists()) {
            let to = folder.path().join(from.strip_prefix(&tiny).unwrap());
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        folder
    }

    #[test]
    fn configurations_that_the_code_does_not_follow_are_refused() {
        let (config, pooling) = ("config.json", "1_Pooling/config.json");
        let cases = [
            (
                "qwen3",
                config,
                "/head_dim",
                json!(1u64 << 31),
                "`head_dim` is 2147483648, expected an even number up to 16384",
            ),
            ("llama-plain", config, "/hidden_act", json!("relu"), "`hidden_act` is relu, expected `silu`"),
            (
                "bert-mean",
                "modules.json",
                "/1/type",
                json!("sentence_transformers.models.Dense"),
                "`type` is sentence_transformers.models.Dense, expected `Transformer`, `Pooling` or `Normalize`",
            ),
            (
                "bert-mean",
                pooling,
                "/pooling_mode_max_tokens",
                json!(true),
                "`pooling_mode` is max_tokens, mean_tokens, expected one of `cls_token`, `mean_tokens` and `lasttoken`",
            ),
        ];
        for (tiny, file, field, value, expected) in cases {
            let folder = copy_of(tiny);
            let path = folder.path().join(file);
            let mut json = crate::config::read_json(&path).unwrap();
            *json.pointer_mut(field).unwrap() = value;
            fs::write(&path, json.to_string()).unwrap();
            let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
            assert_eq!(error, format!("`{}`: {expected}", path.display()));
        }
    }

    #[test]
    fn the_hash_covers_the_files_that_decide_what_weights_compute() {
        let folder = copy_of("llama-plain");
        let hash = || Checkpoint::open(folder.path()).unwrap().hash().unwrap();
        let mut known = vec![hash()];
        for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
            let path = folder.path().join(name);
            let text = fs::read_to_string(&path).unwrap_or_default();
            fs::write(path, text + "\n").unwrap();
            known.push(hash());
        }
        fs::write(folder.path().join("README.md"), "any").unwrap();
        let last = hash();
        assert_eq!(Some(&last), known.last(), "a file that nobody reads");
        known.sort();
        known.dedup();
        assert_eq!(known.len(), 5, "each of the files counts");
    }

    #[test]
    fn pairs_become_halves_within_each_head() {
        let rows = [0, 0, 1, 1, 2, 2, 3, 3, 10, 10, 11, 11, 12, 12, 13, 13];
        assert_eq!(pairs_to_halves(&rows, 8, 2), [0, 0, 2, 2, 1, 1, 3, 3, 10, 10, 12, 12, 11, 11, 13, 13]);
    }
}
