//! What reads of a growing text say about its past, so that the search need not try every order of the appends.
//!
//! Between two replacements a text only grows. Such a stretch is an epoch; the longest text that was read in it tells the
//! order of all appends before that read: at any moment the text must be a beginning of it, and the epoch cannot end before
//! that read. To know the epoch of a text it must show how the epoch began: so every replacing text must be written once,
//! and no appended or replacing text may be the beginning of another.

use std::rc::Rc;

use crate::history::judged::{Datum, Log, Lookup};

use super::plain::{Act, Step};

/// The text with which an epoch began; none is what was there at the start.
type Base = Option<u32>;

/// The longest text read in each epoch.
#[derive(Default)]
pub(super) struct Epochs {
    /// The text, and the number of a read that returned it.
    longest: Lookup<Base, (Rc<str>, u32)>,
    /// The epoch of each text that began or continued one.
    base: Lookup<u32, u32>,
}

impl Epochs {
    /// The epochs of these operations, in the numbering of the search; `None` if texts do not show their epochs.
    pub fn new(log: &Log, steps: &[&Step]) -> Option<Epochs> {
        let mut pieces: Vec<&str> = Vec::new();
        let mut bases: Vec<u32> = Vec::new();
        for step in steps {
            match step.act {
                Act::Append(text) => pieces.push(log.text(text)),
                Act::Write(Datum::Text(text)) => bases.push(text),
                Act::Read(_) => {}
                _ => return None,
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        pieces.extend(bases.iter().map(|&base| log.text(base)));
        // In sorted order whatever begins with a text follows it at once. Equal texts count too: a replacing one was then
        // written twice, or appended as well.
        pieces.sort_unstable();
        let shows =
            pieces.windows(2).all(|pair| !pair[1].starts_with(pair[0])) && pieces.iter().all(|one| !one.is_empty());
        if !shows {
            return None;
        }
        let mut epochs = Epochs::default();
        epochs.base.extend(bases.iter().map(|&base| (base, base)));
        let by_text: Vec<(&str, u32)> = {
            let mut by_text: Vec<(&str, u32)> = bases.iter().map(|&base| (log.text(base), base)).collect();
            by_text.sort_unstable();
            by_text
        };
        for (id, step) in (0_u32..).zip(steps) {
            let Act::Read(Datum::Text(read)) = step.act else { continue };
            let text = log.text(read);
            // The only text that can be a beginning of this one is the last that is not greater.
            let place = by_text.partition_point(|(base, _)| *base <= text);
            let base = place.checked_sub(1).map(|last| by_text[last]).filter(|(base, _)| text.starts_with(base));
            let longest = epochs.longest.entry(base.map(|(_, base)| base)).or_insert_with(|| (text.into(), id));
            if text.len() > longest.0.len() {
                *longest = (text.into(), id);
            }
        }
        Some(epochs)
    }

    /// Whether the text may be replaced now: the longest read of its epoch must have been.
    pub fn may_end(&self, state: Datum, taken: &[bool]) -> bool {
        self.longest.get(&self.epoch(state)).is_none_or(|&(_, read)| taken[read as usize])
    }

    /// Whether the text may become this one, which continues it; `place` is its number.
    pub fn may_become(&mut self, state: Datum, text: &str, place: u32, taken: &[bool]) -> bool {
        let base = self.epoch(state);
        if let Some(base) = base {
            self.base.insert(place, base);
        }
        match self.longest.get(&base) {
            Some((longest, read)) if !taken[*read as usize] => longest.starts_with(text),
            _ => true,
        }
    }

    fn epoch(&self, state: Datum) -> Base {
        match state {
            Datum::Text(text) => self.base.get(&text).copied(),
            _ => None,
        }
    }
}
