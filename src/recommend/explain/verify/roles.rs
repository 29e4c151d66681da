//! Who is who: what the user liked, and what is recommended. A title's role is read off the words around it alone,
//! whichever title it is, so that a text whose titles are exchanged contradicts itself.

use super::{
    Rejection,
    tokens::{Role, Token},
};
use crate::recommend::explain::lexicon;

/// Verbs whose object is what somebody liked.
const LIKING: &str = "\
     liked loved enjoyed appreciated adored watched saw seen rated gave admired like love enjoy appreciate adore fell \
     laughed favoured favored found braved picked relished savoured";
/// Words that ask somebody to try what follows.
const OFFERING: &str = "\
     try consider recommend recommended recommending suggest suggesting check queue welcome meet next comes \
     explore discover choose";
/// Such words that offer only where nobody did it already: `then see <title>`, but `after watching <title>`.
const OFFERING_SOMETIMES: &str = "see watch pick watching trying seeing choosing considering";
/// What stands before them then.
const BEFORE_OFFERS: &str = "so then to and should must please also now will just by about worth for my could might";
/// Words that make a liking a prediction.
const MODALS: &str = "may might will would should could can must you'll you'd shall ought likely";
/// Words that may stand between a verb and its title.
const SMALL: &str = "\
     the a an film movie title out up on in of at for also to with as well both about into over tonight then";
/// Nouns that lead to what somebody likes.
const FONDNESS: &str = "\
     fan fans lover lovers love taste liking fondness affection enjoyment appreciation fond admirer admirers \
     enthusiasm spot strength enthusiast enthusiasts devotee devotees viewers history passion admiration regard \
     weakness rating";
/// Words that praise what is recommended.
const PRAISE: &str = "\
     pick choice bet worth suggestion tip recommendation answer recommended ideal perfect right easy logical treat \
     vote candidate option";
/// Verbs by which a title has pleased somebody.
const PLEASED: &str = "\
     worked won was struck made touched had hooked kept hit left drew spoke landed tickled pleased charmed \
     entertained moved";
/// Words that may stand between somebody and their verb.
const ADVERBS: &str = "\
     also really certainly very much just probably definitely surely both even already clearly well truly quite so do \
     did have has to find want found too be evidently obviously";
/// Words after which a title is no subject.
const PREPOSITIONS: &str = "by of in at with for like to from about on after than over as such and or";
/// Forms of [`LIKING`] that may speak of what is to come.
const PRESENT: &str = "like love enjoy appreciate adore";
/// Words by which somebody foresees a liking: `I hope you enjoy <title>`.
const FORESEEING: &str = "\
     hope think bet expect guess sure reckon predict chances odds wager suspect help lets let see whether find case how";
/// How far before a title its verb may stand.
const FAR: usize = 8;

