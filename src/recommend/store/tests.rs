//! What a store promises: whole at every moment, one writer, every damage told.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use super::*;
use crate::recommend::{Attribute, Item, Triple, UnknownItems, User};

/// Items `0` to `items - 1` whose titles name an edition.
fn catalogue(items: usize, edition: usize) -> Catalogue {
    let item = |id: usize| Item {
        id: id.to_string(),
        title: format!("Title {id} of edition {edition}"),
        description: None,
        attributes: vec![("year".into(), Attribute::Number(1990.0 + id as f64))],
    };
    Catalogue::new((0..items).map(item).collect())
}

fn interactions(catalogue: &Catalogue) -> Interactions {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.csv");
    fs::write(&path, "user_id,item_id,rating,review\na,0,5,Good.\nb,1,3,\na,none,1,\n").unwrap();
    Interactions::read(&path, catalogue, UnknownItems::Skip, &Default::default()).unwrap()
}

fn vectors(catalogue: &Catalogue) -> ItemVectors {
    let values = (0..catalogue.len() * 2).map(|value| value as f32).collect();
    let texts: Vec<String> = catalogue.items().iter().map(Item::text).collect();
    ItemVectors::new(Embeddings { values, width: 2, tokens: 0 }, &texts)
}

fn encoder() -> ModelRecord {
    ModelRecord { reference: "minilm-l6".into(), sha256: "0".repeat(64) }
}

/// Puts everything that a store can hold.
fn fill(writer: &mut StoreWriter, catalogue: &Catalogue) {
    writer.put_catalogue(catalogue).unwrap();
    writer.put_interactions(&interactions(catalogue), catalogue).unwrap();
    let user = User { id: "a".into(), profile: Some("I like ships.".into()), attributes: Vec::new() };
    writer.put_users(&Users::new(vec![user])).unwrap();
    let triple = Triple { head: "1".into(), relation: "sequel_of".into(), tail: "0".into() };
    writer.put_knowledge(&Knowledge::new([triple])).unwrap();
    writer.put_embeddings(&vectors(catalogue), encoder()).unwrap();
    writer.put("retrieval", b"weights").unwrap();
    writer.put("hybrid", b"more weights").unwrap();
}

fn make(path: &Path, items: usize) -> Store {
    let mut writer = StoreWriter::create_or_update(path).unwrap();
    fill(&mut writer, &catalogue(items, 0));
    writer.commit().unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The files that a store needs.
fn needed(store: &Store) -> BTreeSet<String> {
    let files = store.manifest().components.values().map(|component| component.file.clone());
    files.chain(["manifest.json".into(), "docent.lock".into()]).collect()
}

fn told<T>(result: Result<T>, folder: &Path) -> String {
    match result {
        Ok(_) => "no error".into(),
        Err(error) => error.to_string().replace(&folder.display().to_string(), "S"),
    }
}

#[test]
fn everything_comes_back_and_nothing_else_is_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/store");
    let store = make(&path, 3);
    let catalogue = catalogue(3, 0);
    assert_eq!(store.catalogue().unwrap(), catalogue);
    let back = store.interactions(&catalogue).unwrap();
    assert_eq!((back.histories(), back.skipped()), (interactions(&catalogue).histories(), 1));
    assert_eq!(back.review(0, 0), Some("Good."));
    assert_eq!(store.users().unwrap().get("a").unwrap().profile.as_deref(), Some("I like ships."));
    assert_eq!(store.knowledge().unwrap().about("0").count(), 1);
    assert_eq!(store.embeddings().unwrap(), Some(vectors(&catalogue).vectors));
    assert_eq!(store.component("hybrid").unwrap().as_deref(), Some(&b"more weights"[..]));
    assert_eq!(store.component("nothing").unwrap(), None);
    let manifest = store.manifest();
    let rows = Rows { items: 3, interactions: 2, users: 1, knowledge: 1 };
    assert_eq!((manifest.rows, manifest.skipped, &manifest.models["encoder"]), (rows, 1, &encoder()));
    assert_eq!(names(&path), needed(&store));

    let mut writer = StoreWriter::create_or_update(&path).unwrap();
    writer.put("retrieval", b"other weights").unwrap();
    let next = writer.commit().unwrap();
    assert_eq!(next.component("retrieval").unwrap().as_deref(), Some(&b"other weights"[..]));
    assert_eq!(names(&path), needed(&next));
    let before = store.component("retrieval");
    if cfg!(unix) {
        assert_eq!(before.unwrap().as_deref(), Some(&b"weights"[..]), "a reader keeps what it opened");
    }
}

type Change<'a> = &'a dyn Fn(&mut StoreWriter);

