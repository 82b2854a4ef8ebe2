//! What is left of a D1 database where everybody asks it for so many keys at a time, without stated sizes: for whoever
//! simulates it without events.

use crate::limits::{Terms, Usage};
use crate::model::{Answer, Location, Operation, Refusal, Request, Seen, Span, Time};

use super::config::D1Config;
use super::contract::Ground;
use super::d1::tried_again;
use super::d1_day::D1Day;
use super::d1_statements::{Busy, Statements};
use super::server::{Server, Turn};

/// Such a database.
#[derive(Clone, Debug)]
pub struct Alone {
    pub primary: Location,
    keys: u16,
    retries: u8,
    queue_limit: u32,
    queue_timeout: Span,
    statements: Statements,
    server: Server,
    day: D1Day,
}

/// What a query asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    Get,
    Put,
    Delete,
}

impl What {
    /// A query of so many keys that asks for it.
    fn request(self, start: Time, keys: u16) -> Request {
        let operation = match self {
            What::Get => Operation::Get { cache_ttl: None },
            What::Put => Operation::Put { value: 0, ttl: None },
            What::Delete => Operation::Delete,
        };
        Request { keys, ..Request::plain(operation, start) }
    }
}

/// What becomes of a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Became {
    /// Its answer leaves then.
    Answered(Time),
    /// Its refusal leaves then.
    Refused(Time, Refusal),
}

impl Alone {
    /// This database, if nothing about it needs more than is here, for queries of so many keys. Every field is looked at by
    /// name, so that whoever adds one is asked here what it means.
    pub fn of(config: &D1Config, terms: &Terms, keys: u16) -> Option<Alone> {
        let D1Config {
            primary,
            read_time: _,
            write_time: _,
            queue_limit,
            queue_timeout,
            read_retries,
            // Of updates that are more than a put or a delete.
            read_then_write: _,
            replication,
            statements: _,
        } = config;
        let day = D1Day::new(&config.statements, terms);
        let statements = Statements::new(config, terms);
        let refuses = statements.refuses(&What::Get.request(Time::START, keys)).is_some();
        if replication.is_some() || day.is_limited() || refuses {
            return None;
        }
        Some(Alone {
            primary: *primary,
            keys,
            retries: *read_retries,
            queue_limit: *queue_limit,
            queue_timeout: *queue_timeout,
            statements,
            server: Server::default(),
            day,
        })
    }

    /// Nobody has asked for anything; what starts from then on is measured.
    pub fn begin(&mut self, measured_from: Time) {
        self.server.reset();
        let measured = (measured_from, Time::NEVER);
        self.day.begin(Ground { groups: 0, locations: 0, initial: None, measured });
    }

    /// A query arrives that started then; `draw` is that of this try. What it reads and writes is counted, if it is wanted.
    pub fn query(&mut self, now: Time, what: What, start: Time, draw: u64, counts: bool) -> Became {
        let request = what.request(start, self.keys);
        let Busy { span, refusal } = self.statements.busy(&request, draw);
        match self.server.arrive(now, span, self.queue_limit, self.queue_timeout) {
            Turn::Done { end } => match refusal {
                Some(refusal) => Became::Refused(end, refusal),
                None => {
                    if counts {
                        self.day.count(now, &request, &Answer::of(Seen::default()));
                    }
                    Became::Answered(end)
                }
            },
            Turn::QueueFull => Became::Refused(now, Refusal::D1QueueFull),
            Turn::WaitedTooLong { until } => Became::Refused(until, Refusal::D1QueuedTooLong),
        }
    }

    /// Whether a query that was refused after so many tries is tried again.
    pub fn tries_again(&self, what: What, refusal: Refusal, tries: u8) -> bool {
        tries < self.retries && tried_again(&what.request(Time::START, self.keys), refusal)
    }

    /// What was read and written.
    pub fn usage(&self) -> Usage {
        self.day.usage()
    }
}
