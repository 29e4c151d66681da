//! GGUF metadata for tests: out of a file, then damaged, and read back through a file.

use std::collections::BTreeMap;
use std::path::Path;

use docent_models::tokenizer::{Tokenizer, TokenizerError};
use docent_models::weights::Weights;
use docent_models::weights::gguf::{Array, Value};

/// Entries of a GGUF file.
#[derive(Clone, Debug)]
pub(crate) struct Metadata(pub(crate) BTreeMap<String, Value>);

impl Metadata {
    /// The `tokenizer.*` entries of a file.
    pub(crate) fn read(path: &Path) -> Self {
        let weights = Weights::open(path).unwrap();
        let entries = weights.metadata().unwrap().iter().filter(|(key, _)| key.starts_with("tokenizer."));
        Metadata(entries.map(|(key, value)| (key.to_owned(), value.clone())).collect())
    }

    /// What a file with these entries gives.
    pub(crate) fn tokenizer(&self) -> Result<Tokenizer, TokenizerError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.gguf");
        std::fs::write(&path, self.to_file()).unwrap();
        Tokenizer::from_gguf(Weights::open(&path).unwrap().metadata().unwrap())
    }

    /// Version 3, no tensors.
    fn to_file(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(0u64.to_le_bytes());
        file.extend((self.0.len() as u64).to_le_bytes());
        for (key, value) in &self.0 {
            text(&mut file, key);
            entry(&mut file, value);
        }
        file
    }
}

fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn entry(file: &mut Vec<u8>, value: &Value) {
    let array = |file: &mut Vec<u8>, kind: u32, len: usize| {
        file.extend([9, kind].into_iter().flat_map(u32::to_le_bytes));
        file.extend((len as u64).to_le_bytes());
    };
    match value {
        Value::U32(id) => file.extend([4, *id].into_iter().flat_map(u32::to_le_bytes)),
        Value::Bool(flag) => file.extend(7u32.to_le_bytes().into_iter().chain([u8::from(*flag)])),
        Value::String(value) => {
            file.extend(8u32.to_le_bytes());
            text(file, value);
        }
        Value::Array(Array::String(values)) => {
            array(file, 8, values.len());
            values.iter().for_each(|value| text(file, value));
        }
        Value::Array(Array::F32(values)) => {
            array(file, 6, values.len());
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Value::Array(Array::I32(values)) => {
            array(file, 5, values.len());
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        other => panic!("{other:?} is in no tokenizer"),
    }
}
