//! How weights lie on a device: blocks where candle has products for them, plain floats otherwise.

use std::borrow::Cow;

use candle_core::{
    DType, Device, Result, Tensor,
    quantized::{GgmlDType, QStorage, QTensor},
};
use docent_kernels::Format;

use crate::{
    backend::BackendError,
    layers::{Linear, Loader, MatrixSource},
};

/// An affine map whose weights lie on a device.
pub(super) type DeviceLinear = Linear<DeviceMatrix, Tensor>;

/// A weight matrix, (out features, in features).
#[derive(Debug)]
pub(super) enum DeviceMatrix {
    /// GGUF blocks as in the file.
    Blocks(QTensor),
    /// Floats: single precision, or on a GPU the half precision of the file.
    Floats(Tensor),
}

impl DeviceMatrix {
    /// Brings a matrix of (rows, cols) elements to the device.
    fn new(format: Format, (rows, cols): (usize, usize), data: &[u8], device: &Device) -> Result<Self> {
        if let Some(dtype) = block_dtype(format) {
            return Ok(Self::Blocks(QTensor::new(blocks(data, device, dtype)?, (rows, cols))?));
        }
        let floats = |dtype| Tensor::from_raw_buffer(data, dtype, &[rows, cols], device);
        Ok(Self::Floats(match format {
            Format::F32 => floats(DType::F32)?,
            Format::F16 if !device.is_cpu() => floats(DType::F16)?,
            Format::BF16 if !device.is_cpu() => floats(DType::BF16)?,
            _ => {
                let mut values = vec![0.0; rows * cols];
                docent_kernels::dequantize(format, data, &mut values);
                Tensor::from_vec(values, (rows, cols), device)?
            }
        }))
    }

    /// (out features, in features)
    pub(super) fn sizes(&self) -> Result<(usize, usize)> {
        match self {
            DeviceMatrix::Blocks(blocks) => blocks.shape().dims2(),
            DeviceMatrix::Floats(floats) => floats.dims2(),
        }
    }

    /// x (rows, in features) times the transposed matrix: (rows, out features), both in single precision.
    pub(super) fn product(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            DeviceMatrix::Blocks(blocks) => x.contiguous()?.apply_op1_no_bwd(blocks),
            DeviceMatrix::Floats(floats) => x.to_dtype(floats.dtype())?.matmul(&floats.t()?)?.to_dtype(DType::F32),
        }
    }

    /// The rows `ids` (n), widened to single precision: (n, in features). Nothing else of the matrix is widened.
    pub(super) fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            DeviceMatrix::Blocks(blocks) => blocks.embedding(ids),
            DeviceMatrix::Floats(floats) => floats.index_select(ids, 0)?.to_dtype(DType::F32),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            DeviceMatrix::Blocks(blocks) => blocks.storage_size_in_bytes(),
            DeviceMatrix::Floats(floats) => floats.elem_count() * floats.dtype().size_in_bytes(),
        }
    }
}

/// Brings a checkpoint's tensors to a device.
#[derive(Debug)]
pub(super) struct DeviceLoader {
    device: Device,
    /// Bytes brought so far.
    pub(super) bytes: usize,
}

impl DeviceLoader {
    pub(super) fn new(device: Device) -> Self {
        Self { device, bytes: 0 }
    }
}

impl Loader for DeviceLoader {
    type Matrix = DeviceMatrix;
    type Vector = Tensor;

    fn matrix(&mut self, source: MatrixSource) -> crate::Result<DeviceMatrix> {
        let shape = (source.rows, source.cols);
        let matrix = DeviceMatrix::new(source.format(), shape, source.data(), &self.device);
        let matrix = matrix.map_err(BackendError::from)?;
        self.bytes += matrix.bytes();
        Ok(matrix)
    }

    fn vector(&mut self, values: Vec<f32>) -> crate::Result<Tensor> {
        self.bytes += size_of_val(values.as_slice());
        let len = values.len();
        Ok(Tensor::from_vec(values, len, &self.device).map_err(BackendError::from)?)
    }
}

/// candle's name of a block format, if it has one.
fn block_dtype(format: Format) -> Option<GgmlDType> {
    Some(match format {
        Format::Q4_0 => GgmlDType::Q4_0,
        Format::Q4_1 => GgmlDType::Q4_1,
        Format::Q5_0 => GgmlDType::Q5_0,
        Format::Q5_1 => GgmlDType::Q5_1,
        Format::Q8_0 => GgmlDType::Q8_0,
        Format::Q2K => GgmlDType::Q2K,
        Format::Q3K => GgmlDType::Q3K,
        Format::Q4K => GgmlDType::Q4K,
        Format::Q5K => GgmlDType::Q5K,
        Format::Q6K => GgmlDType::Q6K,
        _ => return None,
    })
}

