//! Workers KV that pushes, of one key: whether a version has arrived is computed when somebody reads.

use std::collections::VecDeque;

use crate::model::{Location, Span, Time, Version};
use crate::random::{Sampler, derive};
use crate::stores::{KvPushConfig, hop};

use super::clients::{Act, OfKey};
use super::{Common, Keyed};

/// A version on its way to the locations.
#[derive(Clone, Copy, Debug)]
struct Pushed {
    version: Version,
    committed: Time,
    /// From which the delay towards each location is derived.
    draw: u64,
    /// Where and from when it is shown because it was written there.
    shown_at: Location,
    shown_from: Time,
}

/// The store, for one key after another.
#[derive(Debug)]
pub(super) struct Push {
    hit: Sampler,
    delay: Sampler,
    max: Span,
    everywhere: Version,
    /// Rising in version.
    on_the_way: VecDeque<Pushed>,
}

impl Push {
    pub fn new(config: &KvPushConfig) -> Push {
        Push {
            hit: Sampler::new(&config.common.hit_latency),
            delay: Sampler::truncated(&config.delay, config.max),
            max: config.max,
            everywhere: Version::INITIAL,
            on_the_way: VecDeque::new(),
        }
    }

    /// Writes that arrive before somebody acts are taken or refused, and those acknowledged before are complete.
    #[inline]
    fn catch_up(&mut self, common: &mut Common, act: Option<&Act>) {
        let until = act.map_or(Time::NEVER, |act| act.at);
        while let Some(write) = common.decide_next(until) {
            self.settle(write.arrival.at);
            let place = self.on_the_way.partition_point(|pushed| pushed.version < write.version);
            let pushed = Pushed {
                version: write.version,
                committed: write.arrival.at,
                draw: derive(write.draw, hop::PUSH),
                shown_at: write.location,
                shown_from: Time::NEVER,
            };
            self.on_the_way.insert(place, pushed);
        }
        while let Some(acknowledged) = common.complete_next(act) {
            let version = acknowledged.version;
            // One that has settled already is everywhere.
            if acknowledged.shown
                && let Some(pushed) = self.on_the_way.iter_mut().find(|pushed| pushed.version == version)
            {
                pushed.shown_from = acknowledged.back.at;
            }
        }
    }

    /// Versions that have surely arrived everywhere need no further look.
    #[inline]
    fn settle(&mut self, now: Time) {
        while self.on_the_way.front().is_some_and(|pushed| pushed.committed + self.max <= now) {
            let pushed = self.on_the_way.pop_front().expect("a front");
            self.everywhere = self.everywhere.max(pushed.version);
        }
    }

    /// The newest version that has reached the location.
    #[inline]
    fn at(&self, location: Location, now: Time) -> Version {
        for pushed in self.on_the_way.iter().rev() {
            let arrives = || pushed.committed + self.delay.span(derive(pushed.draw, u64::from(location.0)));
            if (pushed.shown_at == location && pushed.shown_from <= now) || arrives() <= now {
                return pushed.version;
            }
        }
        self.everywhere
    }
}

impl Keyed for Push {
    fn simulate(&mut self, common: &mut Common, key: &mut OfKey) {
        self.everywhere = Version::INITIAL;
        self.on_the_way.clear();
        while let Some(act) = common.next_read(key, Time::NEVER) {
            self.catch_up(common, Some(&act));
            self.settle(act.at);
            let verdict = common.truth.judge(act.at, common.truth.writes(), self.at(act.location, act.at));
            let end = act.at + self.hit.span(derive(act.draw, hop::HIT));
            common.tally.read(act.location, act.at, act.at, end, true, &verdict);
        }
        self.catch_up(common, None);
    }
}
