//! Workers KV that pushes, of one key: whether a version has arrived is computed when somebody reads.

use std::collections::VecDeque;

use crate::model::{Location, Span, Time, Version};
use crate::random::{Sampler, derive};
use crate::stores::{KvPushConfig, hop};

use super::acts::{Act, Acting};
use super::cached::Inside;
use super::common::{Common, Keyed};
use super::order::Arrival;

/// A version on its way to the locations.
#[derive(Clone, Copy, Debug)]
struct Pushed {
    version: Version,
    inside: Inside,
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
    delay: Sampler,
    max: Span,
    everywhere: Version,
    inside: Inside,
    /// Rising in version.
    on_the_way: VecDeque<Pushed>,
    /// When the first of them has surely arrived everywhere; [`Time::NEVER`] without any.
    settles_at: Time,
    /// How many versions have settled: so the versions on their way have numbers of their own.
    settled: u64,
    /// Whether a version was overtaken by a newer one, so that numbers are not in the order of versions.
    overtaken: bool,
    key: u32,
    arrivals: Vec<Arrivals>,
}

/// So many arrivals at a location are kept; more are worked out again.
const KEPT: usize = 32;

/// When versions arrive at a location, as far as somebody asked. What each read looks at comes first, in one line of a
/// cache with the first versions' times.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Arrivals {
    /// The key whose arrivals these are, by count.
    key: u32,
    /// By the last digits of the version's number, a bit each: which are worked out.
    known: u32,
    /// The number of the first version that is not among them.
    end: u64,
    /// By the last digits of the version's number.
    at: [Time; KEPT],
}

impl Arrivals {
    const NONE: Arrivals = Arrivals { key: 0, known: 0, end: 0, at: [Time::START; KEPT] };

    /// Of a key's versions, which now end with this number: of the new ones nothing is worked out.
    #[inline]
    fn begin(&mut self, key: u32, end: u64) {
        let new = if self.key == key { end - self.end } else { KEPT as u64 };
        if new > 0 {
            let kept = u32::MAX.checked_shl(new.min(KEPT as u64) as u32).unwrap_or(0);
            // The bits that new versions take follow those of the last ones.
            self.known &= kept.rotate_left(self.end as u32 % KEPT as u32);
            (self.key, self.end) = (key, end);
        }
    }

    /// When a version arrives, which `arrives` tells where it is not worked out.
    #[inline]
    fn of(&mut self, number: u64, arrives: impl FnOnce() -> Time) -> Time {
        let slot = number as usize % KEPT;
        if self.known & (1 << slot) == 0 {
            self.known |= 1 << slot;
            self.at[slot] = arrives();
        }
        self.at[slot]
    }

    /// A version's arrival is to be worked out anew.
    fn forget(&mut self, number: u64) {
        self.known &= !(1 << (number as usize % KEPT));
    }
}

impl Push {
    pub fn new(config: &KvPushConfig, locations: usize) -> Push {
        Push {
            delay: Sampler::truncated(&config.delay, config.max),
            max: config.max,
            everywhere: Version::INITIAL,
            inside: Inside::NOTHING,
            on_the_way: VecDeque::new(),
            settles_at: Time::NEVER,
            settled: 0,
            overtaken: false,
            key: 0,
            arrivals: vec![Arrivals::NONE; locations],
        }
    }

    /// Writes that arrive before somebody acts are taken or refused, and those acknowledged before are complete.
    #[inline]
    fn catch_up(&mut self, common: &mut Common, act: Option<&Act>) {
        let until = act.map_or(Time::NEVER, |act| act.at);
        if common.writes.is_any_due(until) || common.writes.is_any_back(act) {
            self.take_and_show(common, act);
        }
    }

    #[inline(never)]
    fn take_and_show(&mut self, common: &mut Common, act: Option<&Act>) {
        // Of those who act at one time nobody sees what a later one writes.
        let before = act.map_or(Arrival::until(Time::NEVER), |act| Arrival { at: act.at, n: act.n });
        while let Some(write) = common.decide_next(before) {
            self.settle(write.arrival.at);
            let place = self.on_the_way.partition_point(|pushed| pushed.version < write.version);
            self.overtaken |= place < self.on_the_way.len() || write.version < self.everywhere;
            let pushed = Pushed {
                version: write.version,
                inside: write.inside,
                committed: write.arrival.at,
                draw: derive(write.draw, hop::PUSH),
                shown_at: write.location,
                shown_from: Time::NEVER,
            };
            self.on_the_way.insert(place, pushed);
            self.tell_next_settles();
        }
        while let Some(acknowledged) = common.complete_next(act) {
            if acknowledged.shown {
                self.show(acknowledged.version, acknowledged.back.at);
            }
        }
        if let Some(act) = act
            && common.truth.is_long()
        {
            common.settle(act.at, self.everywhere);
        }
    }

    /// Where it was written a version is shown from then on. One that has settled already is everywhere.
    fn show(&mut self, version: Version, from: Time) {
        if let Some(place) = self.on_the_way.iter().position(|pushed| pushed.version == version) {
            let pushed = &mut self.on_the_way[place];
            pushed.shown_from = from;
            let number = self.settled + place as u64;
            self.arrivals[pushed.shown_at.index()].forget(number);
        }
    }

