//! Cloudflare's Rate Limiting binding: a limit for each location, in fixed windows of the wall clock.
//!
//! Each machine of a location counts what it admits, and tells the location's other machines in the background. So a
//! location admits the limit and what its machines had not heard of each other, and all locations together many times the
//! limit: "permissive, eventually consistent, and intentionally designed to not be used as an accurate accounting
//! system" (workers/runtime-apis/bindings/rate-limit, read 2026-11).

use crate::history::Note;
use crate::model::{
    Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Version, window_count,
};
use crate::random::{Sampler, Stream, derive};

use super::config::RateLimitingConfig;
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};

/// What one location has counted of one key, in the window that it counts in.
#[derive(Clone, Debug, Default)]
struct Counter {
    window: u32,
    machines: Vec<Machine>,
    /// Admissions that the other machines have not heard of: when they will, and the machine that knows.
    unheard: Vec<(Time, usize)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Machine {
    admitted: u32,
    /// Those of them that all machines know of.
    heard: u32,
}

impl Counter {
    /// What a machine knows of the window: all of its own, and what it has heard of the others.
    fn known(&mut self, now: Time, machine: usize) -> u32 {
        let machines = &mut self.machines;
        self.unheard.retain(|(heard, teller)| {
            let waits = *heard > now;
            if !waits {
                machines[*teller].heard += 1;
            }
            waits
        });
        let all: u32 = machines.iter().map(|machine| machine.heard).sum();
        all - machines[machine].heard + machines[machine].admitted
    }
}

/// The store.
#[derive(Clone, Debug)]
pub struct RateLimiting {
    config: RateLimitingConfig,
    sync: Sampler,
    locations: usize,
    /// By key and location.
    counters: Vec<Counter>,
    newest: Vec<Seen>,
    decisions: u32,
}

impl RateLimiting {
    /// From its plain data.
    pub fn new(config: &RateLimitingConfig) -> RateLimiting {
        RateLimiting {
            sync: Sampler::new(&config.sync_delay),
            config: config.clone(),
            locations: 1,
            counters: Vec::new(),
            newest: Vec::new(),
            decisions: 0,
        }
    }

    fn counter(&mut self, key: Key, location: Location, window: u32) -> &mut Counter {
        let place = key.index() * self.locations + location.index();
        if place >= self.counters.len() {
            self.counters.resize(place + 1, Counter::default());
        }
        let counter = &mut self.counters[place];
        if counter.window != window || counter.machines.is_empty() {
            counter.window = window;
            counter.machines.clear();
            counter.machines.resize(self.config.machines as usize, Machine::default());
            counter.unheard.clear();
        }
        counter
    }

    /// Decides on one request, and says what the machine has counted, it included.
    fn count(&mut self, now: Time, request: &Request, window: u32, limit: u32) -> u32 {
        let machine = Stream::from_entity(derive(request.draw, hop::SERVICE)).below(u64::from(self.config.machines));
        let heard = now + self.sync.span(derive(request.draw, hop::PUSH));
        let counter = self.counter(request.key, request.location, window);
        let known = counter.known(now, machine as usize);
        if known < limit {
            counter.machines[machine as usize].admitted += 1;
            counter.unheard.push((heard, machine as usize));
        }
        known.min(limit) + 1
    }
}

impl Store for RateLimiting {
    /// Nothing travels: a machine decides by itself.
    type Message = ();

    fn idiom(&self) -> Idiom {
        Idiom { atomic: true, several_keys: false }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Groups
    }

    fn begin(&mut self, ground: Ground) {
        self.locations = usize::from(ground.locations).max(1);
        self.counters.clear();
        self.newest.clear();
        self.decisions = 0;
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<()>) {
        self.decisions = self.decisions.wrapping_add(1);
        let value = match request.operation {
            Operation::CountInWindow { window, limit } => {
                Some(window_count(window, self.count(now, request, window, limit)))
            }
            // The scenario's parser lets no other workload come here; what is not a count is nothing.
            _ => None,
        };
        let seen = Seen { version: Version { stamp: now.0 + 1, nonce: self.decisions }, value };
        let place = request.key.index();
        if place >= self.newest.len() {
            self.newest.resize(place + 1, Seen::default());
        }
        self.newest[place] = seen;
        outbox.note(now, Note::Committed { key: request.key, from: request.location, seen });
        outbox.reply(id, Span::ZERO, Answer::of(seen));
    }

    fn deliver(&mut self, _now: Time, (): (), _requests: &Requests, _outbox: &mut Outbox<()>) {}

    fn lost(&mut self, _now: Time, (): (), _requests: &Requests, _outbox: &mut Outbox<()>) {}

    /// Never told: no answer travels.
    fn lost_answer(&self) -> Refusal {
        Refusal::ObjectConnectionLost
    }

    /// What was counted last, anywhere: there is no count of all.
    fn latest(&self, key: Key) -> Seen {
        self.newest.get(key.index()).copied().unwrap_or_default()
    }

    /// Every location counts for itself.
    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        let _ = (now, key, location, answers);
        false
    }
}
