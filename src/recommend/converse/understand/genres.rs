//! Genres in words: the catalogue's own vocabulary, its morphology, and what else people call a genre.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    spelling::slipped,
    words::{Sentence, fold},
};
use crate::recommend::{Catalogue, Item};

/// The genres of films, where no catalogue says others.
const USUAL: [&str; 18] = [
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// What else a genre is called; it counts where the catalogue has the genre.
const SYNONYMS: [(&str, &[&str]); 20] = [
    ("action", &["action packed", "shoot em up", "martial arts", "kung fu"]),
    ("adventure", &["adventurous", "swashbuckler", "swashbuckling"]),
    ("animation", &["animated", "animations", "anime", "cartoon", "cartoons"]),
    ("comedy", &["funny", "comedic", "hilarious", "sitcom", "laugh", "laughs", "funnier", "comedies", "screwball"]),
    ("crime", &["gangster", "gangsters", "mafia", "mob movie", "mobster"]),
    ("documentary", &["documentaries", "docu", "docs", "docuseries", "nonfiction"]),
    ("drama", &["dramatic", "tearjerker", "melodrama"]),
    ("fantasy", &["fantastical", "sword and sorcery"]),
    ("film noir", &["noir", "noirs"]),
    (
        "horror",
        &["scary", "horrors", "spooky", "frightening", "slasher", "slashers", "scarier", "creepy", "terrifying"],
    ),
    ("musical", &["musicals", "sing along"]),
    ("mystery", &["whodunit", "whodunnit", "mysteries", "murder mystery", "mysterious"]),
    ("romance", &["romantic", "romcom", "love story", "love stories", "romances"]),
    ("sci fi", &["scifi", "science fiction", "sf", "sci fis", "space opera", "cyberpunk"]),
    ("thriller", &["thrillers", "suspense", "suspenseful", "thrilling"]),
    ("war", &["war movies", "war films"]),
    ("western", &["cowboy", "cowboys"]),
    ("children", &["childrens", "children's", "kids movie", "kids film"]),
    ("biography", &["biopic", "biopics", "biographical"]),
    ("history", &["historical", "period piece", "costume drama"]),
];

/// Names for two genres at once.
const PAIRS: [(&str, &[&str]); 5] = [
    ("romcom", &["romance", "comedy"]),
    ("rom com", &["romance", "comedy"]),
    ("romcoms", &["romance", "comedy"]),
    ("dramedy", &["drama", "comedy"]),
    ("dramedies", &["drama", "comedy"]),
];

/// The genres that can be named, by the words that name them.
#[derive(Clone, Debug)]
pub(super) struct Genres {
    /// Phrases of folded words parted by spaces, with the genres that they name.
    phrases: BTreeMap<String, Vec<String>>,
    /// The usual genres that the catalogue lacks, likewise.
    absent: BTreeMap<String, &'static str>,
    /// The most words of a phrase.
    longest: usize,
}

impl Genres {
    /// The vocabulary of a catalogue, or the usual genres if it has none.
    pub(super) fn new(catalogue: Option<&Catalogue>) -> Self {
        let own: BTreeSet<&str> = catalogue
            .into_iter()
            .flat_map(Catalogue::items)
            .flat_map(Item::genres)
            .map(String::as_str)
            .filter(|genre| genre.chars().any(char::is_alphabetic) && !genre.starts_with('('))
            .collect();
        match own.is_empty() {
            true => Self::of(USUAL),
            false => Self::of(own),
        }
    }

    fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let mut phrases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let spaced = |name: &str| fold(name).replace(['-', '_', '/'], " ");
        for name in &names {
            let base = spaced(name);
            let mut forms = vec![base.clone(), plural(&base)];
            let others = SYNONYMS.iter().filter(|(genre, _)| *genre == base).flat_map(|(_, others)| others.iter());
            forms.extend(others.map(|other| (*other).to_owned()));
            for form in forms {
                phrases.entry(form).or_insert_with(|| vec![(*name).to_owned()]);
            }
        }
        for (phrase, both) in PAIRS {
            let found: Vec<String> = names
                .iter()
                .filter(|name| both.contains(&spaced(name).as_str()))
                .map(|name| (*name).to_owned())
                .collect();
            if found.len() == both.len() {
                phrases.insert(phrase.to_owned(), found);
            }
        }
        let mut absent = BTreeMap::new();
        for name in USUAL {
            let base = spaced(name);
            for form in [plural(&base), base].into_iter().filter(|form| !phrases.contains_key(form)) {
                absent.insert(form, name);
            }
        }
        let longest = phrases.keys().map(|phrase| phrase.split(' ').count()).max().unwrap_or(0);
        Self { phrases, absent, longest }
    }

    /// The genres that are named at a place, and how many words name them; the longest phrase counts, and a single word with
    /// a slip only where none does.
    pub(super) fn at(&self, sentence: &Sentence, place: usize) -> Option<(&[String], usize)> {
        let exact = (1..=self.longest).rev().find_map(|length| {
            let words = sentence.words.get(place..place + length)?;
            let phrase = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            Some((self.phrases.get(&phrase)?.as_slice(), length))
        });
        exact.or_else(|| {
            let word = sentence.words.get(place).filter(|word| !word.is_capital() || place == 0)?;
            let mut phrases = self.phrases.iter();
            phrases.find(|(known, _)| slipped(known, &word.text)).map(|(_, genres)| (genres.as_slice(), 1))
        })
    }

    /// The usual genre at a place that the catalogue lacks, and how many words name it.
    pub(super) fn absent_at(&self, sentence: &Sentence, place: usize) -> Option<(&'static str, usize)> {
        let of_length = |length: usize| {
            let words = sentence.words.get(place..place + length)?;
            let phrase = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            self.absent.get(&phrase).map(|name| (*name, length))
        };
        of_length(2).or_else(|| of_length(1))
    }
}

fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if word.ends_with('s') => word.to_owned(),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn what_a_catalogue_lacks_is_known_as_a_genre() {
        let genres = Genres::of(["Western", "War"]);
        for (text, absent) in [
            ("thrillers", Some("Thriller")),
            ("sci-fi", Some("Sci-Fi")),
            ("western", None),
            ("war", None),
            ("table", None),
        ] {
            assert_eq!(genres.absent_at(&sentences(text)[0], 0).map(|(name, _)| name), absent, "{text}");
        }
        assert!(Genres::new(None).absent.is_empty());
    }

    #[test]
    fn genres_are_found_by_their_names_forms_and_synonyms() {
        let genres = Genres::new(None);
        let cases: [(&str, &[&str]); 14] = [
            ("westerns", &["Western"]),
            ("sci-fi", &["Sci-Fi"]),
            ("science fiction", &["Sci-Fi"]),
            ("animated", &["Animation"]),
            ("comedies", &["Comedy"]),
            ("rom-com", &["Romance", "Comedy"]),
            ("noir", &["Film-Noir"]),
            ("mysteries", &["Mystery"]),
            ("table", &[]),
            ("comdey", &["Comedy"]),
            ("horor", &["Horror"]),
            ("documentry", &["Documentary"]),
            ("auction", &[]),
            ("factions", &[]),
        ];
        for (text, expected) in cases {
            let found = genres.at(&sentences(text)[0], 0).map_or(&[][..], |(genres, _)| genres);
            let mut found = found.to_vec();
            let mut expected = expected.to_vec();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text}");
        }
    }
}
