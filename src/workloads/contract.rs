//! What every workload promises: woken or answered, it asks for operations and for further wake-ups at its desk.
//!
//! A workload turns what its users want into operations in the store's idiom, judges what came of it as its users would,
//! and never looks at a clock or a store of its own.

use crate::metrics::{Judgement, Measurements, Window};
use crate::model::{Answer, Call, Client, Idiom, Key, Location, Operation, Request, Seen, Span, Time, Value};

/// How a workload divides into groups that never meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Groups {
    /// So many, each of which can be simulated alone.
    Fixed(u32),
    /// Found while a file is read: one partition, in the order of time.
    Stream,
}

/// Something that acts on a store.
pub trait Workload {
    /// How it divides.
    fn groups(&self) -> Groups;

    /// What every key holds at the start.
    fn initial(&self) -> Option<Value>;

    /// Whether its clients are sessions, so that session guarantees mean something.
    fn sessions(&self) -> bool;

    /// Whether it asks for lists, so that they are judged.
    fn lists(&self) -> bool {
        false
    }

    /// Whether clients ask the same whatever they are answered: nothing is asked in [`answered`](Workload::answered), and
    /// nothing depends on an answer.
    fn is_open(&self) -> bool {
        false
    }

    /// A partition starts, with these groups. Every group's arrivals are a pure function of its number.
    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>);

    /// The wake-up that was asked for with this token.
    fn wake(&mut self, token: u64, desk: &mut Desk<'_>);

    /// A request that wanted its answer is answered.
    fn answered(&mut self, request: &Request, answer: &Answer, judgement: Judgement, desk: &mut Desk<'_>);

    /// All is done; `latest` tells what the store holds.
    fn end(&mut self, latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>);

    /// The size of a value that it has put. Asked only of calls that state sizes.
    fn value_bytes(&self, key: Key, value: Value) -> u32 {
        let _ = (key, value);
        0
    }

    /// The size of the metadata that the put of a value sent; 0: none. Asked only of calls that ask for metadata.
    fn metadata_bytes(&self, key: Key, value: Value) -> u16 {
        let _ = (key, value);
        0
    }

    /// Whether its calls state sizes, so that what is stored is known.
    fn states_sizes(&self) -> bool {
        false
    }

    /// Tells of each key that holds a value at the start, where its size is known: its group in the partition, the key, and
    /// the bytes of both.
    fn stored_at_start(&self, first_group: u32, groups: u32, tell: &mut dyn FnMut(u32, Key, u64)) {
        let _ = (first_group, groups, tell);
    }

    /// How long the caller's code takes to make what a call asked for of so many bytes.
    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        let _ = (call, bytes);
        Span::ZERO
    }

    /// The number that identifies a group of a stream, for its random numbers; fixed groups are their own.
    fn identity(&self, group: u32) -> u64 {
        u64::from(group)
    }

    /// What made the workload stop before its end: a trace that cannot be read on.
    fn failure(&mut self) -> Option<super::trace_file::TraceError> {
        None
    }
}

/// What a workload asks for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ask {
    pub client: Client,
    pub location: Location,
    pub key: Key,
    /// How many keys in a row; more than one only for reads, and where the idiom allows it.
    pub keys: u16,
    /// Counted within the partition.
    pub group: u32,
    pub operation: Operation,
    pub call: Call,
    /// Comes back with the answer.
    pub tag: u32,
    pub wants_answer: bool,
}

impl Ask {
    /// An operation on the one key of a group, whose answer is wanted.
    #[inline]
    pub fn of_group(group: u32, client: u32, location: Location, operation: Operation, tag: u32) -> Ask {
        Ask {
            client: Client(client),
            location,
            key: Key(group),
            keys: 1,
            group,
            operation,
            call: Call::default(),
            tag,
            wants_answer: true,
        }
    }
}

/// Where a workload leaves what it wants, and what it found out.
#[derive(Debug)]
pub struct Desk<'a> {
    pub now: Time,
    pub window: Window,
    pub idiom: Idiom,
    pub measurements: &'a mut Measurements,
    pub asked: &'a mut Vec<Asked>,
}

/// One wish of a workload.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Asked {
    Request(Ask),
    Wake { at: Time, token: u64 },
}

impl Desk<'_> {
    /// Asks for an operation, now.
    #[inline]
    pub fn ask(&mut self, ask: Ask) {
        self.asked.push(Asked::Request(ask));
    }

    /// Asks to be woken. After the end of the run nobody is woken: clients have stopped acting.
    #[inline]
    pub fn wake(&mut self, at: Time, token: u64) {
        if at < self.window.until {
            self.asked.push(Asked::Wake { at, token });
        }
    }

    /// Whether what started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }
}
