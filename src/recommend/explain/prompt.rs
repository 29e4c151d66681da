//! How the language model is asked to phrase a plan: made-up examples first, the same for all, then the plan's facts, and
//! the first words of the answer. Those name both titles in their roles, which a small model confuses if it is left to
//! begin by itself, and differ within a list.

use super::{
    Plan,
    kind::{self, Kind},
    lexicon,
};
use crate::engine::{Message, Prompt};

const TASK: &str = "You write one short, friendly sentence that tells a person why a title is recommended to them. \
                    You use the given facts only.";

/// First words of an answer, with `{item}` and `{anchor}` for the titles.
const OPENINGS: [&str; 10] = [
    "Since you liked {anchor}, {item} should suit you:",
    "If {anchor} was to your taste, {item} should be, too, because",
    "You liked {anchor}, so {item} is worth a look:",
    "{item} is a good match for {anchor}, which you liked, because",
    "As a fan of {anchor}, you may like {item}, because",
    "Like {anchor}, {item} is",
    "You enjoyed {anchor}, and {item} has much in common with it:",
    "For more like {anchor}, try {item}:",
    "{item} goes well with {anchor}, which you liked:",
    "Because you enjoyed {anchor}, we recommend {item}:",
];
/// First words where nothing is known of the user.
const OPENINGS_ALONE: [&str; 4] =
    ["{item} may suit you:", "Try {item}:", "{item} is worth a look, since", "How about {item}? It is"];

/// Which facts the model is told, by turns: all at once make all texts alike.
const TOLD: [Told; 4] = [
    Told { kind: true, time: true, count: true },
    Told { kind: true, time: true, count: false },
    Told { kind: true, time: false, count: true },
    Told { kind: false, time: true, count: true },
];

#[derive(Clone, Copy)]
struct Told {
    kind: bool,
    time: bool,
    count: bool,
}

/// An example's facts and the sentence made of them. The titles are invented.
struct Example {
    anchor: &'static str,
    item: &'static str,
    both_are: &'static str,
    liked_by: usize,
    sentence: &'static str,
}

const EXAMPLES: [Example; 5] = [
    Example {
        anchor: "Moonlit Harbor",
        item: "The Glass Orchard",
        both_are: "romantic comedies from the 1980s",
        liked_by: 14,
        sentence: "Since you liked Moonlit Harbor, The Glass Orchard should suit you: both are romantic comedies from \
                   the 1980s, and 14 people enjoyed both.",
    },
    Example {
        anchor: "Kites over Malta",
        item: "Seven Lanterns",
        both_are: "children's adventures",
        liked_by: 9,
        sentence: "You liked Kites over Malta, so Seven Lanterns is worth a look: it is a children's adventure as well, \
                   and 9 people enjoyed the pair.",
    },
    Example {
        anchor: "Iron Meridian",
        item: "Last Signal",
        both_are: "science fiction thrillers",
        liked_by: 27,
        sentence: "Like Iron Meridian, Last Signal is a science fiction thriller, and 27 people enjoyed both.",
    },
    Example {
        anchor: "Copper Street",
        item: "A Quiet Debt",
        both_are: "from the 1990s",
        liked_by: 31,
        sentence: "For more like Copper Street, try A Quiet Debt: both are from the 1990s, and 31 people who enjoyed one \
                   enjoyed the other, too.",
    },
    Example {
        anchor: "The Winter Clerk",
        item: "Paper Crowns",
        both_are: "dramas from the 2000s",
        liked_by: 0,
        sentence: "As a fan of The Winter Clerk, you may like Paper Crowns, because it is another drama from the 2000s.",
    },
];

/// What the model is told of a plan.
struct Facts {
    anchor: Option<String>,
    item: String,
    are: String,
    liked_by: usize,
}

impl Facts {
    fn of(plan: &Plan, told: Told) -> Self {
        let pair = plan.anchor.is_some();
        let kind = Kind::of(&plan.genres).filter(|_| told.kind);
        let listed = (kind.is_none() && told.kind && !plan.genres.is_empty())
            .then(|| format!("tagged {}", lexicon::list(&plan.genres)));
        let what = match kind {
            Some(kind) if pair => Some(kind.plural),
            Some(kind) => Some(format!("{} {}", kind::article(&kind.singular), kind.singular)),
            None => listed,
        };
        let when = match (plan.decade, plan.item.year) {
            _ if !told.time => None,
            (Some(decade), _) => Some(format!("from the {decade}s")),
            (None, Some(year)) if !pair => Some(format!("from {year}")),
            _ => None,
        };
        let are = [what, when].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let liked_by = if told.count { plan.liked_by } else { 0 };
        let anchor = plan.anchor.as_ref().map(|anchor| anchor.title.clone());
        Self { anchor, item: plan.item.title.clone(), are, liked_by }
    }

