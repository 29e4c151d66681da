//! A language model as an encoder: the mean of a text's last hidden states.

use docent_models::{
    batch::RaggedBatch,
    kv::{KV_BLOCK, blocks_for},
    layers::pooling::Pooling,
};

use super::{Embeddings, Engine, Result, packing, timeline::Timeline};

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
    /// If the tokenizer or a step fails, or the longest text exceeds context or cache.
    pub fn embed<T: AsRef<str>>(&mut self, texts: &[T], progress: &mut dyn FnMut(usize)) -> Result<Embeddings> {
        let width = self.backend.architecture().hidden();
        let mut tokenized = Vec::with_capacity(texts.len());
        for text in texts {
            let mut ids = self.tokenizer.encode_prompt(text.as_ref()).map_err(docent_models::Error::from)?;
            ids.truncate(POOLED_TOKENS);
            self.check_length(ids.len())?;
            tokenized.push(ids);
        }
        // A text takes whole blocks of the cache.
        let positions: Vec<usize> = tokenized.iter().map(|ids| blocks_for(ids.len()) * KV_BLOCK).collect();
        let mut values = vec![0.0; texts.len() * width];
        for group in packing::by_length(&positions, POSITIONS_PER_STEP.min(self.cache.capacity())) {
            let mut timelines = Vec::with_capacity(group.len());
            let result = self.pool_group(&tokenized, &group, &mut timelines, &mut values);
            timelines.into_iter().for_each(|timeline| self.cache.release(timeline));
            result?;
            progress(group.len());
        }
        Ok(Embeddings { values, width, tokens: tokenized.iter().map(Vec::len).sum() })
    }

    fn pool_group(
        &mut self,
        tokenized: &[Vec<u32>],
        group: &[usize],
        timelines: &mut Vec<Timeline>,
        values: &mut [f32],
    ) -> Result<()> {
        let width = self.backend.architecture().hidden();
        let mut batch = RaggedBatch::new();
        for &index in group {
            let mut timeline = Timeline::default();
            let reserved = self.cache.reserve(&mut timeline, tokenized[index].len());
            let rows = reserved.map(|()| timeline.push(&mut batch, &tokenized[index]));
            timelines.push(timeline);
            rows?.for_each(|row| batch.want_hidden(row));
        }
        let step = self.backend.forward(&batch)?;
        let hidden = step.hidden.to_host()?;
        for (sequence, &index) in batch.sequences().iter().zip(group) {
            let rows = &hidden[sequence.rows.start * width..sequence.rows.end * width];
            Pooling::Mean.pool(rows, &mut values[index * width..(index + 1) * width]);
        }
        drop(hidden);
        self.backend.recycle(step);
        Ok(())
    }
}
