//! A message as sentences of words: folded to lower case without accents, each with what stands before it.

/// What stands between a word and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing but a space, or nothing at all.
    Space,
    /// A hyphen: `neo-noir`.
    Hyphen,
    /// A comma, a colon, a dash or a bracket.
    Pause,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, without accents.
    pub(super) text: String,
    /// As it was written.
    pub(super) raw: String,
    /// What stands before it.
    pub(super) gap: Gap,
    /// Whether it stands in quotes.
    pub(super) quoted: bool,
}

impl Word {
    /// Whether it begins with a capital letter.
    pub(super) fn is_capital(&self) -> bool {
        self.raw.chars().next().is_some_and(char::is_uppercase)
    }
}

/// One sentence, not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Its words.
    pub(super) words: Vec<Word>,
    /// Whether it ends in a question mark.
    pub(super) asks: bool,
}

impl Sentence {
    /// The word at a place; empty beyond the ends.
    pub(super) fn at(&self, place: usize) -> &str {
        self.words.get(place).map_or("", |word| &word.text)
    }

    /// The word that many places before one; empty beyond the beginning.
    pub(super) fn before(&self, place: usize, back: usize) -> &str {
        place.checked_sub(back).map_or("", |place| self.at(place))
    }

    /// How many words it has.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether these words, parted by spaces, stand at a place.
    pub(super) fn has_at(&self, place: usize, phrase: &str) -> bool {
        phrase.split(' ').enumerate().all(|(ahead, word)| self.at(place + ahead) == word)
    }

    /// Whether any of these phrases stands at a place.
    pub(super) fn has_any_at(&self, place: usize, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has_at(place, phrase))
    }

    /// The first place of some words, parted by spaces.
    pub(super) fn find(&self, phrase: &str) -> Option<usize> {
        (0..self.len()).find(|&place| self.has_at(place, phrase))
    }

    /// Whether any of these phrases stands in it.
    pub(super) fn has_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.find(phrase).is_some())
    }
}

/// A star of a rating: as many as a word has are one.
pub(super) const STAR: char = '★';
/// Signs for words.
const SIGNS: [(&str, &str); 6] = [
    ("👍", " thumbs up "),
    ("👎", " thumbs down "),
    ("❤", " loved "),
    ("😍", " loved "),
    ("😴", " boring "),
    ("⭐", "★"),
];

/// Abbreviations whose point ends no sentence.
const ABBREVIATIONS: [&str; 9] = ["mr", "mrs", "ms", "dr", "st", "vs", "jr", "sr", "vol"];

/// Parts a message into sentences.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let text = SIGNS.iter().fold(text.to_owned(), |text, (sign, words)| text.replace(sign, words));
    let characters: Vec<char> = text.chars().map(plain_mark).collect();
    let mut reader = Reader::default();
    let mut place = 0;
    while let Some(&character) = characters.get(place) {
        let next = characters.get(place + 1).copied().unwrap_or(' ');
        let previous = place.checked_sub(1).and_then(|place| characters.get(place)).copied().unwrap_or(' ');
        place += 1;
        match character {
            c if c.is_alphanumeric() || c == STAR => reader.word.push(c),
            // Within a word: an apostrophe, a decimal point, the slash of `4/5`, the points of `E.T.`.
            '\'' if previous.is_alphanumeric() && next.is_alphanumeric() => reader.word.push('\''),
            '.' | ',' | '/' if previous.is_ascii_digit() && next.is_ascii_digit() => reader.word.push(character),
            '.' if previous.is_alphabetic() && next.is_alphabetic() && reader.word.chars().count() == 1 => {}
            '.' if reader.is_initial(&characters, place) => {}
            '+' if previous.is_ascii_digit() => reader.word.push('+'),
            '$' | '€' | '£' => {
                reader.end_word();
                reader.word.push(character);
                reader.end_word();
            }
            '&' => {
                reader.end_word();
                reader.word.push_str("and");
                reader.end_word();
            }
            // `Heat > Zodiac`
            '>' if previous == ' ' && next == ' ' => {
                reader.word.push_str("over");
                reader.end_word();
            }
            '%' if previous.is_ascii_digit() => {
                reader.end_word();
                reader.word.push_str("percent");
                reader.end_word();
            }
            '#' if next.is_ascii_digit() => {
                reader.end_word();
                reader.word.push_str("number");
                reader.end_word();
            }
            '.' | ')' if reader.begins_entry(next) => reader.pause(Gap::Pause),
            '-' if previous.is_alphanumeric() && next.is_alphanumeric() => reader.pause(Gap::Hyphen),
            ',' | ':' | '-' | '(' | ')' | '–' | '—' => reader.pause(Gap::Pause),
            '"' => {
                reader.end_word();
                reader.quoted = !reader.quoted;
            }
            '.' if reader.ends_in_abbreviation() || is_lower_behind(&characters, place) => reader.end_word(),
            // `Monsters, Inc. was great`
            '.' if fold(&reader.word) == "inc" && is_small(&characters, place) => reader.end_word(),
            // `When Harry Met Sally... was great`
            '.' if next == '.' => {}
            '.' | '…' if (previous == '.' || character == '…') && is_small(&characters, place) => {
                reader.pause(Gap::Pause);
            }
            '.' | '!' | ';' | '\n' | '…' => reader.end_sentence(false),
            '?' => reader.end_sentence(true),
            _ => reader.end_word(),
        }
    }
    reader.end_sentence(false);
    reader.sentences
}

