//! Indexing without models: what is merged, counted and refused.

use std::{collections::BTreeMap, fs};

use super::*;
use crate::{
    engine::Embeddings,
    recommend::{
        Attribute,
        store::{Component, ItemVectors, ModelRecord},
    },
};

struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> Option<PathBuf> {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        Some(path)
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn index(&self, options: &IndexOptions) -> Result<(Store, IndexReport)> {
        index(&self.store(), options, None, &mut |_| ControlFlow::Continue(()))
    }

    fn refused(&self, options: &IndexOptions) -> String {
        self.index(options).map(|(_, report)| report).unwrap_err().to_string()
    }
}

fn components(store: &Store) -> BTreeMap<String, Component> {
    store.manifest().components.clone()
}

const ITEMS: &str = "item_id,title,year\n1,Heat,1995\n2,Big,\n";
const MORE_ITEMS: &str = "item_id,title,genres\n3,Jaws,Horror\n";
const RATINGS: &str = "user_id,item_id,timestamp\na,1,5\nb,2,6\na,9,1\n";
const MORE_RATINGS: &str = "user_id,item_id,timestamp\nc,3,1\na,1,5\na,2,2\n";

#[test]
fn adding_files_makes_the_store_that_all_of_them_at_once_make() {
    let (one, two) = (Workplace::new(), Workplace::new());
    let (users, facts) = ("user_id,profile,age\na,Ships.,30\n", "head,relation,tail\n1,set_in,Rome\n");
    let first = IndexOptions {
        items: one.file("a.csv", ITEMS),
        interactions: one.file("b.csv", RATINGS),
        users: one.file("c.csv", users),
        knowledge: one.file("d.csv", facts),
        ..IndexOptions::default()
    };
    let (_, report) = one.index(&first).unwrap();
    assert_eq!(report.items, Indexed { total: 2, added: 2, replaced: 0 });
    assert_eq!(report.interactions, Facts { total: 2, added: 2, duplicates: 0, replaced: 0, skipped: 1 });
    let second = IndexOptions {
        items: one.file("a2.csv", MORE_ITEMS),
        interactions: one.file("b2.csv", MORE_RATINGS),
        users: one.file("c2.csv", "user_id,profile\nb,\na,Trains.\n"),
        knowledge: one.file("d2.csv", "head,relation,tail\n1,set_in,Rome\n3,set_in,Rome\n"),
        append: true,
        ..IndexOptions::default()
    };
    let (added, report) = one.index(&second).unwrap();
    assert_eq!(report.items, Indexed { total: 3, added: 1, replaced: 0 });
    assert_eq!(report.interactions, Facts { total: 4, added: 2, duplicates: 1, replaced: 0, skipped: 0 });
    assert_eq!(report.users, Indexed { total: 2, added: 1, replaced: 1 });
    assert_eq!(report.knowledge, Facts { total: 2, added: 1, duplicates: 1, replaced: 0, skipped: 0 });
    assert_eq!(added.manifest().skipped, 1);

    let all = IndexOptions {
        items: two.file("a.csv", "item_id,title,year,genres\n1,Heat,1995,\n2,Big,,\n3,Jaws,,Horror\n"),
        interactions: two.file("b.csv", &[RATINGS, MORE_RATINGS.split_once('\n').unwrap().1].concat()),
        users: two.file("c.csv", "user_id,profile,age\na,Trains.,\nb,,\n"),
        knowledge: two.file("d.csv", "head,relation,tail\n1,set_in,Rome\n3,set_in,Rome\n"),
        ..IndexOptions::default()
    };
    let (at_once, _) = two.index(&all).unwrap();
    let (mut added, mut at_once) = (components(&added), components(&at_once));
    // An attribute that nobody has is of no kind: only what the users' files say of `age` differs.
    assert_ne!(added.remove("users"), at_once.remove("users"));
    assert_eq!(added, at_once);
}

