//! Guessing the next tokens from what stands before: a text that repeats a title goes on as it did the first time.
//!
//! Prompt look-up decoding (Saxena 2023). A guess costs a row of the step; what is guessed right needs no step of its own,
//! and the output is the same either way. A token is guessed if that is likelier to be right than the part of the step's
//! time that its row takes, times the tokens that the step gives anyway: then it raises the tokens per second.

/// Tokens that must have come before in the same order for a guess; the longer the better.
const KEYS: [usize; 2] = [4, 2];

/// Guesses of a step at most.
const MOST: usize = 12;

/// What one more guess counts for the rate, beside all earlier ones: the last ten or so decide.
const NEW: f64 = 0.1;

/// What one more step counts for the costs.
const NEW_STEP: f64 = 0.02;

/// What it counts beside all steps that eight more rows are taken to cost as much again: it decides as long as all steps
/// have the same size.
const ASSUMED: f64 = 0.02;

/// Rows of the steps that costs are learned from: beyond these a row costs less.
const FEW_ROWS: usize = 32;

/// What follows the latest earlier place where the last tokens stand; nothing if there is none.
pub(super) fn look_up(ids: &[u32]) -> &[u32] {
    for key_len in KEYS {
        let Some(start) = ids.len().checked_sub(key_len) else { continue };
        let key = &ids[start..];
        if let Some(at) = (0..start).rev().find(|&at| ids[at..].starts_with(key)) {
            let follows = &ids[at + key_len..];
            return &follows[..follows.len().min(MOST)];
        }
    }
    &[]
}

/// How often one text's guesses are right.
#[derive(Debug)]
pub(super) struct Rate(f64);

impl Default for Rate {
    fn default() -> Self {
        Rate(0.5)
    }
}

impl Rate {
    /// How many tokens are worth guessing, where each must be right with more than probability `worth`.
    pub(super) fn worth_guessing(&self, worth: f64) -> usize {
        let mut right = self.0;
        let mut count = 0;
        while right > worth && count < MOST {
            right *= self.0;
            count += 1;
        }
        count
    }

    /// Takes notice of a guess, also of one that was not acted upon.
    pub(super) fn learn(&mut self, was_right: bool) {
        self.0 += NEW * (f64::from(was_right) - self.0);
    }
}

/// What a step costs: seconds as a line over its rows, by least squares in which steps of long ago count less.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Costs {
    weight: f64,
    rows: f64,
    rows_squared: f64,
    seconds: f64,
    product: f64,
}

impl Costs {
    /// Takes notice of a step.
    pub(super) fn learn(&mut self, rows: usize, seconds: f64) {
        if rows == 0 || rows > FEW_ROWS {
            return;
        }
        let (keep, new) = if self.weight == 0.0 { (0.0, 1.0) } else { (1.0 - NEW_STEP, NEW_STEP) };
        for sum in [&mut self.weight, &mut self.rows, &mut self.rows_squared, &mut self.seconds, &mut self.product] {
            *sum *= keep;
        }
        self.add(rows as f64, seconds, new);
    }

    fn add(&mut self, rows: f64, seconds: f64, weight: f64) {
        self.weight += weight;
        self.rows += weight * rows;
        self.rows_squared += weight * rows * rows;
        self.seconds += weight * seconds;
        self.product += weight * rows * seconds;
    }

    /// With which probability a guess must be right to be worth its row, in a step of `rows` rows that give a token each.
    pub(super) fn worth(&self, rows: usize) -> f64 {
        if self.weight == 0.0 {
            return 1.0;
        }
        let mut known = *self;
        known.add(self.rows / self.weight + 8.0, 2.0 * self.seconds / self.weight, ASSUMED * self.weight);
        let spread = known.weight * known.rows_squared - known.rows * known.rows;
        let row = (known.weight * known.product - known.rows * known.seconds) / spread;
        let fixed = (known.seconds - row * known.rows) / known.weight;
        let whole = fixed + row * rows as f64;
        if whole > 0.0 { (row * rows as f64 / whole).clamp(0.05, 1.0) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_place_with_the_longest_key_decides() {
        assert_eq!(look_up(&[1, 2, 3, 9, 1, 2, 4, 8, 1, 2]), [4, 8, 1, 2]);
        assert_eq!(look_up(&[5, 1, 2, 3, 7, 6, 2, 3, 9, 5, 1, 2, 3])[..2], [7, 6], "four tokens count more than two");
        assert_eq!(look_up(&[1, 1, 1]), [1], "a place may overlap its key");
        assert!(look_up(&[1, 2, 3]).is_empty());
        assert!(look_up(&[]).is_empty());
    }

    #[test]
    fn guesses_follow_their_rate() {
        let mut rate = Rate::default();
        assert_eq!([0.6, 0.3, 0.2, 0.1].map(|worth| rate.worth_guessing(worth)), [0, 1, 2, 3]);
        (0..40).for_each(|_| rate.learn(true));
        assert_eq!(rate.worth_guessing(0.3), MOST);
        (0..40).for_each(|_| rate.learn(false));
        assert_eq!(rate.worth_guessing(0.05), 0);
        (0..8).for_each(|_| rate.learn(true));
        assert!(rate.worth_guessing(0.3) > 0, "what was not acted upon is learned from, too");
    }

    #[test]
    fn costs_are_learned_from_steps() {
        let mut costs = Costs::default();
        assert_eq!(costs.worth(1), 1.0, "nothing is known");
        costs.learn(1, 0.010);
        assert!((costs.worth(1) - 0.125).abs() < 1e-9, "{}", costs.worth(1));
        (0..5000).for_each(|_| costs.learn(1, 0.010));
        assert!((costs.worth(1) - 0.125).abs() < 1e-9, "what was never seen stays as it was taken to be");
        for step in 0..2000 {
            let rows = 1 + step % 9;
            costs.learn(rows, 0.002 + 0.001 * rows as f64);
        }
        assert!((costs.worth(1) - 1.0 / 3.0).abs() < 0.05, "{}", costs.worth(1));
        assert!((costs.worth(8) - 0.8).abs() < 0.05);
    }
}
