//! What a sentence thinks of the items that it names, or of those that were spoken of.

use super::{
    super::{
        Unclear, add,
        common::is_common,
        cues::{self, Cue, Judgement, Side},
        judge::judge,
        markers::{EXCEPTING, GROANS, LANGUAGES, LIST_TALK, OF_ME, OF_ONE, PAST, PRESENT, TAKING},
        words::Sentence,
    },
    Reading,
    mention::{Mention, MentionKind},
    raw, take,
};

/// Words of a sentence that says of the list no more than that it was seen: `Already seen them all.`
const SHORTEST: usize = 5;

/// A sentence with the items and the judging words in it.
struct Said<'a> {
    sentence: &'a Sentence,
    mentions: &'a [&'a Mention],
    cues: Vec<Cue>,
    /// Whether it is of the past.
    is_past: bool,
    /// Titles that are left out of what is said of several: `all of them except Heat`.
    excepted: Vec<String>,
}

impl<'a> Said<'a> {
    fn new(sentence: &'a Sentence, open: &[bool], mentions: &'a [&'a Mention]) -> Self {
        let cues = cues::find(sentence, open);
        let is_past = (0..sentence.len()).any(|place| {
            // `exactly what I was looking for` is not of the past.
            let is_of_cue = cues.iter().any(|cue| (cue.start..cue.end).contains(&place) && !cue.judgement.seen);
            // `Put Heat on my list`
            let is_order = place == 0 && sentence.at(place) == "put";
            PAST.contains(&sentence.at(place)) && !is_of_cue && !is_order
        });
        let has_all = mentions.iter().any(|mention| mention.titles.len() > 1);
        let is_excepted = |mention: &&&Mention| has_all && is_excepted(sentence, mention);
        let excepted = mentions.iter().filter(is_excepted).flat_map(|mention| mention.titles.clone()).collect();
        Said { sentence, mentions, cues, is_past, excepted }
    }

    /// Whether a cue is a verb of somebody who tells what they saw: `didn't like it` is of the past, `still love it` of what was
    /// seen, `I like it` is neither.
    fn tells(&self, cue: &Cue) -> bool {
        cue.side == Side::Before && !self.is_present(cue)
    }

    fn is_present(&self, cue: &Cue) -> bool {
        (cue.start..cue.end).any(|place| {
            PRESENT.contains(&self.sentence.at(place))
                && !["didn't", "didnt", "did", "never", "still"].contains(&self.sentence.before(place, 1))
        })
    }

    /// Whether such a verb before a place gives a judgement.
    fn is_told(&self, judgement: Judgement, before: usize) -> bool {
        self.cues.iter().any(|cue| self.tells(cue) && cue.judgement == judgement && cue.end <= before)
    }

    /// What is said of the list before anything else: `Not bad, but I've seen Heat`.
    fn of_list(&self, shown: &[String]) -> Option<Judgement> {
        let cue = self.cues.first().filter(|cue| cue.side == Side::Behind && cue.start < 2)?;
        let is_one_of_them = |mention: &&Mention| {
            mention.start > cue.end
                && matches!(mention.kind, MentionKind::Title | MentionKind::One)
                && mention.titles.iter().all(|title| shown.contains(title))
        };
        let is_news = |cue: &Cue| cue.judgement == Judgement { seen: true, ..Judgement::default() };
        let is_meant = self.sentence.at(cue.end) == "but"
            && !self.mentions.is_empty()
            && cue.judgement.sentiment > 0
            && self.cues.len() > 1
            && self.cues[1..].iter().all(is_news);
        // `Not bad, especially the first`
        let is_led = cue.judgement.sentiment > 0
            && ["especially", "particularly"].contains(&self.sentence.at(cue.end))
            && !self.mentions.is_empty();
        ((is_meant || is_led) && self.mentions.iter().all(is_one_of_them))
            .then_some(Judgement { seen: false, ..cue.judgement })
    }

    /// What is said of the rest: `I've seen the others`, `the others were boring`; `the others not so much` says nothing of
    /// having seen them.
    fn of_rest(&self, mention: &Mention, judgement: Judgement) -> Judgement {
        let is_told = || self.is_told(judgement, mention.start);
        Judgement { seen: judgement.seen && (judgement.sentiment == 0 || self.is_past || is_told()), ..judgement }
    }

    /// What is said of all that was shown, if that is denied: `none of these`.
    fn of_none(&self, mention: &Mention, judgement: Option<Judgement>) -> Option<Judgement> {
        let before = |cue: &&Cue| cue.end <= mention.start;
        match judgement {
            // `No thanks, none of those`
            Some(judgement) if judgement.sentiment < 0 => {
                let mut cues = self.cues.iter().filter(before);
                cues.any(|cue| cue.judgement == judgement).then_some(judgement)
            }
            // Not having seen them says nothing.
            Some(Judgement { sentiment: 0, .. }) => None,
            // `none of these were good`, `I liked none of these`
            _ => {
                let seen = self.cues.iter().filter(before).any(|cue| self.tells(cue) && cue.judgement.seen);
                Some(Judgement { sentiment: -1, seen, rating: None })
            }
        }
    }

    /// Whether what a judgement says of an item was seen.
    fn is_seen(&self, mention: &Mention, judgement: Judgement) -> bool {
        // `Heat was too long`, `the second one was too long`
        let is_said = || self.cues.iter().any(|cue| cue.side == Side::Behind);
        let was_so = self.is_past && judgement.sentiment != 0 && is_said();
        // `the first is a masterpiece`, and not `I don't care for the third one`
        let is_one = mention.kind == MentionKind::One
            && mention.titles.len() == 1
            && ["is", "isn't"].contains(&self.sentence.at(mention.end));
        if mention.kind == MentionKind::Title || was_so || is_one {
            return judgement.seen || was_so;
        }
        let either_way = |of: Judgement| Judgement { sentiment: of.sentiment.abs(), ..of };
        let by_verb =
            || self.cues.iter().any(|cue| self.tells(cue) && either_way(cue.judgement) == either_way(judgement));
        // `Watched all three and loved every minute`
        let watched = || {
            mention.kind == MentionKind::All { denied: false }
                && self.cues.iter().any(|cue| self.tells(cue) && cue.judgement.seen && cue.end == mention.start)
        };
        judgement.seen && (judgement.rating.is_some() || self.is_past || by_verb() || watched())
    }

    /// Whether a judgement is that of somebody else, with whom one does not watch: `My husband loved Heat`. Children are asked
    /// for.
    fn is_of_another(&self, mention: &Mention, judgement: Judgement) -> bool {
        // `My wife loved Heat and so did I`
        if self.sentence.has_any(&cues::AGREEING) {
            return false;
        }
        if self.is_hearsay() {
            return true;
        }
        self.cues.iter().any(|cue| {
            let who = self.sentence.before(cue.start, 1);
            cue.side == Side::Before
                && cue.judgement == judgement
                && mention.start.checked_sub(cue.end).is_some_and(|between| between < 2)
                && cues::OTHERS.contains(&who)
                && !["kids", "children", "son", "daughter"].contains(&who)
        })
    }

    /// `Watched Heat because of you, thank you!`
    fn gives_thanks(&self, mention: &Mention, judgement: Judgement) -> bool {
        let thanks = |place: usize| self.sentence.has_any_at(place, &["thanks", "thank you"]);
        judgement == Judgement { seen: true, ..Judgement::default() }
            && mention.titles.len() == 1
            && (mention.end..self.sentence.len()).any(thanks)
            && self.sentence.has_any(&[
                "because of you",
                "cos of you",
                "thanks to you",
                "as you said",
                "you recommended",
                "you suggested",
            ])
    }

    /// `Heat's a masterpiece, they say`
    fn is_hearsay(&self) -> bool {
        self.sentence.has_any(&["they say", "people say", "everyone says", "everybody says"])
    }

    /// Whether those who judge are all who were there.
    fn speaks_for_all(&self) -> bool {
        ["everyone", "everybody"].contains(&self.sentence.at(0))
    }

    /// Whether what is said of an item is conceded after more was said of it: `I enjoyed Heat, even though it was too long`, `I
    /// love Heat, but I'm not in the mood for it tonight`.
    fn is_conceded(&self, mention: &Mention) -> bool {
        const PUTTING_OFF: [&str; 4] = ["not in the mood for", "not feeling", "don't feel like", "do not feel like"];
        let is_earlier = |other: &&&Mention| other.end <= mention.start && other.titles == mention.titles;
        let Some(earlier) = self.mentions.iter().find(is_earlier) else { return false };
        let by_verb = self.cues.iter().any(|cue| {
            cue.side == Side::Before
                && cue.judgement.sentiment != 0
                && cue.end <= earlier.start
                && earlier.start - cue.end < 2
        });
        let between = |words: &[&str]| (earlier.end..mention.start).any(|place| self.sentence.has_any_at(place, words));
        let is_behind =
            || self.cues.iter().find(|cue| cue.start >= mention.end).is_some_and(|cue| cue.side == Side::Behind);
        by_verb && (between(&["though", "although", "even if"]) && is_behind() || between(&PUTTING_OFF))
    }

    /// Whether an item is turned down and nothing else: `skip Heat`. `Stop recommending Heat` has had enough of it.
    fn is_refused(&self, mention: &Mention, judgement: Judgement) -> bool {
        let refuses = |cue: &Cue| {
            cue.side == Side::Before
                && cue.judgement == judgement
                && cue.end <= mention.start
                && !["stop", "keep"].contains(&self.sentence.at(cue.start))
                && !self.sentence.has_any_at(cue.start, &["no more", "enough"])
        };
        judgement.sentiment < 0 && mention.titles.len() == 1 && self.cues.iter().any(refuses)
    }

    /// What is said of all that was shown but for one item: `Only Heat appeals to me`, `Only Heat is new to me`.
    fn of_others(&self, mention: &Mention, judgement: Judgement) -> Option<Judgement> {
        let before = |back| self.sentence.before(mention.start, back);
        let verb = ["liked", "like", "loved", "love", "enjoyed"].contains(&before(1));
        let only = match (before(1), before(2)) {
            ("only", _) => 1,
            (_, "only") if verb => 2,
            _ => return None,
        };
        // `Not only Heat was great`, `if only Heat was shorter`
        if self.mentions.len() > 2 || ["not", "if"].contains(&before(only + 1)) {
            return None;
        }
        let seen = self.sentence.has_any(&["new to me", "new to us", "is new"]);
        let opposite = Judgement { sentiment: -judgement.sentiment.signum(), seen, rating: None };
        (judgement.sentiment > 0 || seen).then_some(opposite)
    }

    /// Whether a sentence takes the items that it names, and says nothing else: `The second one, please`, `All but Heat`, `The
    /// middle one.`
    fn takes(&self, open: &[bool]) -> bool {
        const TAKEN: [&str; 10] =
            ["please", "thanks", "then", "definitely", "absolutely", "obviously", "yes", "yeah", "ok", "okay"];
        let len = self.sentence.len();
        let is_bare =
            |mention: &&Mention| mention.kind == MentionKind::One && mention.end - mention.start == len && len > 1;
        let excepts =
            |place: usize| EXCEPTING.iter().any(|phrase| phrase.split(' ').any(|word| word == self.sentence.at(place)));
        let is_taken = |place: usize| {
            !open[place] || TAKING.contains(&self.sentence.at(place)) || !self.excepted.is_empty() && excepts(place)
        };
        let takes = !self.excepted.is_empty() || self.sentence.has_any(&TAKEN) || self.mentions.iter().any(is_bare);
        takes && !self.mentions.is_empty() && (0..len).all(is_taken)
    }

    /// Whether what is said of nothing that is named is said of the list: `Great list`, `too violent, really`; and not `any length is
    /// fine`, `not too old`, `not that one`.
    fn is_of_list(&self, open: &[bool], cue: &Cue) -> bool {
        let of_cue = |place: usize| self.cues.iter().any(|cue| (cue.start..cue.end).contains(&place));
        let is_plain = |place: usize| {
            let word = self.sentence.at(place);
            of_cue(place) || !open[place] || is_common(word) && !LANGUAGES.contains(&word) || LIST_TALK.contains(&word)
        };
        let is_wish = self.sentence.at(cue.start) == "too" && cue.judgement.sentiment > 0;
        // `Not really` answers a question, and `it was awful` speaks of one of them.
        let answers = self.sentence.has_any_at(cue.start, &["not really", "not so much", "less so"])
            || self.sentence.len() < 3 && ["yes", "fine", "cool"].contains(&self.sentence.at(cue.start));
        // The `it` of `You nailed it` is part of what judges.
        let is_own = |mention: &&&Mention| cue.start <= mention.start && mention.end <= cue.end;
        let names = self.mentions.iter().any(|mention| !is_own(&mention));
        let of_one = names && cue.judgement.sentiment != 0 && self.sentence.len() > 2;
        // `the French one`
        let points = self.mentions.iter().any(|mention| mention.titles.is_empty() && mention.end - mention.start > 2);
        let speaks_of_others = points || self.sentence.has_any(OF_ONE) || self.sentence.has_any(OF_ME);
        if self.sentence.has_any_at(0, GROANS) {
            return true;
        }
        (0..self.sentence.len()).all(is_plain) && !(is_wish || answers || of_one || speaks_of_others)
    }

    /// Whether a sentence says of the items that it names what was said of others before, and nothing else.
    fn repeats(&self, open: &[bool]) -> bool {
        const REPEATING: [&str; 4] = ["too", "as well", "also", "likewise"];
        let is_bare = |place: usize| {
            !open[place]
                || ["too", "as", "well", "also", "likewise", "and", "i", "did"].contains(&self.sentence.at(place))
        };
        let named = self.mentions.iter().any(|mention| mention.kind == MentionKind::Title);
        named && self.sentence.has_any(&REPEATING) && (0..self.sentence.len()).all(is_bare)
    }

    /// What is said of no item that is named.
    fn free(&self, is_short: bool) -> Option<&Cue> {
        let praises = self.cues.first().filter(|first| first.judgement.sentiment > 0);
        // `Good, but too long`
        let is_conceded = |cue: &&Cue| {
            self.sentence.at(cue.start) == "too"
                && self.sentence.before(cue.start, 1) == "but"
                && praises.is_some_and(|first| first.start < cue.start)
        };
        self.cues.iter().rev().filter(|cue| !is_conceded(cue)).find(|cue| match cue.judgement {
            // `Seen it.`
            Judgement { sentiment: 0, seen, .. } => seen && is_short && self.sentence.find("of").is_none(),
            _ => cue.side == Side::Behind || cue.end == self.sentence.len() || is_short && !self.mentions.is_empty(),
        })
    }
}

/// Whether an item is left out: `except Heat`.
fn is_excepted(sentence: &Sentence, mention: &Mention) -> bool {
    let is_before = |phrase: &&str| {
        let length = phrase.split(' ').count();
        let Some(place) = mention.start.checked_sub(length) else { return false };
        // `everything but Heat`, and not `great list, but Heat`
        let of_all = ["everything", "all"].contains(&sentence.before(place, 1))
            || sentence.has_any(&["any of these but", "any of them but", "any of those but"])
                && cues::ends_at(sentence, mention.end);
        (*phrase != "but" || of_all) && sentence.has_at(place, phrase)
    };
    mention.titles.len() == 1 && EXCEPTING.iter().any(is_before)
}

impl Reading<'_> {
    /// What is thought of the items that are named. Returns whether anything is.
    pub(super) fn judgements(
        &mut self,
        sentence: &Sentence,
        open: &[bool],
        mentions: &[&Mention],
        stated: bool,
    ) -> bool {
        self.silent.clear();
        let said = Said::new(sentence, open, mentions);
        let items: Vec<(usize, usize)> = mentions.iter().map(|mention| (mention.start, mention.end)).collect();
        if let Some(judgement) = said.of_list(self.context.shown) {
            self.context.shown.iter().for_each(|title| take(&mut self.feedback, title, judgement));
        }
        let mut says = false;
        for (mention, judgement) in mentions.iter().zip(judge(sentence, &items, &said.cues)) {
            says |= self.judges(&said, mention, judgement);
        }
        // `I loved Heat. Zodiac too.`
        if let Some(last) = self.last.filter(|_| !says && said.repeats(open)) {
            mentions.iter().flat_map(|mention| &mention.titles).for_each(|title| take(&mut self.feedback, title, last));
            (self.summary.judges, self.named, says) = (true, true, true);
        }
        if !says && said.takes(open) {
            for title in mentions.iter().flat_map(|mention| &mention.titles) {
                let sentiment = if said.excepted.contains(title) { -1 } else { 1 };
                take(&mut self.feedback, title, Judgement { sentiment, ..Judgement::default() });
            }
            (self.summary.judges, says) = (true, true);
        }
        let names_nothing = |mention: &&Mention| mention.titles.is_empty() && mention.kind == MentionKind::One;
        if mentions.iter().all(names_nothing) && !stated {
            says |= self.judges_freely(&said, open);
        }
        says
    }

