//! What a language model is given as text: its tokenizer and its chat template, which need no weights.

use std::{path::Path, time::SystemTime};

use docent_models::{chat_template::ChatTemplate, checkpoint::Checkpoint, tokenizer::Tokenizer};

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
                let rendered =
                    template.render(messages, true, SystemTime::now()).map_err(docent_models::Error::from)?;
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
