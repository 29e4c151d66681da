//! What is measured, and how each engine does it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use clap::ValueEnum;
use docent::{
    engine::{Constraint, Engine, Prompt, Request, Scoring},
    recommend::bench::{Film, Person, schema},
};
use serde::Serialize;

use super::peer::{Peer, Timed};
use crate::cli::CliError;

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Test {
    /// Rank a person's candidates: by their titles' likelihoods; a peer writes the ranking
    Rank,
    /// The same, when what is known of the person has been read before
    RankCached,
    /// Rank by the titles' likelihoods; a peer is asked for the same likelihoods
    Score,
    /// Explain all candidates to one person, some at a time
    Explain,
    /// Explain all candidates to several people at the same time
    Clients,
    /// Describe the candidates as JSON within a schema, and freely
    Json,
}

impl Test {
    pub(super) const ALL: [Self; 6] =
        [Self::Rank, Self::RankCached, Self::Score, Self::Explain, Self::Clients, Self::Json];

    pub(super) fn name(self) -> &'static str {
        match self {
            Test::Rank => "rank",
            Test::RankCached => "rank-cached",
            Test::Score => "score",
            Test::Explain => "explain",
            Test::Clients => "clients",
            Test::Json => "json",
        }
    }
}

/// What one repetition took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Seconds.
    pub(super) whole: f64,
    /// Seconds.
    pub(super) first_token_p99: Option<f64>,
    pub(super) cost_of_schema: Option<f64>,
}

/// The size of the work, and the engine that does it.
pub(super) struct Bench<'a> {
    pub(super) engine: &'a Engine,
    pub(super) candidates: usize,
    pub(super) tokens: usize,
    pub(super) in_flight: usize,
    pub(super) clients: usize,
    /// Whether the engine guesses tokens.
    pub(super) guessing: bool,
}

