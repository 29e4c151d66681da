//! The command line, as a user sees it: whole outputs, exit codes, and what is left on the disk.

mod audit;
mod bench;
mod cache;
mod chat;
mod doctor;
mod embed;
mod engine;
mod errors;
mod features;
mod help;
mod index;
mod interrupts;
mod recommend;
mod rerank;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::support::{minilm, smollm2};

/// What of the environment a run keeps: where programs and models are.
const KEPT: [&str; 9] = [
    "PATH",
    "HOME",
    "XDG_CACHE_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
    "SYSTEMROOT",
    "TMPDIR",
];

/// A folder to run `docent` in, without any configuration.
struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// One with the default models at hand.
    fn with_models() -> Self {
        let (_, _) = (smollm2(), minilm());
        Self::new()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a writable folder");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text file")
    }

    /// The names of all files, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.env("XDG_CONFIG_HOME", self.path("no-config"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("docent runs")
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("docent runs");
        // A command that fails before it reads closes the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("docent ends")
    }

    /// Everything that a run says, with the folder's name taken out.
    fn transcript(&self, arguments: &[&str]) -> String {
        self.told(arguments, &self.run(arguments))
    }

    fn told(&self, arguments: &[&str], output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&folder(self.folder.path()), "[FOLDER]");
        let mut told = format!("{}\n", [&["$ docent"], arguments].concat().join(" "));
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                told += &format!("--- {name}\n{}", text(bytes));
            }
        }
        told + &format!("--- exit code {}\n", output.status.code().unwrap_or(-1))
    }
}

fn folder(path: &Path) -> String {
    path.display().to_string()
}

/// The standard output of a run that must do what it was asked to.
fn stdout(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:?}: {error}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// The standard output of a run, as JSON.
fn json(output: Output) -> serde_json::Value {
    let text = stdout(output);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    let list = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    list.iter().map(|x| x.as_f64().expect("a number")).collect()
}