    fn is_empty(&self) -> bool {
        self.are.is_empty() && self.liked_by == 0
    }

    fn lines(&self) -> String {
        let who = if self.anchor.is_some() { "Both are" } else { "It is" };
        let mut lines: Vec<String> = self.anchor.iter().map(|anchor| format!("Liked: {anchor}")).collect();
        lines.push(format!("Recommended: {}", self.item));
        lines.extend((!self.are.is_empty()).then(|| format!("{who}: {}", self.are)));
        lines.extend((self.liked_by > 0).then(|| format!("People who enjoyed both: {}", self.liked_by)));
        lines.join("\n")
    }
}

/// What is asked of the model for a plan: the prompt, and the first words of the answer. `turn` varies both; if `led`,
/// those words lead further, to where only the shared facts are missing.
pub(super) fn ask(plan: &Plan, turn: usize, led: bool, chat: bool) -> (Prompt, String) {
    let told = |skip: usize| Facts::of(plan, TOLD[(turn + skip) % TOLD.len()]);
    let facts = (0..TOLD.len()).map(told).find(|facts| !facts.is_empty()).unwrap_or_else(|| told(0));
    let mut opening = match &plan.anchor {
        Some(anchor) => fill(OPENINGS[turn % OPENINGS.len()], &plan.item.title, &anchor.title),
        None => fill(OPENINGS_ALONE[turn % OPENINGS_ALONE.len()], &plan.item.title, ""),
    };
    if led && plan.anchor.is_some() && !facts.are.is_empty() && opening.ends_with([':', 'e']) {
        opening += " both are";
    }
    (prompt(&facts, chat), opening)
}

fn prompt(facts: &Facts, chat: bool) -> Prompt {
    let examples = EXAMPLES.iter().map(|example| {
        let Example { anchor, item, both_are, liked_by, sentence } = *example;
        let anchor = Some(anchor.to_owned());
        (Facts { anchor, item: item.into(), are: both_are.into(), liked_by }.lines(), sentence)
    });
    if chat {
        let mut messages = vec![Message::new("system", TASK)];
        for (facts, sentence) in examples {
            messages.extend([Message::new("user", facts), Message::new("assistant", sentence)]);
        }
        messages.push(Message::new("user", facts.lines()));
        return Prompt::Messages(messages);
    }
    let mut text = format!("{TASK}\n\n");
    examples.for_each(|(facts, sentence)| text += &format!("{facts}\nSentence: {sentence}\n\n"));
    Prompt::Text(text + &facts.lines() + "\nSentence:")
}

/// Puts titles into a pattern, each in one go: a title that looks like a pattern stays what it is.
pub(super) fn fill(pattern: &str, item: &str, anchor: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        text += &rest[..open];
        let (title, name) = if rest[open..].starts_with("{item}") { (item, "{item}") } else { (anchor, "{anchor}") };
        text += title;
        rest = &rest[open + name.len()..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::{Titled, verify};

    #[test]
    fn the_examples_pass_the_check_that_their_imitations_have_to_pass() {
        let titled = |title: &str, year| Titled { title: title.into(), year };
        for example in &EXAMPLES {
            let decade = example.both_are.rsplit_once("from the ").and_then(|(_, time)| time.strip_suffix('s'));
            let decade = decade.map(|decade| decade.parse().unwrap());
            let keys = ["romance", "comedy", "sci fi", "thriller", "drama", "children", "adventure"];
            let plan = Plan {
                anchor: Some(titled(example.anchor, decade)),
                genres: keys.map(str::to_owned).to_vec(),
                decade,
                liked_by: example.liked_by,
                ..Plan::of(titled(example.item, decade))
            };
            let said = verify::read(example.sentence, &plan);
            assert!(said.as_ref().is_ok_and(|said| !said.idiomatic), "{}: {said:?}", example.sentence);
        }
    }

    #[test]
    fn titles_that_look_like_patterns_stay_what_they_are() {
        assert_eq!(fill("Since {anchor}, {item}:", "{anchor}", "{item} {{x}}"), "Since {item} {{x}}, {anchor}:");
    }
}
