//! `index`: what it tells, every input that it refuses, and what is on the disk when it fails or is killed.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use docent::recommend::{Store, StoreWriter};

use super::{Workplace, json, stdout};
use crate::support::minilm;

const ITEMS: &str = "item_id,title,year,genres\n1,Heat,1995,Action|Crime\n2,Big,1988,Comedy\n";
const RATINGS: &str = "user_id,item_id,rating,timestamp\na,1,5,10\nb,2,3,11\n";

/// A workplace with sound files.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("items.csv", ITEMS);
    workplace.write("ratings.csv", RATINGS);
    workplace
}

/// Runs `index` without vectors.
fn arguments<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["index", "store", "--no-embeddings"], arguments].concat()
}

/// The transcript with the digits of checksums in files' names taken out.
fn transcript(workplace: &Workplace, arguments: &[&str]) -> String {
    let told = workplace.transcript(arguments);
    let is_sum = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = told.split_inclusive(['-', '.']).map(|word| match is_sum(word.trim_end_matches(['-', '.'])) {
        true => word.replace(|c: char| c.is_ascii_hexdigit(), "0"),
        false => word.to_owned(),
    });
    words.collect()
}

#[test]
fn files_become_a_store_and_more_files_are_added() {
    let workplace = workplace();
    workplace.write("users.jsonl", "{\"user_id\": \"a\", \"profile\": \"Heists.\", \"age\": 30}\n");
    workplace.write("facts.kg", "head_id:token\trelation_id:token\ttail_id:token\n1\tset_in\tLos Angeles\n");
    let first =
        ["--items", "items.csv", "--interactions", "ratings.csv", "--users", "users.jsonl", "--knowledge", "facts.kg"];
    insta::assert_snapshot!("index", workplace.transcript(&arguments(&first)));

    workplace.write("more.csv", "asin,name,tags,shelf\n2,Big again,a|b,x\n3,Jaws,,y\n");
    workplace.write("events.inter", "user_id:token\titem_id:token\ttimestamp:float\na\t3\t20\na\t1\t10\na\t9\t1\n");
    let roles = ["--role", "asin=item_id", "--role", "name=title", "--role", "shelf=ignore"];
    let second = [&["--append", "--items", "more.csv", "--interactions", "events.inter"], &roles[..]].concat();
    insta::assert_snapshot!("index-append", workplace.transcript(&arguments(&second)));
    let report = json(workplace.run(&arguments(&[&second[..], &["--json", "--quiet"]].concat())));
    assert_eq!(report["items"], serde_json::json!({"total": 3, "added": 0, "replaced": 2}));
    let interactions = serde_json::json!({"total": 3, "added": 0, "duplicates": 2, "replaced": 0, "skipped": 1});
    assert_eq!(report["interactions"], interactions);
    assert_eq!(report["roles"]["items"][3], serde_json::json!({"column": "shelf", "role": "ignore"}));

    let store = Store::open(&workplace.path("store")).expect("a store");
    let catalogue = store.catalogue().expect("a catalogue");
    let titles: Vec<&str> = catalogue.items().iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["Heat", "Big again", "Jaws"]);
    assert_eq!(store.manifest().skipped, 2);
}