    /// Versions that have surely arrived everywhere need no further look.
    #[inline]
    fn settle(&mut self, now: Time) {
        if self.settles_at <= now {
            self.settle_some(now);
        }
    }

    #[inline(never)]
    fn settle_some(&mut self, now: Time) {
        while self.on_the_way.front().is_some_and(|pushed| pushed.committed + self.max <= now) {
            let pushed = self.on_the_way.pop_front().expect("a front");
            if pushed.version > self.everywhere {
                (self.everywhere, self.inside) = (pushed.version, pushed.inside);
            }
            self.settled += 1;
        }
        self.tell_next_settles();
    }

    fn tell_next_settles(&mut self) {
        self.settles_at = self.on_the_way.front().map_or(Time::NEVER, |pushed| pushed.committed + self.max);
    }

    /// The newest version that has reached the location, and what it is beside.
    #[inline(always)]
    fn at(&mut self, location: Location, now: Time) -> (Version, Inside) {
        if self.on_the_way.is_empty() {
            return (self.everywhere, self.inside);
        }
        if self.overtaken || self.on_the_way.len() > KEPT {
            return self.at_anew(location, now);
        }
        let arrivals = &mut self.arrivals[location.index()];
        arrivals.begin(self.key, self.settled + self.on_the_way.len() as u64);
        for place in (0..self.on_the_way.len()).rev() {
            let pushed = &self.on_the_way[place];
            if arrivals.of(self.settled + place as u64, || pushed.arrives(&self.delay, location)) <= now {
                return (pushed.version, pushed.inside);
            }
        }
        (self.everywhere, self.inside)
    }

    #[inline(never)]
    fn at_anew(&self, location: Location, now: Time) -> (Version, Inside) {
        let newer = |pushed: &&Pushed| pushed.version > self.everywhere;
        let arrived = |pushed: &&Pushed| pushed.arrives(&self.delay, location) <= now;
        let mut on_the_way = self.on_the_way.iter().rev().take_while(newer);
        on_the_way.find(arrived).map_or((self.everywhere, self.inside), |pushed| (pushed.version, pushed.inside))
    }
}

impl Pushed {
    /// When it is at the location.
    #[inline]
    fn arrives(&self, delay: &Sampler, location: Location) -> Time {
        let at = self.committed + delay.span_of_any(derive(self.draw, u64::from(location.0)));
        if self.shown_at == location { at.min(self.shown_from) } else { at }
    }
}

/// What is kept of a key that somebody has written.
#[derive(Debug)]
pub(super) struct Kept {
    everywhere: Version,
    inside: Inside,
    on_the_way: VecDeque<Pushed>,
    settled: u64,
    overtaken: bool,
}

impl Keyed for Push {
    type Copies = ();
    type Kept = Kept;

    #[inline]
    fn begin(&mut self, initial: u32) {
        if self.key == u32::MAX {
            self.arrivals.iter_mut().for_each(|arrivals| arrivals.key = 0);
            self.key = 0;
        }
        self.key += 1;
        (self.everywhere, self.inside) = (Version::INITIAL, Inside::lasting(initial));
        self.on_the_way.clear();
        (self.settles_at, self.settled, self.overtaken) = (Time::NEVER, 0, false);
    }

    #[inline]
    fn go_on<K: Acting>(&mut self, common: &mut Common, key: &mut K) {
        while common.act(key) {
            let mut acts = std::mem::take(&mut common.reads);
            for act in &acts {
                self.catch_up(common, Some(act));
                self.settle(act.at);
                let (version, inside) = self.at(act.location, act.at);
                common.hit::<false, K>(act, version, || inside.shown(act.at));
            }
            acts.clear();
            common.reads = acts;
        }
    }

    #[inline]
    fn end(&mut self, common: &mut Common) {
        self.catch_up(common, None);
    }

    fn pass(&mut self, common: &mut Common, act: &Act) {
        self.catch_up(common, Some(act));
        self.settle(act.at);
    }

    fn oldest(&self, _: Time) -> Version {
        self.everywhere
    }

    fn keep(&mut self, _: Time, _: Version) -> ((), Option<Kept>) {
        // Of a key that nobody has written there is nothing.
        if self.settled == 0 && self.on_the_way.is_empty() {
            return ((), None);
        }
        let on_the_way = std::mem::take(&mut self.on_the_way);
        let Push { everywhere, inside, settled, overtaken, .. } = *self;
        ((), Some(Kept { everywhere, inside, on_the_way, settled, overtaken }))
    }

    fn come_back(&mut self, (): (), kept: Option<Kept>) {
        // What was worked out of arrivals is worked out again.
        if let Some(kept) = kept {
            let Kept { everywhere, inside, on_the_way, settled, overtaken } = kept;
            (self.everywhere, self.inside) = (everywhere, inside);
            (self.on_the_way, self.settled, self.overtaken) = (on_the_way, settled, overtaken);
            self.tell_next_settles();
        }
    }
}
