//! Exact log-likelihoods of continuations after one prefix.

use futures_channel::oneshot;

use super::{
    Engine, Error, Priority, Result,
    answers::Question,
    schedule::{Reply, Scorer, Work},
    soft::{self, SoftTokens},
};

/// What is scored after one prefix.
#[derive(Clone, Debug, Default)]
pub struct Scoring {
    /// The prefix, at least one token; soft ones may be among them, unless the prefix is scored.
    pub prefix: Vec<u32>,
    /// Texts that may follow it.
    pub continuations: Vec<Vec<u32>>,
    /// Whether the prefix's own tokens are scored, too; then nothing of it comes from the prefix cache.
    pub score_prefix: bool,
    /// How many of the likeliest next tokens are wanted.
    pub top: usize,
    /// Who goes first.
    pub priority: Priority,
}

/// Log-likelihoods in nats.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scores {
    /// Of each token of the prefix, given those before it; the first is 0. Empty if not asked for.
    pub prefix: Vec<f32>,
    /// The likeliest next tokens after the prefix, likeliest first.
    pub next_top: Vec<(u32, f32)>,
    /// Of each token of each continuation, given the prefix and the tokens before it.
    pub continuations: Vec<Vec<f32>>,
}

/// Scores that are being computed. Dropping it cancels them.
#[derive(Debug)]
pub struct BeingScored {
    end: oneshot::Receiver<Result<Scores>>,
    /// What the scores answer, and how many tokens that is.
    question: Option<(Question, usize)>,
}

impl BeingScored {
    /// Waits for the scores.
    ///
    /// # Errors
    /// If a step fails.
    pub fn wait(self) -> Result<Scores> {
        pollster::block_on(self.finish())
    }

    /// The scores, when they are there.
    ///
    /// # Errors
    /// If a step fails.
    pub async fn finish(self) -> Result<Scores> {
        let scores = self.end.await.unwrap_or(Err(Error::Stopped))?;
        if let Some((question, tokens)) = &self.question {
            Question::keep(Some(question), &scores, *tokens);
        }
        Ok(scores)
    }
}

impl Engine {
    /// Scores continuations after a shared prefix, which is computed once; they run together, as many in a step as rows
    /// and cache allow, and no score depends on its company.
    ///
    /// # Errors
    /// If the prefix is empty, it does not fit into context or cache with its longest continuation, or a step fails.
    pub fn score(&self, scoring: &Scoring) -> Result<Scores> {
        self.submit_scoring(scoring.clone())?.wait()
    }

    /// Starts a scoring. Waits while too many others do.
    ///
    /// # Errors
    /// If the prefix is empty, or does not fit into context or cache with its longest continuation.
    pub fn submit_scoring(&self, scoring: Scoring) -> Result<BeingScored> {
        pollster::block_on(self.submit_scoring_async(scoring))
    }

    /// As [`submit_scoring`](Self::submit_scoring), for async code.
    ///
    /// # Errors
    /// As [`submit_scoring`](Self::submit_scoring).
    pub async fn submit_scoring_async(&self, scoring: Scoring) -> Result<BeingScored> {
        let longest = scoring.continuations.iter().map(Vec::len).max().unwrap_or(0);
        self.check_length(scoring.prefix.len() + longest)?;
        if scoring.prefix.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let held = self.check_prefix(&scoring)?;
        scoring.continuations.iter().try_for_each(|tokens| self.check_tokens(tokens))?;
        let question = self.scoring_question(&scoring);
        if let Some(scores) = Question::find(question.as_ref().map(|(question, _)| question)) {
            let (found, end) = oneshot::channel();
            // The receiver is right here.
            let _ = found.send(Ok(scores));
            return Ok(BeingScored { end, question: None });
        }
        let (reply, end, _) = Reply::new();
        let priority = scoring.priority;
        self.send(priority, Work::Score(Box::new(Scorer::new(scoring, held, reply)))).await?;
        Ok(BeingScored { end, question })
    }

    /// Fails if a token of the prefix is none of the model's; holds its soft ones.
    fn check_prefix(&self, scoring: &Scoring) -> Result<Option<SoftTokens>> {
        let may_be_soft = |token: &u32| *token >= soft::FIRST && !scoring.score_prefix;
        if !scoring.prefix.iter().any(may_be_soft) {
            return self.check_tokens(&scoring.prefix).map(|()| None);
        }
        let (soft, tokens): (Vec<u32>, Vec<u32>) = scoring.prefix.iter().partition(|token| may_be_soft(token));
        self.check_tokens(&tokens)?;
        let vocab = self.architecture().vocab();
        self.shared.soft.hold(soft).map(Some).map_err(|token| Error::Token { token, vocab })
    }

    fn scoring_question(&self, scoring: &Scoring) -> Option<(Question, usize)> {
        let Scoring { prefix, continuations, score_prefix, top, priority: _ } = scoring;
        let tokens: Vec<&[u32]> = [prefix].into_iter().chain(continuations).map(Vec::as_slice).collect();
        let count = tokens.iter().map(|tokens| tokens.len()).sum();
        Some((self.question("scores", &tokens, &(score_prefix, top))?, count))
    }
}
