//! Feature flags, one after another: who acts on a flag, as the workload [`FeatureFlags`](crate::workloads::feature_flag) has it,
//! and what evaluations show of its flips.

use crate::metrics::Measurements;
use crate::model::{Location, Time, Value, Version};
use crate::random::{Purpose, StreamKey, derive};
use crate::workloads::FeatureFlagConfig;
use crate::workloads::feature_flag::{self, FlagAct, FlagActs};
use crate::workloads::flips::Flips;
use crate::workloads::values::Size;

use super::clients::{Act, Acting, What};

/// Those who act on all flags, of one replication.
#[derive(Debug)]
pub(super) struct Flags {
    pub acts: FlagActs,
    pub count: u32,
    requests: StreamKey,
    /// Nobody acts from then on.
    until: Time,
}

/// Those who act on one flag, on their way through the run.
#[derive(Debug)]
pub(super) struct OfFlag<'a> {
    flags: &'a Flags,
    source: feature_flag::OfFlag,
    /// The group's number for random draws.
    number: u64,
    /// How many have acted, how many of them flipped it, and when the last of them did.
    acted: u64,
    flipped: Value,
    last: Time,
    /// When the next acts; [`Time::NEVER`]: nobody does any more.
    next: Time,
}

impl Flags {
    pub fn new(config: &FeatureFlagConfig, seed: u64, replication: u32, edges: u16, until: Time) -> Flags {
        let key = |purpose| StreamKey::new(seed, replication, purpose);
        let acts = FlagActs::new(config, key(Purpose::Arrivals), edges);
        Flags { acts, count: config.flags, requests: key(Purpose::Requests), until }
    }

    /// A flag's number for random draws.
    pub fn number(&self, flag: u32) -> u64 {
        self.requests.entity(u64::from(flag))
    }

    /// The time when somebody would act, if it is before the end.
    #[inline]
    pub fn before_the_end(&self, at: Time) -> Time {
        if at < self.until { at } else { Time::NEVER }
    }

    /// Those who act on a flag, before any of them does.
    pub fn of(&self, flag: u32) -> OfFlag<'_> {
        let source = self.acts.of(flag);
        let (number, next) = (self.number(flag), self.before_the_end(source.next()));
        OfFlag { flags: self, source, number, acted: 0, flipped: 0, last: Time::START, next }
    }
}

impl Acting for OfFlag<'_> {
    const GOES_ON: bool = false;
    const SAY_MORE: bool = true;

    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let end = self.acted + most as u64;
        while self.next < Time::NEVER && self.acted < end {
            let (n, at) = (self.acted, self.next);
            let acts = self.source.act(&self.flags.acts);
            let act =
                |location| Act { n, at, before: self.last, draw: derive(self.number, n + 1), location, client: 0 };
            match acts {
                FlagAct::Evaluation(location) => reads.push(act(location)),
                FlagAct::Flip => {
                    self.flipped += 1;
                    write(act(Location(0)), What::Put { ttl: None, size: Size::OfNumber(self.flipped) });
                }
            }
            (self.acted, self.last, self.next) = (n + 1, at, self.flags.before_the_end(self.source.next()));
        }
    }

    #[inline]
    fn is_any_known(&self) -> bool {
        self.next < Time::NEVER
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.next
    }

    fn last_act(&self) -> Time {
        self.last
    }
}

/// What evaluations show of one flag after another.
#[derive(Debug)]
pub(super) struct Shown {
    flips: Flips,
    /// Of each flip.
    versions: Vec<Version>,
}

impl Shown {
    pub fn new(flips: Flips) -> Shown {
        Shown { flips, versions: Vec::new() }
    }

    /// Another flag.
    pub fn begin(&mut self) {
        self.flips.begin();
        self.versions.clear();
    }

    /// Somebody flips the flag, and puts this version.
    pub fn flip(&mut self, version: Version) {
        self.flips.flip();
        self.versions.push(version);
    }

    /// A flip is acknowledged.
    pub fn complete(&mut self, version: Version, at: Time) {
        self.flips.complete(self.number(version), at);
    }

    /// An evaluation that starts with this act ends then and uses this version. Evaluations are told in the order of their
    /// acts.
    #[inline]
    pub fn evaluated(&mut self, act: &Act, end: Time, version: Version) {
        self.flips.evaluated(act.location, self.number(version), (act.at, end), act.at);
    }

    /// The flag is over.
    pub fn end(&mut self, from: Time, measurements: &mut Measurements) {
        self.flips.end(from, measurements);
    }

    /// The flip that put a version; 0: none did. Mostly one of the last.
    #[inline]
    fn number(&self, version: Version) -> u32 {
        self.versions.iter().rposition(|flip| *flip == version).map_or(0, |place| place as u32 + 1)
    }
}
