//! Messages in another language than English, which alone is understood.
//!
//! A language shows in its small words. Those here are no English words; a title or two among English ones says nothing.

use std::collections::BTreeSet;

use super::{
    common::is_common,
    words::{Sentence, Word},
};

/// Pronouns, verbs and greetings of somebody who speaks.
const SPEAKING: &[&str] = &[
    "je",
    "j'aime",
    "j'adore",
    "cherche",
    "voudrais",
    "veux",
    "aime",
    "bonjour",
    "bonsoir",
    "salut",
    "merci",
    "moi",
    "nous",
    "vous",
    "avez",
    "quelque",
    "qu'est",
    "hola",
    "gracias",
    "quiero",
    "quisiera",
    "busco",
    "buscamos",
    "gusta",
    "gustaria",
    "puedes",
    "tienes",
    "recomienda",
    "recomiendas",
    "algo",
    "ich",
    "wir",
    "suche",
    "suchen",
    "mochte",
    "moechte",
    "wurde",
    "hallo",
    "danke",
    "bitte",
    "hast",
    "haben",
    "kannst",
    "gibt",
    "zeig",
    "mir",
    "ciao",
    "buongiorno",
    "grazie",
    "vorrei",
    "cerco",
    "voglio",
    "consigliami",
    "qualcosa",
    "ola",
    "obrigado",
    "quero",
    "procuro",
    "gostaria",
    "ik",
    "wil",
    "zoek",
    "zou",
    "graag",
    "jag",
    "vill",
    "soker",
    "jeg",
    "vil",
    "leder",
    "szukam",
    "chce",
    "hledam",
    "istiyorum",
    "ariyorum",
    "hablas",
    "espanol",
    "parlez",
    "parles",
    "francais",
    "sprichst",
    "sprechen",
    "deutsch",
    "parli",
];

/// Articles, prepositions and other small words.
const JOINING: &[&str] = &[
    "le", "la", "les", "un", "une", "du", "des", "de", "et", "ou", "avec", "pour", "sans", "est", "que", "qui", "dans",
    "sur", "ce", "pas", "tres", "el", "los", "las", "una", "uno", "y", "con", "para", "por", "sin", "es", "del", "al",
    "ver", "muy", "der", "das", "den", "dem", "ein", "eine", "einen", "einem", "und", "mit", "fur", "fuer", "ohne",
    "aus", "von", "nicht", "ist", "etwas", "il", "lo", "gli", "di", "e", "che", "per", "senza", "non", "um", "uma",
    "os", "com", "sem", "nao", "het", "een", "voor", "met", "och",
];

/// Words that deny.
const DENYING: &[&str] = &[
    "pas",
    "ne",
    "aucun",
    "aucune",
    "sans",
    "jamais",
    "no",
    "sin",
    "nada",
    "nunca",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "ohne",
    "nie",
    "non",
    "senza",
    "mai",
    "nao",
    "sem",
    "geen",
    "niet",
    "zonder",
    "inte",
    "ikke",
    "\u{43d}\u{435}",
];

/// Words that a message in another language has at least, of which one is of somebody who speaks.
const FEWEST: usize = 2;
/// As many where none is.
const FEWEST_JOINING: usize = 3;

/// Whether a message is in another language. `is_named` says which words of a sentence are a name's or a title's.
pub(super) fn is_foreign(sentences: &[Sentence], is_named: &dyn Fn(&Sentence) -> Vec<bool>) -> bool {
    let words = || sentences.iter().flat_map(|sentence| &sentence.words);
    // Most messages have no word that needs a closer look.
    if !words().any(is_other) {
        return false;
    }
    let mut others: BTreeSet<&str> = BTreeSet::new();
    let (mut speaks, mut english, mut strange) = (false, BTreeSet::new(), 0);
    for sentence in sentences {
        let named = is_named(sentence);
        for word in sentence.words.iter().zip(named).filter(|(_, named)| !named).map(|(word, _)| word) {
            if is_strange(word) {
                strange += 1;
            } else if is_other(word) {
                speaks |= SPEAKING.contains(&&*word.text);
                others.insert(&word.text);
            } else if is_common(&word.text) {
                english.insert(word.text.as_str());
            }
        }
    }
    let fewest = if speaks { FEWEST } else { FEWEST_JOINING };
    strange > english.len() || others.len() >= fewest && others.len() > english.len()
}

/// Whether a message in another language may deny something.
pub(super) fn denies(sentences: &[Sentence]) -> bool {
    sentences.iter().flat_map(|sentence| &sentence.words).any(|word| DENYING.contains(&&*word.text))
}

/// Whether a sentence asks which languages are understood: `do you speak French?`
pub(super) fn asks_for_language(sentence: &Sentence, is_language: &dyn Fn(usize) -> bool) -> bool {
    const SPEAK: [&str; 7] = ["speak", "understand", "talk", "chat", "answer", "reply", "write"];
    let asks = ["do", "can", "could", "would", "will", "are"].contains(&sentence.at(0));
    asks && (1..sentence.len()).any(|place| {
        let behind = place + 1 + usize::from(sentence.at(place + 1) == "in");
        SPEAK.contains(&sentence.at(place)) && is_language(behind)
    })
}

fn is_other(word: &Word) -> bool {
    is_strange(word) || !is_common(&word.text) && (SPEAKING.contains(&&*word.text) || JOINING.contains(&&*word.text))
}

/// Whether a word is written in no Latin letters.
pub(super) fn is_strange(word: &Word) -> bool {
    let mut letters = word.text.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(|letter| letter > '\u{24f}' && !matches!(letter, '\u{1e00}'..='\u{1eff}'))
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn other_languages_are_told_from_names_in_them() {
        for (text, expected) in [
            ("bonjour, je cherche une comédie", true),
            ("Un film drôle pour les enfants", true),
            ("Hola, quiero ver una película de terror", true),
            ("Ich suche einen Krimi aus den Achtzigern", true),
            ("vorrei un film di paura", true),
            ("ik zoek een komedie", true),
            ("¿Hablas español?", true),
            ("Я ищу комедию", true),
            ("コメディ映画を探しています", true),
            ("Bonjour! I'm looking for a comedy", false),
            ("I loved La vie en rose and Le Samouraï", false),
            ("something like La Dolce Vita", false),
            ("Das Boot", false),
            ("La La Land", false),
            ("films with Robert De Niro, por favor", false),
            ("I liked 七人の侍", false),
            ("me too", false),
            ("", false),
        ] {
            assert_eq!(is_foreign(&sentences(text), &|sentence| vec![false; sentence.len()]), expected, "{text}");
        }
        for (text, expected) in [
            ("do you speak French?", true),
            ("can we talk in French", true),
            ("I don't understand French films", false),
            ("a film in French", false),
        ] {
            let sentence = &sentences(text)[0];
            let is_language = |place: usize| sentence.at(place) == "french";
            assert_eq!(asks_for_language(sentence, &is_language), expected, "{text}");
        }
    }
}
