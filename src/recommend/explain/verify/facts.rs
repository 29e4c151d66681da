//! Every word must be one that the plan backs, or one that says nothing.

use std::collections::BTreeSet;

use super::{
    Around, Rejection,
    numbers::{self, Number},
    times,
    tokens::Token,
};
use crate::recommend::explain::{
    Plan,
    lexicon::{self, GenreForm},
};

/// Words that may stand between a count and those who are counted: `12 of the same viewers`.
const UP_TO_PEOPLE: usize = 6;
/// Words before a number within which those who are counted may stand: `people, 23 of them`.
const SINCE_PEOPLE: usize = 14;
/// How many words of a text may be on no list.
const MOST_STRANGE: usize = 2;

/// Which facts of its plan a text uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::recommend::explain) struct Said {
    /// Genres, as `lexicon::genre_key` writes them.
    pub(in crate::recommend::explain) genres: BTreeSet<String>,
    /// How often one is said, twice for a word that says two.
    pub(in crate::recommend::explain) genre_mentions: usize,
    /// A year, a decade, or the time between.
    pub(in crate::recommend::explain) time: bool,
    /// How many liked both, or that some did.
    pub(in crate::recommend::explain) count: bool,
    /// The user's rating.
    pub(in crate::recommend::explain) rating: bool,
    /// Whether it has words that plain explanations do without.
    pub(in crate::recommend::explain) idiomatic: bool,
}

impl Said {
    /// Whether there is any reason beside the liked title.
    pub(in crate::recommend::explain) fn is_empty(&self) -> bool {
        self.genres.is_empty() && !self.time && !self.count && !self.rating
    }
}

pub(super) fn check(tokens: &[Token], plan: &Plan) -> Result<Said, Rejection> {
    let mut reader = Reader::new(tokens, plan);
    let mut place = 0;
    while place < tokens.len() {
        place += match &tokens[place] {
            Token::Word { text, lower } => reader.word(Around { tokens, place }, text, lower)?,
            _ => 1,
        };
    }
    Ok(reader.said)
}

struct Reader<'a> {
    tokens: &'a [Token],
    plan: &'a Plan,
    /// Genres of the plan, and the ways to say them and all others.
    genres: Vec<String>,
    forms: Vec<GenreForm>,
    /// How many words are on no list.
    strange: usize,
    said: Said,
}