impl Bench<'_> {
    /// Has both engines read the weights once.
    ///
    /// # Errors
    /// If one fails.
    pub(super) fn warm_up(&self, peer: Option<&Peer>) -> Result<(), CliError> {
        let prompt = self.engine.tokenize(&Prompt::Text("Films".into()))?;
        self.engine.complete(&Request { prompt: prompt.clone(), max_tokens: 4, ..Request::default() })?;
        peer.map_or(Ok(()), |peer| peer.write(&prompt, 4, false).map(drop))
    }

    /// Somebody whom no other test or round has asked about: with twice the candidates, so that half can warm up.
    fn people(&self, test: Test, round: usize, count: usize) -> Vec<Person> {
        let seed = (test as u64) << 32 | round as u64;
        Person::made_up(seed, count, 2 * self.candidates)
    }

    /// Runs one repetition.
    ///
    /// # Errors
    /// If a prompt exceeds context or cache, or a step fails.
    pub(super) fn run(&self, test: Test, round: usize) -> Result<Sample, CliError> {
        self.engine.forget_prefixes()?;
        match test {
            Test::Rank | Test::Score | Test::RankCached => {
                let people = self.people(test, round, 1);
                let (first, second) = people[0].candidates().split_at(self.candidates);
                if test == Test::RankCached {
                    self.rank(&people[0], second)?;
                }
                let started = Instant::now();
                self.rank(&people[0], first)?;
                Ok(Sample { whole: started.elapsed().as_secs_f64(), ..Sample::default() })
            }
            Test::Explain => self.explain(&self.people(test, round, 1), self.in_flight, &|prompt| self.write(prompt)),
            Test::Clients => {
                self.explain(&self.people(test, round, self.clients), self.clients, &|prompt| self.write(prompt))
            }
            Test::Json => self.describe(&self.people(test, round, 1)[0]),
        }
    }

    /// Has the peer run one repetition; nothing for tests that have no counterpart.
    ///
    /// # Errors
    /// If the peer does not answer.
    pub(super) fn run_peer(&self, test: Test, round: usize, peer: &Peer) -> Result<Option<Sample>, CliError> {
        let write = |prompt: &[u32]| peer.write(prompt, self.tokens, true);
        let sample = match test {
            Test::Rank | Test::RankCached => {
                let people = self.people(test, round, 1);
                let (first, second) = people[0].candidates().split_at(self.candidates);
                let cached = test == Test::RankCached;
                if cached {
                    peer.write(&self.engine.tokenize(&people[0].listing(second))?, 1, true)?;
                }
                let prompt = self.engine.tokenize(&people[0].listing(first))?;
                Sample { whole: peer.write(&prompt, self.tokens, cached)?.whole.as_secs_f64(), ..Sample::default() }
            }
            Test::Score => self.score_by(peer, round)?,
            Test::Explain => self.explain(&self.people(test, round, 1), self.in_flight, &write)?,
            Test::Clients => self.explain(&self.people(test, round, self.clients), self.clients, &write)?,
            Test::Json => return Ok(None),
        };
        Ok(Some(sample))
    }

    fn rank(&self, person: &Person, films: &[Film]) -> Result<(), CliError> {
        let (prefix, continuations) = self.ranking(person, films)?;
        self.engine.score(&Scoring { prefix, continuations, ..Scoring::default() })?;
        Ok(())
    }

    fn ranking(&self, person: &Person, films: &[Film]) -> Result<(Vec<u32>, Vec<Vec<u32>>), CliError> {
        let titles = films.iter().map(|film| self.engine.tokenize_continuation(&film.title));
        Ok((self.engine.tokenize(&person.ranking())?, titles.collect::<Result<_, _>>()?))
    }

    /// The peer's better way: one continuation after another, which reads the prefix once, or several at a time.
    fn score_by(&self, peer: &Peer, round: usize) -> Result<Sample, CliError> {
        let mut whole = f64::MAX;
        for (way, in_flight) in [1, self.in_flight].into_iter().enumerate() {
            let person = &self.people(Test::Score, 2 * round + way, 1)[0];
            let (prefix, titles) = self.ranking(person, &person.candidates()[..self.candidates])?;
            let started = Instant::now();
            each(&titles, in_flight, &|title: &Vec<u32>| peer.score(&prefix, title))?;
            whole = whole.min(started.elapsed().as_secs_f64());
        }
        Ok(Sample { whole, ..Sample::default() })
    }

    /// Explains every candidate to every person, person by person in turns, some at a time.
    fn explain(
        &self,
        people: &[Person],
        in_flight: usize,
        write: &(dyn Fn(&[u32]) -> Result<Timed, CliError> + Sync),
    ) -> Result<Sample, CliError> {
        let mut prompts = Vec::new();
        for film in 0..self.candidates {
            for person in people {
                prompts.push(self.engine.tokenize(&person.explanation(&person.candidates()[film]))?);
            }
        }
        let started = Instant::now();
        let timed = each(&prompts, in_flight, &|prompt: &Vec<u32>| write(prompt))?;
        let whole = started.elapsed().as_secs_f64();
        let mut first: Vec<f64> = timed.iter().map(|timed| timed.first.as_secs_f64()).collect();
        first.sort_by(f64::total_cmp);
        let p99 = first.get((first.len() * 99).div_ceil(100).saturating_sub(1)).copied();
        Ok(Sample { whole, first_token_p99: p99, cost_of_schema: None })
    }

    fn write(&self, prompt: &[u32]) -> Result<Timed, CliError> {
        let started = Instant::now();
        let request =
            Request { prompt: prompt.to_vec(), max_tokens: self.tokens, ignore_eos: true, ..Request::default() };
        let mut generating = self.engine.submit(request)?;
        let mut first = None;
        while generating.next_token().is_some() {
            first.get_or_insert_with(|| started.elapsed());
        }
        generating.wait()?;
        let whole = started.elapsed();
        Ok(Timed { first: first.unwrap_or(whole), whole })
    }

    /// Describes the candidates within a schema, and then as freely as many tokens.
    fn describe(&self, person: &Person) -> Result<Sample, CliError> {
        let films = &person.candidates()[..self.candidates];
        let constraint = Constraint::Json(schema());
        let mut seconds = [0.0; 2];
        let mut tokens = [0; 2];
        let mut lengths = Vec::new();
        for (way, constraint) in [Some(&constraint), None].into_iter().enumerate() {
            let mut requests = Vec::new();
            for (index, film) in films.iter().enumerate() {
                requests.push(Request {
                    prompt: self.engine.tokenize(&person.description(film))?,
                    max_tokens: lengths.get(index).copied().unwrap_or(4 * self.tokens),
                    constraint: constraint.cloned(),
                    ignore_eos: constraint.is_none(),
                    ..Request::default()
                });
            }
            // The prompts are read before: the tokens are what is compared.
            let once = |request: &Request| Request { max_tokens: 1, constraint: None, ..request.clone() };
            let read: Vec<Request> = requests.iter().map(once).collect();
            self.engine.generate(&read)?;
            let started = Instant::now();
            let written = self.engine.generate(&requests)?;
            seconds[way] = started.elapsed().as_secs_f64();
            lengths = written.iter().map(|text| text.ids.len()).collect();
            tokens[way] = lengths.iter().sum::<usize>();
        }
        let [within, freely] = [0, 1].map(|way| seconds[way] / tokens[way] as f64);
        Ok(Sample { whole: seconds[0], cost_of_schema: Some(within / freely), ..Sample::default() })
    }
}

/// Does something with each, `in_flight` at a time, in their order; gives the results in any.
fn each<T: Sync>(
    items: &[T],
    in_flight: usize,
    work: &(dyn Fn(&T) -> Result<Timed, CliError> + Sync),
) -> Result<Vec<Timed>, CliError> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Ok(Vec::with_capacity(items.len())));
    thread::scope(|scope| {
        for _ in 0..in_flight.min(items.len()) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let timed = work(item);
                    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    match (timed, &mut *done) {
                        (Ok(timed), Ok(all)) => all.push(timed),
                        (Err(error), Ok(_)) => *done = Err(error),
                        (_, Err(_)) => return,
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}
