//! Whether a text says nothing but its plan.
//!
//! Titles of the plan are recognized first. Every other word must be a genre of the plan, a number of it in its place, or
//! a word that states nothing by itself; names, denials and facts from elsewhere are none of these. Then the roles are
//! checked: what the user liked is the anchor, and what is recommended is the item.

mod facts;
mod numbers;
mod roles;
mod times;
mod tokens;

pub(super) use facts::Said;
use tokens::{Role, Token};

use super::Plan;

/// The fewest words that say why.
const FEWEST_WORDS: usize = 5;
/// The most words of a few sentences.
const MOST_WORDS: usize = 50;
/// The most sentences; `Animated? Yes.` counts as two.
const MOST_SENTENCES: usize = 7;

/// Why a text is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is too short, too long, unfinished, or has too many sentences.
    #[error("the text is not one or a few whole sentences")]
    Form,
    /// It says something twice.
    #[error("the text repeats `{0}`")]
    Repetition(String),
    /// It gives no reason, though one is known.
    #[error("the text gives no reason")]
    NoReason,
    /// It says something true in a way that reads badly.
    #[error("the text is not as plain as it should be")]
    Style,
    /// Another text of the list says the same of another title.
    #[error("another text of the list says the same")]
    Same,
    /// It does not say what is recommended.
    #[error("the recommended title is missing")]
    TitleMissing,
    /// It denies something.
    #[error("`{0}` denies something")]
    Negation(String),
    /// A word that cannot follow the one before it: `a action`.
    #[error("`{0}` is no English")]
    Grammar(String),
    /// A number that the plan does not hold, or not in this place.
    #[error("`{0}` is not a number of the records in this place")]
    Number(String),
    /// A name, a genre or another word that the plan does not back.
    #[error("`{0}` is not backed by the records")]
    Word(String),
    /// It recommends what the user has, or says that the user liked what is recommended.
    #[error("the text confuses what was liked with what is recommended")]
    Roles,
}

/// Checks a text.
///
/// # Errors
/// Says what is wrong with it.
pub fn verify(text: &str, plan: &Plan) -> Result<(), Rejection> {
    read(text, plan).map(|_| ())
}

/// Checks a text, and tells which facts of the plan it uses.
pub(super) fn read(text: &str, plan: &Plan) -> Result<Said, Rejection> {
    let tokens = tokens::tokenize(&tokens::normalize(text), plan);
    check_form(&tokens)?;
    if !tokens.iter().any(|token| token.role() == Some(Role::Item)) {
        return Err(Rejection::TitleMissing);
    }
    let said = facts::check(&tokens, plan)?;
    if plan.anchor.is_some() {
        roles::check(&tokens)?;
    }
    Ok(said)
}

fn check_form(tokens: &[Token]) -> Result<(), Rejection> {
    let ends = |place: usize| match tokens.get(place) {
        Some(Token::End) => !matches!(tokens.get(place + 1), Some(Token::End)),
        Some(Token::Title(_, true)) => place + 1 == tokens.len(),
        _ => false,
    };
    let sentences = (0..tokens.len()).filter(|&place| ends(place)).count();
    let words = tokens.iter().filter(|token| matches!(token, Token::Title(..) | Token::Word { .. })).count();
    let whole = (1..=MOST_SENTENCES).contains(&sentences) && ends(tokens.len().saturating_sub(1));
    if whole && (FEWEST_WORDS..=MOST_WORDS).contains(&words) { Ok(()) } else { Err(Rejection::Form) }
}

/// The words around a place of a text.
#[derive(Clone, Copy)]
struct Around<'a> {
    tokens: &'a [Token],
    place: usize,
}

impl<'a> Around<'a> {
    /// The word `ahead` places after this one, if nothing but words is between them.
    fn next(self, ahead: usize) -> Option<&'a str> {
        let between = self.tokens.get(self.place + 1..=self.place + ahead)?;
        between.iter().all(|token| token.lower().is_some()).then(|| between.last()?.lower()).flatten()
    }

    /// The word before this one.
    fn previous(self) -> Option<&'a str> {
        self.place.checked_sub(1).and_then(|before| self.tokens[before].lower())
    }

    /// The words before this one in its sentence, nearest first; titles and pauses are left out.
    fn back(self) -> impl Iterator<Item = &'a str> {
        let sentence = self.tokens[..self.place].iter().rev().take_while(|token| **token != Token::End);
        sentence.filter_map(Token::lower)
    }

    /// The tokens of this one's clause before it.
    fn clause_before(self) -> &'a [Token] {
        let start = self.tokens[..self.place].iter().rposition(|token| matches!(token, Token::Break | Token::End));
        &self.tokens[start.map_or(0, |start| start + 1)..self.place]
    }

    /// The tokens of this one's clause after it.
    fn clause_after(self) -> &'a [Token] {
        let rest = &self.tokens[(self.place + 1).min(self.tokens.len())..];
        let end = rest.iter().position(|token| matches!(token, Token::Break | Token::End));
        &rest[..end.unwrap_or(rest.len())]
    }
}

#[cfg(test)]
mod tests;
