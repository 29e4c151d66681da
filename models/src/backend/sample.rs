//! From a row of logits to a token: greedy, or drawn with temperature, top-k, top-p, min-p and a repetition penalty.
//!
//! Everything here runs in one fixed order, so that the same row and random number give the same token.

use docent_kernels::Summary;

use super::{BackendError, Step};
use crate::Result;

/// How the next token is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token.
    pub temperature: f32,
    /// Keeps the `k` likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the likeliest tokens whose probabilities reach `p` together (Holtzman et al. 2020); 1 keeps all.
    pub top_p: f32,
    /// Keeps tokens at least this fraction as likely as the likeliest; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of tokens seen before (Keskar et al. 2019); 1 changes nothing.
    pub repetition_penalty: f32,
}

impl Default for Sampling {
    /// Greedy.
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repetition_penalty: 1.0 }
    }
}

/// A drawn token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Its id.
    pub token: u32,
    /// Its log-probability under the model, before penalty, temperature and cuts.
    pub log_prob: f32,
}

/// What a row of logits comes to, in double precision.
pub(super) fn summarize(logits: &[f32]) -> Summary {
    let Some(largest) = largest(logits) else {
        return Summary { largest: None, log_sum_exp: f64::NEG_INFINITY };
    };
    let max = logits[largest];
    let sum: f64 = logits.iter().map(|&x| f64::from((x - max).exp())).sum();
    Summary { largest: Some(largest), log_sum_exp: f64::from(max) + sum.ln() }
}

/// What turns these logits into log-probabilities.
fn normalizer(logits: &[f32], summary: Summary) -> Result<f64, BackendError> {
    let sum = summary.log_sum_exp;
    // A sum of nothing but NaN counts none of them.
    let has_nan = || sum == f64::NEG_INFINITY && logits.iter().any(|x| x.is_nan());
    if sum.is_nan() || sum == f64::INFINITY || has_nan() { Err(BackendError::NotFinite) } else { Ok(sum) }
}

pub(super) fn log_probs(
    step: &Step,
    picks: &[(usize, u32)],
    summarize: impl Fn(&[f32]) -> Summary,
) -> Result<Vec<f32>> {
    let mut known = (usize::MAX, 0.0);
    let mut out = Vec::with_capacity(picks.len());
    for &(row, token) in picks {
        let logits = step.logits.row(row)?;
        if known.0 != row {
            let summary = step.summary(row).unwrap_or_else(|| summarize(&logits));
            known = (row, normalizer(&logits, summary)?);
        }
        let limit = logits.len();
        let logit =
            logits.get(token as usize).ok_or(BackendError::Range { what: "token id", found: token as usize, limit })?;
        out.push((f64::from(*logit) - known.1) as f32);
    }
    Ok(out)
}

pub(super) fn top_n(logits: &[f32], n: usize, summary: Summary) -> Result<Vec<(u32, f32)>> {
    let normalizer = normalizer(logits, summary)?;
    let mut ranked = Ranked::new(logits, summary.largest);
    let order = (0..n).map_while(|place| ranked.at(place));
    Ok(order.map(|t| (t, (f64::from(logits[t as usize]) - normalizer) as f32)).collect())
}

pub(super) fn sample(
    (logits, summary): (&[f32], Summary),
    sampling: &Sampling,
    seen: &[u32],
    uniform: f64,
    summarize: impl Fn(&[f32]) -> Summary,
) -> Result<Sampled> {
    let normalizer = normalizer(logits, summary)?;
    let mut penalized = std::borrow::Cow::Borrowed(logits);
    let mut likeliest = summary.largest;
    if sampling.repetition_penalty != 1.0 {
        penalize(penalized.to_mut(), sampling.repetition_penalty, seen);
        likeliest = summarize(&penalized).largest;
    }
    let token = match sampling.temperature > 0.0 {
        false => likeliest.map(|token| token as u32),
        true => likeliest.and_then(|likeliest| draw(&penalized, likeliest, sampling, uniform, &summarize)),
    };
    let token = token.filter(|&t| logits[t as usize] > f32::NEG_INFINITY).ok_or(BackendError::NothingAllowed)?;
    Ok(Sampled { token, log_prob: (f64::from(logits[token as usize]) - normalizer) as f32 })
}

fn penalize(logits: &mut [f32], penalty: f32, seen: &[u32]) {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    seen.dedup();
    for token in seen {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
        }
    }
}

