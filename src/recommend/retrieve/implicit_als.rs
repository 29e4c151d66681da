//! Matrix factorization of what users have: the linear model of catalogues that are too large for a dense one.
//!
//! Hu, Koren and Volinsky, *Collaborative Filtering for Implicit Feedback Datasets* (2008), with the objective and the
//! scaling of the penalty of Rendle et al., *Revisiting the Performance of iALS on Item Recommendation Benchmarks* (2022):
//! over vectors x of users and y of items, the sum of (1 - x·y)² over what users have, plus `unobserved` (x·y)² over all
//! pairs, plus a penalty on the vectors' squares. Both sides are solved by turns, each vector by a few steps of conjugate
//! gradients from where it was (Takács, Pilászy and Tikk, *Applications of the Conjugate Gradient Method for Implicit
//! Feedback Collaborative Filtering*, 2011).
//!
//! A history is scored by solving for its vector, so that a user whom the model has not seen is like any other. Memory
//! grows with users, items and interactions, never with their products.

use std::{borrow::Cow, sync::Arc};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::{Query, Retriever, Source, decayed, indicators};
use crate::recommend::{
    Interaction, Result,
    dense::{dot, symmetric_product},
    draw::uniform,
    sparse::Sparse,
};

/// Elements of each vector.
pub(in crate::recommend) const WIDTH: usize = 64;
/// Steps of conjugate gradients with which a vector follows a change of the other side.
const STEPS: usize = 3;
/// The most steps of a vector that is solved from nothing: as many as it has elements would be exact.
const STEPS_ANEW: usize = 24;
/// The residual below which a vector is solved, against the right side.
const ENOUGH: f32 = 1e-4;
/// The width of what vectors are drawn from: small beside the 1 that products shall come to.
const SPREAD: f32 = 0.2;
/// Vectors that one task turns into a part of a Gram matrix.
const GRAM_PART: usize = 4096;

/// How a model is fitted and asked. The defaults did best on validation items of MovieLens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImplicitAlsOptions {
    /// What a pair counts that was not observed.
    pub unobserved: f32,
    /// The strength of the penalty.
    pub penalty: f32,
    /// Turns of both sides.
    pub epochs: usize,
    /// What is left of a history item's weight with each item that came after it.
    pub history_decay: f32,
}

impl Default for ImplicitAlsOptions {
    fn default() -> Self {
        Self { unobserved: 0.3, penalty: 0.003, epochs: 8, history_decay: 1.0 }
    }
}

/// A fitted model: a vector for each item.
#[derive(Clone, Debug, PartialEq)]
pub struct ImplicitAls {
    /// (items, [`WIDTH`])
    vectors: Arc<Vec<f32>>,
    /// The sum of the items' vectors' products with themselves, (width, width).
    gram: Arc<Vec<f32>>,
    /// The same of the users' vectors when the model was fitted.
    users: Arc<Vec<f32>>,
    options: ImplicitAlsOptions,
}

impl ImplicitAls {
    /// Fits on the histories of a catalogue of `items` items, from vectors drawn by a seed.
    pub fn fit(histories: &[&[Interaction]], items: usize, options: ImplicitAlsOptions, seed: u64) -> Self {
        let users = indicators(histories);
        let by_item = users.transposed(items);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut vectors: Vec<f32> = (0..items * WIDTH).map(|_| (uniform(&mut rng) - 0.5) * SPREAD).collect();
        let mut by_user = vec![0.0; histories.len() * WIDTH];
        for _ in 0..options.epochs {
            Side::new(&vectors, options).solve_all(&users, &mut by_user);
            Side::new(&by_user, options).solve_all(&by_item, &mut vectors);
        }
        Self::of(vectors, gram(&by_user), options)
    }

    /// A model of the vectors that [`vectors`](Self::vectors) and [`users_gram`](Self::users_gram) told.
    pub(in crate::recommend) fn from_parts(vectors: Vec<f32>, users: Vec<f32>) -> Self {
        Self::of(vectors, users, ImplicitAlsOptions::default())
    }

    fn of(vectors: Vec<f32>, users: Vec<f32>, options: ImplicitAlsOptions) -> Self {
        Self { gram: Arc::new(gram(&vectors)), vectors: Arc::new(vectors), users: Arc::new(users), options }
    }

    /// The vectors of the items, (items, [`WIDTH`]).
    pub(in crate::recommend) fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The sum of the users' vectors' products with themselves when the model was fitted, ([`WIDTH`], [`WIDTH`]).
    pub(in crate::recommend) fn users_gram(&self) -> &[f32] {
        &self.users
    }

