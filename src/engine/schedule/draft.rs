//! Guessing the next tokens from what stands before: a text that repeats a title goes on as it did the first time.
//!
//! Prompt look-up decoding (Saxena 2023). A guess costs a row of the step; what is guessed right needs no step of its own,
//! and the output is the same either way.

/// Tokens that must have come before in the same order for a guess.
const KEYS: [usize; 2] = [4, 2];

/// Guesses of a step at most.
const MOST: usize = 7;

/// Steps without guesses after one that was wholly wrong; doubled with each that follows, up to 64.
const PAUSE: u32 = 2;

/// What follows the latest earlier place where the last tokens stand, at most `most` tokens; nothing if there is none.
pub(super) fn look_up(ids: &[u32], most: usize) -> &[u32] {
    if most == 0 {
        return &[];
    }
    for key_len in KEYS {
        let Some(start) = ids.len().checked_sub(key_len) else { continue };
        let key = &ids[start..];
        if let Some(at) = (0..start).rev().find(|&at| ids[at..].starts_with(key)) {
            let follows = &ids[at + key_len..];
            return &follows[..follows.len().min(most)];
        }
    }
    &[]
}

/// How much one text may guess, from how well it did so far.
#[derive(Debug)]
pub(super) struct Drafts {
    len: usize,
    wait: u32,
    pause: u32,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { len: MOST, wait: 0, pause: PAUSE }
    }
}

impl Drafts {
    /// How many tokens may be guessed now, at most `most`.
    pub(super) fn allow(&mut self, most: usize) -> usize {
        if self.wait > 0 {
            self.wait -= 1;
            return 0;
        }
        self.len.min(most)
    }

    /// Takes notice of what became of `drafted` guesses.
    pub(super) fn learn(&mut self, drafted: usize, right: usize) {
        if right == 0 {
            self.wait = self.pause;
            self.pause = (2 * self.pause).min(64);
            self.len = 2;
        } else {
            self.pause = PAUSE;
            self.len = if right == drafted { MOST } else { (right + 1).min(MOST) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_place_with_the_longest_key_decides() {
        assert_eq!(look_up(&[1, 2, 3, 9, 1, 2, 4, 8, 1, 2], 3), [4, 8, 1]);
        assert_eq!(look_up(&[5, 1, 2, 3, 7, 6, 2, 3, 9, 5, 1, 2, 3], 2), [7, 6], "four tokens count more than two");
        assert_eq!(look_up(&[1, 1, 1], 5), [1], "a place may overlap its key");
        assert!(look_up(&[1, 2, 3], 4).is_empty());
        assert!(look_up(&[1, 2, 1, 2], 0).is_empty());
        assert!(look_up(&[], 4).is_empty());
    }

    #[test]
    fn wrong_guesses_pause() {
        let mut drafts = Drafts::default();
        assert_eq!(drafts.allow(20), MOST);
        drafts.learn(7, 0);
        assert_eq!([drafts.allow(9), drafts.allow(9), drafts.allow(9)], [0, 0, 2]);
        drafts.learn(2, 0);
        assert_eq!((0..5).map(|_| drafts.allow(9)).collect::<Vec<_>>(), [0, 0, 0, 0, 2]);
        drafts.learn(2, 2);
        assert_eq!(drafts.allow(9), MOST);
        drafts.learn(7, 3);
        assert_eq!(drafts.allow(9), 4);
    }
}
