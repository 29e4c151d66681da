//! A rendered chat that remembers which text came from messages.
//!
//! A message may contain the text of a special token (`<|im_end|>`). Tokenized with the template's own special
//! tokens, it would end the message early. So the template runs over messages in which such look-alikes are
//! disguised: their first character is replaced by a private-use character that occurs nowhere else. Trimming,
//! slicing, splitting and measuring a message give the same as before, since every character still stands for one.
//! The tokenizer finds the special tokens in the disguised text and takes the disguise off what lies between.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Message, TemplateError};

/// What a chat template made of messages; see the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    text: String,
    disguised: Option<String>,
    /// Stand-in to the character that it stands for.
    stand_ins: BTreeMap<char, char>,
}

impl Rendered {
    /// The rendered chat, exactly as `apply_chat_template` of transformers gives it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// [`text`](Self::text), owned.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The text in which every special token is the template's own.
    pub(crate) fn disguised(&self) -> &str {
        self.disguised.as_deref().unwrap_or(&self.text)
    }

    /// What `c` of [`disguised`](Self::disguised) stands for.
    pub(crate) fn restore(&self, c: char) -> char {
        self.stand_ins.get(&c).copied().unwrap_or(c)
    }

    /// Whether any character stands for another one.
    pub(crate) fn has_stand_ins(&self) -> bool {
        !self.stand_ins.is_empty()
    }

    pub(super) fn plain(text: String) -> Self {
        Rendered { text, disguised: None, stand_ins: BTreeMap::new() }
    }

    /// # Errors
    /// If the template did something else to the disguised messages than to the plain ones.
    pub(super) fn new(text: String, disguised: String, disguise: Disguise) -> Result<Self, TemplateError> {
        let rendered = Rendered { text, disguised: Some(disguised), stand_ins: disguise.stand_ins };
        let restored = rendered.disguised().chars().map(|c| rendered.restore(c));
        if restored.eq(rendered.text.chars()) { Ok(rendered) } else { Err(TemplateError::Entangled) }
    }
}

/// Messages without look-alikes of special tokens.
#[derive(Debug)]
pub(super) struct Disguise {
    pub(super) messages: Vec<Message>,
    stand_ins: BTreeMap<char, char>,
}

impl Disguise {
    /// None if nothing in `messages` looks like one of `special_tokens`.
    pub(super) fn new(messages: &[Message], special_tokens: &LookAlikes) -> Result<Option<Self>, TemplateError> {
        let places = |text: &str| special_tokens.places(text);
        let found: Vec<(BTreeSet<usize>, BTreeSet<usize>)> = messages
            .iter()
            .map(|m| (if is_plain_role(&m.role) { BTreeSet::new() } else { places(&m.role) }, places(&m.content)))
            .collect();
        if found.iter().all(|(role, content)| role.is_empty() && content.is_empty()) {
            return Ok(None);
        }
        let mut stand_ins = StandIns::new(messages, special_tokens);
        let mut disguised = Vec::with_capacity(messages.len());
        for (message, (role, content)) in messages.iter().zip(&found) {
            disguised.push(Message {
                role: stand_ins.replace(&message.role, role)?,
                content: stand_ins.replace(&message.content, content)?,
            });
        }
        let stand_ins = stand_ins.of.into_iter().map(|(original, stand_in)| (stand_in, original)).collect();
        Ok(Some(Disguise { messages: disguised, stand_ins }))
    }
}

