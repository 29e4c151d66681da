//! What a sentence names: titles, references to what was shown, genres and themes.

use std::ops::Range;

use super::{
    super::{
        common::number,
        cues::{self, Cue},
        markers::{BETWEEN, COMPANY, LIKENING, LIKERS, VERBS},
        negation::{is_denial, is_denied},
        references::{self, Target},
        topics, unlisted,
        words::{Gap, Sentence},
    },
    Reading, Understander, add, raw,
};

/// A title or reference in a sentence.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) titles: Vec<String>,
    /// A title, or a single shown item.
    pub(super) kind: MentionKind,
    pub(super) example: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MentionKind {
    Title,
    One,
    All { denied: bool },
    Rest,
}

/// A genre or a theme in a sentence.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) values: Vec<String>,
    pub(super) is_genre: bool,
}

impl Reading<'_> {
    /// Titles, whole or shown, and references to what was shown.
    pub(super) fn mentions(&mut self, sentence: &Sentence, open: &mut [bool]) -> Vec<Mention> {
        let mut found: Vec<Mention> = Vec::new();
        let close = |start: usize, end: usize, open: &mut [bool]| open[start..end].fill(false);
        let title = |start, end, title: String| Mention {
            start,
            end,
            titles: vec![title],
            kind: MentionKind::Title,
            example: false,
        };
        for hit in self.shown.find(sentence, open, true) {
            close(hit.start, hit.end, open);
            found.extend(self.context.shown.get(hit.title).map(|name| title(hit.start, hit.end, name.clone())));
        }
        // `Tom Cruise` is nobody's `The Cruise`.
        let mut free = open.to_vec();
        for place in 0..sentence.len() {
            if let Some(length) = self.understander.people.full_name(sentence, place) {
                close(place, place + length, &mut free);
            }
        }
        // `a film about the Titanic` is not `Titanic`.
        topics::find(sentence, open, &|_| false).into_iter().for_each(|words| close(words.start, words.end, &mut free));
        for hit in self.understander.titles.find(sentence, &free, false) {
            let quoted = sentence.words[hit.start..hit.end].iter().all(|word| word.quoted);
            let is_kind = self
                .understander
                .genres
                .at(sentence, hit.start)
                .is_some_and(|(_, length)| hit.start + length >= hit.end)
                || self
                    .understander
                    .themes
                    .at(sentence, hit.start)
                    .is_some_and(|(_, length)| hit.start + length >= hit.end);
            // `I loved Alien and Aliens`: in capitals behind such a verb it is a title.
            let is_named = sentence.words[hit.start].is_capital()
                && (VERBS.contains(&sentence.before(hit.start, 1))
                    || ["and", "or", "but"].contains(&sentence.before(hit.start, 1))
                        && found.iter().any(|other: &Mention| other.end + 1 == hit.start));
            if is_kind && !quoted && !is_named {
                continue;
            }
            close(hit.start, hit.end, open);
            found.push(title(hit.start, hit.end, self.understander.name(hit.title).to_owned()));
        }
        for place in 0..sentence.len() {
            if let Some((end, titles)) = self.marked(sentence, place).filter(|_| open[place]) {
                close(place, end, open);
                found.push(Mention { start: place, end, titles, kind: MentionKind::One, example: false });
            }
        }
        for words in self.unlisted(sentence, open) {
            let name = raw(&sentence.words[words.clone()]);
            close(words.start, words.end, open);
            add(&mut self.unlisted, &name);
            found.push(title(words.start, words.end, name));
        }
        let shown = self.context.shown;
        for reference in references::find(sentence, open, shown.len()) {
            let (start, end) = (reference.start, reference.end);
            // `I watched Heat and Zodiac and loved both`
            let before = found.iter().filter(|mention| mention.end <= start);
            let named: Vec<String> = match ["they", "they're", "them", "both"].contains(&sentence.at(start)) {
                // `I saw the first two. Loved them.`
                true if before.clone().next().is_none() => self.recent.clone(),
                true => before.flat_map(|mention| mention.titles.clone()).collect(),
                false => Vec::new(),
            };
            let spoken_of = || found.iter().filter(|mention| mention.end <= start).max_by_key(|mention| mention.end);
            let is_it = reference.target == Target::It;
            let (titles, kind) = match reference.target {
                _ if named.len() > 1 => (named, MentionKind::One),
                Target::Places(places) => {
                    (places.iter().filter_map(|&place| shown.get(place).cloned()).collect(), MentionKind::One)
                }
                Target::All { denied } => (shown.to_vec(), MentionKind::All { denied }),
                Target::Rest => (Vec::new(), MentionKind::Rest),
                Target::It => {
                    let one = spoken_of().and_then(|mention| mention.titles.last().cloned());
                    let one = one
                        .or_else(|| self.focus.clone())
                        .or_else(|| shown.first().filter(|_| shown.len() == 1).cloned());
                    (Vec::from_iter(one), MentionKind::One)
                }
            };
            // Where nothing was shown `it` may be anything.
            if !titles.is_empty() || !shown.is_empty() {
                // `You nailed it` speaks of nothing that is known.
                if !(titles.is_empty() && is_it) {
                    close(start, end, open);
                }
                found.push(Mention { start, end, titles, kind, example: false });
            }
        }
        // `It was terrible, the first one`
        if found.iter().any(|mention| !mention.titles.is_empty()) {
            found.retain(|mention| !mention.titles.is_empty() || mention.kind == MentionKind::Rest);
        }
        found.sort_by_key(|mention| mention.start);
        let titles: Vec<String> = found.iter().flat_map(|mention| mention.titles.clone()).collect();
        if !titles.is_empty() {
            self.recent = titles;
        }
        for place in 0..found.len() {
            let (before, from) = found.split_at_mut(place);
            let Some(mention) = from.first_mut() else { continue };
            mention.example = is_example(sentence, mention.start, before.last());
            if mention.kind != MentionKind::Rest {
                self.focus = mention.titles.last().cloned().or_else(|| self.focus.take());
            }
        }
        found
    }

    /// Shown items that are told from others by what they have: `the one with Tom Hanks`, `the French one`. Returns the place
    /// behind these words, too.
    fn marked(&self, sentence: &Sentence, place: usize) -> Option<(usize, Vec<String>)> {
        let Understander { people, genres, marks, .. } = self.understander;
        let introduced = ["the one with", "the one by", "the one from", "the one starring", "the one directed by"]
            .iter()
            .find(|phrase| sentence.has_at(place, phrase))
            .map(|phrase| place + phrase.split(' ').count());
        let (end, values) = match introduced {
            Some(start) => people.at(sentence, start).map(|(name, length)| (start + length, vec![name]))?,
            None if sentence.at(place) == "the" => {
                let person = || people.at(sentence, place + 1).map(|(name, length)| (length, vec![name]));
                let kind = genres.at(sentence, place + 1).map(|(genres, length)| (length, genres.to_vec()));
                let language =
                    || people.language_at(sentence, place + 1).map(|(name, length)| (length, vec![name.into()]));
                let (length, values) = kind.or_else(language).or_else(person)?;
                let end = place + 1 + length;
                (["one", "ones"].contains(&sentence.at(end))).then_some((end + 1, values))?
            }
            // `Jim Carrey one is great`
            None => {
                let (name, length) = people.at(sentence, place)?;
                let end = place + length;
                (sentence.at(end) == "one").then(|| (end + 1, vec![name]))?
            }
        };
        let has = |title: &&String| {
            let item = self.understander.item(title);
            item.is_some_and(|item| values.iter().all(|value| marks.has(value, item)))
        };
        let titles: Vec<String> = self.context.shown.iter().filter(has).cloned().collect();
        // `I've seen the French one` points at one of them, whichever that is.
        let is_told = || {
            let tells = |cue: &Cue| cue.judgement.seen || cue.judgement.sentiment < 0;
            !self.context.shown.is_empty()
                && sentence.at(end - 1) == "one"
                && cues::find(sentence, &vec![true; sentence.len()]).iter().any(tells)
        };
        (!titles.is_empty() || is_told()).then_some((end, titles))
    }

    /// The places of words that are no listed title, and can be nothing but one.
    fn unlisted(&self, sentence: &Sentence, open: &[bool]) -> Vec<Range<usize>> {
        unlisted::find(sentence, open, &|place| self.known(sentence, place))
    }

    /// How many words name somebody, a language, a genre or a theme at a place.
    fn known(&self, sentence: &Sentence, place: usize) -> Option<usize> {
        let Understander { people, genres, themes, .. } = self.understander;
        people
            .full_name(sentence, place)
            .or_else(|| people.at(sentence, place).map(|(_, length)| length))
            .or_else(|| people.language_at(sentence, place).map(|(_, length)| length))
            .or_else(|| genres.at(sentence, place).map(|(_, length)| length))
            .or_else(|| themes.at(sentence, place).map(|(_, length)| length))
    }

    /// Genres and themes.
    pub(super) fn spans(&self, sentence: &Sentence, open: &[bool]) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut place = 0;
        while place < sentence.len() {
            let is_open =
                |length: usize| open.get(place..place + length).is_some_and(|open| open.iter().all(|open| *open));
            let genre = self.understander.genres.at(sentence, place).filter(|(_, length)| is_open(*length));
            let theme = self.understander.themes.at(sentence, place);
            // A genre that no record has may be named by texts.
            let theme = theme.or_else(|| self.understander.genres.absent_at(sentence, place));
            let theme = theme.filter(|(_, length)| is_open(*length));
            let theme = theme.filter(|_| !is_company(sentence, place));
            let judges = sentence.before(place, 1) == "too" && !is_denial(sentence.before(place, 2));
            if judges || sentence.has_at(place.saturating_sub(2), "too much") {
                // `too violent` judges what was shown; `not too violent` is a condition.
                place += 1;
                continue;
            }
            let span = match (genre, theme) {
                // The longer name is meant: `superhero` in `superhero comedy` stays a theme, `small town` one of two words.
                (Some((genres, length)), theme) if theme.is_none_or(|(_, other)| other <= length) => {
                    Span { start: place, end: place + length, values: genres.to_vec(), is_genre: true }
                }
                (_, Some((theme, length))) => {
                    Span { start: place, end: place + length, values: vec![theme.to_owned()], is_genre: false }
                }
                _ => {
                    place += 1;
                    continue;
                }
            };
            place = span.end;
            spans.push(span);
        }
        for Range { start, end } in topics::find(sentence, open, &|place| self.known(sentence, place).is_some()) {
            // `about the sea`
            if spans.iter().any(|span: &Span| span.start < end && start < span.end) {
                continue;
            }
            let value = raw(&sentence.words[start..end]);
            spans.push(Span { start, end, values: vec![value], is_genre: false });
        }
        spans.sort_by_key(|span| span.start);
        spans
    }
}

