//! Weights that learn: two-layer perceptrons, and AdamW with its moments, which a file keeps so that training goes on as
//! if it had never stopped.

use candle_core::{DType, Device, Module, Result, Tensor, Var, backprop::GradStore};
use candle_nn::Linear;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::recommend::draw::uniform;

/// What is left of both moments after a step (Kingma and Ba, 2015).
const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;
/// The pull of weights to 0 (Loshchilov and Hutter, 2019).
const DECAY: f64 = 1e-2;

/// A perceptron with one hidden layer of rectified units.
#[derive(Clone, Debug)]
pub(super) struct Perceptron {
    first: Linear,
    second: Linear,
}

impl Perceptron {
    /// (rows, inputs) to (rows, outputs).
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.second.forward(&self.first.forward(x)?.relu()?)
    }
}

/// Variables by name, and how they learn.
#[derive(Debug, Default)]
pub(super) struct Learner {
    variables: Vec<(String, Var)>,
    /// Running means of gradients and of their squares, by variable.
    moments: Vec<[Tensor; 2]>,
    /// Steps so far.
    pub(super) steps: usize,
}

/// A tensor on its way into a file.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// Where values come from: by name and shape; the last argument counts a layer's inputs, and is 0 for what begins at 0.
pub(super) type Source<'a> = dyn FnMut(&str, &[usize], usize) -> crate::recommend::Result<Vec<f32>> + 'a;

/// Uniform draws within one over the root of a layer's inputs.
pub(super) fn drawn(seed: u64) -> impl FnMut(&str, &[usize], usize) -> crate::recommend::Result<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move |_, shape, inputs| {
        let bound = if inputs == 0 { 0.0 } else { 1.0 / (inputs as f32).sqrt() };
        Ok((0..shape.iter().product()).map(|_| (uniform(&mut rng) * 2.0 - 1.0) * bound).collect())
    }
}

impl Learner {
    /// A perceptron of these widths, whose weights learn here.
    pub(super) fn perceptron(
        &mut self,
        name: &str,
        [inputs, hidden, outputs]: [usize; 3],
        source: &mut Source<'_>,
    ) -> crate::recommend::Result<Perceptron> {
        let mut linear = |layer: &str, inputs: usize, outputs: usize| -> crate::recommend::Result<Linear> {
            let weight = self.variable(format!("{name}.{layer}.weight"), &[outputs, inputs], inputs, source)?;
            let bias = self.variable(format!("{name}.{layer}.bias"), &[outputs], 0, source)?;
            Ok(Linear::new(weight, Some(bias)))
        };
        Ok(Perceptron { first: linear("0", inputs, hidden)?, second: linear("1", hidden, outputs)? })
    }

    fn variable(
        &mut self,
        name: String,
        shape: &[usize],
        inputs: usize,
        source: &mut Source<'_>,
    ) -> crate::recommend::Result<Tensor> {
        let mut tensor = |name: &str, inputs: usize| -> crate::recommend::Result<Tensor> {
            Ok(Tensor::from_vec(source(name, shape, inputs)?, shape, &Device::Cpu)?)
        };
        let variable = Var::from_tensor(&tensor(&name, inputs)?)?;
        self.moments.push([tensor(&format!("{name}.mean"), 0)?, tensor(&format!("{name}.square"), 0)?]);
        let tensor = variable.as_tensor().clone();
        self.variables.push((name, variable));
        Ok(tensor)
    }

    /// Moves the variables against their gradients.
    pub(super) fn step(&mut self, gradients: &GradStore, rate: f64) -> Result<()> {
        self.steps += 1;
        let [first, second] = BETAS.map(|beta| 1.0 - beta.powi(self.steps as i32));
        for ((_, variable), moments) in self.variables.iter().zip(&mut self.moments) {
            let Some(gradient) = gradients.get(variable) else { continue };
            let gradient = gradient.to_dtype(DType::F32)?.detach();
            moments[0] = ((&moments[0] * BETAS[0])? + (&gradient * (1.0 - BETAS[0]))?)?;
            moments[1] = ((&moments[1] * BETAS[1])? + (gradient.sqr()? * (1.0 - BETAS[1]))?)?;
            let direction = ((&moments[0] / first)? / ((&moments[1] / second)?.sqrt()? + EPSILON)?)?;
            let kept = (variable.as_tensor() * (1.0 - rate * DECAY))?;
            variable.set(&(kept - (direction * rate)?)?)?;
        }
        Ok(())
    }

    /// Every variable with its moments.
    pub(super) fn tensors(&self) -> Result<Vec<Named>> {
        let mut all = Vec::new();
        for ((name, variable), [mean, square]) in self.variables.iter().zip(&self.moments) {
            let parts = [(String::new(), variable.as_tensor()), (".mean".into(), mean), (".square".into(), square)];
            for (part, tensor) in parts {
                let values = tensor.flatten_all()?.to_vec1::<f32>()?;
                all.push(Named { name: format!("{name}{part}"), shape: tensor.dims().to_vec(), values });
            }
        }
        Ok(all)
    }
}
