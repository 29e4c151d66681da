//! Settings: flag, then environment, then project file, then user file. The one place where the environment is read.
//!
//! Every variable is declared once, in [`SETTINGS`] or [`HUB_VARIABLES`], with the sentence that `--help` shows.

mod layers;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::ValueEnum;
use docent::{
    engine::{BackendKind, EngineOptions},
    models::{Isa, KvFormat, hub},
    recommend::{
        answers::CacheLimits,
        system::{DEFAULT_ENCODER, DEFAULT_MODEL},
    },
};

use super::{CliError, GlobalArgs};
use layers::Layers;

pub(crate) use layers::SettingError;

/// The project's file, looked for in the current folder and those above it.
const PROJECT_FILE: &str = "docent.toml";

/// A setting that the environment and the files may give.
struct Setting {
    /// Its key in the files.
    key: &'static str,
    /// Its environment variable.
    variable: &'static str,
    /// What it decides.
    doc: &'static str,
}

const SETTINGS: [Setting; 14] = [
    Setting { key: "model", variable: "DOCENT_MODEL", doc: "language model, as for `--model`" },
    Setting { key: "encoder", variable: "DOCENT_ENCODER", doc: "sentence encoder, as for `--encoder`" },
    Setting { key: "threads", variable: "DOCENT_THREADS", doc: "threads that compute" },
    Setting { key: "device", variable: "DOCENT_DEVICE", doc: "what the models run on, as for `--device`" },
    Setting { key: "isa", variable: "DOCENT_ISA", doc: "instruction set of the CPU, as for `--isa`" },
    Setting { key: "kv-positions", variable: "DOCENT_KV_POSITIONS", doc: "positions that the KV cache holds" },
    Setting { key: "kv-format", variable: "DOCENT_KV_FORMAT", doc: "how the KV cache keeps keys and values" },
    Setting {
        key: "prefix-cache",
        variable: "DOCENT_PREFIX_CACHE",
        doc: "file that keeps what was computed of prompts",
    },
    Setting { key: "pip", variable: "DOCENT_PIP", doc: "command that runs pip, such as `python3 -m pip`" },
    Setting { key: "cache-days", variable: "DOCENT_CACHE_DAYS", doc: "days that a store keeps answers of models" },
    Setting { key: "cache-megabytes", variable: "DOCENT_CACHE_MEGABYTES", doc: "most megabytes of answers of a store" },
    Setting {
        key: "sensitive",
        variable: "DOCENT_SENSITIVE",
        doc: "attributes of users that no model is told, separated by commas",
    },
    Setting { key: "allow", variable: "DOCENT_ALLOW", doc: "sensitive attributes that models may be told" },
    Setting { key: "log", variable: "DOCENT_LOG", doc: "what is logged, such as `docent_models=debug`" },
];

/// The Hub's own variables, shared with Python's `huggingface_hub`. They have no keys in the files.
const HUB_VARIABLES: [(&str, &str); 6] = [
    (hub::HF_HUB_CACHE, "folder of cached models"),
    (hub::HF_HOME, "folder of everything that belongs to the Hub; `hub` in it is the cache"),
    (hub::HF_ENDPOINT, "address of the Hub or of a mirror of it"),
    (hub::HF_TOKEN, "access token"),
    (hub::HF_TOKEN_PATH, "file that holds the access token"),
    (hub::HF_HUB_OFFLINE, "`1` forbids every use of the network"),
];

/// What the models run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// Our own kernels on the CPU (default)
    #[default]
    Cpu,
    /// An NVIDIA GPU, in a build with `--features cuda`
    Cuda,
    /// An Apple GPU, in a build with `--features metal`
    Metal,
    /// Plain single-precision operations: slow, the oracle that the others are compared with
    Reference,
}

