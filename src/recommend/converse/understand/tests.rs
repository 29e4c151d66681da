//! Messages and what they state.

use super::*;

fn read(message: &str, shown: &[&str]) -> Understood {
    let shown: Vec<String> = shown.iter().map(|title| (*title).to_owned()).collect();
    Understander::without_catalogue().read(message, &Context { shown: &shown, ..Context::default() })
}

/// What is understood, in one line.
fn told(message: &str, shown: &[&str]) -> String {
    let Understood { preferences, feedback, state, .. } = read(message, shown);
    let mut told = vec![state.name().to_owned()];
    let mut list = |name: &str, values: &[String]| {
        if !values.is_empty() {
            told.push(format!("{name} {}", values.join(", ")));
        }
    };
    list("genres", &preferences.genres);
    list("themes", &preferences.themes);
    for (key, value) in preferences.constraints.pairs() {
        list(key, &[value]);
    }
    list("wishes", &preferences.explicit_preferences);
    list("liked", &feedback.liked);
    list("disliked", &feedback.disliked);
    list("seen", &feedback.seen);
    list("rated", &feedback.ratings.iter().map(|(title, rating)| format!("{title} {rating}")).collect::<Vec<_>>());
    told.join("; ")
}

#[test]
fn what_is_wanted_is_understood() {
    let cases = [
        ("Hello!", "greeting"),
        ("Recommend something.", "preference_elicitation"),
        ("", "preference_elicitation"),
        ("A romantic comedy, please.", "recommendation_presentation; genres Romance, Comedy"),
        (
            "no horror, westerns or musicals, I'd like a thriller",
            "recommendation_presentation; genres Thriller; exclude_genres Horror; exclude_genres Western; exclude_genres Musical",
        ),
        ("I hate musicals", "preference_elicitation; exclude_genres Musical"),
        (
            "a sci-fi film from the 80s, under two hours",
            "recommendation_presentation; genres Sci-Fi; runtime_max 120; year_max 1989; year_min 1980",
        ),
        ("Something with Tom Hanks", "preference_elicitation; people Tom Hanks"),
        ("a comedy in French", "recommendation_presentation; genres Comedy; language French"),
        (
            "Something like Alien or The Thing, but not too scary",
            "recommendation_presentation; exclude_genres Horror; wishes like Alien, like The Thing; liked Alien, The Thing",
        ),
        (
            "No Sci-Fi, please. It should be about revenge.",
            "recommendation_presentation; themes revenge; exclude_genres Sci-Fi",
        ),
        ("I love westerns", "recommendation_presentation; genres Western"),
        (
            "I loved Inception and hated Titanic. What else?",
            "recommendation_presentation; liked Inception; disliked Titanic; seen Inception, Titanic",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(told(message, &[]), expected, "{message}");
    }
}

#[test]
fn what_is_thought_is_understood() {
    let shown = ["The Apartment", "Ran", "Brazil"];
    let cases = [
        ("I loved the second one", "feedback; liked Ran; seen Ran"),
        ("The first one was boring", "feedback; disliked The Apartment; seen The Apartment"),
        ("seen them all", "feedback; seen The Apartment, Ran, Brazil"),
        ("I didn't like Brazil", "feedback; disliked Brazil; seen Brazil"),
        ("Brazil: 2/5", "feedback; disliked Brazil; seen Brazil; rated Brazil 2"),
        ("I'd give Ran 4 stars", "feedback; liked Ran; seen Ran; rated Ran 4"),
        ("None of these.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Ran sounds great", "feedback; liked Ran"),
        ("Brazil was not bad", "feedback; liked Brazil; seen Brazil"),
        ("I've already seen Ran", "feedback; seen Ran"),
        ("Ran was great but Brazil was awful", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("Loved Ran, the rest not so much", "feedback; liked Ran; disliked The Apartment, Brazil; seen Ran"),
        ("I like the second one", "feedback; liked Ran"),
        ("The first one bored me", "feedback; disliked The Apartment; seen The Apartment"),
        ("too violent", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Boring.", "feedback; disliked The Apartment, Ran, Brazil"),
    ];
    for (message, expected) in cases {
        assert_eq!(told(message, &shown), expected, "{message}");
    }
}

#[test]
fn questions_state_nothing() {
    let shown = ["The Apartment", "Ran", "Brazil"];
    let cases = [
        ("Why Ran?", "clarification"),
        ("What does neo-noir mean?", "clarification"),
        ("How long is Brazil?", "exploration"),
        ("Is the first one funny?", "exploration"),
        ("Tell me more about the last one", "exploration"),
        ("Who directed it?", "exploration"),
        ("Which of these is the shortest?", "exploration"),
        ("Did you remember that I hate horror?", "clarification"),
        ("Show me more", "recommendation_presentation"),
        ("Anything like Ran?", "recommendation_presentation; wishes like Ran; liked Ran"),
        ("something shorter than two hours", "recommendation_presentation; runtime_max 120"),
    ];
    for (message, expected) in cases {
        assert_eq!(told(message, &shown), expected, "{message}");
    }
    let shown = ["Ran".to_owned()];
    let context = Context { shown: &shown, focus: Some("Ran"), known: true };
    let understood = Understander::without_catalogue().read("Who directed it?", &context);
    assert_eq!((understood.state, understood.asked_about), (State::Exploration, vec!["Ran".to_owned()]));
}