/// Templates build special tokens out of roles (`'<|' + role + '|>'`), so that a word is left alone.
fn is_plain_role(role: &str) -> bool {
    role.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Finds what looks like a special token.
#[derive(Debug, Clone, Default)]
pub(super) struct LookAlikes {
    by_first: HashMap<char, Vec<String>>,
}

impl LookAlikes {
    pub(super) fn new(special_tokens: Vec<String>) -> Self {
        let mut by_first: HashMap<char, Vec<String>> = HashMap::new();
        for token in special_tokens {
            if let Some(first) = token.chars().next() {
                by_first.entry(first).or_default().push(token);
            }
        }
        LookAlikes { by_first }
    }

    fn tokens(&self) -> impl Iterator<Item = &String> {
        self.by_first.values().flatten()
    }

    /// Byte positions of the characters to replace, so that no special token is left in `text` nor forms across
    /// its ends: the first one of every special token and of every beginning of one at the end (white space aside),
    /// and the last one of every ending of one at the beginning.
    fn places(&self, text: &str) -> BTreeSet<usize> {
        let mut places = BTreeSet::new();
        for (at, c) in text.char_indices() {
            let rest = &text[at..];
            if self.by_first.get(&c).is_some_and(|tokens| tokens.iter().any(|t| rest.starts_with(t.as_str()))) {
                places.insert(at);
            }
        }
        let (head, tail) = (text.trim_start(), text.trim_end());
        let start = text.len() - head.len();
        for token in self.tokens() {
            for (cut, _) in token.char_indices().skip(1) {
                let (beginning, ending) = token.split_at(cut);
                if tail.ends_with(beginning) {
                    places.insert(tail.len() - beginning.len());
                }
                if head.starts_with(ending) {
                    let last = ending.chars().next_back().map_or(0, char::len_utf8);
                    places.insert(start + ending.len() - last);
                }
            }
        }
        places
    }
}

/// Private-use characters that occur neither in the messages nor in a special token.
struct StandIns {
    taken: HashSet<char>,
    next: Box<dyn Iterator<Item = char>>,
    of: BTreeMap<char, char>,
}

impl StandIns {
    fn new(messages: &[Message], special_tokens: &LookAlikes) -> Self {
        let is_private = |c: &char| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10fffd}');
        let texts = messages.iter().flat_map(|m| [&m.role, &m.content]).chain(special_tokens.tokens());
        StandIns {
            taken: texts.flat_map(|t| t.chars()).filter(is_private).collect(),
            next: Box::new(
                ('\u{e000}'..='\u{f8ff}').chain('\u{f0000}'..='\u{ffffd}').chain('\u{100000}'..='\u{10fffd}'),
            ),
            of: BTreeMap::new(),
        }
    }

    fn of(&mut self, original: char) -> Result<char, TemplateError> {
        if let Some(stand_in) = self.of.get(&original) {
            return Ok(*stand_in);
        }
        let stand_in = self.next.find(|c| !self.taken.contains(c)).ok_or(TemplateError::NoStandIn)?;
        self.of.insert(original, stand_in);
        Ok(stand_in)
    }

    fn replace(&mut self, text: &str, places: &BTreeSet<usize>) -> Result<String, TemplateError> {
        text.char_indices().map(|(at, c)| if places.contains(&at) { self.of(c) } else { Ok(c) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disguise(content: &str) -> Option<Disguise> {
        let tokens = LookAlikes::new(vec!["<|im_end|>".into(), "<s>".into(), "§".into(), "qXq".into()]);
        Disguise::new(&[Message::new("user", content)], &tokens).unwrap()
    }

    #[test]
    fn special_tokens_disappear_and_come_back() {
        // (content, how many characters are replaced)
        let cases = [
            ("hello", 0),
            ("a < b && c > d!", 0),
            ("x <|im_end|> y", 1),
            ("<s><s>", 2),
            ("5 § 3", 1),
            ("qXqXq.", 2),
            ("half <|im_", 1),
            ("half <|im_ \n", 1),
            ("  end|> rest", 1),
            ("> quoted", 1),
            ("<|im_end |>", 0),
        ];
        for (content, expected) in cases {
            let found = disguise(content);
            let replaced = found.as_ref().map_or(0, |d| {
                let pairs = d.messages[0].content.chars().zip(content.chars());
                pairs.filter(|(new, old)| new != old).inspect(|(new, old)| assert_eq!(d.stand_ins[new], *old)).count()
            });
            assert_eq!(replaced, expected, "{content:?}");
        }
    }

    #[test]
    fn stand_ins_avoid_what_the_messages_use() {
        let found = disguise("\u{e000}\u{e001} <s>").unwrap();
        assert_eq!(found.messages[0].content, "\u{e000}\u{e001} \u{e002}s>");
    }

    #[test]
    fn roles_that_are_words_stay() {
        let tokens = LookAlikes::new(vec!["user".into(), "<s>".into()]);
        let messages = [Message::new("user", "x"), Message::new("<s>", "x")];
        let found = Disguise::new(&messages, &tokens).unwrap().unwrap();
        assert_eq!(found.messages[0].role, "user");
        assert_ne!(found.messages[1].role, "<s>");
    }
}
