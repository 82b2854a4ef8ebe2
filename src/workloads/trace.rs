//! Operations from a file, perhaps with readers around its writes.

use std::collections::VecDeque;

use crate::metrics::Judgement;
use crate::model::{Answer, Call, Key, Location, Operation, Request, Seen, Span, Time, Value};
use crate::random::{StreamKey, chance};

use super::arrivals::{Arrivals, Source, any_edge};
use super::config::{Shape, TraceConfig, TraceOperation, ValuesConfig};
use super::contract::{Ask, Desk, Groups, Workload};
use super::trace_feed::{Feed, Placed};
use super::trace_file::TraceError;
use super::trace_names::Clients;
use super::trace_picked::Picked;
use super::values::Values;

/// The next row comes into sight, `within` before its time.
const SIGHT: u64 = 1 << 32;
/// The first row in sight takes place.
const ROW: u64 = 2 << 32;

/// The tag of a read that an increment waits for.
const INCREMENT: u32 = 1;

/// A key's readers, where the scenario has them.
#[derive(Clone, Copy, Debug)]
struct Readers {
    source: Source,
    /// They stop then; nobody reads when this is past.
    until: Time,
    reading: bool,
}

/// The seeded rule for rows without an operation, of one replication.
#[derive(Clone, Copy, Debug)]
pub struct OperationRule {
    key: StreamKey,
    writes: u64,
    default: TraceOperation,
}

impl OperationRule {
    /// From the plain data of a trace, and the key for arrivals.
    pub fn new(config: &TraceConfig, key: StreamKey) -> OperationRule {
        OperationRule { key, writes: chance(config.write_share), default: config.default_operation }
    }

    /// What a row of this number asks for: the default, or by chance a put.
    #[inline]
    pub fn operation(&self, number: u64) -> TraceOperation {
        let put = self.writes > 0 && self.key.stream(number).happens(self.writes);
        if put { TraceOperation::Put } else { self.default }
    }
}

/// The workload: one stream of rows.
#[derive(Debug)]
pub struct Trace {
    config: TraceConfig,
    feed: Feed,
    /// Rows that are replayed instead of those of the feed.
    picked: Option<Picked>,
    arrivals: Arrivals,
    key: StreamKey,
    edges: u16,
    rule: OperationRule,
    next: Option<Placed>,
    in_sight: VecDeque<Placed>,
    readers: Vec<Readers>,
    clients: Clients,
    written: Value,
    values: Option<Values>,
}

impl Trace {
    /// From its plain data; the keys are for arrivals, places and sizes, `places` are the codes of the edges.
    pub fn new(config: &TraceConfig, [key, placement, sizes]: [StreamKey; 3], places: &[String]) -> Trace {
        let edges = places.len() as u16;
        Trace {
            feed: Feed::new(&config.source, places, edges, placement),
            picked: None,
            arrivals: Arrivals::new(&Shape::Poisson),
            rule: OperationRule::new(config, key),
            values: config.values.as_ref().map(|values| Values::new(values, sizes)),
            config: config.clone(),
            key,
            edges,
            next: None,
            in_sight: VecDeque::new(),
            readers: Vec::new(),
            clients: Clients::default(),
            written: 0,
        }
    }

    /// Replays these rows and no others.
    pub fn replay_only(&mut self, picked: Picked) {
        self.picked = Some(picked);
    }

    /// How far ahead of its time a row must be known.
    fn sight(&self) -> Span {
        self.config.readers.map_or(Span::ZERO, |readers| readers.within)
    }

    fn rate(&self) -> f64 {
        self.config.readers.map_or(0.0, |readers| readers.rate * f64::from(self.edges))
    }

    fn read_on(&mut self, desk: &mut Desk<'_>) {
        self.next = match &mut self.picked {
            Some(picked) => picked.next_row(),
            None => self.feed.next_row(),
        };
        if let Some(placed) = self.next {
            // Rows at or after the end of the run have readers before it: the wake-up counts, not the row.
            desk.wake((placed.row.at - self.sight()).max(desk.now), SIGHT);
        }
    }

    /// What an operation on a key says beside it.
    fn call(&self, group: u32, operation: Operation) -> Call {
        let Some(values) = &self.values else { return Call::default() };
        let key_bytes = match &self.picked {
            Some(picked) => picked.key_bytes(group),
            None => self.feed.key_bytes(group),
        };
        values.call(self.identity(group), operation, key_bytes)
    }

    /// A row comes into sight: its readers start, and it waits for its time.
    fn sighted(&mut self, desk: &mut Desk<'_>) {
        let Some(placed) = self.next.take() else { return };
        if self.config.readers.is_some() {
            self.start_readers(placed, desk);
            desk.wake(placed.row.at, ROW);
            self.in_sight.push_back(placed);
        } else if !placed.left_out {
            self.act(placed, desk);
        }
        self.read_on(desk);
    }

