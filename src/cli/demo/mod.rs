//! `docent demo`: the whole way from a catalogue to explained recommendations, on the bundled sample.
//!
//! The store that it makes is kept in the user's cache, under a name that follows from the sample, so that a second run
//! starts from there.

mod sample;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use clap::Args;
use docent::recommend::{
    Recommendations, Recommender, Store, counted,
    hybrid::HYBRID,
    index::IndexOptions,
    rerank::identity,
    store::{ENCODER, fingerprint},
};

use super::{
    CliError, Context, index,
    recommend::{JudgeArgs, Rerank, Wanted, Whom, show, system},
    train,
};

/// Somebody who rated 62 films, liked some and others not.
const DEFAULT_USER: &str = "432";
/// How many items are recommended and explained.
const RECOMMENDED: usize = 10;
/// Digits of the sample's fingerprint in the store's name.
const KEY: usize = 16;
/// Decides how the hybrid model is trained.
const SEED: u64 = 0;

/// Arguments of `docent demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// User of the sample to recommend to
    #[arg(long, value_name = "ID", default_value = DEFAULT_USER)]
    user: String,
    /// Folder with the sample's `items.csv` and `ratings.csv`
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the sample is not found or damaged, there is no such user, the store cannot be made, or a model cannot be fetched
/// or fails.
pub(crate) fn run(args: &DemoArgs, context: &mut Context) -> Result<(), CliError> {
    context.catch_interrupts();
    let store = store(args, context)?;
    let recommender = Arc::new(Recommender::open(&store)?);
    let whom = Whom::user(&args.user, &recommender, context)?;
    let started = Instant::now();
    let judge = JudgeArgs { mode: Some(Rerank::Likelihood), ..JudgeArgs::default() };
    let mut system = Wanted { judge, explain: true, ..Wanted::default() }.system(&store, &recommender, context)?;
    let answer = system::serve(&mut system, &whom, RECOMMENDED, None, context)?;
    let answer = Recommendations { language_model: None, ..answer };
    done(context, &format!("Recommended and explained {}", counted(answer.items.len(), "item", "items")), started);
    if context.json {
        return context.json_line(&answer);
    }
    let identity = identity(&context.engine()?);
    let (rated, weight) = (whom.history.len(), recommender.rerank_weight(Rerank::Likelihood.source(), &identity));
    let note = format!(
        "\n{} in all. The order is the hybrid model's; likelihood is the language model's opinion, and\n\
         counts {weight}: on validation items it must gain before it may count.\n",
        counted(rated, "rating", "ratings")
    );
    context.show(&format!("\n{}{note}", show::page(&answer)))
}

/// The store of the last run, or a new one.
fn store(args: &DemoArgs, context: &Context) -> Result<Store, CliError> {
    let sample = sample::find(args.data.as_deref())?;
    let (items, interactions) = (sample.join(sample::ITEMS), sample.join(sample::RATINGS));
    let key = fingerprint(&[items.clone(), interactions.clone()])?;
    let cache = context.settings.cache.clone().unwrap_or_else(|| PathBuf::from(".docent"));
    let path = cache.join(format!("demo-{}", &key[..KEY]));
    let started = Instant::now();
    if let Some(store) = finished(&path, context)? {
        done(context, &format!("Took the store of the last run, {}", path.display()), started);
        return Ok(store);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(CliError::io("create", folder))?;
    }
    // Training follows, and learns the weights with the model.
    let without_weights = true;
    let options = IndexOptions {
        items: Some(items),
        interactions: Some(interactions),
        without_weights,
        // What a run left that did not come to its end, or that had another encoder.
        replace: true,
        ..IndexOptions::default()
    };
    let report = index::make(&path, &options, true, context)?;
    let items = counted(report.items.total, "item", "items");
    let ratings = counted(report.interactions.total, "rating", "ratings");
    done(context, &format!("Indexed {items} and {ratings}"), started);
    // Whoever asks for somebody unknown is told so before the training.
    let made = Store::open(&path)?;
    made.interactions(&made.catalogue()?)?.user(&args.user)?;
    let started = Instant::now();
    train::train(&path, SEED, context)?;
    done(context, "Trained the hybrid model", started);
    Ok(Store::open(&path)?)
}

/// The store of a run that came to its end, with the encoder that is set now.
fn finished(path: &Path, context: &Context) -> Result<Option<Store>, CliError> {
    if !path.exists() {
        return Ok(None);
    }
    match Store::open(path) {
        Ok(store) if store.manifest().components.contains_key(HYBRID) => {
            let encoder = index::find_encoder(None, context)?;
            let sha256 = fingerprint(&encoder.files)?;
            let same = store.manifest().models.get(ENCODER).is_some_and(|model| model.sha256 == sha256);
            Ok(same.then_some(store))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::info!(%error, "the store is made anew");
            Ok(None)
        }
    }
}

/// Tells what was done and how long it took.
fn done(context: &Context, what: &str, started: Instant) {
    context.status(format_args!("{what:<56} {:>8.2} s", started.elapsed().as_secs_f64()));
}
