//! A trace of more rows than are kept: stretch by stretch, and each key goes on where it stood.
//!
//! Between two stretches a key keeps what may still matter: copies at locations, what is in flight, writes that a read may
//! still miss, and reads that cannot be answered yet, since a write of the next stretch may arrive at the central store
//! before them. So memory grows with the keys and with what is in flight, not with the rows.

use std::ops::Range;

use crate::metrics::Distribution;
use crate::metrics::truth;
use crate::model::Time;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::Rows;
use crate::workloads::trace_stretches::Stretches;

use super::clients::{Act, Acting};
use super::rows::{Keys, Rules, SoFar};
use super::tally::Tally;
use super::writes;
use super::{Common, Keyed, Live};

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
    store: Option<K>,
}

/// Measures some keys apart from the others.
pub(super) struct Apart<'a> {
    pub keys: &'a Range<u32>,
    pub tally: &'a mut Tally,
}

/// The windows of inconsistency of a replay, and when the last thing happened.
pub(super) type Ended = (Distribution, Time);

impl Live {
    /// Replays a trace to its end; `false` where it turns out to need events: then nothing that was measured means anything.
    pub fn replay_all(&mut self, common: &mut Common, rules: &Rules, stretches: Stretches) -> Result<bool, TraceError> {
        let ended = self.replay(common, rules, stretches, None)?;
        if let Some((windows, last_event)) = &ended {
            common.tally.windows(*last_event).merge(windows);
        }
        Ok(ended.is_some())
    }

    /// Replays a trace to its end; measures only some keys, if it is said which. `None` where the trace turns out to need
    /// events: then nothing that was measured means anything.
    pub fn replay(
        &mut self,
        common: &mut Common,
        rules: &Rules,
        stretches: Stretches,
        apart: Option<Apart<'_>>,
    ) -> Result<Option<Ended>, TraceError> {
        match self {
            Live::Pull(pull) => replay(pull, common, rules, stretches, apart),
            Live::Push(push) => replay(push, common, rules, stretches, apart),
        }
    }
}

fn replay<S: Keyed>(
    store: &mut S,
    common: &mut Common,
    rules: &Rules,
    mut stretches: Stretches,
    mut apart: Option<Apart<'_>>,
) -> Result<Option<Ended>, TraceError> {
    let mut all: Vec<Option<Standing<S>>> = Vec::new();
    let (mut windows, mut last_event) = (Distribution::default(), Time::START);
    let mut rows = Rows::default();
    loop {
        rows = match stretches.read_on(rows)? {
            Some(rows) if rows.is_empty() => break,
            Some(rows) => rows,
            None => return Ok(None),
        };
        let end = stretches.next_at()?;
        all.resize_with(rows.keys(), || None);
        let (mut by_key, mut keys) = (rows.by_key(), Keys::default());
        while keys.take(&mut by_key) {
            for mut key in keys.each(rules) {
                let standing = &mut all[key.key as usize];
                let so_far = standing.as_ref().map_or(SoFar::default(), |standing| standing.so_far);
                key.after(so_far, end);
                let number = key.key;
                measured(common, &mut apart, number, &mut windows, |common, windows| {
                    begin(store, common, standing.take());
                    store.go_on(common, &mut key);
                    if end == Time::NEVER {
                        finish(store, common, windows);
                    } else {
                        *standing = Some(keep(store, common, key.so_far(), end, windows));
                    }
                    last_event = last_event.max(common.last_event).max(key.last_act());
                });
            }
        }
    }
    for (number, standing) in all.into_iter().enumerate() {
        let Some(standing) = standing else { continue };
        let mut key = standing.so_far;
        measured(common, &mut apart, number as u32, &mut windows, |common, windows| {
            begin(store, common, Some(standing));
            store.go_on(common, &mut key);
            finish(store, common, windows);
            last_event = last_event.max(common.last_event);
        });
    }
    Ok(Some((windows, last_event)))
}

/// Does something with a key, which is measured where it belongs: apart, or, if others are, not at all.
fn measured(
    common: &mut Common,
    apart: &mut Option<Apart<'_>>,
    key: u32,
    windows: &mut Distribution,
    go_on: impl FnOnce(&mut Common, &mut Distribution),
) {
    match apart {
        None => go_on(common, windows),
        Some(Apart { keys, tally }) if keys.contains(&key) => {
            common.measured_by(tally, |common| go_on(common, windows))
        }
        Some(_) => go_on(common, &mut Distribution::default()),
    }
}

/// A new key, or one that goes on.
fn begin<S: Keyed>(store: &mut S, common: &mut Common, standing: Option<Standing<S>>) {
    common.begin(store);
    let Some(Standing { copies, more, .. }) = standing else { return };
    let Some(More { reads, writes, truth, store: kept }) = more.map(|more| *more) else {
        return store.come_back(copies, None);
    };
    common.reads.extend(reads);
    if let Some(writes) = writes {
        common.writes.come_back(writes);
    }
    if let Some(truth) = truth {
        common.truth.come_back(truth);
    }
    store.come_back(copies, kept);
}

/// The key has come to its end.
fn finish<S: Keyed>(store: &mut S, common: &mut Common, windows: &mut Distribution) {
    store.end(common);
    common.truth.end(windows);
}

/// Keeps a key, of which no more rows come before that time.
fn keep<S: Keyed>(
    store: &mut S,
    common: &mut Common,
    so_far: SoFar,
    end: Time,
    windows: &mut Distribution,
) -> Standing<S> {
    let now = common.reads.first().map_or(end, |read| read.at);
    store.pass(common, &Act::before_all(now));
    if common.truth.is_longer_than(FEW) {
        common.settle(now, store.oldest(now));
    }
    let (copies, store) = store.keep(now, common.writes.oldest_to_come(&common.centre, now));
    let (writes, truth) = (common.writes.keep(), common.truth.keep(windows));
    let any = !common.reads.is_empty() || writes.is_some() || truth.is_some() || store.is_some();
    let more = any.then(|| Box::new(More { reads: common.reads[..].into(), writes, truth, store }));
    Standing { so_far, copies, more }
}
