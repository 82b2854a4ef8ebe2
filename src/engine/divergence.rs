//! In what share of time would two locations answer differently? Added up exactly, from what the store says each would
//! answer, between one change and the next. Off unless asked for: it looks at every location whenever a key changes.

use crate::metrics::{Count, Window};
use crate::model::{Key, Location, Time, Version};
use crate::stores::Store;

/// The bookkeeping of one partition at a time.
#[derive(Debug)]
pub struct Divergence {
    window: Window,
    /// The locations with clients.
    edges: u16,
    keys: Vec<Option<Standing>>,
    /// Reused.
    changes: Vec<(Time, u16, Version)>,
}

/// What the locations would answer, since the last change.
#[derive(Clone, Debug)]
struct Standing {
    since: Time,
    /// The measured time so far in which answers would have differed, in nanoseconds.
    diverged: u64,
    /// By location.
    answers: Vec<Vec<(Time, Version)>>,
}

/// Nanoseconds would overflow a count over many keys and replications. Rounded once for each key, so that the sum does
/// not depend on how keys are divided into partitions.
const UNIT_NANOS: u64 = 1_000;

impl Divergence {
    /// Nothing known yet.
    pub fn new(edges: u16, window: Window) -> Divergence {
        Divergence { window, edges, keys: Vec::new(), changes: Vec::new() }
    }

    /// A key is asked for: from the start of the run on, its time counts.
    pub fn touch<S: Store>(&mut self, now: Time, key: Key, store: &S) {
        if key.index() >= self.keys.len() {
            self.keys.resize(key.index() + 1, None);
        }
        if self.keys[key.index()].is_none() {
            // Nothing has happened to it so far, so every location would have answered the same.
            let answers = forecasts(now, key, self.edges, store);
            self.keys[key.index()] = answers.map(|answers| Standing { since: Time::START, diverged: 0, answers });
        }
    }

    /// Something changed the key; the store has taken the change.
    pub fn changed<S: Store>(&mut self, now: Time, key: Key, store: &S) {
        self.touch(now, key, store);
        let Some(standing) = self.keys[key.index()].take() else { return };
        let diverged = standing.diverged + self.between(&standing, now);
        let answers = forecasts(now, key, self.edges, store);
        self.keys[key.index()] = answers.map(|answers| Standing { since: now, diverged, answers });
    }

    /// The partition is over.
    pub fn end(&mut self, count: &mut Count) {
        for standing in std::mem::take(&mut self.keys).into_iter().flatten() {
            let diverged = standing.diverged + self.between(&standing, self.window.until);
            count.hits += diverged / UNIT_NANOS;
            count.of += self.window.until.since(self.window.from).0 / UNIT_NANOS;
        }
    }

    /// The time from the last change until now in which answers differed, as far as it is measured, in nanoseconds.
    fn between(&mut self, standing: &Standing, until: Time) -> u64 {
        let from = standing.since.max(self.window.from);
        let until = until.min(self.window.until);
        if from >= until {
            return 0;
        }
        self.changes.clear();
        let mut current = vec![Version::INITIAL; standing.answers.len()];
        for (location, answers) in (0..).zip(&standing.answers) {
            for (at, version) in answers {
                if *at <= from {
                    current[usize::from(location)] = *version;
                } else if *at < until {
                    self.changes.push((*at, location, *version));
                }
            }
        }
        self.changes.sort_unstable();
        let differ = |versions: &[Version]| versions.iter().any(|version| *version != versions[0]);
        let (mut diverged, mut last) = (0, from);
        for (at, location, version) in &self.changes {
            if differ(&current) {
                diverged += at.since(last).0;
            }
            current[usize::from(*location)] = *version;
            last = *at;
        }
        if differ(&current) {
            diverged += until.since(last).0;
        }
        diverged
    }
}

fn forecasts<S: Store>(now: Time, key: Key, edges: u16, store: &S) -> Option<Vec<Vec<(Time, Version)>>> {
    let forecast = |location| {
        let mut answers = Vec::new();
        store.forecast(now, key, Location(location), &mut answers).then_some(answers)
    };
    (0..edges).map(forecast).collect()
}
