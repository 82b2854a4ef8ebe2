//! The nouns that every room uses: time, places, keys, versions, operations and answers.

mod call;
mod refusal;

pub use call::{Call, Form, Listing, Metadata, Told};
pub use refusal::Refusal;

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::Serialize;

/// The model's version: it changes when the same scenario and seed give other figures.
pub const MODEL: &str = "cf-2026-11";

/// A point in virtual time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Time(pub u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Span(pub u64);

impl Time {
    /// The start of the run.
    pub const START: Time = Time(0);
    /// Later than anything that happens.
    pub const NEVER: Time = Time(u64::MAX);

    /// The time that passed since `earlier`; zero if `earlier` is not earlier.
    #[inline]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the start, for print only.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span.
    pub const MAX: Span = Span(u64::MAX);

    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Span {
        Span(seconds * 1_000_000_000)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Span {
        Span(milliseconds * 1_000_000)
    }

    /// The nearest span to a number of nanoseconds; negative numbers and NaN give zero, too large ones the maximum.
    #[inline]
    pub fn from_nanos_f64(nanoseconds: f64) -> Span {
        // What is not negative has no sign bit, so that one comparison finds all numbers from 0 on.
        if nanoseconds.to_bits() <= Span::PLAIN.to_bits()
            && let Some(span) = Span::plain(nanoseconds)
        {
            return span;
        }
        // `as` saturates, and truncates: adding a half rounds.
        Span((nanoseconds + 0.5) as u64)
    }

    /// The most nanoseconds that [`Span::plain`] knows: 2⁴³, more than two hours.
    pub(crate) const PLAIN: f64 = 8_796_093_022_208.0;

    /// The nearest span to a number of nanoseconds between zero and [`Span::PLAIN`], without a conversion; `None` where it
    /// is too near to the middle between two spans to tell.
    #[inline(always)]
    pub(crate) fn plain(nanoseconds: f64) -> Option<Span> {
        // The last bit of 2⁴⁴ and more is worth a 256th: so the sum is the number and a half, in 256ths, and where these
        // are not whole what lies below the point is surely cut off.
        const HALF: f64 = 17_592_186_044_416.5;
        let bits = (nanoseconds + HALF).to_bits();
        if bits & 0xff != 0 { Some(Span((bits << 12) >> 20)) } else { None }
    }

    /// Seconds, for print only.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The shorter of two spans.
    #[must_use]
    pub fn at_most(self, other: Span) -> Span {
        Span(self.0.min(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    #[inline]
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    /// Saturates at the start of the run.
    #[inline]
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    #[inline]
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Span {
    /// With the unit that leaves the fewest digits: `350 us`, `12.5 ms`, `58.8 s`, `10 min`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "min"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
        ];
        for (size, unit) in UNITS {
            // Days, hours and minutes only where they are whole: "90 s" reads better than "1.5 min".
            let fits = self.0 >= size && (size <= 1_000_000_000 || self.0.is_multiple_of(size));
            if fits {
                let amount = self.0 as f64 / size as f64;
                let text = format!("{amount:.3}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                return write!(f, "{text} {unit}");
            }
        }
        write!(f, "{} ns", self.0)
    }
}

/// A location of the scenario: its index in the scenario's list of places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Location(pub u16);

impl Location {
    /// The index into tables by location.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A key, as an index into the tables of the partition that holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Key(pub u32);

impl Key {
    /// The index into tables by key.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A client (a session, a user's device, one loop of code), counted within its partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Client(pub u32);

/// The place of a write in its key's order, as the store orders writes.
///
/// Workers KV orders by (timestamp of the writer, random nonce) and the last write wins; D1 and Durable Objects order
/// by the moment of commit. Versions are the simulator's truth: clients never see them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version {
    /// Nanoseconds (plus one, so that the initial version is older than every write).
    pub stamp: u64,
    /// Breaks ties.
    pub nonce: u32,
}

impl Version {
    /// What was there before the first write: nothing, or the value that the scenario starts with.
    pub const INITIAL: Version = Version { stamp: 0, nonce: 0 };
}

/// A stored value. What the number means is the workload's business: a count, a unique mark of a write, a window and its count.
pub type Value = i64;

/// What a read found: a version and its value, `None` where the key was absent or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    pub version: Version,
    pub value: Option<Value>,
}

/// What a client asks of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Read; with `cacheTtl` where the caller gives one (Workers KV only).
    Get { cache_ttl: Option<Span> },
    /// Replace the value; with `expirationTtl` where the caller gives one: from then on the key is absent.
    Put { value: Value, ttl: Option<Span> },
    /// Remove the value.
    Delete,
    /// Add in one step (strong stores only): `UPDATE … SET n = n + ?`, or one call of a Durable Object.
    Add { delta: Value },
    /// Count a request in a fixed window and say how many there were, in one step (strong stores only).
    /// The answer's value is packed as in [`window_count`]; its window is the one that the request was counted in.
    CountInWindow { window: u32, limit: u32 },
    /// A page of the keys with a prefix: from the request's key on, in the order of names, at most `limit` of them.
    /// Keys with a common prefix are numbered in a row; `until` is the first one behind them. `prefix` is the number of
    /// the prefix, by which its pages are told from those of another one with the same keys.
    List { until: Key, prefix: u32, limit: u16 },
}

impl Operation {
    /// Whether the operation changes nothing.
    #[inline]
    pub fn is_read(self) -> bool {
        matches!(self, Operation::Get { .. } | Operation::List { .. })
    }

    /// The name in histories and reports.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Get { .. } => "get",
            Operation::Put { .. } => "put",
            Operation::Delete => "delete",
            Operation::Add { .. } => "add",
            Operation::CountInWindow { .. } => "count",
            Operation::List { .. } => "list",
        }
    }

    /// The value that the operation leaves behind, given the value that it finds.
    #[inline]
    pub fn apply(self, found: Option<Value>) -> Option<Value> {
        match self {
            Operation::Get { .. } | Operation::List { .. } => found,
            Operation::Put { value, .. } => Some(value),
            Operation::Delete => None,
            Operation::Add { delta } => Some(found.unwrap_or(0).wrapping_add(delta)),
            Operation::CountInWindow { window, limit } => {
                let (stored, count) = found.map_or((window, 0), split_window_count);
                // A request that was overtaken on its way by one of the next window counts in that one.
                let (window, count) = if stored >= window { (stored, count) } else { (window, 0) };
                Some(window_count(window, (count + 1).min(limit.saturating_add(1))))
            }
        }
    }
}

/// Packs a window's number and the requests counted in it into one value.
#[inline]
pub fn window_count(window: u32, count: u32) -> Value {
    (i64::from(window) << 32) | i64::from(count)
}

/// Unpacks [`window_count`].
#[inline]
pub fn split_window_count(value: Value) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

/// What a store answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What was read, or what the operation left behind; for a refusal, the initial version and no value.
    pub seen: Seen,
    /// What few requests ask for; out of the way, since answers are moved often.
    pub more: Option<Box<More>>,
    /// Set when the store refused; then nothing was read or changed.
    pub refusal: Option<Refusal>,
    /// Whether the answer came from a cache at the location.
    pub cached: bool,
}

