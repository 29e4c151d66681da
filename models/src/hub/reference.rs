//! How people name a model: a Hub location, a path, or an alias of the registry.
//!
//! Parsing touches the disk in one case only: a bare word that is no alias is a path if something of that name exists.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::HubError;
use super::fault::ReferenceFault;
use super::registry::{self, Entry};

/// The prefix of a Hub location.
const HUB_PREFIX: &str = "hf:";

/// Similarity (Jaro-Winkler, 0 to 1) from which an alias is worth suggesting.
const WORTH_SUGGESTING: f64 = 0.7;

/// A model, by one of the three names that it can have.
///
/// `Display` writes what [`FromStr`] reads. A `/` inside a revision (`refs/pr/1`) is written `%2F`, since a plain one
/// starts the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelReference {
    /// An alias of the built-in registry, such as `smollm2-135m`.
    Alias(String),
    /// `hf:ORG/NAME[@REVISION][/FILE]`.
    Hub {
        /// `ORG/NAME`.
        repo: String,
        /// A branch, tag or commit. A reference that gives one is *pinned*: the registry's checksums do not apply.
        revision: Option<String>,
        /// A file's path inside the repository; without it, whatever the model in it needs.
        file: Option<String>,
    },
    /// A weight file or a folder that holds one.
    Path(PathBuf),
}

impl FromStr for ModelReference {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let malformed = |fault| HubError::MalformedReference { reference: text.to_owned(), fault };
        if text.is_empty() {
            return Err(malformed(ReferenceFault::Empty));
        }
        if let Some(location) = text.strip_prefix(HUB_PREFIX) {
            return parse_location(location).map_err(malformed);
        }
        if registry::find(registry::registry(), text).is_some() {
            return Ok(ModelReference::Alias(text.to_owned()));
        }
        if looks_like_a_path(text) || Path::new(text).exists() {
            return Ok(ModelReference::Path(written_as_path(Path::new(text))));
        }
        Err(unknown_alias(text, registry::registry()))
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelReference::Alias(alias) => f.write_str(alias),
            ModelReference::Path(path) => write!(f, "{}", written_as_path(path).display()),
            ModelReference::Hub { repo, revision, file } => {
                write!(f, "{HUB_PREFIX}{repo}")?;
                if let Some(revision) = revision {
                    write!(f, "@{}", revision.replace('/', "%2F"))?;
                }
                file.as_ref().map_or(Ok(()), |file| write!(f, "/{file}"))
            }
        }
    }
}

/// The error for `alias`, with the nearest of `entries` if one is near.
pub(super) fn unknown_alias(alias: &str, entries: &[Entry]) -> HubError {
    let wanted = alias.to_lowercase();
    let nearest = entries
        .iter()
        .map(|entry| (strsim::jaro_winkler(&wanted, entry.alias), entry.alias))
        .filter(|(similarity, _)| *similarity >= WORTH_SUGGESTING)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, alias)| alias);
    HubError::UnknownAlias { alias: alias.to_owned(), nearest }
}

