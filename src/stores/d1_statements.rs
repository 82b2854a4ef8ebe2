//! What a query costs a D1 database: how long each of its statements keeps it busy, and how many rows it reads and writes.

use crate::limits::{FigureId, Terms};
use crate::model::{Operation, Request, Span};
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
}

/// How long a query keeps the database busy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy {
    pub span: Span,
    /// The platform ends it then: it has failed, and nothing was done.
    pub cut_off: bool,
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
        }
    }

    /// A query: one statement, or a batch of one for each key, which is one transaction and has one limit of time.
    pub fn busy(&self, request: &Request, draw: u64) -> Busy {
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
        Busy { span: span.at_most(self.most), cut_off: span > self.most }
    }
}
