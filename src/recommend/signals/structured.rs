//! What else than categories and years the records say of items, as words: values of attributes, parts of the range of
//! numbers, relations to other things, and what a language model read out of texts.
//!
//! A-LLMRec has numbers and categories become features of their own, instead of prose that a language model has to read.

use super::records::Categories;
use crate::recommend::{
    Attribute, AttributeColumn, Catalogue, Kind,
    catalogue::{GENRES, YEAR},
};

/// Parts of a number's range, with as many items each.
const PARTS: usize = 5;
/// Characters of a value that is a word; longer ones are texts.
const WORD: usize = 40;

/// The words of all items; none if the catalogue has no such attributes.
pub(super) fn structured(catalogue: &Catalogue) -> Option<Categories> {
    let is_told = |column: &&AttributeColumn| column.name != GENRES && column.name != YEAR;
    let columns: Vec<&AttributeColumn> = catalogue.attributes().iter().filter(is_told).collect();
    if columns.is_empty() {
        return None;
    }
    let bounds: Vec<Vec<f64>> = columns.iter().map(|column| bounds(catalogue, column)).collect();
    let words: Vec<Vec<String>> = catalogue
        .items()
        .iter()
        .map(|item| {
            let columns = columns.iter().zip(&bounds);
            columns.flat_map(|(column, bounds)| words(&column.name, item.attribute(&column.name), bounds)).collect()
        })
        .collect();
    Some(Categories::of(words.iter().map(|words| words.iter().map(String::as_str))))
}

/// What an attribute says of an item.
fn words(name: &str, attribute: Option<&Attribute>, bounds: &[f64]) -> Vec<String> {
    let is_word = |value: &&String| value.chars().count() <= WORD;
    let word = |value: &String| format!("{name}={value}");
    match attribute {
        None => Vec::new(),
        Some(Attribute::Number(number)) => {
            vec![format!("{name}~{}", bounds.iter().filter(|bound| *number > **bound).count())]
        }
        Some(Attribute::Text(value)) => [value].into_iter().filter(is_word).map(word).collect(),
        Some(Attribute::Many(values)) => values.iter().filter(is_word).map(word).collect(),
    }
}

/// Where the parts of a number's range meet, ascending.
fn bounds(catalogue: &Catalogue, column: &AttributeColumn) -> Vec<f64> {
    if column.kind != Kind::Number {
        return Vec::new();
    }
    let number = |item: &crate::recommend::Item| match item.attribute(&column.name) {
        Some(&Attribute::Number(number)) => Some(number),
        _ => None,
    };
    let mut numbers: Vec<f64> = catalogue.items().iter().filter_map(number).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let mut bounds: Vec<f64> =
        (1..PARTS).filter_map(|part| numbers.get((part * numbers.len() / PARTS).checked_sub(1)?).copied()).collect();
    bounds.dedup();
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    fn item(price: Option<f64>, more: &[(&str, Attribute)]) -> Item {
        let price = price.map(|price| ("price".to_owned(), Attribute::Number(price)));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Item { attributes: price.into_iter().chain(more).collect(), ..Item::default() }
    }

    #[test]
    fn attributes_become_words_and_numbers_parts_of_their_range() {
        let long = Attribute::Text("word ".repeat(20));
        let first = [
            ("mood", Attribute::Text("dark".into())),
            ("kg_set_in", Attribute::Many(vec!["Malta".into(), "Oslo".into()])),
            ("note", long),
            (GENRES, Attribute::Many(vec!["War".into()])),
        ];
        let mut items = vec![item(Some(0.0), &first)];
        items.extend((1..10).map(|price| item(Some(f64::from(price)), &[])));
        items.push(item(None, &[]));
        let catalogue = Catalogue::new(items);
        let price = &catalogue.attributes()[0];
        assert_eq!(bounds(&catalogue, price), [1.0, 3.0, 5.0, 7.0]);
        let words = |at: usize| {
            let columns = catalogue.attributes().iter().filter(|column| column.name != GENRES);
            let words = columns.flat_map(|column| {
                words(&column.name, catalogue[at].attribute(&column.name), &bounds(&catalogue, column))
            });
            words.collect::<Vec<_>>()
        };
        assert_eq!(words(0), ["price~0", "mood=dark", "kg_set_in=Malta", "kg_set_in=Oslo"]);
        assert_eq!((words(9), words(10)), (vec!["price~4".to_owned()], vec![]));
        assert_eq!(structured(&catalogue).expect("words").common().len(), 8);
        assert!(structured(&Catalogue::new(vec![Item::default()])).is_none());
    }
}