    /// The model after the users of some items have changed: the vectors of these items are solved anew, against those of
    /// their users as the model sees them now. All other vectors stay, so this costs what changed, not what there is.
    #[must_use]
    pub(in crate::recommend) fn updated(&self, histories: &[&[Interaction]], items: usize, touched: &[u32]) -> Self {
        let users = indicators(histories);
        let by_item = users.transposed(items);
        let mut of_touched: Vec<u32> =
            touched.iter().flat_map(|&item| by_item.row(item as usize).map(|(user, _)| user)).collect();
        of_touched.sort_unstable();
        of_touched.dedup();
        let mut by_user = vec![0.0; histories.len() * WIDTH];
        // Items that are new say nothing of their users yet.
        let known = |&(item, _): &(u32, f32)| (item as usize) < self.vectors.len() / WIDTH;
        let user = |&user: &u32| self.solve(users.row(user as usize).filter(known));
        let solved: Vec<Vec<f32>> = of_touched.par_iter().map(user).collect();
        for (&user, vector) in of_touched.iter().zip(solved) {
            by_user[user as usize * WIDTH..][..WIDTH].copy_from_slice(&vector);
        }
        let side = Side { vectors: &by_user, gram: Cow::Borrowed(&self.users), options: self.options };
        let solve = |&item: &u32| {
            let mut vector = vec![0.0; WIDTH];
            side.solve(by_item.row(item as usize), &mut vector, STEPS_ANEW);
            vector
        };
        let solved: Vec<Vec<f32>> = touched.par_iter().map(solve).collect();
        let mut vectors = self.vectors.to_vec();
        vectors.resize(items * WIDTH, 0.0);
        for (&item, vector) in touched.iter().zip(solved) {
            vectors[item as usize * WIDTH..][..WIDTH].copy_from_slice(&vector);
        }
        Self::of(vectors, self.users.to_vec(), self.options)
    }

    /// The same vectors, asked with another decay of the history.
    #[must_use]
    pub fn with_decay(&self, history_decay: f32) -> Self {
        Self { options: ImplicitAlsOptions { history_decay, ..self.options }, ..self.clone() }
    }

    /// A score for each item, (items), from the weights of some, each item once.
    pub fn weigh(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        let user = self.user(weights);
        self.vectors.chunks_exact(WIDTH).map(|item| dot(item, &user)).collect()
    }

    /// The vector of somebody from the weights of some items, each once; ([`WIDTH`])
    pub(in crate::recommend) fn user(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        self.solve(weights.iter().map(|&(item, weight)| (item as u32, weight)))
    }

    /// The vector of somebody who has some items, (width).
    fn solve(&self, has: impl Iterator<Item = (u32, f32)>) -> Vec<f32> {
        let mut vector = vec![0.0; WIDTH];
        let side = Side { vectors: &self.vectors, gram: Cow::Borrowed(&self.gram), options: self.options };
        side.solve(has, &mut vector, STEPS_ANEW);
        vector
    }
}

impl Retriever for ImplicitAls {
    fn source(&self) -> Source {
        Source::ImplicitAls
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let weights: Vec<(usize, f32)> = decayed(query.history, self.options.history_decay).collect();
        Ok(self.weigh(&weights))
    }
}

/// The side that is held while the other one is solved.
struct Side<'a> {
    /// (others, width)
    vectors: &'a [f32],
    /// (width, width)
    gram: Cow<'a, [f32]>,
    options: ImplicitAlsOptions,
}

impl<'a> Side<'a> {
    fn new(vectors: &'a [f32], options: ImplicitAlsOptions) -> Self {
        Self { vectors, gram: Cow::Owned(gram(vectors)), options }
    }

    /// Moves the vectors of all rows towards their solutions.
    fn solve_all(&self, rows: &Sparse, solutions: &mut [f32]) {
        let tasks = solutions.par_chunks_exact_mut(WIDTH).enumerate();
        tasks.for_each(|(row, solution)| self.solve(rows.row(row), solution, STEPS));
    }

    /// Moves the vector of something with these others towards its solution: `(w(o) o o' + unobserved G + ridge I) x = w(o) o`,
    /// summed over the others o.
    fn solve(&self, others: impl Iterator<Item = (u32, f32)>, x: &mut [f32], steps: usize) {
        let others: Vec<(&[f32], f32)> =
            others.map(|(other, weight)| (&self.vectors[other as usize * WIDTH..][..WIDTH], weight)).collect();
        let count = self.vectors.len() / WIDTH;
        let ridge = self.options.penalty * (others.len() as f32 + self.options.unobserved * count as f32);
        let matrix = |x: &[f32]| -> [f32; WIDTH] {
            let mut out = symmetric_product::<WIDTH>(&self.gram, x);
            out.iter_mut().zip(x).for_each(|(out, x_i)| *out = self.options.unobserved * *out + ridge * x_i);
            others.iter().for_each(|(other, weight)| add(&mut out, weight * dot(other, x), other));
            out
        };
        let mut residual = [0.0; WIDTH];
        others.iter().for_each(|(other, weight)| add(&mut residual, *weight, other));
        let right = dot(&residual, &residual);
        if right == 0.0 {
            // Nobody has it: its solution is known, and steps towards it would divide by what is too small for a float.
            return x.fill(0.0);
        }
        let enough = ENOUGH * ENOUGH * right;
        if x.iter().any(|&value| value != 0.0) {
            add(&mut residual, -1.0, &matrix(x));
        }
        let mut direction = residual;
        let mut error = dot(&residual, &residual);
        for _ in 0..steps {
            if error <= enough {
                break;
            }
            let turned = matrix(&direction);
            let step = error / dot(&direction, &turned);
            add(x, step, &direction);
            add(&mut residual, -step, &turned);
            let left = dot(&residual, &residual);
            let kept = left / error;
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + kept * *d);
            error = left;
        }
    }
}

