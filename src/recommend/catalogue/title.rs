//! Titles as people say them: catalogues sort by the first word that counts, and put the article behind a comma.

/// Articles that catalogues put behind the title.
const ARTICLES: [&str; 22] = [
    "The", "A", "An", "Le", "La", "Les", "L'", "Un", "Une", "Des", "El", "Los", "Las", "Una", "Il", "Lo", "Gli", "I",
    "Der", "Die", "Das", "De",
];

/// `Matrix, The` becomes `The Matrix`; what stands in brackets is a title of its own:
/// `Hate (Haine, La)` becomes `Hate (La Haine)`.
pub fn natural_title(title: &str) -> String {
    let title = title.trim();
    let Some((head, aside)) = split_aside(title) else { return article_first(title) };
    format!("{} ({})", natural_title(head), article_first(aside))
}

/// What stands before the last bracket: `Hate (La Haine)` becomes `Hate`.
pub fn without_aside(title: &str) -> &str {
    split_aside(title).map_or(title, |(head, _)| without_aside(head))
}

/// Parts a title that ends in a bracket: before it, and inside of it.
fn split_aside(title: &str) -> Option<(&str, &str)> {
    let (head, aside) = title.strip_suffix(')')?.rsplit_once('(')?;
    let head = head.trim_end();
    (!head.is_empty()).then_some((head, aside))
}

fn article_first(title: &str) -> String {
    let moved = title.rsplit_once(", ").filter(|(_, article)| ARTICLES.contains(article));
    match moved {
        Some((rest, article)) if article.ends_with('\'') => format!("{article}{rest}"),
        Some((rest, article)) => format!("{article} {rest}"),
        None => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_come_first_and_brackets_are_titles_of_their_own() {
        let cases = [
            ("Toy Story", "Toy Story", "Toy Story"),
            ("Matrix, The", "The Matrix", "The Matrix"),
            ("Hate (Haine, La)", "Hate (La Haine)", "Hate"),
            ("Star Maker, The (Uomo delle stelle, L')", "The Star Maker (L'Uomo delle stelle)", "The Star Maker"),
            ("Good, the Bad and the Ugly, The", "The Good, the Bad and the Ugly", "The Good, the Bad and the Ugly"),
            ("I, Robot", "I, Robot", "I, Robot"),
            ("City, The (a) (b, Il)", "The City (a) (Il b)", "The City"),
            ("(500) Days of Summer", "(500) Days of Summer", "(500) Days of Summer"),
            ("(Untitled)", "(Untitled)", "(Untitled)"),
            ("", "", ""),
        ];
        for (title, natural, short) in cases {
            assert_eq!(natural_title(title), natural);
            assert_eq!(without_aside(&natural_title(title)), short);
        }
    }
}
