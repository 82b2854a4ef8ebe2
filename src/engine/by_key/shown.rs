//! What reads show of one key after another, where it matters which of the writes: of a flag its flips, of a configuration of
//! several keys whether these come from one publish.

use crate::metrics::CountId;
use crate::model::{Time, Version};
use crate::workloads::flips::Flips;

use super::acts::Act;
use super::tally::Tally;

/// What reads show of one thing after another.
#[derive(Debug)]
pub(super) struct Shown {
    of: Of,
    /// Of each write of the key.
    versions: Vec<Version>,
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum Of {
    Flag(Flips),
    Configuration(Readings),
}

/// The readings of one configuration that are measured, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Readings {
    all: Vec<Reading>,
    /// The next one of which it is told what it shows of the key.
    next: usize,
}

/// Of the keys that are told so far: of which writes they were, and when the last answer was there.
#[derive(Clone, Copy, Debug)]
struct Reading {
    oldest: u32,
    newest: u32,
    end: Time,
}

impl Readings {
    /// Of so many readings in a run, on average, all are kept until the last of their keys is simulated: some 16 MB. Where there
    /// are more, all keys are simulated side by side.
    pub const MOST: f64 = 1e6;

    /// A reading shows this write of the key and has it then.
    #[inline]
    fn show(&mut self, number: u32, end: Time) {
        match self.all.get_mut(self.next) {
            Some(Reading { oldest, newest, end: last }) => {
                (*oldest, *newest, *last) = (number.min(*oldest), number.max(*newest), end.max(*last));
            }
            None => self.all.push(Reading { oldest: number, newest: number, end }),
        }
        self.next += 1;
    }

    /// The configuration is over: counts those of its readings that are torn.
    fn end(&mut self, tally: &mut Tally) {
        for Reading { oldest, newest, end } in self.all.drain(..) {
            tally.at(end).count_mut(CountId::TornReads).add(oldest != newest);
        }
    }
}

impl Shown {
    pub fn new(of: Of) -> Shown {
        Shown { of, versions: Vec::new() }
    }

    /// Another key.
    pub fn begin(&mut self) {
        match &mut self.of {
            Of::Flag(flips) => flips.begin(),
            Of::Configuration(readings) => readings.next = 0,
        }
        self.versions.clear();
    }

    /// Somebody writes the key, and puts this version.
    pub fn written(&mut self, version: Version) {
        if let Of::Flag(flips) = &mut self.of {
            flips.flip();
        }
        self.versions.push(version);
    }

    /// A write is acknowledged.
    pub fn complete(&mut self, version: Version, at: Time) {
        if let Of::Flag(flips) = &mut self.of {
            flips.complete(number_of(version, &self.versions), at);
        }
    }

    /// A read that starts with this act ends then and has this version; whether it is measured. Reads are told in the order of
    /// their acts.
    #[inline]
    pub fn read(&mut self, act: &Act, end: Time, version: Version, measured: bool) {
        let number = || number_of(version, &self.versions);
        match &mut self.of {
            Of::Flag(flips) => flips.evaluated(act.location, number(), (act.at, end), act.at),
            Of::Configuration(readings) if measured => readings.show(number(), end),
            Of::Configuration(_) => {}
        }
    }

    /// All keys that belong together are over, and the last thing that happened to them did so then.
    pub fn end(&mut self, last_event: Time, tally: &mut Tally) {
        match &mut self.of {
            Of::Flag(flips) => flips.end(tally.from(), tally.at(last_event)),
            Of::Configuration(readings) => readings.end(tally),
        }
    }
}

/// Which of the writes put a version, counted from one; 0: none did. Mostly one of the last.
#[inline]
fn number_of(version: Version, writes: &[Version]) -> u32 {
    writes.iter().rposition(|write| *write == version).map_or(0, |place| place as u32 + 1)
}
