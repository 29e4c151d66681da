//! Recommending by a prompt.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use docent::{
    engine::{Engine, KeptAnswer},
    recommend::{
        Candidate, Catalogue, Recommender, Source, SourceScore,
        answers::{ContextDigest, SIMILAR},
        budget::{Compressor, fit_prompt},
        fairness::FairReranker,
        prompt::{Answer, Example, PromptRecommender, PromptTask, PromptTemplate, Prompting},
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
}

/// A prompt, ready to be asked.
pub(crate) struct Prompted {
    pub(crate) engine: Engine,
    template: PromptTemplate,
    examples: Option<Vec<Example>>,
    budget: Option<usize>,
}

impl Prompted {
    /// Loads what the arguments name; none if they name nothing.
    ///
    /// # Errors
    /// If a file is at fault, or the model cannot be fetched or loaded.
    pub(crate) fn load(args: &PromptArgs, context: &Context) -> Result<Option<Self>, CliError> {
        let Some(name) = &args.prompt else { return Ok(None) };
        let template = template(name)?;
        let examples = args.examples.as_deref().map(read_examples).transpose()?;
        let budget = args.budget.map(|tokens| tokens as usize);
        Ok(Some(Self { engine: context.engine()?, template, examples, budget }))
    }

    /// Candidates in the order that the model gives them, those that it did not name behind in their old order. `fair` is a
    /// target that the prompt asks for.
    ///
    /// # Errors
    /// If the template or the model fails.
    pub(crate) fn rank(
        &self,
        candidates: &[Candidate],
        k: usize,
        whom: &Whom,
        recommender: &Recommender,
        fair: Option<&FairReranker>,
        context: &Context,
    ) -> Result<Vec<Candidate>, CliError> {
        let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
        let items: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(&whom.history, &items, k, catalogue);
        task.query.clone_from(&whom.query);
        if let Some(user) = recommender.users().get(&whom.name) {
            task.tell(user, &context.mask(recommender.users())?);
        }
        if let Some(fair) = fair {
            task.share_out(fair, &items);
        }
        match &self.examples {
            Some(examples) => task.examples.clone_from(examples),
            None => task.mine_examples(&whom.history, whom.user, MINED, interactions, catalogue),
        }
        if let Some(budget) = self.budget {
            task = self.fit(&task, &items, whom, (recommender, budget), context)?;
        }
        let answer = self.answer(&task, &items, whom, catalogue, context)?;
        if let Some(analysis) = &answer.analysis {
            context.status(format_args!("analysis: {analysis}"));
        }
        let ranked = answer.whole(candidates.len()).into_iter().enumerate().map(|(rank, place)| {
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

impl Prompted {
    /// The task with descriptions that fit a budget.
    fn fit(
        &self,
        task: &PromptTask,
        items: &[usize],
        whom: &Whom,
        (recommender, budget): (&Recommender, usize),
        context: &Context,
    ) -> Result<PromptTask, CliError> {
        let catalogue = recommender.catalogue();
        let descriptions: Vec<Option<&str>> =
            items.iter().map(|&item| catalogue[item].description.as_deref()).collect();
        let mut encoder = context.embedder()?;
        let count = |text: &str| Ok(self.engine.tokenize_continuation(text)?.len());
        let mut compressor = Compressor::new(&mut encoder, Box::new(count));
        let asker = PromptRecommender::new(&self.engine, &self.template);
        let request = whom.query().text;
        let fitted = fit_prompt(&asker, task, &descriptions, request, &mut compressor, budget)?;
        context.count_compressed(fitted.whole - fitted.tokens);
        Ok(fitted.task)
    }

    /// The model's answer, or the one that it gave to a request in almost the same words where everything else was the same.
    fn answer(
        &self,
        task: &PromptTask,
        items: &[usize],
        whom: &Whom,
        catalogue: &Catalogue,
        context: &Context,
    ) -> Result<Answer, CliError> {
        let asker = PromptRecommender::new(&self.engine, &self.template);
        let (Some(answers), Some(request)) = (context.answers(), whom.query().text) else {
            return Ok(asker.recommend(task)?);
        };
        // In an order of their own: a request in other words finds the same items in another one.
        let mut offered = task.items.clone();
        offered.sort_by(|a, b| a.title.cmp(&b.title));
        let same = PromptTask { query: None, items: offered, ..task.clone() };
        let asked = ContextDigest::default()
            .with(self.engine.identity())
            .with(self.template.source())
            .with(serde_json::to_vec(&same).unwrap_or_default())
            .finish();
        let id = |place: usize| catalogue[items[place]].id.clone();
        if let Some((kept, nearness)) = answers.nearest(&asked, request, SIMILAR)?
            && let Ok((ids, analysis)) = serde_json::from_slice::<(Vec<String>, Option<String>)>(&kept.bytes)
        {
            tracing::info!(nearness, "the answer to a request in almost the same words");
            let place = |id: &String| items.iter().position(|&item| catalogue[item].id == *id);
            return Ok(Answer { order: ids.iter().filter_map(place).collect(), analysis });
        }
        let answer = asker.recommend(task)?;
        let ids: Vec<String> = answer.order.iter().map(|&place| id(place)).collect();
        if let Ok(bytes) = serde_json::to_vec(&(ids, &answer.analysis)) {
            let tokens = asker.count(task)? as u64;
            answers.keep_similar(&asked, request, &KeptAnswer { bytes, tokens })?;
        }
        Ok(answer)
    }
}

/// A template by its name, or of a file.
///
/// # Errors
/// If the file cannot be read or is no template.
pub(crate) fn template(name: &str) -> Result<PromptTemplate, CliError> {
    let built_in = Prompting::ALL.into_iter().find(|prompting| prompting.name() == name);
    Ok(match built_in {
        Some(prompting) => PromptTemplate::built_in(prompting)?,
        None => PromptTemplate::from_file(Path::new(name))?,
    })
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
