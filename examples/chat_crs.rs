//! ChatCRS: a session of ten turns on the rich fixture, worded by the language model, and how long the first token of the
//! eleventh answer takes: with what the engine has kept of the session, and with the whole session computed anew.
//!
//! ```text
//! cargo run --release --example chat_crs
//! ```

use std::{error::Error, ops::ControlFlow, time::Instant};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Recommender,
        converse::{ChatCRS, ChatREC, Phraser, Sessions},
        fixture::{Fixture, FixtureOptions},
    },
};

const MESSAGES: [&str; 10] = [
    "Hello!",
    "A western, please.",
    "Nothing before 1980.",
    "It should be about revenge.",
    "The second one is boring.",
    "Who directed the first one?",
    "More, please.",
    "No horror.",
    "I loved the third one, 5/5.",
    "Why the first one?",
];
/// How often the last message is answered in each way.
const REPEATS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let Fixture { items, interactions, knowledge, .. } = Fixture::generate(&FixtureOptions::default());
    let recommender = Recommender::new(items, interactions, None)?;
    let folder = tempfile::tempdir()?;
    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let chat = ChatREC::new(&recommender, &knowledge);
    let phraser = Phraser::new(&engine, EngineOptions::default().kv_positions);
    let mut chat = ChatCRS::new(chat, Sessions::open(folder.path())?).with_phraser(phraser);

    let (mut kept, mut anew, mut tokens) = (Vec::new(), Vec::new(), 0);
    for repeat in 0..REPEATS {
        // Two sessions of the same messages, of one of which nothing is kept at the end.
        for (name, keeps) in [("kept", true), ("anew", false)] {
            let session = format!("{name} {repeat}");
            for message in MESSAGES {
                let reply = chat.reply(&session, message, &[], &mut |_| ControlFlow::Continue(()))?;
                if repeat == 0 && keeps {
                    println!("> {message}\n({}) {}\n", reply.state.name(), reply.reply);
                }
            }
            if !keeps {
                engine.forget_prefixes()?;
            }
            let (begun, asked) = (Instant::now(), engine.stats()?);
            let mut first = None;
            chat.reply(&session, "Show me more.", &[], &mut |_| {
                first.get_or_insert_with(|| begun.elapsed());
                ControlFlow::Continue(())
            })?;
            let times = if keeps { &mut kept } else { &mut anew };
            times.push(first.unwrap_or_default().as_secs_f64() * 1e3);
            let jobs = engine.stats()?.jobs - asked.jobs;
            tokens = (engine.stats()?.prompt_tokens - asked.prompt_tokens) / jobs.max(1);
        }
    }
    let (kept, anew) = (median(kept), median(anew));
    println!("first token of the eleventh answer, about {tokens} tokens of prompt, median of {REPEATS}:");
    println!("  with what is kept {kept:.1} ms, computed anew {anew:.1} ms: {:.1} x", anew / kept);
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
