//! Whether a text says nothing but its plan.
//!
//! Titles of the plan are recognized first. Every other word must be a genre of the plan, a number of it in its place, or
//! a word that states nothing by itself; names, denials and facts from elsewhere are none of these. Then the roles are
//! checked: what the user liked is the anchor, and what is recommended is the item.

use super::{Plan, Titled, lexicon};

/// The fewest words that say why.
const FEWEST_WORDS: usize = 5;
/// The most words of one or two sentences.
const MOST_WORDS: usize = 50;
/// Words after which a count counts people.
const PEOPLE: [&str; 7] = ["people", "users", "viewers", "others", "other", "fans", "person"];
/// Verbs whose object is what somebody liked.
const LIKING: [&str; 12] = [
    "like",
    "liked",
    "love",
    "loved",
    "enjoy",
    "enjoyed",
    "appreciate",
    "appreciated",
    "watched",
    "saw",
    "seen",
    "rated",
];
/// Verbs and nouns whose object is what is recommended.
const RECOMMENDING: [&str; 9] =
    ["recommend", "recommended", "suggest", "suggested", "try", "consider", "check", "watch", "see"];
/// Words that make a liking a prediction.
const MODALS: [&str; 10] = ["may", "might", "will", "would", "should", "could", "can", "must", "you'll", "you'd"];

/// Why a text is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is too short, too long, unfinished, or has more than two sentences.
    #[error("the text is not one or two whole sentences")]
    Form,
    /// It says something twice.
    #[error("the text repeats `{0}`")]
    Repetition(String),
    /// It does not say what is recommended.
    #[error("the recommended title is missing")]
    TitleMissing,
    /// It denies something.
    #[error("`{0}` denies something")]
    Negation(String),
    /// A word that cannot follow the one before it: `a action`, `the 1999`.
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

/// What a part of a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Item,
    Anchor,
    Word(String),
    /// Ends a clause.
    Break,
    /// Ends a sentence.
    End,
}

/// Checks a text.
///
/// # Errors
/// Says what is wrong with it.
pub fn verify(text: &str, plan: &Plan) -> Result<(), Rejection> {
    let text = text.trim().replace('’', "'");
    let tokens = tokenize(&text, plan);
    check_form(&tokens)?;
    if !tokens.contains(&Token::Item) {
        return Err(Rejection::TitleMissing);
    }
    check_words(&tokens, plan)?;
    check_articles(&tokens)?;
    check_roles(&tokens)
}

/// Finds titles, longest first, and parts the rest into words.
fn tokenize(text: &str, plan: &Plan) -> Vec<Token> {
    let mut names = forms(&plan.item, &Token::Item);
    names.extend(plan.anchor.iter().flat_map(|anchor| forms(anchor, &Token::Anchor)));
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((name, token)) = names.iter().find(|(name, _)| starts_with_title(rest, name)) {
            tokens.push(token.clone());
            rest = &rest[name.len()..];
            rest = rest.strip_prefix("'s").unwrap_or(rest);
            continue;
        }
        let word = if next.is_alphanumeric() { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { 0 };
        match next {
            _ if word > 0 => tokens.push(Token::Word(rest[..word].to_owned())),
            '.' | '!' | '?' => tokens.push(Token::End),
            ',' | ';' | ':' | '-' | '–' | '—' => tokens.push(Token::Break),
            ' ' | '\'' | '"' | '“' | '”' | '(' | ')' => {}
            other => tokens.push(Token::Word(other.to_string())),
        }
        rest = &rest[word.max(next.len_utf8())..];
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '-')
}

/// A title as it may stand in a sentence: whole, or without its article.
fn forms(titled: &Titled, token: &Token) -> Vec<(String, Token)> {
    let bare = ["The ", "A ", "An "].iter().find_map(|article| titled.title.strip_prefix(article));
    [Some(titled.title.as_str()), bare]
        .into_iter()
        .flatten()
        .map(|form| (form.replace('’', "'"), token.clone()))
        .collect()
}

