//! What people implement to have parts of their own in the system.

use crate::recommend::{Candidate, Explanation, Filter, Interaction, Query, Recommender, Result, User, fairness::Mask};

/// Whom is recommended to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person<'a> {
    /// What answers call them: a user's id, or anything.
    pub name: &'a str,
    /// Their index in the interactions.
    pub user: Option<usize>,
    /// What is recorded of them.
    pub record: Option<&'a User>,
    /// What they did, oldest first.
    pub history: &'a [Interaction],
    /// What they ask for, in words.
    pub request: Option<&'a str>,
    /// The vector of that, as wide as the items' vectors.
    pub vector: Option<&'a [f32]>,
}

impl<'a> Person<'a> {
    /// What retrieval asks of.
    pub fn query(&self) -> Query<'a> {
        Query { history: self.history, text: self.vector }
    }
}

/// One list in the making.
#[derive(Debug)]
pub struct Serving<'a> {
    /// What is recommended from.
    pub recommender: &'a Recommender,
    /// What may not be told of the person.
    pub mask: &'a Mask,
    /// Whom it is for.
    pub person: &'a Person<'a>,
    /// How many items it shall have.
    pub k: usize,
    /// What a model said of the person's taste, if a stage had it say so.
    pub analysis: Option<String>,
    /// Tokens that prompts did not take, since descriptions were compressed.
    pub tokens_compressed: usize,
}

impl<'a> Serving<'a> {
    /// A list of `k` items that is yet to be made.
    pub fn new(recommender: &'a Recommender, mask: &'a Mask, person: &'a Person<'a>, k: usize) -> Self {
        Self { recommender, mask, person, k, analysis: None, tokens_compressed: 0 }
    }
}

/// Finds candidates.
pub trait Retrieve {
    /// Its name.
    fn name(&self) -> &str;

    /// At most `count` items for somebody, best first, with their scores. What they have, what the filter turns down, and
    /// what comes twice is left out whatever comes.
    ///
    /// # Errors
    /// If a model fails.
    fn retrieve(
        &mut self,
        recommender: &Recommender,
        person: &Person<'_>,
        count: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Candidate>>;
}

/// Makes another list of candidates: reranks, filters, varies, or shares out.
pub trait Stage {
    /// Its name.
    fn name(&self) -> &str;

    /// How many candidates it wants for a list of `k`.
    fn wants(&self, k: usize) -> usize;

    /// Whether it asks a language model, or another one that takes long. Only as many candidates are retrieved as such stages
    /// want, and [`Selective`](crate::recommend::budget::Selective) use leaves them out.
    fn asks_a_model(&self) -> bool {
        false
    }

    /// Candidates in another order, or fewer of them; the first `k` are the list if no stage follows. What did not come in
    /// or comes twice is left out whatever comes. It is not called without candidates.
    ///
    /// # Errors
    /// If a model fails.
    fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>>;
}

/// Says why items are recommended.
pub trait Explain {
    /// Its name.
    fn name(&self) -> &str;

    /// An explanation for each item, in their order.
    ///
    /// # Errors
    /// If a model fails.
    fn explain(&mut self, recommender: &Recommender, person: &Person<'_>, items: &[usize]) -> Result<Vec<Explanation>>;
}