impl<'a> Reader<'a> {
    fn new(tokens: &'a [Token], plan: &'a Plan) -> Self {
        let genres: Vec<String> = plan.genres.iter().map(|genre| lexicon::genre_key(genre)).collect();
        let own = plan.genres.iter().flat_map(|genre| lexicon::own_forms(genre));
        let mut forms: Vec<GenreForm> = own.chain(lexicon::known_forms().iter().cloned()).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.words.len()));
        Self { tokens, plan, genres, forms, strange: 0, said: Said::default() }
    }

    /// Checks what begins at a word; how many words that is.
    fn word(&mut self, around: Around<'a>, text: &str, lower: &str) -> Result<usize, Rejection> {
        let word = |ahead: usize| if ahead == 0 { Some(lower) } else { around.next(ahead) };
        let opens = self.opens_sentence(around.place);
        // A capital within a sentence is a name's: `as It is` says something of a film called It.
        let small = |len: usize| (usize::from(opens)..len).all(|ahead| is_small(around, ahead));
        let phrase = lexicon::phrase_len(word);
        if phrase > 0 && small(phrase) {
            self.said.idiomatic |= (0..phrase).any(|ahead| !word(ahead).is_some_and(lexicon::is_plain));
            return Ok(phrase);
        }
        if let Some((number, len)) = numbers::parse(word)
            && let Some(len) = self.number(around, number, len)?
        {
            return Ok(len);
        }
        if let Some(len) = self.genre(&word, small)? {
            return Ok(len);
        }
        if lexicon::is_negation(lower) && !self.is_true_denial(around) && !self.is_asked(around) {
            return Err(Rejection::Negation(text.into()));
        }
        if self.time_word(around, lower)? {
            return Ok(1);
        }
        self.people_word(around, lower)?;
        let small = small(1);
        let known = lexicon::is_phrasing(lower) && (small || lexicon::may_be_capitalized(lower));
        let known =
            known || self.is_known_here(around, lower) || lexicon::is_negation(lower) || self.is_trusted(lower, small);
        if !known || (lower == "about" && self.tells_content(around)) || (opens && self.is_unnamed_title(around, lower))
        {
            return Err(Rejection::Word(text.into()));
        }
        self.said.idiomatic |= !lexicon::is_plain(lower);
        Ok(1)
    }

    /// Whether what is denied is known not to be: genres in common, or, of somebody without a history, a taste that is
    /// known yet.
    fn is_true_denial(&self, around: Around<'a>) -> bool {
        if self.plan.anchor.is_none() {
            let ahead = self.tokens[around.place..].iter().take_while(|token| **token != Token::End);
            let clause = ahead.take_while(|token| token.role().is_none());
            let unknown = clause.filter_map(Token::lower).any(|word| word == "yet");
            return unknown && around.previous().is_none_or(|before| before != "you");
        }
        let clause = || around.clause_before().iter().chain(around.clause_after()).filter_map(Token::lower);
        let has = |words: &[&str]| clause().any(|word| words.contains(&word));
        let about_genres = has(&["genre", "genres"]) && has(&["common", "same", "share", "shared", "overlap"]);
        about_genres && !has(&["decade", "decades", "year"]) && self.genres.is_empty()
    }

    /// Whether a question that names no title begins with a denial: `Not sure what to watch?` states nothing.
    fn is_asked(&self, around: Around<'a>) -> bool {
        let sentence = self.tokens[around.place..].iter().take_while(|token| **token != Token::End);
        self.opens_sentence(around.place)
            && sentence.clone().any(|token| *token == Token::Asked)
            && sentence.clone().all(|token| token.role().is_none())
    }

    /// Whether a word that no list holds may stand: few of a text, if they are unlikely to state a fact. Nobody can list all
    /// words by which people recommend.
    fn is_trusted(&mut self, lower: &str, written_small: bool) -> bool {
        let trusted = self.strange < MOST_STRANGE && written_small && lexicon::is_harmless(lower);
        self.strange += usize::from(trusted);
        trusted
    }

    /// Whether a word that is no phrasing may stand in this place: `late nineties`, `based on <title>`.
    fn is_known_here(&self, around: Around<'a>, lower: &str) -> bool {
        let decade = || matches!(numbers::parse(|ahead| around.next(ahead + 1)), Some((Number::Decade(_), _)));
        let title = || self.tokens.get(around.place + 2).is_some_and(|token| token.role().is_some());
        match lower {
            "early" | "mid" | "late" => decade(),
            // One of two that were named.
            "first" => around.previous() == Some("the") && matches!(around.next(1), None | Some("may" | "might")),
            "based" => {
                around.next(1) == Some("on")
                    && title()
                    && !matches!(around.previous(), Some("is" | "was" | "film" | "movie"))
            }
            _ => false,
        }
    }

    fn opens_sentence(&self, place: usize) -> bool {
        match place.checked_sub(1).map(|before| &self.tokens[before]) {
            None | Some(Token::End | Token::Title(_, true)) => true,
            Some(_) => false,
        }
    }

    /// The words of a genre that begin here, if its genres are the plan's. Only names of genres may have capitals.
    fn genre<'w>(
        &mut self,
        word: &impl Fn(usize) -> Option<&'w str>,
        small: impl Fn(usize) -> bool,
    ) -> Result<Option<usize>, Rejection> {
        let is = |place: usize, part: &str| {
            word(place).is_some_and(|word| word == part || word.strip_suffix("'s") == Some(part))
        };
        let here = |form: &&GenreForm| form.words.iter().enumerate().all(|(place, part)| is(place, part));
        let mut here =
            self.forms.iter().filter(here).filter(|form| !form.is_figure || small(form.words.len())).peekable();
        let Some(first) = here.peek().map(|form| (form.words.join(" "), form.words.len())) else { return Ok(None) };
        let backed = here.find(|form| form.genres.iter().all(|genre| self.genres.contains(genre)));
        let Some(form) = backed else {
            // Some words that evoke a genre say nothing elsewhere.
            let ordinary = first.1 == 1 && (lexicon::is_phrasing(&first.0) || lexicon::is_common(&first.0));
            return if ordinary { Ok(None) } else { Err(Rejection::Word(first.0)) };
        };
        self.said.genres.extend(form.genres.iter().cloned());
        self.said.genre_mentions += form.genres.len();
        self.said.idiomatic |= form.is_figure;
        Ok(Some(form.words.len()))
    }

    /// How many words a backed number takes; none if it is no number, but a word like `one` in `this one`.
    fn number(&mut self, around: Around<'a>, number: Number, len: usize) -> Result<Option<usize>, Rejection> {
        let wrong = || Rejection::Number(around.tokens[around.place].lower().unwrap_or_default().to_owned());
        let backed = |backed: bool, len: usize| if backed { Ok(Some(len)) } else { Err(wrong()) };
        let last = Around { place: around.place + len - 1, ..around };
        let value = match number {
            Number::Decade(decade) => {
                self.said.time = true;
                return backed(times::in_decade(around, decade, self.plan), len);
            }
            Number::Plain(value) => value,
        };
        if let Some(gap) = times::gap_ahead(last).filter(|gap| value != 1.0 || gap.has_direction(last)) {
            self.said.time = true;
            return backed(times::are_apart(last, gap, value, self.plan), len + gap.words());
        }
        let year = len == 1 && value.fract() == 0.0 && (1800.0..2200.0).contains(&value);
        if (!year || value == self.plan.liked_by as f64) && self.counts_people(last, value) {
            self.said.count = true;
            let both = self.plan.anchor.is_some() && self.plan.liked_by > 0;
            return backed(both && numbers::is_about(around.back(), value, self.plan.liked_by as f64), len);
        }
        if !year && self.is_rating(around, last) {
            self.said.rating = true;
            return backed(self.plan.rating.is_some_and(|rating| f64::from(rating) == value), len);
        }
        if year {
            self.said.time = true;
            return backed(times::in_year(around, value as i32, self.plan), len);
        }
        if len == 1 && value < 100.0 && times::is_short_year(around, value as i32, self.plan) {
            self.said.time = true;
            return Ok(Some(len));
        }
        // `Toy Story 2` is another title; `Rashomon one from 1950` is none.
        let elided = value == 1.0 && matches!(last.next(1), Some("from" | "of" | "too"));
        if !elided && around.place.checked_sub(1).is_some_and(|before| around.tokens[before].role().is_some()) {
            return Err(wrong());
        }
        if value == 1.0 {
            return Ok(None);
        }
        // `you might be number 89`
        let joined = matches!(around.previous(), Some("number" | "it")) && value == self.plan.liked_by as f64 + 1.0;
        if self.plan.anchor.is_some() && value > 2.0 && (joined || value == self.plan.liked_by as f64) {
            self.said.count = true;
            return Ok(Some(len));
        }
        let of_genres = matches!(around.previous(), Some("all" | "those" | "these" | "same"))
            || matches!(last.next(1), Some("genres" | "things" | "counts" | "boxes"));
        let told = self.said.genres.len() + usize::from(self.said.time);
        let counted = [self.genres.len(), self.said.genres.len(), told].map(|count| count as f64);
        let counts_genres = of_genres && value > 0.0 && counted.contains(&value);
        backed(counts_genres || value == 2.0 && self.means_the_pair(around, last), len)
    }

    /// Whether `two` means the two titles: `the two`, `two of a kind`, `two comedies`.
    fn means_the_pair(&self, around: Around<'_>, last: Around<'_>) -> bool {
        let Some(next) = last.next(1) else { return true };
        let genre = |form: &GenreForm| form.words.first().is_some_and(|word| word == next);
        matches!(around.previous(), Some("the" | "these" | "those"))
            || lexicon::is_phrasing(next)
            || matches!(numbers::parse(|ahead| last.next(ahead + 1)), Some((Number::Decade(_), _)))
            || self.forms.iter().any(genre)
    }

    /// Whether a number counts those who watch: they stand soon after it, or it is the right one, before it.
    fn counts_people(&self, last: Around<'a>, value: f64) -> bool {
        let ahead = last.clause_after().iter().take(UP_TO_PEOPLE).filter_map(Token::lower);
        let mut ahead = ahead.take_while(|word| !matches!(*word, "who" | "that" | "is" | "are" | "and" | "for"));
        let one_of_these = value == 1.0 && matches!(last.previous(), Some("this" | "that" | "another"));
        let known = value > 2.0 && value == self.plan.liked_by as f64;
        !one_of_these && ahead.any(lexicon::is_people)
            || known && last.back().take(SINCE_PEOPLE).any(lexicon::is_people)
    }

    fn is_rating(&self, around: Around<'a>, last: Around<'a>) -> bool {
        let rated = |word: &str| matches!(word, "rated" | "rating" | "gave" | "given" | "score" | "rate");
        matches!(last.next(1), Some("star" | "stars" | "points")) || around.back().take(3).any(rated)
    }

    /// Whether a sentence begins with a title that reads like a word: nothing has been named yet that `It` could mean, and
    /// `Heat and <title>` are two titles.
    fn is_unnamed_title(&self, around: Around<'a>, lower: &str) -> bool {
        let unnamed = !self.tokens[..around.place].iter().any(|token| token.role().is_some());
        let next = around.next(1).unwrap_or_default();
        let paired = next == "and" && self.tokens.get(around.place + 2).is_some_and(|token| token.role().is_some());
        unnamed
            && match lower {
                _ if paired => true,
                "it" => !matches!(next, "is" | "was" | "has" | "came" | "comes" | "may" | "might" | "seems" | "looks"),
                "up" => !matches!(next, "next" | "for" | "to"),
                _ => false,
            }
    }

    /// Whether a word says something true of times: `the same year`, `decades later`.
    fn time_word(&mut self, around: Around<'a>, lower: &str) -> Result<bool, Rejection> {
        let said = times::is_time_word(lower) && times::check_word(around, lower, self.plan)?;
        self.said.time |= said;
        Ok(said)
    }

    /// Words that say something of all users, of none, or of the one who writes.
    fn people_word(&mut self, around: Around<'a>, lower: &str) -> Result<(), Rejection> {
        let wrong = Err(Rejection::Word(lower.into()));
        if matches!(lower, "all" | "every" | "each" | "more") {
            let of_the = around.next(1) == Some("of") && matches!(around.next(2), Some("the" | "our" | "these"));
            let whom = around.next(if of_the { 3 } else { 1 });
            let people = whom.is_some_and(|whom| lexicon::is_people(whom) && !matches!(whom, "others" | "likes"));
            if people && self.says_that_people_liked(around) {
                return wrong;
            }
        }
        let likes = matches!(lower, "liked" | "loved" | "enjoyed" | "watched" | "saw" | "adored" | "appreciated");
        if likes && matches!(around.previous(), Some("i" | "we" | "i've" | "we've" | "i'd")) {
            return wrong;
        }
        let pair = matches!(lower, "also" | "alike" | "equally");
        if pair && self.plan.liked_by == 0 && self.says_that_people_liked(around) {
            return wrong;
        }
        Ok(())
    }

    /// Whether others than the reader are said to have liked something in this sentence.
    fn says_that_people_liked(&self, around: Around<'a>) -> bool {
        let start = self.tokens[..around.place].iter().rposition(|t| *t == Token::End).map_or(0, |end| end + 1);
        let rest = &self.tokens[start..];
        let end = rest.iter().position(|token| *token == Token::End).unwrap_or(rest.len());
        let words: Vec<&str> = rest[..end].iter().filter_map(Token::lower).collect();
        let some = |list: &[&str]| words.iter().any(|word| list.contains(word));
        let people = words.iter().any(|word| lexicon::is_people(word) && !matches!(*word, "fan" | "lover" | "person"));
        people
            && some(&["liked", "loved", "enjoyed", "appreciated", "adored"])
            && !some(&["may", "might", "should", "will", "would", "could", "can"])
    }

    /// Whether `about` tells what a title is about, and not which genre it has or how somebody feels.
    fn tells_content(&self, around: Around<'a>) -> bool {
        let Some(next) = around.next(1) else { return false };
        let after = |ahead: usize| around.next(ahead + 1);
        let begins = |skip: usize| {
            let form = |form: &GenreForm| form.words.iter().enumerate().all(|(i, part)| after(skip + i) == Some(part));
            self.forms.iter().any(form)
        };
        let title = |skip: usize| self.tokens.get(around.place + 1 + skip).is_some_and(|token| token.role().is_some());
        match next {
            "you" | "your" | "right" | "how" | "what" | "that" | "this" | "it" | "them" | "both" | "as" | "time"
            | "equally" | "which" | "these" | "those" => false,
            "some" | "another" | "more" if matches!(around.previous(), Some("how" | "say")) => false,
            "a" | "an" | "the" => !(begins(1) || title(1) || after(1) == Some("same")),
            _ => !begins(0) && numbers::parse(after).is_none(),
        }
    }
}

/// Whether a word ahead does not begin with a capital that only names have.
fn is_small(around: Around<'_>, ahead: usize) -> bool {
    match around.tokens.get(around.place + ahead) {
        Some(Token::Word { text, lower }) => {
            !text.starts_with(char::is_uppercase) || lexicon::may_be_capitalized(lower)
        }
        _ => true,
    }
}