/// What an answer says beside one key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct More {
    /// The further keys of a request for several keys, in order; `None` for one key.
    pub others: Option<Box<[Seen]>>,
    /// The answer to a list.
    pub listing: Option<Listing>,
    /// Of each key, where the caller asked for them.
    pub metadata: Option<Box<[Metadata]>>,
}

impl Answer {
    /// One key's answer.
    #[inline]
    pub fn of(seen: Seen) -> Answer {
        Answer { seen, more: None, refusal: None, cached: false }
    }

    /// A refusal.
    pub fn refused(refusal: Refusal) -> Answer {
        Answer { refusal: Some(refusal), ..Answer::of(Seen::default()) }
    }

    /// A page of a list.
    pub fn page(listing: Listing) -> Answer {
        Answer {
            more: Some(Box::new(More { listing: Some(listing), ..More::default() })),
            ..Answer::of(Seen::default())
        }
    }

    /// The answer to a request for several keys: what was found of the first, and of the others.
    #[must_use]
    pub fn with_others(self, others: impl Iterator<Item = Seen>) -> Answer {
        Answer { more: Some(Box::new(More { others: Some(others.collect()), ..More::default() })), ..self }
    }

    /// The further keys of a request for several keys, in order.
    #[inline]
    pub fn others(&self) -> impl Iterator<Item = &Seen> + use<'_> {
        self.more.iter().flat_map(|more| more.others.iter().flatten())
    }

    /// What was found of each key, in order.
    #[inline]
    pub fn all(&self) -> impl Iterator<Item = &Seen> + use<'_> {
        std::iter::once(&self.seen).chain(self.others())
    }

    /// The answer to a list.
    #[inline]
    pub fn listing(&self) -> Option<&Listing> {
        self.more.as_ref().and_then(|more| more.listing.as_ref())
    }

    /// Whether the store did what it was asked.
    #[inline]
    pub fn is_ok(&self) -> bool {
        self.refusal.is_none()
    }
}

