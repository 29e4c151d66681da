//! The layers: what may know what, and where `unsafe` may stand.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of each layer, from the bottom up, with the names by which those above it are reached.
const LAYERS: [(&str, &[&str]); 5] = [
    ("kernels/src", &["docent_models", "docent", "candle_core", "candle_nn"]),
    ("models/src", &["docent"]),
    ("src/engine", &["recommend", "server", "cli"]),
    ("src/recommend", &["server", "cli"]),
    ("src/server", &["cli"]),
];

/// The one file outside of the kernels that may be unsafe: it maps files into memory.
const MAPS_FILES: &str = "models/src/mmap.rs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`; none if there is no such folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).expect("a file of the repository").to_string_lossy().replace('\\', "/")
}

/// The source without comments, strings and quoted quotes: what the compiler takes for names.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable file");
    let (mut rest, mut code) = (text.as_str(), String::new());
    while let Some(next) = rest.chars().next() {
        let left_out = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with("'\"'") {
            3
        } else if next == '"' {
            string_len(rest)
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[left_out..];
    }
    code
}

/// The length of the string literal that `text` begins with.
fn string_len(text: &str) -> usize {
    let mut is_escaped = true;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

/// Whether `code` reaches `module`: in a `use`, or in a path.
fn reaches(code: &str, module: &str) -> bool {
    let mut uses = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let paths = [format!("{module}::"), format!("crate::{module}")];
    let is_path = |path: &str| {
        code.match_indices(path).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    uses.any(|names| has_word(names, module)) || paths.iter().any(|path| is_path(path))
}

fn members(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = tables.iter().filter_map(|name| manifest.get(*name)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn a_layer_knows_none_above_it() {
    for (folder, above) in LAYERS {
        for path in sources(folder) {
            let code = code(&path);
            for module in above {
                assert!(!reaches(&code, module), "{} reaches `{module}`", name(&path));
            }
        }
    }
}

#[test]
fn the_crates_depend_downward() {
    let kernels = members("kernels/Cargo.toml");
    assert!(!kernels.iter().any(|name| name.starts_with("docent") || name.starts_with("candle")), "{kernels:?}");
    let models = members("models/Cargo.toml");
    let own: Vec<&String> = models.iter().filter(|name| name.starts_with("docent")).collect();
    assert_eq!(own, ["docent-kernels"]);
}

#[test]
fn unsafe_code_stands_in_the_kernels_and_in_one_other_file() {
    for folder in ["models/src", "src", "tests", "examples", "benches"] {
        for path in sources(folder).into_iter().filter(|path| name(path) != MAPS_FILES) {
            assert!(!has_word(&code(&path), "unsafe"), "{} is unsafe", name(&path));
        }
    }
}

#[test]
fn reaching_is_seen_in_every_form() {
    let reaching =
        ["use crate::{engine, server};", "use super::server;", "let x = crate::server::run();", "server::run()"];
    assert!(reaching.iter().all(|code| reaches(code, "server")));
    let innocent = ["use crate::observer;", "let server = 1;", "observer::run()", "crate::engine::server_like()"];
    assert!(!innocent.iter().any(|code| reaches(code, "server")));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    for folder in ["kernels", "models", "src", "tests", "examples", "benches"] {
        for path in sources(folder) {
            let text = fs::read_to_string(&path).expect("a readable file");
            assert!(text.starts_with("//!"), "{} does not", name(&path));
        }
    }
}