impl Device {
    fn backend(self) -> BackendKind {
        match self {
            Device::Cpu => BackendKind::Cpu,
            Device::Cuda => BackendKind::Cuda(0),
            Device::Metal => BackendKind::Metal(0),
            Device::Reference => BackendKind::Reference,
        }
    }

    /// Whether this build can run on it.
    pub(crate) fn is_built(self) -> bool {
        match self {
            Device::Cpu | Device::Reference => true,
            Device::Cuda => cfg!(feature = "cuda"),
            Device::Metal => cfg!(feature = "metal"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
            Device::Metal => "metal",
            Device::Reference => "reference",
        })
    }
}

/// Everything that may be set, settled.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The language model's reference.
    pub(crate) model: String,
    /// The sentence encoder's reference, if one is named.
    pub(crate) encoder: Option<String>,
    /// Whether a flag names it: settings do not change the encoder of a store that is there.
    pub(crate) encoder_is_flag: bool,
    /// Threads of the CPU backend; all that the process may use, if `None`.
    pub(crate) threads: Option<usize>,
    /// What the models run on.
    pub(crate) device: Device,
    /// The CPU's instruction set; the best, if `None`.
    pub(crate) isa: Option<Isa>,
    /// Positions that the KV cache holds.
    pub(crate) kv_positions: usize,
    /// How it keeps keys and values.
    pub(crate) kv_format: KvFormat,
    /// Where prefixes are kept from run to run.
    pub(crate) prefix_cache: Option<PathBuf>,
    /// Attributes of users that are sensitive, beside those that are by their names.
    pub(crate) sensitive: Vec<String>,
    /// Sensitive attributes that models may be told.
    pub(crate) allow: Vec<String>,
    /// How long and how much a store keeps of answers.
    pub(crate) answers: CacheLimits,
    /// Directives for the log.
    pub(crate) log: Option<String>,
    /// Where models come from.
    pub(crate) hub: hub::HubSettings,
    /// Where what can be computed again is kept; nowhere, if the system names no place.
    pub(crate) cache: Option<PathBuf>,
    /// The configuration files that were read, the stronger first.
    pub(crate) files: Vec<PathBuf>,
    /// The variables that are set.
    pub(crate) variables: Vec<&'static str>,
}

impl Settings {
    /// Settles flags, environment and files.
    ///
    /// # Errors
    /// If a file cannot be read, has an unknown key, or a value makes no sense.
    pub(crate) fn load(flags: &GlobalArgs) -> Result<Self, CliError> {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let folder = std::env::current_dir().unwrap_or_default();
        Ok(Self::settle(flags, &variable, &folder)?)
    }

    fn settle(
        flags: &GlobalArgs,
        variable: &dyn Fn(&str) -> Option<String>,
        folder: &Path,
    ) -> Result<Self, SettingError> {
        let mut layers = Layers::default();
        layers.add_environment(variable);
        let project = folder.ancestors().map(|f| f.join(PROJECT_FILE)).find(|path| path.is_file());
        let user = user_file(variable).filter(|path| path.is_file());
        let files: Vec<PathBuf> = project.into_iter().chain(user).collect();
        for path in &files {
            layers.add_file(path)?;
        }
        let mut hub = hub::HubSettings::from_env(variable);
        if let Some((pip, _)) = layers.get("pip") {
            hub.pip = pip.split_whitespace().map(str::to_owned).collect();
        }
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.trim().is_empty());
        let text = |flag: &Option<String>, key| flag.clone().or_else(|| layers.get(key).map(|(v, _)| v.to_owned()));
        Ok(Self {
            model: text(&flags.model, "model").unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            encoder: text(&flags.encoder, "encoder"),
            encoder_is_flag: flags.encoder.is_some(),
            threads: flags.threads.or(layers.parse("threads", threads)?),
            device: flags.device.or(layers.parse("device", device)?).unwrap_or_default(),
            isa: flags.isa.or(layers.parse("isa", isa)?),
            kv_positions: (flags.kv_positions)
                .or(layers.parse("kv-positions", kv_positions)?)
                .unwrap_or(EngineOptions::default().kv_positions),
            kv_format: flags.kv_format.or(layers.parse("kv-format", kv_format)?).unwrap_or_default(),
            prefix_cache: flags.prefix_cache.clone().or_else(|| layers.get("prefix-cache").map(|(v, _)| v.into())),
            sensitive: list(&layers, "sensitive"),
            allow: list(&layers, "allow"),
            answers: answers(&layers)?,
            log: text(&None, "log"),
            hub,
            cache: cache_folder(variable),
            files,
            variables: variables().map(|(name, _)| name).filter(|name| is_set(name)).collect(),
        })
    }

    /// The sentence encoder's reference where no store has one.
    pub(crate) fn encoder(&self) -> &str {
        self.encoder.as_deref().unwrap_or(DEFAULT_ENCODER)
    }

    /// How models are loaded and run.
    pub(crate) fn engine_options(&self) -> EngineOptions {
        EngineOptions {
            backend: self.device.backend(),
            threads: self.threads,
            isa: self.isa,
            kv_positions: self.kv_positions,
            kv_format: self.kv_format,
            ..EngineOptions::default()
        }
    }
}

