//! `docent audit`: how fair a store's lists are, what mitigation costs, and what users say about it.

mod page;
mod show;

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{
    Error, Recommender, Store,
    fairness::{AuditOptions, Auditor, FairnessFeedback, audit},
    prompt::PromptTemplate,
};

use super::{
    CliError, Context,
    recommend::{FairArgs, PrivacyArgs, open, template},
    staged::Staged,
};

/// The arguments of a report, of which none says anything about a remark.
const NOT_KEPT: [&str; 9] = ["attribute", "k", "limit_users", "seed", "sensitive", "allow", "fair", "prompt", "html"];

/// Arguments of `docent audit`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AuditArgs {
    /// Folder of the store
    store: PathBuf,
    /// Attributes of items whose exposure is measured [default: those of few values, and numbers]
    #[arg(long, value_name = "COL,..", value_delimiter = ',')]
    attribute: Option<Vec<String>>,
    /// How many items a list has
    #[arg(short, long = "top", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// The most users whose lists are changed, or who test
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit_users: Option<u32>,
    /// Seed of every draw
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    privacy: PrivacyArgs,
    #[command(flatten)]
    fair: FairArgs,
    /// Also check lists that the language model chooses by a prompt: zero-shot, few-shot, cot, conversational, or a file with
    /// a template of your own
    #[arg(long, value_name = "TEMPLATE")]
    prompt: Option<String>,
    /// Also write the report as a page with plots to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Keep what somebody says about fairness, for the next report, instead of making one
    #[arg(long, value_name = "TEXT", conflicts_with_all = NOT_KEPT)]
    feedback: Option<String>,
    /// Who says so
    #[arg(long, value_name = "ID", requires = "feedback")]
    user: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// If the store is damaged, the page cannot be written, an attribute is none of its, or a model cannot be fetched or fails.
pub(crate) fn run(args: &AuditArgs, context: &mut Context) -> Result<(), CliError> {
    if let Some(text) = &args.feedback {
        return keep(args, text, context);
    }
    // What cannot be written is said before the computing.
    let page = args.html.as_deref().map(Staged::new).transpose()?;
    context.catch_interrupts();
    let store = Store::open(&args.store)?;
    let recommender = open(&store, context)?;
    args.privacy.settle(recommender.users(), context)?;
    let mask = context.mask(recommender.users())?;
    let options = AuditOptions {
        attributes: args.attribute.clone(),
        sensitive: args.privacy.named(),
        k: usize::from(args.k),
        limit_users: args.limit_users.map(|limit| limit as usize),
        seed: args.seed,
        target: args.fair.target().map(|target| (target, args.fair.fairness)),
    };
    let template: Option<PromptTemplate> = args.prompt.as_deref().map(template).transpose()?;
    let engine = template.is_some().then(|| context.engine()).transpose()?;
    let reads_profiles =
        recommender.semantic().is_some() && recommender.users().users().iter().any(|u| u.profile.is_some());
    let mut encoder = reads_profiles.then(|| context.embedder_of(&store)).transpose()?;
    let auditor = Auditor {
        recommender: &recommender,
        mask: &mask,
        encoder: encoder.as_mut(),
        prompt: engine.as_ref().zip(template.as_ref()),
    };
    let feedback = FairnessFeedback::read(&args.store)?;
    let report = audit(auditor, &options, feedback, &mut |what| {
        if !what.is_empty() {
            context.status(what);
        }
        context.flow()
    })?;
    let title = args.store.display().to_string();
    if let Some(page) = page {
        page.publish_text(&page::page(&title, &report))?;
    }
    if context.json { context.json_line(&report) } else { context.show(&show::table(&title, &report)) }
}

/// Keeps a remark.
fn keep(args: &AuditArgs, text: &str, context: &mut Context) -> Result<(), CliError> {
    let recommender = Recommender::open(&Store::open(&args.store)?)?;
    args.user.as_deref().map(|id| recommender.user(id)).transpose()?;
    let remark = FairnessFeedback::open(&args.store)?.add(args.user.as_deref(), text).map_err(|error| match error {
        Error::Remark { .. } => CliError::usage(error.to_string(), "say it in a few sentences"),
        error => error.into(),
    })?;
    if context.json {
        return context.json_line(&remark);
    }
    context.status("Kept for the next report");
    Ok(())
}
