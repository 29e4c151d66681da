//! How somebody ends a dialogue, or leaves it to us what comes.

use super::understand::Feedback;

/// Whether somebody takes whatever comes: `surprise me`, `no preference`.
pub(super) fn leaves_open(message: &str) -> bool {
    const OPEN: [&str; 21] = [
        "surprise me",
        "no preference",
        "doesn't matter",
        "does not matter",
        "don't mind",
        "don't care",
        "whatever",
        "anything",
        "you choose",
        "you pick",
        "you decide",
        "up to you",
        "idk",
        "don't know",
        "dunno",
        "no idea",
        "not sure",
        "just give me",
        "just show me",
        "what should i watch",
        "recommend",
    ];
    let message = message.to_lowercase();
    OPEN.iter().any(|words| message.contains(words))
}

/// Whether somebody says what they will watch, and nothing else of what was shown.
pub(super) fn chooses(message: &str, feedback: &Feedback) -> bool {
    const CHOOSING: [&str; 14] = [
        "i'll watch",
        "we'll watch",
        "i will watch",
        "we will watch",
        "i'll take",
        "we'll take",
        "i'll go with",
        "we'll go with",
        "going with",
        "go for",
        "let's watch",
        "let's go with",
        " it is",
        "i choose",
    ];
    let message = message.to_lowercase().replace('\u{2019}', "'");
    let Feedback { liked, disliked, ratings, seen } = feedback;
    let is_new = liked.iter().all(|title| !seen.contains(title));
    CHOOSING.iter().any(|words| message.contains(words))
        && !liked.is_empty()
        && is_new
        && disliked.is_empty()
        && ratings.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_chooses_names_what_is_new_and_nothing_else() {
        let feedback = |liked: &[&str], seen: &[&str]| Feedback {
            liked: liked.iter().map(|title| (*title).to_owned()).collect(),
            seen: seen.iter().map(|title| (*title).to_owned()).collect(),
            ..Feedback::default()
        };
        for (message, liked, seen, expected) in [
            ("OK, we\u{2019}ll watch Heat", &["Heat"][..], &[][..], true),
            ("Heat it is!", &["Heat"], &[], true),
            ("I loved Heat", &["Heat"], &["Heat"], false),
            ("I'll watch it again, Heat is great", &["Heat"], &["Heat"], false),
            ("I'll watch something", &[], &[], false),
        ] {
            assert_eq!(chooses(message, &feedback(liked, seen)), expected, "{message}");
        }
        assert!(leaves_open("Surprise me!") && leaves_open("idk, whatever") && !leaves_open("a western"));
    }
}
