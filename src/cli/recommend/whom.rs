//! Whom is recommended to: a user of the store, somebody who names items, or somebody who asks in words.

use std::ops::ControlFlow;

use clap::Args;
use docent::recommend::{Interaction, Recommender, features::User, system::Person};

use crate::cli::{CliError, Context};

/// Whom to recommend to.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct WhomArgs {
    /// A user of the store
    #[arg(long, value_name = "ID", conflicts_with_all = ["liked", "query"])]
    pub(crate) user: Option<String>,
    /// Items that somebody liked, the last one last
    #[arg(long, value_name = "ID,..", value_delimiter = ',')]
    pub(crate) liked: Vec<String>,
    /// What somebody asks for
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
}

/// Somebody, looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whom {
    /// What the answer calls them.
    pub(crate) name: String,
    /// Their index in the store.
    pub(crate) user: Option<usize>,
    /// What they did, oldest first.
    pub(crate) history: Vec<Interaction>,
    /// What they ask for in words.
    pub(crate) query: Option<String>,
    /// The vector of what they ask for.
    text: Option<Vec<f32>>,
}

impl Whom {
    /// Looks somebody up. A request in words goes through the encoder.
    ///
    /// # Errors
    /// If there is no such user or item, nothing is named or asked for, or the encoder cannot be fetched, fails, or is not
    /// that of the store.
    pub(crate) fn find(args: &WhomArgs, recommender: &Recommender, context: &Context) -> Result<Self, CliError> {
        if let Some(id) = &args.user {
            return Self::user(id, recommender, context);
        }
        if let Some(query) = &args.query {
            asked(query)?;
        }
        let liked = ids(&args.liked);
        if liked.is_empty() && args.query.is_none() {
            return Err(CliError::usage("`--liked` names no item", "name items by their ids, as in `--liked 1,2`"));
        }
        let history = recommender.liked(&liked)?;
        let text = args.query.as_deref().map(|query| embed(query, recommender, context)).transpose()?;
        let name = args.query.clone().unwrap_or_else(|| format!("somebody who liked {}", liked.join(", ")));
        Ok(Self { name, user: None, history, query: args.query.clone(), text })
    }

    /// Looks a user up. Of one who has done nothing yet the profile, without what is sensitive, is what they ask for.
    ///
    /// # Errors
    /// If there is no such user, or the profile is needed and the encoder cannot be fetched, fails, or is not that of the
    /// store.
    pub(crate) fn user(id: &str, recommender: &Recommender, context: &Context) -> Result<Self, CliError> {
        let name = id.to_owned();
        if let Some(user) = recommender.user(id)? {
            let history = recommender.interactions().history(user).to_vec();
            return Ok(Self { name, user: Some(user), history, ..Self::default() });
        }
        let mask = context.mask(recommender.users())?;
        let record = recommender.users().get(id).filter(|_| recommender.semantic().is_some());
        let profile = record.and_then(|user| mask.profile(user));
        let text = profile.map(|profile| {
            let user = User { profile: Some(&profile), history: &[] };
            embed(&user.text(recommender.catalogue()), recommender, context)
        });
        Ok(Self { name, text: text.transpose()?, ..Self::default() })
    }

    /// Whom stages recommend to.
    pub(crate) fn person(&self) -> Person<'_> {
        Person {
            name: &self.name,
            user: self.user,
            record: None,
            history: &self.history,
            request: self.query.as_deref(),
            vector: self.text.as_deref(),
        }
    }
}

/// Checks that something is asked for: the vector of an empty text is near to some items, too.
///
/// # Errors
/// If the query is blank.
pub(crate) fn asked(query: &str) -> Result<(), CliError> {
    match query.trim().is_empty() {
        true => Err(CliError::usage("the query is empty", "say what is looked for with `--query`")),
        false => Ok(()),
    }
}

/// Ids of a list, each once, where it comes last, without the spaces around them and without those that a comma too many
/// makes.
pub(crate) fn ids(list: &[String]) -> Vec<String> {
    let ids: Vec<&str> = list.iter().map(|id| id.trim()).collect();
    let is_last = |(place, id): &(usize, &&str)| !id.is_empty() && !ids[place + 1..].contains(id);
    ids.iter().enumerate().filter(is_last).map(|(_, id)| (*id).to_owned()).collect()
}

/// The vector of a text, as wide as the items'.
///
/// # Errors
/// If the store has no vectors, or the encoder cannot be fetched, fails, or is not that of the store.
pub(crate) fn embed(text: &str, recommender: &Recommender, context: &Context) -> Result<Vec<f32>, CliError> {
    let missing = || {
        CliError::usage("the store was made without vectors of the items", "make it again without `--no-embeddings`")
    };
    let store = recommender.store().filter(|_| recommender.semantic().is_some()).ok_or_else(missing)?;
    let mut embedder = context.embedder_of(store)?;
    Ok(embedder.embed(&[text], &mut |_| ControlFlow::Continue(()))?.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_once_where_it_comes_last() {
        for (list, expected) in
            [("b,b", "b"), ("a, b ,a", "b,a"), (",,a,", "a"), ("", ""), ("a,b,c", "a,b,c"), ("a,A", "a,A")]
        {
            let list: Vec<String> = list.split(',').map(str::to_owned).collect();
            assert_eq!(ids(&list).join(","), expected);
        }
    }
}
