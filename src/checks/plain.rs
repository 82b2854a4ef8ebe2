//! Operations as the checks see them: by key, with a format's conventions applied and what says nothing left out.

use crate::history::judged::{Call, Datum, FailedCas, Judged, Log, Nil, Outcome};

use super::contract::Case;

/// What an operation did, or may have done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// It read this.
    Read(Datum),
    Write(Datum),
    Cas {
        old: Datum,
        new: Datum,
    },
    /// Something other than this was stored.
    CasFailed {
        old: Datum,
    },
    /// With what it left behind, where the client learned it.
    Add {
        delta: i64,
        left: Option<Datum>,
    },
    /// A text, by its place in [`Log::texts`].
    Append(u32),
    Count {
        window: u32,
        limit: u32,
        left: Option<Datum>,
    },
}

/// The end of an operation that got no answer.
pub const NEVER: u64 = u64::MAX;

/// An operation that says something about its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub act: Act,
    pub process: u32,
    pub start: u64,
    /// [`NEVER`] if it may take effect at any time after its start, or not at all.
    pub end: u64,
    /// Its place in [`Log::operations`].
    pub place: u32,
}

impl Step {
    /// Whether no answer came.
    pub fn is_pending(&self) -> bool {
        self.end == NEVER
    }

    /// Whether it changes nothing, whatever is stored.
    pub fn is_read(&self) -> bool {
        match self.act {
            Act::Read(_) | Act::CasFailed { .. } => true,
            Act::Cas { old, new } => old == new,
            _ => false,
        }
    }

    /// Whether the same process had its answer to this before it asked for `other`.
    pub fn is_before_in_session(&self, other: &Step) -> bool {
        self.process == other.process
            && (self.end < other.start || (self.end == other.start && self.place < other.place))
    }
}

/// The operations of each key, in the order of their starts.
pub fn by_key(case: &Case) -> Vec<Vec<Step>> {
    let mut keys: Vec<Vec<Step>> = vec![Vec::new(); case.log.keys.len()];
    for (place, operation) in (0_u32..).zip(&case.log.operations) {
        if let (Some(act), Some(steps)) = (act(case, operation), keys.get_mut(operation.key as usize)) {
            // An answer at the last representable moment would look like none.
            let end = operation.end.map_or(NEVER, |end| end.min(NEVER - 1));
            let end = if operation.outcome == Outcome::Unknown { NEVER } else { end };
            steps.push(Step { act, process: operation.process, start: operation.start, end, place });
        }
    }
    keys
}

/// What an operation says; `None` where that is nothing.
fn act(case: &Case, operation: &Judged) -> Option<Act> {
    let unanswered = operation.outcome == Outcome::Unknown;
    let left = match operation.outcome {
        Outcome::Ok(left) => left,
        _ => None,
    };
    match operation.call {
        Call::Read => match left? {
            Datum::Absent if case.reading.nil == Nil::Unknown => None,
            value => Some(Act::Read(value)),
        },
        Call::Cas { old, .. } if operation.outcome == Outcome::Failed => {
            (case.reading.failed_cas == FailedCas::Constrains).then_some(Act::CasFailed { old })
        }
        _ if operation.outcome == Outcome::Failed => None,
        // A compare-and-set from a value to itself without an answer neither changes nor tells anything.
        Call::Cas { old, new } if unanswered && old == new => None,
        Call::Cas { old, new } => Some(Act::Cas { old, new }),
        Call::Write(value) => Some(Act::Write(value)),
        Call::Add(delta) => Some(Act::Add { delta, left }),
        Call::Append(text) => Some(Act::Append(text)),
        Call::Count { window, limit } => Some(Act::Count { window, limit, left }),
    }
}

/// The operations at these steps as places in the log, ascending, each once.
pub(super) fn places<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<usize> {
    let mut places: Vec<usize> = steps.into_iter().map(|step| step.place as usize).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The number by which people find an operation in its file.
pub(super) fn number(log: &Log, place: u32) -> String {
    log.operations.get(place as usize).map_or(String::new(), |operation| format!("#{}", operation.index))
}