#[test]
fn an_item_of_a_known_id_is_replaced_in_its_place_and_its_interactions_stay() {
    let workplace = Workplace::new();
    let (items, interactions) = (workplace.file("a.csv", ITEMS), workplace.file("b.csv", RATINGS));
    workplace.index(&IndexOptions { items, interactions, ..IndexOptions::default() }).unwrap();
    let items = workplace.file("c.csv", "item_id,title,year\n1,Heat again,1996\n");
    let (store, report) = workplace.index(&IndexOptions { items, append: true, ..IndexOptions::default() }).unwrap();
    assert_eq!(report.items, Indexed { total: 2, added: 0, replaced: 1 });
    assert_eq!(report.interactions.total, 2);
    let catalogue = store.catalogue().unwrap();
    assert_eq!((catalogue[0].title.as_str(), catalogue[0].year()), ("Heat again", Some(1996)));
    assert_eq!(store.interactions(&catalogue).unwrap().len(), 2);

    let items = workplace.file("c.csv", ITEMS);
    let (store, _) = workplace.index(&IndexOptions { items, replace: true, ..IndexOptions::default() }).unwrap();
    assert_eq!(store.manifest().rows.interactions, 0, "a store that is made anew holds nothing of the old one");
}

#[test]
fn roles_are_remembered_and_may_not_change() {
    let workplace = Workplace::new();
    let roles = |said: &[&str]| Roles::new(said.iter().map(|role| role.parse().unwrap()));
    let items = workplace.file("a.csv", "asin,name,code\n1,Heat,7\n");
    let said = roles(&["asin=item_id", "name=title", "code=text"]);
    workplace.index(&IndexOptions { items, roles: said, ..IndexOptions::default() }).unwrap();
    let items = workplace.file("b.csv", "asin,name,code\n2,Big,8\n");
    let again = IndexOptions { items, append: true, ..IndexOptions::default() };
    let (store, report) = workplace.index(&again).unwrap();
    assert_eq!(store.catalogue().unwrap()[1].attribute("code"), Some(&Attribute::Text("8".into())));
    let told: Vec<String> = report.roles["items"].iter().map(|role| format!("{}={}", role.column, role.role)).collect();
    assert_eq!(told, ["asin=item_id", "name=title", "code=text"]);
    let cases = [
        ("code=number", "attribute `code` is a text in the store, and cannot be a number"),
        ("codes=text", "no table has a column `codes` that can be `text`"),
        ("code=rating", "no table has a column `code` that can be `rating`"),
    ];
    for (role, message) in cases {
        assert_eq!(workplace.refused(&IndexOptions { roles: roles(&[role]), ..again.clone() }), message);
    }
}

#[test]
fn what_fails_leaves_the_old_store_or_none() {
    let workplace = Workplace::new();
    let bad = IndexOptions { items: workplace.file("bad.csv", "item_id,title\n1,\n"), ..IndexOptions::default() };
    assert!(workplace.refused(&bad).ends_with("line 2, column `title`: empty"));
    assert!(!workplace.store().exists());
    let append = IndexOptions { items: workplace.file("a.csv", ITEMS), append: true, ..IndexOptions::default() };
    assert!(workplace.refused(&append).ends_with("is no store"));
    assert!(!workplace.store().exists());
    assert_eq!(workplace.refused(&IndexOptions::default()), "a store cannot be made without items");

    let good = IndexOptions { append: false, ..append.clone() };
    let (store, _) = workplace.index(&good).unwrap();
    assert!(workplace.refused(&good).ends_with("is a store already"));
    let bad = IndexOptions { replace: true, ..bad };
    for options in [&bad, &IndexOptions { append: true, ..bad.clone() }] {
        assert!(workplace.refused(options).ends_with("empty"));
        assert_eq!(Store::open(&workplace.store()).unwrap().manifest(), store.manifest());
    }
    let interrupted = index(&workplace.store(), &append, None, &mut |_| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(interrupted, Error::Interrupted));
    assert_eq!(Store::open(&workplace.store()).unwrap().manifest(), store.manifest());
}

