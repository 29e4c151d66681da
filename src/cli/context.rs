//! What a command works with: settings, models, standard output, and the way to the user.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt::Display,
    io::{self, BufWriter, IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use docent::{
    engine::{Embedder, Engine, EngineOptions, Prompts, Stats},
    models::{
        self,
        hub::{ModelReference, Progress, Quiet, Resolved, Resolver},
    },
    recommend::{Store, Users, answers::AnswerCache, counted, fairness::Mask},
};
use serde::Serialize;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tracing_subscriber::EnvFilter;

use super::{
    CliError, GlobalArgs,
    progress::{Counter, StderrProgress},
    settings::Settings,
    staged::Staged,
};

/// One run of a command.
pub(crate) struct Context {
    /// What was set, by flag, environment or file.
    pub(crate) settings: Settings,
    /// Whether answers are JSON.
    pub(crate) json: bool,
    /// Whether nothing but data and errors is wanted.
    pub(crate) quiet: bool,
    /// Set by the first interrupt or request to terminate; the second one ends the process.
    pub(crate) interrupted: Arc<AtomicBool>,
    /// Whether statistics are wanted.
    stats: bool,
    /// The language model of the settings, once it is loaded.
    engine: OnceCell<Engine>,
    /// The language models that something is wanted of at the end.
    watched: RefCell<Vec<Engine>>,
    /// The store whose answers language models look up, if any, and these, once they are needed.
    answers_of: Option<PathBuf>,
    answers: OnceCell<Option<Arc<AnswerCache>>>,
    /// Tokens that prompts did not take, since descriptions were compressed.
    compressed: Cell<u64>,
    out: BufWriter<io::Stdout>,
}

impl Context {
    /// Sets up log and interrupts.
    ///
    /// # Errors
    /// If the log's directives do not parse.
    pub(crate) fn new(settings: Settings, flags: &GlobalArgs) -> Result<Self, CliError> {
        start_log(settings.log.as_deref(), flags)?;
        let context = Self {
            settings,
            json: flags.json,
            quiet: flags.quiet,
            interrupted: Arc::default(),
            stats: flags.stats,
            engine: OnceCell::new(),
            watched: RefCell::default(),
            answers_of: None,
            answers: OnceCell::new(),
            compressed: Cell::default(),
            out: BufWriter::new(io::stdout()),
        };
        Ok(context)
    }

    /// Lets the command end by itself at an interrupt or a request to terminate, at a place of its choice, and leave nothing
    /// half-done: it must look at [`is_interrupted`](Self::is_interrupted). The second of them ends the process.
    pub(crate) fn catch_interrupts(&self) {
        let code = i32::from(CliError::Interrupted.exit_code());
        for signal in [SIGINT, SIGTERM] {
            // In this order, so that the first one does not yet find what it sets.
            let caught = flag::register_conditional_shutdown(signal, code, self.interrupted.clone())
                .and_then(|_| flag::register(signal, self.interrupted.clone()));
            if let Err(error) = caught {
                tracing::warn!(%error, signal, "ends the process at once");
            }
        }
    }

    /// Whether an interrupt has come.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// What long work is told: to break off once an interrupt has come.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        if self.is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Standard output, buffered: for data only.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Writes one line of JSON.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from).map_err(CliError::Output)?;
        self.line("")
    }

    /// Writes one line of text.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), CliError> {
        writeln!(self.out, "{text}").map_err(CliError::Output)
    }

    /// Writes text and shows it at once.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn show(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(CliError::Output)
    }

    /// Writes what is still buffered, the prefixes that are to be kept, and the statistics, to stderr, if they are wanted.
    ///
    /// # Errors
    /// If standard output or the file of prefixes cannot be written, or a model has stopped.
    pub(crate) fn finish(&mut self) -> Result<(), CliError> {
        self.out.flush().map_err(CliError::Output)?;
        let engines = self.watched.take();
        for engine in &engines {
            if let Some(path) = &self.settings.prefix_cache {
                engine.save_prefixes(path)?;
            }
            self.tell_stats(engine.stats()?)?;
        }
        // No model was asked, and that is said, too.
        if engines.is_empty() {
            self.tell_stats(Stats::default())?;
        }
        Ok(())
    }

    /// Writes statistics to stderr, if they are wanted.
    fn tell_stats(&self, stats: Stats) -> Result<(), CliError> {
        if !self.stats {
            return Ok(());
        }
        let told = Told { stats, tokens_compressed: self.compressed.take() };
        let text = if self.json { serde_json::to_string(&told).map_err(io::Error::from) } else { Ok(told.to_string()) };
        // They were asked for, so `--quiet` does not silence them; where stderr cannot be written nobody is left.
        let _ = writeln!(io::stderr(), "{}", text.map_err(CliError::Output)?);
        Ok(())
    }

    /// Tells the user something on stderr, unless they want quiet.
    pub(crate) fn status(&self, text: impl Display) {
        if !self.quiet {
            // Where stderr cannot be written nobody is left to tell.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// What finds and fetches models.
    pub(crate) fn resolver(&self) -> Resolver {
        Resolver::new(self.settings.hub.clone())
    }

    /// What shows how a fetch advances.
    pub(crate) fn progress(&self) -> Box<dyn Progress> {
        if self.quiet { Box::new(Quiet) } else { Box::new(StderrProgress::new()) }
    }

    /// What counts the parts of a piece of work for the user.
    pub(crate) fn counter(&self, what: &str, total: u64) -> Counter {
        Counter::new(what, total, self.quiet)
    }

    /// Brings a model to this machine, if it is not here.
    ///
    /// # Errors
    /// If the reference is wrong, or the model cannot be fetched.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Resolved, models::Error> {
        let reference: ModelReference = reference.parse()?;
        Ok(self.resolver().resolve(&reference, self.progress().as_ref())?)
    }

    /// Has language models that are loaded from now on look answers up in a store, and keep them there. Where a store cannot
    /// be written they are computed.
    pub(crate) fn keep_answers(&mut self, store: &Path) {
        self.answers_of = Some(store.to_owned());
    }

    /// Where answers are kept, if they are.
    pub(crate) fn answers(&self) -> Option<&Arc<AnswerCache>> {
        let open = || match AnswerCache::open(self.answers_of.as_deref()?, self.settings.answers) {
            Ok(answers) => Some(Arc::new(answers)),
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "answers are neither looked up nor kept");
                None
            }
        };
        self.answers.get_or_init(open).as_ref()
    }

    /// Counts tokens that a prompt did not take.
    pub(crate) fn count_compressed(&self, tokens: usize) {
        self.compressed.set(self.compressed.get() + tokens as u64);
    }

    /// What of these users no model is told. Settings may name columns that other stores have.
    ///
    /// # Errors
    /// Never, as only columns of these users are named.
    pub(crate) fn mask(&self, users: &Users) -> Result<Mask, CliError> {
        Ok(Mask::of_settings(users, &self.settings.sensitive, &self.settings.allow)?)
    }

    /// The language model, loaded once.
    ///
    /// # Errors
    /// If it cannot be fetched or loaded.
    pub(crate) fn engine(&self) -> Result<Engine, CliError> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine.clone());
        }
        let engine = self.engine_with(&self.settings.engine_options())?;
        Ok(self.engine.get_or_init(|| engine).clone())
    }

    /// What the language model makes of prompts, without its weights.
    ///
    /// # Errors
    /// If its files cannot be fetched or read.
    pub(crate) fn prompts(&self) -> Result<Prompts, CliError> {
        Ok(Prompts::load(&self.resolve(&self.settings.model)?.path)?)
    }

    /// The language model, loaded to run in a way of its own.
    ///
    /// # Errors
    /// If it cannot be fetched or loaded, or what it computes of prompts cannot be kept where it shall be.
    pub(crate) fn engine_with(&self, options: &EngineOptions) -> Result<Engine, CliError> {
        let prefixes = self.settings.prefix_cache.as_deref();
        if let Some(path) = prefixes {
            if !Engine::may_save_prefixes(path)? {
                let problem = format!("--prefix-cache {} is a file of something else", path.display());
                return Err(CliError::usage(problem, "name a file that is not there yet"));
            }
            // What cannot be written is said before the computing.
            drop(Staged::new(path)?);
        }
        let resolved = self.resolve(&self.settings.model)?;
        let mut engine = Engine::load(&resolved.path, options)?;
        if let Some(answers) = self.answers() {
            engine = engine.with_answers(answers.clone());
        }
        if let Some(path) = prefixes.filter(|path| path.metadata().is_ok_and(|file| file.len() > 0))
            && let Err(error) = engine.load_prefixes(path)
        {
            tracing::warn!(%error, "prefixes are computed anew");
        }
        if self.stats || self.settings.prefix_cache.is_some() {
            self.watched.borrow_mut().push(engine.clone());
        }
        Ok(engine)
    }

    /// The sentence encoder, loaded.
    ///
    /// # Errors
    /// If it cannot be fetched or loaded.
    pub(crate) fn embedder(&self) -> Result<Embedder, CliError> {
        let resolved = self.resolve(self.settings.encoder())?;
        Ok(Embedder::load(&resolved.path, &self.settings.engine_options())?)
    }

    /// The sentence encoder of a store, loaded: the one that it names, unless somebody names one.
    ///
    /// # Errors
    /// If it cannot be fetched or loaded, or is not the one that the store's vectors come from.
    pub(crate) fn embedder_of(&self, store: &Store) -> Result<Embedder, CliError> {
        let stored = store.manifest().encoder().map(|model| model.reference.as_str());
        let reference = self.settings.encoder.as_deref().or(stored).unwrap_or(self.settings.encoder());
        let resolved = self.resolve(reference)?;
        store.require_encoder(reference, &resolved.files)?;
        Ok(Embedder::load(&resolved.path, &self.settings.engine_options())?)
    }
}

