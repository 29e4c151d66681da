//! What can go wrong on the command line, how it is shown, and which exit code it gives.

use std::{
    error::Error as _,
    io,
    path::{Path, PathBuf},
};

use docent::{engine, models, recommend};

use super::{input::InputError, models::ModelsError, settings::SettingError};

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Arguments that contradict each other or make no sense.
    #[error("{problem}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// A variable or configuration file is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A model cannot be loaded, or fails.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Something is wrong with the items or interactions, or a part of the recommender fails.
    #[error(transparent)]
    Recommend(recommend::Error),
    /// Columns of a file are not understood, and the command has no `--role` that would say what they are.
    #[error(transparent)]
    Columns(recommend::Error),
    /// A file that the user gave does not hold what it should.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The system refuses to read or write a file.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// The log's directives do not parse.
    #[error("`{directives}` says nothing about what to log")]
    Log {
        /// What was given.
        directives: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// `docent models` failed.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A server that is measured beside us does not answer, or not as it should.
    #[error("the peer at {url} fails")]
    Peer {
        /// Where it is.
        url: String,
        /// What went wrong.
        source: Box<ureq::Error>,
    },
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
}

impl CliError {
    /// Whether the reader of standard output has gone: it has what it wanted, so nothing is said.
    fn is_broken_pipe(&self) -> bool {
        let (CliError::Output(error) | CliError::Models(ModelsError::Output(error))) = self else { return false };
        error.kind() == io::ErrorKind::BrokenPipe
    }

    /// The exit code: 0 where nobody reads any more, 1 failed, 2 wrong usage, 130 interrupted.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            _ if self.is_broken_pipe() => 0,
            CliError::Usage { .. } | CliError::Setting(_) | CliError::Log { .. } => 2,
            // An expression is an argument.
            CliError::Recommend(recommend::Error::Filter(_)) => 2,
            CliError::Interrupted => 130,
            _ => 1,
        }
    }

    /// What the user can do about it, where something is known to help.
    fn hint(&self) -> Option<String> {
        match self {
            CliError::Usage { hint, .. } => hint.clone(),
            CliError::Setting(error) => error.hint(),
            CliError::Engine(error) => error.hint(),
            CliError::Recommend(error) => error.hint(),
            CliError::Columns(_) => Some(
                "rename the column, or take it out; or make a store with `docent index`, which takes `--role`, and name that"
                    .into(),
            ),
            CliError::Input(error) => error.hint(),
            CliError::Models(error) => error.hint(),
            CliError::Log { .. } => Some("write it like `info` or `docent_models=debug`".into()),
            CliError::Peer { .. } => {
                Some("start it with the same model: `llama-server -m FILE -np 16 -c 16384 --port PORT`".into())
            }
            CliError::Io { .. } | CliError::Output(_) | CliError::Interrupted => None,
        }
    }

    /// Writes the error, its causes and its hint to stderr.
    pub(crate) fn report(&self) {
        use io::Write as _;
        if self.is_broken_pipe() {
            return;
        }
        // Where stderr cannot be written nobody is left to tell.
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = writeln!(stderr, "caused by: {}", error.to_string().trim_end());
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            let _ = writeln!(stderr, "hint: {hint}");
        }
    }

    /// An error of a table that is read by a command without `--role`.
    pub(crate) fn without_roles(error: recommend::Error) -> Self {
        match error.hint().is_some_and(|hint| hint.contains("--role")) {
            true => CliError::Columns(error),
            false => error.into(),
        }
    }

    /// A usage error.
    pub(crate) fn usage(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        CliError::Usage { problem: problem.into(), hint: Some(hint.into()) }
    }

    /// Wraps what the system said about `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| CliError::Io { action, path, source }
    }
}

impl From<recommend::Error> for CliError {
    fn from(error: recommend::Error) -> Self {
        match error {
            recommend::Error::Interrupted => CliError::Interrupted,
            error => CliError::Recommend(error),
        }
    }
}

impl From<models::Error> for CliError {
    fn from(error: models::Error) -> Self {
        CliError::Engine(error.into())
    }
}

impl From<models::hub::HubError> for CliError {
    fn from(error: models::hub::HubError) -> Self {
        models::Error::from(error).into()
    }
}
