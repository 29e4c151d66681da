//! A language model as an encoder: the mean of a text's last hidden states.

use docent_models::{
    backend::Backend,
    batch::RaggedBatch,
    kv::{KV_BLOCK, blocks_for},
    layers::pooling::Pooling,
};

use super::{
    Embeddings, Engine, Result,
    cache::{Cache, Timeline},
    packing,
};

/// The most tokens of a text that count; what is beyond is cut.
pub const POOLED_TOKENS: usize = 512;
/// Positions of the cache that one step takes.
const POSITIONS_PER_STEP: usize = 2048;

impl Engine {
    /// The mean over each text's last hidden states (after the final norm), in the texts' order: a text is tokenized
    /// like a raw prompt, its first [`POOLED_TOKENS`] tokens count, and nothing else does, since nothing is padded.
    /// `progress` hears how many more are done after every step.
    ///
    /// # Errors
    /// If the tokenizer or a step fails, the longest text exceeds context or cache, or texts that are being generated
    /// leave no room.
    pub fn embed<T: AsRef<str>>(&self, texts: &[T], progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        let width = self.architecture().hidden();
        let mut tokenized = Vec::with_capacity(texts.len());
        for text in texts {
            let mut ids = self.tokenizer().encode_prompt(text.as_ref()).map_err(docent_models::Error::from)?;
            ids.truncate(POOLED_TOKENS);
            self.check_length(ids.len())?;
            tokenized.push(ids);
        }
        let tokens = tokenized.iter().map(Vec::len).sum();
        // A text takes whole blocks of the cache.
        let positions: Vec<usize> = tokenized.iter().map(|ids| blocks_for(ids.len()) * KV_BLOCK).collect();
        let mut values = vec![0.0; texts.len() * width];
        for group in packing::by_length(&positions, POSITIONS_PER_STEP.min(self.shared.room)) {
            let texts: Vec<Vec<u32>> = group.iter().map(|&index| std::mem::take(&mut tokenized[index])).collect();
            let pooled = self.call(move |scheduler| {
                let (backend, cache) = scheduler.parts();
                let mut timelines = Vec::with_capacity(texts.len());
                let pooled = pool(backend, cache, &texts, &mut timelines);
                timelines.into_iter().for_each(|timeline| cache.release(timeline));
                pooled
            })??;
            for (index, pooled) in group.iter().zip(pooled.chunks_exact(width)) {
                values[index * width..(index + 1) * width].copy_from_slice(pooled);
            }
            progress(group.len());
        }
        Ok(Embeddings { values, width, tokens })
    }
}

/// The mean of each text's hidden states, (texts, width).
fn pool(
    backend: &mut dyn Backend,
    cache: &mut Cache,
    texts: &[Vec<u32>],
    timelines: &mut Vec<Timeline>,
) -> Result<Vec<f32>> {
    let mut batch = RaggedBatch::new();
    for text in texts {
        let mut timeline = Timeline::default();
        let reserved = cache.reserve(&mut timeline, text.len());
        let rows = reserved.map(|()| timeline.push(&mut batch, text));
        timelines.push(timeline);
        rows?.for_each(|row| batch.want_hidden(row));
    }
    let step = backend.forward(&batch)?;
    let width = backend.architecture().hidden();
    let mut pooled = vec![0.0; texts.len() * width];
    let hidden = step.hidden.to_host()?;
    for (sequence, pooled) in batch.sequences().iter().zip(pooled.chunks_exact_mut(width)) {
        Pooling::Mean.pool(&hidden[sequence.rows.start * width..sequence.rows.end * width], pooled);
    }
    drop(hidden);
    backend.recycle(step);
    Ok(pooled)
}