#[test]
fn what_is_derived_goes_with_what_it_is_derived_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path, 3);
    let all = ["catalogue", "embeddings", "hybrid", "interactions", "knowledge", "retrieval", "users"];
    let sources = ["catalogue", "embeddings", "interactions", "knowledge", "users"];
    let without_vectors = ["catalogue", "interactions", "knowledge", "users"];
    let (same, other) = (catalogue(3, 0), catalogue(3, 1));
    let cases: [(&str, Change<'_>, &[&str]); 8] = [
        ("nothing", &|_| {}, &all),
        ("the same", &|w| w.put_catalogue(&same).unwrap(), &all),
        ("the same", &|w| w.put_interactions(&interactions(&same), &same).unwrap(), &all),
        ("a catalogue", &|w| w.put_catalogue(&other).unwrap(), &without_vectors),
        ("interactions", &|w| w.put_interactions(&Interactions::default(), &same).unwrap(), &sources),
        ("users", &|w| w.put_users(&Users::default()).unwrap(), &sources),
        ("no users", &|w| w.remove(USERS), &["catalogue", "embeddings", "interactions", "knowledge"]),
        (
            "a model",
            &|w| w.remove("hybrid"),
            &["catalogue", "embeddings", "interactions", "knowledge", "retrieval", "users"],
        ),
    ];
    for (what, change, kept) in cases {
        let mut writer = StoreWriter::create_or_update(&path).unwrap();
        change(&mut writer);
        let names: Vec<&str> = writer.manifest().components.keys().map(String::as_str).collect();
        assert_eq!(names, kept, "{what}");
    }
    let mut writer = StoreWriter::create_or_update(&path).unwrap();
    writer.put_catalogue(&other).unwrap();
    let store = writer.commit().unwrap();
    assert!(store.embeddings().unwrap().is_none() && store.manifest().models.is_empty());
    assert_eq!(names(&path), needed(&store));
}

#[test]
fn one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let writer = StoreWriter::create_or_update(&path).unwrap();
    for second in [StoreWriter::create_or_update(&path), StoreWriter::replace(&path)] {
        let error = second.unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("wait until it is done"));
        assert_eq!(told::<()>(Err(error), &path), "`S` is being written by another process");
    }
    drop(writer);
    assert!(!path.exists(), "a new store that is given up leaves nothing");
    assert!(StoreWriter::create_or_update(&path).is_ok());
}

#[test]
fn places_that_are_taken_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("cat.jpg"), "").unwrap();
    let message = "`S` is a folder that is neither empty nor a store";
    assert_eq!(told(StoreWriter::create_or_update(&path), &path), message);
    assert_eq!(told(StoreWriter::replace(&path), &path), message);
    assert_eq!(told(Store::open(&path), &path), "`S` is no store");
    assert_eq!(names(&path), ["cat.jpg".to_owned()].into());
    let file = path.join("cat.jpg");
    for taken in [file.clone(), file.join("store")] {
        assert_eq!(told(StoreWriter::create_or_update(&taken), &taken), "`S` cannot be written");
        assert_eq!(told(Store::open(&taken), &taken), "`S` is no store");
    }
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    make(&empty, 2);
}

#[test]
fn every_damaged_component_is_told_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = make(&path, 3);
    for (name, component) in &store.manifest().components {
        let file = path.join(&component.file);
        let whole = fs::read(&file).unwrap();
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| bytes[0] ^= 1,
            |bytes| bytes.iter_mut().last().map_or((), |byte| *byte ^= 0x80),
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes.push(0),
        ];
        for damage in damages {
            let mut bytes = whole.clone();
            damage(&mut bytes);
            fs::write(&file, bytes).unwrap();
            let store = Store::open(&path).unwrap();
            let catalogue = catalogue(3, 0);
            let read = match name.as_str() {
                CATALOGUE => told(store.catalogue(), &path),
                INTERACTIONS => told(store.interactions(&catalogue), &path),
                USERS => told(store.users(), &path),
                KNOWLEDGE => told(store.knowledge(), &path),
                EMBEDDINGS => told(store.embeddings(), &path),
                other => told(store.component(other), &path),
            };
            let message = "is damaged: its checksum is not the one in the store's manifest";
            assert_eq!(read, format!("`S/{}` {message}", component.file));
        }
        fs::remove_file(&file).unwrap();
        let error = Store::open(&path).unwrap_err();
        let hint = format!("make the store anew: `docent index {} --items FILE --replace`", path.display());
        assert_eq!(error.hint(), Some(hint));
        let message = format!("`S/{}` is missing, and the store's manifest names it", component.file);
        assert_eq!(told::<()>(Err(error), &path), message);
        fs::write(&file, whole).unwrap();
    }
    assert!(Store::open(&path).unwrap().catalogue().is_ok());
}

#[test]
fn a_store_that_cannot_be_read_is_only_replaced_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for manifest in ["{\"format\": 99}", "{"] {
        make(&path, 2);
        fs::write(path.join("manifest.json"), manifest).unwrap();
        assert!(StoreWriter::create_or_update(&path).is_err());
        let before = names(&path);
        let mut writer = StoreWriter::replace(&path).unwrap();
        assert!(writer.current().is_none());
        assert_eq!(names(&path), before);
        fill(&mut writer, &catalogue(4, 1));
        let store = writer.commit().unwrap();
        assert_eq!(store.catalogue().unwrap(), catalogue(4, 1));
        assert_eq!(names(&path), needed(&store));
    }
}

