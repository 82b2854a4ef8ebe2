//! What Workers KV has in common by either way: a key is simulated from its first act to its last, its writes are on their way
//! and back, its reads are judged and counted.

use crate::metrics::Served;
use crate::metrics::truth::{Truth, Verdict};
use crate::model::{Refusal, Span, Time, Version};
use crate::random::derive;
use crate::stores::hop;

use super::Ended;
use super::acts::{Act, Acting};
use super::cached::Inside;
use super::order::{Arrival, Return};
use super::sessions::{Operation, Sessions, There};
use super::shown::Shown;
use super::sizes::{OfKey, Sizes};
use super::tally::Tally;
use super::writes::{Acknowledged, Centre, Decision, Write, Writes};

/// A store that simulates one key after another.
pub(super) trait Keyed {
    /// What it keeps of any key while it simulates others.
    type Copies;
    /// What it keeps of a key that is written.
    type Kept;

    /// A new key: nothing has happened to it. What it holds has so many bytes, where sizes are stated.
    fn begin(&mut self, initial: u32);

    /// Answers all whom it can answer of those who are known to act; the others stay among the reads.
    fn go_on<K: Acting>(&mut self, common: &mut Common, key: &mut K);

    /// Nobody acts any more and all are answered: what is in flight arrives.
    fn end(&mut self, common: &mut Common);

    /// All who act before this act are answered: what happens before it has happened.
    fn pass(&mut self, common: &mut Common, act: &Act);

    /// Nobody who reads from then on gets an older version.
    fn oldest(&self, now: Time) -> Version;

    /// Goes on to another key, where nobody acts before that time who is not answered yet, and all that happens before it has
    /// happened. No write that is acknowledged later has an older version than `oldest_write`.
    fn keep(&mut self, now: Time, oldest_write: Version) -> (Self::Copies, Option<Self::Kept>);

    /// The key that has just begun is one that was kept.
    fn come_back(&mut self, copies: Self::Copies, kept: Option<Self::Kept>);
}

/// So many act at once, without a look at what becomes of them.
pub(super) const AT_ONCE: usize = 256;

/// What both stores have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub centre: Centre,
    /// Reads that are known and not yet answered.
    pub reads: Vec<Act>,
    /// Room for others, while those are answered.
    pub read: Vec<Act>,
    pub writes: Writes,
    pub truth: Truth,
    /// By location: the place of the oldest write that the last stale read there missed.
    pub missed: Vec<u32>,
    /// Where clients have names.
    pub sessions: Option<Box<Sessions>>,
    /// Where sizes are stated.
    pub sizes: Option<Box<Sizes>>,
    /// Where it matters which of the writes a read shows.
    pub shown: Option<Box<Shown>>,
    /// Whether something comes of an answer when it is there, so that a read is judged only then.
    pub awaited: bool,
    pub tally: Tally,
    /// The last thing that happens to the key, as far as known, but for its acts.
    pub last_event: Time,
}

impl Common {
    /// Simulates a key that is a partition.
    pub fn simulate_alone<K: Acting>(&mut self, store: &mut impl Keyed, key: &mut K) {
        let last_event = self.simulate(store, key);
        if !self.truth.is_empty() {
            self.truth.end(self.tally.windows(last_event));
        }
        if K::SAY_MORE
            && let Some(sizes) = &mut self.sizes
        {
            self.tally.at(last_event).storage.merge(&sizes.end_alone());
        }
    }

    /// Simulates keys that are a partition together.
    pub fn simulate_together<K: Acting>(&mut self, store: &mut impl Keyed, keys: impl Iterator<Item = K>) {
        let mut ended = Ended::default();
        keys.for_each(|mut key| self.simulate_one(store, &mut key, &mut ended));
        self.tally.end(&ended);
        if let Some(shown) = &mut self.shown {
            shown.end(ended.last_event, &mut self.tally);
        }
    }

    /// Simulates a key of a partition.
    pub fn simulate_one(&mut self, store: &mut impl Keyed, key: &mut impl Acting, ended: &mut Ended) {
        ended.happens(self.simulate(store, key));
        self.end_of_key(ended);
    }

