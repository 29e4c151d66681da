//! `docent train align`: learns the soft prompts of A-LLMRec. What the second stage has learned so far is kept every few
//! steps and when it is broken off; the next run goes on from there. Of the first stage nothing is kept.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use docent::{
    engine::Teacher,
    recommend::{
        self, Recommender, Store, StoreWriter,
        align::{ALIGNMENT, AlignData, AlignOptions, AlignState, Alignment, train_alignment},
        counted,
        evaluate::{Holdout, Split, Ties},
        store::{CATALOGUE, EMBEDDINGS, INTERACTIONS},
    },
};
use serde::Serialize;

use crate::cli::{CliError, Context, progress::Counter};

/// Steps after which what is learned is kept.
const KEPT: usize = 20;

#[derive(Args, Clone, Debug)]
pub(super) struct AlignArgs {
    /// Folder of the store
    store: PathBuf,
    /// Steps of the second stage, each over eight interactions
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Minutes after which training ends; what the second stage has learned by then is kept, and the next run goes on from
    /// there. The first stage, which aligns texts with behaviour, must come to its end in them
    #[arg(long, value_name = "M", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Begin anew, instead of going on with what the store has
    #[arg(long)]
    anew: bool,
    /// Decides every draw
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
}

#[derive(Serialize)]
struct Report<'a> {
    store: &'a Path,
    /// Steps that are learned from.
    steps: usize,
    /// The mean loss of the last steps of this run in nats a token; `None` if there was none.
    loss: Option<f32>,
}

/// Trains and keeps what was learned.
///
/// # Errors
/// If the store is missing, has no vectors, is being written, or is made anew meanwhile, a model cannot be loaded or fails,
/// or the time is up before there is something to keep.
pub(super) fn run(args: &AlignArgs, context: &mut Context) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    let known = Recommender::open(&store)?;
    let semantic = known.semantic().ok_or(recommend::Error::NoVectors { method: "alignment" })?;
    // What validates and tests elsewhere is not learned from.
    let split = Split::new(known.interactions(), known.catalogue().len(), Holdout::Last(1), Ties::Id, args.seed);
    let histories = split.fitted();
    let engine = context.engine()?;
    // What is damaged does not stand in the way of another one.
    let kept = if args.anew { None } else { store.component(ALIGNMENT)? };
    let begun = match kept {
        Some(bytes) => {
            let begun = Alignment::from_bytes(&bytes)?;
            let fits = begun.seed() == args.seed && begun.fits(&engine, semantic, known.catalogue());
            fits.then_some(begun)
        }
        None => None,
    };
    let teacher = Teacher::load(&context.resolve(&context.settings.model)?.path)?;
    let data = AlignData { catalogue: known.catalogue(), semantic, histories: &histories };
    let options = AlignOptions { steps: args.steps as usize, seed: args.seed, ..AlignOptions::default() };
    let end = Instant::now() + Duration::from_secs(60 * u64::from(args.minutes));
    let mut counter: Option<(&'static str, Counter)> = None;
    let (mut failed, mut too_early, mut losses) = (None, None, Vec::new());
    let trained = train_alignment(&engine, &teacher, data, options, begun, &mut |state| {
        let (what, done, all) = match state {
            AlignState::Aligning(done, all) => ("aligning", done, all),
            AlignState::Projecting(alignment, all, _) => ("learning soft prompts", alignment.steps(), all),
        };
        if counter.as_ref().is_none_or(|(shown, _)| *shown != what) {
            let mut new = context.counter(what, all as u64);
            new.advance(done as u64 - 1);
            counter = Some((what, new));
        }
        if let Some((_, counter)) = &mut counter {
            counter.advance(1);
        }
        if let AlignState::Projecting(alignment, _, loss) = state {
            tracing::info!(step = alignment.steps(), loss, "nats a token");
            losses.push(loss);
            if alignment.steps().is_multiple_of(KEPT) {
                failed = keep(&store, alignment).err();
            }
        }
        let is_over = Instant::now() >= end;
        too_early = is_over.then_some((done, all)).filter(|_| matches!(state, AlignState::Aligning(..)));
        match failed.is_some() || context.is_interrupted() || is_over {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    drop(counter);
    if let Some(error) = failed {
        return Err(error.into());
    }
    if let Some((done, all)) = too_early.filter(|_| !context.is_interrupted()) {
        let problem = format!(
            "the first stage has taken {done} of {all} steps in the {} minutes that it may take, and nothing of it is kept",
            args.minutes
        );
        return Err(CliError::usage(problem, "allow more with `--minutes`"));
    }
    let alignment = trained?;
    keep(&store, &alignment)?;
    if context.is_interrupted() {
        return Err(recommend::Error::Interrupted.into());
    }
    let latest = &losses[losses.len().saturating_sub(KEPT)..];
    let loss = (!latest.is_empty()).then(|| latest.iter().sum::<f32>() / latest.len() as f32);
    let report = Report { store: &args.store, steps: alignment.steps(), loss };
    if context.json {
        return context.json_line(&report);
    }
    let lately = loss.map_or_else(String::new, |loss| format!(", {loss:.3} nats a token lately"));
    context.status(format_args!(
        "Aligned {}: {}{lately}",
        args.store.display(),
        counted(report.steps, "step", "steps")
    ));
    Ok(())
}

/// Puts what is learned so far into the store that it was learned from.
fn keep(store: &Store, alignment: &Alignment) -> recommend::Result<()> {
    let mut writer = StoreWriter::update_with(store, &[CATALOGUE, INTERACTIONS, EMBEDDINGS])?;
    writer.put(ALIGNMENT, &alignment.to_bytes()?)?;
    writer.commit()?;
    Ok(())
}
