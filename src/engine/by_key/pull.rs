//! Workers KV that pulls, of one key: a read that misses is answered on paper at once, and its fill waits at the location.

use smallvec::SmallVec;

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
pub(super) struct Cached {
    /// From then on the copy is too old; nothing was ever fresh until the start of the run.
    fresh_until: Time,
    stamp: u64,
    nonce: u32,
    /// How many fills are under way beyond the first.
    more: u32,
    /// When a fill is here that is under way; [`Time::NEVER`] without any.
    fill_at: Time,
    /// The key whose copy this is, by count: of other keys there is nothing. Of a key that is kept, the location.
    key: u32,
    /// The fill's version; it means nothing without any, nor of a key that nobody writes.
    fill_nonce: u32,
    fill_stamp: u64,
    /// When it left the central store.
    fill_left: Arrival,
}

const NOTHING: Cached = Cached {
    fresh_until: Time::START,
    stamp: Version::INITIAL.stamp,
    nonce: Version::INITIAL.nonce,
    more: 0,
    fill_at: Time::NEVER,
    key: 0,
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
    /// Where there may be something of the key, if it is to be kept.
    touched: Vec<Location>,
    /// Fills under way beyond one for each location.
    more: Vec<(Location, Fill)>,
    commits: Commits,
}

/// What the central store took, in the order of arrival, as far as somebody may still find it.
#[derive(Debug, Default)]
struct Commits {
    all: Vec<Commit>,
    /// The first of those that may be found.
    first: usize,
    /// When the one after it arrived; [`Time::NEVER`] without any.
    second_at: Time,
}

impl Commits {
    /// A new key: nothing is written.
    #[inline]
    fn begin(&mut self) {
        self.all.clear();
        (self.first, self.second_at) = (0, Time::NEVER);
    }

