//! A trace of more rows than are kept: stretch by stretch, and each key goes on where it stood.
//!
//! Between two stretches a key keeps what may still matter: copies at locations, what is in flight, writes that a read may
//! still miss, and reads that cannot be answered yet, since a write of the next stretch may arrive at the central store
//! before them. So memory grows with the keys and with what is in flight, not with the rows.

use crate::metrics::truth;
use crate::model::Time;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::Rows;
use crate::workloads::trace_stretches::Stretches;

use super::acts::{Act, Acting};
use super::common::{Common, Keyed};
use super::rows::{Keys, OfRows, Rules, SoFar};
use super::sessions;
use super::sizes::OfKey;
use super::some::{Apart, measured};
use super::tally::Tally;
use super::writes;
use super::{Ended, Live};

/// Fewer writes that are complete are kept as they are.
const FEW: usize = 2;

/// A key between two stretches.
struct Standing<S: Keyed> {
    so_far: SoFar,
    copies: S::Copies,
    /// What few keys have that nobody writes.
    more: Option<Box<More<S::Kept>>>,
}

struct More<K> {
    /// Reads that are not answered yet.
    reads: Box<[Act]>,
    writes: Option<writes::Kept>,
    truth: Option<truth::Kept>,
    sessions: Option<sessions::Kept>,
    stored: Option<OfKey>,
    store: Option<K>,
}

/// A store that goes on with a key where it stood.
pub(super) trait GoesOn {
    /// What is kept of a key between two stretches.
    type Standing;

    fn tally(&mut self) -> &mut Tally;

    /// What the rows of a key have done.
    fn so_far(standing: &Self::Standing) -> SoFar;

    /// Goes on with a key, a new one if nothing stands. All rows are there that come before `end`; if no more come, to its end.
    fn go_on<const MORE: bool>(
        &mut self,
        standing: Option<Self::Standing>,
        key: &mut OfRows<'_, MORE>,
        end: Time,
        ended: &mut Ended,
    ) -> Option<Self::Standing>;

    /// No more rows come.
    fn finish(&mut self, standing: Self::Standing, ended: &mut Ended);
}

impl Live {
    /// Replays a trace to its end; measures only some keys, if it is said which. `None` where the trace turns out to need
    /// events: then nothing that was measured means anything.
    pub fn replay_in_stretches(
        &mut self,
        rules: &Rules,
        stretches: Stretches,
        apart: Option<Apart<'_>>,
    ) -> Result<Option<Ended>, TraceError> {
        let ended = match self {
            Live::Pull(common, store) => replay(&mut OfWorkersKv { common, store }, rules, stretches, apart),
            Live::Push(common, store) => replay(&mut OfWorkersKv { common, store }, rules, stretches, apart),
            Live::Objects(objects) => replay(&mut **objects, rules, stretches, apart),
        }?;
        Ok(ended.filter(|_| !self.needs_events()))
    }
}

fn replay<S: GoesOn>(
    store: &mut S,
    rules: &Rules,
    mut stretches: Stretches,
    mut apart: Option<Apart<'_>>,
) -> Result<Option<Ended>, TraceError> {
    let mut all: Vec<Option<S::Standing>> = Vec::new();
    let mut ended = Ended::default();
    let mut rows = Rows::default();
    loop {
        rows = match stretches.read_on(rows)? {
            Some(rows) if rows.is_empty() => break,
            Some(rows) => rows,
            None => return Ok(None),
        };
        let end = stretches.next_at()?;
        all.resize_with(rows.keys(), || None);
        if rows.say_more() {
            replay_rows::<true, S>(store, &rows, rules, end, &mut all, &mut apart, &mut ended);
        } else {
            replay_rows::<false, S>(store, &rows, rules, end, &mut all, &mut apart, &mut ended);
        }
    }
    for (number, standing) in all.into_iter().enumerate() {
        let Some(standing) = standing else { continue };
        measured(store, S::tally, &mut apart, number as u32, &mut ended, |store, ended| store.finish(standing, ended));
    }
    Ok(Some(ended))
}

