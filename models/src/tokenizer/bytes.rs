//! The bytes behind each token: what constrained decoding walks through.

use super::{Tokenizer, sentencepiece, stream::Pending};

impl Tokenizer {
    /// The bytes that token `id` adds to a text; `None` for a special token, one that is not there, and one of a
    /// vocabulary whose pieces are not made of bytes.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        if self.is_special(id) {
            return None;
        }
        if let Some(piece) = self.base().get_added_vocabulary().simple_id_to_token(id) {
            return Some(piece.into_bytes());
        }
        let piece = self.base().id_to_token(id)?;
        match self.shared.pending {
            Pending::LastCharacter => piece.chars().map(byte_of).collect(),
            Pending::ByteTokens => Some(match sentencepiece::byte_of(&piece) {
                Some(byte) => vec![byte],
                None => piece.replace(sentencepiece::SPACE, " ").into_bytes(),
            }),
            Pending::Nothing => None,
        }
    }

    /// Whether the tokens of a text put together are the text: no space is added before it, and no byte is lost.
    pub fn is_byte_exact(&self) -> bool {
        self.shared.pending == Pending::LastCharacter && self.base().get_normalizer().is_none()
    }
}

/// The byte that GPT-2's vocabulary writes as `character`: printable bytes as themselves, the rest from U+0100 on.
fn byte_of(character: char) -> Option<u8> {
    let is_itself = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    match u8::try_from(code) {
        Ok(byte) => is_itself(byte).then_some(byte),
        Err(_) => (0..=255_u8).filter(|byte| !is_itself(*byte)).nth(code.checked_sub(0x100)? as usize),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::byte_of;

    #[test]
    fn every_byte_is_written_as_one_character() {
        let bytes: Vec<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte_of).collect();
        assert_eq!((bytes.len(), bytes.iter().collect::<HashSet<_>>().len()), (256, 256));
        assert_eq!(['Ġ', 'Ċ', 'A'].map(byte_of), [Some(b' '), Some(b'\n'), Some(b'A')]);
        assert_eq!(byte_of('€'), None);
    }
}
