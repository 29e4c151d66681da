//! Explanations: what the verifier lets through, and what comes out for real users on real weights.

mod mutants;
mod paraphrases;
