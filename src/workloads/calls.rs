//! Calls of the key-value interface as the scenario lists them: this operation at that time from there, with these sizes.

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
    /// Operations made so far, by invocation.
    made: Vec<u32>,
}

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
            made: Vec::new(),
        }
    }

    /// The put that wrote a value; `None` for the one that was there at the start.
    fn put_of(&self, value: Value) -> Option<Call> {
        let put = u64::try_from(value).ok()?.checked_sub(1)?;
        let line = self.puts_before.partition_point(|before| *before <= put) - 1;
        Some(self.config.calls[line].call)
    }

    /// Makes a call: the line's, or the next page of its list, which begins at `from`.
    fn make(&mut self, line: usize, repetition: u32, page: Option<(u32, Key)>, desk: &mut Desk<'_>) {
        let config = &self.config.calls[line];
        let base = self.config.groups[self.first_group as usize];
        let mut call = config.call;
        if let Some(invocation) = config.invocation {
            let made = &mut self.made[invocation as usize];
            call.earlier = (*made).min(u32::from(u16::MAX)) as u16;
            *made += 1;
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
            wants_answer: page + 1 < config.pages,
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

    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        self.config.parse.time(call, bytes)
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.first_group = first_group;
        self.made.clear();
        self.made.resize(self.config.invocations.len(), 0);
        for (line, call) in self.config.calls.iter().enumerate() {
            if (first_group..first_group + groups).contains(&call.group) {
                desk.wake(Time::START + call.at, (line as u64) << 32);
            }
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let (line, repetition) = ((token >> 32) as usize, token as u32);
        self.make(line, repetition, None, desk);
        let call = &self.config.calls[line];
        if repetition + 1 < call.times {
            desk.wake(desk.now + call.every, token + 1);
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let line = (request.tag & ((1 << LINE_BITS) - 1)) as usize;
        if let Some(listing) = answer.listing.as_ref().filter(|listing| !listing.complete) {
            self.make(line, 0, Some(((request.tag >> LINE_BITS) + 1, listing.end)), desk);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
