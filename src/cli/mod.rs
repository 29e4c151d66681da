//! The command line: what may be typed, and which command it calls.
//!
//! Data goes to stdout, everything else to stderr. A command gets a [`Context`], writes to it, and returns a
//! [`CliError`]; none of them prints or exits by itself.

mod audit;
mod bench;
mod cache;
mod chat;
mod columns;
mod context;
mod demo;
mod doctor;
mod embed;
mod error;
mod eval;
mod features;
mod generate;
mod index;
mod input;
mod lines;
mod models;
mod plot;
mod progress;
mod recommend;
mod rerank;
mod score;
mod settings;
mod staged;
mod tokenize;
mod train;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use docent::models::{Isa, KvFormat};

pub(crate) use context::Context;
pub(crate) use error::CliError;
use settings::{Device, Settings};

/// Recommendations, explanations and embeddings from local models: offline, in one binary.
#[derive(Debug, Parser)]
#[command(name = "docent", version, after_long_help = settings::help())]
pub(crate) struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Language model: an alias from `docent models list`, `hf:ORG/NAME[@REVISION][/FILE]`, or a path
    #[arg(long, global = true, value_name = "REF")]
    pub(crate) model: Option<String>,
    /// Sentence encoder, named like a model [default: the store's own]
    #[arg(long, global = true, value_name = "REF")]
    pub(crate) encoder: Option<String>,
    /// Threads that compute [default: as many as this process may use]
    #[arg(long, global = true, value_name = "N", value_parser = settings::threads)]
    pub(crate) threads: Option<usize>,
    /// What the models run on
    #[arg(long, global = true, value_enum)]
    pub(crate) device: Option<Device>,
    /// Instruction set of the CPU: `scalar`, `avx2`, `avxvnni`, `avx512`, `avx512vnni`, `avx512winograd`, `amx` or `neon`
    /// [default: the best]
    #[arg(long, global = true)]
    pub(crate) isa: Option<Isa>,
    /// Positions that the KV cache holds, over all sequences
    #[arg(long, global = true, value_name = "N", value_parser = settings::kv_positions)]
    pub(crate) kv_positions: Option<usize>,
    /// How the KV cache keeps keys and values: `q16` (the CPU's default), `f16`, or `q8_0` in little more than half the
    /// memory (the CPU only)
    #[arg(long, global = true, value_name = "FORMAT", value_parser = settings::kv_format)]
    pub(crate) kv_format: Option<KvFormat>,
    /// Keep what the language model computed of prompts in this file, and start from what it holds
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) prefix_cache: Option<PathBuf>,
    /// Say on stderr what the language model computed, and what it did not have to
    #[arg(long, global = true)]
    pub(crate) stats: bool,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but data and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more about what happens; twice for details
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recommend on the bundled sample: everything at once
    Demo(demo::DemoArgs),
    /// Make a store of items, interactions, users and facts, or add to one
    Index(index::IndexArgs),
    /// Recommend items to a user, to somebody who names what they liked, or for a request in words
    Recommend(recommend::RecommendArgs),
    /// Say why items suit a user
    Explain(recommend::explain::ExplainArgs),
    /// Talk about what to watch, in a session that is kept
    Chat(chat::ChatArgs),
    /// Find items whose texts are near to a query
    Search(recommend::search::SearchArgs),
    /// Learn from a store's interactions
    Train(train::TrainArgs),
    /// Show the text and the token ids that a language model sees
    Tokenize(tokenize::TokenizeArgs),
    /// Log-likelihoods of a prompt and of texts that may follow it
    Score(score::ScoreArgs),
    /// Continue a prompt, streamed as it comes
    Generate(generate::GenerateArgs),
    /// Turn texts into vectors
    Embed(embed::EmbedArgs),
    /// Read structured features out of items' texts
    Features(features::FeaturesArgs),
    /// Measure how fair a store's lists are, and what would make them fairer
    Audit(audit::AuditArgs),
    /// Show what a store keeps of models' answers, and what that saved
    Cache(cache::CacheArgs),
    /// Compare ways to rank on data that they have not seen
    Eval(eval::EvalArgs),
    /// Rank texts by how well they answer a query
    Rerank(rerank::RerankArgs),
    /// Measure how fast this machine runs a model
    Bench(bench::BenchArgs),
    /// List, fetch, find and check models
    Models(models::ModelsArgs),
    /// Show what this machine has, what runs on it, and what is missing
    Doctor(doctor::DoctorArgs),
}

impl Cli {
    /// Parses the arguments; ends the process where they do not parse, or ask for help.
    pub(crate) fn read() -> Self {
        let matches = taking_negative_numbers(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let settings = Settings::load(&self.global)?;
        let mut context = Context::new(settings, &self.global)?;
        let result = match &self.command {
            Command::Demo(args) => demo::run(args, &mut context),
            Command::Index(args) => index::run(args, &mut context),
            Command::Recommend(args) => recommend::run(args, &mut context),
            Command::Explain(args) => recommend::explain::run(args, &mut context),
            Command::Chat(args) => chat::run(args, &mut context),
            Command::Search(args) => recommend::search::run(args, &mut context),
            Command::Train(args) => train::run(args, &mut context),
            Command::Tokenize(args) => tokenize::run(args, &mut context),
            Command::Score(args) => score::run(args, &mut context),
            Command::Generate(args) => generate::run(args, &mut context),
            Command::Embed(args) => embed::run(args, &mut context),
            Command::Features(args) => features::run(args, &mut context),
            Command::Audit(args) => audit::run(args, &mut context),
            Command::Cache(args) => cache::run(args, &mut context),
            Command::Eval(args) => eval::run(args, &mut context),
            Command::Rerank(args) => rerank::run(args, &mut context),
            Command::Bench(args) => bench::run(args, &mut context),
            Command::Doctor(args) => doctor::run(args, &mut context),
            Command::Models(args) => run_models(args, &mut context),
        };
        result.and(context.finish())
    }
}

/// Has every argument take a negative number for its value, so that a wrong one is told to be wrong, and not to be an unknown
/// flag.
fn taking_negative_numbers(command: clap::Command) -> clap::Command {
    let takes_value = |arg: &clap::Arg| arg.get_action().takes_values() && !arg.is_positional();
    let command = command.mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg });
    command.mut_subcommands(taking_negative_numbers)
}

fn run_models(args: &models::ModelsArgs, context: &mut Context) -> Result<(), CliError> {
    let (resolver, progress, json) = (context.resolver(), context.progress(), context.json);
    Ok(models::run(args, &resolver, json, context.out(), progress.as_ref())?)
}
