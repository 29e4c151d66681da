//! A text as titles, words and pauses.

use super::numbers;
use crate::recommend::explain::{Plan, Titled, lexicon};

/// Articles that a title may lose, or begin with in lower case.
const ARTICLES: [&str; 3] = ["The ", "A ", "An "];

/// Whose title it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What is recommended.
    Item,
    /// What the user liked.
    Anchor,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A title of the plan; whether it ends like a sentence, as `Airplane!` does.
    Title(Role, bool),
    /// A word, a number, or a sign that belongs nowhere.
    Word {
        /// As it stands there.
        text: String,
        /// In lower case.
        lower: String,
    },
    /// Parts clauses.
    Break,
    /// Stands around a year behind a title.
    Bracket,
    /// What stands before it was asked.
    Asked,
    /// Ends a sentence.
    End,
}

impl Token {
    fn word(text: &str) -> Self {
        Token::Word { text: text.to_owned(), lower: text.to_lowercase() }
    }

    /// The word in lower case.
    pub(super) fn lower(&self) -> Option<&str> {
        match self {
            Token::Word { lower, .. } => Some(lower),
            _ => None,
        }
    }

    /// Whose title it is.
    pub(super) fn role(&self) -> Option<Role> {
        match self {
            Token::Title(role, _) => Some(*role),
            _ => None,
        }
    }
}

/// Writes quotation marks and dashes the plain way.
pub(super) fn normalize(text: &str) -> String {
    let plain = |c| match c {
        '’' | '‘' | '`' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        '–' | '—' => '-',
        '\u{a0}' => ' ',
        other => other,
    };
    text.trim().chars().map(plain).collect()
}

/// Finds titles, longest first, and parts the rest into words. The text is normalized.
pub(super) fn tokenize(text: &str, plan: &Plan) -> Vec<Token> {
    let mut names = forms(&plan.item, Role::Item);
    names.extend(plan.anchor.iter().flat_map(|anchor| forms(anchor, Role::Anchor)));
    // What both could be called is neither's name, unless it is all of one's title.
    let whole = |role| match role {
        Role::Item => Some(normalize(&plan.item.title)),
        Role::Anchor => plan.anchor.as_ref().map(|anchor| normalize(&anchor.title)),
    };
    let all = names.clone();
    names.retain(|(name, role)| {
        let shared = all.iter().any(|(other, other_role)| other == name && other_role != role);
        !shared || whole(*role).as_ref() == Some(name)
    });
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut inside = false;
    while let Some(next) = rest.chars().next() {
        let title =
            names.iter().filter(|_| !inside).find_map(|(name, role)| Some((title_len(rest, name)?, name, role)));
        if let Some((len, name, role)) = title {
            tokens.push(Token::Title(*role, name.ends_with(['.', '!', '?'])));
            rest = without_possessive(&rest[len..]);
            continue;
        }
        let len = word_len(rest);
        match next {
            _ if len > 0 => tokens.push(Token::word(rest[..len].trim_end_matches('\''))),
            '?' => tokens.extend([Token::Asked, Token::End]),
            '.' | '!' => tokens.push(Token::End),
            '-' if inside => {}
            ',' | ';' | ':' | '-' => tokens.push(Token::Break),
            '(' | ')' => tokens.push(Token::Bracket),
            ' ' | '\'' | '"' => {}
            other => tokens.push(Token::word(&other.to_string())),
        }
        rest = &rest[len.max(next.len_utf8())..];
        // A hyphen joins words: what follows it cannot begin a title.
        inside =
            rest.starts_with('-') && len > 0 && rest[1..].starts_with(char::is_alphanumeric) || (inside && len == 0);
    }
    point(&mut tokens);
    tokens
}

/// Where the recommended title is not named, the first `this` means it: `this one`, `this 1994 thriller`.
fn point(tokens: &mut Vec<Token>) {
    if tokens.iter().any(|token| token.role() == Some(Role::Item)) {
        return;
    }
    let Some(place) = tokens.iter().position(|token| token.lower() == Some("this")) else { return };
    let noun = tokens.get(place + 1).and_then(Token::lower);
    let noun = matches!(noun, Some("one" | "film" | "movie" | "title" | "picture" | "pick" | "suggestion"));
    tokens.splice(place..=place + usize::from(noun), [Token::Title(Role::Item, false)]);
}

/// The length of the word or number that a text begins with, in bytes: `it's`, `4.5`, `1990s`.
fn word_len(text: &str) -> usize {
    if !text.starts_with(char::is_alphanumeric) {
        return 0;
    }
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |(_, c)| *c);
        let decimal = matches!(c, '.' | ',') && before.is_ascii_digit() && after.is_ascii_digit();
        if !(c.is_alphanumeric() || c == '\'' || decimal) {
            return at;
        }
        before = c;
    }
    text.len()
}

/// A title as it may stand in a sentence: whole, without its article, or cut short.
fn forms(titled: &Titled, role: Role) -> Vec<(String, Role)> {
    let whole = normalize(&titled.title);
    let mut forms = vec![whole.clone()];
    forms.extend(short_forms(&whole));
    let bare: Vec<String> = forms
        .iter()
        .filter_map(|form| ARTICLES.iter().find_map(|article| form.strip_prefix(article)))
        .map(str::to_owned)
        .collect();
    forms.extend(bare);
    forms.into_iter().filter(|form| !form.is_empty()).map(|form| (form, role)).collect()
}

