//! What a query costs a D1 database: how long each of its statements keeps it busy, and how many rows it reads and writes.

use crate::limits::{FigureId, Terms};
use crate::model::{Operation, Refusal, Request, Span};
use crate::random::{Sampler, derive};

use super::config::D1Config;
use super::contract::hop;

/// The times of statements, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Statements {
    read: Sampler,
    write: Sampler,
    delete: Sampler,
    /// What each statement takes longer, because no index leads to its row.
    scan: Span,
    batch: bool,
    most: Span,
    queries: u64,
    row_bytes: u64,
    /// Parameters that a statement may bind, and what it binds for each of its keys.
    parameters: (u64, u64),
    statement_too_long: bool,
}

/// How long a query keeps the database busy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy {
    pub span: Span,
    /// Why it has failed then, and nothing was done: its time was over, or a statement or row is too large.
    pub refusal: Option<Refusal>,
}

impl Statements {
    /// From the database's plain data and the platform's terms.
    pub fn new(config: &D1Config, terms: &Terms) -> Statements {
        let more = &config.statements;
        Statements {
            read: Sampler::new(&config.read_time),
            write: Sampler::new(&config.write_time),
            delete: Sampler::new(more.delete_time.as_ref().unwrap_or(&config.write_time)),
            scan: Span(more.scan_row_time.0.saturating_mul(u64::from(more.scan_rows))),
            batch: more.batch,
            most: terms.span(FigureId::D1QueryDuration),
            queries: terms.bound(FigureId::D1Queries),
            row_bytes: terms.bound(FigureId::D1RowBytes),
            parameters: (terms.bound(FigureId::D1Parameters), more.sql.parameters.into()),
            statement_too_long: u64::from(more.sql.bytes) > terms.bound(FigureId::D1StatementBytes),
        }
    }

    /// A query: one statement, or a batch of one for each key, which is one transaction and has one limit of time.
    pub fn busy(&self, request: &Request, draw: u64) -> Busy {
        if let Some(refusal) = self.refuses_text(request) {
            return Busy { span: Span::ZERO, refusal: Some(refusal) };
        }
        let time = match request.operation {
            Operation::Delete => &self.delete,
            operation if operation.is_read() => &self.read,
            _ => &self.write,
        };
        let first = derive(draw, hop::SERVICE);
        let mut span = time.span(first) + self.scan;
        if self.batch {
            for n in 1..u64::from(request.keys) {
                span = span + time.span(derive(first, n)) + self.scan;
            }
        }
        let bytes = request.call.bytes();
        let refusal = if span > self.most {
            Some(Refusal::D1QueryTooLong)
        } else {
            (!request.operation.is_read() && bytes > self.row_bytes).then_some(Refusal::D1RowTooLarge)
        };
        Busy { span: span.at_most(self.most), refusal }
    }

    /// Why the database does not even begin with a query: what it is asked in.
    fn refuses_text(&self, request: &Request) -> Option<Refusal> {
        if self.statement_too_long {
            return Some(Refusal::D1StatementTooLong);
        }
        let (most, for_each) = self.parameters;
        let keys = if self.batch { 1 } else { u64::from(request.keys) };
        (keys * for_each > most).then_some(Refusal::D1TooManyParameters)
    }

    /// Why a query is refused before it leaves its caller: the invocation has made too many.
    pub fn refuses(&self, request: &Request) -> Option<Refusal> {
        (u64::from(request.call.earlier) >= self.queries).then_some(Refusal::D1TooManyQueries)
    }
}
