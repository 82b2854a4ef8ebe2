//! Workers KV that pulls, of one key: a read that misses is answered on paper at once, and its fill waits at the location.

use std::collections::VecDeque;

use crate::model::{Location, Span, Time, Version};
use crate::random::{Sampler, derive};
use crate::stores::{KvPullConfig, hop};

use super::clients::{Act, Acting};
use super::order::{Arrival, Return};
use super::{Common, Keyed};

/// A version that the central store took, with the newest among this and all earlier ones.
#[derive(Clone, Copy, Debug)]
struct Commit {
    arrival: Arrival,
    newest: Version,
    /// Whether the newest is a value.
    value: bool,
}

/// A copy on its way to a location.
#[derive(Clone, Copy, Debug)]
struct Fill {
    back: Return,
    version: Version,
}

/// What a location has of the key. A newer copy stays, and of equal ones the later: so the order in which copies that
/// have arrived are put together does not matter. Fits into a line of a cache, what every read looks at first.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Cached {
    /// From then on the copy is too old; nothing was ever fresh until the start of the run.
    fresh_until: Time,
    /// When a fill is here that is under way; [`Time::NEVER`] without any.
    fill_at: Time,
    stamp: u64,
    nonce: u32,
    /// The key whose copy this is, by count: of other keys there is nothing.
    key: u32,
    /// How many fills are under way beyond the first.
    more: u32,
    /// The fill's version.
    fill_nonce: u32,
    fill_stamp: u64,
    /// When it left the central store.
    fill_left: Arrival,
}

const NOTHING: Cached = Cached {
    fresh_until: Time::START,
    fill_at: Time::NEVER,
    stamp: Version::INITIAL.stamp,
    nonce: Version::INITIAL.nonce,
    key: 0,
    more: 0,
    fill_nonce: 0,
    fill_stamp: 0,
    fill_left: Arrival { at: Time::NEVER, n: 0 },
};

/// The store, for one key after another.
#[derive(Debug)]
pub(super) struct Pull {
    read: Sampler,
    cache_ttl: Span,
    negative_caching: bool,
    preloaded: bool,
    key: u32,
    cached: Vec<Cached>,
    /// Fills under way beyond one for each location.
    more: Vec<(Location, Fill)>,
    commits: VecDeque<Commit>,
}

impl Pull {
    pub fn new(config: &KvPullConfig, preloaded: bool, locations: usize) -> Pull {
        Pull {
            read: Sampler::new(&config.common.central_read),
            cache_ttl: config.cache_ttl,
            negative_caching: config.negative_caching,
            preloaded,
            key: 0,
            cached: vec![NOTHING; locations],
            more: Vec::new(),
            commits: VecDeque::new(),
        }
    }

    /// Writes that arrive before anybody acts again are taken or refused.
    #[inline]
    fn commit(&mut self, common: &mut Common, horizon: Time) {
        if common.writes.is_any_due(horizon) {
            self.commit_due(common, horizon);
        }
    }

    #[inline(never)]
    fn commit_due(&mut self, common: &mut Common, horizon: Time) {
        while let Some(write) = common.decide_next(horizon) {
            let (newest, value) = self.newest(self.commits.len());
            let newer = write.version > newest;
            let value = if newer { !write.deletes } else { value };
            self.commits.push_back(Commit { arrival: write.arrival, newest: newest.max(write.version), value });
        }
    }

    /// What the central store holds after so many of the commits that are kept, and whether it is a value.
    #[inline]
    fn newest(&self, commits: usize) -> (Version, bool) {
        match commits.checked_sub(1) {
            Some(last) => (self.commits[last].newest, self.commits[last].value),
            None => (Version::INITIAL, self.preloaded),
        }
    }

    /// Writes that are acknowledged before somebody acts are complete, and may be shown at their location.
    #[inline]
    fn acknowledge(&mut self, common: &mut Common, act: Option<&Act>) {
        if common.writes.is_any_back(act) {
            self.acknowledge_back(common, act);
        }
    }

    #[inline(never)]
    fn acknowledge_back(&mut self, common: &mut Common, act: Option<&Act>) {
        while let Some(acknowledged) = common.complete_next(act) {
            if acknowledged.shown {
                let fresh_until = acknowledged.back.at + self.cache_ttl;
                self.at(acknowledged.location).take(acknowledged.version, fresh_until);
            }
        }
        if let Some(act) = act
            && common.truth.is_long()
        {
            common.settle(act, self.oldest(act.at));
        }
    }

    /// Nobody who reads from then on finds an older version: neither in a cache, nor what is under way, nor at the central
    /// store.
    #[cold]
    fn oldest(&self, now: Time) -> Version {
        let of_key = self.cached.iter().filter(|cached| cached.key == self.key);
        let cached = of_key.clone().filter(|cached| cached.fresh_until > now).map(Cached::version);
        let fills = of_key.filter(|cached| cached.fill_at < Time::NEVER).map(|cached| cached.fill().version);
        let more = self.more.iter().map(|(_, fill)| fill.version);
        // Whoever asks the central store finds the first of these commits at least.
        let central = self.newest(self.commits.len().min(1)).0;
        cached.chain(fills).chain(more).fold(central, Version::min)
    }

    #[inline]
    fn at(&mut self, location: Location) -> &mut Cached {
        let cached = &mut self.cached[location.index()];
        if cached.key != self.key {
            *cached = Cached { key: self.key, ..NOTHING };
        }
        cached
    }

