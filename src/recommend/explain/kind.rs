//! What sort of item several genres make: `romantic comedy`, `science fiction thriller`.

use super::lexicon;

/// A genre as part of a noun phrase.
struct Part {
    /// As [`lexicon::genre_key`] writes it.
    key: &'static str,
    /// Before a noun.
    before: &'static str,
    /// As the noun itself, in singular and plural, if it is one.
    noun: Option<(&'static str, &'static str)>,
}

const fn part(key: &'static str, before: &'static str, noun: Option<(&'static str, &'static str)>) -> Part {
    Part { key, before, noun }
}

/// The genres in the order in which they stand before a noun. Of those that are nouns the last one of a phrase becomes
/// it.
const PARTS: &[Part] = &[
    part("drama", "dramatic", Some(("drama", "dramas"))),
    part("romance", "romantic", Some(("romance", "romances"))),
    part("animation", "animated", None),
    part("children", "children's", None),
    part("fantasy", "fantasy", Some(("fantasy", "fantasies"))),
    part("sci fi", "science fiction", None),
    part("horror", "horror", None),
    part("war", "war", None),
    part("crime", "crime", None),
    part("action", "action", None),
    part("mystery", "mystery", Some(("mystery", "mysteries"))),
    part("musical", "musical", Some(("musical", "musicals"))),
    part("adventure", "adventure", Some(("adventure", "adventures"))),
    part("comedy", "comedy", Some(("comedy", "comedies"))),
    part("thriller", "thriller", Some(("thriller", "thrillers"))),
    part("film noir", "noir", Some(("noir", "noirs"))),
    part("western", "western", Some(("western", "westerns"))),
    part("documentary", "documentary", Some(("documentary", "documentaries"))),
];

/// What stands for the noun where no genre is one: true of films, books and games alike.
const STORY: (&str, &str) = ("story", "stories");
/// Genres that a phrase holds before it becomes hard to read; one more with those that read like adjectives.
const MOST: usize = 2;
/// Genres that are left out first, where there are too many; before them drama, which goes with everything.
const LEFT_OUT: [&str; 6] = ["action", "adventure", "thriller", "fantasy", "mystery", "crime"];

/// The sort of item that some of the genres make, in singular and plural, and how many words that is; none if a genre
/// that is no part of common phrases is all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// `romantic comedy`
    pub(super) singular: String,
    /// `romantic comedies`
    pub(super) plural: String,
    /// How many genres it says.
    pub(super) genres: usize,
}

impl Kind {
    /// Makes one of some of the genres.
    pub(super) fn of(genres: &[String]) -> Option<Self> {
        let keys: Vec<String> = genres.iter().map(|genre| lexicon::genre_key(genre)).collect();
        let mut parts: Vec<&Part> = PARTS.iter().filter(|part| keys.iter().any(|key| key == part.key)).collect();
        let adjective = parts.iter().any(|part| matches!(part.key, "children" | "animation" | "romance"));
        let most = MOST + usize::from(adjective);
        for (key, most) in std::iter::once(("drama", MOST)).chain(LEFT_OUT.map(|key| (key, most))) {
            if parts.len() > most {
                parts.retain(|part| part.key != key);
            }
        }
        while parts.len() > most {
            parts.remove(0);
        }
        let genres = parts.len();
        // In `romantic drama` the drama is the noun, though it mostly stands before others.
        if let [first, second] = parts.as_mut_slice()
            && (first.key == "drama"
                && (second.noun.is_none() || matches!(second.key, "romance" | "mystery" | "fantasy")))
        {
            std::mem::swap(first, second);
        }
        let noun = parts.pop_if(|last| last.noun.is_some()).and_then(|last| last.noun);
        let before: Vec<&str> = parts.iter().map(|part| part.before).collect();
        if before.is_empty() && noun.is_none() {
            return None;
        }
        let phrase = |noun: &str| before.iter().copied().chain([noun]).collect::<Vec<_>>().join(" ");
        let (singular, plural) = noun.unwrap_or(STORY);
        Some(Self { singular: phrase(singular), plural: phrase(plural), genres })
    }
}

/// `a` or `an`, as what follows wants it.
pub(super) fn article(phrase: &str) -> &'static str {
    if phrase.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genres_read_like_english() {
        let cases = [
            ("Comedy|Romance", "romantic comedies"),
            ("Drama", "dramas"),
            ("Crime|Drama", "crime dramas"),
            ("Drama|Romance", "romantic dramas"),
            ("Drama|Thriller", "dramatic thrillers"),
            ("Comedy|Drama", "dramatic comedies"),
            ("Action|Crime|Drama|Thriller", "crime thrillers"),
            ("Adventure|Animation|Children", "animated children's adventures"),
            ("Action|Adventure|Sci-Fi", "science fiction adventures"),
            ("Adventure|Animation|Children|Comedy|Fantasy", "animated children's comedies"),
            ("Comedy|Drama|Romance", "romantic comedies"),
            ("Sci-Fi", "science fiction stories"),
            ("Crime|Film-Noir", "crime noirs"),
            ("Horror|IMAX", "horror stories"),
        ];
        for (genres, plural) in cases {
            let genres: Vec<String> = genres.split('|').map(str::to_owned).collect();
            assert_eq!(Kind::of(&genres).map(|kind| kind.plural).as_deref(), Some(plural));
        }
        assert_eq!(Kind::of(&["IMAX".into()]), None);
        assert_eq!(Kind::of(&[]), None);
    }
}
