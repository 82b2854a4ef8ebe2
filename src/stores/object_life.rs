//! The life of one object: how long it stays in memory, when it is restarted, and what it forgets then.
//!
//! Nothing is scheduled: an object that slept is found asleep by the next request, and because restarts are drawn ahead,
//! it is known when work begins whether a restart will end it.

use crate::model::{Span, Time};
use crate::random::{Law, Sampler, Stream, derive};

use super::config::ObjectLife;

/// The laws by which objects live.
#[derive(Clone, Debug)]
pub struct Habits {
    hibernate_after: Option<Span>,
    evict_after: Sampler,
    cold_start: Sampler,
    restart_every: Option<Sampler>,
    /// Faults that restart every object once, each at a time of its own: from and until, one after another.
    restarts: Vec<(Time, Time)>,
}

impl Habits {
    /// From their plain data.
    pub fn new(config: &ObjectLife) -> Habits {
        Habits {
            hibernate_after: config.hibernates.then_some(config.hibernate_after),
            evict_after: Sampler::new(&config.evict_after),
            cold_start: Sampler::new(&config.cold_start),
            restart_every: config.restart_every.as_ref().map(Sampler::new),
            restarts: Vec::new(),
        }
    }

    /// The same under faults that restart every object once, each at a time of its own: from and until, one after another.
    #[must_use]
    pub fn restarted(self, restarts: Vec<(Time, Time)>) -> Habits {
        Habits { restarts, ..self }
    }
}

/// Whether it matters how objects live that keep all in storage: whether they start in no time, are never restarted, and may
/// hibernate; one that may not is charged for its idle time.
pub(super) fn matters(config: &ObjectLife) -> bool {
    let ObjectLife { hibernates, hibernate_after: _, evict_after: _, cold_start, restart_every } = config;
    restart_every.is_some() || *cold_start != Law::Constant(Span::ZERO) || !hibernates
}

/// The draws of a life, numbered within its own number.
const IDLE: u64 = 0;
const COLD: u64 = 1;
const RESTART: u64 = 2;
const ALARM: u64 = 3;
const KINDS: u64 = 4;
/// When faults restart it, one after another: apart from all else, so that a fault shifts no other draw.
const FAULTS: u64 = 1 << 63;

/// Where one object is in its life.
#[derive(Clone, Debug)]
pub struct Life {
    /// What its chances are derived from.
    number: u64,
    in_memory: bool,
    /// It has something to do until then.
    active_until: Time,
    /// How often it was called after having nothing to do.
    idle_periods: u64,
    cold_starts: u64,
    restarts: u64,
    next_drawn: Time,
    /// Restarts by faults that are over.
    faults: usize,
    next_restart: Time,
}

/// How an object is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// What it had in memory is gone since it was last called.
    pub forgot: bool,
    /// It was restarted since then: nothing waits for it any more.
    pub restarted: bool,
    /// Its first request waits for so long.
    pub cold_start: Span,
    /// It may not hibernate, had nothing to do, and was in memory all the same: from and until.
    pub idled: (Time, Time),
}

impl Life {
    /// An object that nobody has called yet; all its chances follow from `number`.
    pub fn new(number: u64, habits: &Habits) -> Life {
        let mut life = Life {
            number,
            in_memory: false,
            active_until: Time::START,
            idle_periods: 0,
            cold_starts: 0,
            restarts: 0,
            next_drawn: Time::START,
            faults: 0,
            next_restart: Time::START,
        };
        life.draw_restart(habits);
        life.next_restart = life.next_drawn.min(life.next_fault(habits));
        life
    }

    fn draw(&self, kind: u64, n: u64) -> u64 {
        derive(self.number, n * KINDS + kind)
    }

    /// The draw of the n-th run of its alarm.
    pub fn draw_of_alarm(&self, n: u64) -> u64 {
        self.draw(ALARM, n)
    }

    fn draw_restart(&mut self, habits: &Habits) {
        let draw = self.draw(RESTART, self.restarts);
        self.restarts += 1;
        self.next_drawn = habits.restart_every.as_ref().map_or(Time::NEVER, |law| {
            // At least a nanosecond, so that time goes on.
            self.next_drawn + law.span(draw).max(Span(1))
        });
    }

    /// When a fault restarts it next.
    fn next_fault(&self, habits: &Habits) -> Time {
        let draw = derive(self.number, FAULTS + self.faults as u64);
        habits
            .restarts
            .get(self.faults)
            .map_or(Time::NEVER, |(from, until)| *from + Span(Stream::from_entity(draw).below(until.since(*from).0)))
    }

    /// It is restarted, for one reason or another.
    fn restart(&mut self, habits: &Habits) {
        if self.next_restart == self.next_drawn {
            self.draw_restart(habits);
        } else {
            self.faults += 1;
        }
        self.next_restart = self.next_drawn.min(self.next_fault(habits));
    }

    /// Something arrives for it now.
    pub fn call(&mut self, now: Time, habits: &Habits) -> Found {
        let idled = self.idle(now, habits);
        let mut found = Found { forgot: false, restarted: false, cold_start: Span::ZERO, idled };
        while self.next_restart <= now {
            found.restarted = true;
            self.restart(habits);
        }
        let mut asleep = false;
        if now > self.active_until && self.in_memory {
            let draw = self.draw(IDLE, self.idle_periods);
            self.idle_periods += 1;
            let patience = habits.hibernate_after.unwrap_or_else(|| habits.evict_after.span(draw));
            asleep = now.since(self.active_until) > patience;
        }
        found.forgot = self.in_memory && (found.restarted || asleep);
        if found.forgot || !self.in_memory {
            found.cold_start = habits.cold_start.span(self.draw(COLD, self.cold_starts));
            self.cold_starts += 1;
            self.in_memory = true;
        }
        found
    }

    /// From when until when it has nothing to do and stays in memory nevertheless, as far as it is known at `now`.
    pub fn idle(&self, now: Time, habits: &Habits) -> (Time, Time) {
        let from = self.active_until;
        if habits.hibernate_after.is_some() || !self.in_memory || now <= from {
            return (from, from);
        }
        let patience = habits.evict_after.span(self.draw(IDLE, self.idle_periods));
        (from, now.min(from + patience).min(self.next_restart.max(from)))
    }

    /// It has something to do until `until`, or until it is restarted.
    pub fn works(&mut self, until: Time) {
        self.active_until = self.active_until.max(until.min(self.next_restart));
    }

    /// When it is restarted next.
    pub fn next_restart(&self) -> Time {
        self.next_restart
    }
}
