//! The layers below the flags: environment and files, the stronger first, and what can be wrong with them.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::SETTINGS;

/// The table that describes the recommender.
const SYSTEM: &str = "system";

/// The settings that are names, separated by commas in a string, or as a list.
const LISTS: [&str; 2] = ["sensitive", "allow"];

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An environment variable.
    Variable(&'static str),
    /// A configuration file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(name) => write!(f, "{name}"),
            Origin::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What is wrong with a configuration file or an environment variable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// A file is no TOML.
    #[error("{} is not valid TOML", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    /// A key that nothing reads.
    #[error("unknown key `{key}` in {}", path.display())]
    UnknownKey { path: PathBuf, key: String, nearest: Option<&'static str> },
    /// A value that makes no sense.
    #[error("`{key}` in {origin} is {found}, {problem}")]
    Value { key: &'static str, origin: Origin, found: String, problem: String },
}

impl SettingError {
    /// What the user can do about it, where something is known to help.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            SettingError::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            SettingError::UnknownKey { .. } => {
                let keys: Vec<String> = keys().map(|key| format!("`{key}`")).collect();
                Some(format!("the keys are {}", keys.join(", ")))
            }
            _ => None,
        }
    }
}

/// Values from the environment and from files, the stronger first come.
#[derive(Default)]
pub(super) struct Layers(BTreeMap<&'static str, (String, Origin)>);

impl Layers {
    pub(super) fn get(&self, key: &str) -> Option<(&str, &Origin)> {
        self.0.get(key).map(|(value, origin)| (value.as_str(), origin))
    }

    pub(super) fn parse<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        let Some((value, origin)) = self.get(key) else { return Ok(None) };
        let wrong = |problem| SettingError::Value { key, origin: origin.clone(), found: format!("`{value}`"), problem };
        parse(value).map(Some).map_err(wrong)
    }

    /// Empty variables count as unset.
    pub(super) fn add_environment(&mut self, variable: &dyn Fn(&str) -> Option<String>) {
        for setting in &SETTINGS {
            if let Some(value) = variable(setting.variable).filter(|value| !value.trim().is_empty()) {
                self.0.insert(setting.key, (value.trim().to_owned(), Origin::Variable(setting.variable)));
            }
        }
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), SettingError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SettingError::Read { path: path.to_owned(), source })?;
        let table: toml::Table = toml::from_str(&text)
            .map_err(|source| SettingError::Toml { path: path.to_owned(), source: Box::new(source) })?;
        for (key, value) in table {
            // What describes the recommender is read where it is made.
            if key == SYSTEM && value.is_table() {
                continue;
            }
            let origin = Origin::File(path.to_owned());
            if key == SYSTEM {
                let found = format!("a value of type {}", value.type_str());
                return Err(SettingError::Value { key: SYSTEM, origin, found, problem: "expected a table".into() });
            }
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                let nearest = nearest(&key, keys());
                return Err(SettingError::UnknownKey { path: path.to_owned(), key, nearest });
            };
            let is_list = LISTS.contains(&setting.key);
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) if !is_list => number.to_string(),
                toml::Value::Array(names) if is_list && names.iter().all(toml::Value::is_str) => {
                    names.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => {
                    let found = format!("a value of type {}", other.type_str());
                    let problem = if is_list { "a list of strings" } else { "a whole number" };
                    let problem = format!("expected a string or {problem}");
                    return Err(SettingError::Value { key: setting.key, origin, found, problem });
                }
            };
            self.0.entry(setting.key).or_insert((value, origin));
        }
        Ok(())
    }
}

/// Every key that a file may have.
fn keys() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.key).chain([SYSTEM])
}

/// The candidate that `text` was probably meant to be.
fn nearest(text: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    /// Similarity from which a name is worth suggesting.
    const WORTH_SUGGESTING: f64 = 0.7;
    let text = text.replace('_', "-").to_lowercase();
    let scored = candidates.map(|name| (strsim::jaro_winkler(&text, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= WORTH_SUGGESTING).then_some(best.1)
}
