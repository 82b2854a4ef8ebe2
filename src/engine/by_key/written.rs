//! What one writer changes and all edges read, one after another: flags, and configurations of several keys. Who acts on it is
//! as the workloads have it ([`SingleWriter`]).

use crate::model::{Location, Time};
use crate::random::{Law, Purpose, StreamKey};
use crate::stores::d1_alone::What;
use crate::workloads::Rate;
use crate::workloads::single_writer::{Does, OneWritten, SingleWriter};

use super::acts::before;
use super::sources::{OfOne, Sources};

/// Those who act on all of it, of one replication.
#[derive(Debug)]
pub(super) struct Written {
    acts: SingleWriter,
    count: u32,
    /// Of each, all of which are written and read at once.
    keys: u16,
    requests: StreamKey,
    /// Nobody acts from then on.
    until: Time,
}

/// How many there are, of how many keys each, and how often one is written, and read at an edge.
#[derive(Clone, Debug)]
pub(super) struct HowOften {
    pub count: u32,
    pub keys: u16,
    pub write_every: Law,
    pub reads: Rate,
}

impl HowOften {
    /// How often one is read until then, on average.
    pub fn reads_of_one(&self, edges: u16, until: Time) -> f64 {
        self.reads * f64::from(edges) * until.seconds()
    }
}

impl Written {
    pub fn new(often: &HowOften, seed: u64, replication: u32, edges: u16, until: Time) -> Written {
        let HowOften { count, keys, write_every, reads } = often;
        let key = |purpose| StreamKey::new(seed, replication, purpose);
        let acts = SingleWriter::new(write_every, *reads, key(Purpose::Arrivals), edges);
        Written { acts, count: *count, keys: *keys, requests: key(Purpose::Requests), until }
    }

    /// Those who act on each of the keys of one, where each key is asked for by itself.
    pub fn key_by_key(&self, number: u32) -> impl Iterator<Item = OfOne<'_, Written>> {
        (0..self.keys).map(move |key| OfOne::of_several(self, number, key, self.keys))
    }
}

impl Sources for Written {
    type One = OneWritten;

    fn keys(&self) -> u32 {
        self.count
    }

    fn number(&self, number: u32) -> u64 {
        self.requests.entity(u64::from(number))
    }

    fn first(&self, number: u32) -> (OneWritten, Time) {
        let one = self.acts.of(number);
        (one, before(self.until, one.next()))
    }

    #[inline]
    fn act(&self, one: &mut OneWritten) -> (Location, What) {
        match one.act(&self.acts) {
            Does::Write => (Location(0), What::Put),
            Does::Read(location) => (location, What::Get),
        }
    }

    #[inline]
    fn next(&self, _: u32, one: &mut OneWritten, _: Time) -> Time {
        before(self.until, one.next())
    }
}
