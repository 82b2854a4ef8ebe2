//! What goes wrong with the platform in a run, and when: plain data, which the network and the stores ask.
//!
//! To add a kind: a variant of [`FaultKind`], the question that whoever suffers it asks, and its reader in the scenario's
//! parser. A fault is asked for at a time and draws nothing itself; what it leaves to chance is a draw of the request.

use serde::Serialize;

use crate::model::{Location, Span, Time};
use crate::random::chance;

/// One fault.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fault {
    /// The name in files and pictures.
    pub name: String,
    pub kind: FaultKind,
    /// It holds from here …
    pub from: Time,
    /// … until just before this.
    pub until: Time,
    /// The store that meets it; `None`: every store that it can befall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum FaultKind {
    /// The central store of Workers KV fails this share of what reaches it; caches go on answering.
    CentralOutage { failing: f64, refill: Option<Refill> },
    /// Workers KV fails this share of all operations, cached or not, with this status.
    KvErrors { failing: f64, status: KvStatus },
    /// A place is cut off: no message leaves or reaches it. Whoever waits for one gives up after `timeout`.
    Cut { place: Location, timeout: Span },
    /// Messages from or to a place, or all of them, take longer.
    SlowNetwork { place: Option<Location>, factor: f64, added: Span },
    /// Versions that commit meanwhile reach locations and replicas later.
    SlowReplication { factor: f64, added: Span },
    /// A D1 database, replicas and all, does nothing.
    D1Stall,
    /// Nobody reaches a Durable Object. Whoever waits for one gives up after `timeout`.
    ObjectPartition { timeout: Span },
    /// Durable Objects are restarted, each once, at a time of its own while the fault holds.
    ObjectRestart,
    /// A location's clock is ahead by so many nanoseconds, or behind.
    ClockSkew { place: Location, nanos: i64 },
}

/// After an outage: the central store takes only so many reads per second, for so long.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Refill {
    pub length: Span,
    pub reads_per_second: u32,
}

/// The HTTP status behind an error of Workers KV.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum KvStatus {
    /// `401 Unauthorized`.
    Unauthorized,
    /// `503 Service Unavailable`.
    Unavailable,
}

impl FaultKind {
    /// The word in scenario files.
    pub fn word(&self) -> &'static str {
        match self {
            FaultKind::CentralOutage { .. } => "central_outage",
            FaultKind::KvErrors { .. } => "kv_errors",
            FaultKind::Cut { .. } => "cut",
            FaultKind::SlowNetwork { .. } => "slow_network",
            FaultKind::SlowReplication { .. } => "slow_replication",
            FaultKind::D1Stall => "d1_stall",
            FaultKind::ObjectPartition { .. } => "object_partition",
            FaultKind::ObjectRestart => "object_restart",
            FaultKind::ClockSkew { .. } => "clock_skew",
        }
    }
}

impl Fault {
    /// Whether it holds at a time.
    #[inline]
    pub fn holds(&self, at: Time) -> bool {
        self.from <= at && at < self.until
    }

    /// Until when it is felt by itself: an outage with a limited refill is over when that is.
    pub fn over(&self) -> Time {
        match &self.kind {
            FaultKind::CentralOutage { refill: Some(refill), .. } => self.until + refill.length,
            _ => self.until,
        }
    }
}

/// What the central store of Workers KV does with what reaches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Central {
    /// Its work.
    Well,
    /// It fails those whose draw is at most this.
    Failing(u64),
    /// It takes so many reads in each second, counted from the end of the outage; this is the second's number.
    Refilling { second: u64, reads: u32 },
}

