//! Whole dialogues on the rich fixture: conditions are kept whatever is said, and what is kept on disk is what was known.

use std::{ops::ControlFlow, sync::LazyLock, thread};

use proptest::prelude::*;

use super::*;
use crate::recommend::{
    Catalogue, Interactions, Item, Knowledge, Recommender,
    fixture::{Fixture, FixtureOptions},
};

static WORLD: LazyLock<(Recommender, Knowledge)> = LazyLock::new(|| {
    let options = FixtureOptions { items: 150, users: 30, interactions: 12, ..FixtureOptions::default() };
    let Fixture { items, interactions, knowledge, .. } = Fixture::generate(&options);
    (Recommender::new(items, interactions, None).unwrap(), knowledge)
});

fn chat() -> ChatREC<'static> {
    ChatREC::new(&WORLD.0, &WORLD.1)
}

const GENRES: [&str; 5] = ["Horror", "Western", "Comedy", "Drama", "Sci-Fi"];

/// Something to say, and what must hold from then on.
#[derive(Clone, Debug)]
enum Said {
    No(usize),
    Want(usize),
    Before(i32),
    Since(i32),
    Under(i32),
    NotOf(i32),
    AnyYear,
    AnyLength,
    Welcome(usize),
    Dislike(usize),
    Seen(usize),
    Like(usize),
    Liked(usize),
    NoneOfThem,
    More,
    Why,
    About(usize),
    Noise(String),
}

impl Said {
    fn text(&self) -> String {
        const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
        match self {
            Said::No(genre) => format!("No {}, please.", GENRES[*genre]),
            Said::Want(genre) => format!("I'd like a {} film.", GENRES[*genre]),
            Said::Before(year) => format!("Only films from before {year}."),
            Said::Since(year) => format!("Nothing older than {year}."),
            Said::Under(minutes) => format!("It should be under {minutes} minutes."),
            Said::NotOf(decade) => format!("Nothing from the {decade}s, please."),
            Said::AnyYear => "The year doesn't matter any more.".into(),
            Said::AnyLength => "Forget about the time limit.".into(),
            Said::Welcome(genre) => format!("{} is fine after all.", GENRES[*genre]),
            Said::Dislike(place) => format!("The {} one is boring.", ORDINALS[*place]),
            Said::Seen(place) => format!("I have already seen the {} one.", ORDINALS[*place]),
            Said::Like(place) => format!("More like the {} one.", ORDINALS[*place]),
            Said::Liked(place) => format!("I loved the {} one, 5/5!", ORDINALS[*place]),
            Said::NoneOfThem => "None of these.".into(),
            Said::More => "Show me more.".into(),
            Said::Why => "Why these?".into(),
            Said::About(place) => format!("Tell me more about the {} one.", ORDINALS[*place]),
            Said::Noise(text) => text.clone(),
        }
    }
}

/// What must hold, kept by the test itself.
#[derive(Default)]
struct Oracle {
    genres: Vec<usize>,
    before: Option<i32>,
    since: Option<i32>,
    under: Option<i32>,
    not_of: Vec<i32>,
    spent: Vec<usize>,
    last: Vec<usize>,
}

impl Oracle {
    fn hear(&mut self, said: &Said) {
        match *said {
            Said::No(genre) => self.genres.push(genre),
            // Who asks for it has changed their mind.
            Said::Want(genre) => self.genres.retain(|own| *own != genre),
            // What contradicts an earlier bound takes its place.
            Said::Before(year) => {
                self.before = Some(year);
                self.since = self.since.filter(|since| *since < year);
            }
            Said::Since(year) => {
                self.since = Some(year);
                self.before = self.before.filter(|before| year < *before);
            }
            Said::Under(minutes) => self.under = Some(minutes),
            Said::NotOf(decade) => self.not_of.push(decade),
            Said::AnyYear => (self.before, self.since, self.not_of) = Default::default(),
            Said::AnyLength => self.under = None,
            Said::Welcome(genre) => self.genres.retain(|own| *own != genre),
            _ => {}
        }
    }

