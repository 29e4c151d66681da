//! Titles as people say them: catalogues sort by the first word that counts, and put the article behind a comma.

/// Articles that catalogues put behind the title.
const ARTICLES: [&str; 22] = [
    "The", "A", "An", "Le", "La", "Les", "L'", "Un", "Une", "Des", "El", "Los", "Las", "Una", "Il", "Lo", "Gli", "I",
    "Der", "Die", "Das", "De",
];

/// `Matrix, The` becomes `The Matrix`; what stands in brackets is a title of its own:
/// `Hate (Haine, La)` becomes `Hate (La Haine)`.
pub fn natural_title(title: &str) -> String {
    // A loop, as a title may end in any number of brackets.
    let mut head = title.trim();
    let mut asides = Vec::new();
    while let Some((before, aside)) = split_aside(head) {
        asides.push(aside);
        head = before;
    }
    let mut natural = article_first(head);
    for aside in asides.into_iter().rev() {
        natural += &format!(" ({})", article_first(aside));
    }
    natural
}

/// What stands before the last bracket: `Hate (La Haine)` becomes `Hate`.
pub fn without_aside(title: &str) -> &str {
    let mut head = title;
    while let Some((before, _)) = split_aside(head) {
        head = before;
    }
    head
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
    fn any_number_of_brackets_is_a_title() {
        let title = format!("City, The{}", " (a)".repeat(200_000));
        let natural = natural_title(&title);
        assert_eq!((&natural[..12], natural.len()), ("The City (a)", title.len() - 1));
        assert_eq!(without_aside(&natural), "The City");
    }

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
