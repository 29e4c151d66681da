//! What a sentence thinks of the items that it names, or of those that were spoken of.

use super::{
    super::{
        Unclear, add,
        cues::{self, Cue, Judgement, Side},
        judge::judge,
        markers::{EXCEPTING, PAST, PRESENT, TAKING},
        words::Sentence,
    },
    Reading,
    mention::{Mention, MentionKind},
    raw, take,
};

/// Words of a sentence that says of the list no more than that it was seen: `Already seen them all.`
const SHORTEST: usize = 5;

impl Reading<'_> {
    /// What is thought of the items that are named. Returns whether anything is.
    pub(super) fn judgements(
        &mut self,
        sentence: &Sentence,
        open: &[bool],
        mentions: &[&Mention],
        stated: bool,
    ) -> bool {
        let mut said = false;
        self.silent.clear();
        let cues = cues::find(sentence, open);
        let items: Vec<(usize, usize)> = mentions.iter().map(|mention| (mention.start, mention.end)).collect();
        let judged = judge(sentence, &items, &cues);
        // `exactly what I was looking for` is not of the past.
        let is_past = (0..sentence.len()).any(|place| {
            let is_of_cue = cues.iter().any(|cue| (cue.start..cue.end).contains(&place) && !cue.judgement.seen);
            // `Put Heat on my list`
            let is_order = place == 0 && sentence.at(place) == "put";
            PAST.contains(&sentence.at(place)) && !is_of_cue && !is_order
        });
        // `didn't like it` is of the past, `still love it` of what was seen.
        let is_present = |cue: &Cue| {
            (cue.start..cue.end).any(|place| {
                PRESENT.contains(&sentence.at(place))
                    && !["didn't", "didnt", "did", "never", "still"].contains(&sentence.before(place, 1))
            })
        };
        let told = |cue: &Cue| cue.side == Side::Before && !is_present(cue);
        // `all of them except Heat`
        let has_all = mentions.iter().any(|mention| mention.titles.len() > 1);
        let is_excepted = |mention: &&&Mention| {
            mention.titles.len() == 1
                && EXCEPTING.iter().any(|phrase| {
                    let length = phrase.split(' ').count();
                    mention.start.checked_sub(length).is_some_and(|place| {
                        // `everything but Heat`, and not `great list, but Heat`
                        let of_all = ["everything", "all"].contains(&sentence.before(place, 1))
                            || sentence.has_any(&["any of these but", "any of them but", "any of those but"])
                                && cues::ends_at(sentence, mention.end);
                        let but = *phrase != "but" || of_all;
                        but && sentence.has_at(place, phrase)
                    })
                })
        };
        let excepted: Vec<String> = match has_all {
            true => mentions.iter().filter(is_excepted).flat_map(|mention| mention.titles.clone()).collect(),
            false => Vec::new(),
        };
        // `Not bad, but I've seen Heat`: the list is meant first.
        let first =
            cues.first().filter(|cue| cue.side == Side::Behind && cue.start < 2 && sentence.at(cue.end) == "but");
        let one_of_them = |mention: &&Mention| mention.titles.iter().all(|title| self.context.shown.contains(title));
        if let Some(cue) = first.filter(|cue| {
            let behind = mentions.iter().all(|mention| mention.start > cue.end && one_of_them(&mention));
            let is_some = |mention: &&Mention| matches!(mention.kind, MentionKind::Title | MentionKind::One);
            !mentions.is_empty() && behind && mentions.iter().all(is_some)
        }) {
            let judgement = Judgement { seen: false, ..cue.judgement };
            self.context.shown.iter().for_each(|title| take(&mut self.feedback, title, judgement));
        }
        for (mention, judgement) in mentions.iter().zip(judged) {
            self.named |= !mention.titles.is_empty() || mention.kind == MentionKind::Rest;
            if mention.titles.len() == 1 && excepted.contains(&mention.titles[0]) {
                continue;
            }
            if mention.kind == MentionKind::Rest {
                // `I've seen the others`, `the others were boring`; `the others not so much` says nothing of having seen them.
                let by_verb = |judgement: Judgement| {
                    cues.iter().any(|cue| told(cue) && cue.judgement == judgement && cue.end <= mention.start)
                };
                self.rest.extend(judgement.map(|judgement| Judgement {
                    seen: judgement.seen && (judgement.sentiment == 0 || is_past || by_verb(judgement)),
                    ..judgement
                }));
                said |= judgement.is_some();
                continue;
            }
            // A judgement that says nothing here was understood, too.
            said |= judgement.is_some();
            mention.titles.iter().for_each(|title| add(&mut self.named_titles, title));
            let denied = mention.kind == MentionKind::All { denied: true };
            let judgement = match (judgement, denied) {
                (Some(judgement), false) => judgement,
                // `No thanks, none of those`
                (Some(judgement @ Judgement { sentiment: ..=-1, .. }), true)
                    if cues.iter().any(|cue| cue.judgement == judgement && cue.end <= mention.start) =>
                {
                    judgement
                }
                // `none of these were good`, `I liked none of these`; not having seen them says nothing.
                (Some(Judgement { sentiment: 1.., .. }) | None, true) => {
                    let seen = cues.iter().any(|cue| told(cue) && cue.judgement.seen && cue.end <= mention.start);
                    Judgement { sentiment: -1, seen, rating: None }
                }
                (None, false) => {
                    self.silent.extend(mention.titles.iter().filter(|_| mention.titles.len() == 1).cloned());
                    continue;
                }
                (Some(_), true) => continue,
            };
            let by_verb = cues.iter().any(|cue| {
                told(cue)
                    && Judgement { sentiment: cue.judgement.sentiment.abs(), ..cue.judgement }
                        == Judgement { sentiment: judgement.sentiment.abs(), ..judgement }
            });
            if is_conceded(sentence, &cues, mentions, mention) {
                continue;
            }
            // `My husband loved Heat`: what somebody else thinks.
            let is_of_another = cues.iter().any(|cue| {
                let speaks_of = mention.start.checked_sub(cue.end).is_some_and(|between| between < 2);
                speaks_of && cue.judgement == judgement && is_another(sentence, cue)
            });
            if is_of_another {
                self.summary.judges = true;
                continue;
            }
            // `Watched all three and loved every minute`
            let watched = mention.kind == MentionKind::All { denied: false }
                && cues.iter().any(|cue| told(cue) && cue.judgement.seen && cue.end == mention.start);
            let seen = match mention.kind {
                MentionKind::Title => judgement.seen || is_past && judgement.sentiment != 0 && is_said(&cues),
                _ => judgement.seen && (by_verb || watched || judgement.rating.is_some() || is_past),
            };
            self.heard = match (mention.titles.as_slice(), judgement) {
                ([title], Judgement { sentiment: 0, seen: true, rating: None }) if mentions.len() == 1 => {
                    Some(title.clone())
                }
                _ => None,
            };
            let is_left_out = |title: &&String| !excepted.contains(title);
            let titles = mention.titles.iter().filter(is_left_out);
            // `Stop recommending Heat` has had enough of it.
            let refuses = |cue: &Cue| {
                cue.side == Side::Before
                    && cue.judgement == judgement
                    && cue.end <= mention.start
                    && !["stop", "keep"].contains(&sentence.at(cue.start))
            };
            let is_refused = judgement.sentiment < 0
                && !seen
                && mention.titles.len() == 1
                && cues.iter().any(refuses)
                && !self.feedback.disliked.contains(&mention.titles[0]);
            if judgement.sentiment != 0 {
                self.rejected.retain(|title| !mention.titles.contains(title));
            }
            self.rejected.extend(mention.titles.first().filter(|_| is_refused).cloned());
            titles.for_each(|title| take(&mut self.feedback, title, Judgement { seen, ..judgement }));
            // `All great except Heat`, `None of these appeals to me, except the second one`
            if mention.titles.len() > 1 && (judgement.sentiment > 0 || denied) {
                let opposite = Judgement { sentiment: -judgement.sentiment.signum(), seen, rating: None };
                excepted.iter().for_each(|title| take(&mut self.feedback, title, opposite));
            }
            // `Only Heat appeals to me`: nothing else does; `Only Heat is new to me`: I have seen the others.
            let is_only = mention.titles.len() == 1 && is_only(sentence, mention) && mentions.len() <= 2;
            if is_only && self.context.shown.contains(&mention.titles[0]) {
                let is_new = sentence.has_any(&["new to me", "new to us", "is new"]);
                let opposite = Judgement { sentiment: -judgement.sentiment.signum(), seen: is_new, rating: None };
                let others = self.context.shown.iter().filter(|title| **title != mention.titles[0]);
                if judgement.sentiment > 0 || is_new {
                    others.for_each(|title| take(&mut self.feedback, title, opposite));
                }
            }
            self.summary.judges = true;
            said = true;
        }
        let excepts =
            |place: usize| EXCEPTING.iter().any(|phrase| phrase.split(' ').any(|word| word == sentence.at(place)));
        let is_taken = |place: usize| {
            !open[place] || TAKING.contains(&sentence.at(place)) || !excepted.is_empty() && excepts(place)
        };
        let takes = !excepted.is_empty()
            || sentence.has_any(&[
                "please",
                "thanks",
                "then",
                "definitely",
                "absolutely",
                "obviously",
                "yes",
                "yeah",
                "ok",
                "okay",
            ]);
        // `The middle one.`
        let is_bare = |mention: &&Mention| {
            mention.kind == MentionKind::One && mention.end - mention.start == sentence.len() && sentence.len() > 1
        };
        let takes = takes || mentions.iter().any(is_bare);
        // `The second one, please`, `All but Heat`
        if !said && takes && !mentions.is_empty() && (0..sentence.len()).all(is_taken) {
            for title in mentions.iter().flat_map(|mention| &mention.titles) {
                let sentiment = if excepted.contains(title) { -1 } else { 1 };
                take(&mut self.feedback, title, Judgement { sentiment, ..Judgement::default() });
            }
            (self.summary.judges, said) = (true, true);
        }
        if mentions.iter().all(|mention| mention.titles.is_empty() && mention.kind == MentionKind::One) && !stated {
            let is_short = sentence.len() <= SHORTEST;
            self.summary.judges |= !self.context.shown.is_empty()
                && cues.iter().any(|cue| cue.judgement.seen || is_short && cue.side == Side::Behind);
            // `Good, but too long`
            let concedes = |cue: &Cue| sentence.at(cue.start) == "too" && sentence.before(cue.start, 1) == "but";
            let is_first =
                |cue: &Cue| cues.first().is_some_and(|first| first.judgement.sentiment > 0 && first.start < cue.start);
            let free =
                cues.iter().rev().filter(|cue| !(concedes(cue) && is_first(cue))).find(|cue| match cue.judgement {
                    // `Seen it.`
                    Judgement { sentiment: 0, seen, .. } => seen && is_short && sentence.find("of").is_none(),
                    _ => cue.side == Side::Behind || cue.end == sentence.len() || is_short && !mentions.is_empty(),
                });
            let thanks = sentence.at(0) == "thank" || sentence.at(0) == "thanks";
            match (free, self.heard.take()) {
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
                (Some(cue), _) => {
                    let seen = cue.judgement.seen && cue.side == Side::Before && !is_present(cue);
                    let says_why = !["no", "nope", "nah", "not"].contains(&sentence.at(cue.start));
                    self.free = self.free.or(Some((Judgement { seen, ..cue.judgement }, says_why)));
                }
                (None, _) => {}
            }
        }
        said
    }

    /// Whether others are to say what is thought of a title.
    fn is_unclear(&self, title: &str) -> bool {
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

/// Whether a verb says what somebody else thinks, with whom one does not watch: children are asked for.
fn is_another(sentence: &Sentence, cue: &Cue) -> bool {
    let who = sentence.before(cue.start, 1);
    cue.side == Side::Before && cues::OTHERS.contains(&who) && !["kids", "children", "son", "daughter"].contains(&who)
}

/// Whether nothing but an item is judged so: `only the second one`, `I only liked Heat`.
fn is_only(sentence: &Sentence, mention: &Mention) -> bool {
    let before = |back| sentence.before(mention.start, back);
    before(1) == "only" || before(2) == "only" && ["liked", "like", "loved", "love", "enjoyed"].contains(&before(1))
}

/// Whether what is said of an item is conceded after more was said of it: `I enjoyed Heat, even though it was too long`, `I
/// love Heat, but I'm not in the mood for it tonight`.
fn is_conceded(sentence: &Sentence, cues: &[Cue], mentions: &[&Mention], mention: &Mention) -> bool {
    const PUTTING_OFF: [&str; 4] = ["not in the mood for", "not feeling", "don't feel like", "do not feel like"];
    let is_earlier = |other: &&&Mention| other.end <= mention.start && other.titles == mention.titles;
    let Some(earlier) = mentions.iter().find(is_earlier) else { return false };
    let by_verb = cues.iter().any(|cue| {
        cue.side == Side::Before
            && cue.judgement.sentiment != 0
            && cue.end <= earlier.start
            && earlier.start - cue.end < 2
    });
    let between = |words: &[&str]| (earlier.end..mention.start).any(|place| sentence.has_any_at(place, words));
    let behind = cues.iter().find(|cue| cue.start >= mention.end).is_some_and(|cue| cue.side == Side::Behind);
    by_verb && (between(&["though", "although", "even if"]) && behind || between(&PUTTING_OFF))
}

/// Whether anything is said behind an item.
fn is_said(cues: &[Cue]) -> bool {
    cues.iter().any(|cue| cue.side == Side::Behind)
}
