//! The trained core of A-LLMRec on the default language model, with vectors that are drawn.

use std::{ops::ControlFlow, sync::Arc};

use docent::{
    engine::{Embeddings, Engine, EngineOptions, Teacher},
    recommend::{
        ALLMRec, Interaction,
        align::{AlignData, AlignOptions, AlignState, Alignment, train_alignment},
        rerank::{AlignedScorer, CandidateScorer},
        retrieve::{Semantic, SemanticOptions},
    },
};

use super::{catalogue, tastes};
use crate::support::smollm2;

const ITEMS: usize = 40;
const OPTIONS: AlignOptions = AlignOptions { aligning: 12, steps: 4, batch: 2, seed: 3 };

fn semantic() -> Arc<Semantic> {
    let values = (0..ITEMS * 8).map(|at| (at as f32 * 1.7).sin()).collect();
    Arc::new(Semantic::new(Embeddings { values, width: 8, tokens: 0 }, ITEMS, SemanticOptions::default()).unwrap())
}

#[test]
fn training_goes_on_as_if_it_had_never_stopped_and_says_who_somebody_is() {
    let engine = Engine::load(smollm2(), &EngineOptions::default()).unwrap();
    let teacher = Teacher::load(smollm2()).unwrap();
    let (catalogue, interactions, semantic) = (catalogue(ITEMS), tastes(20, ITEMS, 8, 4), semantic());
    let histories = interactions.slices();
    let data = AlignData { catalogue: &catalogue, semantic: &semantic, histories: &histories };
    let train = |begun: Option<Alignment>, until: usize, losses: &mut Vec<f32>| {
        train_alignment(&engine, &teacher, data, OPTIONS, begun, &mut |state| match state {
            AlignState::Aligning(..) => ControlFlow::Continue(()),
            AlignState::Projecting(alignment, _, loss) => {
                losses.push(loss);
                if alignment.steps() == until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
        })
        .unwrap()
    };
    let (mut losses, mut in_parts) = (Vec::new(), Vec::new());
    let whole = train(None, OPTIONS.steps, &mut losses);
    let half = train(None, 2, &mut in_parts);
    assert_eq!(half.steps(), 2);
    let read = Alignment::from_bytes(&half.to_bytes().unwrap()).unwrap();
    let rest = train(Some(read), OPTIONS.steps, &mut in_parts);
    assert_eq!(in_parts, losses);
    assert_eq!(rest.to_bytes().unwrap(), whole.to_bytes().unwrap());
    assert!(Alignment::from_bytes(&whole.to_bytes().unwrap()[..1000]).is_err());

    let aligned = ALLMRec::new(whole, semantic, &engine).unwrap();
    let (first, second) = (interactions.history(0), interactions.history(1));
    let width = engine.architecture().hidden();
    // Somebody's own row, and one for each item that they liked.
    let soft = aligned.soft_prompt(first).unwrap();
    assert!(soft.len() > width && soft.len() <= 11 * width && soft.len().is_multiple_of(width));
    assert_ne!(soft[..width], aligned.soft_prompt(second).unwrap()[..width]);
    assert_eq!(aligned.soft_prompt(&[]).unwrap().len(), width);
    let mut scorer = AlignedScorer::new(&engine, aligned, &catalogue);
    let mut score = |history: &[Interaction]| scorer.score(history, None, &[1, 2, 3]).unwrap();
    let (of_first, of_second) = (score(first), score(second));
    assert!(of_first.iter().all(|score| score.is_finite() && *score < 0.0));
    assert_ne!(of_first, of_second);
    assert_eq!(score(first), of_first);
}

#[test]
fn other_vectors_and_damaged_files_are_refused() {
    let engine = Engine::load(smollm2(), &EngineOptions::default()).unwrap();
    let teacher = Teacher::load(smollm2()).unwrap();
    let (catalogue, interactions, semantic) = (catalogue(ITEMS), tastes(20, ITEMS, 8, 4), semantic());
    let histories = interactions.slices();
    let data = AlignData { catalogue: &catalogue, semantic: &semantic, histories: &histories };
    let options = AlignOptions { steps: 0, ..OPTIONS };
    let trained = train_alignment(&engine, &teacher, data, options, None, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(trained.fits(&engine, &semantic, &catalogue));
    let wider = Embeddings { values: vec![0.5; ITEMS * 9], width: 9, tokens: 0 };
    let wider = Arc::new(Semantic::new(wider, ITEMS, SemanticOptions::default()).unwrap());
    assert!(!trained.fits(&engine, &wider, &catalogue));
    let error = ALLMRec::new(trained, wider, &engine).unwrap_err();
    assert_eq!(error.to_string(), "the alignment was trained on vectors of 8 elements, and the store's have 9");
    assert_eq!(error.hint().as_deref(), Some("train one with `docent train align`"));
    let broken = train_alignment(&engine, &teacher, data, OPTIONS, None, &mut |_| ControlFlow::Break(()));
    assert_eq!(broken.unwrap_err().to_string(), "interrupted");
}