    fn push(&mut self, commit: Commit) {
        self.all.push(commit);
        self.tell_second();
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn tell_second(&mut self) {
        self.second_at = self.all.get(self.first + 1).map_or(Time::NEVER, |second| second.arrival.at);
    }

    /// Whoever asks from this time on does so later, and finds the second of what arrived before it at least.
    #[inline(always)]
    fn pass(&mut self, now: Time) {
        if self.second_at < now {
            self.pass_some(now);
        }
    }

    #[inline(never)]
    fn pass_some(&mut self, now: Time) {
        while self.second_at < now {
            self.first += 1;
            self.tell_second();
        }
        // Half of them at a time, so that each is moved once.
        if self.first > 16 && 2 * self.first > self.all.len() {
            self.all.drain(..std::mem::take(&mut self.first));
        }
    }

    /// Those that may still be found.
    fn kept(&self) -> &[Commit] {
        &self.all[self.first..]
    }

    /// The same of a key that is not new.
    fn come_back(&mut self, kept: &[Commit]) {
        self.all.extend(kept);
        self.tell_second();
    }

    /// The last one of all.
    fn last(&self) -> Option<&Commit> {
        self.all.last()
    }

    /// The oldest that may be found.
    fn oldest(&self) -> Option<&Commit> {
        self.all.get(self.first)
    }

    /// What who arrives then finds.
    #[inline(always)]
    fn before(&self, arrival: Arrival) -> Option<&Commit> {
        let first = self.all.get(self.first).filter(|first| first.arrival < arrival)?;
        if self.second_at > arrival.at { Some(first) } else { self.last_before(arrival) }
    }

    #[inline(never)]
    fn last_before(&self, arrival: Arrival) -> Option<&Commit> {
        self.all[self.first..].iter().take_while(|commit| commit.arrival < arrival).last()
    }
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
            touched: Vec::new(),
            more: Vec::new(),
            commits: Commits::default(),
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
            let (newest, value) = self.holds(self.commits.last());
            let newer = write.version > newest;
            let value = if newer { !write.deletes } else { value };
            self.commits.push(Commit { arrival: write.arrival, newest: newest.max(write.version), value });
        }
    }

    /// What the central store holds after this commit, and whether it is a value.
    #[inline]
    fn holds(&self, after: Option<&Commit>) -> (Version, bool) {
        after.map_or((Version::INITIAL, self.preloaded), |commit| (commit.newest, commit.value))
    }

    /// Writes that are acknowledged before somebody acts are complete, and may be shown at their location.
    #[inline]
    fn acknowledge(&mut self, common: &mut Common, act: Option<&Act>, goes_on: bool) {
        if common.writes.is_any_back(act) {
            self.acknowledge_back(common, act, goes_on);
        }
    }

    #[inline(never)]
    fn acknowledge_back(&mut self, common: &mut Common, act: Option<&Act>, goes_on: bool) {
        while let Some(acknowledged) = common.complete_next(act) {
            if acknowledged.shown {
                let fresh_until = acknowledged.back.at + self.cache_ttl;
                self.at(acknowledged.location, goes_on).take(acknowledged.version, fresh_until);
            }
        }
        if let Some(act) = act
            && common.truth.is_long()
        {
            common.settle(act.at, self.oldest(act.at));
        }
    }

    #[inline]
    fn at(&mut self, location: Location, goes_on: bool) -> &mut Cached {
        let cached = &mut self.cached[location.index()];
        if cached.key != self.key {
            cached.begin(self.key);
            if goes_on {
                self.touched.push(location);
            }
        }
        cached
    }

    /// The version that the location shows to somebody who acts there; `None` where it holds none that is fresh. `QUIET`:
    /// nobody writes the key, so that all copies are alike.
    #[inline(always)]
    fn arrived<const QUIET: bool>(&mut self, act: &Act, goes_on: bool) -> Option<Version> {
        let ttl = self.cache_ttl;
        let cached = &mut self.cached[act.location.index()];
        if cached.key != self.key {
            cached.begin(self.key);
            if goes_on {
                self.touched.push(act.location);
            }
            return None;
        }
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
        if act.at >= cached.fresh_until {
            return None;
        }
        Some(if QUIET { Version::INITIAL } else { cached.version() })
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
    fn answer<const QUIET: bool, K: Acting>(&mut self, common: &mut Common, key: &mut K) {
        // More may come in between; they follow.
        while !common.reads.is_empty() {
            let mut acts = std::mem::replace(&mut common.reads, std::mem::take(&mut common.read));
            let open = acts.iter().position(|act| !self.read::<QUIET, K>(common, key, act));
            if let Some(open) = open {
                acts.drain(..open);
                acts.append(&mut common.reads);
                common.read = std::mem::replace(&mut common.reads, acts);
                return;
            }
            acts.clear();
            common.read = acts;
        }
    }

    /// Answers a read, if what has to be known for that is known.
    #[inline(always)]
    fn read<const QUIET: bool, K: Acting>(&mut self, common: &mut Common, key: &mut K, act: &Act) -> bool {
        if !QUIET {
            self.acknowledge(common, Some(act), K::GOES_ON);
            self.commits.pass(act.at);
        }
        if let Some(version) = self.arrived::<QUIET>(act, K::GOES_ON) {
            let verdict = common.judge::<QUIET>(act, version);
            common.tally.hit(act.location, act.at, derive(act.draw, hop::HIT), &verdict);
            return true;
        }
        self.fetch::<QUIET, K>(common, key, act)
    }

    /// A read that missed. The writes that arrive before it must be known: those who act until then are asked first.
    #[inline(always)]
    fn fetch<const QUIET: bool, K: Acting>(&mut self, common: &mut Common, key: &mut K, act: &Act) -> bool {
        let arrival = Arrival { at: common.centre.reached(act), n: act.n };
        let (mut version, mut value) = (Version::INITIAL, self.preloaded);
        // Of a key that is quiet all who act are known, if no others come later.
        if (!QUIET || K::GOES_ON) && key.horizon() < arrival.at {
            common.act_until(key, arrival.at);
            if K::GOES_ON && key.horizon() < arrival.at {
                return false;
            }
            self.commit(common, key.horizon());
        }
        if !QUIET {
            (version, value) = self.holds(self.commits.before(arrival));
        }
        let service = self.read.span(derive(act.draw, hop::SERVICE));
        let at = common.centre.back(arrival.at + service, act.location, act.draw);
        common.happens(at);
        if value || self.negative_caching {
            self.fill::<QUIET>(act.location, Fill { back: Return { at, left: arrival }, version });
        }
        let verdict = common.judge::<QUIET>(act, version);
        common.tally.miss(act.location, act.at, at, &verdict);
        true
    }

    #[inline]
    fn fill<const QUIET: bool>(&mut self, location: Location, fill: Fill) {
        let cached = &mut self.cached[location.index()];
        if cached.fill_at == Time::NEVER {
            (cached.fill_at, cached.fill_left) = (fill.back.at, fill.back.left);
            if !QUIET {
                (cached.fill_stamp, cached.fill_nonce) = (fill.version.stamp, fill.version.nonce);
            }
        } else {
            cached.more += 1;
            self.more.push((location, fill));
        }
    }
}

