//! `docent doctor`: what this machine has, what runs on it, and what is missing.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use clap::{Args, ValueEnum};
use docent::{
    engine::{self, Embedder, Engine, EngineOptions, Workload},
    models::{
        Isa, Pool,
        backend::cpu_ceilings,
        hub::{HubError, ModelReference, PIP_COMMANDS, Quiet, Resolver},
        memory,
    },
    recommend::rerank::{Mode, probe_bias},
};
use indicatif::HumanBytes;
use serde::Serialize;

use super::{CliError, Context, settings::Device};

/// Bytes of memory whose reading is timed: about the weights of the default language model.
const WEIGHTS: usize = 96 << 20;

#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Processors that this process may run on.
    processors: usize,
    /// What the processor calls itself.
    processor: Option<String>,
    /// Processors' worth of time that the control group may take; `None` without a limit.
    quota: Option<f64>,
    /// Threads that compute: fewer where a quota or a setting says so.
    threads: usize,
    /// Bytes, `None` where the system does not say.
    memory_available: Option<u64>,
    instruction_sets: Vec<&'static str>,
    /// The one that runs.
    instruction_set: &'static str,
    /// Operations a second of 8-bit dot products, on all threads, measured.
    int8_rate: Option<f64>,
    /// Bytes a second of reading 96 MiB of memory, measured.
    read_rate: Option<f64>,
    /// Nanoseconds that a cache line takes from the core of one thread to that of the farthest one, measured; `None` with one thread.
    core_to_core: Option<u64>,
    devices: Vec<String>,
    /// The one that runs.
    device: String,
    cache: PathBuf,
    endpoint: String,
    offline: bool,
    pip: Option<String>,
    /// The configuration files that were read, the stronger first.
    configuration: Vec<PathBuf>,
    /// The variables that are set, of those that `--help` lists.
    variables: Vec<&'static str>,
    models: Vec<Model>,
}

/// What is known about a model that this machine would use.
#[derive(Serialize)]
struct Model {
    role: &'static str,
    reference: String,
    /// What a loader opens, if it is here.
    path: Option<PathBuf>,
    /// Where it would come from, or why it cannot, if it is not here.
    missing: Option<String>,
    /// What it reaches here, measured; `None` if it is not here.
    speed: Option<Speed>,
    /// Why it does not run, if it is here and does not.
    problem: Option<String>,
}

/// Tokens a second.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Speed {
    LanguageModel { prefill: f64, decode: f64 },
    Encoder { encode: f64 },
}

/// Arguments of `docent doctor`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Instead, ask the language model about lists whose right answer is known, in every mode of `docent rerank`: does it
    /// find that answer, and wherever it stands?
    #[arg(long)]
    bias: bool,
    /// Lists that it is asked about in each mode, each with the right answer at all of its five places
    #[arg(long, value_name = "N", default_value_t = 30, requires = "bias", value_parser = clap::value_parser!(u16).range(1..))]
    lists: u16,
}

/// Reports. Nothing is fetched, and nothing is written; models that are here run for a moment.
///
/// # Errors
/// If standard output cannot be written, or the language model whose bias is asked for cannot be loaded or fails.
pub(crate) fn run(args: &DoctorArgs, context: &mut Context) -> Result<(), CliError> {
    if args.bias {
        return bias(usize::from(args.lists), context);
    }
    let report = Report::new(context);
    if context.json { context.json_line(&report) } else { report.print(context) }
}

/// Says of each mode what the model does on lists whose right answer is known.
fn bias(lists: usize, context: &mut Context) -> Result<(), CliError> {
    let engine = context.engine()?;
    context.catch_interrupts();
    let mut counter = context.counter("asking about lists", (lists * Mode::ALL.len()) as u64);
    let mut reports = Vec::new();
    for mode in Mode::ALL {
        reports.push(probe_bias(&engine, mode, lists, 0, &mut || {
            counter.advance(1);
            context.flow()
        })?);
    }
    drop(counter);
    if context.json {
        return reports.iter().try_for_each(|report| context.json_line(report));
    }
    context.line(format_args!(
        "{:<12} {:>22} {:>7}  {:<34} fit",
        "mode", "right answer first", "chance", "first by its place"
    ))?;
    reports.iter().try_for_each(|report| {
        let places: Vec<String> = report.by_place.iter().map(|share| format!("{:.0} %", 100.0 * share)).collect();
        let found = format!("{:.0} % (± {:.0})", 100.0 * report.found, 100.0 * report.margin);
        let fit = if report.fit { "yes" } else { "no" };
        let (mode, chance, places) = (report.mode, 100.0 * report.chance, places.join(", "));
        context.line(format_args!("{mode:<12} {found:>22} {chance:>5.0} %  {places:<34} {fit}"))
    })
}

