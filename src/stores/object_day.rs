//! What objects use: requests, time in which they are active, and rows; as the meters count it and the free plan limits it.
//!
//! A request counts when it is made. Rows count when they are read or written, and an object's time when it takes on what
//! keeps it active: the request at which a day's quota ends is still served, every later one refused until midnight UTC.

use crate::limits::day::DayQuota;
use crate::limits::{FigureId, MeterId, Terms, Usage};
use crate::model::{Refusal, Request, Time};

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
}

impl ObjectDay {
    /// Requests are calls, or messages of WebSockets, of which several count as one.
    pub(super) fn new(websocket: bool, terms: &Terms) -> ObjectDay {
        let per_request = if websocket { terms.bound(FigureId::ObjectMessagesPerRequest) } else { 1 };
        let requests = terms.bound(FigureId::ObjectRequestsPerDay).saturating_mul(per_request);
        ObjectDay {
            requests: DayQuota::of(Refusal::ObjectRequestsPerDay, requests, terms),
            duration: DayQuota::of(Refusal::ObjectDurationPerDay, terms.object_ns_per_day(), terms),
            rows_read: DayQuota::new(Refusal::ObjectRowsReadPerDay, terms),
            rows_written: DayQuota::new(Refusal::ObjectRowsWrittenPerDay, terms),
            usage: Usage::default(),
            measured_from: Time::START,
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

    /// Why storage refuses to be read.
    pub(super) fn refuses_read(&mut self, now: Time) -> Option<Refusal> {
        self.rows_read.refuses(now)
    }

    /// Why storage refuses to be written.
    pub(super) fn refuses_write(&mut self, now: Time) -> Option<Refusal> {
        self.rows_written.refuses(now)
    }

    pub(super) fn read(&mut self, now: Time, rows: u64) {
        self.rows_read.count(now, rows);
        if now >= self.measured_from {
            self.usage.add(MeterId::ObjectRowsRead, rows);
        }
    }

    pub(super) fn wrote(&mut self, now: Time, rows: u64) {
        self.rows_written.count(now, rows);
        if now >= self.measured_from {
            self.usage.add(MeterId::ObjectRowsWritten, rows);
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
