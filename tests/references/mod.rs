//! Docent against the outputs of other programs, in `tests/reference`.

mod formats;
mod minilm;
mod smollm2;
