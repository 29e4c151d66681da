//! Training needs a gradient for every weight, and candle's fused operations would cut it without a word.

use std::collections::HashSet;

use candle_core::{Device, Result, Tensor, Var};
use docent_models::backend::reference::{ReferenceDecoder, ReferenceEncoder, ReferenceModel, Span, WholeSequence};

use crate::tiny::{self, Random, Tiny};

#[test]
fn every_weight_receives_a_gradient() {
    for model in [tiny::LLAMA, tiny::LLAMA3, tiny::QWEN2, tiny::QWEN3, tiny::BERT_CLASSIFIER] {
        check(model);
    }
}

fn check(model: Tiny) {
    let on_disk = model.write();
    let (reference, vars) = ReferenceModel::load_trainable(&on_disk.checkpoint, &Device::Cpu).unwrap();
    let (loss, without) = match &reference {
        ReferenceModel::Decoder(decoder) => (decoder_loss(decoder).unwrap(), HashSet::new()),
        ReferenceModel::Encoder(encoder) => {
            // Softmax does not change when every score of a row grows by as much, which is all that these biases do.
            let biases = encoder.weights.layers.iter().filter_map(|layer| layer.k.bias.as_ref());
            (encoder_loss(encoder).unwrap(), biases.map(Tensor::id).collect())
        }
    };
    let gradients = loss.backward().unwrap();
    assert!(!vars.is_empty());
    for (index, var) in vars.iter().enumerate() {
        let what = format!("variable {index} {:?} of {model:?}", var.dims());
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("{what} has no gradient"));
        let largest = largest(gradient).unwrap();
        assert!(largest.is_finite(), "{what}: {largest}");
        assert_eq!(largest > 1e-6, !without.contains(&var_id(var)), "{what}: {largest}");
    }
}

fn var_id(var: &Var) -> candle_core::TensorId {
    var.as_tensor().id()
}

fn largest(tensor: &Tensor) -> Result<f32> {
    tensor.abs()?.flatten_all()?.max(0)?.to_scalar()
}

fn decoder_loss(model: &ReferenceDecoder) -> Result<Tensor> {
    let whole = Span { rows: 20, position: 0, cache: &mut WholeSequence };
    let hidden = model.hidden(&model.embed(&Random(1).tokens(20))?, &mut [whole], None)?;
    model.logits(&hidden)?.sqr()?.mean_all()
}

fn encoder_loss(model: &ReferenceEncoder) -> Result<Tensor> {
    let types: Vec<u32> = (0..20).map(|i| u32::from(i > 9)).collect();
    let hidden = model.hidden(&model.embed(&Random(2).tokens(20))?, &types)?;
    let logits = model.classify(&hidden.narrow(0, 0, 1)?)?;
    logits.map_or_else(|| hidden.sqr()?.mean_all(), |logits| logits.sqr()?.mean_all())
}
