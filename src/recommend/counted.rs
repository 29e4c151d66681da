//! Counts in sentences.

/// A count and what is counted: `1 item`, `2 items`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
