//! The integration tests: one binary, a module each.

mod determinism;
mod references;
mod support;
