//! What a check promises: three verdicts, of which "broken" comes with the operations that show it.

use crate::history::judged::{Log, Reading};

/// What a check is given.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub log: &'a Log,
    /// What `nil`, a failed compare-and-set and an unwritten key mean in this log.
    pub reading: Reading,
    /// What the check may spend.
    pub budget: Budget,
}

/// What a check may spend before it gives up. Steps, not seconds: the same history gets the same verdict everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Operations tried, over all keys.
    pub steps: u64,
    /// Memory for the states that a search has seen, of one key, in bytes.
    pub bytes: u64,
}

impl Default for Budget {
    /// Some seconds and 256 MiB.
    fn default() -> Budget {
        Budget { steps: 20_000_000, bytes: 256 << 20 }
    }
}

/// What a check found out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Holds,
    Broken(Witness),
    Unknown(Why),
}

impl Verdict {
    /// The word in tables: `holds`, `broken`, `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Broken(_) => "broken",
            Verdict::Unknown(_) => "unknown",
        }
    }
}

/// The evidence that a promise is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// Places in [`Log::operations`], ascending: the smallest set found that shows it.
    pub operations: Vec<usize>,
    /// The reason in one plain sentence.
    pub sentence: String,
}

/// Why there is no verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The budget ran out.
    Budget(Budget),
    /// The check says nothing about such operations; the reason.
    NotDefined(&'static str),
}

/// A verdict with the numbers behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub verdict: Verdict,
    /// Operations that could have broken the promise.
    pub operations: u64,
    /// Operations that did. Checks that judge a key as a whole count the operations of their witnesses as none.
    pub violations: u64,
    /// What the next three numbers count: `sessions` or `keys`.
    pub unit: &'static str,
    pub units: u64,
    pub units_broken: u64,
    pub units_unknown: u64,
}

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The word on the command line and in reports.
    pub name: &'static str,
    /// What it means that it holds, in one sentence.
    pub meaning: &'static str,
    pub run: fn(&Case) -> Report,
}

/// Collects the verdicts on single keys.
#[derive(Default)]
pub(super) struct KeyVerdicts {
    witness: Option<Witness>,
    why: Option<Why>,
    operations: u64,
    keys: u64,
    broken: u64,
    unknown: u64,
}

impl KeyVerdicts {
    /// Adds a key with this many operations.
    pub fn add(&mut self, operations: usize, verdict: Verdict) {
        self.operations += operations as u64;
        self.keys += 1;
        match verdict {
            Verdict::Holds => {}
            Verdict::Broken(witness) => {
                self.broken += 1;
                // The smallest witness is the easiest to understand.
                if self.witness.as_ref().is_none_or(|known| witness.operations.len() < known.operations.len()) {
                    self.witness = Some(witness);
                }
            }
            Verdict::Unknown(why) => {
                self.unknown += 1;
                self.why.get_or_insert(why);
            }
        }
    }

    /// One broken key breaks the whole; otherwise one unknown key leaves it unknown.
    pub fn report(self) -> Report {
        let verdict = match (self.witness, self.why) {
            (Some(witness), _) => Verdict::Broken(witness),
            (None, Some(why)) => Verdict::Unknown(why),
            (None, None) => Verdict::Holds,
        };
        Report {
            verdict,
            operations: self.operations,
            violations: 0,
            unit: "keys",
            units: self.keys,
            units_broken: self.broken,
            units_unknown: self.unknown,
        }
    }
}
