//! When a language model is asked at all: where behaviour says little, or a request says much.

use serde::Serialize;

use crate::recommend::sentences::words;

/// Words that make a request more than a topic: it excludes, compares or sets conditions.
const CONDITIONS: [&str; 16] = [
    "not", "no", "without", "except", "but", "unless", "or", "than", "like", "unlike", "if", "instead", "rather",
    "similar", "before", "after",
];

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selective {
    /// Histories shorter than this say too little by themselves.
    pub enough: usize,
    /// Requests of this many words are complex.
    pub words: usize,
}

impl Default for Selective {
    /// Histories of five and requests of eight words: choices, not measurements.
    fn default() -> Self {
        Self { enough: 5, words: 8 }
    }
}

/// Whether the language model is asked, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it is asked.
    pub used: bool,
    /// Why, in a sentence.
    pub why: String,
}

impl Selective {
    /// Decides for somebody of whom `known` interactions are known, and who may ask for something in words.
    pub fn decide(&self, known: usize, request: Option<&str>) -> Decision {
        let Self { enough, words: most } = *self;
        let of_request = request.map(|request| {
            let words = words(request);
            let condition = words.iter().find(|word| CONDITIONS.contains(&word.as_str())).cloned();
            (words.len(), condition)
        });
        let (used, why) = match of_request {
            Some((count, _)) if count >= most => {
                (true, format!("the request has {count} words, and {most} make it complex"))
            }
            Some((_, Some(condition))) => (true, format!("the request sets a condition, `{condition}`")),
            Some((count, None)) => {
                (false, format!("the request has {count} words and no condition: vectors answer it"))
            }
            None if known < enough => {
                (true, format!("{known} interactions are known, and fewer than {enough} say little"))
            }
            None => (false, format!("{known} interactions are known, and {enough} are enough")),
        };
        Decision { used, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_asked_where_little_is_known_or_much_is_said() {
        let rule = Selective::default();
        let cases = [
            (0, None, true),
            (4, None, true),
            (5, None, false),
            (500, None, false),
            (0, Some("a heist"), false),
            (500, Some("a heist but funny"), true),
            (0, Some("something quiet and slow with rain and long walks"), true),
            (0, Some(""), false),
        ];
        for (known, request, used) in cases {
            let decision = rule.decide(known, request);
            assert_eq!(decision.used, used, "{known} {request:?}: {}", decision.why);
        }
        assert_eq!(rule.decide(62, None).why, "62 interactions are known, and 5 are enough");
    }
}