/// The number of a request, unique among those in flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u32);

/// One operation on its way, as the engine keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    pub client: Client,
    /// Where the client's code runs.
    pub location: Location,
    /// The first key.
    pub key: Key,
    /// How many keys in a row: 1, or more for a query over several keys. Stores that read or write several keys in one
    /// step say so in their [`Idiom`]; Workers KV only reads them together.
    pub keys: u16,
    /// The unit of the workload that the request belongs to; a Durable Object serves one group.
    pub group: u32,
    pub operation: Operation,
    pub call: Call,
    /// The workload's own mark: which step of which piece of client code this is.
    pub tag: u32,
    /// When the client asked.
    pub start: Time,
    /// Whether the workload wants to be told of the answer.
    pub wants_answer: bool,
    /// The request's own random number: every chance event on its way is a pure function of it.
    pub draw: u64,
    /// Kept by the observer: how many writes to the key were complete when the request started.
    pub completed_before: u64,
    /// Kept by the observer: the newest version of the key that this client had read when the request started.
    pub read_before: Version,
    /// Kept by the observer: the newest version of the key that this client had written when the request started.
    pub written_before: Version,
}

impl Request {
    /// A request of one key without stated sizes, from nobody in particular.
    pub fn plain(operation: Operation, start: Time) -> Request {
        Request {
            client: Client(0),
            location: Location(0),
            key: Key(0),
            keys: 1,
            group: 0,
            operation,
            call: Call::default(),
            tag: 0,
            start,
            wants_answer: false,
            draw: 0,
            completed_before: 0,
            read_before: Version::INITIAL,
            written_before: Version::INITIAL,
        }
    }

    /// When a value that is written at `now` expires.
    #[inline]
    pub fn expiry(&self, now: Time) -> Time {
        match self.operation {
            Operation::Put { ttl: Some(ttl), .. } if self.call.absolute => Time::START + ttl,
            Operation::Put { ttl: Some(ttl), .. } => now + ttl,
            _ => Time::NEVER,
        }
    }

    /// Every key that it asks for, in order.
    pub fn all_keys(&self) -> impl Iterator<Item = Key> + use<> {
        (self.key.0..self.key.0 + u32::from(self.keys)).map(Key)
    }
}

/// How client code uses a store: what a workload's intents are lowered to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Idiom {
    /// The store updates in one step, and the client's code uses that.
    pub atomic: bool,
    /// One request can read or write several keys in one step.
    pub several_keys: bool,
}
