//! The items' vectors: `items` (items, width) in single precision, and `texts` (items, 16), what each was made from.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};

use super::table::content;
use crate::{engine::Embeddings, recommend::store::StoreFault};

/// Bytes of a text's SHA-256 that are kept: no two texts ever agree in them by chance.
const HASH: usize = 16;

/// A vector for every item, and what it was made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemVectors {
    /// (items, width)
    pub vectors: Embeddings,
    texts: Vec<[u8; HASH]>,
}

impl ItemVectors {
    /// Vectors of texts, in their order.
    pub fn new<T: AsRef<str>>(vectors: Embeddings, texts: &[T]) -> Self {
        Self { vectors, texts: texts.iter().map(|text| hash(text.as_ref())).collect() }
    }

    /// For each text the row of its vector, where there is one.
    pub fn find<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Option<usize>> {
        let rows: HashMap<&[u8; HASH], usize> = self.texts.iter().zip(0..).collect();
        texts.iter().map(|text| rows.get(&hash(text.as_ref())).copied()).collect()
    }
}

fn hash(text: &str) -> [u8; HASH] {
    std::array::from_fn({
        let digest = Sha256::digest(text);
        move |place| digest[place]
    })
}

pub(in crate::recommend::store) fn encode(vectors: &ItemVectors) -> Result<Vec<u8>, StoreFault> {
    let ItemVectors { vectors: Embeddings { values, width, .. }, texts } = vectors;
    let unfit = |error: safetensors::SafeTensorError| StoreFault::Records(error.to_string());
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let items = TensorView::new(Dtype::F32, vec![texts.len(), *width], &values).map_err(unfit)?;
    let texts = TensorView::new(Dtype::U8, vec![texts.len(), HASH], texts.as_flattened()).map_err(unfit)?;
    safetensors::serialize([("items", items), ("texts", texts)], None).map_err(unfit)
}

pub(in crate::recommend::store) fn decode(bytes: &[u8]) -> Result<ItemVectors, StoreFault> {
    let tensors = SafeTensors::deserialize(bytes).map_err(content)?;
    let (items, texts) = (tensors.tensor("items").map_err(content)?, tensors.tensor("texts").map_err(content)?);
    let (&[rows, width], &[hashed, HASH]) = (items.shape(), texts.shape()) else {
        return Err(content("tensors of other shapes"));
    };
    if rows != hashed || items.dtype() != Dtype::F32 || texts.dtype() != Dtype::U8 {
        return Err(content("tensors that do not belong together"));
    }
    let values: Vec<f32> = items.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(content("vectors with values that are not finite"));
    }
    let texts = texts.data().as_chunks::<HASH>().0.to_vec();
    Ok(ItemVectors { vectors: Embeddings { values, width, tokens: 0 }, texts })
}
