//! RARec: a request on the rich fixture, answered with facts that were looked up, each of which can be checked.
//!
//! ```text
//! cargo run --release --example ra_rec
//! ```

use std::error::Error;

use docent::recommend::{
    Recommender,
    converse::ChatREC,
    fixture::{Fixture, FixtureOptions},
};

fn main() -> Result<(), Box<dyn Error>> {
    let Fixture { items, interactions, knowledge, .. } = Fixture::generate(&FixtureOptions::default());
    let recommender = Recommender::new(items, interactions, None)?;
    let mut chat = ChatREC::new(&recommender, &knowledge);
    let answer = chat.look_up("A thoughtful western about revenge, under two hours.", &[])?;
    println!("{}\n\nFacts:", answer.plain());
    let records = chat.records();
    for fact in answer.facts() {
        println!(
            "  {} {} {}: {}",
            fact.head,
            fact.relation,
            fact.tail,
            if fact.holds(&records) { "held" } else { "not held" }
        );
    }
    Ok(())
}
