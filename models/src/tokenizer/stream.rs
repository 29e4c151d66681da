//! Ids to text while they are being generated.
//!
//! A token need not be a whole character, and what a token adds may depend on the one before it. The stream decodes
//! a short window of ids again with every id and hands out what is final in it: whole characters that no later id
//! can change.

use tokenizers::DecoderWrapper;

use super::{Tokenizer, TokenizerError};

/// Text of a growing list of ids.
///
/// What [`push`](Self::push) and [`flush`](Self::flush) return, put together, is what [`Tokenizer::decode`] gives
/// for all ids at once, special tokens left out.
#[derive(Debug, Clone)]
pub struct DecodeStream {
    tokenizer: Tokenizer,
    pending: Pending,
    /// The ids that are decoded again, special ones left out.
    window: Vec<u32>,
    /// Where in the window the ids begin that have not given text yet.
    fresh: usize,
    /// How many bytes of the decoded window have been handed out.
    emitted: usize,
}

/// What, at the end of decoded text, a later id can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing: tokens are text.
    Nothing,
    /// One replacement character: tokens are bytes, and the last ones may begin a character.
    LastCharacter,
    /// A run of byte tokens, which is text or a row of replacement characters as a whole.
    ByteTokens,
}

impl Pending {
    pub(super) fn of(decoder: Option<&DecoderWrapper>) -> Self {
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Pending::LastCharacter,
            Some(DecoderWrapper::ByteFallback(_)) => Pending::ByteTokens,
            Some(DecoderWrapper::Sequence(steps)) => {
                let steps = steps.get_decoders().iter().map(|step| Pending::of(Some(step)));
                steps.fold(Pending::Nothing, |found, step| if step == Pending::Nothing { found } else { step })
            }
            _ => Pending::Nothing,
        }
    }
}

/// A window is cut only if more ids than this are waiting for the rest of a character.
const LONG_WINDOW: usize = 32;
/// What is then left of it: more ids than a character has bytes.
const CUT_WINDOW: usize = 8;

impl DecodeStream {
    pub(super) fn new(tokenizer: Tokenizer, pending: Pending) -> Self {
        DecodeStream { tokenizer, pending, window: Vec::new(), fresh: 0, emitted: 0 }
    }

    /// Takes the next id; returns the text that is final by it, if any. Ids that the vocabulary lacks give none.
    ///
    /// # Errors
    /// If the tokenizer's decoder refuses the ids.
    pub fn push(&mut self, id: u32) -> Result<Option<String>, TokenizerError> {
        if self.tokenizer.is_left_out(id) {
            return Ok(None);
        }
        self.window.push(id);
        if self.pending == Pending::ByteTokens && self.tokenizer.is_byte_token(id) {
            return Ok(None);
        }
        let text = self.tokenizer.decode(&self.window, false)?;
        let held = if self.pending == Pending::LastCharacter && text.ends_with('\u{fffd}') {
            '\u{fffd}'.len_utf8()
        } else {
            0
        };
        let piece = self.emit(&text, text.len() - held);
        match held {
            0 => self.advance()?,
            _ if self.window.len() > LONG_WINDOW => self.cut(held)?,
            _ => {}
        }
        Ok(piece)
    }

    /// The text of ids that were waiting for more: replacement characters where they are no whole character. The
    /// stream then starts afresh.
    ///
    /// # Errors
    /// If the tokenizer's decoder refuses the ids.
    pub fn flush(&mut self) -> Result<Option<String>, TokenizerError> {
        let text = self.tokenizer.decode(&self.window, false)?;
        let piece = self.emit(&text, text.len());
        (self.fresh, self.emitted) = (0, 0);
        self.window.clear();
        Ok(piece)
    }

    fn emit(&mut self, text: &str, end: usize) -> Option<String> {
        let piece = text.get(self.emitted..end).filter(|piece| !piece.is_empty())?;
        self.emitted = end;
        Some(piece.to_owned())
    }

    /// Forgets the ids before the fresh ones, which then are the context for the next.
    fn advance(&mut self) -> Result<(), TokenizerError> {
        let text = self.tokenizer.decode(&self.window[self.fresh..], false)?;
        // A decoder that strips the text's first space has done so only where text is left.
        if !text.is_empty() {
            self.window.drain(..self.fresh);
            self.emitted = text.len();
            self.fresh = self.window.len();
        }
        Ok(())
    }

    /// Forgets all but the last ids, whose last `held` bytes of text are not final.
    fn cut(&mut self, held: usize) -> Result<(), TokenizerError> {
        self.window.drain(..self.window.len() - CUT_WINDOW);
        self.fresh = 0;
        self.emitted = self.tokenizer.decode(&self.window, false)?.len().saturating_sub(held);
        Ok(())
    }
}
