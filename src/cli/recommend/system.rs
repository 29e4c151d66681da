//! The stages of a list: those that arguments ask for, or those that a configuration file describes.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use clap::Args;
use docent::recommend::{
    Error, Filter, Recommendations, Recommender, Store,
    diversify::Diversity,
    system::{
        Diversify, FairExposure, LLMRecommendationSystem, Person, Reranked, Sentences, SystemConfig, SystemModels,
    },
};

use super::{DraftArgs, FairArgs, JudgeArgs, PromptArgs, VarietyArgs, Whom, judge, tokens::SelectArgs};
use crate::cli::{CliError, Context};

/// What a list should be.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Wanted {
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) prompt: PromptArgs,
    #[command(flatten)]
    pub(crate) variety: VarietyArgs,
    #[command(flatten)]
    pub(crate) fair: FairArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// Say why each item is recommended
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) drafts: DraftArgs,
}

impl Wanted {
    /// Refuses arguments that say how something is done which no other argument asks for.
    ///
    /// # Errors
    /// If there is one.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        self.judge.check()?;
        if self.explain { Ok(()) } else { self.drafts.refuse("add `--explain`") }
    }

    /// What makes such lists.
    ///
    /// # Errors
    /// If a model cannot be fetched or loaded, a file is at fault, or the store has no such attribute.
    pub(crate) fn system(
        &self,
        store: &Store,
        recommender: &Arc<Recommender>,
        context: &Context,
    ) -> Result<LLMRecommendationSystem, CliError> {
        let mask = context.mask(recommender.users())?;
        let mut system = LLMRecommendationSystem::new(recommender.clone(), mask).with_candidates_per_item(1);
        if let Some(rule) = self.select.rule() {
            system = system.with_selection(rule);
        }
        if let Some(judge) = judge::load(&self.judge, recommender, context)? {
            system = system.with_stage(Reranked { judge, weight: None });
        }
        let target = self.fair.target();
        if let Some(target) = &target {
            target.resolve(recommender.catalogue(), recommender.interactions())?;
        }
        if let Some(prompted) = self.prompt.stage(target.clone(), store, context)? {
            system = system.with_stage(prompted);
        }
        if self.variety.diversity > 0.0 {
            let VarietyArgs { diversity: strength, diversify } = self.variety;
            let way = Diversity::from(diversify);
            way.require(recommender.catalogue())?;
            system = system.with_stage(Diversify { way, strength });
        }
        if let Some(target) = target {
            system = system.with_stage(FairExposure { target, strength: self.fair.fairness });
        }
        if self.explain {
            system = system.explaining(Sentences::new(context.engine()?, self.drafts.count()));
        }
        Ok(system)
    }
}

/// What makes lists by the table `system` of the strongest configuration file that has one.
///
/// # Errors
/// If none has one, it is wrong, or a model cannot be fetched or loaded.
pub(crate) fn described(
    store: &Store,
    recommender: &Arc<Recommender>,
    context: &Context,
) -> Result<LLMRecommendationSystem, CliError> {
    for path in &context.settings.files {
        let text = fs::read_to_string(path).map_err(CliError::io("read", path))?;
        let wrong = |error: Error| match error {
            Error::Config { .. } => {
                CliError::Usage { hint: error.hint(), problem: format!("{}: {error}", path.display()) }
            }
            error => error.into(),
        };
        let Some(config) = SystemConfig::parse(&text).map_err(wrong)? else { continue };
        let engine = config.needs_language_model().then(|| context.engine()).transpose()?;
        let encoder = config.needs_encoder().then(|| context.embedder_of(store)).transpose()?;
        let encoder = encoder.map(|encoder| Arc::new(Mutex::new(encoder)));
        let knowledge = config.needs_knowledge().then(|| store.knowledge().map(Arc::new)).transpose()?;
        let models = SystemModels { engine, encoder, answers: context.answers().cloned(), knowledge };
        let folder = path.parent().unwrap_or(Path::new("."));
        let mask = context.mask(recommender.users())?;
        return config.build(recommender.clone(), mask, &models, folder).map_err(wrong);
    }
    Err(CliError::usage("no configuration file describes a system", "add a table `[system]` to `docent.toml`"))
}

/// Has a system make a list for somebody.
///
/// # Errors
/// If a model fails.
pub(crate) fn serve(
    system: &mut LLMRecommendationSystem,
    whom: &Whom,
    k: usize,
    filter: Option<&Filter>,
    context: &Context,
) -> Result<Recommendations, CliError> {
    let record = system.recommender().users().get(&whom.name).cloned();
    let person = Person { record: record.as_ref(), ..whom.person() };
    let answer = system.serve(&person, k, filter)?;
    context.count_compressed(answer.tokens_compressed);
    Ok(answer)
}
