//! True texts pass; each of them with one thing changed does not.

use super::*;
use crate::recommend::explain::Titled;

fn titled(title: &str, year: i32) -> Titled {
    Titled { title: title.into(), year: Some(year) }
}

fn plan() -> Plan {
    Plan {
        anchor: Some(titled("Toy Story", 1995)),
        genres: ["Adventure", "Animation", "Children"].map(str::to_owned).to_vec(),
        decade: Some(1990),
        liked_by: 23,
        ..Plan::of(titled("The Iron Giant", 1999))
    }
}

const TRUE: [&str; 24] = [
    "Since you liked Toy Story, The Iron Giant should suit you: both are animated adventures from the 1990s.",
    "You liked Toy Story, so try The Iron Giant: it is another animation from the 1990s that 23 people liked as well.",
    "The Iron Giant is a good match for you, because it shares the adventure and animation of Toy Story.",
    "The Iron Giant (1999) may be something for you, as 23 people liked both it and Toy Story (1995).",
    "If you enjoyed Toy Story, you'll love The Iron Giant.",
    "People who liked Toy Story also liked The Iron Giant.",
    "Like \"Toy Story\", \"The Iron Giant\" is an animated adventure for children.",
    "You rated Toy Story, so the Iron Giant, a children's animation from 1999, is worth a look.",
    "The Iron Giant is a children's adventure. It is from the same decade as Toy Story.",
    "23 viewers liked both Toy Story and The Iron Giant, so it might be a great choice for you.",
    "As a fan of Toy Story, you may enjoy Iron Giant, another animated film from the '90s.",
    "I recommend The Iron Giant because you loved Toy Story, which is also an animated adventure.",
    "Both Toy Story and The Iron Giant are animations from the 1990s, so you might like it too!",
    "Because you liked Toy Story (1995), we think that The Iron Giant (1999) is a perfect fit.",
    "The Iron Giant shares its genres with Toy Story: adventure, animation and children.",
    "Your love of Toy Story makes The Iron Giant a natural next pick.",
    "Fans of Toy Story also enjoyed The Iron Giant, an animated movie from the 1990s.",
    "You've watched and enjoyed Toy Story, so The Iron Giant is right up your alley.",
    "Toy Story and The Iron Giant have much in common: both are animated, and both are from the 1990s.",
    "If animated adventures like Toy Story are your kind of movie, see The Iron Giant next.",
    "Try 'The Iron Giant': it’s an animated adventure, just like 'Toy Story'.",
    "The Iron Giant came out in 1999 and, like Toy Story, is an animation for kids.",
    "Given your taste for Toy Story, consider The Iron Giant - another animated adventure.",
    "23 other people who liked Toy Story liked The Iron Giant as well.",
];

#[test]
fn true_texts_pass() {
    for text in TRUE {
        assert_eq!(verify(text, &plan()), Ok(()), "{text}");
    }
}