/// What people call a long title: its main part or its subtitle, what stands in and before brackets, or what comes
/// before `of the`. One word alone is no name: it might be another title.
fn short_forms(title: &str) -> Vec<String> {
    let (main, other) = title.split_once(" (").unwrap_or((title, ""));
    let other = other.split(" (").map(|other| other.trim_end_matches(')').trim_start_matches("a.k.a. ").to_owned());
    let cuts = [": ", " or: ", ", or ", " - ", " / ", " of the ", " and the ", ", "];
    let parts = cuts.iter().filter_map(|cut| Some((*cut, main.split_once(cut)?))).flat_map(|(cut, (before, after))| {
        let after = if matches!(cut, " of the " | ", ") { "" } else { after };
        [before, after].map(|part| part.trim_end_matches([':', ',', ' ']).trim_end_matches(" or").to_owned())
    });
    // `Twelve Angry Men`
    let spelled =
        main.split_once(' ').and_then(|(first, rest)| Some(format!("{} {rest}", numbers::other_form(first)?)));
    let is_name = |part: &String| {
        let content = ARTICLES.iter().find_map(|article| part.strip_prefix(article)).unwrap_or(part);
        content.contains(' ') && content.len() >= 8
    };
    let initials = main.split_once(" the ").map(|(before, _)| before.to_owned()).filter(|part| part.ends_with('.'));
    let mut forms: Vec<String> =
        parts.chain([main.to_owned()]).chain(other).filter(is_name).chain(initials).chain(spelled).collect();
    forms.retain(|form| form != title);
    forms.sort();
    forms.dedup();
    forms
}

/// The length of a title that a text begins with and that ends where a word does. Its article may be in lower case:
/// `the Matrix`.
fn title_len(text: &str, title: &str) -> Option<usize> {
    let same = text.starts_with(title) || {
        let article = ARTICLES.iter().find(|article| title.starts_with(**article));
        article.is_some_and(|article| {
            let tail = text.strip_prefix(article.to_lowercase().as_str());
            tail.is_some_and(|tail| tail.starts_with(&title[article.len()..]))
        })
    };
    let rest = same.then(|| without_possessive(&text[title.len()..]))?;
    let joined = ["-like ", "-style "].iter().any(|suffix| rest.starts_with(suffix));
    let goes_on = !joined && rest.strip_prefix(['\'', '-']).unwrap_or(rest).starts_with(char::is_alphanumeric);
    // `300` is no title in `300 people`.
    let counts = title.bytes().all(|b| b.is_ascii_digit())
        && rest.split_whitespace().next().is_some_and(|next| rest.starts_with(' ') && lexicon::is_people(next));
    (!goes_on && !counts).then_some(title.len())
}

fn without_possessive(text: &str) -> &str {
    text.strip_prefix("'s").filter(|rest| !rest.starts_with(char::is_alphanumeric)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(item: &str, anchor: &str) -> Plan {
        let titled = |title: &str| Titled { title: title.into(), year: None };
        Plan { anchor: Some(titled(anchor)), ..Plan::of(titled(item)) }
    }

    fn shown(text: &str, plan: &Plan) -> String {
        let show = |token: &Token| match token {
            Token::Title(Role::Item, _) => "ITEM".to_owned(),
            Token::Title(Role::Anchor, _) => "ANCHOR".to_owned(),
            Token::Word { text, .. } => text.clone(),
            Token::Break => ",".to_owned(),
            Token::Bracket => "|".to_owned(),
            Token::Asked => "?".to_owned(),
            Token::End => ".".to_owned(),
        };
        tokenize(&normalize(text), plan).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn titles_are_found_in_every_form_and_in_no_other_word() {
        let plan = plan("The Iron Giant", "Airplane!");
        let cases = [
            ("Try “the Iron Giant”, as Airplane! fans do.", "Try ITEM , as ANCHOR fans do ."),
            ("Iron Giant's sci-fi, like Airplane!", "ITEM sci fi , like ANCHOR"),
            ("The Iron Giants (1999) – it’s 4.5 of 1,000", "The Iron Giants | 1999 | , it's 4.5 of 1,000"),
            ("the kids' Iron Giant-man", "the kids Iron Giant man"),
            ("This 1999 film, for fans of Airplane!", "ITEM 1999 film , for fans of ANCHOR"),
            ("People liked this film.", "People liked ITEM ."),
            ("\u{e9}he Iron", "\u{e9}he Iron"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text, &plan), expected);
        }
    }

    #[test]
    fn long_titles_have_short_names_and_no_two_the_same() {
        let cases = [
            (
                "Dr. Strangelove or: How I Learned to Stop Worrying",
                vec!["Dr. Strangelove", "How I Learned to Stop Worrying"],
            ),
            ("Close Encounters of the Third Kind", vec!["Close Encounters"]),
            ("E.T. the Extra-Terrestrial", vec!["E.T."]),
            ("Seven Samurai (Shichinin no samurai)", vec!["7 Samurai", "Seven Samurai", "Shichinin no samurai"]),
            ("Alien: Resurrection", vec![]),
            ("Heart of the Matter", vec![]),
            ("12 Angry Men", vec!["Twelve Angry Men"]),
            ("Butch Cassidy and the Sundance Kid", vec!["Butch Cassidy", "Sundance Kid"]),
        ];
        for (title, expected) in cases {
            assert_eq!(short_forms(title), expected, "{title}");
        }
        let plan = plan("Star Wars: Episode IV", "Star Wars: Episode V");
        assert_eq!(shown("Star Wars, Episode IV, Star Wars: Episode V", &plan), "Star Wars , ITEM , ANCHOR");
    }

    #[test]
    fn strange_titles_do_no_harm() {
        for title in ["(", "9", "\"", "{{ x }}", "千と千尋の神隠し", "-", "a", "The ", "’"] {
            let plan = plan(title, "Big");
            tokenize(&normalize(&format!("Since you liked Big, {title} is for you: 9 people – {title}s.")), &plan);
            assert!(shown(&format!("See {title}, too."), &plan).contains("ITEM"), "{title}");
        }
    }
}
