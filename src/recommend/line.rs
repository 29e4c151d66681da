//! Texts of records within texts that a model or a person reads.

/// A text without line breaks and other control characters, so that it cannot break what it stands in.
pub fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() || is_format(c) { ' ' } else { c };
    text.chars().map(visible).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that only steer how others are shown: directions, joiners, marks of byte order.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_what_can_be_seen() {
        assert_eq!(one_line(" a\tb\n\nc\u{202e}\u{200b} "), "a b c");
        assert_eq!(one_line("\u{feff}\n"), "");
    }
}
