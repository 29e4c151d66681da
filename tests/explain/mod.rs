//! Explanations: what the verifier lets through, and what comes out for real users on real weights.

mod lists;
mod mutants;
mod paraphrases;
mod records;
