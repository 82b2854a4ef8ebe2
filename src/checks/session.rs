//! The four session guarantees (Terry et al. 1994), as far as clients can see them: they are one question, asked in four
//! ways. Had this reader, or the author of something that it had read before, already known a newer value?
//!
//! | | by having written it | by having read it |
//! |---|---|---|
//! | the reader knew | read your writes | monotonic reads |
//! | the author of a write that the reader had read knew, when it wrote | monotonic writes | writes follow reads |
//!
//! *Older* is what can be proved from outside: a value is older than another if every write of it had ended before any
//! write of the other began. Values whose writes overlap get the benefit of the doubt, and so does a value that was
//! written several times. What a client cannot tell apart, whether the store put two writes into the wrong order or a
//! reader was moved to a copy that lags, counts in the lower row either way.
//!
//! Keys with operations whose result nobody learned (appends, additions without an answer) are left out.

use crate::history::judged::Lookup;

use super::contract::{Case, Report, Verdict, Why, Witness};
pub(super) use super::knowledge::By;
use super::knowledge::{Knew, written};
use super::met::{Met, Reason};
use super::plain::{Act, Step, number, places};

/// Who knew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Reader,
    Author,
}

/// Judges all reads of a history.
pub(super) fn run(case: &Case, who: Who, by: By) -> Report {
    let mut knew = Knew::new(case);
    knew.learn(by, who == Who::Author);
    let mut first = FirstEnds(vec![None; knew.known.len()]);
    let mut tally = Tally::default();
    let mut order: Vec<(u32, u32)> = (0..).zip(&knew.steps).map(|(at, step)| (step.process, at)).collect();
    order.sort_unstable();
    let mut spent = 0;
    for process in order.chunk_by(|a, b| a.0 == b.0) {
        knew.judge_process(process, (who, by), &mut first, &mut tally, &mut spent);
        if spent > case.budget.steps {
            tally.out_of_budget = true;
            break;
        }
    }
    tally.report(&knew)
}

#[derive(Default)]
struct Tally {
    reads: u64,
    violations: u64,
    sessions: u64,
    sessions_broken: u64,
    out_of_budget: bool,
    /// The read and its reason that lie closest in time.
    shortest: Option<(u64, u32, Reason)>,
}

impl Knew<'_> {
    /// Judges the reads of one process, whose steps these are.
    fn judge_process(
        &self,
        own: &[(u32, u32)],
        (who, by): (Who, By),
        first: &mut FirstEnds,
        tally: &mut Tally,
        spent: &mut u64,
    ) {
        // Starts and ends in the order in which the process met them.
        let mut moments: Vec<(u64, u32, bool, u32)> = Vec::with_capacity(own.len() * 2);
        for &(_, at) in own {
            let step = &self.steps[at as usize];
            if matches!(step.act, Act::Read(_)) && self.value[at as usize].is_some() {
                moments.push((step.start, step.place, false, at));
                moments.push((step.end, step.place, true, at));
            }
        }
        if moments.is_empty() {
            return;
        }
        moments.sort_unstable();
        let mut met = Met::default();
        let mut seen = Returns::default();
        let mut broken = false;
        tally.sessions += 1;
        for (_, _, ends, at) in moments {
            let (step, key) = (&self.steps[at as usize], self.key[at as usize]);
            let Some(value) = self.value[at as usize] else { continue };
            if ends {
                match (who, by) {
                    (Who::Author, _) => met.meet(self, value, at),
                    (Who::Reader, By::Reading) => {
                        seen.note(key, value, at, step.start);
                        first.note(step, value, at);
                    }
                    (Who::Reader, By::Writing) => {}
                }
                continue;
            }
            tally.reads += 1;
            let reason = match (who, by) {
                (Who::Reader, By::Writing) => self.reader_knew(step, key, value),
                (Who::Reader, By::Reading) => {
                    self.reader_knew(step, key, value).or_else(|| self.came_back(step, key, value, &seen, first))
                }
                (Who::Author, _) => met.author_knew(self, key, value, by, spent),
            };
            *spent += 1;
            if let Some(reason) = reason {
                tally.violations += 1;
                broken = true;
                self.keep_shortest(at, reason, tally);
            }
        }
        tally.sessions_broken += u64::from(broken);
    }

    fn reader_knew(&self, read: &Step, key: u32, value: u32) -> Option<Reason> {
        let (newer, known_by) = self.knew(read.process, key, read)?;
        self.is_older(value, newer).then_some(Reason { newer, known_by, through: None, first: None })
    }

    /// One value, then another, then the first again: whichever is newer, one of the two steps went back.
    fn came_back(&self, read: &Step, key: u32, value: u32, seen: &Returns, first: &FirstEnds) -> Option<Reason> {
        let (end, place, first) = first.of(read.process, value)?;
        let (other, at, start) = seen.other(key, value)?;
        let between = (start, self.steps[at as usize].place) > (end, place);
        (self.is_single(value) && between).then_some(Reason {
            newer: other,
            known_by: at,
            through: None,
            first: Some(first),
        })
    }

    fn keep_shortest(&self, read: u32, reason: Reason, tally: &mut Tally) {
        let step = &self.steps[read as usize];
        let length = step.end - self.steps[reason.known_by as usize].start.min(step.start);
        if tally.shortest.as_ref().is_none_or(|known| length < known.0) {
            tally.shortest = Some((length, read, reason));
        }
    }

    fn explain(&self, read: u32, reason: &Reason) -> Witness {
        let log = self.case.log;
        let name = |at: u32| number(log, self.steps[at as usize].place);
        let step = &self.steps[read as usize];
        let known = &self.steps[reason.known_by as usize];
        let verb = if matches!(known.act, Act::Read(_)) { "read" } else { "written" };
        let show = |at: u32| match self.steps[at as usize].act {
            Act::Read(value) => log.show(value),
            _ => written(&self.steps[at as usize]).map_or(String::new(), |value| log.show(value)),
        };
        let (returned, newer) = (show(read), show(reason.known_by));
        let sentence = match reason.through {
            None if reason.first.is_some() => format!(
                "Process {} read {returned}, then {newer} ({}), then {returned} again ({}).",
                step.process,
                name(reason.known_by),
                name(read)
            ),
            None => format!(
                "{} read {returned} after process {} had {verb} {newer} ({}).",
                name(read),
                step.process,
                name(reason.known_by)
            ),
            Some(through) if reason.first.is_some() => format!(
                "{} read {returned} after {} had shown process {} the write of {newer} ({}), before which its author had \
                 known {returned} already.",
                name(read),
                name(through),
                step.process,
                name(reason.known_by)
            ),
            Some(through) => format!(
                "{} read {returned} after {} had shown process {} a write of process {}, which had {verb} {newer} ({}).",
                name(read),
                name(through),
                step.process,
                known.process,
                name(reason.known_by)
            ),
        };
        let mut shown = vec![read, reason.known_by];
        shown.extend(reason.through);
        shown.extend(reason.first);
        shown.extend(
            reason.through.and_then(|at| self.value[at as usize]).and_then(|value| self.known[value as usize].write),
        );
        for value in [self.value[read as usize], Some(reason.newer)].into_iter().flatten() {
            shown.extend(self.known[value as usize].write);
        }
        Witness { operations: places(shown.iter().map(|&at| &self.steps[at as usize])), sentence }
    }
}