/// Whether candle's CPU device keeps what is stored so in single precision.
pub(in crate::backend) fn widens_on_cpu(format: Format) -> bool {
    format != Format::F32 && block_dtype(format).is_none()
}

/// Blocks on the device. candle panics unless they start where their two-byte scales may lie, which a file that sets its
/// own alignment does not promise.
fn blocks(data: &[u8], device: &Device, dtype: GgmlDType) -> Result<QStorage> {
    const ALIGN: usize = align_of::<half::f16>();
    if data.as_ptr().addr().is_multiple_of(ALIGN) {
        return QStorage::from_data(Cow::Borrowed(data), device, dtype);
    }
    let mut copy = vec![0; data.len() + ALIGN];
    let start = copy.as_ptr().addr() % ALIGN;
    copy[start..start + data.len()].copy_from_slice(data);
    QStorage::from_data(Cow::Borrowed(&copy[start..start + data.len()]), device, dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_at_an_odd_address_are_realigned() {
        let block: Vec<u8> = (0..34).collect();
        let padded: Vec<u8> = [0, 0].iter().chain(&block).copied().collect();
        for start in 0..2 {
            let mut shifted = padded[2 - start..].to_vec();
            shifted.truncate(start + block.len());
            let storage = blocks(&shifted[start..], &Device::Cpu, GgmlDType::Q8_0).unwrap();
            let tensor = QTensor::new(storage, (1, 32)).unwrap();
            assert_eq!(tensor.data().unwrap().as_ref(), block, "from byte {start}");
        }
    }

    /// Every format on the CPU against its elements as our own code widens them. candle rounds the inputs of a product
    /// with blocks to eight bits, so that only the size of the outputs bounds their error.
    #[test]
    fn products_and_rows_agree_with_the_widened_matrix() {
        const SHAPE: (usize, usize) = (6, 512);
        let wave = |i: usize| ((i * i % 1009) as f32 / 100.0).sin();
        let floats: Vec<f32> = (0..SHAPE.0 * SHAPE.1).map(wave).collect();
        let x =
            Tensor::from_vec((0..3 * SHAPE.1).map(|i| wave(7 * i + 3)).collect(), (3, SHAPE.1), &Device::Cpu).unwrap();
        let ids = Tensor::new(&[5u32, 0, 5], &Device::Cpu).unwrap();
        let host = |tensor: Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for format in Format::ALL {
            let data = stored(format, &floats, SHAPE);
            let matrix = DeviceMatrix::new(format, SHAPE, &data, &Device::Cpu).unwrap();
            assert_eq!(matrix.sizes().unwrap(), SHAPE);
            let mut widened = vec![0.0; floats.len()];
            docent_kernels::dequantize(format, &data, &mut widened);
            let widened = Tensor::from_vec(widened, SHAPE, &Device::Cpu).unwrap();
            assert_eq!(host(matrix.rows(&ids).unwrap()), host(widened.index_select(&ids, 0).unwrap()), "{format}");
            let found = host(matrix.product(&x).unwrap());
            let expected = host(x.matmul(&widened.t().unwrap()).unwrap());
            let largest = expected.iter().fold(0f32, |largest, y| largest.max(y.abs()));
            let tolerance = largest * if block_dtype(format).is_some() { 0.02 } else { 1e-6 };
            for (y, z) in found.iter().zip(&expected) {
                assert!((y - z).abs() <= tolerance, "{format}: {y}, expected {z} within {tolerance}");
            }
        }
    }

    /// `values` in `format`, as candle quantizes them; IQ4_NL, which candle lacks, from the bytes of Q4_0, whose blocks
    /// look alike.
    fn stored(format: Format, values: &[f32], shape: (usize, usize)) -> Vec<u8> {
        let tensor = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
        let dtype = block_dtype(format).unwrap_or(match format {
            Format::F32 => GgmlDType::F32,
            Format::F16 => GgmlDType::F16,
            Format::BF16 => GgmlDType::BF16,
            _ => GgmlDType::Q4_0,
        });
        QTensor::quantize(&tensor, dtype).unwrap().data().unwrap().into_owned()
    }
}
