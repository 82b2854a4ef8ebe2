//! What objects use: requests, time in which they are active, and rows; as the meters count it and the free plan limits it.
//!
//! A request counts when it is made. Rows count when they are read or written, and an object's time when it takes on what
//! keeps it active: the request at which a day's quota ends is still served, every later one refused until midnight UTC.

use crate::limits::day::DayQuota;
use crate::limits::{FigureId, MeterId, Terms, Usage};
use crate::model::{Key, Refusal, Request, Time};

use super::config::{DurableObjectConfig, ObjectState, ObjectStorage};
use super::contract::Ground;

/// The quotas and meters of one account.
#[derive(Clone, Debug)]
pub(super) struct ObjectDay {
    requests: DayQuota,
    duration: DayQuota,
    rows_read: DayQuota,
    rows_written: DayQuota,
    usage: Usage,
    measured_from: Time,
    /// Of key-value storage, which charges pieces instead of rows: how large they are.
    unit_bytes: Option<u64>,
    /// The pieces of each key, as far as they are known.
    units: Vec<u32>,
}

impl ObjectDay {
    /// Requests are calls, or messages of WebSockets, of which several count as one.
    pub(super) fn new(config: &DurableObjectConfig, terms: &Terms) -> ObjectDay {
        let per_request = if config.websocket { terms.bound(FigureId::ObjectMessagesPerRequest) } else { 1 };
        let key_value = config.storage == ObjectStorage::KeyValue;
        let requests = terms.bound(FigureId::ObjectRequestsPerDay).saturating_mul(per_request);
        ObjectDay {
            requests: DayQuota::of(Refusal::ObjectRequestsPerDay, requests, terms),
            duration: DayQuota::of(Refusal::ObjectDurationPerDay, terms.object_ns_per_day(), terms),
            rows_read: DayQuota::new(Refusal::ObjectRowsReadPerDay, terms),
            rows_written: DayQuota::new(Refusal::ObjectRowsWrittenPerDay, terms),
            usage: Usage::default(),
            measured_from: Time::START,
            unit_bytes: key_value.then(|| terms.bound(FigureId::ObjectUnitBytes).max(1)),
            units: Vec::new(),
        }
    }

    fn all(&mut self) -> [&mut DayQuota; 4] {
        [&mut self.requests, &mut self.duration, &mut self.rows_read, &mut self.rows_written]
    }

    /// Whether the plan limits anything by the day: then all objects share it.
    pub(super) fn is_limited(&self) -> bool {
        [&self.requests, &self.duration, &self.rows_read, &self.rows_written].iter().any(|quota| quota.is_limited())
    }

    pub(super) fn begin(&mut self, ground: Ground) {
        self.all().into_iter().for_each(DayQuota::begin);
        self.usage = Usage::default();
        self.measured_from = ground.measured.0;
        self.units.clear();
    }

    /// Counts a request that is made; the rule that refuses it, if one does: the day's requests or its time are used up.
    pub(super) fn asked(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        self.duration.refuses(now).or_else(|| self.requests.take((now, request.draw), 1))
    }

    /// A request, or a message, was served.
    pub(super) fn served(&mut self, request: &Request) {
        if request.start >= self.measured_from {
            self.usage.add(MeterId::ObjectRequests, 1);
        }
    }

    /// Why storage refuses what a request does with it, where the object keeps its state there, or would set an alarm.
    pub(super) fn refuses(
        &mut self,
        now: Time,
        state: ObjectState,
        updates: bool,
        sets_alarm: bool,
    ) -> Option<Refusal> {
        match state {
            ObjectState::Storage if updates => self.rows_read.refuses(now).or_else(|| self.rows_written.refuses(now)),
            ObjectState::Storage => self.rows_read.refuses(now),
            ObjectState::WrittenBehind { .. } if sets_alarm => self.rows_written.refuses(now),
            ObjectState::WrittenBehind { .. } | ObjectState::Memory => None,
        }
    }

    /// Why storage refuses to be written.
    pub(super) fn refuses_write(&mut self, now: Time) -> Option<Refusal> {
        self.rows_written.refuses(now)
    }

    /// A request's keys are read, or, by a list, so many rows.
    pub(super) fn read(&mut self, now: Time, request: &Request, rows: u64) {
        let (meter, amount) = if self.unit_bytes.is_none() {
            (MeterId::ObjectRowsRead, rows)
        } else if rows == u64::from(request.keys) {
            let units = |key: Key| u64::from(self.units.get(key.index()).copied().unwrap_or(1));
            (MeterId::ObjectReadUnits, request.all_keys().map(units).sum())
        } else {
            (MeterId::ObjectReadUnits, rows)
        };
        self.rows_read.count(now, amount);
        if now >= self.measured_from {
            self.usage.add(meter, amount);
        }
    }

    /// So many of a request's keys are written.
    pub(super) fn wrote(&mut self, now: Time, request: &Request, keys: u64) {
        let Some(unit) = self.unit_bytes else {
            self.wrote_small(now, keys);
            return;
        };
        let units = request.call.bytes().div_ceil(unit).max(1);
        let last = request.key.index() + usize::from(request.keys);
        if last > self.units.len() {
            self.units.resize(last, 1);
        }
        self.units[request.key.index()..last].fill(u32::try_from(units).unwrap_or(u32::MAX));
        self.wrote_small(now, keys * units);
    }

    /// So much is written of what counts once each: rows, an alarm, keys of which nobody knows the size.
    pub(super) fn wrote_small(&mut self, now: Time, amount: u64) {
        self.rows_written.count(now, amount);
        if now >= self.measured_from {
            let key_value = self.unit_bytes.is_some();
            self.usage.add(if key_value { MeterId::ObjectWriteUnits } else { MeterId::ObjectRowsWritten }, amount);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }
}

/// How far the time of one object that was active is counted: what overlaps is counted once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Activity {
    until: Time,
}

impl Activity {
    /// The object is active from one time until another.
    pub(super) fn add(&mut self, now: Time, (from, until): (Time, Time), day: &mut ObjectDay) {
        let from = from.max(self.until);
        if until > from {
            self.until = until;
            day.duration.count(now, until.since(from).0);
            day.usage.add(MeterId::ObjectDuration, until.since(from.max(day.measured_from)).0);
        }
    }
}
