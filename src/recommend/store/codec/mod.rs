//! How records lie in a store's files: Parquet for tables, safetensors for vectors. The same records, the same bytes.

pub(super) mod attributes;
pub(super) mod catalogue;
pub(super) mod embeddings;
pub(super) mod interactions;
pub(super) mod knowledge;
mod table;
pub(super) mod users;

#[cfg(test)]
mod tests;

pub use embeddings::ItemVectors;