/// An error with its causes, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Statistics with what was saved before the model was asked.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    stats: Stats,
    /// Tokens that compressed descriptions did not take.
    tokens_compressed: u64,
}

/// For people: first what was asked of the model, and what of it had to be computed.
impl Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Told { stats, tokens_compressed } = self;
        let Stats { prompt_tokens, cached_tokens, generated_tokens, forced_tokens, .. } = stats;
        let Stats { drafted_tokens, accepted_tokens, scored_tokens, steps, rows, .. } = stats;
        let Stats { answers_found, tokens_saved, .. } = stats;
        let asked = prompt_tokens + generated_tokens + forced_tokens + accepted_tokens + scored_tokens + tokens_saved;
        let answers = counted(*answers_found as usize, "kept answer", "kept answers");
        let tokens = |count: &u64| counted(*count as usize, "token", "tokens");
        let (prompts, drawn, scored) = (tokens(prompt_tokens), tokens(generated_tokens), tokens(scored_tokens));
        let (read, jobs) = (counted(*rows as usize, "row", "rows"), counted(stats.jobs as usize, "job", "jobs"));
        write!(
            f,
            "tokens   {asked} asked, {rows} computed, {cached_tokens} cached, {tokens_saved} saved by {answers}, \
             {tokens_compressed} by compression\n\
             prompts  {prompts}, {cached_tokens} of them found in the prefix cache\n\
             texts    {drawn} drawn, {forced_tokens} forced, {accepted_tokens} of {drafted_tokens} guesses right\n\
             scores   {scored} of continuations computed\n\
             steps    {steps}, of {read} in all; {jobs}, {} made way\n\
             cache    {} of {} blocks kept, {} forgotten",
            stats.preempted, stats.blocks_kept, stats.blocks, stats.blocks_evicted
        )
    }
}

/// Logs to stderr: warnings, unless flags or directives say otherwise.
fn start_log(directives: Option<&str>, flags: &GlobalArgs) -> Result<(), CliError> {
    let level = match (flags.quiet, flags.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let directives = directives.map_or_else(|| format!("warn,docent={level},docent_models={level}"), str::to_owned);
    let filter = EnvFilter::try_new(&directives).map_err(|source| CliError::Log { directives, source })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .init();
    Ok(())
}
