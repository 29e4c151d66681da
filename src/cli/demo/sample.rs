//! Where the bundled sample lies.

use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// Its folder in a checkout.
const FOLDER: &str = "data/movielens-small";
/// Its items.
pub(super) const ITEMS: &str = "items.csv";
/// Its interactions.
pub(super) const RATINGS: &str = "ratings.csv";

/// Finds the sample: in the folder that was named, or else in the current folder's checkout, or in the one that this
/// program was built in.
///
/// # Errors
/// If it is in none of them.
pub(super) fn find(named: Option<&Path>) -> Result<PathBuf, CliError> {
    let is_sample = |folder: &PathBuf| folder.join(ITEMS).is_file() && folder.join(RATINGS).is_file();
    if let Some(folder) = named {
        let missing = || {
            let problem = format!("`{}` does not hold `{ITEMS}` and `{RATINGS}`", folder.display());
            CliError::usage(problem, "name the folder of the sample with `--data`")
        };
        return Some(folder.to_owned()).filter(is_sample).ok_or_else(missing);
    }
    let program = std::env::current_exe().unwrap_or_default();
    let folders = std::iter::once(Path::new(".")).chain(program.ancestors().skip(1));
    let missing = || {
        CliError::usage(
            format!("the sample `{FOLDER}` is neither here nor beside this program"),
            "it comes with Docent's repository, not with the installed program: run in a checkout, or name the folder \
             with `--data`",
        )
    };
    folders.map(|folder| folder.join(FOLDER)).find(is_sample).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_files_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = find(Some(folder.path())).expect_err("the folder is empty");
        assert!(error.to_string().contains(&folder.path().display().to_string()));
        std::fs::write(folder.path().join(ITEMS), "").expect("a writable folder");
        std::fs::write(folder.path().join(RATINGS), "").expect("a writable folder");
        assert_eq!(find(Some(folder.path())).expect("both are there"), folder.path());
    }
}