#[test]
fn columns_of_other_names_are_genres_and_years() {
    let workplace = workplace();
    workplace.write("kinds.csv", "item_id,title,kinds,since\n1,Heat,Action; Crime,1995\n2,Big,Comedy,1988\n");
    let roles = ["--role", "kinds=genres", "--role", "since=year"];
    let items = ["--items", "kinds.csv", "--interactions", "ratings.csv"];
    insta::assert_snapshot!("index-genres", workplace.transcript(&arguments(&[&items[..], &roles[..]].concat())));
    // What is added later has the same columns.
    workplace.write("more.csv", "item_id,title,kinds,since\n3,Jaws,Thriller,1975\n");
    json(workplace.run(&arguments(&["--append", "--items", "more.csv", "--json"])));
    let catalogue = Store::open(&workplace.path("store")).and_then(|store| store.catalogue()).expect("a catalogue");
    let known: Vec<_> = catalogue.items().iter().map(|item| (item.genres().join(" "), item.year())).collect();
    let expected = [("Action Crime", 1995), ("Comedy", 1988), ("Thriller", 1975)];
    assert_eq!(known, expected.map(|(genres, year)| (genres.to_owned(), Some(year))));
    let list = ["recommend", "store", "--user", "a", "--diversity", "0.5", "--diversify", "calibrated", "--json"];
    assert_eq!(json(workplace.run(&list))["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn cells_may_be_parted_by_semicolons_or_tabs() {
    let workplace = Workplace::new();
    workplace.write("items.csv", "item_id;title;score\n1;\"Heat; again\";4,5\n2;Big, too;3\n");
    workplace.write("ratings.csv", "user_id\titem_id\trating\na\t1\t4,5\n");
    let files = ["--items", "items.csv", "--interactions", "ratings.csv"];
    insta::assert_snapshot!("index-semicolons", workplace.transcript(&arguments(&files)));
    let store = Store::open(&workplace.path("store")).expect("a store");
    let catalogue = store.catalogue().expect("a catalogue");
    let titles: Vec<&str> = catalogue.items().iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["Heat; again", "Big, too"]);
    assert_eq!(store.interactions(&catalogue).expect("interactions").history(0)[0].rating, Some(4.5));
}

#[test]
fn vectors_are_kept_where_text_and_encoder_are_the_same() {
    let workplace = Workplace::with_models();
    workplace.write("items.csv", ITEMS);
    let index = |arguments: &[&str]| json(workplace.run(&[&["index", "store", "--json"], arguments].concat()));
    let counts = |report: &serde_json::Value| report["embeddings"].clone();
    let computed = |computed, reused| serde_json::json!({"computed": computed, "reused": reused, "width": 384});
    assert_eq!(counts(&index(&["--items", "items.csv"])), computed(2, 0));
    let vectors = || Store::open(&workplace.path("store")).and_then(|store| store.embeddings()).expect("vectors");
    let first = vectors().expect("vectors").values;
    workplace.write("more.csv", "item_id,title,year,genres\n2,Big again,1988,Comedy\n3,Jaws,1975,Thriller\n");
    assert_eq!(counts(&index(&["--append", "--items", "more.csv"])), computed(2, 1));
    let second = vectors().expect("vectors").values;
    assert_eq!((second.len(), &second[..384]), (3 * 384, &first[..384]));
    assert_ne!(second[384..768], first[384..]);
    let without = ["index", "store", "--append", "--items", "items.csv", "--no-embeddings", "--quiet"];
    insta::assert_snapshot!("index-lost-vectors", workplace.transcript(&without));
    assert_eq!(vectors().expect("vectors").values, second, "nothing is lost");
    assert_eq!(counts(&index(&["--items", "items.csv", "--replace"])), computed(1, 1));
    assert_eq!(vectors().expect("vectors").values, first, "the same bits, whatever the batch");
    assert!(index(&["--items", "items.csv", "--no-embeddings", "--replace"])["embeddings"].is_null());
    assert!(vectors().is_none());
}

#[test]
fn a_store_keeps_its_encoder_and_is_asked_by_no_other() {
    let workplace = Workplace::with_models();
    workplace.write("items.csv", ITEMS);
    // The same weights with another byte beside them: another encoder of the same width.
    let copy = |from: &Path, to: &Path| {
        fs::create_dir(to).expect("a writable folder");
        let files = fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path());
        for file in files.filter(|file| file.is_file()) {
            fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("a writable folder");
        }
    };
    copy(minilm(), &workplace.path("other"));
    copy(&minilm().join("1_Pooling"), &workplace.path("other/1_Pooling"));
    let described = workplace.read("other/config_sentence_transformers.json");
    workplace.write("other/config_sentence_transformers.json", format!("{described}\n"));
    json(workplace.run(&["index", "store", "--items", "items.csv", "--encoder", "./other", "--json"]));
    workplace.write("more.csv", "item_id,title,year,genres\n3,Jaws,1975,Thriller\n");
    let added = json(workplace.run(&["index", "store", "--append", "--items", "more.csv", "--json"]));
    assert_eq!(added["embeddings"]["reused"], 2, "what is added comes from the store's encoder");
    let found = json(workplace.run(&["search", "store", "--query", "a shark", "--json", "--quiet"]));
    assert_eq!(found["items"].as_array().map(Vec::len), Some(3));
    let other = ["search", "store", "--query", "a shark", "--encoder", "minilm-l6", "--quiet"];
    insta::assert_snapshot!("other-encoder", workplace.transcript(&other));
    // What was learned with the old vectors goes with them, and that is told.
    workplace.write("more.csv", "item_id,title,year,genres\n4,Alien,1979,Horror\n");
    let mut writer = StoreWriter::create_or_update(&workplace.path("store")).expect("a store");
    writer.put("hybrid", b"weights").expect("a writable store");
    writer.commit().expect("a writable store");
    let change = ["index", "store", "--append", "--items", "more.csv", "--encoder", "minilm-l6", "--json"];
    assert_eq!(json(workplace.run(&change))["dropped"], serde_json::json!(["hybrid"]));
}

