//! The words that an explanation may be made of, beside titles, numbers and genres of its plan.
//!
//! The list is closed: it holds words that join, address and recommend, and none that states a fact of its own, denies
//! one, or ranks. A text with any other word is not shown.

/// Words that carry no claim, between spaces.
const PHRASING: &[&str] = &[
    // joining
    "a an the and or of in on at to for from with by as into among between about like since because so that which \
     who whom whose while when where if then thus due given based along alongside just also too well again even \
     both each other others another same similar similarly alike likewise such this these those it its itself \
     they them their there here one two pair together all any some more much very really quite certainly \
     definitely surely perhaps maybe probably likely what how why up out next back right alley fact addition plus \
     moreover means makes make making made",
    // addressing
    "i we you your yours yourself me my our us person people user users viewer viewers watcher watchers audience \
     audiences fan fans lover lovers someone anyone everyone folks",
    // being and having
    "is are was were be been being has have had having do does did can could may might will would should must \
     it's that's you'll you'd you've you're they're they've i'd i'll i'm i've let's there's here's we'd who've \
     it'll",
    // liking and recommending
    "liked likes liking love loved loves loving enjoy enjoyed enjoys enjoying enjoyment enjoyable appreciate \
     appreciated appreciates suit suits suited suitable fit fits fitting match matches matching matched appeal \
     appeals appealing please recommend recommended recommends recommending recommendation suggest suggested \
     suggestion suggests try trying tried give gives giving check consider considering look looks looking watch \
     watched watching see seen seeing saw find found want need know think feel go goes going come comes coming \
     came follow follows worth good great nice fine solid perfect ideal natural lovely wonderful excellent \
     fantastic interesting interested choice pick option bet candidate reason reasons chance shot list watchlist \
     taste tastes preference preferences interest interests history mood time something kind sort type way side \
     mix blend combination feature features element elements theme spirit vein line lines",
    // what it is and what it has in common
    "movie movies film films title titles picture story stories work works item genre genres category categories \
     decade era period year years release released share shares shared sharing common overlap combine combines \
     combining belong belongs belonging fall falls tagged labelled labeled set close related reminiscent rated \
     rate ratings rating gave",
];

/// Words that deny. They are no phrasing either; the list says why a text is turned down.
const NEGATIONS: &[&str] =
    &["no not never none nothing nobody neither nor without hardly barely unlike cannot lacks lack except rather \
     instead despite although though but however"];

/// Genres whose words are more than the name itself, in the singular and the plural.
const GENRE_WORDS: &[(&str, &[&str])] = &[
    ("action", &["action-packed", "action-filled"]),
    ("adventure", &["adventurous"]),
    ("animation", &["animated", "animations"]),
    ("children", &["children's", "childrens", "kids", "kid's", "kids'", "child"]),
    ("comedy", &["comedies", "comedic", "comic", "funny"]),
    ("documentary", &["documentaries"]),
    ("drama", &["dramatic", "dramas"]),
    ("fantasy", &["fantasies", "fantastical"]),
    ("film-noir", &["film noir", "noir", "noirs", "film-noirs"]),
    ("mystery", &["mysteries", "mysterious"]),
    ("romance", &["romantic", "romances"]),
    ("sci-fi", &["science fiction", "science-fiction", "sci fi", "scifi"]),
    ("thriller", &["thrilling", "thrillers"]),
    ("war", &["wartime"]),
];

/// Whether a lower-case word may stand anywhere.
pub(super) fn is_phrasing(word: &str) -> bool {
    has(PHRASING, word)
}

/// Whether a lower-case word denies.
pub(super) fn is_negation(word: &str) -> bool {
    word.ends_with("n't") || has(NEGATIONS, word)
}

fn has(groups: &[&str], word: &str) -> bool {
    groups.iter().flat_map(|group| group.split(' ')).any(|listed| listed == word)
}

/// All ways to say a genre, in lower case, each of one word or more.
pub(super) fn genre_forms(genre: &str) -> Vec<String> {
    let name = genre.to_lowercase();
    let known = GENRE_WORDS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, forms)| *forms);
    let mut forms: Vec<String> = known.iter().map(|&form| form.to_owned()).collect();
    forms.push(format!("{name}s"));
    forms.push(name);
    forms
}

/// `Comedy, Crime and Drama`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_genre_or_of_denial_is_phrasing() {
        let genres = ["Action", "Children", "Comedy", "Film-Noir", "Sci-Fi", "Western", "War", "IMAX", "Musical"];
        for form in genres.iter().flat_map(|genre| genre_forms(genre)) {
            assert!(!is_phrasing(&form), "{form}");
        }
        let mut negations = NEGATIONS.iter().flat_map(|group| group.split(' '));
        assert!(negations.all(|word| is_negation(word) && !is_phrasing(word)));
        assert!(is_negation("isn't") && is_negation("don't"));
    }

    #[test]
    fn lists_read_like_english() {
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([list(&words[..0]), list(&words[..1]), list(&words)], ["", "a", "a, b and c"]);
    }
}