    /// What the location holds when somebody acts there: until when it is fresh, and its version. `QUIET`: nobody writes the
    /// key, so that all copies are alike.
    #[inline(always)]
    fn arrived<const QUIET: bool>(&mut self, act: &Act) -> (Time, Version) {
        let ttl = self.cache_ttl;
        let cached = self.at(act.location);
        if cached.fill_at <= act.at && cached.fill().back.is_before(act) {
            if QUIET {
                cached.fresh_until = cached.fresh_until.max(cached.fill_at + ttl);
            } else {
                cached.take(cached.fill().version, cached.fill_at + ttl);
            }
            cached.fill_at = Time::NEVER;
        }
        if cached.more > 0 {
            self.arrived_of_many(act);
        }
        let cached = &self.cached[act.location.index()];
        (cached.fresh_until, if QUIET { Version::INITIAL } else { cached.version() })
    }

    #[cold]
    fn arrived_of_many(&mut self, act: &Act) {
        let ttl = self.cache_ttl;
        let cached = &mut self.cached[act.location.index()];
        self.more.retain(|(location, fill)| {
            if *location != act.location || !fill.back.is_before(act) {
                return true;
            }
            cached.take(fill.version, fill.back.at + ttl);
            cached.more -= 1;
            false
        });
    }

    #[inline(never)]
    fn answer<const QUIET: bool>(&mut self, common: &mut Common, key: &mut impl Acting) {
        let mut n = 0;
        // More may come in between.
        while n < common.reads.len() {
            let act = common.reads[n];
            self.read::<QUIET>(common, key, &act);
            n += 1;
        }
    }

    #[inline(always)]
    fn read<const QUIET: bool>(&mut self, common: &mut Common, key: &mut impl Acting, act: &Act) {
        if !QUIET {
            self.acknowledge(common, Some(act));
            // Whoever asks the central store from now on does so later than this, and finds the second of these at least.
            while self.commits.get(1).is_some_and(|second| second.arrival.at < act.at) {
                self.commits.pop_front();
            }
        }
        let (fresh_until, version) = self.arrived::<QUIET>(act);
        if act.at < fresh_until {
            let verdict = common.judge::<QUIET>(act, version);
            common.tally.hit(act.location, act.at, derive(act.draw, hop::HIT), &verdict);
        } else {
            self.fetch::<QUIET>(common, key, act);
        }
    }

    /// A read that missed. The writes that arrive before it must be known: those who act until then are asked first.
    #[inline(always)]
    fn fetch<const QUIET: bool>(&mut self, common: &mut Common, key: &mut impl Acting, act: &Act) {
        let arrival = Arrival { at: common.centre.reached(act), n: act.n };
        let (mut version, mut value) = (Version::INITIAL, self.preloaded);
        if !QUIET {
            if key.horizon() < arrival.at {
                common.act_until(key, arrival.at);
                self.commit(common, key.horizon());
            }
            let arrived = self.commits.iter().take_while(|commit| commit.arrival < arrival);
            if let Some(last) = arrived.last() {
                (version, value) = (last.newest, last.value);
            }
        }
        let service = self.read.span(derive(act.draw, hop::SERVICE));
        let at = common.centre.back(arrival.at + service, act.location, act.draw);
        common.happens(at);
        if value || self.negative_caching {
            self.fill(act.location, Fill { back: Return { at, left: arrival }, version });
        }
        let verdict = common.judge::<QUIET>(act, version);
        common.tally.miss(act.location, act.at, at, &verdict);
    }

    #[inline]
    fn fill(&mut self, location: Location, fill: Fill) {
        let cached = &mut self.cached[location.index()];
        if cached.fill_at == Time::NEVER {
            (cached.fill_at, cached.fill_left) = (fill.back.at, fill.back.left);
            (cached.fill_stamp, cached.fill_nonce) = (fill.version.stamp, fill.version.nonce);
        } else {
            cached.more += 1;
            self.more.push((location, fill));
        }
    }
}

impl Keyed for Pull {
    fn simulate(&mut self, common: &mut Common, key: &mut impl Acting) {
        if self.key == u32::MAX {
            self.cached.fill(NOTHING);
            self.key = 0;
        }
        self.key += 1;
        self.more.clear();
        self.commits.clear();
        while common.act(key) {
            if common.is_quiet(key) && self.commits.is_empty() {
                self.answer::<true>(common, key);
            } else {
                self.commit(common, key.horizon());
                self.answer::<false>(common, key);
            }
        }
        self.commit(common, Time::NEVER);
        self.acknowledge(common, None);
    }
}

impl Cached {
    #[inline]
    fn version(&self) -> Version {
        Version { stamp: self.stamp, nonce: self.nonce }
    }

    #[inline]
    fn fill(&self) -> Fill {
        let version = Version { stamp: self.fill_stamp, nonce: self.fill_nonce };
        Fill { back: Return { at: self.fill_at, left: self.fill_left }, version }
    }

    /// A copy arrives.
    #[inline]
    fn take(&mut self, version: Version, fresh_until: Time) {
        if version > self.version() {
            (self.stamp, self.nonce) = (version.stamp, version.nonce);
            self.fresh_until = fresh_until;
        } else if version == self.version() {
            self.fresh_until = self.fresh_until.max(fresh_until);
        }
    }
}
