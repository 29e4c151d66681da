//! What a language model is given as text: its tokenizer and its chat template, which need no weights.

use std::{path::Path, time::SystemTime};

use docent_models::{
    chat_template::{ChatTemplate, Message, Rendered, TemplateError},
    checkpoint::Checkpoint,
    tokenizer::Tokenizer,
};

use super::{
    Error, PROMPTS, Prompt, Result,
    load::{language_model, tokenizer},
};

/// Turns prompts into the text and the tokens that a language model sees.
#[derive(Debug)]
pub struct Prompts {
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
}

impl Prompts {
    /// Those of a weight file or a folder, whose weights are not read.
    ///
    /// # Errors
    /// If a file is damaged, or the architecture is none that is supported or an encoder's.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of(&language_model(path)?)
    }

    /// The tokenizer and the chat template beside the weights, or else those inside of a GGUF file.
    pub(super) fn of(checkpoint: &Checkpoint) -> Result<Self> {
        let tokenizer = tokenizer(checkpoint)?;
        let variables = tokenizer.template_variables();
        let beside = ChatTemplate::from_folder(checkpoint.folder(), variables.clone());
        let template = match (beside.map_err(docent_models::Error::from)?, checkpoint.weights().metadata()) {
            (None, Some(metadata)) => {
                ChatTemplate::from_gguf(metadata, variables).map_err(docent_models::Error::from)?
            }
            (beside, _) => beside,
        };
        Ok(Self { tokenizer, template })
    }

    /// The text that the model sees for a prompt, and its tokens.
    ///
    /// # Errors
    /// If the chat template is missing or refuses the messages, or nothing is left to run.
    pub fn render(&self, prompt: &Prompt) -> Result<(String, Vec<u32>)> {
        let (text, ids) = match prompt {
            Prompt::Text(text) => {
                let ids = self.tokenizer.encode_prompt(text).map_err(docent_models::Error::from)?;
                (text.clone(), ids)
            }
            Prompt::Messages(messages) => {
                let template = self.template.as_ref().ok_or(Error::NoChatTemplate)?;
                let rendered = rendered(template, messages).map_err(docent_models::Error::from)?;
                let ids = self.tokenizer.encode_rendered(&rendered).map_err(docent_models::Error::from)?;
                (rendered.into_text(), ids)
            }
        };
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        tracing::trace!(target: PROMPTS, prompt = text);
        Ok((text, ids))
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether messages can be rendered.
    pub fn has_chat_template(&self) -> bool {
        self.template.is_some()
    }
}

/// Messages as the template writes them. Where it refuses a system message, as Mistral's does, that is said at the
/// beginning of the user's.
fn rendered(template: &ChatTemplate, messages: &[Message]) -> Result<Rendered, TemplateError> {
    let render = |messages: &[Message]| template.render(messages, true, SystemTime::now());
    match render(messages) {
        Err(refused @ TemplateError::Raised { .. }) => {
            folded(messages).and_then(|messages| render(&messages).ok()).ok_or(refused)
        }
        rendered => rendered,
    }
}

/// Messages whose leading system message is part of the user's that follows; none if there is no such pair.
fn folded(messages: &[Message]) -> Option<Vec<Message>> {
    match messages {
        [system, user, rest @ ..] if system.role == "system" && user.role == "user" => {
            let first = Message::new("user", format!("{}\n\n{}", system.content, user.content));
            Some([&[first], rest].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use docent_models::chat_template::TemplateVariables;

    use super::*;

    #[test]
    fn a_system_message_that_a_template_refuses_is_said_by_the_user() {
        let mistral = include_str!("../../tests/reference/chat/templates/mistral.jinja");
        let chatml = "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}";
        let token = |text: &str| Some(text.to_owned());
        let variables = TemplateVariables { bos_token: token("<s>"), eos_token: token("</s>"), ..Default::default() };
        let messages = |roles: &[&str]| -> Vec<Message> {
            roles.iter().enumerate().map(|(place, role)| Message::new(*role, place.to_string())).collect()
        };
        let cases: [(&str, &[&str], Option<&str>); 6] = [
            (mistral, &["system", "user"], Some("<s>[INST] 0\n\n1 [/INST]")),
            (mistral, &["system", "user", "assistant", "user"], Some("<s>[INST] 0\n\n1 [/INST]2</s>[INST] 3 [/INST]")),
            (mistral, &["user"], Some("<s>[INST] 0 [/INST]")),
            (mistral, &["system"], None),
            (mistral, &["system", "user", "user"], None),
            (chatml, &["system", "user"], Some("<system>0<user>1")),
        ];
        for (source, roles, expected) in cases {
            let template = ChatTemplate::new(source, variables.clone()).unwrap();
            let found = rendered(&template, &messages(roles)).map(Rendered::into_text);
            assert_eq!(found.as_deref().ok(), expected, "{roles:?}");
        }
    }
}
