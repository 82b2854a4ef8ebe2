//! Quotas of a day: how much of one is used, and where in the day's operations it ends.
//!
//! A quota is shared by all keys of an account. Where operations are simulated in the order of time it is counted as they
//! come. Where keys are simulated one after another, the operation at which it ends is found beforehand ([`Tally`]), and
//! each key's share looks it up ([`Cuts`]).

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use crate::model::{Refusal, Span, Time};

use super::figure::UNLIMITED;
use super::platform::Terms;

/// A day.
pub const DAY: Span = Span::from_secs(86_400);

/// The day of a time since a midnight, the first day being 1, and the time of the day.
pub fn day_and_time(since_midnight: Span) -> (u64, Span) {
    (since_midnight.0 / DAY.0 + 1, Span(since_midnight.0 % DAY.0))
}

/// The place of an operation in the order of a day: its time, and its request's random number against ties.
pub type Turn = (Time, u64);

impl Terms {
    /// The number of the day in UTC; the run begins on day 0.
    #[inline]
    pub fn day(&self, now: Time) -> u64 {
        (now.0 + self.starts_at.0) / DAY.0
    }

    /// What the rule's first figure allows in a day; [`UNLIMITED`] where there is no quota.
    pub fn per_day(&self, rule: Refusal) -> u64 {
        rule.facts().figures.first().map_or(UNLIMITED, |figure| self.bound(*figure))
    }
}

/// Where the quotas of each day end: the first operation that is refused, and with it all later ones of that day.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cuts {
    ends: BTreeMap<(Refusal, u64), Turn>,
}

impl Cuts {
    fn of(&self, rule: Refusal, day: u64) -> Turn {
        self.ends.get(&(rule, day)).copied().unwrap_or((Time::NEVER, u64::MAX))
    }
}

/// Finds where quotas end, whatever the order in which operations are told. It keeps no more of a day than its quota.
#[derive(Clone, Debug)]
pub struct Tally {
    terms: Terms,
    /// The earliest operations of each day, one more than the quota allows.
    first: BTreeMap<(Refusal, u64), BinaryHeap<Turn>>,
}

impl Tally {
    /// Nothing told yet.
    pub fn new(terms: &Terms) -> Tally {
        Tally { terms: terms.clone(), first: BTreeMap::new() }
    }

    /// An operation uses so much of a rule's quota.
    pub fn add(&mut self, rule: Refusal, turn: Turn, amount: u64) {
        let quota = self.terms.per_day(rule);
        if quota == UNLIMITED {
            return;
        }
        let first = self.first.entry((rule, self.terms.day(turn.0))).or_default();
        for _ in 0..amount {
            if first.len() as u64 <= quota {
                first.push(turn);
            } else if first.peek().is_some_and(|last| turn < *last) {
                first.pop();
                first.push(turn);
            } else {
                break;
            }
        }
    }

    /// Where each day's quotas end.
    pub fn cuts(&self) -> Cuts {
        let beyond = |(key, first): (&(Refusal, u64), &BinaryHeap<Turn>)| {
            let exceeded = first.len() as u64 > self.terms.per_day(key.0);
            first.peek().filter(|_| exceeded).map(|turn| (*key, *turn))
        };
        Cuts { ends: self.first.iter().filter_map(beyond).collect() }
    }
}

/// What is left of one quota.
#[derive(Clone, Debug)]
pub struct DayQuota {
    rule: Refusal,
    terms: Terms,
    quota: u64,
    day: Option<u64>,
    used: u64,
    /// Known beforehand; `None`: counted.
    cuts: Option<Arc<Cuts>>,
    end: Turn,
}

impl DayQuota {
    /// Of a rule whose first figure is the quota.
    pub fn new(rule: Refusal, terms: &Terms) -> DayQuota {
        DayQuota::of(rule, terms.per_day(rule), terms)
    }

    /// Of a rule whose quota is this much, in what is counted; [`UNLIMITED`] where there is none.
    pub fn of(rule: Refusal, quota: u64, terms: &Terms) -> DayQuota {
        DayQuota { rule, terms: terms.clone(), quota, day: None, used: 0, cuts: None, end: (Time::NEVER, u64::MAX) }
    }

    /// Whether there is a quota at all.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.quota != UNLIMITED
    }

    /// Takes the ends of days as known, instead of counting.
    pub fn know(&mut self, cuts: &Arc<Cuts>) {
        self.cuts = Some(cuts.clone());
    }

    /// Forgets what was used: a new partition starts.
    pub fn begin(&mut self) {
        self.day = None;
    }

    /// Uses so much, for an operation at its turn; the rule where that is more than the day has left. From then on
    /// everything is refused until midnight UTC, however little it would use.
    #[inline]
    pub fn take(&mut self, turn: Turn, amount: u64) -> Option<Refusal> {
        if self.quota == UNLIMITED {
            return None;
        }
        self.turn_to(turn.0);
        if self.cuts.is_none() {
            self.used = self.used.saturating_add(amount);
        }
        (self.used > self.quota || turn >= self.end).then_some(self.rule)
    }

    /// The rule where the day has nothing left: for what is known only when it is done, as the rows that a query reads.
    #[inline]
    pub fn refuses(&mut self, now: Time) -> Option<Refusal> {
        if self.quota == UNLIMITED {
            return None;
        }
        self.turn_to(now);
        (self.used >= self.quota).then_some(self.rule)
    }

    /// Counts what was done, even if it is more than was left.
    #[inline]
    pub fn count(&mut self, now: Time, amount: u64) {
        if self.quota != UNLIMITED {
            self.turn_to(now);
            self.used = self.used.saturating_add(amount);
        }
    }

    #[inline]
    fn turn_to(&mut self, now: Time) {
        let day = self.terms.day(now);
        if self.day != Some(day) {
            self.day = Some(day);
            self.used = 0;
            self.end = self.cuts.as_ref().map_or((Time::NEVER, u64::MAX), |cuts| cuts.of(self.rule, day));
        }
    }
}
