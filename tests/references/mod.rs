//! Docent against the outputs of other programs, in `tests/reference`.

mod minilm;
mod smollm2;