/// Whether a text starts with a title that ends where a word does. Its article may be in lower case: `the Matrix`.
fn starts_with_title(text: &str, title: &str) -> bool {
    let article = ["The ", "A ", "An "].iter().any(|article| title.starts_with(article));
    let Some((head, rest)) = text.split_at_checked(title.len()) else { return false };
    let same =
        head == title || (article && head[..1].eq_ignore_ascii_case(&title[..1]) && head.get(1..) == title.get(1..));
    let rest = rest.strip_prefix("'s").unwrap_or(rest);
    let part_of_word = rest.strip_prefix(['\'', '-']).unwrap_or(rest).starts_with(char::is_alphanumeric);
    same && !part_of_word
}

fn check_form(tokens: &[Token]) -> Result<(), Rejection> {
    let sentences = tokens.iter().filter(|token| **token == Token::End).count();
    let words: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Break | Token::End)).collect();
    if !(1..=2).contains(&sentences) || tokens.last() != Some(&Token::End) {
        return Err(Rejection::Form);
    }
    if !(FEWEST_WORDS..=MOST_WORDS).contains(&words.len()) {
        return Err(Rejection::Form);
    }
    for (place, phrase) in words.windows(3).enumerate() {
        if words[place + 1..].windows(3).any(|other| other == phrase) {
            let phrase: Vec<&str> = phrase.iter().map(|token| shown(token)).collect();
            return Err(Rejection::Repetition(phrase.join(" ")));
        }
    }
    Ok(())
}

fn shown(token: &Token) -> &str {
    match token {
        Token::Item | Token::Anchor => "<title>",
        Token::Word(word) => word,
        Token::Break | Token::End => "",
    }
}

/// Every word must be one that the plan backs or that says nothing.
fn check_words(tokens: &[Token], plan: &Plan) -> Result<(), Rejection> {
    let genres: Vec<Vec<String>> = plan
        .genres
        .iter()
        .flat_map(|genre| lexicon::genre_forms(genre))
        .map(|form| form.split(' ').map(str::to_owned).collect())
        .collect();
    // Without the anchor's title these would say something of other items.
    let pair = tokens.contains(&Token::Anchor);
    let mut about = About::default();
    let mut place = 0;
    while place < tokens.len() {
        let here = place;
        place += 1;
        match &tokens[here] {
            Token::Item => about = About { year: plan.item.year, both: false },
            Token::Anchor => about = About { year: plan.anchor.as_ref().and_then(|anchor| anchor.year), both: false },
            Token::Break | Token::End => {}
            Token::Word(word) => {
                let genre = genres.iter().filter(|form| has_words(&tokens[here..], form)).map(Vec::len).max();
                if let Some(words) = genre {
                    place = here + words;
                    continue;
                }
                if !pair && (word.to_lowercase() == "both" || *word == plan.liked_by.to_string()) {
                    return Err(Rejection::Word(word.clone()));
                }
                let opens = here == 0 || tokens[here - 1] == Token::End;
                about.both |= word.eq_ignore_ascii_case("both");
                check_word(word, opens, tokens.get(here + 1), about, plan)?;
            }
        }
    }
    Ok(())
}

fn has_words(tokens: &[Token], words: &[String]) -> bool {
    let same = |(token, word): (&Token, &String)| matches!(token, Token::Word(w) if w.to_lowercase() == *word);
    tokens.len() >= words.len() && tokens.iter().zip(words).all(same)
}

/// What a time is said of.
#[derive(Clone, Copy, Default)]
struct About {
    /// The year of the title that came last.
    year: Option<i32>,
    /// Whether both titles are spoken of since.
    both: bool,
}

