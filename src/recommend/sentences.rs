//! Texts as sentences and words.

/// The sentences of a text, in order, without the white space around them. One ends behind `.`, `!`, `?` or `…` (and
/// closing quotes or brackets) where white space follows, and at every line's end. An abbreviation may end one too early,
/// which loses nothing: joined again by spaces, sentences say what the text said.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut ended) = (0, false);
    for (at, c) in text.char_indices() {
        let ends = match c {
            '\n' | '\r' => true,
            c if c.is_whitespace() => ended,
            _ => false,
        };
        if ends {
            found.push(&text[start..at]);
            start = at;
        }
        ended = match c {
            '.' | '!' | '?' | '…' => true,
            '"' | '\'' | ')' | ']' | '”' | '’' | '»' => ended,
            _ => false,
        };
    }
    found.push(&text[start..]);
    found.into_iter().map(str::trim).filter(|sentence| !sentence.is_empty()).collect()
}

/// The words of a text in lower case: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_end_where_people_end_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("One. Two!  Three?", &["One.", "Two!", "Three?"]),
            ("He said \"no.\" She left.", &["He said \"no.\"", "She left."]),
            ("Version 2.5 is out", &["Version 2.5 is out"]),
            ("A line\nand another\r\n\n", &["A line", "and another"]),
            ("Wait… what", &["Wait…", "what"]),
            ("  \n ", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(sentences(text), expected, "{text:?}");
        }
        assert_eq!(words("It's Été, 45-54!"), ["it", "s", "été", "45", "54"]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-c .!?\n\"é…]{0,40}") {
            let joined = sentences(&text).join(" ");
            prop_assert_eq!(words(&joined), words(&text));
        }
    }
}
