//! What of users is told to models, and how exposure is shared out.

use clap::Args;
use docent::recommend::{
    Users,
    fairness::{ExposureTarget, Mask},
};

use super::share;
use crate::cli::{CliError, Context};

/// What of users is told to models.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PrivacyArgs {
    /// Attributes of users that are sensitive, beside those that are by their names, such as age and gender: they are in no
    /// prompt, and neither is what a profile says of them
    #[arg(long, value_name = "COL,..", value_delimiter = ',')]
    pub(crate) sensitive: Vec<String>,
    /// Sensitive attributes that may be told to models
    #[arg(long, value_name = "COL,..", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
}

impl PrivacyArgs {
    /// Settles what is masked from now on.
    ///
    /// # Errors
    /// If a column is none of the users'.
    pub(crate) fn settle(&self, users: &Users, context: &mut Context) -> Result<(), CliError> {
        Mask::new(users, &self.sensitive, &self.allow)?;
        context.settings.sensitive.extend(self.sensitive.iter().cloned());
        context.settings.allow.extend(self.allow.iter().cloned());
        Ok(())
    }

    /// Refuses attributes of users where nothing is told of them; `hint` says what would tell it.
    ///
    /// # Errors
    /// If somebody named one.
    pub(crate) fn refuse(&self, hint: &str) -> Result<(), CliError> {
        match self.sensitive.is_empty() && self.allow.is_empty() {
            true => Ok(()),
            false => Err(CliError::usage("`--sensitive` and `--allow` where nothing of users is told", hint)),
        }
    }

    /// The sensitive attributes that were named, if any were.
    pub(crate) fn named(&self) -> Option<Vec<String>> {
        (!self.sensitive.is_empty()).then(|| self.sensitive.clone())
    }
}

/// How exposure is shared out among groups of items.
#[derive(Args, Clone, Debug)]
pub(crate) struct FairArgs {
    /// Share the list's exposure out among the groups of an attribute: as in the catalogue, `=liked` as in what users liked,
    /// `=equal`, or `=GROUP:SHARE,..`
    #[arg(long, value_name = "ATTRIBUTE[=TARGET]")]
    fair: Option<ExposureTarget>,
    /// How much that counts, from 0 (not at all) to 1 (alone)
    #[arg(long, value_name = "X", default_value_t = 0.5, value_parser = share, requires = "fair")]
    pub(crate) fairness: f32,
}

impl Default for FairArgs {
    fn default() -> Self {
        Self { fair: None, fairness: 0.5 }
    }
}

impl FairArgs {
    /// What is wanted.
    pub(crate) fn target(&self) -> Option<ExposureTarget> {
        self.fair.clone()
    }
}