impl Report {
    fn new(context: &Context) -> Self {
        let settings = &context.settings;
        // Offline, so that looking for a model never fetches it.
        let mut hub = settings.hub.clone();
        hub.offline = true;
        let resolver = Resolver::new(hub);
        let options = settings.engine_options();
        let threads = settings.threads.unwrap_or_else(Pool::default_threads);
        let isa = settings.isa.unwrap_or_else(Isa::detect);
        let pool = Arc::new(Pool::new(threads));
        let core_to_core = pool.handoff().map(|time| time.as_nanos() as u64);
        let ceilings = cpu_ceilings(isa, pool, WEIGHTS).ok();
        Report {
            version: env!("CARGO_PKG_VERSION"),
            processors: processors(),
            processor: processor(),
            quota: quota(),
            threads,
            memory_available: memory::available(),
            instruction_sets: Isa::available().into_iter().map(Isa::name).collect(),
            instruction_set: isa.name(),
            int8_rate: ceilings.map(|ceilings| ceilings.int8_rate),
            read_rate: ceilings.map(|ceilings| ceilings.read_rate),
            core_to_core,
            devices: Device::value_variants().iter().filter(|d| d.is_built()).map(Device::to_string).collect(),
            device: settings.device.to_string(),
            cache: settings.hub.cache.clone(),
            endpoint: settings.hub.endpoint.clone(),
            offline: settings.hub.offline,
            pip: pip(&settings.hub.pip),
            configuration: settings.files.clone(),
            variables: settings.variables.clone(),
            models: vec![
                Model::find("language model", &settings.model, &resolver, &|path| language_model(path, &options)),
                Model::find("encoder", settings.encoder(), &resolver, &|path| encoder(path, &options)),
            ],
        }
    }

    fn print(&self, context: &mut Context) -> Result<(), CliError> {
        let list = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let memory = self.memory_available.map_or_else(|| "unknown".to_owned(), |bytes| HumanBytes(bytes).to_string());
        let network = if self.offline { "forbidden by `HF_HUB_OFFLINE`".to_owned() } else { self.endpoint.clone() };
        let pip = self.pip.as_deref().unwrap_or("none: models cannot come from Python packages");
        let files: Vec<String> = self.configuration.iter().map(|path| path.display().to_string()).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let rates = match (self.int8_rate, self.read_rate) {
            (Some(int8), Some(read)) => {
                format!("{:.0} billion 8-bit operations a second, {:.1} GB/s from memory", int8 / 1e9, read / 1e9)
            }
            _ => "unknown".to_owned(),
        };
        let devices: Vec<&str> = self.devices.iter().map(String::as_str).collect();
        let rows = [
            ("docent", self.version.to_owned()),
            ("processors", format!("{}, {}", self.processors, self.processor.as_deref().unwrap_or("of unknown kind"))),
            ("quota", self.quota.map_or_else(|| "none".to_owned(), |quota| format!("{quota:.1} processors"))),
            ("threads", format!("{} compute", self.threads)),
            ("memory", format!("{memory} available")),
            ("instructions", format!("{} runs, of {}", self.instruction_set, list(&self.instruction_sets))),
            ("rates", rates),
            (
                "core to core",
                self.core_to_core.map_or_else(|| "unknown".to_owned(), |time| format!("{time} ns for a cache line")),
            ),
            ("device", format!("{} runs, of {}", self.device, list(&devices))),
            ("hub", network),
            ("cache", self.cache.display().to_string()),
            ("pip", pip.to_owned()),
            ("configuration", list(&files)),
            ("variables", list(&self.variables)),
        ];
        for (name, value) in rows {
            context.line(format_args!("{name:<15} {value}"))?;
        }
        for Model { role, reference, path, missing, speed, problem } in &self.models {
            let path = path.as_deref().map(Path::display).map(|path| path.to_string());
            let place = path.or_else(|| missing.clone()).unwrap_or_default();
            context.line(format_args!("{role:<15} {reference}: {place}"))?;
            let speed = match speed {
                Some(Speed::LanguageModel { prefill, decode }) => {
                    format!("reads {prefill:.0} tokens/s, writes {decode:.0} tokens/s")
                }
                Some(Speed::Encoder { encode }) => format!("embeds {encode:.0} tokens/s"),
                None => problem.clone().unwrap_or_else(|| "not here, so not measured".to_owned()),
            };
            context.line(format_args!("{:<15} {speed}", ""))?;
        }
        Ok(())
    }
}

