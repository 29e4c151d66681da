//! Prompts whose time is measured: made-up people and films, and what ranking, explaining and describing asks of a
//! language model about them. Every prompt about a person begins with what is known of that person.

use super::{
    Catalogue, Interaction,
    fixture::{Fixture, FixtureOptions},
};
use crate::engine::{Message, Prompt};

/// Films of a person's history that the prompts list.
const HISTORY: usize = 14;

const TASK: &str = "You are a film recommendation assistant. You know what the viewer has watched, you answer in short, \
                    specific sentences, you never invent facts that are not given, and you never tell how a film ends.";

/// Somebody to recommend to.
#[derive(Clone, Debug)]
pub struct Person {
    /// What is known of them, as the beginning of a message.
    about: String,
    /// Films that they have not seen.
    candidates: Vec<Film>,
}

/// Something to recommend.
#[derive(Clone, Debug)]
pub struct Film {
    /// Its title, without the year.
    pub title: String,
    /// Title, year and genres.
    line: String,
    description: String,
}

impl Person {
    /// `count` people, each with `candidates` films that they have not seen. The same numbers give the same people.
    pub fn made_up(seed: u64, count: usize, candidates: usize) -> Vec<Self> {
        let items = 400.max(2 * candidates);
        let options = FixtureOptions { seed, users: count, items, ..FixtureOptions::default() };
        let fixture = Fixture::generate(&options);
        (0..count).map(|user| person(&fixture, user, candidates)).collect()
    }

    /// Films that they have not seen.
    pub fn candidates(&self) -> &[Film] {
        &self.candidates
    }

    /// What films' titles are scored after.
    pub fn ranking(&self) -> Prompt {
        self.ask("Recommend one more film to me. Answer with its title only.")
    }

    /// The request to write a ranking of some films.
    pub fn listing(&self, films: &[Film]) -> Prompt {
        let mut text = String::from("Candidate films:\n");
        for (place, film) in films.iter().enumerate() {
            text += &format!("[{}] {}\n", place + 1, film.line);
        }
        text += &format!(
            "\nRank all {} candidates for me, the best first. Answer with the numbers in order, like [3] > [1] > [2].",
            films.len()
        );
        self.ask(&text)
    }

    /// The request to say why a film suits them.
    pub fn explanation(&self, film: &Film) -> Prompt {
        self.ask(&format!("Film: {}. {}\nWhy would I like it?", film.line, film.description))
    }

    /// The request to describe a film as JSON.
    pub fn description(&self, film: &Film) -> Prompt {
        self.ask(&format!(
            "Film: {}. {}\nDescribe it as JSON with its title, genres, mood, audience and year.",
            film.line, film.description
        ))
    }

    fn ask(&self, request: &str) -> Prompt {
        Prompt::Messages(vec![Message::new("system", TASK), Message::new("user", format!("{}\n{request}", self.about))])
    }
}

/// The JSON schema that a film is described by.
pub fn schema() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 40},
            "genres": {
                "type": "array",
                "items": {"enum": ["action", "comedy", "drama", "horror", "mystery", "romance", "thriller"]},
                "minItems": 1,
                "maxItems": 3,
            },
            "mood": {"type": "string", "maxLength": 40},
            "audience": {"enum": ["children", "teenagers", "adults", "everybody"]},
            "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
        },
        "required": ["title", "genres", "mood", "audience", "year"],
        "additionalProperties": false,
    })
}

fn person(fixture: &Fixture, user: usize, candidates: usize) -> Person {
    let history = fixture.interactions.history(user);
    let shown = &history[history.len().saturating_sub(HISTORY)..];
    let profile = fixture.users.users().get(user).and_then(|user| user.profile.as_deref()).unwrap_or_default();
    let mut about = format!("{profile}\nI have watched and rated these films, the latest last:\n");
    for Interaction { item, rating, .. } in shown {
        about += &format!("- {}, rated {} of 5\n", line(&fixture.items, *item), rating.unwrap_or_default());
    }
    // From another place of the catalogue for each person.
    let unseen = (0..fixture.items.len()).map(|place| (place + 7 * user) % fixture.items.len());
    let unseen = unseen.filter(|item| !history.iter().any(|event| event.item == *item));
    let film = |item: usize| Film {
        title: fixture.items[item].short_title(),
        line: line(&fixture.items, item),
        description: fixture.items[item].description.clone().unwrap_or_default(),
    };
    Person { about, candidates: unseen.take(candidates).map(film).collect() }
}

fn line(items: &Catalogue, item: usize) -> String {
    format!("{}, {}", items[item].full_title(), items[item].genres().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(prompt: &Prompt) -> String {
        match prompt {
            Prompt::Text(text) => text.clone(),
            Prompt::Messages(messages) => messages.iter().map(|message| message.content.as_str()).collect(),
        }
    }

    #[test]
    fn prompts_about_one_person_begin_alike_and_those_about_two_do_not() {
        let people = Person::made_up(1, 2, 6);
        let [first, second] = [&people[0], &people[1]];
        assert_eq!(first.candidates().len(), 6);
        let about = format!("{TASK}{}", first.about);
        let prompts =
            [first.ranking(), first.listing(&first.candidates()[..3]), first.explanation(&first.candidates()[5])];
        assert!(prompts.iter().all(|prompt| text(prompt).starts_with(&about)));
        assert!(!text(&second.ranking()).starts_with(&about));
        assert!(text(&prompts[1]).contains(&format!("[3] {}", first.candidates()[2].title)));
        assert!(text(&prompts[2]).contains(&first.candidates()[5].description));
    }
}
