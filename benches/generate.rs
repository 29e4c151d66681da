//! Prefill and decoding of the default language model, beside candle-transformers' quantized LLaMA on the same file.
//!
//!     cargo bench --bench generate

use std::{fs::File, hint::black_box, path::PathBuf, sync::Arc};

use candle_core::{Device, Tensor, quantized::gguf_file};
use candle_transformers::models::quantized_llama::ModelWeights;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use docent::models::{
    Isa, Pool,
    backend::{BackendKind, LoadOptions, load},
    batch::RaggedBatch,
    checkpoint::Checkpoint,
    hub::{HubSettings, Quiet, Resolver},
    kv::{BlockPool, blocks_for},
};

const PROMPT: usize = 512;
const SAMPLES: usize = 10;

fn default_model() -> PathBuf {
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let reference = "smollm2-135m".parse().expect("a registered alias");
    resolver.resolve(&reference, &Quiet).expect("the default weights").path
}

fn docent(criterion: &mut Criterion) {
    let pool = Arc::new(Pool::new(Pool::default_threads()));
    let options = LoadOptions {
        backend: BackendKind::Cpu,
        isa: Isa::detect(),
        pool,
        kv_positions: 2 * PROMPT,
        kv_format: Default::default(),
        memory: None,
    };
    let checkpoint = Checkpoint::open(&default_model()).expect("the checkpoint opens");
    let mut model = load(&checkpoint, &options).expect("the model loads");
    let mut blocks = BlockPool::new(model.kv_blocks());
    let held: Vec<_> = (0..blocks_for(2 * PROMPT)).map_while(|_| blocks.take()).collect();
    let prompt: Vec<u32> = (0..PROMPT as u32).map(|i| 1000 + i).collect();
    let mut step = |tokens: &[u32], position: usize| {
        let mut batch = RaggedBatch::new();
        let end = blocks_for(position + tokens.len());
        let rows = batch.push_tokens(tokens, position as u32, &held[..end], None);
        batch.want_logits(rows.end - 1, None);
        black_box(model.forward(&batch).expect("the step runs"));
    };
    let mut group = criterion.benchmark_group("docent");
    group.sample_size(SAMPLES).throughput(Throughput::Elements(PROMPT as u64));
    group.bench_function("prefill 512", |bencher| bencher.iter(|| step(&prompt, 0)));
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode at 512", |bencher| bencher.iter(|| step(&[1000], PROMPT)));
    group.finish();
}

fn candle(criterion: &mut Criterion) {
    let mut file = File::open(default_model()).expect("the default weights");
    let content = gguf_file::Content::read(&mut file).expect("a GGUF file");
    let mut model = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).expect("the model loads");
    let prompt: Vec<u32> = (0..PROMPT as u32).map(|i| 1000 + i).collect();
    let input = |tokens: &[u32]| Tensor::new(tokens, &Device::Cpu).and_then(|t| t.unsqueeze(0)).expect("a tensor");
    let (prompt, token) = (input(&prompt), input(&[1000]));
    let mut group = criterion.benchmark_group("candle-transformers");
    group.sample_size(SAMPLES).throughput(Throughput::Elements(PROMPT as u64));
    group.bench_function("prefill 512", |bencher| {
        bencher.iter(|| black_box(model.forward(&prompt, 0).expect("the step runs")));
    });
    group.throughput(Throughput::Elements(1));
    // Its cache grows with every step: the depth is 512 and a little more.
    group.bench_function("decode at 512", |bencher| {
        bencher.iter(|| black_box(model.forward(&token, PROMPT).expect("the step runs")));
    });
    group.finish();
}

criterion_group!(benches, docent, candle);
criterion_main!(benches);