    /// What is known of a key only when it is over.
    #[inline]
    pub fn end_of_key(&mut self, ended: &mut Ended) {
        self.truth.end(&mut ended.windows);
        if let Some(sizes) = &mut self.sizes {
            sizes.end(&mut ended.stored);
        }
    }

    /// Whether something happened that only events can tell.
    pub fn needs_events(&self) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| sessions.needs_events())
            || self.sizes.as_ref().is_some_and(|sizes| sizes.needs_events())
    }

    /// Simulates a key but for its windows of inconsistency; says when the last thing happened to it.
    fn simulate<K: Acting>(&mut self, store: &mut impl Keyed, key: &mut K) -> Time {
        if key.horizon() == Time::NEVER {
            // What it holds from the start is stored all the same.
            if K::SAY_MORE {
                self.begin(store, key, None);
            }
            return Time::START;
        }
        self.begin(store, key, None);
        store.go_on(self, key);
        self.end(store);
        self.last_event.max(key.last_act())
    }

    /// Nobody acts any more and all are answered: what is in flight arrives.
    #[inline]
    pub fn end(&mut self, store: &mut impl Keyed) {
        store.end(self);
        if let Some(sessions) = &mut self.sessions {
            sessions.end(&mut self.tally);
        }
    }

    /// A new key: nothing has happened to it, but what is known of what is stored of it.
    #[inline]
    pub fn begin<K: Acting>(&mut self, store: &mut impl Keyed, key: &K, stored: Option<OfKey>) {
        self.writes.begin();
        self.reads.clear();
        self.last_event = Time::START;
        if let Some(sessions) = &mut self.sessions {
            sessions.begin();
        }
        if K::SAY_MORE
            && let Some(shown) = &mut self.shown
        {
            shown.begin();
        }
        let sizes = if K::SAY_MORE { self.sizes.as_mut() } else { None };
        store.begin(sizes.map_or(0, |sizes| sizes.begin(stored, key.name_and_length())));
    }

    /// Lets more of the key's clients act where all are answered: from then on all who do so before [`Acting::horizon`] are
    /// known, and `reads` holds those who are to be answered next. None are known who act if it says so.
    #[inline]
    pub fn act(&mut self, key: &mut impl Acting) -> bool {
        let any = key.is_any_known();
        if any {
            self.act_more(key);
        }
        any
    }

    #[inline]
    fn act_more<K: Acting>(&mut self, key: &mut K) {
        let Common { writes, centre, sizes, shown, tally, .. } = self;
        key.act(AT_ONCE, &mut self.reads, |act, what| {
            let sizes = if K::SAY_MORE { sizes.as_ref() } else { None };
            let bytes = sizes.map_or(0, |sizes| sizes.bytes(what));
            if !sizes.is_some_and(|sizes| sizes.refuses(&act, what, bytes, tally)) {
                let version = writes.send(centre, &act, what, bytes);
                if K::SAY_MORE
                    && let Some(shown) = shown
                {
                    shown.written(version);
                }
            }
        });
    }

    /// Lets all act who are known to do so before a time.
    #[inline(never)]
    pub fn act_until(&mut self, key: &mut impl Acting, time: Time) {
        while key.horizon() < time && key.is_any_known() {
            self.act_more(key);
        }
    }

    /// Whether nobody has written the key, and nobody is known who does.
    #[inline]
    pub fn is_quiet(&self, key: &impl Acting) -> bool {
        !key.is_any_known() && self.truth.is_empty() && self.writes.is_none_in_flight()
    }

    /// Judges an answer; of a key that nobody writes all are the same.
    #[inline(always)]
    fn judge<const QUIET: bool>(&mut self, act: &Act, version: Version) -> Verdict {
        if QUIET {
            return Verdict::NOTHING_WRITTEN;
        }
        let near = &mut self.missed[act.location.index()];
        self.truth.judge_near(act.at, self.truth.writes(), version, near)
    }

    /// A read is answered by its location's cache.
    #[inline(always)]
    pub fn hit<const QUIET: bool, K: Acting>(&mut self, act: &Act, version: Version, inside: impl FnOnce() -> Inside) {
        let verdict = self.judge::<QUIET>(act, version);
        let draw = derive(act.draw, hop::HIT);
        if K::SAY_MORE && (self.awaited || self.sizes.is_some()) {
            let (making, awaited) = (self.making(inside), self.awaited);
            let end = self.tally.hit_and_made(act.location, act.at, draw, making, awaited, &verdict);
            if awaited {
                self.happens(end);
                self.read::<QUIET>(*act, There::from_cache(end), version);
            }
        } else {
            self.tally.hit(act.location, act.at, draw, &verdict);
        }
    }

    /// A read is answered by the central store.
    #[inline(always)]
    pub fn miss<const QUIET: bool, K: Acting>(&mut self, act: &Act, back: Return, version: Version, inside: Inside) {
        let verdict = self.judge::<QUIET>(act, version);
        if K::SAY_MORE {
            let (there, awaited) = (There::made_of(back, self.making(|| inside)), self.awaited);
            let judged = if awaited { there.at() } else { back.at };
            self.tally.miss(act.location, (act.at, judged, there.at()), &verdict);
            if awaited {
                self.happens(there.at());
                self.read::<QUIET>(*act, there, version);
            }
        } else {
            self.tally.miss(act.location, (act.at, back.at, back.at), &verdict);
        }
    }

    /// How long the caller takes to make something of a value.
    #[inline(always)]
    fn making(&self, inside: impl FnOnce() -> Inside) -> Span {
        self.sizes.as_ref().map_or(Span::ZERO, |sizes| sizes.parse(inside().bytes))
    }

    /// A read whose answer is awaited is answered. Of a key that nobody writes nobody knows anything, but it is read all the same.
    #[inline]
    fn read<const QUIET: bool>(&mut self, act: Act, there: There, version: Version) {
        if !QUIET && let Some(sessions) = &mut self.sessions {
            sessions.read(Operation { act, there, version });
        }
        if let Some(shown) = &mut self.shown {
            shown.read(&act, there.at(), version, self.tally.measures(act.at));
        }
    }

    /// The next write that arrives before that and is accepted.
    pub fn decide_next(&mut self, before: Arrival) -> Option<Write> {
        while let Some(write) = self.writes.arrive(before) {
            let decision = self.writes.decide(&self.centre, &write);
            if let Some(sizes) = &mut self.sizes {
                sizes.arrives(&write, matches!(decision, Decision::Accepted));
            }
            match decision {
                Decision::Accepted => return Some(write),
                Decision::Refused(end) => {
                    self.happens(end);
                    let times = (write.start, end, end);
                    self.tally.refused(write.location, times, Served::WriteRefused, Refusal::KvTooManyWrites);
                }
            }
        }
        None
    }

    /// The next write that is acknowledged before the act; without an act, the next one.
    pub fn complete_next(&mut self, act: Option<&Act>) -> Option<Acknowledged> {
        let acknowledged = self.writes.acknowledge(act)?;
        let Acknowledged { back, start, location, version, deletes, .. } = acknowledged;
        if let Some(sessions) = &mut self.sessions {
            sessions.wrote(Operation { act: acknowledged.act(), there: back.into(), version });
        }
        self.happens(back.at);
        if let Some(shown) = &mut self.shown {
            shown.complete(version, back.at);
        }
        self.truth.complete(version, back.at, self.tally.measures(start));
        self.tally.wrote(location, start, back.at, deletes);
        Some(acknowledged)
    }

    /// Forgets writes that no read misses any more, where all are judged who act before some time: from then on no read
    /// returns an older version than `oldest_read`.
    pub fn settle(&mut self, now: Time, oldest_read: Version) {
        let oldest_write = self.writes.oldest_to_come(&self.centre, now);
        self.truth.settle(oldest_read, oldest_write);
    }

    /// Something happens to the key then.
    #[inline]
    pub fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }
}