fn check_word(word: &str, opens: bool, next: Option<&Token>, about: About, plan: &Plan) -> Result<(), Rejection> {
    let lower = word.trim_matches('\'').to_lowercase();
    if lower.chars().any(|c| c.is_ascii_digit()) {
        let counts = matches!(next, Some(Token::Word(next)) if PEOPLE.contains(&next.to_lowercase().as_str()));
        let count = plan.liked_by > 0 && counts && lower == plan.liked_by.to_string();
        let alone = about.year.filter(|_| !about.both);
        let of_title = alone.is_some_and(|year| lower == year.to_string());
        let decades = [plan.decade, alone.map(|year| year.div_euclid(10) * 10)];
        let decade = decades
            .into_iter()
            .flatten()
            .any(|decade| lower == format!("{decade}s") || lower == format!("{:02}s", decade.rem_euclid(100)));
        return if count || of_title || decade { Ok(()) } else { Err(Rejection::Number(word.into())) };
    }
    if lexicon::is_negation(&lower) {
        return Err(Rejection::Negation(word.into()));
    }
    let capital = word.starts_with(char::is_uppercase);
    let known = lexicon::is_phrasing(&lower) || matches!(lower.as_str(), "s" | "");
    if known && (opens || !capital || lower == "i" || lower.starts_with("i'")) {
        return Ok(());
    }
    Err(Rejection::Word(word.into()))
}

/// Small models' commonest slips: an article that does not fit what follows.
fn check_articles(tokens: &[Token]) -> Result<(), Rejection> {
    for pair in tokens.windows(2) {
        let [Token::Word(article), Token::Word(word)] = pair else { continue };
        let vowel = word.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
        let slip = match article.to_lowercase().as_str() {
            "a" => vowel,
            "an" => !vowel,
            "the" => word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        };
        if slip {
            return Err(Rejection::Grammar(format!("{article} {word}")));
        }
    }
    Ok(())
}

/// Looks at each clause's verbs: what `you liked` is not the item, and what is recommended is not the anchor.
fn check_roles(tokens: &[Token]) -> Result<(), Rejection> {
    let words: Vec<String> = tokens.iter().map(|token| shown(token).to_lowercase()).collect();
    for (place, word) in words.iter().enumerate() {
        let Some(object) = object(&tokens[place + 1..]) else { continue };
        let before = &words[place.saturating_sub(3)..place];
        let modal = before.iter().any(|word| MODALS.contains(&word.as_str()));
        let you = before.iter().any(|word| matches!(word.as_str(), "you" | "you've" | "you'll" | "you'd"));
        let fans = word == "of" && before.last().is_some_and(|word| matches!(word.as_str(), "fan" | "fans" | "lovers"));
        let like = LIKING.contains(&word.as_str());
        let recommends = RECOMMENDING.contains(&word.as_str()) && !(you && !modal);
        let wrong = match object {
            Token::Item => fans || (like && you && !modal),
            Token::Anchor => recommends || (like && you && modal),
            _ => false,
        };
        if wrong {
            return Err(Rejection::Roles);
        }
    }
    check_subject(tokens, &words)
}

/// The title that directly follows a verb, behind articles and the like at most.
fn object(tokens: &[Token]) -> Option<&Token> {
    let small = |token: &&Token| match token {
        Token::Word(word) => {
            matches!(
                word.to_lowercase().as_str(),
                "the" | "a" | "film" | "movie" | "title" | "out" | "watching" | "also"
            )
        }
        _ => false,
    };
    tokens.iter().find(|token| !small(token)).filter(|token| matches!(token, Token::Item | Token::Anchor))
}

/// What `is a good choice` or `should suit you` is the item.
fn check_subject(tokens: &[Token], words: &[String]) -> Result<(), Rejection> {
    const PRAISED: [&str; 14] = [
        "should", "might", "may", "could", "would", "will", "good", "great", "perfect", "solid", "choice", "pick",
        "match", "fit",
    ];
    for (place, _) in tokens.iter().enumerate().filter(|(_, token)| **token == Token::Anchor) {
        let said = &words[place + 1..];
        let clause = said.iter().zip(&tokens[place + 1..]).take_while(|(_, token)| matches!(token, Token::Word(_)));
        let said: Vec<&str> = clause.map(|(word, _)| word.as_str()).take(5).collect();
        let verb =
            said.first().is_some_and(|word| matches!(*word, "is" | "should" | "might" | "may" | "could" | "will"));
        if verb && said.iter().any(|word| PRAISED.contains(word)) {
            return Err(Rejection::Roles);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
