//! The integration tests: one binary, a module each.

mod candle_oracle;
mod determinism;
mod references;
mod support;