/// How long and how much a store keeps of answers.
fn answers(layers: &Layers) -> Result<CacheLimits, SettingError> {
    let CacheLimits { seconds, bytes } = CacheLimits::default();
    let days = layers.parse("cache-days", |text| whole_number(text, 0..=36_500))?;
    let megabytes = layers.parse("cache-megabytes", |text| whole_number(text, 1..=1 << 20))?;
    Ok(CacheLimits {
        seconds: days.map_or(seconds, |days| days as u64 * 86_400),
        bytes: megabytes.map_or(bytes, |megabytes| (megabytes as u64) << 20),
    })
}

/// Names that are separated by commas.
fn list(layers: &Layers, key: &str) -> Vec<String> {
    let text = layers.get(key).map_or("", |(text, _)| text);
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn user_file(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(config.join("docent").join("config.toml"))
}

fn cache_folder(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("docent"))
}

/// Parses a number of threads; the error says what was expected.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    whole_number(text, 1..=1024)
}

/// Parses a number of positions; the error says what was expected.
pub(crate) fn kv_positions(text: &str) -> Result<usize, String> {
    whole_number(text, 64..=1 << 24)
}

fn whole_number(text: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let expected = || format!("expected a whole number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(expected)
}

/// Parses a format of keys and values; the error says what was expected.
pub(crate) fn kv_format(text: &str) -> Result<KvFormat, String> {
    let found = KvFormat::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| {
        format!("expected one of {}", KvFormat::ALL.map(|format| format!("`{}`", format.name())).join(", "))
    })
}