/// The words around an item that speak of it alone: up to a pause, a turn, an `and`, or another item.
pub(super) fn clause(sentence: &Sentence, mentions: &[&Mention], place: usize) -> Range<usize> {
    let Mention { start, end, .. } = *mentions[place];
    let parts = |word: usize| {
        sentence.words[word].gap == Gap::Pause
            || ["and", "but", "though", "although", "while", "whereas", "however"].contains(&sentence.at(word))
    };
    let before = place.checked_sub(1).map_or(0, |before| mentions[before].end);
    let after = mentions.get(place + 1).map_or(sentence.len(), |after| after.start);
    let first = (before..=start).rev().find(|&word| parts(word)).unwrap_or(before);
    let last = (end..after).find(|&word| parts(word)).unwrap_or(after);
    let first = first + usize::from(first < start && sentence.words[first].gap != Gap::Pause && parts(first));
    first.min(start)..last
}

/// Whether an item is an example of what is wanted: `like Heat`, or next to one in a list.
pub(super) fn is_example(sentence: &Sentence, start: usize, before: Option<&Mention>) -> bool {
    if let Some(before) = before.filter(|before| before.example) {
        let between = (before.end..start).all(|place| ["and", "or", "the", "both"].contains(&sentence.at(place)));
        if between {
            return true;
        }
    }
    let mut end = start;
    while end > 0 && BETWEEN.contains(&sentence.at(end - 1)) {
        end -= 1;
    }
    LIKENING.iter().any(|phrase| {
        let length = phrase.split(' ').count();
        let Some(place) = end.checked_sub(length).filter(|&place| sentence.has_at(place, phrase)) else { return false };
        let likes =
            *phrase == "like" && (LIKERS.contains(&sentence.before(place, 1)) || asks_who_likes(sentence, place));
        // `more of the second one` asks for more of the kind; `not like Heat`, `not another film like Heat` do not.
        let denied = ["not", "less"].contains(&sentence.before(place, 1)) || is_denied(sentence, place, &|_| false);
        !likes && !denied
    })
}

/// `Would my mother like Heat?`: a question of one person's taste, before whose `like` nothing is asked for.
fn asks_who_likes(sentence: &Sentence, like: usize) -> bool {
    ["would", "will", "might", "does", "do", "did"].contains(&sentence.at(0))
        && ["my", "our", "the", "a", "he", "she", "they", "kids", "children"].contains(&sentence.at(1))
        && (2..like)
            .all(|place| !["want", "have", "be", "something", "anything", "watch"].contains(&sentence.at(place)))
}

/// `with my friends`, `for the family`, `a group of friends`: who watches, not what is watched.
pub(super) fn is_company(sentence: &Sentence, place: usize) -> bool {
    let groups = ["group", "bunch", "couple", "few"].contains(&sentence.before(place, 2));
    let before = sentence.before(place, 1);
    COMPANY.contains(&sentence.at(place))
        && (["my", "our", "with", "for"].contains(&before)
            || number(before).is_some()
            || groups && sentence.before(place, 1) == "of")
}
