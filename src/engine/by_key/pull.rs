//! Workers KV that pulls, of one key: a read that misses is answered on paper at once, and its fill waits at the location.

use smallvec::SmallVec;

use crate::model::{Location, Span, Time, Version};
use crate::random::{Sampler, derive};
use crate::stores::{KvPullConfig, hop};

use super::acts::{Act, Acting};
use super::cached::{Cached, Fill, Inside, Insides, NOTHING};
use super::commits::{Commit, Commits};
use super::common::{Common, Keyed};
use super::order::{Arrival, Return};
use super::rows::{OfRows, SoFar};
use super::writes::Acknowledged;

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
    /// By location, where values may expire or have sizes; nothing where they are all alike.
    insides: Vec<Insides>,
    /// Bytes of what the key holds at the start, where sizes are stated.
    initial: u32,
}

impl Pull {
    /// For keys that hold a value at the start, or nothing; whether values differ but for their versions.
    pub fn new(config: &KvPullConfig, cache_ttl: Span, preloaded: bool, differ: bool, locations: usize) -> Pull {
        Pull {
            read: Sampler::new(&config.common.central_read),
            cache_ttl,
            negative_caching: config.negative_caching,
            preloaded,
            key: 0,
            cached: vec![NOTHING; locations],
            touched: Vec::new(),
            more: Vec::new(),
            commits: Commits::default(),
            insides: vec![Insides::initial(0); if differ { locations } else { 0 }],
            initial: 0,
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
        while let Some(write) = common.decide_next(Arrival::until(horizon)) {
            let (newest, value, inside) = self.holds(self.commits.last());
            let newer = write.version > newest;
            let (value, inside) = if newer { (!write.deletes, write.inside) } else { (value, inside) };
            self.commits.push(Commit { arrival: write.arrival, newest: newest.max(write.version), value, inside });
        }
    }

    /// What the central store holds after this commit, whether it is a value, and what that is beside.
    #[inline]
    fn holds(&self, after: Option<&Commit>) -> (Version, bool, Inside) {
        let start = (Version::INITIAL, self.preloaded, Inside::lasting(self.initial));
        after.map_or(start, |commit| (commit.newest, commit.value, commit.inside))
    }

    /// Writes that are acknowledged before somebody acts are complete, and may be shown at their location.
    #[inline]
    fn acknowledge<K: Acting>(&mut self, common: &mut Common, act: Option<&Act>) {
        if common.writes.is_any_back(act) {
            self.acknowledge_back::<K>(common, act);
        }
    }

    #[inline(never)]
    fn acknowledge_back<K: Acting>(&mut self, common: &mut Common, act: Option<&Act>) {
        while let Some(acknowledged) = common.complete_next(act) {
            if acknowledged.shown {
                let Acknowledged { back, version, inside, location, .. } = acknowledged;
                self.look_at::<K>(location);
                self.take::<K>(location, Fill { back, version, inside });
            }
        }
        if let Some(act) = act
            && common.truth.is_long()
        {
            common.settle(act.at, self.oldest(act.at));
        }
    }

    /// Whether the location may have anything of the key; from now on it may.
    #[inline(always)]
    fn look_at<K: Acting>(&mut self, location: Location) -> bool {
        let cached = &mut self.cached[location.index()];
        if cached.key == self.key {
            return true;
        }
        cached.begin(self.key);
        let initial = self.initial;
        if let Some(insides) = self.insides::<K>(location) {
            *insides = Insides::initial(initial);
        }
        if K::GOES_ON {
            self.touched.push(location);
        }
        false
    }

    /// What the copies of the location are, where values differ but for their versions.
    #[inline(always)]
    fn insides<K: Acting>(&mut self, location: Location) -> Option<&mut Insides> {
        if K::SAY_MORE { self.insides.get_mut(location.index()) } else { None }
    }

    /// A copy arrives.
    #[inline(always)]
    fn take<K: Acting>(&mut self, location: Location, fill: Fill) {
        if K::SAY_MORE && !self.insides.is_empty() {
            self.take_inside(location, fill);
        } else {
            self.cached[location.index()].take(fill.version, fill.back.at + self.cache_ttl);
        }
    }

    /// The same where values differ but for their versions.
    #[inline(never)]
    fn take_inside(&mut self, location: Location, Fill { back, version, inside }: Fill) {
        let (cached, insides) = (&mut self.cached[location.index()], &mut self.insides[location.index()]);
        let fresh_until = (back.at + self.cache_ttl).min(inside.expires);
        let same = version == cached.version();
        if version > cached.version() || (same && inside != insides.copy && back > insides.came) {
            cached.show(version, fresh_until);
            (insides.copy, insides.came) = (inside, back);
        } else if same && inside == insides.copy {
            cached.take(version, fresh_until);
            insides.came = insides.came.max(back);
        }
    }

    /// The version that the location shows to somebody who acts there; `None` where it holds none that is fresh. `QUIET`:
    /// nobody writes the key, so that all copies are alike.
    #[inline(always)]
    fn arrived<const QUIET: bool, K: Acting>(&mut self, act: &Act) -> Option<Version> {
        if !self.look_at::<K>(act.location) {
            return None;
        }
        let cached = &mut self.cached[act.location.index()];
        if cached.fill_at <= act.at && cached.fill_back().is_before(act) {
            let (back, version) = (cached.fill_back(), cached.version_of_fill());
            cached.fill_at = Time::NEVER;
            if QUIET {
                cached.fresh_until = cached.fresh_until.max(back.at + self.cache_ttl);
            } else {
                let inside = self.insides::<K>(act.location).map_or(Inside::NOTHING, |insides| insides.fill);
                self.take::<K>(act.location, Fill { back, version, inside });
            }
        }
        if self.cached[act.location.index()].more > 0 {
            self.arrived_of_many::<K>(act);
        }
        let cached = &self.cached[act.location.index()];
        if act.at >= cached.fresh_until {
            return None;
        }
        Some(if QUIET { Version::INITIAL } else { cached.version() })
    }

    #[cold]
    fn arrived_of_many<K: Acting>(&mut self, act: &Act) {
        let here = |(location, fill): &mut (Location, Fill)| *location == act.location && fill.back.is_before(act);
        let arrived: SmallVec<[Fill; 4]> = self.more.extract_if(.., here).map(|(_, fill)| fill).collect();
        self.cached[act.location.index()].more -= arrived.len() as u32;
        arrived.into_iter().for_each(|fill| self.take::<K>(act.location, fill));
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
            self.acknowledge::<K>(common, Some(act));
            self.commits.pass(act.at);
        }
        if let Some(version) = self.arrived::<QUIET, K>(act) {
            common.hit::<QUIET, K>(act, version, || self.insides[act.location.index()].copy);
            return true;
        }
        self.fetch::<QUIET, K>(common, key, act)
    }

