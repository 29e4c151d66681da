//! One sentence after the other becomes preferences and feedback.

mod judgements;
mod mention;
mod whether;
mod wishes;

use std::ops::Range;

use super::{
    Context, Feedback, Preferences, Unclear, Understander, Understood, Whether,
    acts::{self, Act, Named},
    add,
    common::is_common,
    cues::{self, Cue, Judgement},
    limits,
    markers::{BARE, GROANS, NOT_SEEN, QUESTIONS},
    ratings,
    titles::Titles,
    withdraw::{self, slot},
    words::{Gap, Sentence, Word},
};
use crate::recommend::converse::state::Summary;
use mention::{Mention, MentionKind, Span, clause};

/// What is thought of an item that is not to be shown.
const REFUSED: Judgement = Judgement { sentiment: -1, seen: false, rating: None };

/// A message that is being read.
pub(super) struct Reading<'a> {
    understander: &'a Understander,
    context: &'a Context<'a>,
    shown: &'a Titles,
    preferences: Preferences,
    feedback: Feedback,
    asked_about: Vec<String>,
    /// What is asked whether it holds.
    whether: Option<Whether>,
    /// What is named like a title, and is none of the catalogue.
    unlisted: Vec<String>,
    summary: Summary,
    /// The title that was named last.
    focus: Option<String>,
    /// The titles of the last sentence that named some.
    recent: Vec<String>,
    /// Whether an item was named at all.
    named: bool,
    /// Titles that were named other than as examples.
    named_titles: Vec<String>,
    /// References to the rest of the list, with what is thought of it.
    rest: Vec<Judgement>,
    /// What is thought where nothing is named, and whether with more than a `no`.
    free: Option<(Judgement, bool)>,
    /// Titles of what was shown, or others after that, that a sentence named and said nothing of.
    bare: Vec<String>,
    /// Titles that a sentence named with a question mark and nothing else: `Heat? Brilliant.`
    pending: Vec<String>,
    unclear: Vec<Unclear>,
    /// The only title of the last sentence, of which that told nothing but that it was seen, or nothing that was understood.
    heard: Option<String>,
    /// The titles in the last sentence of which it says nothing that was understood.
    silent: Vec<String>,
    /// Titles that are not to be shown, of which nothing else is said.
    rejected: Vec<String>,
    /// What was thought of the item that was judged last.
    last: Option<Judgement>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(understander: &'a Understander, context: &'a Context<'a>, shown: &'a Titles) -> Self {
        Self {
            understander,
            context,
            shown,
            preferences: Preferences::default(),
            feedback: Feedback::default(),
            asked_about: Vec::new(),
            whether: None,
            unlisted: Vec::new(),
            summary: Summary::default(),
            focus: context.focus.map(str::to_owned),
            recent: Vec::new(),
            named: false,
            named_titles: Vec::new(),
            rest: Vec::new(),
            free: None,
            bare: Vec::new(),
            pending: Vec::new(),
            unclear: Vec::new(),
            heard: None,
            silent: Vec::new(),
            rejected: Vec::new(),
            last: None,
        }
    }

    /// Reads a sentence. What is told before a question in it is read by itself: `I've seen Heat, why do you show it?`
    pub(super) fn add(&mut self, sentence: &Sentence) {
        // `never seen Heat, is that any good`
        let asks = sentence.asks || sentence.has_any(&["is it any good", "is that any good", "is this any good"]);
        let sentence = &Sentence { asks, ..sentence.clone() };
        let begins = |place: usize| QUESTIONS.contains(&sentence.at(place));
        let turn = (2..sentence.len()).find(|&place| match sentence.words[place].gap {
            Gap::Pause if begins(place) => true,
            _ => ["so", "but"].contains(&sentence.at(place)) && begins(place + 1),
        });
        if let Some(turn) = turn.filter(|_| sentence.asks && !QUESTIONS.contains(&sentence.at(0))) {
            let (told, asked) = sentence.words.split_at(turn);
            let told = Sentence { words: told.to_vec(), asks: false };
            let open = vec![true; told.len()];
            if cues::find(&told, &open).iter().any(|cue| cue.judgement != Judgement::default()) {
                self.add_one(&told);
                return self.add_one(&Sentence { words: asked.to_vec(), asks: true });
            }
        }
        self.add_one(sentence);
    }

    fn add_one(&mut self, sentence: &Sentence) {
        let shown = self.context.shown;
        if let Some(ratings) = ratings::in_order(sentence, shown.len()) {
            shown.iter().zip(ratings).for_each(|(title, rating)| take(&mut self.feedback, title, rating));
            (self.summary.judges, self.named) = (true, true);
            return;
        }
        let mut open = vec![true; sentence.len()];
        let mentions = self.mentions(sentence, &mut open);
        let is_bare =
            !mentions.is_empty() && (0..sentence.len()).all(|place| !open[place] || BARE.contains(&sentence.at(place)));
        // `These again?`
        if is_bare && sentence.at(sentence.len() - 1) == "again" {
            let titles: Vec<String> = mentions.into_iter().flat_map(|mention| mention.titles).collect();
            titles.iter().for_each(|title| take(&mut self.feedback, title, REFUSED));
            (self.summary.judges, self.named) = (true, true);
            self.heard = titles.first().filter(|_| titles.len() == 1).cloned();
            return self.rejected.extend(titles);
        }
        if sentence.asks && is_bare {
            self.asks_of_pending();
            self.pending = mentions.into_iter().flat_map(|mention| mention.titles).collect();
            return;
        }
        // What follows such a question speaks of it, unless it is a question, too.
        let pending = match sentence.asks {
            true => Vec::new(),
            false => std::mem::take(&mut self.pending),
        };
        self.asks_of_pending();
        if !pending.is_empty() && mentions.is_empty() {
            return self.judges_pending(sentence, &open, pending);
        }
        let withdrawn = withdraw::read(sentence, &mut open, &|place| self.withdrawable(sentence, place));
        self.summary.requests |= !withdrawn.is_empty();
        withdrawn.iter().for_each(|what| add(&mut self.preferences.withdrawn, what));
        let before = self.preferences.constraints.clone();
        limits::read(sentence, &mut open, self.understander.newest, &mut self.preferences.constraints);
        // `It's nearly three hours long`, `I turned it off after an hour`: what is, not what should be.
        let saw = || cues::find(sentence, &open).iter().any(|cue| cue.judgement.seen);
        if limits::lasts(sentence) && (!mentions.is_empty() || saw()) || sentence.has_any(&["waste of"]) {
            self.preferences.constraints = before.clone();
        }
        let spans = self.spans(sentence, &open);
        let named = Named {
            item: mentions.iter().any(|mention| !mention.example),
            example: mentions.iter().any(|mention| mention.example),
            kind: !spans.is_empty(),
            shown: !self.context.shown.is_empty(),
            spoken_of: self.focus.is_some(),
            first: mentions.first().map(|mention| mention.start),
            is_title: mentions.first().is_some_and(|mention| mention.kind == MentionKind::Title),
        };
        let act = match who(sentence).filter(|_| mentions.is_empty()) {
            // `Who is Tom Hanks?`: what there is with somebody who is known says it best.
            Some(place) if self.understander.people.at(sentence, place).is_some() => Act::Request,
            Some(place) => {
                add(&mut self.unlisted, &raw(&sentence.words[place..]));
                Act::AskItem
            }
            None => acts::of(sentence, named),
        };
        match act {
            Act::AskItem | Act::AskAnswer => {
                self.preferences.constraints = before;
                return self.asks(sentence, &open, &mentions, act);
            }
            Act::Request => self.summary.requests = true,
            Act::Greet => self.summary.greets = true,
            Act::Tell => {}
        }
        if act == Act::Request {
            self.heard = None;
        }
        // `I saw Heat back in 1995`: when that was, and not what is wanted.
        if act == Act::Tell && !mentions.is_empty() && limits::saw_in_a_year(sentence) {
            self.preferences.constraints = before;
        }
        self.examples(sentence, &mentions);
        // `I changed my mind about musicals, those are fine`: of the genre, and not of what was shown.
        let welcomed = withdraw::allows(sentence) && self.allow(sentence, &open, &spans);
        let is_passed_over = |mention: &Mention| welcomed && matches!(mention.kind, MentionKind::All { .. });
        let judged: Vec<&Mention> =
            mentions.iter().filter(|mention| !(mention.example || is_passed_over(mention))).collect();
        let stated = self.wishes(sentence, &open, &spans, act, !judged.is_empty());
        let takes_leave = acts::is_farewell(sentence);
        self.summary.takes_leave |= takes_leave;
        let says_more = stated || named.kind && !sentence.has_any_at(0, GROANS) || takes_leave;
        let said = self.judgements(sentence, &open, &judged, says_more);
        // `Thanks, that was helpful.`
        self.summary.judges |=
            named.shown && sentence.has_any(&["was helpful", "very helpful", "was useful", "is helpful"]);
        let not_seen = sentence.has_any(NOT_SEEN) && !judged.is_empty();
        self.summary.judges |= not_seen && act == Act::Tell;
        if act != Act::Tell || stated || not_seen {
            return;
        }
        if said {
            // `Heat was great, Zodiac I could not get out of my head`
            for (place, mention) in judged.iter().enumerate() {
                let is_silent = mention.titles.len() == 1 && self.silent.contains(&mention.titles[0]);
                if !is_silent || self.knows(&mention.titles[0]) {
                    continue;
                }
                let clause = clause(sentence, &judged, place);
                if clause.len() > mention.end - mention.start + 1 {
                    self.leave_unclear(sentence, clause, &judged[place..=place]);
                }
            }
        } else if !judged.is_empty() {
            if is_bare && judged.iter().all(|mention| mention.kind == MentionKind::Title) {
                self.names(&judged);
            }
            self.leave_unclear(sentence, 0..sentence.len(), &judged);
            self.heard = match judged.as_slice() {
                [only] if only.titles.len() == 1 => only.titles.first().cloned(),
                _ => None,
            };
        }
    }

    /// Titles without a word about them: examples of what is wanted where nothing has been shown, and else asked about.
    fn names(&mut self, mentions: &[&Mention]) {
        let titles = mentions.iter().flat_map(|mention| &mention.titles);
        if !self.context.shown.is_empty() {
            self.bare.extend(titles.cloned());
            return;
        }
        for title in titles {
            add(&mut self.preferences.explicit_preferences, &format!("like {title}"));
            take(&mut self.feedback, title, Judgement { sentiment: 1, ..Judgement::default() });
        }
        self.summary.wishes = true;
    }

    /// What is named at a place and can be taken back, and in how many words.
    fn withdrawable(&self, sentence: &Sentence, place: usize) -> Option<(Vec<String>, usize)> {
        let Understander { people, genres, themes, .. } = self.understander;
        let genre = genres.at(sentence, place).map(|(genres, length)| (genres.to_vec(), length));
        let theme = || themes.at(sentence, place).map(|(theme, length)| (vec![theme.to_owned()], length));
        let person = || people.at(sentence, place).map(|(name, length)| (vec![name], length));
        let of = |slot: &str, length: usize| (vec![slot.to_owned()], length);
        let language = || people.is_language(sentence.at(place)).then(|| of(slot::LANGUAGE, 1));
        let years = || limits::years_at(sentence, place).map(|length| of(slot::YEAR, length));
        let found = language().or_else(years).or(genre).or_else(theme).or_else(person)?;
        // `forget the horror ones`: some of what was shown.
        (!["one", "ones", "film", "films"].contains(&sentence.at(place + found.1))).then_some(found)
    }

    /// Notes what may be shown again. Returns whether something is named.
    fn allow(&mut self, sentence: &Sentence, open: &[bool], spans: &[Span]) -> bool {
        let languages = (0..sentence.len()).filter(|&place| open[place]);
        let languages = languages.filter_map(|place| self.understander.people.language_at(sentence, place));
        let values = spans.iter().flat_map(|span| span.values.iter().map(String::as_str));
        let named: Vec<&str> = values.chain(languages.map(|(language, _)| language)).collect();
        named.iter().for_each(|value| add(&mut self.preferences.allowed, value));
        !named.is_empty()
    }

    /// A sentence after titles with a question mark: `Heat? Brilliant.`
    fn judges_pending(&mut self, sentence: &Sentence, open: &[bool], titles: Vec<String>) {
        self.named = true;
        // `Heat? Not yet.`
        if sentence.has_any(NOT_SEEN) {
            self.summary.judges = true;
            return;
        }
        let cues = cues::find(sentence, open);
        let judges = || cues.iter().find(|cue| cue.judgement.sentiment != 0);
        let found = || judges().or_else(|| cues.iter().find(|cue| cue.judgement.seen)).map(|cue| cue.judgement);
        match ratings::bare(sentence).or_else(found) {
            Some(judgement) => {
                titles.iter().for_each(|title| take(&mut self.feedback, title, judgement));
                self.summary.judges = true;
            }
            None => {
                self.heard = titles.first().filter(|_| titles.len() == 1).cloned();
                self.unclear.push(Unclear::Said { text: raw(&sentence.words), titles });
            }
        }
    }

    /// A question about items or answers.
    fn asks(&mut self, sentence: &Sentence, open: &[bool], mentions: &[Mention], act: Act) {
        self.summary.asks_item |= act == Act::AskItem;
        self.summary.asks_answer |= act == Act::AskAnswer;
        if act == Act::AskItem {
            self.whether = self.whether.take().or_else(|| self.whether(sentence, mentions));
        }
        let titles = mentions.iter().flat_map(|mention| &mention.titles);
        for title in titles {
            add(&mut self.asked_about, title);
            // `Is Heat a true story? I liked the other two.`
            add(&mut self.named_titles, title);
        }
        self.named |= mentions.iter().any(|mention| !mention.example);
        // `Why do you show Heat when I told you that I've seen it?`
        let recalls = |cue: Cue| {
            cue.judgement == Judgement { seen: true, ..Judgement::default() }
                && ["i've", "i", "we've", "we", "already"].contains(&sentence.before(cue.start, 1))
        };
        if act == Act::AskAnswer && cues::find(sentence, open).into_iter().any(recalls) {
            let titles =
                mentions.iter().filter(|mention| mention.titles.len() == 1).flat_map(|mention| &mention.titles);
            titles.for_each(|title| add(&mut self.feedback.seen, title));
        }
    }

    /// Whether anything is thought of a title, as far as is known.
    fn knows(&self, title: &str) -> bool {
        let Feedback { liked, disliked, ratings, seen } = &self.feedback;
        let mut judged = [liked, disliked, seen].into_iter().flatten();
        judged.any(|own| own == title) || ratings.contains_key(title)
    }

    /// Leaves it to others what some words say of the items in them, which they call `it`.
    fn leave_unclear(&mut self, sentence: &Sentence, words: Range<usize>, mentions: &[&Mention]) {
        let titles: Vec<String> = mentions.iter().flat_map(|mention| mention.titles.clone()).collect();
        let within = |place: usize| mentions.iter().any(|mention| (mention.start..mention.end).contains(&place));
        let begins = |place: usize| mentions.iter().any(|mention| mention.start == place);
        let word = |place: usize| match (begins(place), within(place)) {
            (true, _) => Some("it"),
            (false, true) => None,
            (false, false) => Some(sentence.words[place].raw.as_str()),
        };
        let text = words.filter_map(word).collect::<Vec<_>>().join(" ");
        if !titles.is_empty() && text != "it" {
            self.unclear.push(Unclear::Said { text, titles });
        }
    }

    /// What was named with a question mark is asked about, as nothing was said of it.
    fn asks_of_pending(&mut self) {
        let titles = std::mem::take(&mut self.pending);
        self.summary.asks_item |= !titles.is_empty();
        self.named |= !titles.is_empty();
        titles.iter().for_each(|title| add(&mut self.asked_about, title));
    }

    /// All that was stated.
    pub(super) fn finish(mut self) -> Understood {
        let shown = self.context.shown;
        if !(self.summary.judges || self.summary.requests) {
            // `Heat! One of my favs`
            let bare = std::mem::take(&mut self.bare);
            self.pending.extend(bare.into_iter().filter(|title| !self.is_unclear(title)).collect::<Vec<_>>());
        }
        self.asks_of_pending();
        // `Heat. No, I hated that.`
        let Feedback { disliked, .. } = &self.feedback;
        let is_disliked = |wish: &String| disliked.iter().any(|title| wish.strip_prefix("like ") == Some(title));
        self.preferences.explicit_preferences.retain(|wish| !is_disliked(wish));
        for judgement in std::mem::take(&mut self.rest) {
            for title in shown.iter().filter(|title| !self.named_titles.contains(title)) {
                take(&mut self.feedback, title, judgement);
            }
            self.summary.judges = true;
        }
        // `Boring.` is said of the list; praise that comes with a request is a courtesy.
        let asks = self.summary.asks_item || self.summary.asks_answer;
        let counts = |(judgement, says_why): &(Judgement, bool)| {
            !asks && (!self.summary.requests || judgement.sentiment < 0 && *says_why)
        };
        if let Some((judgement, _)) = self.free.filter(counts).filter(|_| !self.named && !shown.is_empty()) {
            shown.iter().for_each(|title| take(&mut self.feedback, title, judgement));
            self.summary.judges = true;
        }
        // `Skip Heat, I've seen it`: not disliked, but known.
        let Feedback { disliked, seen, .. } = &mut self.feedback;
        disliked.retain(|title| !(self.rejected.contains(title) && seen.contains(title)));
        // `The Matrix was brilliant. What next?` before anything is shown: a title is known.
        self.summary.wishes |= self.summary.judges && self.summary.requests && shown.is_empty();
        self.summary.limits = !self.preferences.constraints.is_empty();
        self.summary.names = self.named;
        let Self { preferences, feedback, asked_about, whether, unlisted, summary, unclear, .. } = self;
        Understood { preferences, feedback, asked_about, whether, unlisted, summary, unclear, ..Understood::default() }
    }
}

/// Where the name of somebody begins, if a sentence asks who that is.
fn who(sentence: &Sentence) -> Option<usize> {
    let place = match (sentence.at(0), sentence.at(1)) {
        ("who's", _) => 1,
        ("who", "is" | "was" | "are") => 2,
        _ => return None,
    };
    sentence.words.get(place).filter(|word| sentence.asks && word.is_capital() && !is_common(&word.text)).map(|_| place)
}

/// Words as they were written.
fn raw(words: &[Word]) -> String {
    words.iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ")
}

/// Takes a judgement over; a later one takes the place of an earlier one.
pub(super) fn take(feedback: &mut Feedback, title: &str, judgement: Judgement) {
    let Feedback { liked, disliked, ratings, seen } = feedback;
    match judgement.sentiment {
        1.. => {
            disliked.retain(|own| own != title);
            add(liked, title);
        }
        0 => {}
        _ => {
            liked.retain(|own| own != title);
            add(disliked, title);
        }
    }
    if let Some(rating) = judgement.rating {
        ratings.insert(title.to_owned(), rating);
    }
    if judgement.seen {
        add(seen, title);
    }
}
