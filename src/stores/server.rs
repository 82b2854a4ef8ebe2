//! A single server with a bounded first-come-first-served queue: what a D1 database and a Durable Object have in common.

use std::collections::VecDeque;

use crate::model::{Span, Time};

/// When the server works on a job, or why it does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// The job's turn ends then.
    Done { end: Time },
    /// The queue was full: refused on arrival.
    QueueFull,
    /// The job waited for too long, and was refused then.
    WaitedTooLong { until: Time },
}

/// The server's state. Because service is first come, first served, a job's turn is known when it arrives: nothing needs
/// to be scheduled for its start.
#[derive(Clone, Debug, Default)]
pub struct Server {
    busy_until: Time,
    /// When each waiting job leaves the queue (for its turn, or because it waited too long); never falls.
    leaving: VecDeque<Time>,
    /// When it does nothing: from and until, in the order of time.
    pauses: Vec<(Time, Time)>,
}

impl Server {
    /// A server that does nothing at some times, which are given in their order: what it was doing then takes as much
    /// longer, and what would begin then begins afterwards.
    pub fn pausing(pauses: Vec<(Time, Time)>) -> Server {
        Server { pauses, ..Server::default() }
    }

    /// When a job would begin and end that could begin at `start`.
    fn turn(&self, start: Time, service: Span) -> (Time, Time) {
        let (mut start, mut end) = (start, start + service);
        for (from, until) in &self.pauses {
            if *from <= start && start < *until {
                (start, end) = (*until, *until + service);
            } else if start < *from && *from < end {
                end += until.since(*from);
            }
        }
        (start, end)
    }

    /// Forgets all jobs.
    pub fn reset(&mut self) {
        self.busy_until = Time::START;
        self.leaving.clear();
    }

    /// Whether a job that arrives would wait.
    pub fn is_busy(&self, now: Time) -> bool {
        self.busy_until > now
    }

    /// A job arrives that takes `service`; at most `limit` others may wait, and it waits at most `patience`.
    pub fn arrive(&mut self, now: Time, service: Span, limit: u32, patience: Span) -> Turn {
        while self.leaving.front().is_some_and(|leaves| *leaves <= now) {
            self.leaving.pop_front();
        }
        if self.leaving.len() >= limit as usize && self.busy_until > now {
            return Turn::QueueFull;
        }
        let (start, end) = self.turn(self.busy_until.max(now), service);
        let until = now + patience;
        if start > until {
            self.leaving.push_back(until);
            return Turn::WaitedTooLong { until };
        }
        if start > now {
            self.leaving.push_back(start);
        }
        self.busy_until = end;
        Turn::Done { end: self.busy_until }
    }
}