    /// What is thought of one item, or several that are named as one. Returns whether anything is.
    fn judges(&mut self, said: &Said<'_>, mention: &Mention, judgement: Option<Judgement>) -> bool {
        let Mention { titles, kind, .. } = mention;
        self.named |= !titles.is_empty() || *kind == MentionKind::Rest;
        let is_one = titles.len() == 1;
        if is_one && said.excepted.contains(&titles[0]) {
            return false;
        }
        if *kind == MentionKind::Rest {
            self.rest.extend(judgement.map(|judgement| said.of_rest(mention, judgement)));
            return judgement.is_some();
        }
        titles.iter().for_each(|title| add(&mut self.named_titles, title));
        let denied = *kind == MentionKind::All { denied: true };
        // A judgement that says nothing here was understood, too.
        let is_heard = judgement.is_some();
        let judgement = match (judgement, denied) {
            (judgement, true) => said.of_none(mention, judgement),
            (None, false) => {
                self.silent.extend(titles.iter().filter(|_| is_one).cloned());
                None
            }
            (judgement, false) => judgement.filter(|_| !said.is_conceded(mention)),
        };
        let Some(judgement) = judgement else { return is_heard };
        self.summary.judges = true;
        // `We watched Heat on Friday. Everyone loved it.`
        let was_there = said.speaks_for_all() && titles.iter().all(|title| self.feedback.seen.contains(title));
        if said.is_of_another(mention, judgement) && !was_there {
            self.heard = titles.first().filter(|_| said.is_hearsay()).cloned();
            return true;
        }
        let seen = said.is_seen(mention, judgement);
        let judgement =
            if said.gives_thanks(mention, judgement) { Judgement { sentiment: 1, ..judgement } } else { judgement };
        self.heard = match (titles.as_slice(), judgement) {
            ([title], Judgement { sentiment: 0, seen: true, rating: None }) if said.mentions.len() == 1 => {
                Some(title.clone())
            }
            _ => None,
        };
        if judgement.sentiment != 0 {
            self.last = Some(Judgement { seen, rating: None, ..judgement });
            let was_disliked =
                |title: &String| self.feedback.disliked.contains(title) && !self.rejected.contains(title);
            let is_refused = !seen && said.is_refused(mention, judgement) && !was_disliked(&titles[0]);
            self.rejected.retain(|title| !titles.contains(title));
            self.rejected.extend(titles.first().filter(|_| is_refused).cloned());
        }
        let left = titles.iter().filter(|title| !said.excepted.contains(title));
        left.for_each(|title| take(&mut self.feedback, title, Judgement { seen, ..judgement }));
        // `All great except Heat`, `None of these appeals to me, except the second one`
        if titles.len() > 1 && (judgement.sentiment > 0 || denied) {
            let opposite = Judgement { sentiment: -judgement.sentiment.signum(), seen, rating: None };
            said.excepted.iter().for_each(|title| take(&mut self.feedback, title, opposite));
        }
        let shown = self.context.shown;
        if let Some(opposite) = said.of_others(mention, judgement).filter(|_| is_one && shown.contains(&titles[0])) {
            let is_other = |title: &&String| **title != titles[0] && (opposite.seen || !self.judged(title));
            let others: Vec<&String> = shown.iter().filter(is_other).collect();
            others.into_iter().for_each(|title| take(&mut self.feedback, title, opposite));
        }
        true
    }