fn is_in(word: &str, list: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

pub(super) fn check(tokens: &[Token]) -> Result<(), Rejection> {
    for (place, token) in tokens.iter().enumerate() {
        let Some(role) = token.role() else { continue };
        let said = said(tokens, place);
        if said.is_some_and(|said| said != role) {
            return Err(Rejection::Roles);
        }
    }
    Ok(())
}

/// The role that the words around a title give it, if they give it one.
pub(super) fn said(tokens: &[Token], place: usize) -> Option<Role> {
    let before = words_before(tokens, place);
    let after = words_after(tokens, place);
    if is_paired(tokens, place) {
        return None;
    }
    // `fans of one are fans of <title> as well`
    let added = matches!(after.as_slice(), ["too" | "also", ..] | ["as", "well", ..]);
    let behind_title =
        tokens[..place - before.len()].last().is_some_and(|token| !matches!(token, Token::Break | Token::End));
    let verb = by_verb(&before).filter(|role| !(added && *role == Role::Anchor));
    // In `those who like one like <title>` nothing is compared.
    let is_verb = before == ["like"] && behind_title;
    let fans = |place: usize| {
        let after = words_after(tokens, place);
        after.first().is_some_and(|word| matches!(*word, "fan" | "fans" | "lover" | "lovers" | "viewers"))
    };
    let others = || (0..tokens.len()).any(|other| other != place && tokens[other].role().is_some() && fans(other));
    let is_object = before.first().is_some_and(|word| is_in(word, PREPOSITIONS));
    verb.or_else(|| by_comparison(&before).filter(|_| !added && !is_verb))
        .or_else(|| by_predicate(&after).filter(|_| !is_object))
        .or_else(|| (fans(place) && !others()).then_some(Role::Anchor))
}

/// Whether a title stands in one breath with another: `both <title> and <title>`.
fn is_paired(tokens: &[Token], place: usize) -> bool {
    let and = |at: usize| tokens.get(at).and_then(Token::lower) == Some("and");
    let title = |at: usize| tokens.get(at).is_some_and(|token| token.role().is_some());
    (and(place + 1) && title(place + 2)) || (place >= 2 && and(place - 1) && title(place - 2))
}

/// The words before a title in its clause, nearest first.
fn words_before(tokens: &[Token], place: usize) -> Vec<&str> {
    tokens[..place].iter().rev().map_while(Token::lower).collect()
}

/// The words after a title in its clause; a year in brackets is left out.
fn words_after(tokens: &[Token], place: usize) -> Vec<&str> {
    let rest = &tokens[place + 1..];
    let bracket = match rest {
        [Token::Bracket, Token::Word { .. }, Token::Bracket, ..] => 3,
        _ => 0,
    };
    rest[bracket..].iter().map_while(Token::lower).collect()
}

/// By the verb or noun that leads to the title.
fn by_verb(before: &[&str]) -> Option<Role> {
    let small = before.iter().take_while(|word| is_in(word, SMALL)).count();
    let (verb, earlier) = before[small..].split_first()?;
    if is_in(verb, FONDNESS) && small > 0 && matches!(before[small - 1], "of" | "for" | "with") {
        return by_fondness(verb, earlier);
    }
    // A liking may have its own object before the title: `you liked the horror in <title>`.
    let leads_on = matches!(before[0], "in" | "of" | "about" | "over" | "a" | "for" | "at" | "by" | "the" | "to");
    let liking = before.iter().take(FAR).position(|word| is_in(word, LIKING)).filter(|at| *at <= small || leads_on);
    liking
        .and_then(|at| by_liking(&before[at + 1..], is_in(before[at], PRESENT)))
        .or_else(|| is_told_of_somebody(before).then_some(Role::Anchor))
        .or_else(|| is_offered(before, verb, earlier).then_some(Role::Item))
}

/// `a fan of <title>`, but neither `become a fan of <title>` nor `fall in love with <title>`.
fn by_fondness(noun: &str, earlier: &[&str]) -> Option<Role> {
    let coming =
        |word: &&str| is_in(word, MODALS) || matches!(*word, "become" | "make" | "also" | "are" | "were" | "as");
    let falling = noun == "love" && earlier.first() == Some(&"in");
    (!falling && !earlier.iter().take(4).any(coming)).then_some(Role::Anchor)
}

/// `anyone who had fun with <title>`.
fn is_told_of_somebody(before: &[&str]) -> bool {
    const NEAR: usize = 5;
    let Some(at) = before.iter().take(NEAR).position(|word| *word == "who") else { return false };
    let elsewhere = |word: &&str| is_in(word, MODALS) || is_in(word, "also like were are have is and");
    !before.get(at + 1).is_some_and(|word| are_counted(word)) && !before[..at].iter().any(elsewhere)
}

/// `try <title>`, `I suggest the musical <title>`, `your next film could be <title>`, `have you considered <title>`.
fn is_offered(before: &[&str], verb: &str, earlier: &[&str]) -> bool {
    let suggested = before
        .windows(2)
        .take(5)
        .position(|pair| matches!(pair[0], "the" | "a" | "an") && is_in(pair[1], "suggest recommend try see consider"));
    if suggested.is_some_and(|at| !before[..at].iter().any(|word| is_in(word, PREPOSITIONS))) {
        return true;
    }
    match (verb, earlier) {
        ("be", _) => earlier.iter().take(2).any(|word| is_in(word, MODALS)),
        ("considered", ["you", "have", ..]) => true,
        ("next", _) if before[0] == "to" => false,
        (_, ["you" | "you've" | "who", ..]) => false,
        _ if is_in(verb, OFFERING_SOMETIMES) => earlier.first().is_none_or(|word| is_in(word, BEFORE_OFFERS)),
        _ => is_in(verb, OFFERING),
    }
}

/// Who likes, by the words before the verb: `you` and `anyone who` did, or will where a modal says so. What people liked
/// besides is true of both titles, whichever comes first.
fn by_liking(before: &[&str], is_present: bool) -> Option<Role> {
    let mut subject = before.iter().copied().skip_while(|word| is_in(word, ADVERBS));
    let first = subject.next().unwrap_or_default();
    let modal = is_in(first, MODALS);
    let who = if modal { subject.find(|word| !is_in(word, ADVERBS)).unwrap_or_default() } else { first };
    if modal || matches!(first, "you'll" | "you'd") {
        return Some(Role::Item);
    }
    match who {
        "you" | "you've" if is_present && subject.by_ref().take(3).any(|word| is_in(word, FORESEEING)) => {
            Some(Role::Item)
        }
        "you" | "you've" => Some(Role::Anchor),
        // `26 others like you who also enjoyed <title>`
        "who" | "that" if !subject.find(|word| !matches!(*word, "you" | "like")).is_some_and(are_counted) => {
            Some(Role::Anchor)
        }
        _ => None,
    }
}

/// Whether a word stands for those of whom a number liked both titles.
fn are_counted(word: &str) -> bool {
    lexicon::is_people(word) && !matches!(word, "fan" | "fans" | "lover" | "lovers")
}

/// `like <title>`, `similar to <title>`, `after <title>`.
fn by_comparison(before: &[&str]) -> Option<Role> {
    let [first, rest @ ..] = before else { return None };
    let second = rest.first().copied().unwrap_or_default();
    let compared = match *first {
        "like" if lexicon::is_people(second) => false,
        "like" => !is_in(second, "you they people who i we also to would not"),
        "as" if rest.iter().take(5).any(|word| *word == "same") => true,
        "as" => is_in(second, "such just same decade year kind vein much"),
        "in" => second == "as" || matches!(rest, ["does" | "do" | "did", "it" | "they", "as", ..]),
        // `<title> is a western, and so is <title>`
        "is" if second == "so" => return None,
        "is" => second == "as",
        "to" => is_in(second, "similar close akin related companion partner closest kin"),
        "with" => {
            matches!(second, "common" | "goes" | "pairs")
                || rest.iter().take(3).any(|word| matches!(*word, "goes" | "go"))
                || rest.iter().take(5).any(|word| matches!(*word, "shares" | "shared"))
        }
        "of" => is_in(second, "lines footsteps vein style mould mold manner spirit tradition heels strength"),
        "alongside" | "beside" => true,
        "after" => !matches!(second, "year" | "years" | "decade" | "decades"),
        _ => false,
    };
    compared.then_some(Role::Anchor)
}

/// `<title> should suit you`, `<title> is a good choice`, `<title> won you over`.
fn by_predicate(after: &[&str]) -> Option<Role> {
    let first = *after.first()?;
    let second = after.get(1).copied().unwrap_or_default();
    let leads = is_in(second, "have lead point take bring prepare steer send explain mean");
    if matches!(first, "should" | "might" | "may" | "could" | "ought" | "deserves" | "will") {
        return (!leads).then_some(Role::Item);
    }
    if first == "would" && matches!(after.get(1), Some(&"be" | &"make" | &"suit" | &"fit" | &"go")) {
        return Some(Role::Item);
    }
    let near = |words: &[&str], count: usize| after.iter().take(count).any(|word| words.contains(word));
    let pleased = match first {
        "was" => matches!(second, "to" | "a" | "one" | "the" | "right" | "your"),
        _ => is_in(first, PLEASED),
    };
    if pleased && near(&["you", "your", "me"], 5) {
        return Some(Role::Anchor);
    }
    let verb = is_in(first, "is makes looks seems feels sounds comes earns gets fits suits");
    let elsewhere = near(&["reason", "case", "start", "sign", "hint", "you", "liked", "enjoyed"], 7);
    let for_you = near(&["for"], 6) && near(&["you"], 7);
    (verb && after.iter().take(6).any(|word| is_in(word, PRAISE)) && (!elsewhere || for_you)).then_some(Role::Item)
}