#[test]
fn a_writer_that_gives_up_leaves_the_old_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = make(&path, 3);
    let before = names(&path);
    for begin in [StoreWriter::create_or_update, StoreWriter::replace] {
        let mut writer = begin(&path).unwrap();
        fill(&mut writer, &catalogue(2, 9));
        assert_ne!(names(&path), before);
        drop(writer);
        assert_eq!(names(&path), before);
        assert_eq!(Store::open(&path).unwrap().manifest(), store.manifest());
    }
    let mut writer = StoreWriter::create_or_update(&path).unwrap();
    assert_eq!(told(writer.put("No", b""), &path), "`S` can have no component `No`: a name is made of a-z, 0-9 and _");
    let wrong = writer.put_embeddings(&vectors(&catalogue(2, 0)), encoder()).unwrap_err();
    assert_eq!(wrong.to_string(), "2 vectors for 3 items");
}

#[test]
fn the_next_writer_removes_what_a_killed_one_left_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = make(&path, 3);
    let left = ["manifest.json.partial", "catalogue-0123456789abcdef.parquet", "hybrid-0123456789abcdef.bin.partial"];
    let others = ["sessions.sqlite", "notes.txt"];
    left.iter().chain(&others).for_each(|name| fs::write(path.join(name), "half").unwrap());
    drop(StoreWriter::create_or_update(&path).unwrap());
    let expected: BTreeSet<String> = needed(&store).into_iter().chain(others.map(str::to_owned)).collect();
    assert_eq!(names(&path), expected);

    // A writer that was killed before its first manifest.
    let begun = folder.path().join("begun");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join("docent.lock"), "").unwrap();
    fs::write(begun.join(left[1]), "half").unwrap();
    assert_eq!(told(Store::open(&begun), &begun), "`S` is no store");
    let store = make(&begun, 2);
    assert_eq!(names(&begun), needed(&store));
}

#[test]
fn a_file_that_was_damaged_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = make(&path, 3);
    let file = path.join(&store.manifest().components[CATALOGUE].file);
    fs::write(&file, "damaged").unwrap();
    let mut writer = StoreWriter::replace(&path).unwrap();
    writer.put_catalogue(&catalogue(3, 0)).unwrap();
    assert_eq!(writer.commit().unwrap().catalogue().unwrap(), catalogue(3, 0));
}

#[test]
fn readers_see_one_edition_while_another_is_written() {
    const EDITIONS: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let write = |edition: usize| {
        let mut writer = StoreWriter::create_or_update(&path).unwrap();
        let catalogue = catalogue(1 + edition % 5, edition);
        writer.put_catalogue(&catalogue).unwrap();
        writer.put_embeddings(&vectors(&catalogue), encoder()).unwrap();
        writer.put("edition", edition.to_string().as_bytes()).unwrap();
        writer.commit().unwrap();
    };
    write(0);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let mut reads = 0;
            while !is_done.load(Ordering::Relaxed) || reads == 0 {
                let store = Store::open(&path).unwrap();
                let catalogue = store.catalogue().unwrap();
                let edition = String::from_utf8(store.component("edition").unwrap().unwrap()).unwrap();
                assert!(catalogue[0].title.ends_with(&format!("edition {edition}")));
                assert_eq!(store.embeddings().unwrap().unwrap().rows().len(), catalogue.len());
                reads += 1;
            }
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        (1..EDITIONS).for_each(write);
        is_done.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn what_was_learned_is_not_put_into_a_store_that_was_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let learned_from = make(&path, 3);
    StoreWriter::update_with(&learned_from, &[CATALOGUE, INTERACTIONS, EMBEDDINGS]).unwrap();
    let mut writer = StoreWriter::replace(&path).unwrap();
    fill(&mut writer, &catalogue(3, 1));
    writer.commit().unwrap();
    let error = StoreWriter::update_with(&learned_from, &[INTERACTIONS, CATALOGUE]).unwrap_err();
    assert!(error.to_string().ends_with("has another `catalogue` than what was learned from"), "{error}");
    StoreWriter::update_with(&learned_from, &[INTERACTIONS]).unwrap();
}

#[test]
fn an_encoder_is_told_from_others_by_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("a.bin"), folder.path().join("b.bin"));
    fs::write(&own, "own").unwrap();
    fs::write(&other, "other").unwrap();
    let catalogue = catalogue(2, 0);
    let mut writer = StoreWriter::create_or_update(&folder.path().join("store")).unwrap();
    writer.put_catalogue(&catalogue).unwrap();
    let sha256 = fingerprint(std::slice::from_ref(&own)).unwrap();
    writer.put_embeddings(&vectors(&catalogue), ModelRecord { reference: "own".into(), sha256 }).unwrap();
    let store = writer.commit().unwrap();
    store.require_encoder("own", &[own]).unwrap();
    let error = store.require_encoder("own", std::slice::from_ref(&other)).unwrap_err();
    assert_eq!(error.to_string(), "the store's vectors come from the encoder `own`, not from `own`");
    let mut writer = StoreWriter::create_or_update(&folder.path().join("store")).unwrap();
    writer.remove(EMBEDDINGS);
    writer.commit().unwrap().require_encoder("other", &[other]).unwrap();
}
