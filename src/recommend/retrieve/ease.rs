//! A linear model of every item against all others, fitted in closed form.
//!
//! Harald Steck, *Embarrassingly Shallow Autoencoders for Sparse Data* (2019). With X (users, items) of ones and P the
//! inverse of X'X + penalty I, the weight of item i for item j is -P_ij / P_jj, and none for itself. Where there are
//! fewer users than items, P is never formed: by Woodbury's identity everything follows from the inverse K of
//! XX' + penalty I (users, users). Either way the larger of both numbers costs memory linearly, the smaller one
//! quadratically.

use std::sync::Arc;

use faer::{Mat, Side, linalg::solvers::DenseSolveCore};
use rayon::prelude::*;

use super::{Query, Retriever, Source, decayed, indicators};
use crate::recommend::{
    Error, Interaction, Result,
    dense::dot,
    sparse::Sparse,
    tensors::{TensorsIn, TensorsOut},
};

/// The most rows of the matrix that is inverted: its inverse takes 8 bytes an element while fitting (128 MB).
const MOST_ROWS: usize = 4096;

/// How the model is fitted and asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EaseOptions {
    /// The strength of the ridge penalty; above 0.
    pub penalty: f64,
    /// What is left of a history item's weight with each item that came after it.
    pub history_decay: f32,
}

/// A fitted model.
#[derive(Clone, Debug)]
pub struct Ease {
    form: Arc<Form>,
    history_decay: f32,
}

#[derive(Debug)]
enum Form {
    /// The weights themselves, (items, items): row i holds what item i gives to others.
    Primal { weights: Vec<f32>, items: usize },
    /// All that the weights follow from.
    Dual {
        /// X, (users, items)
        users: Sparse,
        /// X', (items, users)
        by_item: Sparse,
        /// K, (users, users)
        kernel: Vec<f32>,
        /// 1 - x_j' K x_j for the column x_j of each item: penalty times P_jj; (items)
        divisors: Vec<f32>,
    },
}

impl Ease {
    /// Whether the model can be fitted on so many users and items.
    pub fn fits(users: usize, items: usize) -> bool {
        users.min(items) <= MOST_ROWS
    }

    /// Fits on the histories of a catalogue of `items` items.
    ///
    /// # Errors
    /// If there are too many of both users and items, or the penalty is too small for the matrix to be inverted.
    pub fn fit(histories: &[&[Interaction]], items: usize, options: EaseOptions) -> Result<Self> {
        if !Self::fits(histories.len(), items) {
            return Err(Error::TooLarge { users: histories.len(), items, most: MOST_ROWS });
        }
        let (users, by_item) = matrices(histories, items);
        let form = match is_dual(histories.len(), items) {
            true => dual(users, by_item, options.penalty)?,
            false => primal(&users, &by_item, options.penalty)?,
        };
        Ok(Self { form: Arc::new(form), history_decay: options.history_decay })
    }

    /// Puts the model among tensors under a name.
    pub(in crate::recommend) fn put(&self, name: &str, out: &mut TensorsOut) {
        match &*self.form {
            Form::Primal { weights, items } => out.put_f32(&format!("{name}.weights"), &[*items, *items], weights),
            Form::Dual { users, kernel, divisors, .. } => {
                out.put_f32(&format!("{name}.kernel"), &[users.rows(), users.rows()], kernel);
                out.put_f32(&format!("{name}.divisors"), &[divisors.len()], divisors);
            }
        }
    }

    /// The model that was put under a name, and fitted on these histories of a catalogue of `items` items.
    ///
    /// # Errors
    /// If it is missing, or of another size.
    pub(in crate::recommend) fn read(
        name: &str,
        tensors: &TensorsIn<'_>,
        histories: &[&[Interaction]],
        items: usize,
    ) -> Result<Self> {
        let count = histories.len();
        let form = match is_dual(count, items) {
            true => {
                let (users, by_item) = matrices(histories, items);
                let kernel = tensors.f32(&format!("{name}.kernel"), &[count, count])?;
                Form::Dual { users, by_item, kernel, divisors: tensors.f32(&format!("{name}.divisors"), &[items])? }
            }
            false => Form::Primal { weights: tensors.f32(&format!("{name}.weights"), &[items, items])?, items },
        };
        Ok(Self { form: Arc::new(form), history_decay: 1.0 })
    }

    /// The same weights, asked with another decay of the history.
    #[must_use]
    pub fn with_decay(&self, history_decay: f32) -> Self {
        Self { form: self.form.clone(), history_decay }
    }

    /// A score for each item, (items), from the weights of some, each item once.
    pub fn weigh(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        match &*self.form {
            Form::Primal { weights: matrix, items } => {
                let mut scores = vec![0.0; *items];
                for &(item, weight) in weights {
                    let row = &matrix[item * items..][..*items];
                    scores.iter_mut().zip(row).for_each(|(score, value)| *score += weight * value);
                }
                scores
            }
            Form::Dual { users, by_item, kernel, divisors } => {
                let mut likeness = vec![0.0; users.rows()];
                by_item.add_rows(weights.iter().copied(), &mut likeness);
                let influence = kernel.chunks_exact(users.rows().max(1)).map(|row| dot(row, &likeness)).enumerate();
                let mut scores = vec![0.0; divisors.len()];
                users.add_rows(influence, &mut scores);
                let mut own = vec![0.0; divisors.len()];
                weights.iter().for_each(|&(item, weight)| own[item] = weight);
                for ((score, divisor), own) in scores.iter_mut().zip(divisors).zip(own) {
                    *score = own - (own - *score) / divisor;
                }
                scores
            }
        }
    }
}

