//! The integration tests: one binary, a module each.

mod candle_oracle;
mod cli;
mod demo;
mod determinism;
mod engine;
mod explain;
mod injection;
mod layers;
mod recommend;
mod references;
mod rerank;
mod support;