/// What is kept of a key that is written, or on its way to one location several times.
#[derive(Debug)]
pub(super) struct Kept {
    commits: SmallVec<[Commit; 1]>,
    more: Vec<(Location, Fill)>,
}

impl Keyed for Pull {
    /// What locations have that have anything.
    type Copies = Box<[Cached]>;
    type Kept = Kept;

    #[inline]
    fn begin(&mut self) {
        if self.key == u32::MAX {
            self.cached.fill(NOTHING);
            self.key = 0;
        }
        self.key += 1;
        self.touched.clear();
        self.more.clear();
        self.commits.begin();
    }

    #[inline]
    fn go_on(&mut self, common: &mut Common, key: &mut impl Acting) {
        let mut any = !common.reads.is_empty() || common.act(key);
        while any {
            if common.is_quiet(key) && self.commits.is_empty() {
                self.answer::<true, _>(common, key);
            } else {
                self.commit(common, key.horizon());
                self.answer::<false, _>(common, key);
            }
            any = common.reads.is_empty() && common.act(key);
        }
    }

    #[inline]
    fn end(&mut self, common: &mut Common) {
        self.commit(common, Time::NEVER);
        self.acknowledge(common, None, false);
    }

    fn pass(&mut self, common: &mut Common, act: &Act) {
        self.acknowledge(common, Some(act), true);
        self.commits.pass(act.at);
    }

    fn keep(&mut self, now: Time, oldest_write: Version) -> (Box<[Cached]>, Option<Kept>) {
        if self.commits.is_empty() {
            // Nobody wrote it, so that what is under way to locations may not say its version.
            for place in &self.touched {
                let cached = &mut self.cached[place.index()];
                (cached.fill_stamp, cached.fill_nonce) = (Version::INITIAL.stamp, Version::INITIAL.nonce);
            }
        }
        let oldest = self.holds(self.commits.oldest()).0.min(oldest_write);
        self.touched.retain(|place| self.cached[place.index()].matters(now, oldest));
        let cached = |place: &Location| Cached { key: place.0.into(), ..self.cached[place.index()] };
        let cached = self.touched.iter().map(cached).collect();
        let any = !self.commits.is_empty() || !self.more.is_empty();
        let kept = || Kept { commits: self.commits.kept().into(), more: std::mem::take(&mut self.more) };
        (cached, any.then(kept))
    }

    /// Neither in a cache, nor what is under way, nor at the central store.
    #[cold]
    fn oldest(&self, now: Time) -> Version {
        let of_key = self.cached.iter().filter(|cached| cached.key == self.key);
        let cached = of_key.clone().filter(|cached| cached.fresh_until > now).map(Cached::version);
        let fills = of_key.filter(|cached| cached.fill_at < Time::NEVER).map(|cached| cached.fill().version);
        let more = self.more.iter().map(|(_, fill)| fill.version);
        let central = self.holds(self.commits.oldest()).0;
        cached.chain(fills).chain(more).fold(central, Version::min)
    }

    fn come_back(&mut self, copies: Box<[Cached]>, kept: Option<Kept>) {
        for cached in copies {
            let place = Location(cached.key as u16);
            self.cached[place.index()] = Cached { key: self.key, ..cached };
            self.touched.push(place);
        }
        if let Some(kept) = kept {
            self.commits.come_back(&kept.commits);
            self.more = kept.more;
        }
    }
}

impl Cached {
    /// Nothing is here of a key that was not looked at yet.
    #[inline]
    fn begin(&mut self, key: u32) {
        (self.fresh_until, self.fill_at) = (Time::START, Time::NEVER);
        (self.stamp, self.nonce) = (Version::INITIAL.stamp, Version::INITIAL.nonce);
        (self.more, self.key) = (0, key);
    }

    /// Whether it is anything else than nothing to who acts from then on, where nothing arrives that is older than `oldest`.
    fn matters(&self, from: Time, oldest: Version) -> bool {
        let fresh = self.fresh_until > from || self.fill_at < Time::NEVER || self.more > 0;
        // What is older than an old copy does not take its place.
        fresh || self.version() > oldest
    }

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
