//! `docent doctor`: what this machine has, what runs on it, and what is missing.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::ValueEnum;
use docent::models::{
    Isa, Pool,
    hub::{HubError, ModelReference, PIP_COMMANDS, Quiet, Resolver},
    memory,
};
use indicatif::HumanBytes;
use serde::Serialize;

use super::{CliError, Context, settings::Device};

#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Processors that this process may run on.
    processors: usize,
    /// Threads that compute: fewer where a quota or a setting says so.
    threads: usize,
    /// Bytes, `None` where the system does not say.
    memory_available: Option<u64>,
    instruction_sets: Vec<&'static str>,
    /// The one that runs.
    instruction_set: &'static str,
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
}

/// Reports. Nothing is fetched, and nothing is written.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(context: &mut Context) -> Result<(), CliError> {
    let report = Report::new(context);
    if context.json { context.json_line(&report) } else { report.print(context) }
}

impl Report {
    fn new(context: &Context) -> Self {
        let settings = &context.settings;
        // Offline, so that looking for a model never fetches it.
        let mut hub = settings.hub.clone();
        hub.offline = true;
        let resolver = Resolver::new(hub);
        Report {
            version: env!("CARGO_PKG_VERSION"),
            processors: processors(),
            threads: settings.threads.unwrap_or_else(Pool::default_threads),
            memory_available: memory::available(),
            instruction_sets: Isa::available().into_iter().map(Isa::name).collect(),
            instruction_set: settings.isa.unwrap_or_else(Isa::detect).name(),
            devices: Device::value_variants().iter().filter(|d| d.is_built()).map(Device::to_string).collect(),
            device: settings.device.to_string(),
            cache: settings.hub.cache.clone(),
            endpoint: settings.hub.endpoint.clone(),
            offline: settings.hub.offline,
            pip: pip(&settings.hub.pip),
            configuration: settings.files.clone(),
            variables: settings.variables.clone(),
            models: vec![
                Model::find("language model", &settings.model, &resolver),
                Model::find("encoder", &settings.encoder, &resolver),
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
        let devices: Vec<&str> = self.devices.iter().map(String::as_str).collect();
        let rows = [
            ("docent", self.version.to_owned()),
            ("processors", self.processors.to_string()),
            ("threads", format!("{} compute", self.threads)),
            ("memory", format!("{memory} available")),
            ("instructions", format!("{} runs, of {}", self.instruction_set, list(&self.instruction_sets))),
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
        for Model { role, reference, path, missing } in &self.models {
            let path = path.as_deref().map(Path::display).map(|path| path.to_string());
            let place = path.or_else(|| missing.clone()).unwrap_or_default();
            context.line(format_args!("{role:<15} {reference}: {place}"))?;
        }
        Ok(())
    }
}

impl Model {
    /// Looks for a model here, and says where it would come from if it is not.
    fn find(role: &'static str, reference: &str, resolver: &Resolver) -> Self {
        let parsed = reference.parse::<ModelReference>();
        let (path, missing) = match parsed.and_then(|parsed| resolver.resolve(&parsed, &Quiet)) {
            Ok(found) => (Some(found.path), None),
            Err(HubError::Offline { sources, .. }) => {
                (None, Some(format!("not here; it would be fetched from {sources}")))
            }
            Err(error) => (None, Some(error.to_string())),
        };
        Model { role, reference: reference.to_owned(), path, missing }
    }
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