/// For each value the process that read it last of all, with the end, the place and the number of the first of its reads
/// that ended. Processes come one after the other, so one entry for each value is enough.
struct FirstEnds(Vec<Option<(u32, u64, u32, u32)>>);

impl FirstEnds {
    fn note(&mut self, read: &Step, value: u32, at: u32) {
        let entry = &mut self.0[value as usize];
        if entry.is_none_or(|known| known.0 != read.process) {
            *entry = Some((read.process, read.end, read.place, at));
        }
    }

    fn of(&self, process: u32, value: u32) -> Option<(u64, u32, u32)> {
        let (by, end, place, at) = self.0[value as usize]?;
        (by == process).then_some((end, place, at))
    }
}

/// A value, the read that returned it, and the latest start of such a read.
type LastRead = Option<(u32, u32, u64)>;

/// For each key the last two different values that a process read, by the start of the read.
#[derive(Default)]
struct Returns {
    latest: Lookup<u32, [LastRead; 2]>,
}

impl Returns {
    fn note(&mut self, key: u32, value: u32, at: u32, start: u64) {
        let pair = self.latest.entry(key).or_default();
        let new = Some((value, at, start));
        match pair {
            [Some(first), _] if first.0 == value => first.2 = first.2.max(start),
            [Some(first), second] if first.2 > start => {
                if second.is_none_or(|known| known.2 < start) {
                    *second = new;
                }
            }
            [first, second] => {
                *second = *first;
                *first = new;
            }
        }
    }

    /// The last read of another value.
    fn other(&self, key: u32, value: u32) -> LastRead {
        self.latest.get(&key)?.iter().flatten().find(|known| known.0 != value).copied()
    }
}

impl Tally {
    fn report(self, knew: &Knew) -> Report {
        let verdict = match &self.shortest {
            Some((_, read, reason)) => Verdict::Broken(knew.explain(*read, reason)),
            None if self.out_of_budget => Verdict::Unknown(Why::Budget(knew.case.budget)),
            None if knew.skipped_keys > 0 => Verdict::Unknown(Why::NotDefined(
                "keys with appends, or with additions whose result nobody learned, have no versions to compare",
            )),
            None => Verdict::Holds,
        };
        Report {
            verdict,
            operations: self.reads,
            violations: self.violations,
            unit: "sessions",
            units: self.sessions,
            units_broken: self.sessions_broken,
            units_unknown: 0,
        }
    }
}
