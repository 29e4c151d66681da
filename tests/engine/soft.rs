//! Soft tokens, and the frozen model that soft prompts are learned from.

use candle_core::{Device, Tensor, Var};
use docent::engine::{BackendKind, Engine, EngineOptions, Error, Scoring, Taught, Teacher};

use crate::support::smollm2;

fn engine(backend: BackendKind) -> Engine {
    Engine::load(smollm2(), &EngineOptions { backend, ..EngineOptions::default() }).expect("the default model")
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn score(engine: &Engine, prefix: &[u32], text: &[u32]) -> Vec<f32> {
    let scoring = Scoring { prefix: prefix.to_vec(), continuations: vec![text.to_vec()], ..Scoring::default() };
    engine.score(&scoring).unwrap().continuations.remove(0)
}

#[test]
fn a_soft_token_is_the_row_that_it_was_made_of() {
    let engine = engine(BackendKind::Cpu);
    let teacher = Teacher::load(smollm2()).unwrap();
    let prefix = engine.tokenize_continuation("The Matrix is a film about a hacker who").unwrap();
    let text = engine.tokenize_continuation(" learns the truth").unwrap();
    let expected = score(&engine, &prefix, &text);
    let soft = engine.soft_tokens(&values(&teacher.rows(&prefix[2..5]).unwrap())).unwrap();
    let mut mixed = prefix.clone();
    mixed[2..5].copy_from_slice(&soft);
    for (found, expected) in score(&engine, &mixed, &text).iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-3, "{found} for {expected}");
    }
    // The same rows are the same tokens, so that the prefix is found again; others are others.
    assert_eq!(engine.soft_tokens(&values(&teacher.rows(&prefix[2..5]).unwrap())).unwrap()[..], soft[..]);
    let before = engine.stats().unwrap();
    score(&engine, &mixed, &text);
    assert!(engine.stats().unwrap().cached_tokens > before.cached_tokens);
    let other = engine.soft_tokens(&vec![0.01; engine.architecture().hidden()]).unwrap();
    assert!(!soft.contains(&other[0]));
    mixed[4] = other[0];
    assert_ne!(score(&engine, &mixed, &text), score(&engine, &prefix, &text));
}

#[test]
fn soft_tokens_stand_in_prefixes_only() {
    let engine = engine(BackendKind::Cpu);
    let width = engine.architecture().hidden();
    let soft = engine.soft_tokens(&vec![0.5; width]).unwrap();
    let prefix = vec![1, soft[0]];
    let cases = [
        Scoring { prefix: prefix.clone(), score_prefix: true, ..Scoring::default() },
        Scoring { prefix: vec![1], continuations: vec![soft.to_vec()], ..Scoring::default() },
        Scoring { prefix: vec![1, soft[0] + 1], ..Scoring::default() },
    ];
    for scoring in cases {
        assert!(matches!(engine.score(&scoring), Err(Error::Token { .. })), "{scoring:?}");
    }
    for rows in [vec![0.5; width + 1], vec![f32::NAN; width]] {
        assert!(matches!(engine.soft_tokens(&rows), Err(Error::SoftRows { .. })));
    }
    // What another engine would not understand is in no file.
    score(&engine, &prefix.repeat(80), &[5]);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(engine.save_prefixes(&folder.path().join("prefixes")).unwrap(), 0);
}

#[test]
fn the_loss_is_what_scoring_says_and_its_gradient_what_differences_say() {
    let engine = engine(BackendKind::Reference);
    let teacher = Teacher::load(smollm2()).unwrap();
    let prefix = engine.tokenize_continuation("I liked Alien. You will like").unwrap();
    let text = engine.tokenize_continuation(" Aliens, too").unwrap();
    let rows = values(&teacher.rows(&prefix[3..5]).unwrap());
    let reading = teacher.read(&[prefix[..3].to_vec()]).unwrap().remove(0);
    let loss = |rows: &[f32]| {
        let soft = Var::from_tensor(&Tensor::from_slice(rows, (2, teacher.width()), &Device::Cpu).unwrap()).unwrap();
        (teacher.losses(&[Taught { after: &reading, soft: &soft, text: &text }]).unwrap().mean_all().unwrap(), soft)
    };
    let (found, soft) = loss(&rows);
    let expected = score(&engine, &prefix[..5], &text);
    let mean = -expected.iter().sum::<f32>() / expected.len() as f32;
    assert!((found.to_scalar::<f32>().unwrap() - mean).abs() < 1e-4, "{found} for {mean}");
    let gradients = found.backward().unwrap();
    let gradient = values(gradients.get(&soft).unwrap());
    // Along the gradient itself, where the change is largest.
    let size = gradient.iter().map(|value| value * value).sum::<f32>().sqrt();
    let step = 2e-3;
    let moved = |by: f32| rows.iter().zip(&gradient).map(|(row, g)| row + by * g / size).collect::<Vec<f32>>();
    let at = |by: f32| f64::from(loss(&moved(by)).0.to_scalar::<f32>().unwrap());
    let slope = (at(step) - at(-step)) / f64::from(2.0 * step);
    assert!((slope - f64::from(size)).abs() < 0.05 * f64::from(size), "{slope} for {size}");
}

#[test]
fn several_texts_cost_what_each_costs_by_itself() {
    let engine = engine(BackendKind::Cpu);
    let teacher = Teacher::load(smollm2()).unwrap();
    let tokens = |text: &str| engine.tokenize_continuation(text).unwrap();
    let cases = [
        ("I liked Alien. You will like", 2, " Aliens, too"),
        ("Heat", 1, " is"),
        ("A film about trains is", 3, " Train"),
    ];
    let prefixes = cases.map(|(prefix, ..)| tokens(prefix));
    let soft = cases.map(|(_, rows, text)| {
        let values: Vec<f32> = (0..rows * teacher.width()).map(|at| ((at * text.len()) as f32).sin() * 0.1).collect();
        Var::from_tensor(&Tensor::from_vec(values, (rows, teacher.width()), &Device::Cpu).unwrap()).unwrap()
    });
    let texts = cases.map(|(_, _, text)| tokens(text));
    let read = teacher.read(&prefixes).unwrap();
    let taught: Vec<Taught<'_>> = (0..3).map(|i| Taught { after: &read[i], soft: &soft[i], text: &texts[i] }).collect();
    let together = teacher.losses(&taught).unwrap();
    let gradients = together.sum_all().unwrap().backward().unwrap();
    for (index, loss) in values(&together).into_iter().enumerate() {
        let after = &teacher.read(&prefixes[index..=index]).unwrap()[0];
        let alone = teacher.losses(&[Taught { after, ..taught[index] }]).unwrap();
        assert!((values(&alone)[0] - loss).abs() < 1e-4, "{alone} for {loss}");
        let own = alone.backward().unwrap();
        let pairs =
            values(gradients.get(&soft[index]).unwrap()).into_iter().zip(values(own.get(&soft[index]).unwrap()));
        let largest = pairs.clone().fold(0.0f32, |most, (_, own)| most.max(own.abs()));
        assert!(largest > 0.0 && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3 * largest));
    }
    assert!(matches!(teacher.losses(&[]), Err(Error::EmptyPrompt)));
    assert!(matches!(teacher.read(&[Vec::new()]), Err(Error::EmptyPrompt)));
}
