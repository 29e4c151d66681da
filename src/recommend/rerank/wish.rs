//! What a list is judged by.

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// What is looked for, in words.
    Query(&'a str),
    /// Titles that somebody liked, oldest first.
    Liked(&'a [String]),
}

impl Wish<'_> {
    /// The wish as the beginning of a message; empty if nothing is known.
    pub(super) fn told(&self) -> String {
        match self {
            Wish::Query(query) => format!("I am looking for this: {query}\n\n"),
            Wish::Liked([]) => String::new(),
            Wish::Liked(titles) => {
                let list: String = titles.iter().map(|title| format!("- {title}\n")).collect();
                format!("I liked these, the latest last:\n{list}\n")
            }
        }
    }
}