#[test]
fn true_texts_fail_with_one_thing_changed() {
    let swaps = [
        (
            "Toy Story",
            &["Toy Story 2", "Toys", "Heat", "Big", "It", "Shrek", "Alien Nation", "You've Got Mail", "toy stories"][..],
        ),
        (
            "The Iron Giant",
            &["The Iron Giants", "Iron Man", "Her", "The Giant", "Jack Frost", "Both", "The Iron Giant 2"],
        ),
        ("Iron Giant", &["Giant", "Iron Will", "iron giant"]),
        ("animat", &["horror, animat", "un-animat"]),
        ("adventure", &["thriller", "romance", "western", "war", "musical", "tragedy"]),
        ("animated", &["romantic", "scary", "French", "Disney", "musical", "non-animated"]),
        ("animation", &["comedy", "documentary", "western"]),
        ("children", &["adults", "crime"]),
        ("1990s", &["1980s", "2000s", "1995s", "90", "1990"]),
        ("'90s", &["'80s", "'00s"]),
        ("(1999)", &["(1998)", "(1995)", "(2099)", "(99)"]),
        ("(1995)", &["(1999)", "(1994)"]),
        ("1999", &["1989", "1995"]),
        ("23 ", &["24 ", "2 ", "230 ", "23,000 ", "many ", "Forty "]),
        (" is ", &[" is not ", " isn't ", " is never ", " is no "]),
        (" are ", &[" aren't ", " are hardly "]),
        ("you liked ", &["you never liked ", "you didn't like ", "Tom Hanks liked ", "you disliked "]),
        ("You liked ", &["You hated ", "Nobody liked "]),
        (" liked ", &[" disliked ", " directed "]),
        (" enjoyed ", &[" skipped "]),
        ("both ", &["neither "]),
        ("You", &["Your mother"]),
    ];
    let (mut mutants, mut survivors) = (0, Vec::new());
    for text in TRUE {
        for (from, others) in swaps {
            for to in others.iter().filter(|_| text.contains(from)) {
                let mutant = text.replacen(from, to, 1);
                survivors.extend(verify(&mutant, &plan()).is_ok().then_some(mutant));
                mutants += 1;
            }
        }
    }
    assert!(mutants > 150, "{mutants}");
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn names_and_facts_from_elsewhere_fail() {
    for text in TRUE {
        let whole = text.trim_end_matches(['.', '!']);
        for tail in
            [" by Brad Bird", ", and Pixar made both", ", which won an Oscar", " and a sequel", ", a masterpiece"]
        {
            let mutant = format!("{whole}{tail}.");
            assert!(verify(&mutant, &plan()).is_err(), "{mutant}");
        }
    }
}

#[test]
fn the_roles_may_not_be_exchanged() {
    let cases = [
        "Since you liked The Iron Giant, Toy Story should suit you: both are animated.",
        "You liked The Iron Giant, so try Toy Story: it is another animation.",
        "Try Toy Story, since it is close to The Iron Giant.",
        "Toy Story is a great choice for fans of The Iron Giant.",
        "You might also enjoy Toy Story, an animation like The Iron Giant.",
        "You have watched The Iron Giant, an animated adventure.",
        "I recommend Toy Story because of The Iron Giant.",
    ];
    for text in cases {
        assert_eq!(verify(text, &plan()), Err(Rejection::Roles), "{text}");
    }
}

#[test]
fn the_form_is_that_of_a_few_sentences() {
    let cases = [
        ("", Rejection::Form),
        ("The Iron Giant.", Rejection::Form),
        ("Since you liked Toy Story, The Iron Giant should suit you: both are", Rejection::Form),
        (
            "You liked it. You loved it. You saw it. You do. You did. You will. You may. See The Iron Giant.",
            Rejection::Form,
        ),
        ("Since you liked Toy Story, another film should suit you.", Rejection::TitleMissing),
    ];
    for (text, rejection) in cases {
        assert_eq!(verify(text, &plan()).map_err(|r| r.to_string()), Err(rejection.to_string()), "{text}");
    }
}

#[test]
fn a_decade_is_said_of_those_that_came_out_in_it() {
    let apart = Plan { anchor: Some(titled("Bambi", 1942)), decade: None, ..plan() };
    let begin = "Since you liked Bambi, The Iron Giant should suit you:";
    assert_eq!(verify(&format!("{begin} it is an animation from the 1990s."), &apart), Ok(()));
    for tail in [
        "both are from the 1990s",
        "both are from 1999",
        "it is from the 1940s",
        "it is from 1942",
        "both are animated, and from 1999",
    ] {
        assert!(verify(&format!("{begin} {tail}."), &apart).is_err(), "{tail}");
    }
}

#[test]
fn a_year_behind_a_comma_is_said_of_both_as_well() {
    let begin = "Since you liked Toy Story, The Iron Giant should suit you: both are from the 1990s";
    assert_eq!(verify(&format!("{begin}."), &plan()), Ok(()));
    for tail in [", and 1999.", ", and 1995.", ", and from 1999."] {
        assert!(verify(&format!("{begin}{tail}"), &plan()).is_err(), "{tail}");
    }
    let of_one_year = Plan { anchor: Some(titled("Toy Story", 1999)), ..plan() };
    assert_eq!(verify(&format!("{begin}, and 1999."), &of_one_year), Ok(()));
}

#[test]
fn nothing_is_said_of_a_count_of_nobody() {
    let alone = Plan { liked_by: 0, ..plan() };
    assert!(verify("0 people who liked Toy Story liked The Iron Giant.", &alone).is_err());
}
