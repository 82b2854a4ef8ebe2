//! Many clients increment a counter, and read it back.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Value};
use crate::random::{Sampler, Stream, StreamKey};

use super::arrivals::{Arrivals, Source};
use super::config::{CounterConfig, Pace, Shape};
use super::contract::{Ask, Desk, Groups, Workload};

/// Which step of the client's code a request is: the lowest three bits of its tag. Above them: tries so far.
const ADD: u32 = 0;
const READ: u32 = 1;
const WRITE: u32 = 2;
const READ_BACK: u32 = 3;

/// When a client acts next.
#[derive(Clone, Debug)]
enum Timing {
    Open { arrivals: Arrivals, rate: f64 },
    Closed { think: Sampler },
}

/// The workload: each counter with its clients is a group.
#[derive(Debug)]
pub struct Counter {
    config: CounterConfig,
    timing: Timing,
    key: StreamKey,
    edges: u16,
    /// Acknowledged increments, by group.
    acknowledged: Vec<u64>,
    /// By group and client.
    clients: Vec<Source>,
}

impl Counter {
    /// From its plain data.
    pub fn new(config: &CounterConfig, key: StreamKey, edges: u16) -> Counter {
        let timing = match &config.pace {
            Pace::Open { rate, shape } => Timing::Open { arrivals: Arrivals::new(shape), rate: *rate },
            Pace::Closed { think } => Timing::Closed { think: Sampler::new(think) },
        };
        Counter { config: config.clone(), timing, key, edges, acknowledged: Vec::new(), clients: Vec::new() }
    }

    fn location(&self, client: u32) -> Location {
        Location((client % u32::from(self.edges)) as u16)
    }

    fn ask(&self, client: u32, operation: Operation, step: u32, tries: u32, desk: &mut Desk<'_>) {
        let group = client / self.config.clients;
        let location = self.location(client % self.config.clients);
        desk.ask(Ask::of_group(group, client, location, operation, tries << 3 | step));
    }

    fn increment(&self, client: u32, tries: u32, desk: &mut Desk<'_>) {
        if desk.idiom.atomic {
            self.ask(client, Operation::Add { delta: 1 }, ADD, tries, desk);
        } else {
            self.ask(client, Operation::Get { cache_ttl: None }, READ, tries, desk);
        }
    }

    /// The client's piece of code is over: a closed loop thinks and goes on.
    fn rest(&mut self, client: u32, desk: &mut Desk<'_>) {
        if let Timing::Closed { think } = &self.timing {
            let pause = think.span(self.clients[client as usize].stream.draw());
            desk.wake(desk.now + pause, u64::from(client));
        }
    }
}

impl Workload for Counter {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.config.counters)
    }

    fn initial(&self) -> Option<Value> {
        None
    }

    fn sessions(&self) -> bool {
        true
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.acknowledged.clear();
        self.acknowledged.resize(groups as usize, 0);
        self.clients.clear();
        let idle = Arrivals::new(&Shape::Poisson);
        for client in 0..groups * self.config.clients {
            let number = u64::from(first_group) * u64::from(self.config.clients) + u64::from(client);
            let mut stream: Stream = self.key.stream(number);
            let (source, at) = match &self.timing {
                Timing::Open { arrivals, rate } => arrivals.first(stream, *rate),
                Timing::Closed { think } => {
                    let at = think.span(stream.draw());
                    (idle.first(stream, 1.0).0, crate::model::Time(at.0))
                }
            };
            self.clients.push(source);
            desk.wake(at, u64::from(client));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let (client, tries) = (token as u32, (token >> 32) as u32);
        if tries == 0
            && let Timing::Open { arrivals, rate } = &self.timing
        {
            let next = arrivals.next(&mut self.clients[client as usize], desk.now, *rate);
            desk.wake(next, token);
        }
        self.increment(client, tries, desk);
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let client = request.client.0;
        let tries = request.tag >> 3;
        match request.tag & 7 {
            READ if answer.is_ok() => {
                let value = answer.seen.value.unwrap_or(0) + 1;
                self.ask(client, Operation::Put { value, ttl: None }, WRITE, tries, desk);
            }
            ADD | WRITE if answer.is_ok() => {
                self.acknowledged[request.group as usize] += 1;
                if self.config.read_back {
                    self.ask(client, Operation::Get { cache_ttl: None }, READ_BACK, 0, desk);
                } else {
                    self.rest(client, desk);
                }
            }
            READ_BACK => self.rest(client, desk),
            _ if tries < self.config.retry.attempts => {
                let token = u64::from(tries + 1) << 32 | u64::from(client);
                desk.wake(desk.now + self.config.retry.wait, token);
            }
            _ => self.rest(client, desk),
        }
    }

    fn end(&mut self, latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        for (group, acknowledged) in self.acknowledged.iter().enumerate() {
            let counted = latest(Key(group as u32)).value.unwrap_or(0).max(0) as u64;
            let lost = desk.measurements.count_mut(CountId::LostUpdates);
            lost.hits += acknowledged.saturating_sub(counted);
            lost.of += acknowledged;
        }
    }
}
