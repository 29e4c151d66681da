//! The whole system of two paths: a store, and the file that describes what is made of it.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use serde::Deserialize;

use super::{Conversation, LLMRecommendationSystem, SystemConfig, SystemModels, wrong};
use crate::{
    engine::{self, Embedder, Engine, EngineOptions},
    models::{
        self,
        hub::{ModelReference, Progress, Resolved, Resolver},
    },
    recommend::{Error, Recommender, Result, Store, answers::AnswerCache, converse::Phraser, fairness::Mask},
};

/// The language model that is used if none is named.
pub const DEFAULT_MODEL: &str = "smollm2-135m";
/// The sentence encoder that is used if none is named.
pub const DEFAULT_ENCODER: &str = "minilm-l6";

/// What a file says beside the table `system`. What it says of the command line is read elsewhere.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    model: String,
    encoder: Option<String>,
    sensitive: Names,
    allow: Names,
}

/// Names of columns, as a list or separated by commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<String>),
    Text(String),
}

impl Names {
    fn into_list(self) -> Vec<String> {
        match self {
            Names::List(names) => names,
            Names::Text(text) => {
                text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
            }
        }
    }
}

impl Default for File {
    fn default() -> Self {
        let (model, encoder) = (DEFAULT_MODEL.into(), None);
        let [sensitive, allow] = [(); 2].map(|()| Names::List(Vec::new()));
        Self { model, encoder, sensitive, allow }
    }
}

impl LLMRecommendationSystem {
    /// The system over a store that a file such as `docent.toml` describes: its `model`, its `encoder` (the store's own, if it
    /// names none), what is `sensitive` and what `allow` lets models be told, and the table `system`. Models that are not here
    /// are fetched. It recommends and talks.
    ///
    /// # Errors
    /// If the file or the store cannot be read, it names what there is not, a model cannot be fetched or loaded, or the
    /// encoder is not the one that the store's vectors come from.
    pub fn open(
        store: &Path,
        file: &Path,
        resolver: &Resolver,
        options: &EngineOptions,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|source| Error::Read { path: file.to_owned(), source })?;
        let config = SystemConfig::parse(&text)?.unwrap_or_default();
        let File { model, encoder, sensitive, allow } =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end()))?;
        let find = |name: &str| -> Result<Resolved> {
            let model = |error: models::Error| engine::Error::from(error);
            let reference: ModelReference = name.parse().map_err(models::Error::from).map_err(model)?;
            Ok(resolver.resolve(&reference, progress).map_err(models::Error::from).map_err(model)?)
        };
        let opened = Store::open(store)?;
        let recommender = Recommender::open(&opened)?;
        let mask = Mask::of_settings(recommender.users(), &sensitive.into_list(), &allow.into_list())?;
        let answers = Arc::new(AnswerCache::open(store, Default::default())?);
        let engine = Engine::load(&find(&model)?.path, options)?.with_answers(answers.clone());
        let encoder = match recommender.semantic() {
            Some(_) => {
                let stored = opened.manifest().encoder().map(|model| model.reference.as_str());
                let reference = encoder.as_deref().or(stored).unwrap_or(DEFAULT_ENCODER);
                let found = find(reference)?;
                opened.require_encoder(reference, &found.files)?;
                Some(Arc::new(Mutex::new(Embedder::load(&found.path, options)?)))
            }
            None => None,
        };
        let mut conversation =
            Conversation::open(&opened, &recommender)?.with_phraser(Phraser::new(&engine, options.kv_positions));
        if let Some(encoder) = &encoder {
            conversation = conversation.with_encoder(encoder.clone());
        }
        let knowledge = config.needs_knowledge().then(|| opened.knowledge().map(Arc::new)).transpose()?;
        let models = SystemModels { engine: Some(engine), encoder, answers: Some(answers), knowledge };
        let folder = file.parent().unwrap_or(Path::new("."));
        Ok(config.build(recommender, mask, &models, folder)?.with_conversation(conversation))
    }
}
