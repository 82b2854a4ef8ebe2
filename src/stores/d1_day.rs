//! What the queries of a D1 database read and write, in rows: as the meters count them, and as the free plan limits them.
//!
//! How many rows a query reads is known when it has run. So the query at which a day's quota ends is still done, and
//! counted whole; every later one is refused until midnight UTC. Queries that fail read and write nothing.

use crate::limits::day::DayQuota;
use crate::limits::{MeterId, Terms, Usage};
use crate::model::{Answer, Refusal, Request, Time};

use super::config::D1Statements;
use super::contract::Ground;

/// The rows of one account.
#[derive(Clone, Debug)]
pub(super) struct D1Day {
    read: DayQuota,
    written: DayQuota,
    /// For one key: rows read to find it, and rows written.
    find: u64,
    write: u64,
    /// Several keys are as many statements.
    batch: bool,
    usage: Usage,
    measured_from: Time,
}

/// The rows that a request's answer took: those that it names, or, of a page of a list, those that it tells of.
pub(super) fn keys(request: &Request, answer: &Answer) -> u64 {
    answer.listing().map_or(u64::from(request.keys), |listing| listing.told.len().max(1) as u64)
}

impl D1Day {
    pub(super) fn new(statements: &D1Statements, terms: &Terms) -> D1Day {
        D1Day {
            read: DayQuota::new(Refusal::D1RowsReadPerDay, terms),
            written: DayQuota::new(Refusal::D1RowsWrittenPerDay, terms),
            find: u64::from(statements.rows_read()),
            write: u64::from(statements.rows_written()),
            batch: statements.batch,
            usage: Usage::default(),
            measured_from: Time::START,
        }
    }

    /// Whether the plan limits anything by the day.
    pub(super) fn is_limited(&self) -> bool {
        self.read.is_limited() || self.written.is_limited()
    }

    pub(super) fn begin(&mut self, ground: Ground) {
        self.read.begin();
        self.written.begin();
        self.usage = Usage::default();
        self.measured_from = ground.measured.0;
    }

    /// Why a query that arrives is refused, if it is. An update reads its row before it writes it.
    pub(super) fn refuses(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        let writes = !request.operation.is_read();
        self.read.refuses(now).or_else(|| if writes { self.written.refuses(now) } else { None })
    }

    /// A query was done. Without an index every statement looks through the table, whatever it finds there.
    pub(super) fn count(&mut self, now: Time, request: &Request, answer: &Answer) {
        let keys = keys(request, answer);
        let each = self.batch && answer.listing().is_none();
        let read = if each { keys * self.find } else { keys.max(self.find) };
        let written = if request.operation.is_read() { 0 } else { keys * self.write };
        self.read.count(now, read);
        self.written.count(now, written);
        if request.start >= self.measured_from {
            self.usage.add(MeterId::D1RowsRead, read);
            self.usage.add(MeterId::D1RowsWritten, written);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }
}
