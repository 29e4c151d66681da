//! Named tensors as bytes: the safetensors format, read with every name, type and shape checked.

use std::collections::{BTreeMap, HashMap};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{Error, Result};

/// Tensors on their way into a file.
#[derive(Debug, Default)]
pub(super) struct TensorsOut {
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
    metadata: HashMap<String, String>,
}

impl TensorsOut {
    /// Adds a text beside the tensors.
    pub(super) fn note(&mut self, name: &str, text: String) {
        self.metadata.insert(name.into(), text);
    }

    /// Adds 32-bit floats.
    pub(super) fn put_f32(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.put(name, Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    /// Adds 32-bit whole numbers.
    pub(super) fn put_u32(&mut self, name: &str, shape: &[usize], values: &[u32]) {
        self.put(name, Dtype::U32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    fn put(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        self.tensors.insert(name.into(), (dtype, shape.to_vec(), bytes));
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// If a tensor has not as many values as its shape says.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>> {
        let views = self.tensors.iter().map(|(name, (dtype, shape, bytes))| {
            Ok::<_, safetensors::SafeTensorError>((name, TensorView::new(*dtype, shape.clone(), bytes)?))
        });
        let views: Result<Vec<_>, _> = views.collect();
        let bytes = views.and_then(|views| safetensors::serialize(views, Some(self.metadata)));
        bytes.map_err(|source| Error::Tensors { source })
    }
}

/// The tensors of a file.
#[derive(Debug)]
pub(super) struct TensorsIn<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

impl<'a> TensorsIn<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// If it is not one.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let read = || {
            let (_, header) = SafeTensors::read_metadata(bytes)?;
            Ok((SafeTensors::deserialize(bytes)?, header.metadata().clone().unwrap_or_default()))
        };
        let (tensors, metadata) = read().map_err(|source| Error::Tensors { source })?;
        Ok(Self { tensors, metadata })
    }

    /// The text that was noted under a name.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn note(&self, name: &str) -> Result<&str> {
        self.metadata.get(name).map(String::as_str).ok_or_else(|| fault(name, "is missing"))
    }

    /// Finite 32-bit floats of a shape.
    ///
    /// # Errors
    /// If they are missing, of another type or shape, or not finite.
    pub(super) fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let values: Vec<f32> = self.words(name, Dtype::F32, shape)?.map(f32::from_le_bytes).collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(fault(name, "holds a number that is not finite")),
        }
    }

    /// 32-bit whole numbers of a shape.
    ///
    /// # Errors
    /// If they are missing, or of another type or shape.
    pub(super) fn u32(&self, name: &str, shape: &[usize]) -> Result<Vec<u32>> {
        Ok(self.words(name, Dtype::U32, shape)?.map(u32::from_le_bytes).collect())
    }

    fn words(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<impl Iterator<Item = [u8; 4]>> {
        let tensor = self.tensors.tensor(name).map_err(|source| Error::Tensors { source })?;
        if tensor.dtype() != dtype {
            return Err(fault(name, "has another type than expected"));
        }
        if tensor.shape() != shape {
            return Err(fault(name, "has another shape than expected"));
        }
        Ok(tensor.data().as_chunks::<4>().0.iter().copied())
    }
}

fn fault(name: &str, fault: &'static str) -> Error {
    Error::Tensor { name: name.into(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> Vec<u8> {
        let mut out = TensorsOut::default();
        out.put_f32("values", &[2, 2], &[1.0, -2.5, 0.0, 1e-9]);
        out.put_u32("whole", &[3], &[0, 7, u32::MAX]);
        out.put("bytes", Dtype::U8, &[3], vec![1, 2, 3]);
        out.put_f32("nan", &[1], &[f32::NAN]);
        out.note("kind", "test".into());
        out.into_bytes().unwrap()
    }

    #[test]
    fn tensors_come_back_as_they_were_put() {
        let bytes = bytes();
        let tensors = TensorsIn::new(&bytes).unwrap();
        assert_eq!(tensors.f32("values", &[2, 2]).unwrap(), [1.0, -2.5, 0.0, 1e-9]);
        assert_eq!(tensors.u32("whole", &[3]).unwrap(), [0, 7, u32::MAX]);
        assert_eq!(tensors.note("kind").unwrap(), "test");
    }

    #[test]
    fn anything_else_than_expected_is_refused() {
        let bytes = bytes();
        let tensors = TensorsIn::new(&bytes).unwrap();
        let cases = [
            (tensors.f32("values", &[4]).map(|_| ()), "tensor `values` has another shape than expected"),
            (tensors.f32("bytes", &[3]).map(|_| ()), "tensor `bytes` has another type than expected"),
            (tensors.f32("nan", &[1]).map(|_| ()), "tensor `nan` holds a number that is not finite"),
            (tensors.note("who").map(|_| ()), "tensor `who` is missing"),
            (tensors.f32("none", &[1]).map(|_| ()), "the tensors cannot be read"),
        ];
        for (result, message) in cases {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        assert!(TensorsIn::new(&bytes[..bytes.len() - 1]).is_err() && TensorsIn::new(b"").is_err());
    }
}
