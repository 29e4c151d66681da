//! From words to an expression, each comparison checked against the column that it names.

use super::{
    Expression, Field, FilterError, FilterFault, Order, Test,
    fault::Compared,
    token::{Operator, Placed, Token, tokens},
};
use crate::recommend::{AttributeColumn, Kind, Result, Role};

/// Parentheses and `not` in each other: more than anybody writes, and far less than the stack holds.
const DEEPEST: usize = 64;

/// Parses a filter over the fixed columns and these.
pub(super) fn parse(text: &str, attributes: &[AttributeColumn]) -> Result<Expression> {
    let parsed = tokens(text).and_then(|tokens| Parser { tokens, next: 0, depth: 0, attributes }.whole());
    parsed.map_err(|(at, fault)| FilterError { filter: text.to_owned(), at, fault }.into())
}

type Parsed<T> = std::result::Result<T, (usize, FilterFault)>;

struct Parser<'a> {
    /// The last one is the end.
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    attributes: &'a [AttributeColumn],
}

impl Parser<'_> {
    fn whole(mut self) -> Parsed<Expression> {
        let expression = self.any()?;
        match self.peek() {
            Token::End => Ok(expression),
            _ => Err(self.expected("`and`, `or` or the end")),
        }
    }

    fn any(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.all()?];
        while *self.peek() == Token::Or {
            self.next += 1;
            parts.push(self.all()?);
        }
        Ok(joined(parts, Expression::Any))
    }

    fn all(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.unary()?];
        while *self.peek() == Token::And {
            self.next += 1;
            parts.push(self.unary()?);
        }
        Ok(joined(parts, Expression::All))
    }

    fn unary(&mut self) -> Parsed<Expression> {
        match self.peek() {
            Token::Not => self.deeper(|parser| Ok(Expression::Not(Box::new(parser.unary()?)))),
            Token::Open => self.deeper(|parser| {
                let inner = parser.any()?;
                match parser.peek() {
                    Token::Close => parser.next += 1,
                    _ => return Err(parser.expected("`and`, `or` or `)`")),
                }
                Ok(inner)
            }),
            Token::Name(_) => self.comparison(),
            _ => Err(self.expected("a column")),
        }
    }

    /// Takes a word, and parses what it opens one level deeper.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<Expression>) -> Parsed<Expression> {
        if self.depth == DEEPEST {
            return Err((self.at(), FilterFault::TooDeep(DEEPEST)));
        }
        self.next += 1;
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let (field, kind, column) = self.field()?;
        let (operator_at, Token::Operator(operator)) = self.tokens[self.next].clone() else {
            return Err(self.expected("a comparison"));
        };
        let fits = match kind {
            Compared::Number => matches!(operator, Operator::Order(_)),
            Compared::Text => {
                matches!(operator, Operator::Order(Order::Equal | Order::Unequal) | Operator::Contains)
            }
            Compared::Many => operator == Operator::Has,
        };
        if !fits {
            return Err((operator_at, FilterFault::Operator { column, kind, operator: operator.name() }));
        }
        self.next += 1;
        let test = match (operator, self.peek(), kind) {
            (Operator::Order(order), Token::Number(_, number), Compared::Number) => Test::Number(order, *number),
            (Operator::Order(Order::Equal), Token::Text(text), Compared::Text) => Test::Is(text.clone()),
            (Operator::Order(_), Token::Text(text), Compared::Text) => Test::IsNot(text.clone()),
            (Operator::Contains, Token::Text(text), _) => Test::Contains(text.to_lowercase()),
            (Operator::Has, Token::Text(text), _) => Test::Has(text.clone()),
            (_, found @ (Token::Text(_) | Token::Number(..)), kind) => {
                let wrong = if matches!(found, Token::Text(_)) { "a text" } else { "a number" };
                return Err((self.at(), FilterFault::Operand { column, kind, found: found.describe(), wrong }));
            }
            (_, _, Compared::Number) => return Err(self.expected("a number")),
            (_, _, Compared::Text | Compared::Many) => return Err(self.expected("a text in quotes")),
        };
        self.next += 1;
        Ok(Expression::Comparison(field, test))
    }

    /// The column at hand, what its values are, and its name.
    fn field(&mut self) -> Parsed<(Field, Compared, String)> {
        let Token::Name(name) = self.peek().clone() else { return Err(self.expected("a column")) };
        let attribute = self.attributes.iter().find(|column| column.name == name);
        let fixed = [(Role::ItemId, Field::Id), (Role::Title, Field::Title), (Role::Description, Field::Description)];
        let (field, kind) = match (fixed.iter().find(|(role, _)| role.name() == name), attribute) {
            (Some((_, field)), _) => (field.clone(), Compared::Text),
            (None, Some(column)) => (Field::Attribute(name.clone()), column.kind.into()),
            (None, None) => {
                let names = fixed.iter().map(|(role, _)| role.name());
                let columns = names.chain(self.attributes.iter().map(|column| column.name.as_str()));
                let columns = columns.map(str::to_owned).collect();
                return Err((self.at(), FilterFault::UnknownColumn { name, columns }));
            }
        };
        self.next += 1;
        Ok((field, kind, name))
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next].0
    }

    fn expected(&self, expected: &'static str) -> (usize, FilterFault) {
        (self.at(), FilterFault::Expected { expected, found: self.peek().describe() })
    }
}

fn joined(mut parts: Vec<Expression>, join: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

impl From<Kind> for Compared {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Number => Compared::Number,
            Kind::Text => Compared::Text,
            Kind::Many => Compared::Many,
        }
    }
}
