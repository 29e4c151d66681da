//! Signals against what their names say, and against the order of what has none.

use super::*;
use crate::{
    engine::Embeddings,
    recommend::{Attribute, Item, catalogue::GENRES, draw::shuffle, retrieve::SemanticOptions},
};
use proptest::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

const ITEMS: usize = 12;
const DAY: i64 = 86_400;

fn catalogue() -> Catalogue {
    let item = |item: usize| Item {
        id: item.to_string(),
        title: format!("Title {item}"),
        description: None,
        attributes: vec![
            ("year".into(), Attribute::Number(1990.0 + item as f64)),
            (GENRES.into(), Attribute::Many(vec![["Drama", "Comedy", "War"][item % 3].into()])),
        ],
    };
    Catalogue::new((0..ITEMS).map(item).collect())
}

fn semantic() -> Arc<Semantic> {
    let values = (0..ITEMS).flat_map(|item| [(item as f32).cos(), (item as f32).sin()]).collect();
    let vectors = Embeddings { values, width: 2, tokens: 0 };
    Arc::new(Semantic::new(vectors, ITEMS, SemanticOptions::default()).unwrap())
}

/// A history of items with their times; each item once.
fn history(events: &[(usize, i64)]) -> Vec<Interaction> {
    let event = |&(item, time): &(usize, i64)| Interaction {
        user: 0,
        item,
        rating: Some((item % 5) as f32),
        timestamp: Some(time),
    };
    events.iter().map(event).collect()
}

fn fit(histories: &[Vec<Interaction>]) -> Signals {
    let histories: Vec<&[Interaction]> = histories.iter().map(Vec::as_slice).collect();
    Signals::fit(&histories, &catalogue(), Some(semantic())).unwrap()
}