    fn allows(&self, item: &Item) -> bool {
        let number = |name: &str| match item.attribute(name) {
            Some(crate::recommend::Attribute::Number(number)) => *number as i32,
            _ => 0,
        };
        self.genres.iter().all(|genre| !item.genres().iter().any(|own| own == GENRES[*genre]))
            && self.before.is_none_or(|year| number("year") < year)
            && self.since.is_none_or(|year| number("year") >= year)
            && self.not_of.iter().all(|decade| number("year").div_euclid(10) * 10 != *decade)
            && self.under.is_none_or(|minutes| number("runtime") <= minutes)
    }
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        (0..5usize).prop_map(Said::No),
        (0..5usize).prop_map(Said::Want),
        (1970..2020i32).prop_map(Said::Before),
        (1970..2010i32).prop_map(Said::Since),
        (80..170i32).prop_map(Said::Under),
        (196..203i32).prop_map(|decade| Said::NotOf(10 * decade)),
        Just(Said::AnyYear),
        Just(Said::AnyLength),
        (0..5usize).prop_map(Said::Welcome),
        (0..5usize).prop_map(Said::Dislike),
        (0..5usize).prop_map(Said::Seen),
        (0..5usize).prop_map(Said::Like),
        (0..5usize).prop_map(Said::Liked),
        Just(Said::NoneOfThem),
        Just(Said::More),
        Just(Said::Why),
        (0..5usize).prop_map(Said::About),
        "[a-z '\"?,.0-9]{0,30}".prop_map(|text| Said::Noise(format!("hm {text}"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_are_kept_and_nothing_comes_back(dialogue in prop::collection::vec(said(), 1..9)) {
        let mut chat = chat();
        let mut known = Dialogue::default();
        let mut oracle = Oracle::default();
        for said in &dialogue {
            // What noise may set is not known to the oracle: it is left out where it sets anything.
            if matches!(said, Said::Noise(_)) && chat.understand(&known, &said.text()).unwrap() != Understood::default() {
                continue;
            }
            oracle.hear(said);
            let turn = chat.turn(&mut known, &said.text(), &[]).unwrap();
            for &item in &turn.items {
                prop_assert!(oracle.allows(&chat.catalogue()[item]), "{dialogue:?} shows {item}");
                prop_assert!(!oracle.spent.contains(&item), "{dialogue:?} shows {item} again");
            }
            prop_assert!(turn.facts().all(|fact| fact.holds(&chat.records())));
            oracle.spent.extend(&turn.items);
            oracle.last = turn.items;
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}", other in "\\PC{0,60}") {
        let mut chat = chat();
        let turn = chat.reply(&["a western", &text, &other], &[]).unwrap();
        prop_assert!(!turn.plain().is_empty());
    }
}

#[test]
fn likes_and_examples_lead_and_the_last_list_can_be_had_again() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let first = chat.turn(&mut known, "I'd like a western", &[]).unwrap();
    assert_eq!((first.state, first.items.len()), (State::RecommendationPresentation, PRESENTED));
    let western = |item: &usize| chat.catalogue()[*item].genres().iter().any(|genre| genre == "Western");
    assert!(first.items.iter().all(western));
    let second = chat.turn(&mut known, "The second one is boring", &[]).unwrap();
    assert_eq!(second.state, State::Feedback);
    assert!(second.items.iter().all(|item| !first.items.contains(item)));
    let again = chat.turn(&mut known, "Show me those again", &[]).unwrap();
    assert_eq!(again.items, second.items);
    let liked = second.items[0];
    let title = chat.understander().name(liked).to_owned();
    chat.turn(&mut known, &format!("I loved {title}"), &[]).unwrap();
    let (with, without) = (known.clone(), Dialogue { liked: Vec::new(), ..known.clone() });
    assert_ne!(chat.retrieve(&with, &[], 20).unwrap(), chat.retrieve(&without, &[], 20).unwrap());
}

#[test]
fn a_subject_in_words_of_its_own_takes_the_place_of_an_earlier_one() {
    let (mut chat, mut dialogue) = (chat(), Dialogue::default());
    for (message, themes) in [
        ("A dark film about chess", "chess dark"),
        ("It is for my grandmother", "chess dark for a grandmother"),
        ("something set in Lisbon", "Lisbon dark for a grandmother"),
    ] {
        chat.turn(&mut dialogue, message, &[]).unwrap();
        let mut known: Vec<&str> = dialogue.themes.iter().map(|(theme, _)| theme.as_str()).collect();
        known.sort_unstable();
        assert_eq!(known.join(" "), themes, "{message}");
    }
}

#[test]
fn what_the_catalogue_lacks_is_said() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let turn = chat.turn(&mut known, "I loved The Weeping Zorb. What else?", &[]).unwrap();
    assert!(turn.plain().starts_with("I do not know The Weeping Zorb."), "{}", turn.plain());
    assert_eq!(turn.feedback.liked, ["The Weeping Zorb"]);
    let turn = chat.turn(&mut known, "The first one looks good", &[]).unwrap();
    assert!(!turn.plain().contains("I do not know"), "{}", turn.plain());
    // Nothing is told of another instead.
    assert_eq!(chat.turn(&mut known, "Who is Qwyzzlet?", &[]).unwrap().plain(), "I do not know Qwyzzlet.");
}

#[test]
fn conditions_are_spoken_of_only_where_there_are_some() {
    let title = |title: &str, year| Item {
        id: title.into(),
        title: title.into(),
        attributes: vec![("year".into(), crate::recommend::Attribute::Number(year))],
        ..Item::default()
    };
    let catalogue = Catalogue::new(vec![title("Heat", 1995.0), title("Big", 1988.0)]);
    let recommender = Recommender::new(catalogue, Interactions::default(), None).unwrap();
    let knowledge = Knowledge::default();
    let mut chat = ChatREC::new(&recommender, &knowledge);
    let mut known = Dialogue::default();
    let first = chat.turn(&mut known, "I liked Heat", &[]).unwrap();
    assert_eq!(first.items, [1], "{}", first.plain());
    let more = chat.turn(&mut known, "Show me more", &[]).unwrap().plain();
    assert!(more.contains("left") && !more.contains("condition") && !more.contains("drop"), "{more}");
    let old = chat.turn(&mut known, "Something before 1950", &[]).unwrap().plain();
    assert!(old.contains("from 1949 or earlier") && old.contains("drop"), "{old}");
}

#[test]
fn questions_are_answered_from_the_records() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let shown = chat.turn(&mut known, "a comedy", &[]).unwrap().items;
    let item = &chat.catalogue()[shown[1]];
    let attribute = |name: &str| match item.attribute(name) {
        Some(crate::recommend::Attribute::Text(text)) => text.clone(),
        Some(crate::recommend::Attribute::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (director, runtime) = (attribute("director"), attribute("runtime"));
    let mut ask = |message: &str| chat.turn(&mut known, message, &[]).unwrap();
    let answer = ask("Who directed the second one?");
    assert_eq!(answer.state, State::Exploration);
    assert!(answer.plain().contains(&format!("was directed by {director}")), "{}", answer.plain());
    let answer = ask("How long is it?");
    assert!(answer.plain().contains(&format!("runs {runtime} minutes")), "{}", answer.plain());
    let answer = ask("Why the first one?");
    assert_eq!(answer.state, State::Clarification);
    assert!(answer.plain().contains("is tagged Comedy"), "{}", answer.plain());
    let answer = ask("Compare the first one and the third one.");
    assert_eq!(answer.state, State::Exploration);
    assert!(answer.items.is_empty() && answer.pieces.len() >= 2);
}

#[test]
fn yes_or_no_is_said_where_the_records_tell() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let shown = chat.turn(&mut known, "a comedy", &[]).unwrap().items;
    let item = &chat.catalogue()[shown[0]];
    let text = |name: &str| match item.attribute(name) {
        Some(crate::recommend::Attribute::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let (year, director, language) = (item.year().unwrap(), text("director"), text("language"));
    let other = GENRES.iter().find(|genre| !item.genres().iter().any(|own| own == *genre)).unwrap();
    let foreign = if language == "French" { "German" } else { "French" };
    let cases = [
        ("Is the first one a comedy?".to_owned(), "Yes: "),
        ("Isn't it a comedy?".to_owned(), "Yes: "),
        (format!("Is it a {other} film?"), "No: "),
        (format!("Is it in {language}?"), "Yes: "),
        (format!("And is it in {foreign}?"), "No: "),
        (format!("Is it from {year}?"), "Yes: "),
        (format!("Was it made before {year}?"), "No: "),
        ("Is it shorter than 9 hours?".to_owned(), "Yes: "),
        ("Is it longer than 9 hours?".to_owned(), "No: "),
        (format!("Was it directed by {director}?"), "Yes: "),
        ("Was it directed by Tom Hanks?".to_owned(), "No: "),
        ("Is Tom Hanks in it?".to_owned(), "The records of "),
        ("Is it in black and white?".to_owned(), "The records of "),
        ("Does it have a happy ending?".to_owned(), "The records of "),
        ("Which of these are comedies?".to_owned(), "By the records, "),
    ];
    for (message, expected) in cases {
        let turn = chat.turn(&mut known, &message, &[]).unwrap();
        assert_eq!(turn.state, State::Exploration, "{message}");
        assert!(turn.plain().starts_with(expected), "{message} {}", turn.plain());
        assert!(turn.facts().all(|fact| fact.holds(&chat.records())), "{message}");
        known.focus = Some(shown[0]);
    }
}

#[test]
fn another_language_is_said_not_to_be_understood() {
    let (mut chat, mut known) = (chat(), Dialogue::default());
    chat.turn(&mut known, "a western", &[]).unwrap();
    let before = known.genres.clone();
    for message in ["bonjour, pas de comédie", "Ich suche einen Krimi", "Я ищу комедию", "Do you speak French?"]
    {
        let turn = chat.turn(&mut known, message, &[]).unwrap();
        assert_eq!(turn.plain(), "I am sorry, I understand English only.", "{message}");
        assert!(turn.items.is_empty() && known.genres == before && known.constraints.is_empty(), "{message}");
    }
    let turn = chat.turn(&mut known, "bonjour, je cherche une comédie", &[]).unwrap();
    assert!(turn.plain().starts_with("I am sorry, I understand English only, and made out no more than Comedy."));
    assert!(!turn.items.is_empty());
}

#[test]
fn a_wish_of_its_own_drops_earlier_ones_and_keeps_conditions() {
    let (mut chat, mut known) = (chat(), Dialogue::default());
    for (message, genres, says) in [
        ("I want a horror film from the 80s or later", "Horror", ""),
        ("Something funny, too", "Comedy Horror", ""),
        ("I need a western", "Western", "I still keep to what you said before: from 1980 or later."),
        ("It should be a drama, too", "Drama Western", ""),
        ("Let's talk about something else: a comedy", "Comedy", "I still keep to what you said before"),
        // The catalogue has none: that is said, and no comedy shown as if it were one.
        ("I need a musical", "", "I still keep to what you said before"),
    ] {
        let turn = chat.turn(&mut known, message, &[]).unwrap();
        let mut own: Vec<&str> = known.genres.iter().map(|(genre, _)| genre.as_str()).collect();
        own.sort_unstable();
        assert_eq!(own.join(" "), genres, "{message}");
        assert!(turn.plain().starts_with(says), "{message} {}", turn.plain());
    }
}

#[test]
fn people_are_alternatives_and_are_found_by_what_they_made() {
    let (mut chat, mut known) = (chat(), Dialogue::default());
    let director = |item: usize| match WORLD.0.catalogue()[item].attribute("director") {
        Some(crate::recommend::Attribute::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let (one, other) = (director(0), (1..).map(director).find(|name| *name != director(0)).unwrap());
    let either = chat.turn(&mut known, &format!("films by {one} or {other}"), &[]).unwrap();
    assert!(!either.items.is_empty());
    assert!(either.items.iter().all(|&item| [&one, &other].contains(&&director(item))));
    let title = chat.understander().name(0).to_owned();
    let turn = chat.turn(&mut known, &format!("more by the director of {title}, please"), &[]).unwrap();
    assert_eq!(known.constraints.values(key::PEOPLE), [one.as_str()], "{}", turn.plain());
    let place = |name: &str| turn.items.iter().position(|&item| director(item) == name);
    assert!(turn.items.is_empty() || place(&one).is_some());
    let mut known = Dialogue::default();
    let first = chat.turn(&mut known, "a western", &[]).unwrap().items[0];
    chat.turn(&mut known, "something by the director of the first one", &[]).unwrap();
    assert_eq!(known.constraints.values(key::PEOPLE), [director(first)]);
    chat.turn(&mut known, "I need a comedy", &[]).unwrap();
    assert!(known.constraints.is_empty(), "{:?}", known.constraints);
}

#[test]
fn a_sequel_is_named_by_the_facts_and_else_by_titles() {
    let (mut chat, mut known) = (chat(), Dialogue::default());
    let fact = WORLD.1.triples().iter().find(|fact| fact.relation == "sequel_of").unwrap();
    let name = |id: &str| chat.understander().name(WORLD.0.catalogue().index(id).unwrap()).to_owned();
    let (first, second) = (name(&fact.tail), name(&fact.head));
    for message in [format!("Is there a sequel to {first}?"), format!("Is {second} a sequel?")] {
        let turn = chat.turn(&mut known, &message, &[]).unwrap();
        assert_eq!(turn.state, State::Exploration, "{message}");
        assert!(turn.plain().contains("is a sequel of"), "{message} {}", turn.plain());
        assert!(turn.facts().all(|fact| fact.holds(&chat.records())), "{message}");
    }
}

#[test]
fn shown_items_are_told_from_others_by_what_they_have() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let shown = chat.turn(&mut known, "a comedy", &[]).unwrap().items;
    let director = |item: usize| match chat.catalogue()[item].attribute("director") {
        Some(crate::recommend::Attribute::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let own = director(shown[1]);
    let of_them: Vec<String> = shown
        .iter()
        .filter(|&&item| director(item) == own)
        .map(|&item| chat.understander().name(item).to_owned())
        .collect();
    let turn = chat.turn(&mut known.clone(), &format!("I loved the one directed by {own}"), &[]).unwrap();
    assert_eq!((turn.state, &turn.feedback.liked), (State::Feedback, &of_them));
    let turn = chat.turn(&mut known.clone(), &format!("What's the one by {own} about?"), &[]).unwrap();
    assert_eq!(turn.state, State::Exploration);
    // All of them are comedies.
    let turn = chat.turn(&mut known, "The comedy ones are not for me.", &[]).unwrap();
    assert_eq!(turn.feedback.disliked.len(), shown.len());
}

#[test]
fn a_session_is_what_was_said_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let messages =
        ["a comedy, nothing before 1980", "I loved the first one, 5/5", "no horror", "Who directed the second one?"];
    let mut known = Dialogue::default();
    let mut alone = chat();
    for (place, message) in messages.iter().enumerate() {
        let expected = alone.turn(&mut known, message, &[]).unwrap();
        // Another process each time.
        let mut sessions = ChatCRS::new(chat(), Sessions::open(folder.path()).unwrap());
        let mut heard = String::new();
        let reply = sessions.reply("evening", message, &[], &mut |text| {
            heard += text;
            ControlFlow::Continue(())
        });
        let reply = reply.unwrap();
        assert_eq!((reply.reply.as_str(), heard.as_str()), (expected.plain().as_str(), expected.plain().as_str()));
        assert_eq!(reply.state, expected.state);
        let loaded = sessions.sessions().load("evening", alone.catalogue(), alone.understander()).unwrap();
        assert_eq!(loaded.dialogue, known, "after {message}");
        assert_eq!(loaded.exchanges.len(), place + 1);
    }
    let sessions = Sessions::open(folder.path()).unwrap();
    assert_eq!(Sessions::list(folder.path()).unwrap()[0].messages, 8);
    let error = sessions.begin("evening", Some("7")).unwrap_err();
    assert_eq!(error.to_string(), "session `evening` is with nobody of the store, not with `7`");
}

#[test]
fn what_was_heard_of_a_broken_answer_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut chat = ChatCRS::new(chat(), Sessions::open(folder.path()).unwrap());
    let mut heard = String::new();
    let broken = chat.reply("s", "a western", &[], &mut |text| {
        heard += text;
        ControlFlow::Break(())
    });
    assert!(broken.is_err() && !heard.is_empty());
    let names = Understander::new(WORLD.0.catalogue(), &WORLD.1, WORLD.0.interactions());
    let loaded = chat.sessions().load("s", WORLD.0.catalogue(), &names).unwrap();
    assert_eq!(loaded.exchanges[0].reply, heard);
    assert_eq!(loaded.dialogue.last().len(), PRESENTED);
}

#[test]
fn sessions_of_one_store_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for speaker in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let mut chat = ChatCRS::new(chat(), Sessions::open(path).unwrap());
                for message in ["a drama", "more", "No horror."] {
                    // Two of them are in one session.
                    let session = format!("s{}", speaker / 2);
                    chat.reply(&session, message, &[], &mut |_| ControlFlow::Continue(())).unwrap();
                }
            });
        }
    });
    let sessions = Sessions::list(folder.path()).unwrap();
    assert_eq!(sessions.iter().map(|session| session.messages).collect::<Vec<_>>(), [12, 12]);
}