impl Model {
    /// Looks for a model here and times it, or says where it would come from if it is not.
    fn find(
        role: &'static str,
        reference: &str,
        resolver: &Resolver,
        time: &dyn Fn(&Path) -> engine::Result<Speed>,
    ) -> Self {
        let parsed = reference.parse::<ModelReference>();
        let (path, missing) = match parsed.and_then(|parsed| resolver.resolve(&parsed, &Quiet)) {
            Ok(found) => (Some(found.path), None),
            Err(HubError::Offline { sources, .. }) => {
                (None, Some(format!("not here; it would be fetched from {sources}")))
            }
            Err(error) => (None, Some(error.to_string())),
        };
        let (speed, problem) = match path.as_deref().map(time) {
            Some(Ok(speed)) => (Some(speed), None),
            Some(Err(error)) => (None, Some(CliError::from(error).to_string())),
            None => (None, None),
        };
        Model { role, reference: reference.to_owned(), path, missing, speed, problem }
    }
}

/// Times a language model: a prompt, and what follows it.
fn language_model(path: &Path, options: &EngineOptions) -> engine::Result<Speed> {
    let work = Workload { prompt: 256, generate: 32, batch: 1, shared_prefix: 0, depth: 0 };
    let engine = Engine::load(path, &EngineOptions { kv_positions: work.positions(), ..options.clone() })?;
    engine.measure(&work)?;
    let times = engine.measure(&work)?;
    Ok(Speed::LanguageModel {
        prefill: work.prefill_tokens() as f64 / times.prefill.as_secs_f64(),
        decode: work.decode_tokens() as f64 / times.decode.as_secs_f64(),
    })
}

/// Times an encoder: texts of about a paragraph.
fn encoder(path: &Path, options: &EngineOptions) -> engine::Result<Speed> {
    let text = "A film of many years ago, whose hero looks for what was lost, and finds something better. ".repeat(3);
    let texts = vec![text; 32];
    let mut embedder = Embedder::load(path, options)?;
    embedder.embed(&texts, &mut |_| ControlFlow::Continue(()))?;
    let start = Instant::now();
    let tokens = embedder.embed(&texts, &mut |_| ControlFlow::Continue(()))?.tokens;
    Ok(Speed::Encoder { encode: tokens as f64 / start.elapsed().as_secs_f64() })
}

/// The name of the processor, where the system says it.
fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?.1.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The limit of the control group, versions 2 and 1.
fn quota() -> Option<f64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| *number > 0.0);
    if let Some(limit) = read("/sys/fs/cgroup/cpu.max") {
        let (quota, period) = limit.trim().split_once(' ')?;
        return Some(number(quota)? / number(period)?);
    }
    let folder = "/sys/fs/cgroup/cpu";
    let [quota, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map(|file| read(&format!("{folder}/{file}")));
    Some(number(&quota?)? / number(&period?)?)
}

/// Processors of the machine that this process may run on; a control group's quota may leave less of them.
fn processors() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:")).unwrap_or_default();
    let bits: u32 = mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum();
    if bits == 0 { Pool::default_threads() } else { bits as usize }
}

/// What the pip that would be used says about itself.
fn pip(configured: &[String]) -> Option<String> {
    let version = |command: &[&str]| {
        let (program, arguments) = command.split_first()?;
        let output = Command::new(program).args(arguments).arg("--version").stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let configured: Vec<&str> = configured.iter().map(String::as_str).collect();
    match configured.as_slice() {
        [] => PIP_COMMANDS.iter().find_map(|command| version(command)),
        command => version(command),
    }
}
