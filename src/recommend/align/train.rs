//! Training of an alignment: the first stage in seconds, the second as long as it is given.

use std::ops::ControlFlow;

use candle_core::Tensor;

use super::{
    AlignData, Alignment,
    aligner::{Aligner, Projector, Widths},
    data::Example,
    file::hexadecimal,
    learner::drawn,
    texts,
};
use crate::{
    engine::{Engine, Taught, Teacher},
    recommend::{
        Error, Result,
        draw::below,
        rerank::{TOLD, liked_titles, scored_tokens, title_prompt},
        retrieve::{ImplicitAls, ImplicitAlsOptions, Popularity, WIDTH},
    },
};

/// Interactions of a step of the first stage.
const ALIGNED: usize = 256;
/// Step sizes of both stages.
const RATES: [f64; 2] = [1e-3, 3e-4];

/// How an alignment is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlignOptions {
    /// Steps of the first stage.
    pub aligning: usize,
    /// Steps of the second stage.
    pub steps: usize,
    /// Interactions of each step of the second stage.
    pub batch: usize,
    /// Decides every draw.
    pub seed: u64,
}

impl Default for AlignOptions {
    fn default() -> Self {
        Self { aligning: 1500, steps: 200, batch: 8, seed: 0 }
    }
}

/// How training advances.
#[derive(Clone, Copy, Debug)]
pub enum AlignState<'a> {
    /// The first stage: steps done, of how many.
    Aligning(usize, usize),
    /// The second stage: what is learned so far, steps of how many, and the loss of the last one in nats a token.
    Projecting(&'a Alignment, usize, f32),
}

/// Trains an alignment, or goes on with one that was begun with the same seed. `progress` may end it after any step; from
/// what has come of it by then, training goes on with the very steps that it would have taken.
///
/// # Errors
/// If there is too little to learn from, a model fails, or `progress` ends it before the second stage.
pub fn train_alignment(
    engine: &Engine,
    teacher: &Teacher,
    data: AlignData<'_>,
    options: AlignOptions,
    begun: Option<Alignment>,
    progress: &mut dyn FnMut(AlignState<'_>) -> ControlFlow<()>,
) -> Result<Alignment> {
    let users = data.users();
    if users.is_empty() {
        return Err(Error::TooFewInteractions { users: 0, needed: 1 });
    }
    let mut alignment = match begun {
        Some(begun) => begun,
        None => align(teacher, data, &users, options, progress)?,
    };
    while alignment.steps() < options.steps {
        let step = alignment.steps();
        let (examples, _) = data.draw(&users, options.batch, !options.seed, step);
        let loss = loss(engine, teacher, data, &alignment, &examples)?;
        let gradients = loss.backward()?;
        alignment.projector.learner.step(&gradients, RATES[1])?;
        if progress(AlignState::Projecting(&alignment, options.steps, loss.to_scalar()?)).is_break() {
            break;
        }
    }
    Ok(alignment)
}

/// The first stage.
fn align(
    teacher: &Teacher,
    data: AlignData<'_>,
    users: &[usize],
    options: AlignOptions,
    progress: &mut dyn FnMut(AlignState<'_>) -> ControlFlow<()>,
) -> Result<Alignment> {
    let AlignOptions { aligning, seed, .. } = options;
    let items = data.catalogue.len();
    let factors = ImplicitAls::fit(data.histories, items, ImplicitAlsOptions::default(), seed);
    let square: f32 = factors.vectors().iter().map(|value| value * value).sum();
    let count = Popularity::fit(data.histories, items).users().to_vec();
    let known = count.iter().filter(|&&users| users > 0.0).count().max(1);
    let widths = Widths { collaborative: WIDTH, text: data.semantic.width(), token: teacher.width() };
    let token_scale = teacher.embedding_scale()?;
    let mut alignment = Alignment {
        widths,
        aligner: Aligner::new(widths, &mut drawn(seed))?,
        projector: Projector::new(widths, token_scale, &mut drawn(!seed))?,
        item_scale: ((known * WIDTH) as f32 / square.max(1e-12)).sqrt(),
        factors,
        users: count,
        token_scale,
        model: hexadecimal(teacher.hash()),
        seed,
    };
    let mut vectors: Vec<Option<Tensor>> = vec![None; data.histories.len()];
    for step in 0..aligning {
        let (examples, mut rng) = data.draw(users, ALIGNED, seed, step);
        let mut rows = Vec::with_capacity(examples.len());
        for Example { user, .. } in &examples {
            if vectors[*user].is_none() {
                vectors[*user] = Some(alignment.user(data.histories[*user])?);
            }
            rows.extend(vectors[*user].clone());
        }
        let taken: Vec<usize> = examples.iter().map(|example| example.taken).collect();
        let others: Vec<usize> = examples.iter().map(|_| below(&mut rng, items)).collect();
        let behaviour = [alignment.collaborative(&taken)?, alignment.collaborative(&others)?];
        let of_texts = [texts(&taken, data.semantic)?, texts(&others, data.semantic)?];
        let loss = alignment.aligner.loss(&Tensor::stack(&rows, 0)?, behaviour.each_ref(), of_texts.each_ref())?;
        let gradients = loss.backward()?;
        alignment.aligner.learner.step(&gradients, RATES[0])?;
        if progress(AlignState::Aligning(step + 1, aligning)).is_break() {
            return Err(Error::Interrupted);
        }
    }
    Ok(alignment)
}

/// How unlikely the titles that were taken are after what the language model is told and the soft prompts.
fn loss(
    engine: &Engine,
    teacher: &Teacher,
    data: AlignData<'_>,
    alignment: &Alignment,
    examples: &[Example<'_>],
) -> Result<Tensor> {
    let (mut prefixes, mut soft, mut titles) = (Vec::new(), Vec::new(), Vec::new());
    for Example { history, taken, .. } in examples {
        prefixes.push(title_prompt(engine, &liked_titles(history, TOLD, data.catalogue))?);
        soft.push(alignment.soft_prompt(history, data.semantic)?);
        titles.push(scored_tokens(engine, &data.catalogue[*taken].short_title())?);
    }
    let read = teacher.read(&prefixes)?;
    let texts = read.iter().zip(&soft).zip(&titles);
    let taught: Vec<Taught<'_>> = texts.map(|((after, soft), text)| Taught { after, soft, text }).collect();
    Ok(teacher.losses(&taught)?.mean_all()?)
}
