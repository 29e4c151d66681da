//! From the hidden states of a text's tokens to one vector.

use serde::{Deserialize, Serialize};

/// Which hidden states make the vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over every token of the text (Reimers and Gurevych 2019).
    #[default]
    Mean,
    /// The first token's state, `[CLS]`.
    Cls,
    /// The last token's state, the only one of a causal model that has seen the whole text.
    Last,
}

impl Pooling {
    /// Pools the hidden states of one text, (tokens, width), into `out` (width). No tokens give zeros.
    pub fn pool(self, hidden: &[f32], out: &mut [f32]) {
        let width = out.len();
        let tokens = hidden.len() / width;
        match self {
            _ if tokens == 0 => out.fill(0.0),
            Pooling::Cls => out.copy_from_slice(&hidden[..width]),
            Pooling::Last => out.copy_from_slice(&hidden[(tokens - 1) * width..]),
            Pooling::Mean => {
                out.fill(0.0);
                for row in hidden.chunks_exact(width) {
                    for (sum, x) in out.iter_mut().zip(row) {
                        *sum += x;
                    }
                }
                let scale = 1.0 / tokens as f32;
                out.iter_mut().for_each(|x| *x *= scale);
            }
        }
    }
}

/// Scales a vector to unit length; a zero vector stays zero.
pub fn normalize(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if norm > 0.0 {
        let scale = (1.0 / norm) as f32;
        vector.iter_mut().for_each(|x| *x *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pooling_takes_its_rows() {
        let hidden = [1.0, 2.0, 3.0, 4.0, 5.0, 9.0];
        let cases = [(Pooling::Mean, [3.0, 5.0]), (Pooling::Cls, [1.0, 2.0]), (Pooling::Last, [5.0, 9.0])];
        for (pooling, expected) in cases {
            let mut out = [0.0; 2];
            pooling.pool(&hidden, &mut out);
            assert_eq!(out, expected, "{pooling:?}");
            pooling.pool(&[], &mut out);
            assert_eq!(out, [0.0; 2], "{pooling:?} of nothing");
        }
    }

    #[test]
    fn normalize_gives_unit_length_and_spares_zero() {
        let mut vector = [3.0, 4.0];
        normalize(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut zero = [0.0; 3];
        normalize(&mut zero);
        assert_eq!(zero, [0.0; 3]);
    }
}
