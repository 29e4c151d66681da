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
            decade: Some(1980),
            liked_by: 14,
        },
        "Since you liked Moonlit Harbor, The Glass Orchard should suit you: both are romantic comedies from the 1980s, \
         and 14 people liked both.",
    ),
    (
        Facts {
            anchor: Some("Iron Meridian"),
            item: "Last Signal",
            genres: &["Action", "Sci-Fi", "Thriller"],
            decade: None,
            liked_by: 27,
        },
        "If you enjoyed Iron Meridian, Last Signal is a good choice: it shares the mix of action, science fiction and \
         thriller, and 27 people liked both.",
    ),
    (
        Facts {
            anchor: Some("The Winter Clerk"),
            item: "Paper Crowns",
            genres: &["Drama"],
            decade: Some(2000),
            liked_by: 0,
        },
        "As a fan of The Winter Clerk, you may like Paper Crowns: it is another drama from the 2000s.",
    ),
];

/// What the model is told of a plan.
struct Facts<'a> {
    anchor: Option<&'a str>,
    item: &'a str,
    genres: &'a [&'a str],
    decade: Option<i32>,
    liked_by: usize,
}

impl Facts<'_> {
    fn lines(&self) -> String {
        let who = if self.anchor.is_some() { "Both are" } else { "It is" };
        let mut lines: Vec<String> = self.anchor.iter().map(|anchor| format!("Liked: {anchor}")).collect();
        lines.push(format!("Recommended: {}", self.item));
        lines.extend((!self.genres.is_empty()).then(|| format!("{who}: {}", self.genres.join(", "))));
        lines.extend(self.decade.map(|decade| format!("{who} from: the {decade}s")));
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
        decade: plan.decade,
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
    let Some(Titled { title: anchor, .. }) = &plan.anchor else { return item.clone() };
    match place % EXAMPLES.len() {
        0 => format!("Since you liked {anchor}, {item}"),
        1 => format!("If you enjoyed {anchor}, {item}"),
        _ => format!("As a fan of {anchor}, you may like {item}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::verify;

    #[test]
    fn the_examples_pass_the_check_that_their_imitations_have_to_pass() {
        for (place, (facts, sentence)) in EXAMPLES.iter().enumerate() {
            let titled = |title: &str| Titled { title: title.into(), year: None };
            let plan = Plan {
                item: titled(facts.item),
                anchor: facts.anchor.map(titled),
                genres: facts.genres.iter().map(|&genre| genre.into()).collect(),
                decade: facts.decade,
                liked_by: facts.liked_by,
                claims: Vec::new(),
            };
            assert_eq!(verify(sentence, &plan), Ok(()), "{sentence}");
            assert!(sentence.starts_with(&opening(&plan, place)), "{sentence}");
        }
    }
}
