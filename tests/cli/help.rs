//! What `--help` says, in full.

use super::Workplace;

/// Everything after the command's own options is the same everywhere, and shown once, in `docent --help`.
const GLOBAL: &str = "Global options:";

#[test]
fn every_command_says_what_it_takes() {
    let workplace = Workplace::new();
    insta::assert_snapshot!("help", workplace.transcript(&["--help"]));
    let commands: [&[&str]; 27] = [
        &["demo"],
        &["index"],
        &["recommend"],
        &["explain"],
        &["chat"],
        &["search"],
        &["train"],
        &["train", "hybrid"],
        &["train", "align"],
        &["audit"],
        &["cache"],
        &["eval"],
        &["eval", "explain"],
        &["eval", "injection"],
        &["eval", "chat"],
        &["tokenize"],
        &["score"],
        &["generate"],
        &["embed"],
        &["features"],
        &["rerank"],
        &["models"],
        &["models", "list"],
        &["models", "pull"],
        &["models", "path"],
        &["models", "verify"],
        &["doctor"],
    ];
    for command in commands {
        let told = workplace.transcript(&[command, &["--help"]].concat());
        let (own, _) = told.split_once(GLOBAL).unwrap_or_else(|| panic!("no global options: {told}"));
        insta::assert_snapshot!(format!("help-{}", command.join("-")), own.trim_end());
    }
}

#[test]
fn the_version_is_the_packages() {
    let output = Workplace::new().run(&["--version"]);
    assert_eq!(super::stdout(output), format!("docent {}\n", env!("CARGO_PKG_VERSION")));
}
