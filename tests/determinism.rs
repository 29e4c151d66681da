//! On the CPU a sequence's logits are the same bits whatever happens around it.

use docent::models::{Isa, backend::BackendKind, batch::RaggedBatch, kv::KV_BLOCK};
use proptest::prelude::*;

use crate::support::{Runner, reference, smollm2};

/// How the last row's logits of one sequence come about.
#[derive(Clone, Debug)]
struct Schedule {
    /// Lengths of the pieces in which the prompt is run.
    chunks: Vec<usize>,
    /// Lengths of the other sequences of the batch, half of them before and half of them after it.
    company: Vec<usize>,
    /// Whole blocks of the prompt that another sequence computes for it.
    shared_blocks: usize,
}

fn tokens(seed: usize, len: usize, vocab: usize) -> Vec<u32> {
    let mut state = seed as u64 * 2 + 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % vocab as u32
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn run(runner: &mut Runner, prompt: &[u32], schedule: &Schedule) -> Vec<u32> {
    let vocab = runner.backend.architecture().vocab();
    let mut blocks = runner.take_blocks(prompt.len());
    let shared = schedule.shared_blocks.min((prompt.len() - 1) / KV_BLOCK) * KV_BLOCK;
    if shared > 0 {
        let other = runner.take_blocks(shared);
        let mut batch = RaggedBatch::new();
        batch.push_tokens(&prompt[..shared], 0, &other, None);
        runner.backend.forward(&batch).unwrap();
        let unused: Vec<_> = blocks.splice(..other.len(), other).collect();
        runner.release(&unused);
    }
    let mut position = shared;
    let mut logits = Vec::new();
    let ends = schedule.chunks.iter().scan(shared, |end, len| {
        *end += len;
        Some(*end)
    });
    let ends: Vec<usize> = ends.take_while(|&end| end < prompt.len()).chain([prompt.len()]).collect();
    for end in ends {
        let mut batch = RaggedBatch::new();
        let mut held = Vec::new();
        let mut wanted = None;
        for place in 0..=schedule.company.len() {
            if place == schedule.company.len() / 2 {
                let rows = batch.push_tokens(&prompt[position..end], position as u32, &blocks, None);
                wanted = Some(batch.logits().len());
                batch.want_logits(rows.end - 1, None);
            }
            if let Some(&len) = schedule.company.get(place) {
                let others = runner.take_blocks(len);
                let rows = batch.push_tokens(&tokens(place + 100, len, vocab), 0, &others, None);
                batch.want_logits(rows.start, None);
                held.extend(others);
            }
        }
        let step = runner.backend.forward(&batch).unwrap();
        logits = step.logits.row(wanted.unwrap()).unwrap().iter().map(|x| x.to_bits()).collect();
        runner.release(&held);
        position = end;
    }
    runner.release(&blocks);
    logits
}

const ALONE: Schedule = Schedule { chunks: Vec::new(), company: Vec::new(), shared_blocks: 0 };

fn schedules() -> impl Strategy<Value = Schedule> {
    let chunks = prop::collection::vec(1usize..60, 0..5);
    let company = prop_oneof![prop::collection::vec(1usize..90, 0..4), prop::collection::vec(1usize..40, 17)];
    (chunks, company, 0usize..3).prop_map(|(chunks, company, shared_blocks)| Schedule {
        chunks,
        company,
        shared_blocks,
    })
}

fn check(model: &str, prompt: &[u32], schedule: &Schedule) {
    let path = reference("tiny").join(model);
    for isa in Isa::available() {
        let mut one = Runner::with_isa(&path, BackendKind::Cpu, 1, 8192, isa);
        let mut two = Runner::with_isa(&path, BackendKind::Cpu, 2, 8192, isa);
        let alone = run(&mut one, prompt, &ALONE);
        assert_eq!(alone, run(&mut one, prompt, schedule), "{isa:?}, one thread");
        assert_eq!(alone, run(&mut two, prompt, schedule), "{isa:?}, two threads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn logits_are_the_same_bits_whatever_the_schedule(seed in 0usize..1000, len in 1usize..200, schedule in schedules()) {
        for model in ["llama-plain", "qwen3"] {
            check(model, &tokens(seed, len, 64), &schedule);
        }
    }
}

#[test]
fn quantized_logits_of_the_default_model_are_the_same_bits() {
    let prompt = tokens(7, 150, 49_152);
    let schedule =
        Schedule { chunks: vec![5, 40, 1, 30], company: (1..=17).map(|i| 3 * i).collect(), shared_blocks: 1 };
    let mut one = Runner::new(smollm2(), BackendKind::Cpu, 1, 8192);
    let mut two = Runner::new(smollm2(), BackendKind::Cpu, 2, 8192);
    let alone = run(&mut one, &prompt, &ALONE);
    assert_eq!(alone, run(&mut one, &prompt, &schedule), "one thread");
    assert_eq!(alone, run(&mut two, &prompt, &schedule), "two threads");
}
