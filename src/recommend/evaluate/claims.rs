//! Whether the record that a claim names says what the claim says: looked up anew, without what planned the claim.

use crate::recommend::{
    Catalogue, Claim, Interactions,
    catalogue::{GENRES, YEAR},
    interactions::liked,
};

/// Looks a claim of an explanation for one user up in the tables.
pub fn is_backed(claim: &Claim, user: usize, catalogue: &Catalogue, interactions: &Interactions) -> bool {
    let Claim { text, source, record, field } = claim;
    let item = |id: &str| catalogue.index(id);
    match (*source, field.as_str()) {
        ("items", GENRES) => item(record).is_some_and(|item| {
            let genres = catalogue[item].genres();
            let said = text.split_once(" is tagged ").map(|(_, said)| said.split(", "));
            said.is_some_and(|mut said| said.all(|genre| genres.iter().any(|known| known == genre)))
        }),
        ("items", YEAR) => {
            let year = item(record).and_then(|item| catalogue[item].year());
            year.is_some_and(|year| text.ends_with(&format!(" came out in {year}")))
        }
        ("interactions", _) => match record.strip_prefix(&format!("{}/", interactions.user_id(user))) {
            Some(id) => item(id).is_some_and(|item| {
                let mut liked = liked(interactions.history(user)).filter(|event| event.item == item);
                liked.any(|event| match event.rating {
                    Some(rating) => text.ends_with(&format!(" {rating}")),
                    None => text.ends_with(" is in your history"),
                })
            }),
            None => pair(record, catalogue).is_some_and(|(a, b)| {
                let said = text.split_once(" users liked both ").and_then(|(count, _)| count.parse().ok());
                said == Some(liked_both(a, b, interactions))
            }),
        },
        _ => false,
    }
}

/// The items of a record `item+item`, whose ids may hold the sign themselves.
fn pair(record: &str, catalogue: &Catalogue) -> Option<(usize, usize)> {
    let mut signs = record.match_indices('+');
    signs.find_map(|(at, _)| Some((catalogue.index(&record[..at])?, catalogue.index(&record[at + 1..])?)))
}

/// How many users liked both items.
fn liked_both(a: usize, b: usize, interactions: &Interactions) -> usize {
    let likes_both = |history: &&Vec<crate::recommend::Interaction>| {
        liked(history).any(|event| event.item == a) && liked(history).any(|event| event.item == b)
    };
    interactions.histories().iter().filter(likes_both).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Interaction, Item, explain::Planner};

    #[test]
    fn claims_of_the_records_are_backed_and_changed_ones_are_not() {
        let item = |id: &str, title: &str| Item {
            id: id.into(),
            title: title.into(),
            attributes: vec![
                (YEAR.into(), Attribute::Number(1988.0)),
                (GENRES.into(), Attribute::Many(vec!["Comedy".into(), "Drama".into()])),
            ],
            ..Item::default()
        };
        let catalogue = Catalogue::new(vec![item("a+b", "Big"), item("c", "Heat")]);
        let event = |user, item| Interaction { user, item, rating: Some(4.5), timestamp: None };
        let history = |user: usize| (format!("u/{user}"), vec![event(user, 0), event(user, 1)]);
        let interactions = Interactions::from_histories((0..3).map(history));
        let plans = Planner::new(&catalogue, &interactions).plan(0, &[1]);
        assert_eq!(plans[0].claims.len(), 6);
        for (_, claim) in &plans[0].claims {
            let backed = |claim: &Claim| is_backed(claim, 0, &catalogue, &interactions);
            assert!(backed(claim), "{claim:?}");
            let other =
                ["4.5", "3 users", "Comedy", "1988"].into_iter().find(|part| claim.text.contains(part)).unwrap();
            for wrong in [
                Claim { text: claim.text.replace(other, "7 users"), ..claim.clone() },
                Claim { record: "z".into(), ..claim.clone() },
                Claim { source: "request", ..claim.clone() },
            ] {
                assert!(!backed(&wrong), "{wrong:?}");
            }
        }
    }
}
