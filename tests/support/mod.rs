//! What the tests share: the default weights, the fixtures, and a way to run tokens through a backend.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use docent::models::{
    Isa, Pool,
    backend::{Backend, BackendKind, LoadOptions, load},
    batch::RaggedBatch,
    checkpoint::Checkpoint,
    hub::{HubSettings, Quiet, Resolver},
    kv::{BlockId, BlockPool, blocks_for},
};

/// A file or folder of `tests/reference`.
pub(crate) fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// A JSON file of `tests/reference`.
pub(crate) fn reference_json(name: &str) -> serde_json::Value {
    let path = reference(name);
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Where the weights of a registered model lie; they are fetched if they are not there.
fn weights(alias: &str) -> PathBuf {
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let reference = alias.parse().expect("a registered alias");
    resolver.resolve(&reference, &Quiet).unwrap_or_else(|e| panic!("no weights for {alias}: {e:?}")).path
}

/// The default language model.
pub(crate) fn smollm2() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| weights("smollm2-135m"));
    &PATH
}

/// The default encoder.
pub(crate) fn minilm() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| weights("minilm-l6"));
    &PATH
}

/// A backend with the cache that its sequences live in.
pub(crate) struct Runner {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) pool: BlockPool,
}

impl Runner {
    pub(crate) fn new(path: &Path, backend: BackendKind, threads: usize, kv_positions: usize) -> Self {
        Self::with_isa(path, backend, threads, kv_positions, Isa::detect())
    }

    pub(crate) fn with_isa(path: &Path, backend: BackendKind, threads: usize, kv_positions: usize, isa: Isa) -> Self {
        let checkpoint = Checkpoint::open(path).expect("the checkpoint opens");
        let options = LoadOptions { isa, ..Self::options(backend, threads, kv_positions) };
        let backend = load(&checkpoint, &options).expect("the model loads");
        let pool = BlockPool::new(backend.kv_blocks());
        Self { backend, pool }
    }

    pub(crate) fn options(backend: BackendKind, threads: usize, kv_positions: usize) -> LoadOptions {
        let pool = Arc::new(Pool::new(threads));
        LoadOptions { backend, isa: Isa::detect(), pool, kv_positions, kv_format: Default::default(), memory: None }
    }

    pub(crate) fn take_blocks(&mut self, positions: usize) -> Vec<BlockId> {
        (0..blocks_for(positions)).map(|_| self.pool.take().expect("a free block")).collect()
    }

    pub(crate) fn release(&mut self, blocks: &[BlockId]) {
        blocks.iter().for_each(|&block| self.pool.release(block));
    }

    /// The logits after every token of `ids`, (ids, vocab), run in chunks of `chunk` rows and handed to `visit` chunk by
    /// chunk with the position of their first row.
    pub(crate) fn all_logits(&mut self, ids: &[u32], chunk: usize, mut visit: impl FnMut(usize, &[f32])) {
        let blocks = self.take_blocks(ids.len());
        for (index, tokens) in ids.chunks(chunk).enumerate() {
            let position = index * chunk;
            let mut batch = RaggedBatch::new();
            let held = &blocks[..blocks_for(position + tokens.len())];
            batch.push_tokens(tokens, position as u32, held, None).for_each(|row| batch.want_logits(row, None));
            let step = self.backend.forward(&batch).expect("the step runs");
            visit(position, &step.logits.to_host().expect("logits on the host"));
        }
        self.release(&blocks);
    }
}

/// The logarithm of the softmax of one row of logits, in double precision.
pub(crate) fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&x| f64::from(x - max).exp()).sum();
    logits.iter().map(|&x| f64::from(x - max) - sum.ln()).collect()
}

/// KL(p || q) in nats of two rows of log-probabilities.
pub(crate) fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum()
}
