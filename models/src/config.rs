//! A model's configuration, read by name from `config.json` or from GGUF metadata.
//!
//! Every field has two names, one in each kind of file; a model file states both once.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    Result,
    layers::rope::RopeScaling,
    weights::{Weights, gguf},
};

/// What is wrong with a model's configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no JSON.
    #[error("`{}` is not valid JSON", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// No file says what the weights are.
    #[error("no `config.json` beside the weights in `{}`", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// A field that the architecture needs is not there.
    #[error("`{}`: `{field}` is missing", path.display())]
    MissingField {
        /// The file.
        path: PathBuf,
        /// The field's name in it.
        field: String,
    },
    /// A field's value makes no sense.
    #[error("`{}`: `{field}` is {found}, expected {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field's name in it.
        field: String,
        /// Its value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// An architecture that is not built in.
    #[error("architecture `{found}` in `{}` is not supported", path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// Its name.
        found: String,
        /// Those that are.
        supported: &'static [&'static str],
    },
    /// A tensor's shape contradicts the configuration.
    #[error("tensor `{tensor}` has shape {found:?}, but the configuration says {expected:?}")]
    Shape {
        /// The tensor's name in the file.
        tensor: String,
        /// Its shape, outermost dimension first.
        found: Vec<usize>,
        /// What the configuration calls for.
        expected: Vec<usize>,
    },
}

impl ConfigError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::Architecture { supported, .. } => Some(format!("supported are: {}", supported.join(", "))),
            ConfigError::Missing { .. } => Some("safetensors need the `config.json` of their model beside them".into()),
            _ => None,
        }
    }
}

/// The fields of one model's configuration.
pub(crate) struct Fields<'a> {
    path: PathBuf,
    source: Source<'a>,
}

enum Source<'a> {
    Json(Value),
    Gguf { prefix: String, metadata: &'a gguf::Metadata },
}

/// A field's name in `config.json` and, below the architecture's prefix, in GGUF metadata.
#[derive(Clone, Copy)]
pub(crate) struct Name(pub(crate) &'static str, pub(crate) &'static str);

impl<'a> Fields<'a> {
    /// The configuration of the model at `path`, whose weights are `weights`.
    pub(crate) fn open(weights: &'a Weights, folder: &Path) -> Result<Self, ConfigError> {
        let Some(metadata) = weights.metadata() else {
            let path = folder.join("config.json");
            if !path.exists() {
                return Err(ConfigError::Missing { path: folder.to_owned() });
            }
            return Ok(Self { source: Source::Json(read_json(&path)?), path });
        };
        let path = weights.files().first().cloned().unwrap_or_default();
        let mut fields = Self { path, source: Source::Gguf { prefix: "general".into(), metadata } };
        let prefix = fields.text(Name("", "architecture")).unwrap_or_default();
        fields.source = Source::Gguf { prefix, metadata };
        Ok(fields)
    }

    /// The architecture's name: `model_type`, or `general.architecture`.
    pub(crate) fn model_type(&self) -> Result<String, ConfigError> {
        match &self.source {
            Source::Json(_) => self.text(Name("model_type", "")).ok_or_else(|| self.missing("model_type".into())),
            Source::Gguf { prefix, .. } if prefix.is_empty() => Err(self.missing("general.architecture".into())),
            Source::Gguf { prefix, .. } => Ok(prefix.clone()),
        }
    }

