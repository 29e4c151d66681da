//! ChatREC: a short dialogue on the bundled sample. What is said becomes preferences, conditions and feedback, and these
//! become lists.
//!
//! ```text
//! cargo run --release --example chat_rec
//! ```

use std::error::Error;

use docent::recommend::{
    Catalogue, Interactions, Knowledge, Recommender, Roles, UnknownItems,
    converse::{ChatREC, Dialogue},
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small");

const MESSAGES: [&str; 6] = [
    "Hi there!",
    "Something like The Matrix, but no horror.",
    "Nothing before 1990, please.",
    "I have already seen the first one, and the second one was boring.",
    "What genre is the third one?",
    "Why the first one?",
];

fn main() -> Result<(), Box<dyn Error>> {
    let roles = Roles::default();
    let catalogue = Catalogue::read(format!("{SAMPLE}/items.csv").as_ref(), &roles)?;
    let ratings = format!("{SAMPLE}/ratings.csv");
    let interactions = Interactions::read(ratings.as_ref(), &catalogue, UnknownItems::Skip, &roles)?;
    let (recommender, knowledge) = (Recommender::new(catalogue, interactions, None)?, Knowledge::default());
    let mut chat = ChatREC::new(&recommender, &knowledge);
    let mut dialogue = Dialogue::default();
    for message in MESSAGES {
        let turn = chat.turn(&mut dialogue, message, &[])?;
        println!("> {message}\n({}) {}\n", turn.state.name(), turn.plain());
    }
    Ok(())
}