    /// A read that missed. The writes that arrive before it must be known: those who act until then are asked first.
    #[inline(always)]
    fn fetch<const QUIET: bool, K: Acting>(&mut self, common: &mut Common, key: &mut K, act: &Act) -> bool {
        let arrival = Arrival { at: common.centre.reached(act), n: act.n };
        let (mut version, mut value, mut inside) = self.holds(None);
        // Of a key that is quiet all who act are known, if no others come later.
        if (!QUIET || K::GOES_ON) && key.horizon() < arrival.at {
            common.act_until(key, arrival.at);
            if K::GOES_ON && key.horizon() < arrival.at {
                return false;
            }
            self.commit(common, key.horizon());
        }
        if !QUIET {
            (version, value, inside) = self.found::<K>(arrival);
        }
        let service = self.read.span(derive(act.draw, hop::SERVICE));
        let at = common.centre.back(arrival.at + service, act.location, act.draw);
        common.happens(at);
        let back = Return { at, left: arrival };
        if value || self.negative_caching {
            self.fill::<QUIET, K>(act.location, Fill { back, version, inside });
        }
        common.miss::<QUIET, K>(act, back, version, inside.shown(at));
        true
    }

    /// What a read that arrives then finds at the central store: a version, whether it is a value, and what that is beside.
    #[inline]
    fn found<K: Acting>(&self, arrival: Arrival) -> (Version, bool, Inside) {
        let (version, value, inside) = self.holds(self.commits.before(arrival));
        // What has expired stays expired.
        let there = !K::SAY_MORE || arrival.at < inside.expires;
        if there { (version, value, inside) } else { (version, false, Inside::NOTHING) }
    }

    #[inline]
    fn fill<const QUIET: bool, K: Acting>(&mut self, location: Location, fill: Fill) {
        let cached = &mut self.cached[location.index()];
        if cached.fill_at == Time::NEVER {
            (cached.fill_at, cached.fill_left) = (fill.back.at, fill.back.left);
            if !QUIET {
                (cached.fill_stamp, cached.fill_nonce) = (fill.version.stamp, fill.version.nonce);
                if let Some(insides) = self.insides::<K>(location) {
                    insides.fill = fill.inside;
                }
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
    /// Of each location, where values differ but for their versions.
    insides: Box<[Insides]>,
}

impl Keyed for Pull {
    /// What locations have that have anything.
    type Copies = Box<[Cached]>;
    type Kept = Kept;

    #[inline]
    fn begin(&mut self, initial: u32) {
        self.initial = initial;
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
    fn go_on<K: Acting>(&mut self, common: &mut Common, key: &mut K) {
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
        self.acknowledge::<SoFar>(common, None);
    }

    fn pass(&mut self, common: &mut Common, act: &Act) {
        // Whatever they may say.
        self.acknowledge::<OfRows<'_, true>>(common, Some(act));
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
        let insides = || self.touched.iter().filter_map(|place| self.insides.get(place.index()).copied()).collect();
        let commits = || self.commits.kept().into();
        let kept = any.then(|| Kept { commits: commits(), insides: insides(), more: std::mem::take(&mut self.more) });
        (cached, kept)
    }

    /// Neither in a cache, nor what is under way, nor at the central store.
    #[cold]
    fn oldest(&self, now: Time) -> Version {
        let of_key = self.cached.iter().filter(|cached| cached.key == self.key);
        let cached = of_key.clone().filter(|cached| cached.fresh_until > now).map(Cached::version);
        let fills = of_key.filter(|cached| cached.fill_at < Time::NEVER).map(Cached::version_of_fill);
        let more = self.more.iter().map(|(_, fill)| fill.version);
        let central = self.holds(self.commits.oldest()).0;
        cached.chain(fills).chain(more).fold(central, Version::min)
    }

    fn come_back(&mut self, copies: Box<[Cached]>, kept: Option<Kept>) {
        for cached in copies {
            let place = Location(cached.key as u16);
            self.cached[place.index()] = Cached { key: self.key, ..cached };
            // What nobody has written is all alike.
            if let Some(insides) = self.insides.get_mut(place.index()) {
                *insides = Insides::initial(self.initial);
            }
            self.touched.push(place);
        }
        if let Some(Kept { commits, more, insides }) = kept {
            self.commits.come_back(&commits);
            self.more = more;
            self.touched.iter().zip(insides).for_each(|(place, insides)| self.insides[place.index()] = insides);
        }
    }
}