/// Whether a point is followed by a small letter, as in `E.T. was`: it ends no sentence.
fn is_lower_behind(characters: &[char], place: usize) -> bool {
    let dotted = place.checked_sub(3).and_then(|before| characters.get(before)) == Some(&'.');
    dotted && is_small(characters, place)
}

/// Whether a space and a small letter are next.
fn is_small(characters: &[char], place: usize) -> bool {
    let mut rest = characters.iter().skip(place);
    rest.next() == Some(&' ') && rest.next().is_some_and(|c| c.is_lowercase())
}

/// Typographic marks as their plain ones.
fn plain_mark(character: char) -> char {
    match character {
        '’' | '‘' | 'ʼ' | '`' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        other => other,
    }
}

/// Lower case, without the accents of Latin letters.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(unaccented).collect()
}

fn unaccented(letter: char) -> char {
    const ACCENTED: [(&str, char); 16] = [
        ("àáâãäåāăą", 'a'),
        ("çćĉċč", 'c'),
        ("ďđð", 'd'),
        ("èéêëēĕėęě", 'e'),
        ("ĝğġģ", 'g'),
        ("ìíîïĩīĭįı", 'i'),
        ("ķ", 'k'),
        ("ĺļľł", 'l'),
        ("ñńņň", 'n'),
        ("òóôõöøōŏő", 'o'),
        ("ŕŗř", 'r'),
        ("śŝşšș", 's'),
        ("ţťț", 't'),
        ("ùúûüũūŭůűų", 'u'),
        ("ýÿŷ", 'y'),
        ("źżž", 'z'),
    ];
    if letter.is_ascii() {
        return letter;
    }
    ACCENTED.iter().find(|(accented, _)| accented.contains(letter)).map_or(letter, |(_, plain)| *plain)
}

/// Words as they are written by rule: `dont` is `don't`, `luv` is `love`.
fn by_rule(word: String) -> String {
    const SHORT: [(&str, &str); 18] = [
        ("smth", "something"),
        ("wich", "which"),
        ("u", "you"),
        ("w", "with"),
        ("luv", "love"),
        ("luved", "loved"),
        ("h8", "hate"),
        ("h8d", "hated"),
        ("gr8", "great"),
        ("pls", "please"),
        ("plz", "please"),
        ("thx", "thanks"),
        ("thanx", "thanks"),
        ("ur", "your"),
        ("lovd", "loved"),
        ("awsome", "awesome"),
        ("awesom", "awesome"),
        ("amazin", "amazing"),
    ];
    if let Some((_, whole)) = SHORT.iter().find(|(short, _)| *short == word) {
        return (*whole).to_owned();
    }
    const WITHOUT: [&str; 20] = [
        "whos", "whats", "wheres", "dont", "didnt", "doesnt", "isnt", "wasnt", "arent", "werent", "havent", "hasnt",
        "hadnt", "wouldnt", "couldnt", "shouldnt", "cant", "wont", "ive", "thats",
    ];
    if !WITHOUT.contains(&word.as_str()) {
        return word;
    }
    let place = word.len() - if word == "ive" { 2 } else { 1 };
    format!("{}'{}", &word[..place], &word[place..])
}

