//! Calls of the key-value interface as the scenario lists them: this operation at that time from there, with these sizes.

use std::collections::VecDeque;

use crate::metrics::Judgement;
use crate::model::{Answer, Call, Client, Key, Operation, Request, Seen, Span, Time, Value};

use super::config::{CallConfig, CallsConfig, PRELOADED_BYTES};
use super::contract::{Ask, Desk, Groups, Workload};

/// Bits of a tag that hold the number of the line; above them is the number of a list's page.
const LINE_BITS: u32 = 10;

/// The workload: keys that a list, a bulk read or an invocation connects are one group.
#[derive(Debug)]
pub struct Calls {
    config: CallsConfig,
    /// For each line, how many puts the lines before it make: every put has a value of its own.
    puts_before: Vec<u64>,
    first_group: u32,
    /// By invocation.
    invocations: Vec<Invocation>,
}

/// One invocation of the caller's code.
#[derive(Clone, Debug, Default)]
struct Invocation {
    /// Operations made so far.
    made: u32,
    /// Those of them that are not answered yet.
    open: u64,
    /// Those that wait until one of them is.
    waiting: VecDeque<Made>,
}

/// What makes a call: the line, the how manieth time, and for a further page of a list its number and where it begins.
type Made = (usize, u32, Option<(u32, Key)>);

impl Calls {
    /// From its plain data.
    pub fn new(config: &CallsConfig) -> Calls {
        let mut puts = 0;
        let before = |line: &CallConfig| {
            let before = puts;
            puts += u64::from(line.times);
            before
        };
        Calls {
            puts_before: config.calls.iter().map(before).collect(),
            config: config.clone(),
            first_group: 0,
            invocations: Vec::new(),
        }
    }

    /// The put that wrote a value; `None` for the one that was there at the start.
    fn put_of(&self, value: Value) -> Option<Call> {
        let put = u64::try_from(value).ok()?.checked_sub(1)?;
        let line = self.puts_before.partition_point(|before| *before <= put) - 1;
        Some(self.config.calls[line].call)
    }

    /// Makes a call: the line's, or the next page of its list; where its invocation has too many open, later.
    fn make(&mut self, (line, repetition, page): Made, desk: &mut Desk<'_>) {
        let config = &self.config.calls[line];
        let base = self.config.groups[self.first_group as usize];
        let mut call = config.call;
        if let Some(invocation) = config.invocation {
            let invocation = &mut self.invocations[invocation as usize];
            if invocation.open >= self.config.connections {
                invocation.waiting.push_back((line, repetition, page));
                return;
            }
            invocation.open += 1;
            call.earlier = invocation.made.min(u32::from(u16::MAX)) as u16;
            invocation.made += 1;
        }
        let operation = match config.operation {
            Operation::Put { ttl, .. } => {
                Operation::Put { value: (self.puts_before[line] + u64::from(repetition) + 1) as Value, ttl }
            }
            Operation::List { until, prefix, limit } => Operation::List { until: Key(until.0 - base), prefix, limit },
            other => other,
        };
        let (page, key) = page.unwrap_or((0, Key(config.key.0 - base)));
        desk.ask(Ask {
            client: Client(config.client.unwrap_or(u32::from(config.location.0))),
            location: config.location,
            key,
            keys: config.keys,
            group: config.group - self.first_group,
            operation,
            call,
            tag: page << LINE_BITS | line as u32,
            wants_answer: page + 1 < config.pages || config.invocation.is_some(),
        });
    }
}

impl Workload for Calls {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.config.groups.len() as u32)
    }

    fn initial(&self) -> Option<Value> {
        self.config.preloaded.then_some(0)
    }

    fn sessions(&self) -> bool {
        true
    }

    fn lists(&self) -> bool {
        self.config.calls.iter().any(|line| matches!(line.operation, Operation::List { .. }))
    }

    fn value_bytes(&self, _key: Key, value: Value) -> u32 {
        self.put_of(value).map_or(PRELOADED_BYTES, |put| put.value_bytes)
    }

    fn metadata_bytes(&self, _key: Key, value: Value) -> u16 {
        self.put_of(value).map_or(0, |put| put.metadata_bytes)
    }

    fn states_sizes(&self) -> bool {
        true
    }

    fn stored_at_start(&self, first_group: u32, groups: u32, tell: &mut dyn FnMut(u32, Key, u64)) {
        if !self.config.preloaded {
            return;
        }
        let base = self.config.groups[first_group as usize];
        for group in first_group..first_group + groups {
            let from = self.config.groups[group as usize];
            let until =
                self.config.groups.get(group as usize + 1).map_or(self.config.keys.len(), |next| *next as usize);
            for key in from..until as u32 {
                let name = self.config.keys[key as usize].len() as u64;
                tell(group - first_group, Key(key - base), name + u64::from(PRELOADED_BYTES));
            }
        }
    }

    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        self.config.parse.time(call, bytes)
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.first_group = first_group;
        self.invocations.clear();
        self.invocations.resize(self.config.invocations.len(), Invocation::default());
        for (line, call) in self.config.calls.iter().enumerate() {
            if (first_group..first_group + groups).contains(&call.group) {
                desk.wake(Time::START + call.at, (line as u64) << 32);
            }
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let (line, repetition) = ((token >> 32) as usize, token as u32);
        self.make((line, repetition, None), desk);
        let call = &self.config.calls[line];
        if repetition + 1 < call.times {
            desk.wake(desk.now + call.every, token + 1);
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let line = (request.tag & ((1 << LINE_BITS) - 1)) as usize;
        let config = &self.config.calls[line];
        let page = (request.tag >> LINE_BITS) + 1;
        let more = answer.listing().filter(|listing| !listing.complete && page < config.pages);
        let next = more.map(|listing| (line, 0, Some((page, listing.end))));
        if let Some(invocation) = config.invocation {
            let invocation = &mut self.invocations[invocation as usize];
            invocation.open -= 1;
            if let Some(waiting) = invocation.waiting.pop_front() {
                self.make(waiting, desk);
            }
        }
        if let Some(next) = next {
            self.make(next, desk);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
