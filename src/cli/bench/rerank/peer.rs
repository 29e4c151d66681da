//! A server of llama.cpp, asked for the same work.

use std::{
    io::{BufRead, BufReader},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::cli::CliError;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A server with llama.cpp's own endpoints.
pub(super) struct Peer {
    agent: ureq::Agent,
    url: String,
}

/// When an answer's first token came, and its last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    pub(super) first: Duration,
    pub(super) whole: Duration,
}

impl Peer {
    pub(super) fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_idle_connections(0).build();
        Self { agent: config.into(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Writes `tokens` tokens behind a prompt, whatever they are.
    ///
    /// # Errors
    /// If the server does not answer as llama.cpp's does.
    pub(super) fn write(&self, prompt: &[u32], tokens: usize, cached: bool) -> Result<Timed, CliError> {
        self.stream(&json!({"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": true,
            "cache_prompt": cached, "stream": true}))
    }

    /// Has it write one continuation, token by token, and tell the probability of each.
    ///
    /// # Errors
    /// If the server does not answer as llama.cpp's does.
    pub(super) fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Timed, CliError> {
        let tokens: Vec<String> = continuation.iter().map(|token| format!("<[{token}]>")).collect();
        self.stream(&json!({"prompt": prompt, "n_predict": continuation.len(), "temperature": 0, "n_probs": 1,
            "grammar": format!("root ::= {}", tokens.join(" ")), "cache_prompt": true, "stream": true}))
    }

    fn stream(&self, request: &Value) -> Result<Timed, CliError> {
        let fault = |source: ureq::Error| CliError::Peer { url: self.url.clone(), source: Box::new(source) };
        let started = Instant::now();
        let mut answer = self.agent.post(format!("{}/completion", self.url)).send_json(request).map_err(fault)?;
        let mut first = None;
        for line in BufReader::new(answer.body_mut().as_reader()).lines() {
            let line = line.map_err(|error| fault(error.into()))?;
            if let Some(event) = line.strip_prefix("data: ") {
                first.get_or_insert_with(|| started.elapsed());
                if event.contains("\"error\"") {
                    let error = std::io::Error::other(event.to_owned());
                    return Err(fault(error.into()));
                }
            }
        }
        let whole = started.elapsed();
        Ok(Timed { first: first.unwrap_or(whole), whole })
    }
}