fn device(text: &str) -> Result<Device, String> {
    Device::from_str(text, false).map_err(|_| {
        let names: Vec<String> = Device::value_variants().iter().map(|device| format!("`{device}`")).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn isa(text: &str) -> Result<Isa, String> {
    <Isa as FromStr>::from_str(text).map_err(|_| {
        let names: Vec<String> = Isa::ALL.iter().map(|isa| format!("`{isa}`")).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Every environment variable with what it decides.
fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    SETTINGS.iter().map(|setting| (setting.variable, setting.doc)).chain(HUB_VARIABLES)
}

/// What `--help` says about variables and files.
pub(crate) fn help() -> String {
    let mut text = String::from("Environment (weaker than flags):\n");
    for (name, doc) in variables() {
        text += &format!("  {name:<22} {doc}\n");
    }
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    text += &format!(
        "\nFiles (weaker than the environment): `{PROJECT_FILE}` in the current folder or one above it, then\n\
         `docent/config.toml` in `XDG_CONFIG_HOME` or `~/.config`. Keys: {}.\n\
         A table `system` describes the stages of `docent recommend --system`.\n\n\
         Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
        keys.join(", ")
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(flags: &GlobalArgs, variables: &[(&str, &str)], folder: &Path) -> Result<Settings, SettingError> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Settings::settle(flags, &variable, folder)
    }

    #[test]
    fn the_stronger_source_wins_setting_by_setting() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let project = home.path().join("work/deep");
        let config = home.path().join(".config/docent");
        std::fs::create_dir_all(&project).expect("a writable folder");
        std::fs::create_dir_all(&config).expect("a writable folder");
        std::fs::write(config.join("config.toml"), "model = 'user'\nencoder = 'user'\nthreads = 1\ndevice = 'cuda'")
            .expect("a writable folder");
        std::fs::write(home.path().join("work/docent.toml"), "model = 'project'\nencoder = 'project'\nthreads = 2")
            .expect("a writable folder");
        let variables = [
            ("HOME", home.path().to_str().expect("a readable path")),
            ("DOCENT_MODEL", "env"),
            ("DOCENT_ENCODER", "env"),
        ];
        let flags = GlobalArgs { model: Some("flag".into()), ..GlobalArgs::default() };
        let settings = settle(&flags, &variables, &project).expect("settings");
        assert_eq!(
            (settings.model.as_str(), settings.encoder(), settings.threads, settings.device),
            ("flag", "env", Some(2), Device::Cuda)
        );
        assert_eq!(settings.files.len(), 2);
    }

    #[test]
    fn names_are_separated_by_commas_or_in_a_list() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("docent.toml");
        for text in ["sensitive = 'city, age'\nallow = 'age'", "sensitive = ['city', 'age']\nallow = ['age']"] {
            std::fs::write(&file, text).expect("a writable folder");
            let settings = settle(&GlobalArgs::default(), &[], folder.path()).expect("settings");
            assert_eq!(
                (settings.sensitive, settings.allow),
                (vec!["city".into(), "age".into()], vec!["age".to_owned()])
            );
        }
    }

    #[test]
    fn faults_name_their_place() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("docent.toml");
        let cases = [
            ("thread = 2", "unknown key `thread` in FILE", Some("did you mean `threads`?")),
            ("kv_positions = 2", "unknown key `kv_positions` in FILE", Some("did you mean `kv-positions`?")),
            ("threads = 0", "`threads` in FILE is `0`, expected a whole number from 1 to 1024", None),
            (
                "threads = true",
                "`threads` in FILE is a value of type boolean, expected a string or a whole number",
                None,
            ),
            (
                "sensitive = [1]",
                "`sensitive` in FILE is a value of type array, expected a string or a list of strings",
                None,
            ),
            ("device = 'tpu'", "`device` in FILE is `tpu`, expected one of `cpu`, `cuda`, `metal`, `reference`", None),
            ("model", "FILE is not valid TOML", None),
            ("[sytem]", "unknown key `sytem` in FILE", Some("did you mean `system`?")),
            ("system = 3", "`system` in FILE is a value of type integer, expected a table", None),
        ];
        for (text, message, hint) in cases {
            std::fs::write(&file, text).expect("a writable folder");
            let error = settle(&GlobalArgs::default(), &[], folder.path()).expect_err(text);
            assert_eq!(error.to_string().replace(&file.display().to_string(), "FILE"), message);
            assert_eq!(error.hint().as_deref(), hint, "{text}");
        }
    }

    #[test]
    fn empty_variables_count_as_unset_and_wrong_ones_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = settle(&GlobalArgs::default(), &[("DOCENT_MODEL", " ")], folder.path()).expect("settings");
        assert_eq!(settings.model, DEFAULT_MODEL);
        let error = settle(&GlobalArgs::default(), &[("DOCENT_THREADS", "many")], folder.path()).expect_err("many");
        assert_eq!(error.to_string(), "`threads` in DOCENT_THREADS is `many`, expected a whole number from 1 to 1024");
    }
}
