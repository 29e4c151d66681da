//! The resolver against a loopback hub, against made-up packages, and against the real packages.

mod cache;
mod fixtures;
mod mirror;
mod mirror_real;
mod refusals;
mod server;
mod transfer;
