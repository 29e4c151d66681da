//! Recommending by a prompt.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use docent::recommend::{
    Store,
    fairness::ExposureTarget,
    prompt::{Example, PromptTemplate, Prompting},
    system::Prompted,
};

use crate::cli::{CliError, Context, input, lines::Lines};

/// Whether a prompt decides, and which.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PromptArgs {
    /// Have the language model choose among the best 20 by a prompt: zero-shot, few-shot, cot, conversational, or a file with
    /// a template of your own. It can name nothing else
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "mode", group = "asked")]
    pub(crate) prompt: Option<String>,
    /// The most tokens of the prompt: descriptions are told in full, or compressed to their most telling sentences so that
    /// they fit [default: the first 100 characters of each]
    #[arg(long, value_name = "N", requires = "prompt", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) budget: Option<u32>,
    /// Examples for the prompt: JSON Lines with `request` and `items`, titles that answer it [default: what users with a
    /// similar history had]
    #[arg(long, value_name = "FILE", requires = "prompt")]
    pub(crate) examples: Option<PathBuf>,
    /// How many facts of the store the prompt tells about each item at most, first what it has in common with liked ones
    #[arg(long, value_name = "N", requires = "prompt", default_value_t = 0)]
    pub(crate) facts: u16,
}

impl PromptArgs {
    /// What asks by the prompt that the arguments name; none if they name none. `target` is what the prompt asks for beside.
    ///
    /// # Errors
    /// If a file is at fault, or a model cannot be fetched or loaded.
    pub(crate) fn stage(
        &self,
        target: Option<ExposureTarget>,
        store: &Store,
        context: &Context,
    ) -> Result<Option<Prompted>, CliError> {
        let Some(name) = &self.prompt else { return Ok(None) };
        let template = template(name)?;
        let examples = self.examples.as_deref().map(read_examples).transpose()?;
        let mut prompted = Prompted::new(context.engine()?, template);
        if let Some(examples) = examples {
            prompted = prompted.with_examples(examples);
        }
        if let Some(budget) = self.budget {
            prompted = prompted.with_budget(budget as usize, context.embedder_of(store)?);
        }
        if self.facts > 0 {
            prompted = prompted.with_facts(Arc::new(store.knowledge()?), usize::from(self.facts));
        }
        if let Some(answers) = context.answers() {
            prompted = prompted.with_answers(answers.clone());
        }
        if let Some(target) = target {
            prompted = prompted.with_target(target);
        }
        Ok(Some(prompted))
    }
}

/// A template by its name, or of a file.
///
/// # Errors
/// If there is no such template, or the file cannot be read or is none.
pub(crate) fn template(name: &str) -> Result<PromptTemplate, CliError> {
    if let Some(prompting) = Prompting::named(name) {
        return Ok(PromptTemplate::built_in(prompting)?);
    }
    if !Path::new(name).exists() {
        let names = Prompting::ALL.map(Prompting::name).join(", ");
        return Err(CliError::usage(
            format!("there is no template `{name}`, neither built in nor as a file"),
            format!("built in are {names}"),
        ));
    }
    Ok(PromptTemplate::from_file(Path::new(name))?)
}

fn read_examples(path: &Path) -> Result<Vec<Example>, CliError> {
    let source = input::Source::File(path.to_owned());
    let file = File::open(path).map_err(CliError::io("open", path))?;
    let mut lines = Lines::new(source, BufReader::new(file));
    let mut examples = Vec::new();
    while let Some(text) = lines.next()? {
        let example = serde_json::from_str(text);
        let line = lines.number();
        let fault = |error| {
            CliError::usage(
                format!("{}, line {line}: {error}", path.display()),
                "write `{\"request\": \"…\", \"items\": [\"…\"]}`, one a line",
            )
        };
        examples.push(example.map_err(fault)?);
    }
    Ok(examples)
}
