//! Messages and what they state.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::*;
use crate::{
    engine::{EmbedProgress, Embeddings},
    recommend::{draw::below, features::TextEncoder},
};

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

/// What is understood is as expected; all that is not is named at once.
fn assert_told(cases: &[(&str, &str)], shown: &[&str]) {
    let differs = |(message, expected): &(&str, &str)| {
        let read = told(message, shown);
        (read != *expected).then(|| format!("{message}: {read} and not {expected}"))
    };
    let wrong: Vec<String> = cases.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
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
        ("Something with Tom Hanks", "recommendation_presentation; people Tom Hanks"),
        ("films with Tom Hanks or Meg Ryan", "recommendation_presentation; people Tom Hanks; people Meg Ryan"),
        ("no subtitles please", "preference_elicitation; language English"),
        ("somthing like the godfahter", "recommendation_presentation; wishes like The Godfather; liked The Godfather"),
        ("hello! any good horror movies for Halloween?", "recommendation_presentation; genres Horror"),
        ("a comdey, max 90 mins", "recommendation_presentation; genres Comedy; runtime_max 90"),
        ("samurai films, 1980 at the latest", "recommendation_presentation; themes samurai; year_max 1980"),
        ("I love horror, but not tonight.", "preference_elicitation; exclude_genres Horror"),
        ("i want something scarry", "recommendation_presentation; genres Horror"),
        ("Good morning! Any idea what I should watch tonight?", "preference_elicitation"),
        (
            "I don't like musicals, but I loved Arrival.",
            "recommendation_presentation; exclude_genres Musical; liked Arrival; seen Arrival",
        ),
        ("korean crime movies", "recommendation_presentation; genres Crime; language Korean"),
        ("smth good pls, long day", "preference_elicitation"),
        (
            "animated movie for my 5yo",
            "recommendation_presentation; genres Animation; themes family; audience children",
        ),
        ("A film about cooking", "recommendation_presentation; themes cooking"),
        ("nothing about Vietnam", "preference_elicitation; exclude_themes Vietnam"),
        ("a film about the Titanic", "recommendation_presentation; themes Titanic"),
        ("We're a group of friends.", "preference_elicitation"),
        ("We're four friends with pizza.", "preference_elicitation"),
        ("Evening!", "greeting"),
        ("Hitchcock, but not Psycho", "recommendation_presentation; people Alfred Hitchcock; disliked Psycho"),
        ("Hi! I loved Jaws as a kid, what now?", "recommendation_presentation; liked Jaws; seen Jaws"),
        ("Too many crime films", "preference_elicitation; exclude_genres Crime"),
        ("I want a horror film, but not too scary.", "recommendation_presentation; genres Horror"),
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
            "Something like Days of Heaven, but no war",
            "recommendation_presentation; exclude_genres War; wishes like Days of Heaven; liked Days of Heaven",
        ),
        ("I loved Drive My Car", "feedback; liked Drive My Car; seen Drive My Car"),
        ("Inception", "recommendation_presentation; wishes like Inception; liked Inception"),
        ("Inception. No, I hated that.", "recommendation_presentation; disliked Inception; seen Inception"),
        (
            "I rate Solaris 5/5 and Cats 1/5",
            "feedback; liked Solaris; disliked Cats; seen Solaris, Cats; rated Cats 1, Solaris 5",
        ),
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
        ("No thanks, none of those.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Thumbs up for the first and third.", "feedback; liked The Apartment, Brazil"),
        ("Ran? Brilliant.", "feedback; liked Ran; seen Ran"),
        ("Ran again? Enough.", "feedback; disliked Ran"),
        ("Ran is exactly what I was looking for!", "feedback; liked Ran"),
        ("Please don't recommend Ran again.", "feedback; disliked Ran"),
        ("I watched Ran yesterday - what a film!", "feedback; liked Ran; seen Ran"),
        (
            "Five stars for Ran, one for Brazil",
            "feedback; liked Ran; disliked Brazil; seen Ran, Brazil; rated Brazil 1, Ran 5",
        ),
        ("half a star for Ran", "feedback; disliked Ran; seen Ran; rated Ran 0.5"),
        ("I enjoyed neither Ran nor Brazil.", "feedback; disliked Ran, Brazil; seen Ran, Brazil"),
        ("Remove Ran from the list.", "feedback; disliked Ran"),
        ("Ran: yes. Brazil: no.", "feedback; liked Ran; disliked Brazil"),
        ("The first one made me laugh out loud.", "feedback; liked The Apartment; seen The Apartment"),
        ("My favourite of these is Ran.", "feedback; liked Ran"),
        ("I've never been so bored as in Ran.", "feedback; disliked Ran; seen Ran"),
        ("Ran would be a good choice for tonight.", "feedback; liked Ran"),
        ("I haven't seen Ran, but I've seen the others.", "feedback; seen The Apartment, Brazil"),
        ("1 and 3 look good, 2 doesn't.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("I liked #1 and #3.", "feedback; liked The Apartment, Brazil; seen The Apartment, Brazil"),
        ("#2 was awful", "feedback; disliked Ran; seen Ran"),
        ("Seen 1 and 2, loved 1.", "feedback; liked The Apartment; seen The Apartment, Ran"),
        ("first: great, second: meh, third: seen it", "feedback; liked The Apartment; disliked Ran; seen Brazil"),
        (
            "1: 5 stars, 2: 3 stars",
            "feedback; liked The Apartment; seen The Apartment, Ran; rated Ran 3, The Apartment 5",
        ),
        (
            "4 stars for the first, 2 for the second",
            "feedback; liked The Apartment; disliked Ran; seen The Apartment, Ran; rated Ran 2, The Apartment 4",
        ),
        ("pass on 1 and 2", "feedback; disliked The Apartment, Ran"),
        ("Ran doesn't interest me.", "feedback; disliked Ran"),
        ("Only the second one interests me.", "feedback; liked Ran; disliked The Apartment, Brazil"),
        ("Ran didn't do anything for me.", "feedback; disliked Ran; seen Ran"),
        ("I like Ran, the others don't interest me.", "feedback; liked Ran; disliked The Apartment, Brazil; seen Ran"),
        ("Ran looks good, the others don't.", "feedback; liked Ran; disliked The Apartment, Brazil"),
        ("I don't want to see Ran again.", "feedback; disliked Ran; seen Ran"),
        ("Ran? Seen it. Brazil? Not yet.", "feedback; seen Ran"),
        ("Haven't seen Ran yet, but I know I'd hate it.", "feedback; disliked Ran"),
        (
            "Loved the first two, not so sure about the third.",
            "feedback; liked The Apartment, Ran; seen The Apartment, Ran",
        ),
        ("Just the last one, please.", "feedback; liked Brazil"),
        ("Thanks, Ran was exactly right.", "feedback; liked Ran; seen Ran"),
        ("I'd rather watch anything than Ran.", "feedback; disliked Ran"),
        ("Of those three I've seen two: Ran and Brazil.", "feedback; seen Ran, Brazil"),
        ("Ran: all they do is talk.", "feedback; disliked Ran; seen Ran"),
        ("Ran I've seen, Brazil I haven't.", "feedback; seen Ran"),
        ("OK, Ran.", "feedback; liked Ran"),
        ("Ran is ok.", "feedback; seen Ran"),
        ("I doubt I'd enjoy Ran.", "feedback; disliked Ran"),
        ("I wouldn't enjoy Ran.", "feedback; disliked Ran"),
        ("Ran doesn't sound like my thing.", "feedback; disliked Ran"),
        ("Didn't I say no Ran?", "feedback; disliked Ran"),
        ("Did I mention that I hated Ran?", "feedback; disliked Ran; seen Ran"),
        ("Would you please not show Ran anymore?", "feedback; disliked Ran"),
        ("Adding Ran to my list, thanks!", "feedback; liked Ran"),
        ("Ran is next on my list.", "feedback; liked Ran"),
        ("Ran has aged badly.", "feedback; disliked Ran; seen Ran"),
        ("Ran no, others yes", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("Ran is too Japanese for me", "feedback; disliked Ran"),
        ("I liked Ran, but is Brazil as long?", "exploration; liked Ran; seen Ran"),
        ("I love Ran, got anything similar?", "recommendation_presentation; liked Ran; seen Ran"),
        ("Would my mother like Ran?", "exploration"),
        ("Got anything newer than these?", "recommendation_presentation"),
        ("That's not what I meant.", "clarification"),
        ("Did you mean the old or the new Ran?", "clarification"),
        ("Oh great, another love story.", "feedback; disliked The Apartment, Ran, Brazil"),
        (
            "The Apartment: 8, Ran: 9, Brazil: 4",
            "feedback; liked The Apartment, Ran; disliked Brazil; seen The Apartment, Ran, Brazil; rated Brazil 2, Ran 4.5, The Apartment 4",
        ),
        ("Ran, yes. Others?", "recommendation_presentation; liked Ran"),
        (
            "4, 5 and 2 stars",
            "feedback; liked The Apartment, Ran; disliked Brazil; seen The Apartment, Ran, Brazil; rated Brazil 2, Ran 5, The Apartment 4",
        ),
        ("Ran is no Brazil", "feedback; liked Brazil; disliked Ran; seen Ran, Brazil"),
        ("Ran > Brazil", "feedback; liked Ran; disliked Brazil"),
        ("something like Ran, which I loved", "recommendation_presentation; wishes like Ran; liked Ran; seen Ran"),
        ("All but Ran.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("Not Ran, seen it too often.", "feedback; seen Ran"),
        ("I've seen Ran and Solaris.", "feedback; seen Ran, Solaris"),
        ("Past Lives was great, Ran wasn't.", "feedback; liked Past Lives; disliked Ran; seen Past Lives, Ran"),
        ("I'm a huge fan of Ran.", "feedback; liked Ran; seen Ran"),
        ("Hmm, not convinced.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Boring. Something else?", "recommendation_presentation; disliked The Apartment, Ran, Brazil"),
        ("Perfect, now show me more.", "recommendation_presentation"),
        ("No, something else, please.", "recommendation_presentation"),
        ("Ran over Brazil.", "feedback; liked Ran; disliked Brazil"),
        ("Not Ran but Brazil.", "feedback; liked Brazil; disliked Ran"),
        ("I'd rather have Brazil than Ran.", "feedback; liked Brazil; disliked Ran"),
        ("Ran wasn't as good as Brazil.", "feedback; disliked Ran; seen Ran, Brazil"),
        ("I hated Ran, so why is it on the list?", "clarification; disliked Ran; seen Ran"),
        ("I've heard Ran is boring.", "feedback; disliked Ran"),
        ("Put Ran on my list.", "feedback; liked Ran"),
        ("My dad loves Ran.", "feedback"),
        ("I didn't mind Ran.", "feedback; liked Ran; seen Ran"),
        ("less like Ran", "recommendation_presentation; disliked Ran"),
        ("1. great 2. awful 3. seen it", "feedback; liked The Apartment; disliked Ran; seen Brazil"),
        ("luv Ran, h8 Brazil", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("the 2nd one pls", "feedback; liked Ran"),
        ("Give me Ran.", "feedback; liked Ran"),
        ("Maybe Ran.", "feedback"),
        ("Ran over Brazil any day.", "feedback; liked Ran; disliked Brazil"),
        ("I'd pick Ran over Brazil.", "feedback; liked Ran; disliked Brazil"),
        ("Ran was teriffic", "feedback; liked Ran; seen Ran"),
        ("I loooved Ran", "feedback; liked Ran; seen Ran"),
        ("My wife loved Ran, I did not.", "feedback; disliked Ran; seen Ran"),
        ("My friends hated Ran, I didn't!", "feedback; liked Ran; seen Ran"),
        ("What a bad list.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("I haven't seen any of these.", "feedback"),
        ("I've seen all of them except Ran.", "feedback; seen The Apartment, Brazil"),
        ("All great except Ran.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("Not the first one.", "feedback; disliked The Apartment"),
        ("Number 3, please.", "feedback; liked Brazil"),
        ("Ran: ★★★★", "feedback; liked Ran; seen Ran; rated Ran 4"),
        ("Brazil 👎", "feedback; disliked Brazil; seen Brazil"),
        ("Ran it is!", "feedback; liked Ran"),
        ("I turned Ran off after half an hour.", "feedback; disliked Ran; seen Ran"),
        ("Ran was slow at first, but I ended up loving it.", "feedback; liked Ran; seen Ran"),
        ("Ran was okay, nothing special.", "feedback; seen Ran"),
        ("I don't fancy Ran.", "feedback; disliked Ran"),
        ("Ran was better than Brazil.", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("I haven't seen these, but Ran sounds great.", "feedback; liked Ran"),
        ("Ran it is, thank you.", "feedback; liked Ran"),
        ("I watched Ran last night. Gorgeous film.", "feedback; liked Ran; seen Ran"),
        ("Ran sounds good, how long is it?", "exploration; liked Ran"),
        ("I hated Ran, why did you show it?", "clarification; disliked Ran; seen Ran"),
        (
            "Great list, but nothing before 1990, please.",
            "recommendation_presentation; year_min 1990; liked The Apartment, Ran, Brazil",
        ),
        ("I loved theapartment", "feedback; liked The Apartment; seen The Apartment"),
        ("I liked Ran but not Brazil.", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("Seen Ran, never got round to Brazil.", "feedback; seen Ran"),
        ("I've seen the first two, not the third.", "feedback; seen The Apartment, Ran"),
        ("I'll give Ran a miss.", "feedback; disliked Ran"),
        ("I've never seen Ran, but I'd really like to!", "feedback; liked Ran"),
        ("I'd watch Ran again.", "feedback; liked Ran; seen Ran"),
        ("Ran was clever, Brazil dragged.", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("Ran is all talk.", "feedback; disliked Ran; seen Ran"),
        ("Everything except Ran looks good.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("Ran and Brazil were dull, I hated both.", "feedback; disliked Ran, Brazil; seen Ran, Brazil"),
        ("I saw the first two; loved them.", "feedback; liked The Apartment, Ran; seen The Apartment, Ran"),
        ("The Apartment and Ran I know, Brazil sounds good.", "feedback; liked Brazil; seen The Apartment, Ran"),
        ("I've seen two of these.", "feedback"),
        ("I prefer Ran to Brazil.", "feedback; liked Ran; disliked Brazil"),
        ("It was terrible, the first one.", "feedback; disliked The Apartment; seen The Apartment"),
        ("Yes, the third one!", "feedback; liked Brazil"),
        ("OK, Ran it is then.", "feedback; liked Ran"),
        ("Ran? Watched it. Wonderful.", "feedback; liked Ran; seen Ran"),
        ("My wife adored Ran, I fell asleep.", "feedback; disliked Ran; seen Ran"),
        ("dont like Brazil, havent seen Ran", "feedback; disliked Brazil; seen Brazil"),
        ("Brazil's been on my list forever.", "feedback; liked Brazil"),
        ("I tried Ran and gave up after twenty minutes.", "feedback; disliked Ran; seen Ran"),
        (
            "five stars to Ran and a single star to Brazil",
            "feedback; liked Ran; disliked Brazil; seen Ran, Brazil; rated Brazil 1, Ran 5",
        ),
        ("Ran gets two thumbs up", "feedback; liked Ran; seen Ran"),
        ("Already seen.", "feedback; seen The Apartment, Ran, Brazil"),
        ("Can we skip Ran?", "feedback; disliked Ran"),
        ("Why Ran, when I told you I've seen it?", "clarification; seen Ran"),
        ("Ran was too long, something lighter?", "recommendation_presentation; disliked Ran; seen Ran"),
        (
            "Two stars for Ran, four and a half for Brazil.",
            "feedback; liked Brazil; disliked Ran; seen Ran, Brazil; rated Brazil 4.5, Ran 2",
        ),
        (
            "Five stars for the first, one for the last, and the middle one I haven't seen.",
            "feedback; liked The Apartment; disliked Brazil; seen The Apartment, Brazil; rated Brazil 1, The Apartment 5",
        ),
        ("Brazil? Two, no more.", "feedback; disliked Brazil; seen Brazil; rated Brazil 2"),
        ("Numbers 1 and 3 sound lovely, but 2 is not for me.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("first one yes, second no, third.. never heard of it", "feedback; liked The Apartment; disliked Ran"),
        ("the middle one looks nice, other two no thx", "feedback; liked Ran; disliked The Apartment, Brazil"),
        ("Everyone raves about Ran, watched it and I don't get it", "feedback; disliked Ran; seen Ran"),
        ("I used to love Ran, but now I find it boring.", "feedback; disliked Ran; seen Ran"),
        ("I enjoyed Ran, even though it was far too long.", "feedback; liked Ran; seen Ran"),
        ("Ran was long, though I loved it.", "feedback; liked Ran; seen Ran"),
        ("I love Ran, but I'm not in the mood for it tonight.", "feedback; liked Ran; seen Ran"),
        ("The music in Ran was beautiful, but the film itself bored me.", "feedback; disliked Ran; seen Ran"),
        ("Ran wasn't half bad.", "feedback; liked Ran; seen Ran"),
        (
            "I've seen The Apartment and Ran, so Brazil it is. Lovely.",
            "feedback; liked Brazil; seen The Apartment, Ran",
        ),
        (
            "Watched all three and loved every minute.",
            "feedback; liked The Apartment, Ran, Brazil; seen The Apartment, Ran, Brazil",
        ),
        (
            "I've seen all three, and only the middle one was worth the price.",
            "feedback; liked Ran; disliked The Apartment, Brazil; seen The Apartment, Ran, Brazil",
        ),
        ("Only Ran appeals to me.", "feedback; liked Ran; disliked The Apartment, Brazil"),
        ("I've only seen Ran.", "feedback; seen Ran"),
        ("Why did nobody warn me how dull Ran is?", "feedback; disliked Ran; seen Ran"),
        ("I finally got round to Ran and it was great.", "feedback; liked Ran; seen Ran"),
        ("Good, but too long.", "feedback; liked The Apartment, Ran, Brazil"),
        ("Skip Ran. No, not Ran, I've seen it.", "feedback; seen Ran"),
        ("Ran was great but slow.", "feedback; liked Ran; seen Ran"),
        ("Something with big movie stars, a fun one.", "recommendation_presentation"),
        ("Please don't put Ran on my list again.", "feedback; disliked Ran"),
        ("Can you put Ran on my watchlist?", "feedback; liked Ran"),
        (
            "I loved Brazil, but only Ran interests me tonight.",
            "feedback; liked Brazil, Ran; disliked The Apartment; seen Brazil",
        ),
        ("Cheesy, but I love Ran.", "feedback; liked Ran; seen Ran"),
        ("Never heard of Ran, looks boring.", "feedback; disliked Ran"),
        ("Ran isn't better than Brazil.", "feedback; disliked Ran; seen Ran"),
        ("I guess you're right, Ran was great!", "feedback; liked Ran; seen Ran"),
        ("Too many choices!", "preference_elicitation"),
        ("My wife loved Ran and so did I.", "feedback; liked Ran; seen Ran"),
        ("All good except Ran.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        (
            "Loved Ran, didn't care for the other two.",
            "feedback; liked Ran; disliked The Apartment, Brazil; seen Ran, The Apartment, Brazil",
        ),
        (
            "I'd give Ran four stars and Brazil two.",
            "feedback; liked Ran; disliked Brazil; seen Ran, Brazil; rated Brazil 2, Ran 4",
        ),
        ("Happy with any of these but Ran.", "feedback; liked The Apartment, Brazil; disliked Ran"),
        ("I'll skip the first and put the rest on my list.", "feedback; liked Ran, Brazil; disliked The Apartment"),
        ("None of these appeals to me, except the middle one.", "feedback; liked Ran; disliked The Apartment, Brazil"),
        ("Wasn't Ran gripping from start to finish?", "feedback; liked Ran; seen Ran"),
        ("I expected to hate Ran, but it won me over.", "feedback; liked Ran; seen Ran"),
        ("Nice try, but not one of them tempts me.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Could you leave the last one out from now on?", "feedback; disliked Brazil"),
        ("Skip Ran, I've seen it.", "feedback; seen Ran"),
        ("Stop recommending Ran, I've seen it ten times.", "feedback; disliked Ran; seen Ran"),
        ("Not a fan of the last one.", "feedback; disliked Brazil"),
        ("watched Ran, dont get the hype at all", "feedback; disliked Ran; seen Ran"),
        ("never heard of any of these but the middle one seems intriguing", "feedback; liked Ran"),
        ("Don't show me Ran again, I've seen it.", "feedback; seen Ran"),
        ("I've seen Ran and hated it, skip it.", "feedback; disliked Ran; seen Ran"),
        (
            "I liked Ran, but these others don't interest me.",
            "feedback; liked Ran; disliked The Apartment, Brazil; seen Ran",
        ),
        ("I'm not a fan of Ran.", "feedback; disliked Ran; seen Ran"),
        ("That was not what I meant, I hate Ran.", "feedback; disliked Ran; seen Ran"),
        ("Too many murders.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Now we're talking!", "feedback; liked The Apartment, Ran, Brazil"),
        ("I've seen Ran and liked it, the rest I don't know.", "feedback; liked Ran; seen Ran"),
        ("Only Ran is new to me.", "feedback; seen The Apartment, Brazil"),
        ("Okay, Ran then.", "feedback; liked Ran"),
        ("Ran beats Brazil.", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("Ran looks lovely, but not tonight.", "feedback; liked Ran"),
        ("Nothing for me here.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("meh, Ran was fine I guess", "feedback; seen Ran"),
        ("My kids hated Ran.", "feedback; disliked Ran"),
        ("Great, but I've seen the first two.", "feedback; liked The Apartment, Ran, Brazil; seen The Apartment, Ran"),
        ("the middle one", "feedback; liked Ran"),
        ("I've never heard of Ran.", "exploration"),
        ("Could be worse.", "feedback"),
        ("Thanks, that was helpful.", "feedback"),
        ("Not bad, but I've seen Ran.", "feedback; liked The Apartment, Ran, Brazil; seen Ran"),
        ("Interesting selection, but no.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Why not, let's try Ran.", "feedback; liked Ran"),
        ("The third one, thanks!", "feedback; liked Brazil"),
        ("I don't know any of these.", "feedback"),
        ("Two thumbs up for Ran!", "feedback; liked Ran; seen Ran"),
        ("Ran again? You showed me that yesterday.", "feedback; disliked Ran"),
        ("I would have liked Ran if it had been an hour shorter.", "feedback; disliked Ran; seen Ran"),
        ("Brazil bored me even more than Ran did.", "feedback; disliked Brazil, Ran; seen Brazil, Ran"),
        ("I liked Brazil even more than Ran.", "feedback; liked Brazil, Ran; seen Brazil, Ran"),
        ("Ran was wonderful, Brazil nowhere near as good.", "feedback; liked Ran; disliked Brazil; seen Ran, Brazil"),
        ("I'd say 80% for Ran.", "feedback; liked Ran; seen Ran; rated Ran 4"),
        ("You call Ran a classic.", "preference_elicitation"),
        ("That's not what I asked for.", "clarification"),
        ("But I never said I wanted romance!", "clarification"),
        ("What do you know about my taste?", "clarification"),
        (
            "Is Ran a true story? I really liked the other two.",
            "exploration; liked The Apartment, Brazil; seen The Apartment, Brazil",
        ),
        (
            "My wife adored Ran and so did I, more like that!",
            "recommendation_presentation; wishes like Ran; liked Ran; seen Ran",
        ),
        ("Oh great, Ran again.", "feedback; disliked Ran"),
        ("I loved Ran. Past Lives too.", "feedback; liked Ran, Past Lives; seen Ran, Past Lives"),
        ("nah seen them all", "feedback; seen The Apartment, Ran, Brazil"),
        ("seen everything except 3", "feedback; seen The Apartment, Ran"),
        ("I've watched everything on that list", "feedback; seen The Apartment, Ran, Brazil"),
        (
            "the first one 8/10, second 3/10",
            "feedback; liked The Apartment; disliked Ran; seen The Apartment, Ran; rated Ran 1.5, The Apartment 4",
        ),
        ("1 was great 2 was terrible", "feedback; liked The Apartment; disliked Ran; seen The Apartment, Ran"),
        ("Love it!", "feedback; liked The Apartment, Ran, Brazil"),
        ("You nailed it.", "feedback; liked The Apartment, Ran, Brazil"),
        ("seen it, seen it, seen it", "feedback; seen The Apartment, Ran, Brazil"),
        ("Not bad, especially the first.", "feedback; liked The Apartment, Ran, Brazil"),
        (
            "The first is a masterpiece, the other two I don't know.",
            "feedback; liked The Apartment; seen The Apartment",
        ),
        ("Please no more Ran, I've seen it three times.", "feedback; disliked Ran; seen Ran"),
        ("Watched Ran because of you, thank you so much!", "feedback; liked Ran; seen Ran"),
        ("Ran, yes! Al Pacino is so good in that.", "feedback; liked Ran"),
        ("The Jim Carrey one was brilliant.", "feedback"),
        ("Not really my thing.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Hmm, not quite what I'm after.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("These again?", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Ran again? I've seen it.", "feedback; seen Ran"),
        ("Ran again.", "feedback; disliked Ran"),
        ("Not a single one of these is any good.", "feedback; disliked The Apartment, Ran, Brazil"),
        ("Too old-fashioned.", "feedback; disliked The Apartment, Ran, Brazil"),
        (
            "4, 3 and 5.",
            "feedback; liked The Apartment, Brazil; seen The Apartment, Ran, Brazil; rated Brazil 5, Ran 3, The Apartment 4",
        ),
        ("Ran? They showed us that at school.", "feedback; seen Ran"),
        ("The Russian one was great.", "feedback"),
        ("I've seen the Russian one.", "feedback"),
        ("Ran was slow, but beautiful.", "feedback; liked Ran; seen Ran"),
        ("My husband didn't like Ran, but I did.", "feedback; liked Ran; seen Ran"),
        ("My wife hated Ran, but I didn't.", "feedback; liked Ran; seen Ran"),
        ("We watched Ran on Friday. Everyone loved it.", "feedback; liked Ran; seen Ran"),
        ("Ran's a masterpiece, they say. I fell asleep.", "feedback; disliked Ran; seen Ran"),
        ("Ran sounds like just the thing.", "feedback; liked Ran"),
        ("You can't go wrong with Ran.", "feedback; liked Ran"),
        ("Ran was just two people talking, so dull", "feedback; disliked Ran; seen Ran"),
    ];
    assert_told(&cases, &shown);
}

/// Every text is one of two directions: that of the sentences with `shelf` in them, or another one.
struct TwoDirections;

impl TextEncoder for TwoDirections {
    fn encode(&mut self, texts: &[String], _: &mut EmbedProgress<'_>) -> Result<Embeddings> {
        let vector = |text: &String| if text.contains("shelf") { [2.0, 0.0] } else { [0.0, 1.0] };
        Ok(Embeddings { values: texts.iter().flat_map(vector).collect(), width: 2, tokens: texts.len() })
    }
}

#[test]
fn examples_are_asked_where_rules_make_nothing_of_it() {
    let understander = Understander::without_catalogue();
    let shown = ["Ran".to_owned(), "Brazil".to_owned()];
    let context = Context { shown: &shown, ..Context::default() };
    let read = |message: &str| {
        let mut encoder = TwoDirections;
        let mut opinions = Opinions { encoder: Some(&mut encoder), engine: None };
        understander.read_with(message, &context, &mut opinions).unwrap()
    };
    // One example of what is not wanted speaks of a shelf, so that it is nearer than all others.
    let said = read("Brazil belongs on a shelf");
    assert_eq!((said.state, said.feedback.disliked), (State::Feedback, vec!["Brazil".to_owned()]));
    // Where all are equally near nobody has an opinion, and rules are not overruled.
    assert_eq!(read("Brazil and a few further words").state, State::PreferenceElicitation);
    assert_eq!(read("I loved Brazil on the shelf").feedback.liked, ["Brazil"]);
}

#[test]
fn questions_state_nothing() {
    let shown = ["The Apartment", "Ran", "Brazil"];
    let cases = [
        ("Why Ran?", "clarification"),
        ("What does neo-noir mean?", "clarification"),
        ("How long is Brazil?", "exploration"),
        ("Brazil?", "exploration"),
        ("Brazil", "exploration"),
        ("Brazil. Great film.", "feedback; liked Brazil; seen Brazil"),
        ("Could you rephrase that?", "clarification"),
        ("Is the first one funny?", "exploration"),
        ("Tell me more about the last one", "exploration"),
        ("Who directed it?", "exploration"),
        ("Which of these is the shortest?", "exploration"),
        ("And the oldest?", "exploration"),
        ("Who is Qwyzzlet?", "exploration"),
        ("Who is Tom Hanks?", "recommendation_presentation; people Tom Hanks"),
        ("Spoil the ending of Ran", "exploration"),
        ("what's the one with Jim Carrey about", "exploration"),
        ("What is this list sorted by?", "clarification"),
        ("Isn't Ran supposed to be amazing?", "exploration"),
        ("Is Ran any good as a thriller?", "exploration"),
        ("Do you have anything \"twee\"?", "recommendation_presentation"),
        ("How do these three fit what I asked for?", "clarification"),
        ("Does \"for children\" include teenagers?", "clarification"),
        ("What is this list based on?", "clarification"),
        ("Is Ran based on a true story?", "exploration"),
        ("Why do critics like Ran less than Brazil?", "exploration"),
        ("Why is Ran so popular?", "exploration"),
        ("Why is Ran so high on your list?", "clarification"),
        ("wait did u skip the ones ive already seen?", "clarification"),
        ("whos in Ran", "exploration"),
        ("lol, how long is Ran", "exploration"),
        ("More?", "recommendation_presentation"),
        ("Is the list sorted by anything?", "clarification"),
        ("I liked Ran a lot. Who wrote the music?", "exploration; liked Ran; seen Ran"),
        ("Wait, which filter did you apply?", "clarification"),
        ("What's the percentage next to the title?", "clarification"),
        ("Sorry, what was the question?", "clarification"),
        ("Is a higher number better?", "clarification"),
        ("Did I say I liked French films?", "clarification"),
        ("I asked for comedies, didn't I?", "clarification"),
        ("Why are they all so old?", "clarification"),
        ("Are you a robot?", "clarification"),
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

/// What is said of nothing that was shown, or of one of it without saying which, judges no list.
#[test]
fn a_list_is_judged_only_where_it_is_spoken_of() {
    let shown = ["The Apartment", "Ran", "Brazil"];
    let cases = [
        ("not too old, not too new", "preference_elicitation"),
        ("any length is fine", "recommendation_presentation"),
        ("horror is fine after all", "recommendation_presentation; genres Horror"),
        ("I changed my mind about musicals, those are fine", "recommendation_presentation; genres Musical"),
        ("good ones only please", "recommendation_presentation"),
        ("Under 90 minutes, bedtime is at eight", "recommendation_presentation; runtime_max 90"),
        ("wich is best", "exploration"),
        ("good night", "greeting"),
        ("Thanks, bye!", "greeting"),
        ("ok that's enough thanks", "greeting"),
        ("I have no idea what any of these are", "feedback"),
        ("not that one", "preference_elicitation"),
        ("not really", "feedback"),
        ("it was awful", "feedback"),
        ("ok I'll watch that", "feedback"),
        ("I had a great day", "feedback"),
        ("never seen Ran, is that any good", "exploration"),
        ("You call Ran a classic.", "preference_elicitation"),
    ];
    assert_told(&cases, &shown);
}

#[test]
fn plain_words_are_no_titles_and_titles_no_years() {
    let cases = [
        ("my mum is staying over", "preference_elicitation"),
        ("no older than 2012", "preference_elicitation; year_min 2012"),
        ("I loved 1917 and 300", "preference_elicitation"),
        ("1984 is a great film", "preference_elicitation"),
        ("not from the 80s, a comedy", "recommendation_presentation; genres Comedy; exclude_years 1980-1989"),
        ("nothing from the 2000s", "preference_elicitation; exclude_years 2000-2009"),
        ("no horror from the 80s", "preference_elicitation; exclude_genres Horror; year_max 1989; year_min 1980"),
        ("English or French", "preference_elicitation; language English; language French"),
        (
            "anything except comedies, westerns and anything animated",
            "preference_elicitation; exclude_genres Comedy; exclude_genres Western; exclude_genres Animation",
        ),
        ("no, actually a thriller", "recommendation_presentation; genres Thriller"),
    ];
    assert_told(&cases, &[]);
}

#[test]
fn every_title_and_phrase_is_there_once_and_every_example_means_something() {
    let phrases = [phrases::SEEN, prospects::UNSEEN, &[phrases::SAID, prospects::IN_PROSPECT].concat()]
        .map(|list| list.iter().map(|(text, _)| *text).collect());
    for mut list in phrases.into_iter().chain([FAMOUS.lines().collect::<Vec<&str>>()]) {
        list.sort_unstable();
        assert!(list.windows(2).all(|pair| pair[0] != pair[1]), "{list:?}");
    }
    assert_eq!(opinion::examples().count(), opinion::EXAMPLES.lines().count());
}

#[test]
fn no_row_of_words_is_too_strange_to_be_read() {
    const ODD: [&str; 24] = [
        "",
        "\0",
        "★★★★",
        "4/5",
        "0/0",
        "/5",
        "1e309",
        "-5",
        "$",
        "\"",
        "…",
        "?!",
        "日本",
        "İ",
        "'s",
        "1h99",
        "all",
        "but",
        "than",
        "again",
        "not like",
        "it",
        "both",
        "1900s",
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let words: Vec<&str> = opinion::EXAMPLES.split_whitespace().chain(ODD.into_iter().cycle().take(2000)).collect();
    let understander = Understander::without_catalogue();
    for turn in 0..3000 {
        let message: Vec<&str> = (0..turn % 15).map(|_| words[below(&mut rng, words.len())]).collect();
        let shown = ["Heat".to_owned(), "Her".to_owned(), "The Truman Show".to_owned()];
        let context = Context { shown: &shown[..turn % 4], ..Context::default() };
        let Feedback { liked, disliked, .. } = understander.read(&message.join(" "), &context).feedback;
        assert!(liked.iter().all(|title| !disliked.contains(title)), "{message:?}");
    }
}