/// Words as they come.
#[derive(Default)]
struct Reader {
    sentences: Vec<Sentence>,
    sentence: Sentence,
    word: String,
    gap: Option<Gap>,
    quoted: bool,
    /// Entries of a numbered list so far.
    entries: usize,
}

impl Reader {
    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let raw = std::mem::take(&mut self.word);
        let gap = self.gap.take().unwrap_or(Gap::Space);
        self.sentence.words.push(Word { text: by_rule(fold(&raw)), raw, gap, quoted: self.quoted });
    }

    fn pause(&mut self, gap: Gap) {
        self.end_word();
        if self.gap != Some(Gap::Pause) {
            self.gap = Some(gap);
        }
    }

    fn end_sentence(&mut self, asks: bool) {
        self.end_word();
        (self.gap, self.quoted) = (None, false);
        let mut sentence = std::mem::take(&mut self.sentence);
        match sentence.words.is_empty() {
            false => {
                sentence.asks = asks;
                self.sentences.push(sentence);
            }
            // `Really?!`
            true => {
                if let Some(last) = self.sentences.last_mut() {
                    last.asks |= asks;
                }
            }
        }
    }

    /// `1. great 2. awful`: whether the word is the next number of a list. Its entry is a sentence of its own.
    fn begins_entry(&mut self, next: char) -> bool {
        let begins = self.entries > 0 || self.sentence.words.is_empty();
        if !begins || next.is_alphanumeric() || self.word != (self.entries + 1).to_string() {
            return false;
        }
        let number = std::mem::take(&mut self.word);
        self.end_sentence(false);
        self.word = number;
        self.entries += 1;
        true
    }

    fn ends_in_abbreviation(&self) -> bool {
        ABBREVIATIONS.contains(&fold(&self.word).as_str())
    }

    /// Whether the point before `place` ends an initial, as in `Samuel L. Jackson`.
    fn is_initial(&self, characters: &[char], place: usize) -> bool {
        let mut rest = characters.iter().skip(place);
        let is_letter = self.word.chars().count() == 1 && self.word.chars().all(|c| c.is_uppercase() && c != 'I');
        is_letter && rest.next() == Some(&' ') && rest.next().is_some_and(|c| c.is_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let joined = |sentence: &Sentence| {
            let words: Vec<&str> = sentence.words.iter().map(|word| word.text.as_str()).collect();
            format!("{}{}", words.join(" "), if sentence.asks { "?" } else { "" })
        };
        sentences(text).iter().map(joined).collect()
    }

    #[test]
    fn sentences_and_words_are_parted() {
        let cases: [(&str, &[&str]); 17] = [
            ("", &[]),
            ("Hi there!", &["hi there"]),
            ("Amélie? No – don’t.", &["amelie?", "no don't"]),
            ("Ive seen it, cant stand it", &["i've seen it can't stand it"]),
            ("neo-noir, 4/5 or 7.5", &["neo noir 4/5 or 7.5"]),
            ("E.T. was great. More?!", &["et was great", "more?"]),
            ("Mr. Nobody & I", &["mr nobody and i"]),
            ("1. great 2. awful", &["1 great", "2 awful"]),
            ("1) luv it 3) no", &["1 love it 3 no"]),
            ("It is a 1. Next", &["it is a 1", "next"]),
            ("under $10; 4+ stars, 80%", &["under $ 10", "4+ stars 80 percent"]),
            ("with Samuel L. Jackson. Now", &["with samuel l jackson", "now"]),
            ("...", &[]),
            (
                "I saw Monsters, Inc. last week. Monsters, Inc. More",
                &["i saw monsters inc last week", "monsters inc", "more"],
            ),
            ("When Harry Met Sally... was sweet... More", &["when harry met sally was sweet", "more"]),
            ("well… no", &["well no"]),
            ("\u{0}\u{202e} 日本", &["日本"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_before_a_word_is_known() {
        let sentence = &sentences("no horror, \"The Matrix\" neo-noir")[0];
        let gaps: Vec<Gap> = sentence.words.iter().map(|word| word.gap).collect();
        assert_eq!(gaps, [Gap::Space, Gap::Space, Gap::Pause, Gap::Space, Gap::Space, Gap::Hyphen]);
        assert!(sentence.words[2].quoted && sentence.words[2].is_capital() && !sentence.words[4].quoted);
    }
}