impl Retriever for Ease {
    fn source(&self) -> Source {
        Source::Ease
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let weights: Vec<(usize, f32)> = decayed(query.history, self.history_decay).collect();
        Ok(self.weigh(&weights))
    }
}

fn is_dual(users: usize, items: usize) -> bool {
    users < items
}

/// X, (users, items), and its transpose.
fn matrices(histories: &[&[Interaction]], items: usize) -> (Sparse, Sparse) {
    let users = indicators(histories);
    let by_item = users.transposed(items);
    (users, by_item)
}

fn primal(users: &Sparse, by_item: &Sparse, penalty: f64) -> Result<Form> {
    let items = by_item.rows();
    let inverse = inverse(by_item.product_rows(users, items, |_, row| row), penalty)?;
    let mut weights = vec![0.0; items * items];
    weights.par_chunks_exact_mut(items.max(1)).enumerate().for_each(|(i, row)| {
        for (j, weight) in row.iter_mut().enumerate().filter(|&(j, _)| j != i) {
            *weight = (-inverse[(i, j)] / inverse[(j, j)]) as f32;
        }
    });
    Ok(Form::Primal { weights, items })
}

fn dual(users: Sparse, by_item: Sparse, penalty: f64) -> Result<Form> {
    let count = users.rows();
    let inverse = inverse(users.product_rows(&by_item, count, |_, row| row), penalty)?;
    let divisor = |item: usize| {
        let own: Vec<usize> = by_item.row(item).map(|(user, _)| user as usize).collect();
        let explained: f64 = own.iter().flat_map(|&a| own.iter().map(move |&b| (a, b))).map(|at| inverse[at]).sum();
        (1.0 - explained) as f32
    };
    let divisors = (0..by_item.rows()).into_par_iter().map(divisor).collect();
    let mut kernel = vec![0.0; count * count];
    kernel.par_chunks_exact_mut(count.max(1)).enumerate().for_each(|(i, row)| {
        row.iter_mut().enumerate().for_each(|(j, value)| *value = inverse[(i, j)] as f32);
    });
    Ok(Form::Dual { users, by_item, kernel, divisors })
}

/// The inverse of a symmetric matrix plus `penalty` on its diagonal.
fn inverse(rows: Vec<Vec<(u32, f32)>>, penalty: f64) -> Result<Mat<f64>> {
    let count = rows.len();
    let mut matrix = Mat::<f64>::zeros(count, count);
    for (i, row) in rows.into_iter().enumerate() {
        row.into_iter().for_each(|(j, value)| matrix[(i, j as usize)] = f64::from(value));
        matrix[(i, i)] += penalty;
    }
    let factor = matrix.llt(Side::Lower).map_err(|_| Error::Penalty { penalty })?;
    Ok(factor.inverse())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(items: &[usize]) -> Vec<Interaction> {
        items.iter().map(|&item| Interaction { user: 0, item, rating: None, timestamp: None }).collect()
    }

    /// Scores from the definition, P by Gauss-Jordan elimination.
    fn oracle(histories: &[Vec<usize>], items: usize, options: EaseOptions, recent: &[usize]) -> Vec<f64> {
        let users = |a: usize, b: usize| histories.iter().filter(|h| h.contains(&a) && h.contains(&b)).count() as f64;
        let mut rows: Vec<Vec<f64>> = (0..items)
            .map(|i| {
                let left = (0..items).map(|j| users(i, j) + if i == j { options.penalty } else { 0.0 });
                left.chain((0..items).map(|j| f64::from(u8::from(i == j)))).collect()
            })
            .collect();
        for pivot in 0..items {
            let divisor = rows[pivot][pivot];
            rows[pivot].iter_mut().for_each(|value| *value /= divisor);
            let row = rows[pivot].clone();
            for other in (0..items).filter(|&other| other != pivot) {
                let factor = rows[other][pivot];
                rows[other].iter_mut().zip(&row).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
        let p = |i: usize, j: usize| rows[i][items + j];
        let mut weights = vec![0.0f64; items];
        for (age, &item) in recent.iter().rev().enumerate() {
            weights[item] = weights[item].max(f64::from(options.history_decay).powi(age as i32));
        }
        (0..items).map(|j| (0..items).filter(|&i| i != j).map(|i| -weights[i] * p(i, j) / p(j, j)).sum()).collect()
    }

    proptest! {
        #[test]
        fn both_forms_give_the_scores_of_the_definition(
            histories in prop::collection::vec(prop::collection::vec(0usize..6, 0..6), 1..12),
            recent in prop::collection::vec(0usize..6, 0..6),
            penalty in 0.5f64..50.0,
            history_decay in 0.1f32..1.0,
        ) {
            let options = EaseOptions { penalty, history_decay };
            let events: Vec<_> = histories.iter().map(|items| history(items)).collect();
            let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
            let model = Ease::fit(&slices, 6, options).unwrap();
            prop_assert_eq!(matches!(*model.form, Form::Dual { .. }), histories.len() < 6);
            let scores = model.scores(&Query::of(&history(&recent))).unwrap();
            for (score, expected) in scores.iter().zip(oracle(&histories, 6, options, &recent)) {
                prop_assert!((f64::from(*score) - expected).abs() < 1e-4, "{score} for {expected}");
            }
        }
    }

    #[test]
    fn what_cannot_be_inverted_is_refused() {
        assert!(Ease::fits(MOST_ROWS, 1_000_000) && !Ease::fits(MOST_ROWS + 1, MOST_ROWS + 1));
        let events = history(&[0, 1]);
        let options = EaseOptions { penalty: -1.0, history_decay: 1.0 };
        let error = Ease::fit(&[&events, &events], 2, options).unwrap_err();
        assert_eq!(error.to_string(), "a penalty of -1 leaves the matrix without an inverse");
    }
}
