//! The HybridFeatureModel: what the language model's vectors say of an item and what behaviour says of it, as one score.
//!
//! Both kinds of features are projected to 256, put side by side, and pass linear layers to 256 (ReLU, dropout), 128 and
//! 1. Weight names: `llm_projection`, `traditional_projection`, `fusion.0`, `fusion.1`, `output`.

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::Linear;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::recommend::draw::uniform;

/// The width of each kind's projection, and of the first layer behind both.
const HIDDEN: usize = 256;
/// The width of the last layer before the score.
const NARROW: usize = 128;
/// The share of the first layer that is left out in training.
const DROPOUT: f32 = 0.1;

/// The sizes of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HybridConfig {
    /// Elements of the language model's features; 0 for a model without them.
    pub llm: usize,
    /// Elements of the traditional features.
    pub traditional: usize,
}

/// A multilayer perceptron over both kinds of features.
#[derive(Clone, Debug)]
pub struct HybridFeatureModel {
    config: HybridConfig,
    variables: Vec<(String, Var)>,
    llm_projection: Option<Linear>,
    traditional_projection: Linear,
    fusion: [Linear; 2],
    output: Linear,
}

impl HybridFeatureModel {
    /// A model whose weights are drawn from a seed: uniform within one over the root of a layer's inputs. The output
    /// layer starts at 0, so that a fresh model says nothing.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn new(config: HybridConfig, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self::with_weights(config, |name, shape, inputs| {
            let bound = if name.starts_with("output") { 0.0 } else { 1.0 / (inputs as f32).sqrt() };
            let values: Vec<f32> =
                (0..shape.iter().product()).map(|_| (uniform(&mut rng) * 2.0 - 1.0) * bound).collect();
            Tensor::from_vec(values, shape, &Device::Cpu)
        })
    }

    /// A model whose weights are looked up by name and shape; the third argument counts a layer's inputs.
    ///
    /// # Errors
    /// If `weight` fails.
    pub fn with_weights(
        config: HybridConfig,
        mut weight: impl FnMut(&str, &[usize], usize) -> Result<Tensor>,
    ) -> Result<Self> {
        let mut variables = Vec::new();
        let mut linear = |name: &str, inputs: usize, outputs: usize| -> Result<Linear> {
            let mut tensor = |part: &str, shape: &[usize]| -> Result<Tensor> {
                let name = format!("{name}.{part}");
                let variable = Var::from_tensor(&weight(&name, shape, inputs)?.to_dtype(DType::F32)?)?;
                let tensor = variable.as_tensor().clone();
                variables.push((name, variable));
                Ok(tensor)
            };
            Ok(Linear::new(tensor("weight", &[outputs, inputs])?, Some(tensor("bias", &[outputs])?)))
        };
        let llm_projection = match config.llm {
            0 => None,
            llm => Some(linear("llm_projection", llm, HIDDEN)?),
        };
        let traditional_projection = linear("traditional_projection", config.traditional, HIDDEN)?;
        let joined = HIDDEN * (1 + usize::from(llm_projection.is_some()));
        let fusion = [linear("fusion.0", joined, HIDDEN)?, linear("fusion.1", HIDDEN, NARROW)?];
        let output = linear("output", NARROW, 1)?;
        Ok(Self { config, variables, llm_projection, traditional_projection, fusion, output })
    }

    /// A copy whose weights stay as they are when this model goes on learning.
    ///
    /// # Errors
    /// If a tensor cannot be copied.
    pub fn snapshot(&self) -> Result<Self> {
        Self::with_weights(self.config, |name, _, _| match self.variables.iter().find(|(found, _)| found == name) {
            Some((_, variable)) => variable.as_tensor().copy(),
            None => candle_core::bail!("no weight `{name}`"),
        })
    }

    /// The name and shape of every weight.
    pub fn shapes(config: HybridConfig) -> Vec<(String, Vec<usize>)> {
        let joined = HIDDEN * (1 + usize::from(config.llm > 0));
        let layers = [
            ("llm_projection", config.llm, HIDDEN),
            ("traditional_projection", config.traditional, HIDDEN),
            ("fusion.0", joined, HIDDEN),
            ("fusion.1", HIDDEN, NARROW),
            ("output", NARROW, 1),
        ];
        let layers = layers.into_iter().filter(|(_, inputs, _)| *inputs > 0);
        let weights = layers.flat_map(|(name, inputs, outputs)| {
            [(format!("{name}.weight"), vec![outputs, inputs]), (format!("{name}.bias"), vec![outputs])]
        });
        weights.collect()
    }

    /// The sizes.
    pub fn config(&self) -> HybridConfig {
        self.config
    }

    /// All weights by name.
    pub fn variables(&self) -> &[(String, Var)] {
        &self.variables
    }

    /// Scores items: `llm` (items, llm) and `traditional` (items, traditional) to (items).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward(&self, llm: Option<&Tensor>, traditional: &Tensor) -> Result<Tensor> {
        self.run(llm, traditional, Ok)
    }

    /// [`forward`](Self::forward) with a part of the first layer left out at random, for training.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward_train(&self, llm: Option<&Tensor>, traditional: &Tensor, rng: &mut ChaCha8Rng) -> Result<Tensor> {
        self.run(llm, traditional, |hidden| {
            let keep = |_| if uniform(rng) < DROPOUT { 0.0 } else { 1.0 / (1.0 - DROPOUT) };
            let mask: Vec<f32> = (0..hidden.elem_count()).map(keep).collect();
            Tensor::from_vec(mask, hidden.shape(), hidden.device())? * hidden
        })
    }

    fn run(
        &self,
        llm: Option<&Tensor>,
        traditional: &Tensor,
        drop: impl FnOnce(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let traditional = self.traditional_projection.forward(traditional)?;
        let joined = match (&self.llm_projection, llm) {
            (Some(projection), Some(llm)) => Tensor::cat(&[&projection.forward(llm)?, &traditional], 1)?,
            (None, _) => traditional,
            (Some(_), None) => candle_core::bail!("the model wants {} language features", self.config.llm),
        };
        let hidden = drop(self.fusion[0].forward(&joined)?.relu()?)?;
        self.output.forward(&self.fusion[1].forward(&hidden)?)?.squeeze(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: HybridConfig = HybridConfig { llm: 3, traditional: 2 };

    fn inputs() -> (Tensor, Tensor) {
        let llm = Tensor::new(&[[1f32, 2.0, 3.0], [0.0, 1.0, 0.0]], &Device::Cpu).unwrap();
        (llm, Tensor::new(&[[0.5f32, -1.0], [2.0, 0.0]], &Device::Cpu).unwrap())
    }

    /// A model with an output layer that is not 0.
    fn awake(config: HybridConfig) -> HybridFeatureModel {
        let model = HybridFeatureModel::new(config, 7).unwrap();
        let weights: Vec<f32> = (0..NARROW).map(|i| (i as f32).sin()).collect();
        let output = model.variables.iter().find(|(name, _)| name == "output.weight").unwrap();
        output.1.set(&Tensor::from_vec(weights, (1, NARROW), &Device::Cpu).unwrap()).unwrap();
        model
    }

    #[test]
    fn a_fresh_model_says_nothing_and_is_the_same_for_the_same_seed() {
        let (llm, traditional) = inputs();
        let model = HybridFeatureModel::new(CONFIG, 7).unwrap();
        assert_eq!(model.forward(Some(&llm), &traditional).unwrap().to_vec1::<f32>().unwrap(), [0.0, 0.0]);
        let scores = |model: HybridFeatureModel| model.forward(Some(&llm), &traditional).unwrap().to_vec1::<f32>();
        let (first, second) = (scores(awake(CONFIG)).unwrap(), scores(awake(CONFIG)).unwrap());
        assert!(first == second && first[0] != first[1], "{first:?}");
    }

    #[test]
    fn the_score_is_that_of_the_formula() {
        let (llm, traditional) = inputs();
        let model = awake(CONFIG);
        let weight = |name: &str| {
            let tensor = &model.variables.iter().find(|(found, _)| found == name).unwrap().1;
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let linear = |name: &str, input: &[f32]| -> Vec<f32> {
            let rows = weight(&format!("{name}.weight"));
            let dot = |(row, bias): (&[f32], f32)| row.iter().zip(input).map(|(a, b)| a * b).sum::<f32>() + bias;
            rows.chunks_exact(input.len()).zip(weight(&format!("{name}.bias"))).map(dot).collect()
        };
        let joined = [linear("llm_projection", &[1.0, 2.0, 3.0]), linear("traditional_projection", &[0.5, -1.0])];
        let hidden: Vec<f32> = linear("fusion.0", &joined.concat()).into_iter().map(|x| x.max(0.0)).collect();
        let expected = linear("output", &linear("fusion.1", &hidden))[0];
        let score = model.forward(Some(&llm), &traditional).unwrap().to_vec1::<f32>().unwrap()[0];
        assert!((score - expected).abs() < 1e-4, "{score} for {expected}");
    }

    #[test]
    fn every_weight_receives_a_gradient() {
        let (llm, traditional) = inputs();
        let model = awake(CONFIG);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let scores = model.forward_train(Some(&llm), &traditional, &mut rng).unwrap();
        let gradients = scores.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        for (name, variable) in model.variables() {
            let gradient = gradients.get(variable).unwrap_or_else(|| panic!("{name} has none"));
            assert!(gradient.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap() > 0.0, "{name}");
        }
    }

    #[test]
    fn a_model_without_language_features_takes_none() {
        let (llm, traditional) = inputs();
        let model = awake(HybridConfig { llm: 0, ..CONFIG });
        assert_eq!(model.variables().len(), 8);
        for config in [CONFIG, model.config()] {
            let model = awake(config);
            let shapes = model.variables().iter().map(|(name, variable)| (name.clone(), variable.dims().to_vec()));
            assert_eq!(shapes.collect::<Vec<_>>(), HybridFeatureModel::shapes(config));
        }
        assert!(model.forward(None, &traditional).is_ok());
        assert!(awake(CONFIG).forward(None, &traditional).is_err());
        assert!(awake(CONFIG).forward(Some(&llm.t().unwrap()), &traditional).is_err());
    }
}
