//! Feature flags, one after another: who acts on a flag, as the workload [`FeatureFlags`](crate::workloads::feature_flag) has it,
//! and what evaluations show of its flips.

use crate::metrics::Measurements;
use crate::model::{Location, Time, Version};
use crate::random::{Purpose, StreamKey};
use crate::stores::d1_alone::What as Does;
use crate::workloads::FeatureFlagConfig;
use crate::workloads::feature_flag::{FlagAct, FlagActs, OfFlag};
use crate::workloads::flips::Flips;

use super::acts::{Act, before};
use super::sources::Sources;

/// Those who act on all flags, of one replication.
#[derive(Debug)]
pub(super) struct Flags {
    acts: FlagActs,
    count: u32,
    requests: StreamKey,
    /// Nobody acts from then on.
    until: Time,
}

impl Flags {
    pub fn new(config: &FeatureFlagConfig, seed: u64, replication: u32, edges: u16, until: Time) -> Flags {
        let key = |purpose| StreamKey::new(seed, replication, purpose);
        let acts = FlagActs::new(config, key(Purpose::Arrivals), edges);
        Flags { acts, count: config.flags, requests: key(Purpose::Requests), until }
    }
}

impl Sources for Flags {
    type One = OfFlag;

    fn keys(&self) -> u32 {
        self.count
    }

    fn number(&self, flag: u32) -> u64 {
        self.requests.entity(u64::from(flag))
    }

    fn first(&self, flag: u32) -> (OfFlag, Time) {
        let flag = self.acts.of(flag);
        (flag, before(self.until, flag.next()))
    }

    #[inline]
    fn act(&self, flag: &mut OfFlag) -> (Location, Does) {
        match flag.act(&self.acts) {
            FlagAct::Flip => (Location(0), Does::Put),
            FlagAct::Evaluation(location) => (location, Does::Get),
        }
    }

    #[inline]
    fn next(&self, _: u32, flag: &mut OfFlag, _: Time) -> Time {
        before(self.until, flag.next())
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