    pub(crate) fn is_gguf(&self) -> bool {
        matches!(self.source, Source::Gguf { .. })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A positive whole number that must be there.
    pub(crate) fn count(&self, name: Name) -> Result<usize, ConfigError> {
        self.optional_count(name)?.ok_or_else(|| self.missing(self.key(name)))
    }

    /// A positive whole number, if it is there.
    pub(crate) fn optional_count(&self, name: Name) -> Result<Option<usize>, ConfigError> {
        const EXPECTED: &str = "a whole number from 1 to 2^31";
        self.typed(name, EXPECTED, |value| {
            let count = value.as_u64()?;
            (1..=1 << 31).contains(&count).then_some(count as usize)
        })
    }

    /// A finite positive number, if it is there.
    pub(crate) fn optional_number(&self, name: Name) -> Result<Option<f32>, ConfigError> {
        self.typed(name, "a positive number", |value| {
            let number = value.as_f64()? as f32;
            (number.is_finite() && number > 0.0).then_some(number)
        })
    }

    pub(crate) fn number(&self, name: Name) -> Result<f32, ConfigError> {
        self.optional_number(name)?.ok_or_else(|| self.missing(self.key(name)))
    }

    /// A switch; off where it is missing.
    pub(crate) fn flag(&self, name: Name) -> Result<bool, ConfigError> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(crate) fn text(&self, name: Name) -> Option<String> {
        self.value(name).and_then(|v| v.as_str().map(str::to_owned))
    }

    /// A list of strings; empty where it is missing.
    pub(crate) fn texts(&self, name: Name) -> Vec<String> {
        let strings = |v: Value| serde_json::from_value(v).unwrap_or_default();
        self.value(name).map(strings).unwrap_or_default()
    }

    /// The number of entries of an object or list, 0 where it is missing.
    pub(crate) fn len(&self, name: Name) -> usize {
        match self.value(name) {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        }
    }

    /// The rotary base and its scaling. `weights` may hold GGUF's per-frequency factors.
    pub(crate) fn rope(&self, weights: &Weights) -> Result<(f32, RopeScaling)> {
        const DEFAULT_THETA: f32 = 10_000.0;
        let nested = self.nested("rope_parameters").or_else(|| self.nested("rope_scaling"));
        let in_nested = nested.as_ref().map(|n| n.optional_number(Name("rope_theta", "-"))).transpose()?.flatten();
        let theta = self.optional_number(Name("rope_theta", "rope.freq_base"))?.or(in_nested).unwrap_or(DEFAULT_THETA);
        if let Some(factors) = weights.get("rope_freqs.weight") {
            return Ok((theta, RopeScaling::Factors(factors.to_f32())));
        }
        let fields = nested.as_ref().unwrap_or(self);
        let kind = match self.is_gguf() {
            true => self.text(Name("", "rope.scaling.type")),
            false => nested.as_ref().and_then(|n| n.text(Name("rope_type", "")).or_else(|| n.text(Name("type", "")))),
        };
        let scaling = match kind.as_deref() {
            None | Some("none" | "default") => RopeScaling::None,
            Some("linear") => RopeScaling::Linear { factor: fields.number(Name("factor", "rope.scaling.factor"))? },
            Some("llama3") => RopeScaling::Llama3 {
                factor: fields.number(Name("factor", "rope.scaling.factor"))?,
                low_freq_factor: fields.number(Name("low_freq_factor", "-"))?,
                high_freq_factor: fields.number(Name("high_freq_factor", "-"))?,
                original_context: fields.count(Name("original_max_position_embeddings", "-"))?,
            },
            Some(other) => {
                return Err(self
                    .wrong(Name("rope_scaling", "rope.scaling.type"), other.into(), "`default`, `linear` or `llama3`")
                    .into());
            }
        };
        Ok((theta, scaling))
    }

    /// An error about the field `name`.
    pub(crate) fn wrong(&self, name: Name, found: String, expected: &'static str) -> ConfigError {
        ConfigError::Field { path: self.path.clone(), field: self.key(name), found, expected }
    }

    fn nested(&self, name: &'static str) -> Option<Fields<'static>> {
        let value = self.value(Name(name, "-"))?;
        value.is_object().then(|| Fields { path: self.path.clone(), source: Source::Json(value) })
    }

    fn typed<T>(
        &self,
        name: Name,
        expected: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| self.wrong(name, value.to_string(), expected))
    }

    fn value(&self, name: Name) -> Option<Value> {
        match &self.source {
            Source::Json(object) => object.get(name.0).filter(|v| !v.is_null()).cloned(),
            Source::Gguf { metadata, .. } => metadata.get(&self.key(name)).and_then(scalar),
        }
    }

    fn key(&self, name: Name) -> String {
        match &self.source {
            Source::Json(_) => name.0.to_owned(),
            Source::Gguf { prefix, .. } => format!("{prefix}.{}", name.1),
        }
    }

    fn missing(&self, field: String) -> ConfigError {
        ConfigError::MissingField { path: self.path.clone(), field }
    }
}

/// Parses a JSON file.
pub(crate) fn read_json(path: &Path) -> Result<Value, ConfigError> {
    let text = std::fs::read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| ConfigError::Json { path: path.to_owned(), source })
}

/// A GGUF value as JSON: numbers, switches and strings; nothing for lists.
pub(crate) fn scalar(value: &gguf::Value) -> Option<Value> {
    match value {
        gguf::Value::Bool(on) => Some(Value::from(*on)),
        gguf::Value::String(text) => Some(Value::from(text.as_str())),
        gguf::Value::F32(number) => Some(Value::from(*number)),
        gguf::Value::F64(number) => Some(Value::from(*number)),
        other => other.to_integer().and_then(|integer| i64::try_from(integer).ok()).map(Value::from),
    }
}