#[test]
fn bad_files_are_refused_and_nothing_is_made() {
    let workplace = workplace();
    let items: [(&str, &[u8]); 15] = [
        ("missing-id.csv", b"item_id,title\n1,a\n,b\n"),
        ("missing-title.csv", b"item_id,title\n1,a\n2,\n"),
        ("duplicate-id.csv", b"item_id,title\n1,a\n2,b\n1,c\n"),
        ("ragged.csv", b"item_id,title\n1,a\n2,b,c\n"),
        ("latin1.csv", b"item_id,title\n1,a\n2,caf\xe9\n"),
        ("nan.csv", b"item_id,title,price\n1,a,9.5\n2,b,NaN\n"),
        ("no-title.csv", b"item_id,name\n1,a\n"),
        ("no-id.csv", b"asin,title\n1,a\n"),
        ("empty.csv", b""),
        ("header.csv", b"item_id,title\n"),
        ("broken.jsonl", b"{\"item_id\": 1, \"title\": \"a\"}\n{\"item_id\": 2, \"title\": \n"),
        ("nested.jsonl", b"{\"item_id\": 1, \"title\": \"a\", \"details\": {\"x\": 1}}\n"),
        ("damaged.parquet", b"PAR1 nothing that a footer would describe PAR1"),
        ("items.txt", b"item_id,title\n1,a\n"),
        ("bars.csv", b"item_id|title\n1|a\n"),
    ];
    for (name, content) in items {
        workplace.write(name, content);
        let told = workplace.transcript(&arguments(&["--items", name]));
        insta::assert_snapshot!(format!("index-items-{}", name.replace('.', "-")), told);
    }
    let interactions: [(&str, &[u8]); 6] = [
        ("unknown-column.csv", b"user_id,item_id,when\na,1,5\n"),
        ("no-user.csv", b"user_id,item_id\n,1\n"),
        ("nan-rating.csv", b"user_id,item_id,rating\na,1,NaN\n"),
        ("bad-time.csv", b"user_id,item_id,timestamp\na,1,noon\n"),
        ("no-rows.csv", b"user_id,item_id\n"),
        ("unknown-item.csv", b"user_id,item_id\na,1\na,99\n"),
    ];
    for (name, content) in interactions {
        workplace.write(name, content);
        let files = ["--items", "items.csv", "--interactions", name, "--unknown-items", "refuse", "--quiet"];
        let told = workplace.transcript(&arguments(&files));
        insta::assert_snapshot!(format!("index-interactions-{}", name.replace('.', "-")), told);
    }
    let files = ["--items", "items.csv", "--interactions", "unknown-item.csv"];
    workplace.write("users.csv", "user_id,age\na,3\na,4\n");
    workplace.write("facts.csv", "head,relation,tail\n1,,2\n");
    for (name, arguments) in [
        ("missing", arguments(&["--items", "nothing.csv"])),
        ("users", arguments(&["--items", "items.csv", "--users", "users.csv", "--quiet"])),
        ("facts", arguments(&["--items", "items.csv", "--knowledge", "facts.csv", "--quiet"])),
        ("no-items", arguments(&[])),
        ("nothing-to-add", arguments(&["--append"])),
        ("append-nowhere", arguments(&["--append", "--items", "items.csv"])),
        ("role", arguments(&["--items", "items.csv", "--role", "year=numeric"])),
        ("unused-role", arguments(&["--items", "items.csv", "--role", "yaer=text", "--quiet"])),
        ("policy", arguments(&["--items", "items.csv", "--unknown-items", "drop"])),
    ] {
        insta::assert_snapshot!(format!("index-{name}"), workplace.transcript(&arguments));
    }
    assert!(!workplace.path("store").exists());
    insta::assert_snapshot!("index-skip", workplace.transcript(&arguments(&files)));
}

