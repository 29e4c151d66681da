//! What the errors of this module are made of: the faults that they name and the causes that they keep.

use std::error::Error as StdError;
use std::fmt;

use super::error::HubError;

/// What is wrong with a reference's grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceFault {
    /// Nothing was given.
    #[error("it is empty")]
    Empty,
    /// `hf:` is not followed by `ORG/NAME`.
    #[error("`hf:` is not followed by `ORG/NAME`")]
    NoName,
    /// `ORG` or `NAME` is no name that the Hub gives.
    #[error("`ORG/NAME` may hold letters, digits, `-`, `_` and `.` only")]
    Repository,
    /// `REVISION` is no name of a branch, tag or commit.
    #[error("the revision after `@` is empty or holds other characters than a branch name")]
    Revision,
    /// `FILE` is empty or leaves the repository.
    #[error("the file is empty or leaves the repository")]
    File,
}

/// What is wrong with a Hub's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolFault {
    /// A header is missing or does not hold what it must.
    #[error("header `{0}` is missing or malformed")]
    Header(&'static str),
    /// The listing of a repository is no listing.
    #[error("the listing of the repository cannot be read")]
    Listing,
    /// A redirect to nowhere, or too many of them.
    #[error("it redirects to nowhere or in a circle")]
    Redirect,
    /// A body without a stated length that exceeds what is read without one.
    #[error("the body states no length and is longer than {0} bytes")]
    Endless(u64),
}

/// Where a reference can be fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The address on the Hub.
    pub hub: String,
    /// The Python package, `NAME==VERSION`.
    pub package: Option<String>,
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.hub)?;
        self.package.as_ref().map_or(Ok(()), |package| write!(f, " or from the Python package `{package}`"))
    }
}

/// What the sources answered, one after the other: never empty. As an error it shows the first with its causes, and
/// the next as its cause.
#[derive(Debug)]
pub struct Failures {
    error: Box<HubError>,
    then: Option<Box<Failures>>,
}

impl Failures {
    pub(super) fn new(first: HubError, then: Option<HubError>) -> Self {
        let then = then.map(|error| Box::new(Failures::new(error, None)));
        Failures { error: Box::new(first), then }
    }

    /// What the first source answered.
    pub fn first(&self) -> &HubError {
        &self.error
    }

    /// What the sources answered, in order.
    pub fn iter(&self) -> impl Iterator<Item = &HubError> {
        std::iter::successors(Some(self), |failure| failure.then.as_deref()).map(|failure| &*failure.error)
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Failures {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.then.as_deref().map(|failure| failure as _)
    }
}

/// How pip ended.
#[derive(Debug, thiserror::Error)]
#[error("{status}{}", Aside(said))]
pub struct PipFailure {
    /// The exit status.
    pub status: std::process::ExitStatus,
    /// The end of what it wrote to its error output.
    pub said: Option<String>,
}

/// `: TEXT`, or nothing.
pub(super) struct Aside<'a>(pub(super) &'a Option<String>);

impl fmt::Display for Aside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

/// Each between backticks, separated by commas.
pub(super) struct Quoted<'a>(pub(super) &'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, text) in self.0.iter().enumerate() {
            write!(f, "{}`{text}`", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
