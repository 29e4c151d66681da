//! Among which items a target must be found: all that are open, or a few that were drawn.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::Case;
use crate::recommend::draw::shuffle;

/// Negatives are drawn from this many items of the nearest popularity for each one that is wanted: enough to differ
/// between targets, few enough to match.
const POOL: usize = 5;

/// The candidate set of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// The whole catalogue but the history.
    Full,
    /// The target and others that as many users have, so that popularity alone tells nothing.
    Matched {
        /// How many there are with the target.
        count: usize,
        /// Decides which.
        seed: u64,
    },
}

impl Candidates {
    /// Its name in outputs.
    pub fn name(self) -> String {
        match self {
            Candidates::Full => "full".into(),
            Candidates::Matched { count, .. } => format!("{count} matched by popularity"),
        }
    }
}

/// Draws candidates of the target's popularity.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The items, the most popular first.
    by_popularity: Vec<usize>,
    /// Where each item stands in `by_popularity`.
    places: Vec<usize>,
}

impl Matcher {
    /// Orders the catalogue by how many users have each item, (items).
    pub(super) fn new(users: &[f32]) -> Self {
        let mut by_popularity: Vec<usize> = (0..users.len()).collect();
        by_popularity.sort_by(|&a, &b| users[b].total_cmp(&users[a]));
        let mut places = vec![0; users.len()];
        by_popularity.iter().enumerate().for_each(|(place, &item)| places[item] = place);
        Self { by_popularity, places }
    }

    /// `count` items, the target first; fewer if the catalogue has no more that are open.
    pub(super) fn draw(
        &self,
        case: Case,
        target: usize,
        count: usize,
        seed: u64,
        is_open: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let place = self.places[target];
        let (above, below) = (self.by_popularity[..place].iter().rev(), self.by_popularity[place + 1..].iter());
        let [above, below] = [above.copied().collect::<Vec<_>>(), below.copied().collect()];
        let mut pool = Vec::new();
        for distance in 0..above.len().max(below.len()) {
            let pair = [above.get(distance), below.get(distance)];
            pool.extend(pair.into_iter().flatten().copied().filter(|&item| is_open(item)));
            if pool.len() >= count * POOL {
                break;
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((case.user as u64) << 32 | case.before as u64));
        shuffle(&mut pool, &mut rng);
        pool.truncate(count.saturating_sub(1));
        pool.insert(0, target);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_open_distinct_and_as_popular_as_the_target() {
        let users: Vec<f32> = (0..1000).map(|item| item as f32).collect();
        let matcher = Matcher::new(&users);
        let case = Case { user: 3, before: 9 };
        let drawn = matcher.draw(case, 500, 20, 1, |item| item % 2 == 0);
        assert_eq!((drawn.len(), drawn[0]), (20, 500));
        assert!(drawn.iter().all(|&item| item % 2 == 0 && item.abs_diff(500) <= 20 * POOL), "{drawn:?}");
        let mut distinct = drawn.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 20);
        assert_eq!(drawn, matcher.draw(case, 500, 20, 1, |item| item % 2 == 0));
        assert_ne!(drawn, matcher.draw(case, 500, 20, 2, |item| item % 2 == 0));
    }

    #[test]
    fn a_small_catalogue_gives_what_it_has() {
        let matcher = Matcher::new(&[1.0, 1.0, 2.0]);
        let mut drawn = matcher.draw(Case { user: 0, before: 1 }, 1, 20, 1, |item| item != 2);
        drawn.sort_unstable();
        assert_eq!(drawn, [0, 1]);
    }
}
