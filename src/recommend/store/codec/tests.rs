//! Records come back as they were put, whatever they hold.

use proptest::prelude::*;

use super::*;
use crate::{
    engine::Embeddings,
    recommend::{
        Attribute, Catalogue, Item, Knowledge, Triple, User, Users, interactions::Gathering, store::StoreFault,
    },
};

fn attributes() -> impl Strategy<Value = Vec<(String, Attribute)>> {
    let number = prop::option::of(prop::num::f64::NORMAL.prop_map(Attribute::Number));
    let many = prop::option::of(prop::collection::vec(".{0,4}", 0..4).prop_map(Attribute::Many));
    let text = prop::option::of(".{0,8}".prop_map(Attribute::Text));
    (number, many, text).prop_map(|(number, many, text)| {
        let columns = [("year", number), ("genres", many), ("a text, quoted", text)];
        columns.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (".{0,12}", prop::option::of(".{0,12}"), attributes());
    prop::collection::vec(item, 0..12).prop_map(|items| {
        let item = |(place, (title, description, attributes)): (usize, (String, _, _))| Item {
            id: format!("{place}"),
            title,
            description,
            attributes,
        };
        items.into_iter().enumerate().map(item).collect()
    })
}

proptest! {
    #[test]
    fn catalogues_come_back(items in items()) {
        // Attributes come in the order of their columns, which is that of their first occurrence.
        let catalogue = Catalogue::new(items);
        let bytes = catalogue::encode(&catalogue).unwrap();
        prop_assert_eq!(&bytes, &catalogue::encode(&catalogue).unwrap());
        let back = catalogue::decode(bytes).unwrap();
        prop_assert_eq!(back.attributes(), catalogue.attributes());
        for (back, item) in back.items().iter().zip(catalogue.items()) {
            prop_assert_eq!((&back.id, &back.title, &back.description), (&item.id, &item.title, &item.description));
            prop_assert_eq!(back.attributes.len(), item.attributes.len());
            for (name, attribute) in &item.attributes {
                prop_assert_eq!(back.attribute(name), Some(attribute));
            }
        }
        prop_assert_eq!(back.len(), catalogue.len());
    }

    #[test]
    fn users_come_back(users in prop::collection::vec((prop::option::of(".{0,12}"), attributes()), 0..8)) {
        let user = |(id, (profile, attributes)): (usize, (Option<String>, Vec<_>))| User {
            id: id.to_string(),
            profile,
            attributes,
        };
        let users = Users::new(users.into_iter().enumerate().map(user).collect());
        let back = users::decode(users::encode(&users).unwrap()).unwrap();
        prop_assert_eq!(back.attributes(), users.attributes());
        for (back, user) in back.users().iter().zip(users.users()) {
            prop_assert_eq!((&back.id, &back.profile), (&user.id, &user.profile));
            prop_assert!(user.attributes.iter().all(|(name, attribute)| back.attribute(name) == Some(attribute)));
        }
        prop_assert_eq!(back.len(), users.len());
    }

    #[test]
    fn interactions_come_back(
        events in prop::collection::vec(
            (0u8..4, 0usize..5, prop::option::of(0f32..5.0), prop::option::of(0i64..4), prop::option::of(".{1,9}")),
            0..30,
        ),
        skipped in 0usize..3,
    ) {
        let item = |id: u8| Item { id: id.to_string(), title: "a".into(), ..Item::default() };
        let catalogue = Catalogue::new((0..5).map(item).collect());
        let mut gathering = Gathering::default();
        (0..skipped).for_each(|_| gathering.skip());
        for (user, item, rating, timestamp, review) in events {
            gathering.push(&format!("user {user}"), item, rating, timestamp, review);
        }
        let (interactions, _) = gathering.finish(&catalogue);
        let bytes = interactions::encode(&interactions, &catalogue).unwrap();
        let back = interactions::decode(bytes, &catalogue, skipped).unwrap();
        prop_assert_eq!(back.histories(), interactions.histories());
        prop_assert_eq!((back.skipped(), back.users(), back.duplicates()), (skipped, interactions.users(), 0));
        for (user, history) in back.histories().iter().enumerate() {
            prop_assert_eq!(back.user_id(user), interactions.user_id(user));
            for place in 0..history.len() {
                prop_assert_eq!(back.review(user, place), interactions.review(user, place));
            }
        }
    }
}

#[test]
fn facts_and_vectors_come_back() {
    let triple = |head: &str, relation: &str, tail: &str| Triple {
        head: head.into(),
        relation: relation.into(),
        tail: tail.into(),
    };
    let knowledge = Knowledge::new([triple("1", "set_in", "Ålesund"), triple("2", "sequel_of", "1")]);
    assert_eq!(knowledge::decode(knowledge::encode(&knowledge).unwrap()).unwrap(), knowledge);

    let vectors = Embeddings { values: vec![1.0, -0.5, f32::MIN_POSITIVE, 0.0], width: 2, tokens: 0 };
    let vectors = ItemVectors::new(vectors, &["a", "b"]);
    assert_eq!(embeddings::decode(&embeddings::encode(&vectors).unwrap()).unwrap(), vectors);
    assert_eq!(vectors.find(&["b", "c", "a"]), [Some(1), None, Some(0)]);
    let none = ItemVectors::default();
    assert_eq!(embeddings::decode(&embeddings::encode(&none).unwrap()).unwrap(), none);
    let nan = ItemVectors::new(Embeddings { values: vec![f32::NAN], width: 1, tokens: 0 }, &["a"]);
    assert!(matches!(embeddings::decode(&embeddings::encode(&nan).unwrap()), Err(StoreFault::Content(_))));
    assert!(embeddings::decode(b"nothing").is_err() && catalogue::decode(b"nothing".to_vec()).is_err());
}

#[test]
fn records_without_a_form_are_refused() {
    let item = |name: &str, attribute| Item { attributes: vec![(name.into(), attribute)], ..Item::default() };
    let cases = [
        (vec![item("title", Attribute::Number(1.0))], "attribute `title` has the name of a fixed column"),
        (
            vec![item("year", Attribute::Number(1.0)), item("year", Attribute::Text("a".into()))],
            "attribute `year` is of several kinds",
        ),
    ];
    for (items, why) in cases {
        let fault = catalogue::encode(&Catalogue::new(items)).unwrap_err();
        assert_eq!(fault.to_string(), format!("cannot hold these records: {why}"));
    }
}