prop_compose! {
    /// Distinct items at few times, so that many share one.
    fn some_history()(items in Just((0..ITEMS).collect::<Vec<_>>()).prop_shuffle(),
                      mut times in prop::collection::vec(0i64..4, 0..ITEMS)) -> Vec<Interaction> {
        times.sort_unstable();
        let events: Vec<(usize, i64)> = items.into_iter().zip(times.into_iter().map(|time| time * DAY / 3)).collect();
        history(&events)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_within_a_second_changes_nothing(
        histories in prop::collection::vec(some_history(), 1..6),
        query in some_history(),
        seed in 0u64..99,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut reorder = |history: &Vec<Interaction>| {
            let mut history = history.clone();
            history.chunk_by_mut(|a, b| a.timestamp == b.timestamp).for_each(|tied| shuffle(tied, &mut rng));
            history
        };
        let (first, second) = (fit(&histories), fit(&histories.iter().map(&mut reorder).collect::<Vec<_>>()));
        let other = reorder(&query);
        for signal in Signal::ALL {
            let (a, b) = (first.raw(signal, &Query::of(&query)), second.raw(signal, &Query::of(&other)));
            for (a, b) in a.iter().zip(&b) {
                prop_assert!((a - b).abs() <= 1e-4 * (1.0 + a.abs()), "{signal:?}: {a} and {b}");
            }
        }
    }

    #[test]
    fn open_items_have_mean_0_and_deviation_1_or_are_all_alike(
        histories in prop::collection::vec(some_history(), 1..6),
        query in some_history(),
    ) {
        let mut open = vec![true; ITEMS];
        query.iter().for_each(|event| open[event.item] = false);
        let signals = fit(&histories);
        for (signal, values) in Signal::ALL.iter().zip(signals.standard(&Signal::ALL, &Query::of(&query), &open)) {
            let kept: Vec<f32> = values.iter().zip(&open).filter(|(_, open)| **open).map(|(value, _)| *value).collect();
            let count = kept.len().max(1) as f32;
            let variance = kept.iter().map(|z| z * z).sum::<f32>() / count;
            prop_assert!(values.iter().all(|value| value.is_finite()), "{signal:?}: {values:?}");
            prop_assert!((kept.iter().sum::<f32>() / count).abs() < 1e-3, "{signal:?}: {kept:?}");
            prop_assert!(variance < 1e-6 || (variance - 1.0).abs() < 1e-2, "{signal:?}: {kept:?}");
        }
    }
}

#[test]
fn what_is_near_in_histories_is_near_in_signals() {
    let together = |a, b| history(&[(a, 0), (b, 30), (9, 40 * DAY)]);
    let signals = fit(&[together(0, 1), together(0, 1), together(2, 3)]);
    let query = history(&[(0, 100 * DAY)]);
    for signal in [Signal::NearRecent, Signal::ClockRecent, Signal::Next, Signal::Era, Signal::EaseRecent] {
        let scores = signals.raw(signal, &Query::of(&query));
        assert!(scores[1] > scores[3] && scores[1] > 0.0, "{signal:?}: {scores:?}");
    }
    // The clock tells a visit from what came a month later; direction knows what came first.
    let clock = signals.raw(Signal::ClockRecent, &Query::of(&query));
    assert!(clock[9] < 1e-6 && clock[1] > 0.1, "{clock:?}");
    let next = signals.raw(Signal::Next, &Query::of(&history(&[(1, 100 * DAY)])));
    assert_eq!(next[0], 0.0);
}

#[test]
fn popularity_counts_what_came_before_and_forgets() {
    let year = YEAR as i64;
    let signals = fit(&[history(&[(0, 0), (1, 10 * year)]), history(&[(0, 1), (2, 30 * year)])]);
    let query = history(&[(5, 10 * year + 1)]);
    let raw = |signal| signals.raw(signal, &Query::of(&query));
    assert_eq!(raw(Signal::Known), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let recent = raw(Signal::PopularityYear);
    assert!(recent[1] > 0.6 && recent[0] < 0.001 && recent[2] == 0.0, "{recent:?}");
    assert!((raw(Signal::Popularity)[0] - 3f32.ln()).abs() < 1e-6);
}

#[test]
fn records_speak_for_like_items() {
    let signals = fit(&[history(&[(0, 0)])]);
    let query = history(&[(3, 5), (4, 5)]);
    let years = signals.raw(Signal::YearRecent, &Query::of(&query));
    assert!(years[3] > years[6] && years[6] > years[11], "{years:?}");
    let categories = signals.raw(Signal::CategoryRecent, &Query::of(&history(&[(1, 5)])));
    assert!((categories[4] - 1.0).abs() < 1e-5 && categories[0] == 0.0, "{categories:?}");
    // Of equally common categories the first by name is the first: Comedy, Drama, War.
    let hot: Vec<f32> = signals.multi_hot(1).collect();
    assert_eq!((hot.len(), hot[0], hot[1..].iter().sum::<f32>()), (CATEGORIES, 1.0, 0.0));
    let text = signals.raw(Signal::TextRecent, &Query { history: &[], text: Some(&[1.0, 0.0]) });
    assert!((text[0] - 1.0).abs() < 1e-6 && text[3] < 0.0, "{text:?}");
}

#[test]
fn names_are_those_of_the_files() {
    for (place, signal) in Signal::ALL.into_iter().enumerate() {
        assert_eq!((signal.index(), serde_json::to_value(signal).unwrap()), (place, signal.name().into()));
    }
}

#[test]
fn nothing_known_gives_equal_values() {
    let signals = Signals::fit(&[], &Catalogue::default(), None).unwrap();
    assert!(Signal::ALL.iter().all(|&signal| signals.raw(signal, &Query::default()).is_empty()));
    let empty = fit(&[]);
    for signal in Signal::ALL {
        let values = empty.raw(signal, &Query::default());
        assert!(values.len() == ITEMS && values.iter().all(|value| value.is_finite()), "{signal:?}: {values:?}");
    }
}