/// Where the largest logit is, the first of equals.
fn largest(logits: &[f32]) -> Option<usize> {
    let better = |best: Option<usize>, (at, x): (usize, &f32)| match best {
        Some(best) if logits[best] >= *x => Some(best),
        _ if *x > f32::NEG_INFINITY => Some(at),
        best => best,
    };
    logits.iter().enumerate().fold(None, better)
}

fn draw(
    logits: &[f32],
    likeliest: usize,
    sampling: &Sampling,
    uniform: f64,
    summarize: &impl Fn(&[f32]) -> Summary,
) -> Option<u32> {
    let max = f64::from(logits[likeliest]);
    let (temperature, floor) = (f64::from(sampling.temperature), f64::from(sampling.min_p));
    let count = if sampling.top_k == 0 { logits.len() } else { sampling.top_k };
    let mut ranked = Ranked::new(logits, Some(likeliest));
    // Token and weight at a place of the ranking, of those that are kept.
    let mut at = |place: usize| {
        let token = if place < count { ranked.at(place) } else { None }?;
        let weight = ((f64::from(logits[token as usize]) - max) / temperature).exp();
        (weight > 0.0 && weight >= floor).then_some((token, weight))
    };
    let mut mass: f64 = match count < logits.len() || floor > 0.0 {
        true => (0..count).map_while(|place| at(place).map(|(_, weight)| weight)).sum(),
        // All of them: no need to rank what is hardly ever drawn.
        false => {
            let scaled: Vec<f32> = logits.iter().map(|x| ((f64::from(*x) - max) / temperature) as f32).collect();
            summarize(&scaled).log_sum_exp.exp()
        }
    };
    let mut kept = count;
    if sampling.top_p < 1.0 {
        let enough = mass * f64::from(sampling.top_p);
        let mut sum = 0.0;
        kept = 0;
        while let Some((_, weight)) = at(kept) {
            kept += 1;
            sum += weight;
            if sum >= enough {
                break;
            }
        }
        mass = sum;
    }
    let (mut left, mut last) = (uniform * mass, None);
    for place in 0..kept {
        let Some((token, weight)) = at(place) else { break };
        last = Some(token);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

/// Tokens from the likeliest on, the lower id first among equals, sorted as far as somebody looks: of a whole vocabulary, a
/// draw mostly needs the first few. What is not allowed has no place.
struct Ranked<'a> {
    logits: &'a [f32],
    order: Vec<u32>,
    /// What is likelier than this is sorted.
    above: f32,
    /// How far below the likeliest the next ones lie.
    depth: f32,
    max: f32,
}

impl<'a> Ranked<'a> {
    fn new(logits: &'a [f32], likeliest: Option<usize>) -> Self {
        let max = likeliest.map_or(f32::NEG_INFINITY, |likeliest| logits[likeliest]);
        Self { logits, order: Vec::new(), above: f32::INFINITY, depth: 2.0, max }
    }

    /// The token at a place.
    fn at(&mut self, place: usize) -> Option<u32> {
        while place >= self.order.len() {
            if self.above == f32::NEG_INFINITY {
                return None;
            }
            let (logits, above) = (self.logits, self.above);
            let below = if self.depth > 64.0 { f32::NEG_INFINITY } else { self.max - self.depth };
            let start = self.order.len();
            let next = logits.iter().zip(0..).filter(|(x, _)| **x > below && **x <= above);
            self.order.extend(next.map(|(_, token): (_, u32)| token));
            self.order[start..]
                .sort_unstable_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
            (self.above, self.depth) = (below, 2.0 * self.depth);
        }
        self.order.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(logits: &[f32], sampling: &Sampling, seen: &[u32], uniform: f64) -> Result<Sampled> {
        super::sample((logits, summarize(logits)), sampling, seen, uniform, summarize)
    }

    fn drawn(sampling: Sampling, logits: &[f32]) -> Vec<u32> {
        let draws = (0..1000).map(|i| sample(logits, &sampling, &[], f64::from(i) / 1000.0).unwrap().token);
        let mut tokens: Vec<u32> = draws.collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    #[test]
    fn each_cut_keeps_its_tokens() {
        // Probabilities 0.5, 0.25, 0.125, 0.125.
        let logits = [0.0, 1.0, 2.0, 0.0].map(|x: f32| x * std::f32::consts::LN_2);
        let base = Sampling { temperature: 1.0, ..Sampling::default() };
        let cases = [
            ("all", base, vec![0, 1, 2, 3]),
            ("greedy", Sampling::default(), vec![2]),
            ("top-k", Sampling { top_k: 2, ..base }, vec![1, 2]),
            ("top-k with a tie", Sampling { top_k: 3, ..base }, vec![0, 1, 2]),
            ("top-p", Sampling { top_p: 0.6, ..base }, vec![1, 2]),
            ("top-p 0", Sampling { top_p: 0.0, ..base }, vec![2]),
            ("min-p", Sampling { min_p: 0.4, ..base }, vec![1, 2]),
            ("cold", Sampling { temperature: 1e-3, ..base }, vec![2]),
        ];
        for (name, sampling, expected) in cases {
            assert_eq!(drawn(sampling, &logits), expected, "{name}");
        }
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let logits = [0.0_f32, 3.0_f32.ln()];
        let sampling = Sampling { temperature: 1.0, ..Sampling::default() };
        let ones = (0..4000).filter(|&i| sample(&logits, &sampling, &[], f64::from(i) / 4000.0).unwrap().token == 1);
        assert!(ones.count().abs_diff(3000) <= 1);
    }

    #[test]
    fn draws_from_many_tokens_are_those_of_a_whole_sort() {
        let logits: Vec<f32> = (0..5000).map(|i: i32| ((i * 7919) % 613) as f32 / 100.0).collect();
        let mut order: Vec<u32> = (0..5000).collect();
        order.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
        let weights: Vec<f64> = order.iter().map(|&t| (f64::from(logits[t as usize]) / 0.7).exp()).collect();
        let sampling = Sampling { temperature: 0.7, ..Sampling::default() };
        for i in 0..200 {
            let uniform = (f64::from(i) + 0.37) / 200.0;
            let mut left = uniform * weights.iter().sum::<f64>();
            let place = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            assert_eq!(sample(&logits, &sampling, &[], uniform).unwrap().token, order[place.unwrap()], "{uniform}");
        }
        let last = sample(&[0.0, 1.0, f32::NEG_INFINITY], &sampling, &[], 1.0 - 1e-17).unwrap();
        assert_eq!(last.token, 0);
    }

    #[test]
    fn the_penalty_weakens_what_was_seen_and_keeps_its_reported_probability() {
        let logits = [1.0, 1.1, -1.0];
        let sampling = Sampling { repetition_penalty: 2.0, ..Sampling::default() };
        let sampled = sample(&logits, &sampling, &[1, 1], 0.0).unwrap();
        assert_eq!(sampled.token, 0);
        assert!((f64::from(sampled.log_prob) - (1.0 - summarize(&logits).log_sum_exp)).abs() < 1e-6);
    }

    #[test]
    fn a_row_that_allows_nothing_is_an_error() {
        for temperature in [0.0, 1.0] {
            let sampling = Sampling { temperature, ..Sampling::default() };
            assert!(sample(&[f32::NEG_INFINITY; 3], &sampling, &[], 0.5).is_err());
        }
    }

    #[test]
    fn logits_that_are_no_numbers_are_an_error() {
        use crate::{Error, backend::Rows};
        let rows = [[1.0, f32::NAN, 0.0], [f32::NAN; 3], [1.0, f32::INFINITY, 0.0], [f32::NEG_INFINITY, f32::NAN, 1.0]];
        for logits in rows {
            let step = Step::new(Rows::Host { data: logits.to_vec(), width: 3 }, Rows::none(0));
            let warm = Sampling { temperature: 1.0, ..Sampling::default() };
            let errors = [
                ("greedy", sample(&logits, &Sampling::default(), &[], 0.5).err()),
                ("drawn", sample(&logits, &warm, &[], 0.5).err()),
                ("log-probabilities", log_probs(&step, &[(0, 0)], summarize).err()),
                ("likeliest", top_n(&logits, 2, summarize(&logits)).err()),
            ];
            for (name, error) in errors {
                assert!(
                    matches!(error, Some(Error::Backend(BackendError::NotFinite))),
                    "{logits:?}, {name}: {error:?}"
                );
            }
        }
    }

    #[test]
    fn top_n_orders_by_probability_then_id() {
        let logits = [1.0, 3.0, 1.0, f32::NEG_INFINITY];
        let top = top_n(&logits, 9, summarize(&logits)).unwrap();
        assert_eq!(top.iter().map(|t| t.0).collect::<Vec<_>>(), [1, 0, 2]);
        assert!((top.iter().map(|t| t.1.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