#[test]
fn places_that_cannot_be_written_are_refused() {
    let workplace = workplace();
    fs::create_dir(workplace.path("photos")).expect("a folder");
    workplace.write("photos/cat.jpg", "");
    for (name, place) in [("foreign", "photos"), ("file", "items.csv"), ("below-file", "items.csv/store")] {
        let told = workplace.transcript(&["index", place, "--items", "items.csv", "--no-embeddings"]);
        insta::assert_snapshot!(format!("index-place-{name}"), told);
    }
    assert_eq!(workplace.names(), ["items.csv", "photos", "ratings.csv"]);
}

#[test]
fn stores_that_cannot_be_read_are_told() {
    let workplace = workplace();
    let all = arguments(&["--items", "items.csv", "--interactions", "ratings.csv", "--replace"]);
    let make = || stdout(workplace.run(&all));
    let add = arguments(&["--append", "--items", "items.csv"]);
    make();
    let component = |name: &str| {
        let store = Store::open(&workplace.path("store")).expect("a store");
        store.path().join(&store.manifest().components[name].file)
    };
    for name in ["catalogue"] {
        let mut bytes = fs::read(component(name)).expect("a file");
        bytes[40] ^= 1;
        fs::write(component(name), bytes).expect("a writable file");
        insta::assert_snapshot!(format!("index-store-damaged-{name}"), transcript(&workplace, &add));
    }
    make();
    workplace
        .write("store/manifest.json", workplace.read("store/manifest.json").replace("\"items\": 2", "\"items\": 3"));
    insta::assert_snapshot!("index-store-manifest", workplace.transcript(&add));
    make();
    workplace.write("store/manifest.json", "{\"format\": 99, \"shape\": \"round\"}");
    insta::assert_snapshot!("index-store-version", workplace.transcript(&add));
    make();
    let file = component("catalogue");
    fs::remove_file(&file).expect("a file");
    insta::assert_snapshot!("index-store-missing", transcript(&workplace, &add));
    make();
    let lock = fs::File::open(workplace.path("store/docent.lock")).expect("a lock file");
    lock.lock().expect("a lock");
    insta::assert_snapshot!("index-store-locked", workplace.transcript(&add));
}