    /// What is thought where nothing is named: of what was named before, or of the list. Returns whether it is of the former.
    fn judges_freely(&mut self, said: &Said<'_>, open: &[bool]) -> bool {
        let sentence = said.sentence;
        // `seen it, seen it, seen it`
        let repeats = || (2..sentence.len()).all(|place| sentence.at(place) == sentence.at(place % 2));
        let is_short = sentence.len() <= SHORTEST || repeats();
        self.summary.judges |= !self.context.shown.is_empty()
            && said.cues.iter().any(|cue| cue.judgement.seen || is_short && cue.side == Side::Behind);
        let thanks = sentence.at(0) == "thank" || sentence.at(0) == "thanks";
        match (said.free(is_short), self.heard.take()) {
            // `I watched Heat last night. Gorgeous film.`
            (Some(cue), Some(title)) => {
                self.understand(&title);
                take(&mut self.feedback, &title, cue.judgement);
                return true;
            }
            // `Watched Heat as you said. Thank you!`
            (None, Some(title)) if thanks => {
                take(&mut self.feedback, &title, Judgement { sentiment: 1, ..Judgement::default() });
                return true;
            }
            (None, Some(title)) if sentence.len() > 2 && !self.is_unclear(&title) => {
                self.unclear.push(Unclear::Said { text: raw(&sentence.words), titles: vec![title] });
            }
            // Said of the list, of which only a verb says that it was seen.
            (Some(cue), None) if said.is_of_list(open, cue) => {
                let seen = cue.judgement.seen && said.tells(cue);
                let says_why = !["no", "nope", "nah", "not"].contains(&sentence.at(cue.start));
                self.free = self.free.or(Some((Judgement { seen, ..cue.judgement }, says_why)));
            }
            (Some(_), None) | (None, _) => {}
        }
        false
    }

    /// Whether a title is liked or disliked so far.
    fn judged(&self, title: &String) -> bool {
        self.feedback.liked.contains(title) || self.feedback.disliked.contains(title)
    }

    /// Whether others are to say what is thought of a title.
    pub(super) fn is_unclear(&self, title: &str) -> bool {
        let is_of = |unclear: &Unclear| matches!(unclear, Unclear::Said { titles, .. } if titles.iter().any(|own| own == title));
        self.unclear.iter().any(is_of)
    }

    /// What is thought of a title is known after all.
    fn understand(&mut self, title: &str) {
        let is_of = |unclear: &Unclear| matches!(unclear, Unclear::Said { titles, .. } if titles == &[title]);
        self.unclear.retain(|unclear| !is_of(unclear));
        self.summary.judges = true;
    }
}
