//! Identities whose requests are limited: who sends them, as the workload [`RateLimit`](crate::workloads::rate_limit) has it where
//! a request is counted in one step.

use crate::model::{Location, Time};
use crate::random::{Purpose, StreamKey};
use crate::stores::d1_alone::What as Does;
use crate::workloads::RateLimitConfig;
use crate::workloads::arrivals::{Arrivals, Source, any_edge};

use super::acts::before;
use super::sources::Sources;

/// Those who send, of one replication.
#[derive(Debug)]
pub(super) struct Rates {
    arrivals: Arrivals,
    streams: StreamKey,
    requests: StreamKey,
    identities: u32,
    /// Requests per second and identity.
    rate: f64,
    locations: u16,
    /// Nobody sends from then on.
    until: Time,
}

impl Rates {
    pub fn new(config: &RateLimitConfig, seed: u64, replication: u32, edges: u16, until: Time) -> Rates {
        let key = |purpose| StreamKey::new(seed, replication, purpose);
        Rates {
            arrivals: Arrivals::new(&config.shape),
            streams: key(Purpose::Arrivals),
            requests: key(Purpose::Requests),
            identities: config.identities,
            rate: config.requests,
            locations: config.locations.min(edges),
            until,
        }
    }
}

impl Sources for Rates {
    type One = Source;

    fn keys(&self) -> u32 {
        self.identities
    }

    fn number(&self, identity: u32) -> u64 {
        self.requests.entity(u64::from(identity))
    }

    fn first(&self, identity: u32) -> (Source, Time) {
        let (source, first) = self.arrivals.first(self.streams.stream(u64::from(identity)), self.rate);
        (source, before(self.until, first))
    }

    #[inline]
    fn act(&self, source: &mut Source) -> (Location, Does) {
        (any_edge(&mut source.stream, self.locations), Does::Put)
    }

    #[inline]
    fn next(&self, _: u32, source: &mut Source, now: Time) -> Time {
        before(self.until, self.arrivals.next(source, now, self.rate))
    }
}
