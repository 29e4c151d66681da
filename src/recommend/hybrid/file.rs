//! What was learned, as components of a store: the fusion as JSON, both stages as safetensors with the weights of the
//! model and, beside them, everything else as JSON.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{
    fusion::Fusion,
    model::{HybridConfig, HybridFeatureModel},
    ranker::{Hybrid, traditional},
};
use crate::recommend::{
    Error, Result,
    signals::Signal,
    tensors::{TensorsIn, TensorsOut},
};

/// The store's component that holds the learned fusion.
pub const RETRIEVAL: &str = "retrieval";
/// The store's component that holds both learned stages.
pub const HYBRID: &str = "hybrid";

/// The store's component that holds what rerankers count.
pub const RERANK: &str = "rerank";

/// The note beside the tensors.
const LEARNED: &str = "learned";

/// What one reranker's scores count beside the second stage's, both standardized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RerankWeight {
    /// The model that the weight was learned for, as the user names it.
    pub model: String,
    /// What tells that model from others; nothing in stores that were made before it was kept.
    #[serde(default)]
    pub identity: String,
    /// The weight; 0 if its scores do not help on validation items.
    pub weight: f32,
}

/// What each reranker counts, by the name of its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RerankWeights(pub BTreeMap<String, RerankWeight>);

impl RerankWeights {
    /// The weights as bytes.
    ///
    /// # Errors
    /// If one is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|source| Error::Learned { source })
    }

    /// The weights from bytes.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|source| Error::Learned { source })
    }
}

/// Everything but the model's weights.
#[derive(Serialize, Deserialize)]
struct Learned {
    fusion: Fusion,
    linear: Fusion,
    categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
    residual: Option<Residual>,
}

#[derive(Serialize, Deserialize)]
struct Residual {
    llm: usize,
    share: f32,
}

impl Fusion {
    /// The fusion as bytes.
    ///
    /// # Errors
    /// If a weight is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|source| Error::Learned { source })
    }

    /// The fusion from bytes.
    ///
    /// # Errors
    /// If the bytes are damaged, or name a signal that is not known.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let fusion: Self = serde_json::from_slice(bytes).map_err(|source| Error::Learned { source })?;
        fusion.checked()
    }

    fn checked(self) -> Result<Self> {
        let finite = self.weights.as_flattened().iter().all(|weight| weight.is_finite());
        match finite && self.weights.len() == self.signals.len() {
            true => Ok(self),
            false => Err(Error::Tensor { name: "weights".into(), fault: "has another shape than expected" }),
        }
    }
}

impl Hybrid {
    /// Both stages as bytes.
    ///
    /// # Errors
    /// If a tensor cannot be read.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let residual = self.residual.as_ref();
        let residual = residual.map(|(model, share)| Residual { llm: model.config().llm, share: *share });
        let (fusion, linear) = (self.fusion.clone(), self.linear.clone());
        let (categories, words) = (self.categories.clone(), self.words.clone());
        let learned = Learned { fusion, linear, categories, words, residual };
        let mut out = TensorsOut::default();
        out.note(LEARNED, serde_json::to_string(&learned).map_err(|source| Error::Learned { source })?);
        for (name, variable) in self.residual.iter().flat_map(|(model, _)| model.variables()) {
            out.put_f32(name, variable.dims(), &variable.flatten_all()?.to_vec1()?);
        }
        out.into_bytes()
    }

    /// Both stages from bytes.
    ///
    /// # Errors
    /// If the bytes are damaged, or name a signal that is not known.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let tensors = TensorsIn::new(bytes)?;
        let learned: Learned =
            serde_json::from_str(tensors.note(LEARNED)?).map_err(|source| Error::Learned { source })?;
        let (fusion, linear) = (learned.fusion.checked()?, learned.linear.checked()?);
        if linear.signals != Signal::ALL {
            return Err(Error::Tensor { name: LEARNED.into(), fault: "has other signals than expected" });
        }
        let residual = learned.residual.map(|Residual { llm, share }| {
            let config = HybridConfig { llm, traditional: traditional(&learned.words) };
            let mut read = HashMap::new();
            // What is wrong with a tensor is told by its reader, with its name.
            for (name, shape) in HybridFeatureModel::shapes(config) {
                read.insert(name.clone(), tensors.f32(&name, &shape)?);
            }
            let model = HybridFeatureModel::with_weights(config, |name, shape, _| {
                Tensor::from_vec(read.remove(name).unwrap_or_default(), shape, &Device::Cpu)
            })?;
            Ok::<_, Error>((model, share))
        });
        let (categories, words) = (learned.categories, learned.words);
        Ok(Self { fusion, linear, categories, words, residual: residual.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hybrid(llm: usize) -> Hybrid {
        // One of both sees what else the records say.
        let words = if llm > 0 { vec!["mood=dark".into()] } else { Vec::new() };
        let config = HybridConfig { llm, traditional: traditional(&words) };
        let fusion = |signals: Vec<Signal>| Fusion { weights: vec![[0.5, -0.25]; signals.len()], signals };
        Hybrid {
            fusion: fusion(vec![Signal::EaseRecent, Signal::Popularity]),
            linear: fusion(Signal::ALL.to_vec()),
            categories: vec!["Drama".into()],
            words,
            residual: Some((HybridFeatureModel::new(config, 3).unwrap(), 0.5)),
        }
    }

    #[test]
    fn what_was_learned_comes_back() {
        for llm in [0, 8] {
            let bytes = hybrid(llm).to_bytes().unwrap();
            let read = Hybrid::from_bytes(&bytes).unwrap();
            assert_eq!((&read.fusion, &read.linear), (&hybrid(llm).fusion, &hybrid(llm).linear));
            assert_eq!((&read.categories[..], &read.words), (&["Drama".to_owned()][..], &hybrid(llm).words));
            assert_eq!(read.residual.as_ref().map(|(model, share)| (model.config().llm, *share)), Some((llm, 0.5)));
            assert_eq!(read.to_bytes().unwrap(), bytes);
        }
        let without = Hybrid { residual: None, ..hybrid(0) };
        assert!(Hybrid::from_bytes(&without.to_bytes().unwrap()).unwrap().residual.is_none());
        let weight = RerankWeight { model: "a".into(), identity: "0".into(), weight: 0.1 };
        let weights = RerankWeights([("likelihood".into(), weight)].into());
        assert_eq!(RerankWeights::from_bytes(&weights.to_bytes().unwrap()).unwrap(), weights);
        let fusion = hybrid(0).fusion;
        assert_eq!(Fusion::from_bytes(&fusion.to_bytes().unwrap()).unwrap(), fusion);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = hybrid(0).to_bytes().unwrap();
        assert!(Hybrid::from_bytes(&bytes[..bytes.len() - 4]).is_err());
        let mut renamed = bytes.clone();
        let at = renamed.windows(11).position(|window| window == b"ease_recent").unwrap();
        renamed[at..at + 11].copy_from_slice(b"ease_rotten");
        assert!(Hybrid::from_bytes(&renamed).unwrap_err().to_string().contains("learned"));
        assert!(Fusion::from_bytes(br#"{"signals":["popularity"],"weights":[]}"#).is_err());
        assert!(Fusion::from_bytes(b"{").is_err() && RerankWeights::from_bytes(b"{").is_err());
    }
}