/// Whether `file` names a file inside a folder and nothing outside of it.
pub(super) fn is_plain_file_name(file: &str) -> bool {
    !file.is_empty()
        && !file.contains(['\\', ':', '\0'])
        && file.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn parse_location(location: &str) -> Result<ModelReference, ReferenceFault> {
    let (organization, rest) = location.split_once('/').ok_or(ReferenceFault::NoName)?;
    let (name, file) = rest.split_once('/').map_or((rest, None), |(name, file)| (name, Some(file)));
    let (name, revision) = name.split_once('@').map_or((name, None), |(name, revision)| (name, Some(revision)));
    for part in [organization, name] {
        if !is_repository_word(part) {
            return Err(ReferenceFault::Repository);
        }
    }
    let revision = revision.map(|revision| revision.replace("%2F", "/").replace("%2f", "/"));
    if revision.as_ref().is_some_and(|revision| !is_revision(revision)) {
        return Err(ReferenceFault::Revision);
    }
    if file.is_some_and(|file| !is_plain_file_name(file)) {
        return Err(ReferenceFault::File);
    }
    Ok(ModelReference::Hub { repo: format!("{organization}/{name}"), revision, file: file.map(str::to_owned) })
}

/// The Hub's rule for the names of organizations and repositories; `--` separates them in the cache's folder names.
fn is_repository_word(word: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !word.is_empty()
        && word.len() <= 96
        && word.chars().all(allowed)
        && !word.starts_with(['.', '-'])
        && !word.ends_with(['.', '-'])
        && !word.contains("..")
        && !word.contains("--")
}

fn is_revision(revision: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    is_plain_file_name(revision) && revision.chars().all(allowed)
}

fn looks_like_a_path(text: &str) -> bool {
    let extension = Path::new(text).extension().and_then(|extension| extension.to_str());
    text.contains(['/', '\\']) || text.starts_with('.') || matches!(extension, Some("gguf" | "safetensors"))
}

/// A bare relative name gets `./` in front, so that it is never read back as an alias.
fn written_as_path(path: &Path) -> PathBuf {
    let bare = path.components().count() == 1 && path.is_relative();
    let dotted = path.to_string_lossy().starts_with('.');
    if bare && !dotted { Path::new(".").join(path) } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hub(repo: &str, revision: Option<&str>, file: Option<&str>) -> ModelReference {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        ModelReference::Hub { repo: repo.to_owned(), revision: owned(revision), file: owned(file) }
    }

    #[test]
    fn references_parse_and_print_back() {
        let path = |text: &str| ModelReference::Path(text.into());
        let cases = [
            ("smollm2-135m", ModelReference::Alias("smollm2-135m".into())),
            ("hf:org/name", hub("org/name", None, None)),
            ("hf:org/name@v1.0", hub("org/name", Some("v1.0"), None)),
            ("hf:org/name/a.gguf", hub("org/name", None, Some("a.gguf"))),
            ("hf:org/name@main/sub/a@2.gguf", hub("org/name", Some("main"), Some("sub/a@2.gguf"))),
            ("hf:org/name@refs%2Fpr%2F1/a.gguf", hub("org/name", Some("refs/pr/1"), Some("a.gguf"))),
            ("./smollm2-135m", path("./smollm2-135m")),
            ("/models/a.gguf", path("/models/a.gguf")),
            ("../models/minilm", path("../models/minilm")),
            ("./a.gguf", path("./a.gguf")),
        ];
        for (text, expected) in cases {
            let parsed: ModelReference = text.parse().expect(text);
            assert_eq!(parsed, expected, "{text}");
            assert_eq!(parsed.to_string(), text);
        }
        assert_eq!("a.gguf".parse::<ModelReference>().expect("a path").to_string(), "./a.gguf");
        assert_eq!("src".parse::<ModelReference>().expect("an existing folder").to_string(), "./src");
    }

    #[test]
    fn malformed_references_say_what_is_wrong() {
        let cases = [
            ("", ReferenceFault::Empty),
            ("hf:", ReferenceFault::NoName),
            ("hf:name", ReferenceFault::NoName),
            ("hf:/name", ReferenceFault::Repository),
            ("hf:org/", ReferenceFault::Repository),
            ("hf:org/..", ReferenceFault::Repository),
            ("hf:o rg/name", ReferenceFault::Repository),
            ("hf:org/a--b", ReferenceFault::Repository),
            ("hf:org/name@", ReferenceFault::Revision),
            ("hf:org/name@..%2F..", ReferenceFault::Revision),
            ("hf:org/name@a b", ReferenceFault::Revision),
            ("hf:org/name/", ReferenceFault::File),
            ("hf:org/name/../a.gguf", ReferenceFault::File),
            ("hf:org/name//a.gguf", ReferenceFault::File),
            ("hf:org/name/a\\b.gguf", ReferenceFault::File),
        ];
        for (text, expected) in cases {
            match text.parse::<ModelReference>() {
                Err(HubError::MalformedReference { fault, .. }) => assert_eq!(fault, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_unknown_alias_suggests_the_nearest() {
        let cases = [
            ("smollm2-135", Some("smollm2-135m")),
            ("SmolLM2-135M", Some("smollm2-135m")),
            ("minilm", Some("minilm-l6")),
            ("zzz", None),
        ];
        for (text, expected) in cases {
            match text.parse::<ModelReference>() {
                Err(HubError::UnknownAlias { alias, nearest }) => {
                    assert_eq!((alias.as_str(), nearest), (text, expected));
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_parses_prints_back(text in "(hf:)?[a-zA-Z0-9./@%:_ -]{0,24}") {
            if let Ok(parsed) = text.parse::<ModelReference>() {
                prop_assert_eq!(parsed.to_string().parse::<ModelReference>().expect("printed"), parsed);
            }
        }
    }
}