/// Adds `scale` times a vector to another.
fn add(out: &mut [f32], scale: f32, vector: &[f32]) {
    out.iter_mut().zip(vector).for_each(|(out, value)| *out += scale * value);
}

/// The sum of vectors' products with themselves, (width, width). Parts are summed in their order, whatever the threads.
fn gram(vectors: &[f32]) -> Vec<f32> {
    let part = |vectors: &[f32]| {
        let mut sums = vec![0.0; WIDTH * WIDTH];
        for vector in vectors.chunks_exact(WIDTH) {
            sums.chunks_exact_mut(WIDTH).zip(vector).for_each(|(row, &value)| add(row, value, vector));
        }
        sums
    };
    let parts: Vec<Vec<f32>> = vectors.par_chunks(GRAM_PART * WIDTH).map(part).collect();
    parts.iter().fold(vec![0.0; WIDTH * WIDTH], |mut sum, part| {
        add(&mut sum, 1.0, part);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(items: &[usize]) -> Vec<Interaction> {
        items.iter().map(|&item| Interaction { user: 0, item, rating: None, timestamp: None }).collect()
    }

    /// What is minimized for one user's vector, in its own numbers.
    fn loss(model: &ImplicitAls, has: &[(usize, f32)], x: &[f32], others: usize) -> f64 {
        let options = model.options;
        let score = |item: usize| f64::from(dot(&model.vectors[item * WIDTH..][..WIDTH], x));
        let observed: f64 = has.iter().map(|&(item, weight)| f64::from(weight) * (1.0 - score(item)).powi(2)).sum();
        let all: f64 = (0..others).map(|item| score(item).powi(2)).sum();
        let ridge = options.penalty * (has.len() as f32 + options.unobserved * others as f32);
        observed + f64::from(options.unobserved) * all + f64::from(ridge * dot(x, x))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_history_is_solved_for_the_least_loss(
            histories in prop::collection::vec(prop::collection::vec(0usize..9, 1..7), 4..12),
            has in prop::collection::btree_map(0usize..9, 0.1f32..1.0, 1..5),
            nudge in prop::collection::vec(-1f32..1.0, WIDTH),
        ) {
            let events: Vec<_> = histories.iter().map(|items| history(items)).collect();
            let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
            let model = ImplicitAls::fit(&slices, 9, ImplicitAlsOptions::default(), 1);
            let has: Vec<(usize, f32)> = has.into_iter().collect();
            let solved = model.solve(has.iter().map(|&(item, weight)| (item as u32, weight)));
            let least = loss(&model, &has, &solved, 9);
            for size in [1e-2, 1.0] {
                let mut other = solved.clone();
                add(&mut other, size, &nudge);
                prop_assert!(loss(&model, &has, &other, 9) >= least - 1e-5, "{size}");
            }
        }
    }

    /// Two groups of users, each with items of its own.
    fn two_tastes() -> Vec<Vec<Interaction>> {
        (0..40)
            .map(|user| history(&(0..4).map(|i| (user * 7 + i * 3) % 10 + 10 * (user % 2)).collect::<Vec<_>>()))
            .collect()
    }

    #[test]
    fn items_of_like_users_are_found() {
        let events = two_tastes();
        let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
        let model = ImplicitAls::fit(&slices, 20, ImplicitAlsOptions::default(), 1);
        let scores = model.scores(&Query::of(&history(&[1, 4]))).unwrap();
        let (own, other): (f32, f32) = (scores[..10].iter().sum(), scores[10..].iter().sum());
        assert!(own > 4.0 * other.abs(), "{own} and {other}");
    }

    #[test]
    fn what_nobody_has_scores_nothing() {
        let events = two_tastes();
        let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
        let options = ImplicitAlsOptions { epochs: 40, ..ImplicitAlsOptions::default() };
        let model = ImplicitAls::fit(&slices, 25, options, 1);
        let scores = model.scores(&Query::of(&events[0])).unwrap();
        assert!(scores[..20].iter().all(|score| score.is_finite()) && scores[20..] == [0.0; 5], "{scores:?}");
        assert_eq!(model.scores(&Query::of(&[])).unwrap(), [0.0; 25]);
    }

    #[test]
    fn an_update_learns_what_is_new_and_keeps_the_rest() {
        let mut events = two_tastes();
        let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
        let model = ImplicitAls::fit(&slices, 20, ImplicitAlsOptions::default(), 1);
        events.iter_mut().step_by(2).for_each(|history| history.push(Interaction { item: 20, ..history[0] }));
        let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
        let updated = model.updated(&slices, 21, &[20]);
        assert_eq!(updated.vectors[..20 * WIDTH], model.vectors[..]);
        let score = |has: &[usize]| updated.scores(&Query::of(&history(has))).unwrap()[20];
        assert!(score(&[2, 4]) > 4.0 * score(&[12, 14]).abs(), "{} and {}", score(&[2, 4]), score(&[12, 14]));
    }
}
