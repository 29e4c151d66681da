//! Chat templates: messages to the text that a model was trained on.
//!
//! Templates are Jinja, run by minijinja, in a sandbox, as transformers runs them; `tests/reference/chat` holds
//! what transformers renders. [`Rendered`] keeps apart what the template wrote and what the messages said, so that
//! no message can forge a special token.

mod clock;
mod error;
mod rendered;
mod sandbox;
mod to_json;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Value};
use serde::{Deserialize, Serialize};

pub use error::TemplateError;
pub use rendered::Rendered;

use crate::weights::gguf::Metadata;
use rendered::{Disguise, LookAlikes};
use sandbox::{Bounded, Raised};

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant`, or what else the template knows.
    pub role: String,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A message of `role` that says `content`.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Message { role: role.into(), content: content.into() }
    }
}

/// What a template knows of its tokenizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateVariables {
    /// `bos_token` in the template.
    pub bos_token: Option<String>,
    /// `eos_token` in the template.
    pub eos_token: Option<String>,
    /// `unk_token` in the template.
    pub unk_token: Option<String>,
    /// `pad_token` in the template.
    pub pad_token: Option<String>,
    /// The text of every special token, which messages must not be able to write.
    pub special_tokens: Vec<String>,
}

/// A chat template, parsed.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    variables: BTreeMap<String, Value>,
    look_alikes: LookAlikes,
}

const NAME: &str = "chat_template";

impl ChatTemplate {
    /// Parses `source`.
    ///
    /// # Errors
    /// If it is not a template.
    pub fn new(source: &str, variables: TemplateVariables) -> Result<Self, TemplateError> {
        let mut environment = sandbox::environment();
        environment
            .add_template_owned(NAME, sandbox::without_generation_blocks(source))
            .map_err(|source| TemplateError::Syntax { line: source.line().unwrap_or(0), source })?;
        let TemplateVariables { bos_token, eos_token, unk_token, pad_token, special_tokens } = variables;
        let named =
            [("bos_token", bos_token), ("eos_token", eos_token), ("unk_token", unk_token), ("pad_token", pad_token)];
        let named = named.into_iter().filter_map(|(name, token)| Some((name.to_owned(), Value::from(token?))));
        let unset = ["tools", "documents"].map(|name| (name.to_owned(), Value::from(())));
        let variables = unset.into_iter().chain(named).collect();
        Ok(ChatTemplate { environment, variables, look_alikes: LookAlikes::new(special_tokens) })
    }

    /// The same template with one more variable, such as Qwen's `enable_thinking`. Its text counts as the
    /// template's own.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Serialize) -> Self {
        self.variables.insert(name.to_owned(), Serde(value).into());
        self
    }

    /// The template of a model's folder: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`,
    /// which is a string or a list of named ones; of those, `default`. None if the folder has none.
    ///
    /// # Errors
    /// If a file is there and cannot be read, or the template does not parse.
    pub fn from_folder(folder: &Path, variables: TemplateVariables) -> Result<Option<Self>, TemplateError> {
        let source = match read(&folder.join("chat_template.jinja"))? {
            Some(source) => Some(source),
            None => from_config(&folder.join("tokenizer_config.json"))?,
        };
        source.map(|source| Self::new(&source, variables)).transpose()
    }

    /// The template of a GGUF file, or None if it has none.
    ///
    /// # Errors
    /// If the metadata key is not a string, or the template does not parse.
    pub fn from_gguf(metadata: &Metadata, variables: TemplateVariables) -> Result<Option<Self>, TemplateError> {
        let source = metadata.optional("tokenizer.chat_template", Metadata::str)?;
        source.map(|source| Self::new(source, variables)).transpose()
    }

    /// Renders `messages`. `add_generation_prompt` opens the assistant's next message; `now` is what the template
    /// takes for the time, in UTC.
    ///
    /// # Errors
    /// If the template refuses the messages, fails, or exceeds its bounds; and if it takes apart a special token's
    /// text that a message contains.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
        now: SystemTime,
    ) -> Result<Rendered, TemplateError> {
        let text = self.run(messages, add_generation_prompt, now)?;
        match Disguise::new(messages, &self.look_alikes)? {
            None => Ok(Rendered::plain(text)),
            Some(disguise) => {
                let disguised = self.run(&disguise.messages, add_generation_prompt, now)?;
                Rendered::new(text, disguised, disguise)
            }
        }
    }

    fn run(&self, messages: &[Message], add_prompt: bool, now: SystemTime) -> Result<String, TemplateError> {
        let message = |m: &Message| Value::from_pairs([("role", m.role.as_str()), ("content", m.content.as_str())]);
        let strftime_now = move |format: &str| clock::strftime(now.into(), format);
        let own = [
            ("messages", messages.iter().map(message).collect()),
            ("add_generation_prompt", add_prompt.into()),
            ("strftime_now", Value::from_function(strftime_now)),
        ];
        let given = self.variables.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let context = Value::from_pairs(given.chain(own));
        let mut out = Bounded::default();
        let result =
            self.environment.get_template(NAME).and_then(|t| t.render_captured_to(context, &mut out).map(drop));
        match result {
            Ok(()) => String::from_utf8(out.bytes)
                .map_err(|e| failed(minijinja::Error::new(ErrorKind::WriteFailure, e.to_string()))),
            Err(_) if out.is_full => Err(TemplateError::TooLong { limit: sandbox::MAX_OUTPUT }),
            Err(source) => Err(failed(source)),
        }
    }
}

fn failed(source: minijinja::Error) -> TemplateError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&source);
    while let Some(error) = cause {
        if let Some(Raised(message)) = error.downcast_ref() {
            return TemplateError::Raised { message: message.clone() };
        }
        if error.downcast_ref::<minijinja::Error>().is_some_and(|e| e.kind() == ErrorKind::OutOfFuel) {
            return TemplateError::OutOfFuel { limit: sandbox::FUEL };
        }
        cause = error.source();
    }
    TemplateError::Failed { line: source.line().unwrap_or(0), source }
}

fn read(path: &Path) -> Result<Option<String>, TemplateError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TemplateError::Read { path: path.to_owned(), source }),
    }
}

/// The part of `tokenizer_config.json` that this module reads.
#[derive(Deserialize)]
struct Config {
    chat_template: Option<Templates>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Templates {
    One(String),
    Named(Vec<NamedTemplate>),
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

fn from_config(path: &Path) -> Result<Option<String>, TemplateError> {
    let Some(json) = read(path)? else { return Ok(None) };
    let config: Config =
        serde_json::from_str(&json).map_err(|source| TemplateError::Config { path: path.to_owned(), source })?;
    match config.chat_template {
        None => Ok(None),
        Some(Templates::One(source)) => Ok(Some(source)),
        Some(Templates::Named(templates)) => {
            let names = templates.iter().map(|t| t.name.clone()).collect();
            let default = templates.into_iter().find(|t| t.name == "default");
            let default = default.ok_or_else(|| TemplateError::NoDefault { path: path.to_owned(), names })?;
            Ok(Some(default.template))
        }
    }
}
