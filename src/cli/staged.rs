//! A file that gets its name when it is whole: whatever happens before, nothing half-written has it.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::cli::CliError;

/// A file under a name of its own, beside the place that it is meant for. Removed if it is dropped unpublished.
#[derive(Debug)]
pub(crate) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Begins the file that will be `path`.
    ///
    /// # Errors
    /// If `path` is a folder, or its folder cannot be written.
    pub(crate) fn new(path: &Path) -> Result<Self, CliError> {
        if path.is_dir() {
            return Err(CliError::io("write", path)(io::ErrorKind::IsADirectory.into()));
        }
        folder(path).metadata().map_err(CliError::io("create", path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any other new file: what the process's mask allows.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // The error's own text names the temporary file.
        let create = |error: io::Error| CliError::io("create", path)(error.kind().into());
        let file = builder.tempfile_in(folder(path)).map_err(create)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// The file, open for writing.
    pub(crate) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Writes a text, and publishes it.
    ///
    /// # Errors
    /// If the system refuses one of both.
    pub(crate) fn publish_text(self, text: &str) -> Result<(), CliError> {
        self.file().write_all(text.as_bytes()).map_err(CliError::io("write", &self.path))?;
        self.publish()
    }

    /// Brings the bytes to the disk and then gives the file its name, replacing what had it before.
    ///
    /// # Errors
    /// If the system refuses one of both.
    pub(crate) fn publish(self) -> Result<(), CliError> {
        self.file.as_file().sync_all().map_err(CliError::io("write", &self.path))?;
        self.file.persist(&self.path).map_err(|error| CliError::io("write", &self.path)(error.error))?;
        // The name itself is on the disk once its folder is; folders cannot be opened everywhere.
        if let Ok(folder) = File::open(folder(&self.path)) {
            folder.sync_all().map_err(CliError::io("write", &self.path))?;
        }
        Ok(())
    }
}

/// Refuses an output that is a command's own input.
///
/// # Errors
/// If both paths lead to one file.
pub(crate) fn distinct(input: &Path, output: &Path) -> Result<(), CliError> {
    // What is not there cannot be the same.
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(read), Ok(written)) if read == written => Err(CliError::usage(
            format!("{} would be replaced by what is made of it", input.display()),
            "name another file with `--output`",
        )),
        _ => Ok(()),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_it_is_published() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.jsonl");
        let names = || {
            let entries = std::fs::read_dir(folder.path()).expect("a folder");
            entries.map(|entry| entry.expect("an entry").file_name()).collect::<Vec<_>>()
        };
        let staged = Staged::new(&path).expect("a writable folder");
        staged.file().write_all(b"dropped").expect("a writable file");
        assert!(!path.exists());
        drop(staged);
        assert!(names().is_empty());
        for text in ["first", "second"] {
            let staged = Staged::new(&path).expect("a writable folder");
            staged.file().write_all(text.as_bytes()).expect("a writable file");
            staged.publish().expect("published");
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
        }
        assert_eq!(names(), ["out.jsonl"]);
    }

    #[test]
    fn an_input_is_no_output_by_whatever_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("in.csv");
        std::fs::write(&path, "id,text\n").expect("a writable folder");
        assert!(distinct(&path, &folder.path().join(".").join("in.csv")).is_err());
        for other in ["out.csv", "no/in.csv"] {
            assert!(distinct(&path, &folder.path().join(other)).is_ok(), "{other}");
        }
    }

    #[test]
    fn places_that_cannot_be_written_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cases = [(folder.path().to_owned(), "write"), (folder.path().join("no/out.npy"), "create")];
        for (path, action) in cases {
            let error = Staged::new(&path).expect_err("no file can be there").to_string();
            assert_eq!(error, format!("cannot {action} {}", path.display()));
        }
    }
}
