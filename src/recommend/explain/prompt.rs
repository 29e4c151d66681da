//! How the language model is asked to phrase a plan: made-up examples first, the same for all, then the plan's facts, and
//! the first words of the answer. Those name both titles in their roles, which a small model confuses if it is left to
//! begin by itself, and differ between neighbours in a list.

use super::{Plan, Titled};
use crate::engine::{Message, Prompt};

const TASK: &str = "You write one short sentence that tells a person why a title is recommended to them. \
                    You use the given facts only.";

/// An example's facts and the sentence made of them. The titles are invented.
const EXAMPLES: [(Facts<'static>, &str); 3] = [
    (
        Facts {
            anchor: Some("Moonlit Harbor"),
            item: "The Glass Orchard",
            genres: &["Comedy", "Romance"],
            time: Some(Time::Decade(1980)),
            liked_by: 14,
        },
        "Since you liked Moonlit Harbor, The Glass Orchard should suit you: both are romantic comedies from the 1980s, \
         and 14 people liked both.",
    ),
    (
        Facts {
            anchor: Some("Iron Meridian"),
            item: "Last Signal",
            genres: &["Sci-Fi", "Thriller"],
            time: Some(Time::Year(1996)),
            liked_by: 27,
        },
        "If you enjoyed Iron Meridian, Last Signal is a good choice: it is another science fiction thriller, it came out \
         in 1996, and 27 people liked both.",
    ),
    (
        Facts {
            anchor: Some("The Winter Clerk"),
            item: "Paper Crowns",
            genres: &["Drama"],
            time: Some(Time::Decade(2000)),
            liked_by: 0,
        },
        "As a fan of The Winter Clerk, you may like Paper Crowns, because it is also a drama from the 2000s.",
    ),
];

/// When an item came out. Some time is always told where one is known: a small model that is told none makes one up.
#[derive(Clone, Copy)]
enum Time {
    /// Both items, from this year on.
    Decade(i32),
    /// The recommended one.
    Year(i32),
}

/// What the model is told of a plan.
struct Facts<'a> {
    anchor: Option<&'a str>,
    item: &'a str,
    genres: &'a [&'a str],
    time: Option<Time>,
    liked_by: usize,
}

impl Facts<'_> {
    fn lines(&self) -> String {
        let who = if self.anchor.is_some() { "Both are" } else { "It is" };
        let mut lines: Vec<String> = self.anchor.iter().map(|anchor| format!("Liked: {anchor}")).collect();
        lines.push(format!("Recommended: {}", self.item));
        lines.extend((!self.genres.is_empty()).then(|| format!("{who}: {}", self.genres.join(", "))));
        lines.extend(self.time.map(|time| match time {
            Time::Decade(decade) => format!("Both are from: the {decade}s"),
            Time::Year(year) => format!("It came out in: {year}"),
        }));
        lines.extend((self.liked_by > 0).then(|| format!("People who liked both: {}", self.liked_by)));
        lines.join("\n")
    }
}

/// The prompt for a plan, as a chat if the model was tuned for one.
pub(super) fn prompt(plan: &Plan, chat: bool) -> Prompt {
    let genres: Vec<&str> = plan.genres.iter().map(String::as_str).collect();
    let facts = Facts {
        anchor: plan.anchor.as_ref().map(|anchor| anchor.title.as_str()),
        item: &plan.item.title,
        genres: &genres,
        time: plan.decade.map(Time::Decade).or(plan.item.year.map(Time::Year)),
        liked_by: plan.liked_by,
    };
    if chat {
        let mut messages = vec![Message::new("system", TASK)];
        for (facts, sentence) in &EXAMPLES {
            messages.extend([Message::new("user", facts.lines()), Message::new("assistant", *sentence)]);
        }
        messages.push(Message::new("user", facts.lines()));
        return Prompt::Messages(messages);
    }
    let mut text = format!("{TASK}\n\n");
    EXAMPLES.iter().for_each(|(facts, sentence)| text += &format!("{}\nSentence: {sentence}\n\n", facts.lines()));
    Prompt::Text(text + &facts.lines() + "\nSentence:")
}

/// The first words of the answer; `place` in the list varies them.
pub(super) fn opening(plan: &Plan, place: usize) -> String {
    let item = &plan.item.title;
    let Some(Titled { title: anchor, .. }) = &plan.anchor else { return format!("{item} may suit you:") };
    match place % EXAMPLES.len() {
        0 => format!("Since you liked {anchor}, {item} should suit you:"),
        1 => format!("If you enjoyed {anchor}, {item} is a good choice:"),
        _ => format!("As a fan of {anchor}, you may like {item}, because"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::verify;

    #[test]
    fn the_examples_pass_the_check_that_their_imitations_have_to_pass() {
        for (place, (facts, sentence)) in EXAMPLES.iter().enumerate() {
            let titled = |title: &str, year| Titled { title: title.into(), year };
            let (decade, year) = match facts.time {
                Some(Time::Decade(decade)) => (Some(decade), None),
                Some(Time::Year(year)) => (None, Some(year)),
                None => (None, None),
            };
            let plan = Plan {
                item: titled(facts.item, year),
                anchor: facts.anchor.map(|anchor| titled(anchor, None)),
                genres: facts.genres.iter().map(|&genre| genre.into()).collect(),
                decade,
                liked_by: facts.liked_by,
                claims: Vec::new(),
            };
            assert_eq!(verify(sentence, &plan), Ok(()), "{sentence}");
            assert!(sentence.starts_with(&opening(&plan, place)), "{sentence}");
        }
    }
}