#[test]
fn what_was_learned_stays_when_items_are_added_and_goes_when_the_store_is_made_anew() {
    let workplace = Workplace::new();
    let (items, interactions) = (workplace.file("a.csv", ITEMS), workplace.file("b.csv", RATINGS));
    workplace.index(&IndexOptions { items, interactions, ..IndexOptions::default() }).unwrap();
    let with_model = || {
        let mut writer = StoreWriter::create_or_update(&workplace.store()).unwrap();
        writer.put("retrieval", b"weights").unwrap();
        writer.put("alignment", b"prompts").unwrap();
        writer.commit().unwrap();
    };
    with_model();
    let same = IndexOptions { items: workplace.file("a.csv", ITEMS), append: true, ..IndexOptions::default() };
    assert!(workplace.index(&same).unwrap().0.component("retrieval").unwrap().is_some());
    let more = IndexOptions { items: workplace.file("c.csv", MORE_ITEMS), ..same };
    let (store, report) = workplace.index(&more).unwrap();
    assert_eq!(store.component("retrieval").unwrap().as_deref(), Some(&b"weights"[..]));
    assert_eq!(store.component("alignment").unwrap().as_deref(), Some(&b"prompts"[..]));
    assert!(report.dropped.is_empty());
    let anew = IndexOptions { append: false, replace: true, ..more };
    assert!(workplace.index(&anew).unwrap().0.component("retrieval").unwrap().is_none());
}

#[test]
fn vectors_stay_without_an_encoder_or_nothing_is_added() {
    let workplace = Workplace::new();
    let (items, interactions) = (workplace.file("a.csv", ITEMS), workplace.file("b.csv", RATINGS));
    let (store, _) = workplace.index(&IndexOptions { items, interactions, ..IndexOptions::default() }).unwrap();
    let mut writer = StoreWriter::create_or_update(&workplace.store()).unwrap();
    let vectors = Embeddings { values: vec![1.0, 0.0, 0.0, 1.0], width: 2, tokens: 0 };
    let vectors = ItemVectors::new(vectors, &item_texts(&store.catalogue().unwrap(), false));
    let encoder = ModelRecord { reference: "tiny".into(), sha256: "0".into() };
    writer.put_embeddings(&vectors, encoder.clone()).unwrap();
    writer.put("hybrid", b"weights").unwrap();
    writer.commit().unwrap();
    let append = IndexOptions { append: true, ..IndexOptions::default() };
    let interactions = workplace.file("c.csv", RATINGS);
    // What is read out of items is no part of their texts here.
    let features = workplace.file("f.jsonl", "{\"item_id\": \"1\", \"mood\": \"dark\"}\n");
    for options in [IndexOptions { interactions, ..append.clone() }, IndexOptions { features, ..append.clone() }] {
        let (store, report) = workplace.index(&options).unwrap();
        assert_eq!(store.item_vectors().unwrap(), Some(vectors.clone()));
        assert_eq!(store.manifest().encoder(), Some(&encoder));
        assert_eq!(report.embeddings, Some(Embedded { computed: 0, reused: 2, width: 2 }));
        assert!(store.component("hybrid").unwrap().is_some() && report.dropped.is_empty());
    }
    let items = workplace.file("d.csv", MORE_ITEMS);
    let refused = workplace.refused(&IndexOptions { items, ..append });
    assert_eq!(refused, "1 of 3 items would have no vector, and without these the others are of no use");
    assert_eq!(Store::open(&workplace.store()).unwrap().item_vectors().unwrap(), Some(vectors));
}