#[test]
fn a_store_is_replaced_only_if_that_is_said() {
    let workplace = workplace();
    let make = arguments(&["--items", "items.csv", "--interactions", "ratings.csv"]);
    stdout(workplace.run(&make));
    insta::assert_snapshot!("index-there", workplace.transcript(&arguments(&["--items", "items.csv"])));
    let store = Store::open(&workplace.path("store")).expect("a store");
    assert_eq!(store.manifest().rows.interactions, 2, "nothing has changed");
    workplace.write("store/sessions.sqlite", "what was said of these items");
    let replace = arguments(&["--items", "items.csv", "--replace"]);
    insta::assert_snapshot!("index-replace", workplace.transcript(&replace));
    assert_eq!(workplace.read("store/sessions.sqlite.old"), "what was said of these items");
    assert!(!workplace.path("store/sessions.sqlite").exists());
    workplace.write("store/manifest.json", "{\"format\": 99}");
    let refused = workplace.run(&make);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`--replace`"), "what cannot be read is not lost either");
    stdout(workplace.run(&replace));
}

/// Writes an edition of items and interactions; returns the arguments that index it.
fn edition(workplace: &Workplace, edition: usize) -> Vec<String> {
    let (mut items, mut ratings) = (String::from("item_id,title,year\n"), String::from("user_id,item_id,rating\n"));
    for item in 0..400 + edition {
        items += &format!("{item},Title {item} of edition {edition},{}\n", 1950 + item % 70);
        (0..8).for_each(|user| ratings += &format!("user {},{item},{}\n", (item + user) % 90, user % 5 + 1));
    }
    workplace.write(&format!("items-{edition}.csv"), items);
    workplace.write(&format!("ratings-{edition}.csv"), ratings);
    let (items, ratings) = (format!("items-{edition}.csv"), format!("ratings-{edition}.csv"));
    let arguments = ["index", "store", "--replace", "--no-embeddings", "--items", &items, "--interactions", &ratings];
    arguments.map(str::to_owned).to_vec()
}

/// Which edition a store holds, after checking that it holds all of it.
fn held(store: &Path) -> Option<usize> {
    let store = Store::open(store).ok()?;
    let catalogue = store.catalogue().expect("a whole catalogue");
    let edition = catalogue.len() - 400;
    assert!(catalogue.items().iter().all(|item| item.title.ends_with(&format!("edition {edition}"))));
    assert_eq!(store.interactions(&catalogue).expect("whole interactions").len(), catalogue.len() * 8);
    Some(edition)
}

#[test]
fn a_killed_index_leaves_the_old_store_or_none() {
    const KILLS: u32 = 12;
    let workplace = Workplace::new();
    let editions: Vec<Vec<String>> = (0..2).map(|number| edition(&workplace, number)).collect();
    let store = workplace.path("store");
    let spawn = |edition: usize| {
        let arguments: Vec<&str> = editions[edition].iter().map(String::as_str).collect();
        workplace.command(&arguments).stderr(Stdio::null()).spawn().expect("docent runs")
    };
    let started = Instant::now();
    assert!(spawn(0).wait().expect("docent ends").success());
    let whole = started.elapsed();
    // The moments cover a whole run, also where the machine is slow.
    let moments = (0..KILLS).map(|kill| whole.max(Duration::from_millis(20)) * kill / (KILLS - 2));
    for (kill, moment) in moments.enumerate() {
        let is_first = kill % 2 == 0;
        if is_first {
            fs::remove_dir_all(&store).expect("a store");
        }
        let before = held(&store);
        let edition = usize::from(!is_first);
        let mut child = spawn(edition);
        std::thread::sleep(moment);
        child.kill().expect("a child");
        child.wait().expect("docent ends");
        let after = held(&store);
        assert!(after == before || after == Some(edition), "{before:?} became {after:?}");
        assert!(spawn(0).wait().expect("docent ends").success(), "the next one is not in the way of the last");
        assert_eq!(held(&store), Some(0));
        // The manifest, the lock, the catalogue, the interactions, the models of these and what was learned with them.
        assert_eq!(fs::read_dir(&store).expect("a store").count(), 6, "nothing is left over");
    }
}
