//! Rotary position embedding (Su et al. 2021), half-split pairs, with the scalings of linear interpolation and Llama 3.
//!
//! Frequencies and angles are computed in single precision, as the models' training code does.

/// How frequencies are stretched beyond the context that the model was pre-trained on.
#[derive(Clone, Debug, PartialEq)]
pub enum RopeScaling {
    /// Unscaled.
    None,
    /// All frequencies divided by one factor.
    Linear {
        /// The divisor.
        factor: f32,
    },
    /// Llama 3: low frequencies divided by a factor, high ones kept, those between blended.
    Llama3 {
        /// The divisor of low frequencies.
        factor: f32,
        /// Wavelengths above `original_context / low` are low frequencies.
        low_freq_factor: f32,
        /// Wavelengths below `original_context / high` are high frequencies.
        high_freq_factor: f32,
        /// The context of pre-training.
        original_context: usize,
    },
    /// Every frequency divided by its own factor, as GGUF files store them (`rope_freqs.weight`).
    Factors(Vec<f32>),
}

/// The rotary embedding of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    inverse_frequencies: Vec<f32>,
}

impl Rope {
    /// Frequencies for heads of `head_dim` with base `theta`.
    pub fn new(head_dim: usize, theta: f32, scaling: &RopeScaling) -> Self {
        let half = head_dim / 2;
        let plain = (0..half).map(|i| 1.0 / theta.powf((2 * i) as f32 / head_dim as f32));
        let inverse_frequencies = match scaling {
            RopeScaling::None => plain.collect(),
            RopeScaling::Linear { factor } => plain.map(|f| f / factor).collect(),
            RopeScaling::Factors(factors) => plain.zip(factors).map(|(f, factor)| f / factor).collect(),
            RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                let context = *original_context as f32;
                plain.map(|f| llama3(f, *factor, *low_freq_factor, *high_freq_factor, context)).collect()
            }
        };
        Self { inverse_frequencies }
    }

    /// Half the head's size: the width of the tables.
    pub fn half(&self) -> usize {
        self.inverse_frequencies.len()
    }

    /// Appends the cosine and sine of every position's angles, each (positions, head_dim / 2), to `cos` and `sin`.
    pub fn tables(&self, positions: impl Iterator<Item = u32>, cos: &mut Vec<f32>, sin: &mut Vec<f32>) {
        for position in positions {
            for &frequency in &self.inverse_frequencies {
                let (s, c) = (position as f32 * frequency).sin_cos();
                cos.push(c);
                sin.push(s);
            }
        }
    }
}

fn llama3(frequency: f32, factor: f32, low: f32, high: f32, context: f32) -> f32 {
    let wavelength = 2.0 * std::f32::consts::PI / frequency;
    if wavelength < context / high {
        frequency
    } else if wavelength > context / low {
        frequency / factor
    } else {
        let smooth = (context / wavelength - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llama3_keeps_high_frequencies_and_divides_low_ones() {
        let scaling =
            RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_context: 8192 };
        let plain = Rope::new(64, 500_000.0, &RopeScaling::None).inverse_frequencies;
        let scaled = Rope::new(64, 500_000.0, &scaling).inverse_frequencies;
        assert_eq!(plain[0], scaled[0]);
        assert_eq!(plain[31] / 8.0, scaled[31]);
        let between = plain.iter().zip(&scaled).filter(|(p, s)| *s < *p && **s > **p / 8.0).count();
        assert!(between > 0);
    }

    #[test]
    fn tables_hold_unit_vectors_and_start_unrotated() {
        let rope = Rope::new(16, 10_000.0, &RopeScaling::None);
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        rope.tables([0, 7].into_iter(), &mut cos, &mut sin);
        assert_eq!(cos[..8], [1.0; 8]);
        assert_eq!(sin[..8], [0.0; 8]);
        assert!(cos.iter().zip(&sin).all(|(c, s)| (c * c + s * s - 1.0).abs() < 1e-6));
    }
}
