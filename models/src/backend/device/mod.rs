//! The device backend: candle storage on CUDA, Metal, or candle's CPU device.
