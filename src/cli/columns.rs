//! Texts in columns of a terminal, where most Chinese, Japanese and Korean characters take two and accents none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A text of at most so many columns; where it is cut, that is said.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < columns
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// A text of exactly so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let room = columns.saturating_sub(width(&text));
    format!("{text}{:room$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_padded_to_their_columns() {
        let cases = [
            ("abcdef", "abcdef"),
            ("äbcdefg", "äbcde…"),
            ("ab", "ab    "),
            ("", "      "),
            ("花样年华", "花样… "),
            ("花样年", "花样年"),
            ("a花样年", "a花样…"),
            // A combining accent takes no column.
            ("e\u{301}e\u{301}", "e\u{301}e\u{301}    "),
        ];
        for (text, expected) in cases {
            assert_eq!(padded(text, 6), expected, "{text}");
            assert_eq!(width(expected), 6, "{text}");
        }
    }
}