    fn start_readers(&mut self, placed: Placed, desk: &mut Desk<'_>) {
        let rate = self.rate();
        if placed.group as usize >= self.readers.len() {
            let source = self.arrivals.first(self.key.stream(self.feed.name(placed.group)), rate).0;
            let idle = Readers { source, until: Time::START, reading: false };
            self.readers.push(idle);
        }
        let within = self.sight();
        let readers = &mut self.readers[placed.group as usize];
        readers.until = readers.until.max(placed.row.at + within);
        if !readers.reading {
            readers.reading = true;
            let at = self.arrivals.next(&mut readers.source, desk.now, rate);
            desk.wake(at, u64::from(placed.group));
        }
    }

    fn read(&mut self, group: u32, desk: &mut Desk<'_>) {
        let rate = self.rate();
        let readers = &mut self.readers[group as usize];
        if desk.now > readers.until {
            readers.reading = false;
            return;
        }
        let location = any_edge(&mut readers.source.stream, self.edges);
        let next = self.arrivals.next(&mut readers.source, desk.now, rate);
        desk.wake(next, u64::from(group));
        self.ask(desk, (u32::from(location.0), location), group, self.get(), 0);
    }

    fn act(&mut self, placed: Placed, desk: &mut Desk<'_>) {
        let edges = u32::from(self.edges);
        let named = || placed.row.client.map(|name| edges + self.clients.number(name));
        let client = placed.client.or_else(named).unwrap_or(placed.location.0.into());
        let operation = match placed.row.operation.unwrap_or_else(|| self.rule.operation(placed.number)) {
            TraceOperation::Get => self.get(),
            TraceOperation::Delete => Operation::Delete,
            TraceOperation::Put => {
                self.written = placed.puts.unwrap_or(self.written) + 1;
                let sized = self.values.is_some().then_some(placed.row.size_bytes).flatten();
                let value = sized.map_or(self.written, |bytes| Values::sized(self.written, bytes));
                Operation::Put { value, ttl: placed.row.ttl.or(self.of_values(|all| all.expiration_ttl)) }
            }
            TraceOperation::Add if desk.idiom.atomic => Operation::Add { delta: 1 },
            TraceOperation::Add => {
                return self.ask(desk, (client, placed.location), placed.group, self.get(), INCREMENT);
            }
        };
        self.ask(desk, (client, placed.location), placed.group, operation, 0);
    }

    fn of_values<T>(&self, field: impl Fn(&ValuesConfig) -> Option<T>) -> Option<T> {
        self.values.as_ref().and_then(|values| field(&values.config))
    }

    fn get(&self) -> Operation {
        Operation::Get { cache_ttl: self.of_values(|all| all.cache_ttl) }
    }

    fn ask(&self, desk: &mut Desk<'_>, who: (u32, Location), group: u32, operation: Operation, tag: u32) {
        let (client, location) = who;
        let (wants_answer, call) = (tag == INCREMENT, self.call(group, operation));
        desk.ask(Ask { wants_answer, call, ..Ask::of_group(group, client, location, operation, tag) });
    }
}

impl Workload for Trace {
    fn groups(&self) -> Groups {
        Groups::Stream
    }

    fn initial(&self) -> Option<Value> {
        Some(0)
    }

    fn sessions(&self) -> bool {
        self.config.source.client.is_some()
    }

    fn begin(&mut self, _first_group: u32, _groups: u32, desk: &mut Desk<'_>) {
        self.in_sight.clear();
        self.readers.clear();
        self.clients.clear();
        self.written = 0;
        match &mut self.picked {
            Some(picked) => picked.begin(),
            None => self.feed.begin(),
        }
        self.read_on(desk);
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        match token {
            SIGHT => self.sighted(desk),
            ROW => {
                if let Some(placed) = self.in_sight.pop_front() {
                    self.act(placed, desk);
                }
            }
            group => self.read(group as u32, desk),
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        if request.tag == INCREMENT && answer.is_ok() {
            let value = answer.seen.value.unwrap_or(0) + 1;
            let put = Operation::Put { value, ttl: None };
            self.ask(desk, (request.client.0, request.location), request.group, put, 0);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}

    fn value_bytes(&self, key: Key, value: Value) -> u32 {
        self.values.as_ref().map_or(0, |all| all.bytes_of(self.identity(key.0), value))
    }

    fn metadata_bytes(&self, _key: Key, value: Value) -> u16 {
        self.values.as_ref().map_or(0, |all| all.metadata_of(value))
    }

    fn states_sizes(&self) -> bool {
        self.values.is_some()
    }

    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        self.values.as_ref().map_or(Span::ZERO, |all| all.config.parse.time(call, bytes))
    }

    fn identity(&self, group: u32) -> u64 {
        self.picked.as_ref().map_or_else(|| self.feed.name(group), |picked| picked.name(group))
    }

    fn failure(&mut self) -> Option<TraceError> {
        self.feed.take_failure()
    }
}