#[test]
fn features_and_facts_become_attributes_that_tell_where_they_come_from() {
    let workplace = Workplace::new();
    let features = "{\"item_id\": \"1\", \"genres\": [\"Crime\"], \"mood\": \"dark\"}\n\
                    {\"item_id\": \"9\", \"genres\": [\"War\"], \"mood\": \"dark\"}\n";
    let all = IndexOptions {
        items: workplace.file("a.csv", "item_id,title,genres\n1,Heat,Action\n2,Big,Comedy\n"),
        users: workplace.file("u.csv", "user_id,age\na,30\n"),
        knowledge: workplace.file("k.csv", "head,relation,tail\n1,set_in,Rome\n1,set_in,Oslo\nRome,in,Italy\n"),
        features: workplace.file("f.jsonl", features),
        user_features: workplace.file("uf.jsonl", "{\"user_id\": \"b\", \"mood\": \"quiet\"}\n"),
        features_in_text: true,
        ..IndexOptions::default()
    };
    let (store, report) = workplace.index(&all).unwrap();
    assert_eq!(report.features, Facts { total: 1, added: 1, duplicates: 0, replaced: 0, skipped: 1 });
    assert_eq!(report.users, Indexed { total: 2, added: 2, replaced: 0 });
    let catalogue = store.catalogue().unwrap();
    let names = |catalogue: &crate::recommend::Catalogue| {
        catalogue.attributes().iter().map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&catalogue), ["genres", "llm_genres", "llm_mood", "kg_set_in"]);
    let many = |values: &[&str]| Attribute::Many(values.iter().map(|&value| value.to_owned()).collect());
    assert_eq!(catalogue[0].genres(), ["Action"], "what was read does not replace what is recorded");
    assert_eq!(catalogue[0].attribute("llm_genres"), Some(&many(&["Crime"])));
    assert_eq!(catalogue[0].attribute("kg_set_in"), Some(&many(&["Rome", "Oslo"])));
    assert_eq!(catalogue[1].attributes.len(), 1);
    assert!(store.manifest().features_in_text);
    let users = store.users().unwrap();
    assert_eq!(users.get("b").unwrap().attribute("llm_mood"), Some(&Attribute::Text("quiet".into())));

    // What is read anew replaces what was read, and a fact of an item that comes later finds it.
    let later = IndexOptions {
        items: workplace.file("b.csv", "item_id,title,genres\n3,Rome,Drama\n"),
        features: workplace.file("g.jsonl", "{\"item_id\": \"1\", \"genres\": [\"War\"]}\n"),
        append: true,
        ..IndexOptions::default()
    };
    let (store, _) = workplace.index(&later).unwrap();
    let catalogue = store.catalogue().unwrap();
    assert_eq!(names(&catalogue), ["genres", "llm_genres", "llm_mood", "kg_set_in"]);
    assert_eq!(catalogue[0].attribute("llm_genres"), Some(&many(&["War"])));
    assert_eq!(catalogue[0].attribute("llm_mood"), Some(&Attribute::Text("dark".into())));
    assert!(store.manifest().features_in_text, "what texts hold stays as it was");

    // A record that replaces another keeps what was read out of that one.
    let again = IndexOptions {
        items: workplace.file("c.csv", "item_id,title,genres\n1,Heat again,Drama\n"),
        append: true,
        ..IndexOptions::default()
    };
    let catalogue = workplace.index(&again).unwrap().0.catalogue().unwrap();
    assert_eq!((catalogue[0].title.as_str(), catalogue[0].genres()), ("Heat again", &["Drama".to_owned()][..]));
    assert_eq!(catalogue[0].attribute("llm_genres"), Some(&many(&["War"])));
    assert_eq!(catalogue[0].attribute("kg_set_in"), Some(&many(&["Rome", "Oslo"])));

    let bad = [
        ("h.jsonl", "{\"genres\": [\"War\"]}\n", "has no column `item_id`; its columns are genres"),
        ("i.jsonl", "{\"item_id\": 1, \"genres\": {}}\n", "line 1, column `genres`: an object, expected a text"),
        ("j.jsonl", "\n", "is empty"),
    ];
    for (name, content, message) in bad {
        let options = IndexOptions { features: workplace.file(name, content), append: true, ..IndexOptions::default() };
        let told = workplace.refused(&options);
        assert!(told.contains(name) && told.contains(message), "{told}");
    }
    let roles = Roles::new(["genres=text".parse().unwrap()]);
    let options = IndexOptions { features: later.features, roles, append: true, ..IndexOptions::default() };
    assert_eq!(workplace.refused(&options), "attribute `genres` is several values in the store, and cannot be a text");
}
