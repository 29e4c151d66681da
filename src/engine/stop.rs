//! Text as it is streamed: whole characters only, and nothing that may turn out to be the start of a stop string.

/// Holds back text that a stop string may begin with.
#[derive(Debug, Default)]
pub(super) struct StopFilter {
    stops: Vec<String>,
    held: String,
}

impl StopFilter {
    pub(super) fn new(stops: &[String]) -> Self {
        Self { stops: stops.iter().filter(|s| !s.is_empty()).cloned().collect(), held: String::new() }
    }

    /// Takes new text; returns what may be shown, and whether a stop string has come (it and what follows is dropped).
    pub(super) fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = found {
            let shown = self.held[..at].to_owned();
            self.held.clear();
            return (shown, true);
        }
        let open = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let shown = self.held.drain(..self.held.len() - open).collect();
        (shown, false)
    }

    /// What was held back, now that no more text comes.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// The length of the longest end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    let candidates = stop.char_indices().map(|(i, c)| i + c.len_utf8()).rev();
    candidates.into_iter().find(|&len| text.ends_with(&stop[..len])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stop_string_over_several_pieces_is_never_shown() {
        let mut filter = StopFilter::new(&["END".into(), "\n\n".into()]);
        let shown: Vec<_> = ["a\n", "bE", "N", "Dc"].into_iter().map(|t| filter.push(t)).collect();
        let expected = [("a", false), ("\nb", false), ("", false), ("", true)].map(|(s, stop)| (s.to_owned(), stop));
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn the_pieces_join_to_the_text_before_the_first_stop(
            pieces in prop::collection::vec("[abé]{0,4}", 0..12),
            stops in prop::collection::vec("[abé]{1,3}", 0..3),
        ) {
            let text = pieces.concat();
            let cut = stops.iter().filter_map(|s| text.find(s.as_str())).min();
            let mut filter = StopFilter::new(&stops);
            let mut shown = String::new();
            let mut stopped = false;
            for piece in &pieces {
                let (s, stop) = filter.push(piece);
                shown += &s;
                if stop {
                    stopped = true;
                    break;
                }
            }
            if !stopped {
                shown += &filter.finish();
            }
            // With several stop strings the one that is complete first ends the text.
            if stops.len() <= 1 {
                prop_assert_eq!(&shown, &text[..cut.unwrap_or(text.len())]);
            }
            prop_assert_eq!(stopped, cut.is_some());
            prop_assert!(text.starts_with(&shown));
        }
    }
}
