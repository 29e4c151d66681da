//! Recommending by a prompt.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use docent::{
    engine::Engine,
    recommend::{
        Candidate, Recommender, Source, SourceScore,
        prompt::{Example, PromptRecommender, PromptTask, PromptTemplate, Prompting},
    },
};

use super::Whom;
use crate::cli::{CliError, Context, input, lines::Lines};

/// Examples that are taken from other users where no file has any.
const MINED: usize = 2;

/// Whether a prompt decides, and which.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PromptArgs {
    /// Have the language model choose among the best 20 by a prompt: zero-shot, few-shot, cot, conversational, or a file with
    /// a template of your own. It can name nothing else
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "mode")]
    pub(crate) prompt: Option<String>,
    /// Examples for the prompt: JSON Lines with `request` and `items`, titles that answer it [default: what users with a
    /// similar history had]
    #[arg(long, value_name = "FILE", requires = "prompt")]
    pub(crate) examples: Option<PathBuf>,
}

/// A prompt, ready to be asked.
pub(crate) struct Prompted {
    pub(crate) engine: Engine,
    template: PromptTemplate,
    examples: Option<Vec<Example>>,
}

impl Prompted {
    /// Loads what the arguments name; none if they name nothing.
    ///
    /// # Errors
    /// If a file is at fault, or the model cannot be fetched or loaded.
    pub(crate) fn load(args: &PromptArgs, context: &Context) -> Result<Option<Self>, CliError> {
        let Some(name) = &args.prompt else { return Ok(None) };
        let built_in = Prompting::ALL.into_iter().find(|prompting| prompting.name() == name);
        let template = match built_in {
            Some(prompting) => PromptTemplate::built_in(prompting)?,
            None => PromptTemplate::from_file(Path::new(name))?,
        };
        let examples = args.examples.as_deref().map(read_examples).transpose()?;
        Ok(Some(Self { engine: context.engine()?, template, examples }))
    }

    /// Candidates in the order that the model gives them, those that it did not name behind in their old order.
    ///
    /// # Errors
    /// If the template or the model fails.
    pub(crate) fn rank(
        &self,
        candidates: &[Candidate],
        k: usize,
        whom: &Whom,
        recommender: &Recommender,
        context: &Context,
    ) -> Result<Vec<Candidate>, CliError> {
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(&whom.history, &items, k, catalogue);
        task.query.clone_from(&whom.query);
        task.user.profile = recommender.users().get(&whom.name).and_then(|user| user.profile.clone());
        match &self.examples {
            Some(examples) => task.examples.clone_from(examples),
            None => task.mine_examples(&whom.history, whom.user, MINED, interactions, catalogue),
        }
        let answer = PromptRecommender::new(&self.engine, &self.template).recommend(&task)?;
        if let Some(analysis) = &answer.analysis {
            context.status(format_args!("analysis: {analysis}"));
        }
        let rest = (0..candidates.len()).filter(|place| !answer.order.contains(place));
        let order: Vec<usize> = answer.order.iter().copied().chain(rest).collect();
        let ranked = order.into_iter().enumerate().map(|(rank, place)| {
            let mut candidate = candidates[place].clone();
            candidate.score = -(rank as f32);
            if rank < answer.order.len() {
                candidate.sources.push(SourceScore { source: Source::Prompt, value: candidate.score });
            }
            candidate
        });
        Ok(ranked.collect())
    }
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
