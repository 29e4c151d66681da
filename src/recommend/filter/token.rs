//! The words of a filter, and where each begins.

use super::{FilterFault, Order, fault::END};

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Operator(Operator),
    /// A column's name.
    Name(String),
    Text(String),
    /// As it is written, and its value.
    Number(String, f64),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Order(Order),
    Has,
    Contains,
}

impl Operator {
    pub(super) fn name(self) -> &'static str {
        match self {
            Operator::Order(Order::Equal) => "=",
            Operator::Order(Order::Unequal) => "!=",
            Operator::Order(Order::Less) => "<",
            Operator::Order(Order::LessOrEqual) => "<=",
            Operator::Order(Order::Greater) => ">",
            Operator::Order(Order::GreaterOrEqual) => ">=",
            Operator::Has => "has",
            Operator::Contains => "contains",
        }
    }
}

impl Token {
    /// How an error names it.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Open => "`(`".into(),
            Token::Close => "`)`".into(),
            Token::And => "`and`".into(),
            Token::Or => "`or`".into(),
            Token::Not => "`not`".into(),
            Token::Operator(operator) => format!("`{}`", operator.name()),
            Token::Name(name) => format!("`{name}`"),
            Token::Text(text) => format!("\"{text}\""),
            Token::Number(text, _) => format!("`{text}`"),
            Token::End => END.into(),
        }
    }
}

/// A word and its place, from 1.
pub(super) type Placed = (usize, Token);

/// Parts a filter into words; the last one is the end. A fault comes with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, (usize, FilterFault)> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut next = 0;
    while let Some(&first) = characters.get(next) {
        if first.is_whitespace() {
            next += 1;
            continue;
        }
        let at = next + 1;
        let (token, length) = token(&characters[next..], first).map_err(|fault| (at, fault))?;
        tokens.push((at, token));
        next += length;
    }
    tokens.push((characters.len() + 1, Token::End));
    Ok(tokens)
}

/// The word that characters, of which there is a first one, begin with, and its length.
fn token(rest: &[char], first: char) -> Result<(Token, usize), FilterFault> {
    let order = |order, length| Ok((Token::Operator(Operator::Order(order)), length));
    let is_next = |expected| rest.get(1) == Some(&expected);
    match first {
        '(' => Ok((Token::Open, 1)),
        ')' => Ok((Token::Close, 1)),
        '=' => order(Order::Equal, if is_next('=') { 2 } else { 1 }),
        '!' if is_next('=') => order(Order::Unequal, 2),
        '<' if is_next('=') => order(Order::LessOrEqual, 2),
        '<' => order(Order::Less, 1),
        '>' if is_next('=') => order(Order::GreaterOrEqual, 2),
        '>' => order(Order::Greater, 1),
        '"' | '\'' => quoted(rest, first, "text").map(|(text, length)| (Token::Text(text), length)),
        '`' => quoted(rest, first, "name").map(|(text, length)| (Token::Name(text), length)),
        '0'..='9' | '-' | '+' | '.' => number(rest),
        first if is_word(first) => Ok(word(rest)),
        other => Err(FilterFault::Character(other)),
    }
}

fn quoted(rest: &[char], quote: char, what: &'static str) -> Result<(String, usize), FilterFault> {
    let mut text = String::new();
    let mut characters = rest.iter().enumerate().skip(1);
    while let Some((place, &character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, &escaped)) => text.push(escaped),
                None => break,
            },
            end if end == quote => return Ok((text, place + 1)),
            other => text.push(other),
        }
    }
    Err(FilterFault::Unclosed(what))
}

fn number(rest: &[char]) -> Result<(Token, usize), FilterFault> {
    let is_part = |c: &&char| c.is_ascii_alphanumeric() || ['.', '-', '+'].contains(*c);
    let text: String = rest.iter().take_while(is_part).collect();
    match text.parse() {
        Ok(number) if f64::is_finite(number) => Ok((Token::Number(text.clone(), number), text.chars().count())),
        _ => Err(FilterFault::Number(text)),
    }
}

fn word(rest: &[char]) -> (Token, usize) {
    let text: String = rest.iter().take_while(|&&c| is_word(c)).collect();
    let length = text.chars().count();
    let token = match text.to_ascii_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "has" => Token::Operator(Operator::Has),
        "contains" => Token::Operator(Operator::Contains),
        _ => Token::Name(text),
    };
    (token, length)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.' || character == '-'
}