/// Replays the rows of a stretch, given how all keys stand; no others come before `end`.
fn replay_rows<const MORE: bool, S: GoesOn>(
    store: &mut S,
    rows: &Rows,
    rules: &Rules,
    end: Time,
    all: &mut [Option<S::Standing>],
    apart: &mut Option<Apart<'_>>,
    ended: &mut Ended,
) {
    let (mut by_key, mut keys) = (rows.by_key(), Keys::of(rows));
    while keys.take(&mut by_key) {
        for mut key in keys.each::<MORE>(rules) {
            let (number, standing) = (key.key, &mut all[key.key as usize]);
            key.after(standing.as_ref().map_or(SoFar::default(), S::so_far), end);
            measured(store, S::tally, apart, number, ended, |store, ended| {
                *standing = store.go_on(standing.take(), &mut key, end, ended);
                ended.happens(key.last_act());
            });
        }
    }
}

/// Workers KV by either way.
struct OfWorkersKv<'a, S> {
    common: &'a mut Common,
    store: &'a mut S,
}

impl<S: Keyed> GoesOn for OfWorkersKv<'_, S> {
    type Standing = Standing<S>;

    fn tally(&mut self) -> &mut Tally {
        &mut self.common.tally
    }

    fn so_far(standing: &Standing<S>) -> SoFar {
        standing.so_far
    }

    fn go_on<const MORE: bool>(
        &mut self,
        standing: Option<Standing<S>>,
        key: &mut OfRows<'_, MORE>,
        end: Time,
        ended: &mut Ended,
    ) -> Option<Standing<S>> {
        let OfWorkersKv { common, store } = self;
        begin(*store, common, standing, key);
        store.go_on(common, key);
        if end == Time::NEVER {
            end_of_key(*store, common, ended);
            return None;
        }
        let standing = keep(*store, common, key.so_far(), end, ended);
        ended.happens(common.last_event);
        Some(standing)
    }

    fn finish(&mut self, standing: Standing<S>, ended: &mut Ended) {
        let OfWorkersKv { common, store } = self;
        let mut key = standing.so_far;
        begin(*store, common, Some(standing), &key);
        store.go_on(common, &mut key);
        end_of_key(*store, common, ended);
    }
}

fn end_of_key(store: &mut impl Keyed, common: &mut Common, ended: &mut Ended) {
    common.end(store);
    common.end_of_key(ended);
    ended.happens(common.last_event);
}

/// A new key, or one that goes on.
fn begin<S: Keyed>(store: &mut S, common: &mut Common, standing: Option<Standing<S>>, key: &impl Acting) {
    let stored = standing.as_ref().and_then(|standing| standing.more.as_ref()?.stored);
    common.begin(store, key, stored);
    let Some(Standing { copies, more, .. }) = standing else { return };
    let Some(More { reads, writes, truth, sessions, stored: _, store: kept }) = more.map(|more| *more) else {
        return store.come_back(copies, None);
    };
    common.reads.extend(reads);
    if let Some(writes) = writes {
        common.writes.come_back(writes);
    }
    if let Some(truth) = truth {
        common.truth.come_back(truth);
    }
    if let (Some(kept), Some(sessions)) = (sessions, &mut common.sessions) {
        sessions.come_back(kept);
    }
    store.come_back(copies, kept);
}

/// Keeps a key, of which no more rows come before that time.
fn keep<S: Keyed>(store: &mut S, common: &mut Common, so_far: SoFar, end: Time, ended: &mut Ended) -> Standing<S> {
    let now = common.reads.first().map_or(end, |read| read.at);
    store.pass(common, &Act::before_all(now));
    if common.truth.is_longer_than(FEW) {
        common.settle(now, store.oldest(now));
    }
    let sessions = common.sessions.as_mut().and_then(|sessions| {
        let unanswered = common.reads.first().map_or(u64::MAX, |read| read.n);
        sessions.go_through(unanswered.min(common.writes.first_in_flight()), &mut common.tally);
        sessions.keep()
    });
    let (copies, store) = store.keep(now, common.writes.oldest_to_come(&common.centre, now));
    let (writes, truth) = (common.writes.keep(), common.truth.keep(&mut ended.windows));
    let waits = !common.reads.is_empty() || writes.is_some();
    let stored = common.sizes.as_mut().and_then(|sizes| sizes.keep(waits, &mut ended.stored));
    let any = waits || truth.is_some() || sessions.is_some() || stored.is_some() || store.is_some();
    let more = any.then(|| Box::new(More { reads: common.reads[..].into(), writes, truth, sessions, stored, store }));
    Standing { so_far, copies, more }
}
