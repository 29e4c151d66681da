//! Recommending by the system that a configuration file describes.

use std::{fs, path::Path};

use docent::recommend::{
    Filter, Recommendations, Recommender,
    system::{LLMRecommendationSystem, Person, SystemConfig},
};

use super::Whom;
use crate::cli::{CliError, Context};

/// Makes a list by the table `system` of the strongest configuration file that has one.
///
/// # Errors
/// If none has one, it is wrong, or a model cannot be fetched or fails.
pub(super) fn make(
    recommender: Recommender,
    whom: &Whom,
    k: usize,
    filter: Option<&Filter>,
    context: &Context,
) -> Result<Recommendations, CliError> {
    let mask = context.mask(recommender.users())?;
    let record = recommender.users().get(&whom.name).cloned();
    let mut system = build(recommender, mask, context)?;
    let query = whom.query();
    let person = Person {
        name: &whom.name,
        user: whom.user,
        record: record.as_ref(),
        history: &whom.history,
        request: whom.query.as_deref(),
        vector: query.text,
    };
    Ok(system.serve(&person, k, filter)?)
}

fn build(
    recommender: Recommender,
    mask: docent::recommend::fairness::Mask,
    context: &Context,
) -> Result<LLMRecommendationSystem, CliError> {
    for path in &context.settings.files {
        let text = fs::read_to_string(path).map_err(CliError::io("read", path))?;
        if !text.contains("[system]") && !text.contains("[[system.") {
            continue;
        }
        let config = SystemConfig::parse(&text)?;
        let engine = config.needs_language_model().then(|| context.engine()).transpose()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        return Ok(config.build(recommender, mask, engine.as_ref(), folder)?);
    }
    Err(CliError::usage("no configuration file describes a system", "add a table `[system]` to `docent.toml`"))
}
