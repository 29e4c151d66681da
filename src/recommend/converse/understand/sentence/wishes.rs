//! What a sentence wants: examples, people, languages, genres and themes.

use super::{
    super::{
        acts::Act,
        add,
        cues::{self, Judgement},
        markers::{GROANS, WISHING},
        negation::is_denied,
        people,
        stated::key,
        words::Sentence,
    },
    Reading,
    mention::{Mention, Span},
    raw, take,
};

impl Reading<'_> {
    /// Titles as examples of what is wanted.
    pub(super) fn examples(&mut self, sentence: &Sentence, mentions: &[Mention]) {
        for mention in mentions.iter().filter(|mention| mention.example) {
            // `something like Heat, which I loved`
            let is_seen = ["which", "that"].contains(&sentence.at(mention.end))
                && ["i", "we", "i've", "we've"].contains(&sentence.at(mention.end + 1));
            for title in &mention.titles {
                add(&mut self.preferences.explicit_preferences, &format!("like {title}"));
                take(&mut self.feedback, title, Judgement { sentiment: 1, seen: is_seen, rating: None });
            }
            self.summary.wishes |= !mention.titles.is_empty();
        }
    }

    /// What is wanted and what is not. Returns whether anything is.
    pub(super) fn wishes(
        &mut self,
        sentence: &Sentence,
        open: &[bool],
        spans: &[Span],
        act: Act,
        judges: bool,
    ) -> bool {
        if sentence.has_any_at(0, GROANS) {
            return false;
        }
        let before = self.preferences.clone();
        // `Jim Carrey was great in it` judges it, and asks for nobody.
        // `Hitchcock, but not Psycho` asks for him.
        let person = self.understander.people.at(sentence, 0);
        let asks_for_one = person.is_some_and(|(_, length)| sentence.has_at(length, "but not"));
        let tells =
            act == Act::Tell && judges && !asks_for_one && !WISHING.iter().any(|word| sentence.find(word).is_some());
        let mut people = if tells { Vec::new() } else { self.people(sentence, open, spans) };
        // `Al Pacino is so good in that` asks for nobody either.
        let is_praised = |end: usize| ["is", "was", "are", "were"].contains(&sentence.at(end));
        people.retain(|(_, end, _)| act != Act::Tell || !is_praised(*end));
        let is_listed = |place: usize| {
            spans.iter().any(|span| (span.start..span.end).contains(&place))
                || people.iter().any(|(start, end, _)| (*start..*end).contains(&place))
        };
        let (denied, wanted): (Vec<_>, Vec<_>) =
            people.iter().partition(|(start, ..)| is_denied(sentence, *start, &is_listed));
        denied.iter().for_each(|(.., name)| self.preferences.constraints.add(key::EXCLUDE_PEOPLE, name.as_str()));
        // `with Tom Hanks or Meg Ryan`
        match wanted.windows(2).any(|two| (two[0].1..two[1].0).any(|place| sentence.at(place) == "or")) {
            true => self.preferences.constraints.set_any(key::PEOPLE, wanted.iter().map(|(.., name)| name.clone())),
            false => wanted.iter().for_each(|(.., name)| self.preferences.constraints.add(key::PEOPLE, name.as_str())),
        }
        self.summary.wishes |= !wanted.is_empty();
        self.languages(sentence, open, &is_listed);
        // `My kids hated Heat` says nothing of who watches now.
        let judged = tells && cues::find(sentence, open).iter().any(|cue| cue.judgement.sentiment != 0);
        let audience = if judged { None } else { people::audience(sentence, &mut self.preferences.constraints) };
        if let Some(theme) = audience {
            add(&mut self.preferences.themes, &theme);
        }
        // `Heat was funny` judges Heat, and wants nothing.
        let wishing = act == Act::Request || !judges || WISHING.iter().any(|word| sentence.find(word).is_some());
        // `Greetings, robot` talks to us.
        for span in spans.iter().filter(|span| span.is_genre || act != Act::Greet) {
            let is_object = ["like", "love", "enjoy", "hate", "into"].contains(&sentence.before(span.start, 1));
            let dislikes = is_object && is_denied(sentence, span.start, &is_listed);
            // `I don't like musicals, but I loved Chicago`
            if !(wishing || dislikes) {
                continue;
            }
            let denied = is_denied(sentence, span.start, &is_listed) || is_put_off(sentence, span.end);
            // `not as scary` compares, and forbids nothing.
            if denied && sentence.has_at(span.start.saturating_sub(2), "not as") {
                continue;
            }
            for value in &span.values {
                match (span.is_genre, denied) {
                    // `a horror film, but not too scary` is a horror film.
                    (true, true) if self.preferences.genres.contains(value) && !names(sentence, span, value) => {}
                    (true, true) => self.preferences.constraints.add(key::EXCLUDE_GENRES, value.as_str()),
                    (true, false) => add(&mut self.preferences.genres, value),
                    (false, true) => self.preferences.constraints.add(key::EXCLUDE_THEMES, value.as_str()),
                    (false, false) => add(&mut self.preferences.themes, value),
                }
            }
            self.summary.wishes |= !denied;
        }
        self.preferences != before
    }

    /// The people who are named, by the span of their words.
    fn people(&self, sentence: &Sentence, open: &[bool], spans: &[Span]) -> Vec<(usize, usize, String)> {
        let mut people = Vec::new();
        let mut place = 0;
        while place < sentence.len() {
            match self.understander.people.at(sentence, place) {
                Some((name, length))
                    if open[place..place + length].iter().all(|open| *open)
                        // `No Sci-Fi` excludes nobody.
                        && !spans.iter().any(|span| span.start < place + length && place < span.end) =>
                {
                    people.push((place, place + length, name));
                    place += length;
                }
                _ => place += 1,
            }
        }
        people
    }

    fn languages(&mut self, sentence: &Sentence, open: &[bool], is_listed: &dyn Fn(usize) -> bool) {
        let mut wanted: Vec<&str> = Vec::new();
        // Nothing has to be read along where English is spoken, in which we talk.
        let reads = |place: &usize| ["subtitles", "subtitled", "subs"].contains(&sentence.at(*place));
        if (0..sentence.len()).filter(reads).any(|place| is_denied(sentence, place, is_listed)) {
            wanted.push("English");
        }
        for place in (0..sentence.len()).filter(|&place| open[place]) {
            let Some((language, _)) = self.understander.people.language_at(sentence, place) else { continue };
            match is_denied(sentence, place, is_listed) {
                true => self.preferences.constraints.add(key::EXCLUDE_LANGUAGES, language),
                false => wanted.push(language),
            }
        }
        // `English or French`
        match (wanted.as_slice(), sentence.has_any(&["or"])) {
            ([], _) => {}
            ([.., last], false) | ([last], true) => self.preferences.constraints.set_text(key::LANGUAGE, *last),
            (several, true) => {
                several.iter().for_each(|language| self.preferences.constraints.add(key::LANGUAGE, *language));
            }
        }
    }
}

/// `I love horror, but not tonight`: what comes before `not tonight` is not wanted now.
fn is_put_off(sentence: &Sentence, from: usize) -> bool {
    const NOT_NOW: [&str; 5] = ["not tonight", "not today", "not now", "not right now", "not this time"];
    (from..=from + 1).any(|place| sentence.has_any_at(place, &NOT_NOW))
}

/// Whether a genre is called by its name, and not by what it is like.
pub(super) fn names(sentence: &Sentence, span: &Span, genre: &str) -> bool {
    raw(&sentence.words[span.start..span.end]).to_lowercase().contains(&genre.to_lowercase())
}
