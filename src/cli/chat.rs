//! `docent chat`: a conversation about what to watch, kept in the store.

use std::{
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    path::PathBuf,
};

use clap::{Args, builder::NonEmptyStringValueParser};
use docent::recommend::{
    Recommender, Store,
    converse::{Phraser, SessionInfo, Sessions},
    counted,
    system::{Conversation, LLMRecommendationSystem},
};

use super::{
    CliError, Context,
    columns::{padded, width},
    input::Source,
    lines::Lines,
};

/// The session of those who name none.
const DEFAULT: &str = "default";

/// Arguments of `docent chat`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChatArgs {
    /// Folder of the store
    store: PathBuf,
    /// Session to begin, or to go on with
    #[arg(long, value_name = "NAME", default_value = DEFAULT, value_parser = NonEmptyStringValueParser::new())]
    session: String,
    /// A user of the store, whose history counts
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// List the sessions of the store, and do nothing else
    #[arg(long, conflicts_with_all = ["session", "user", "plain"])]
    list: bool,
    /// Word the answers without a language model
    #[arg(long)]
    plain: bool,
}

/// What ends a conversation, as it ends other programs that are talked to; `bye` is a message.
const LEAVES: [&str; 4] = ["exit", "quit", "/exit", "/quit"];

/// Answers the lines of standard input, one message each, until it ends or somebody leaves.
///
/// # Errors
/// If the store or its sessions are damaged, there is no such user, or a model cannot be fetched or fails.
pub(crate) fn run(args: &ChatArgs, context: &mut Context) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    if args.list {
        return list(&Sessions::list(store.path())?, context);
    }
    let recommender = Recommender::open(&store)?;
    let mut conversation = Conversation::open(&store, &recommender)?;
    if recommender.semantic().is_some() {
        conversation = conversation.with_encoder(context.embedder_of(&store)?);
    }
    if !args.plain {
        let phraser = Phraser::new(&context.engine()?, context.settings.engine_options().kv_positions);
        conversation = conversation.with_phraser(phraser);
    }
    let mask = context.mask(recommender.users())?;
    let mut system = LLMRecommendationSystem::new(recommender, mask).with_conversation(conversation);
    system.begin(&args.session, args.user.as_deref())?;
    // An interrupt may end it at any place: what was shown is kept.
    talk(&args.session, &mut system, context)
}

/// Reads and answers.
fn talk(session: &str, system: &mut LLMRecommendationSystem, context: &mut Context) -> Result<(), CliError> {
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        context.status("A message a line; `exit` ends it, and the session is kept.");
    }
    let mut lines = Lines::new(Source::Stdin, io::stdin().lock());
    loop {
        if is_terminal {
            // Where stderr cannot be written nobody is left to prompt.
            let _ = write!(io::stderr(), "> ").and_then(|()| io::stderr().flush());
        }
        let Some(message) = lines.next()? else { return Ok(()) };
        if LEAVES.iter().any(|word| message.trim().eq_ignore_ascii_case(word)) {
            return Ok(());
        }
        let mut shown = Ok(());
        let reply = system.chat(session, message, &mut |text| {
            if !context.json {
                shown = context.show(text);
            }
            if shown.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        shown?;
        let reply = reply?;
        match context.json {
            true => context.json_line(&reply)?,
            false => context.line("\n")?,
        }
        context.show("")?;
    }
}

fn list(sessions: &[SessionInfo], context: &mut Context) -> Result<(), CliError> {
    if sessions.is_empty() {
        context.status("note: nobody has talked in this store yet");
    }
    if context.json {
        return sessions.iter().try_for_each(|session| context.json_line(session));
    }
    let user = |session: &SessionInfo| session.user.clone().unwrap_or_else(|| "-".into());
    let widest = |text: &dyn Fn(&SessionInfo) -> String| sessions.iter().map(|session| width(&text(session))).max();
    let names = widest(&|session| session.session.clone()).unwrap_or_default();
    let users = widest(&user).unwrap_or_default();
    for session in sessions {
        let messages = counted(session.messages, "message", "messages");
        let (name, user) = (padded(&session.session, names), padded(&user(session), users));
        context.line(format_args!("{name}  user {user}  {messages}"))?;
    }
    Ok(())
}