/// All faults that somebody can meet; most often none.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// From a list.
    pub fn new(list: Vec<Fault>) -> Faults {
        Faults { list }
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Each of them, in the scenario's order.
    pub fn all(&self) -> &[Fault] {
        &self.list
    }

    /// Those that the store of this name can meet; `objects` says that there are Durable Objects in it.
    #[must_use]
    pub fn of_store(&self, name: &str, objects: bool) -> Faults {
        let meets = |fault: &&Fault| {
            fault.store.as_deref().is_none_or(|store| store == name)
                && (objects || !matches!(fault.kind, FaultKind::ObjectPartition { .. } | FaultKind::ObjectRestart))
        };
        Faults { list: self.list.iter().filter(meets).cloned().collect() }
    }

    /// What the central store of Workers KV does at a time.
    pub fn central(&self, at: Time) -> Central {
        for fault in &self.list {
            let FaultKind::CentralOutage { failing, refill } = &fault.kind else { continue };
            if fault.holds(at) {
                return Central::Failing(chance(*failing));
            }
            if let Some(refill) = refill
                && fault.until <= at
                && at < fault.over()
                && fault.from < fault.until
            {
                let second = at.since(fault.until).0 / Span::from_secs(1).0;
                return Central::Refilling { second, reads: refill.reads_per_second };
            }
        }
        Central::Well
    }

    /// Whether reads share a limit after an outage: then all keys must be simulated together.
    pub fn couples_reads(&self) -> bool {
        self.list.iter().any(|fault| matches!(fault.kind, FaultKind::CentralOutage { refill: Some(_), .. }))
    }

    /// Of the operations of Workers KV that start at a time, those fail whose draw is at most this.
    pub fn kv_errors(&self, at: Time) -> Option<(u64, KvStatus)> {
        self.list.iter().find_map(|fault| match fault.kind {
            FaultKind::KvErrors { failing, status } if fault.holds(at) => Some((chance(failing), status)),
            _ => None,
        })
    }

    /// When a D1 database does nothing: from and until, in the order of time.
    pub fn stalls(&self) -> Vec<(Time, Time)> {
        self.times(&FaultKind::D1Stall)
    }

    /// When Durable Objects are restarted, each at a time of its own: from and until, in the order of time.
    pub fn restarts(&self) -> Vec<(Time, Time)> {
        self.times(&FaultKind::ObjectRestart)
    }

    fn times(&self, kind: &FaultKind) -> Vec<(Time, Time)> {
        let mine = self.list.iter().filter(|fault| fault.kind == *kind && fault.from < fault.until);
        let mut times: Vec<(Time, Time)> = mine.map(|fault| (fault.from, fault.until)).collect();
        times.sort_unstable();
        times
    }

    /// Whether a message can be lost because a place is cut off.
    pub fn cut_anything(&self) -> bool {
        self.list.iter().any(|fault| matches!(fault.kind, FaultKind::Cut { .. }))
    }

    /// How far a location's clock is ahead at a time, in nanoseconds, beyond what it always is.
    pub fn skew(&self, at: Time, location: Location) -> i64 {
        let skew = |fault: &Fault| match fault.kind {
            FaultKind::ClockSkew { place, nanos } if place == location && fault.holds(at) => nanos,
            _ => 0,
        };
        self.list.iter().map(skew).fold(0, i64::saturating_add)
    }

    /// When a version that committed then has reached a location, given its own delay. What a cut keeps from arriving is
    /// sent again when the cut is over, and takes its delay again.
    pub fn replicated(&self, committed: Time, location: Location, delay: Span) -> Time {
        let mut delay = delay;
        for fault in self.list.iter().filter(|fault| fault.holds(committed)) {
            if let FaultKind::SlowReplication { factor, added } = fault.kind {
                delay = stretched(delay, factor) + added;
            }
        }
        let mut arrives = committed + delay;
        // A cut may end within another one, so look again until none holds.
        while let Some(cut) = self.list.iter().find(|fault| fault.holds(arrives) && fault.cuts(location)) {
            arrives = cut.until + delay;
            if cut.until == Time::NEVER {
                break;
            }
        }
        arrives
    }

    /// The longest time from a commit until a version is everywhere, given the longest delay without faults.
    pub fn replicated_within(&self, longest: Span) -> Span {
        let mut within = longest;
        for fault in &self.list {
            if let FaultKind::SlowReplication { factor, added } = fault.kind {
                within = stretched(within, factor.max(1.0)) + added;
            }
        }
        let cuts = self.list.iter().filter(|fault| matches!(fault.kind, FaultKind::Cut { .. }));
        cuts.fold(within, |sum, cut| sum + cut.until.since(cut.from) + within)
    }

    /// When a message arrives that leaves then and would take so long; where it is lost, when its sender gives up. `object`
    /// says whether a Durable Object gets it or has sent it.
    pub fn passage(
        &self,
        leaves: Time,
        (from, to): (Location, Location),
        way: Span,
        object: bool,
    ) -> Result<Time, Time> {
        let mut way = way;
        for fault in self.list.iter().filter(|fault| fault.holds(leaves) && from != to) {
            if let FaultKind::SlowNetwork { place, factor, added } = fault.kind
                && place.is_none_or(|place| place == from || place == to)
            {
                way = stretched(way, factor) + added;
            }
        }
        let arrives = leaves + way;
        for fault in &self.list {
            match fault.kind {
                FaultKind::Cut { place, timeout }
                    if from != to
                        && ((place == from && fault.holds(leaves)) || (place == to && fault.holds(arrives))) =>
                {
                    return Err(leaves + timeout);
                }
                FaultKind::ObjectPartition { timeout } if object && (fault.holds(leaves) || fault.holds(arrives)) => {
                    return Err(leaves + timeout);
                }
                _ => {}
            }
        }
        Ok(arrives)
    }
}

impl Fault {
    fn cuts(&self, location: Location) -> bool {
        matches!(self.kind, FaultKind::Cut { place, .. } if place == location)
    }
}

/// A span times a factor that is not negative.
fn stretched(span: Span, factor: f64) -> Span {
    Span::from_nanos_f64(span.0 as f64 * factor)
}