#[test]
fn simulated_users_find_more_by_talking() {
    let mut chat = chat();
    let options = SimulateOptions { targets: 40, seed: 3, turns: 5 };
    let figures = simulate(&mut chat, &options, &mut || Ok(())).unwrap();
    assert_eq!(figures, simulate(&mut chat, &options, &mut || Ok(())).unwrap());
    assert_eq!((figures.violations, figures.repeated, figures.facts_held), (0, 0, 1.0));
    assert!(figures.gain >= Some(2.0) && figures.success > figures.one_shot_long, "{figures:?}");
}

#[test]
fn what_is_taken_back_no_longer_holds_and_comparisons_bound() {
    let number = |chat: &ChatREC<'_>, item: usize, name: &str| match chat.catalogue()[item].attribute(name) {
        Some(crate::recommend::Attribute::Number(number)) => *number,
        _ => 0.0,
    };
    let mut chat = chat();
    let mut known = Dialogue::default();
    let cases: [(&str, &str); 12] = [
        (
            "a comedy, no horror, from the 90s, under 100 minutes, in English",
            "exclude_genres Horror; language English; runtime_max 100; year_max 1999; year_min 1990",
        ),
        ("drop the 90s", "exclude_genres Horror; language English; runtime_max 100"),
        ("forget about the time limit", "exclude_genres Horror; language English"),
        ("it doesn't have to be in English", "exclude_genres Horror"),
        ("you can include horror again", ""),
        ("before 1990", "year_max 1989"),
        ("no, from 1995 on", "year_min 1995"),
        ("not from the 2000s", "exclude_years 2000-2009; year_min 1995"),
        ("remove all filters", ""),
        ("something by Noor Szabo", "people Noor Szabo"),
        ("no, forget Noor Szabo", ""),
        ("start over", ""),
    ];
    for (message, expected) in cases {
        chat.turn(&mut known, message, &[]).unwrap();
        let pairs: Vec<String> =
            known.constraints.pairs().iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(pairs.join("; "), expected, "{message}");
    }
    let first = chat.turn(&mut known, "a western", &[]).unwrap().items;
    let (third, newer) =
        (number(&chat, first[2], "year"), chat.turn(&mut known, "more like the third one but newer", &[]).unwrap());
    assert!(newer.items.iter().all(|&item| number(&chat, item, "year") > third), "{third}: {:?}", newer.items);
    let longest = newer.items.iter().map(|&item| number(&chat, item, "runtime")).fold(0.0, f64::max);
    let shorter = chat.turn(&mut known, "something shorter, please", &[]).unwrap();
    assert!(shorter.items.iter().all(|&item| number(&chat, item, "runtime") < longest), "{:?}", shorter.items);
}

#[test]
fn who_has_chosen_is_not_shown_more() {
    let mut chat = chat();
    let mut known = Dialogue::default();
    let first = chat.turn(&mut known, "a western", &[]).unwrap().items;
    let chosen = chat.turn(&mut known, "ok we'll go with number 3, thanks!", &[]).unwrap();
    assert!(chosen.items.is_empty() && chosen.plain().starts_with("Enjoy "), "{}", chosen.plain());
    let asked = chat.turn(&mut known.clone(), "Which of these is the oldest?", &[]).unwrap();
    let oldest = first.iter().filter_map(|&item| chat.catalogue()[item].year()).min().unwrap();
    assert!(
        asked.plain().starts_with("That is ") && asked.plain().contains(&format!("({oldest})")),
        "{}",
        asked.plain()
    );
    let judged = chat.turn(&mut known, "it was awful", &[]).unwrap();
    assert_eq!(known.disliked.iter().copied().collect::<Vec<_>>(), [first[2]], "{:?}", judged.feedback);
    assert_eq!(chat.turn(&mut known, "bye", &[]).unwrap().plain(), "Goodbye!");
}
