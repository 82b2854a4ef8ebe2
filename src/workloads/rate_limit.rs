//! Identities send requests from several locations, and a limit per window is enforced through the store.

use crate::metrics::Judgement;
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Value, split_window_count, window_count};
use crate::random::StreamKey;

use super::arrivals::{Arrivals, Source, any_edge};
use super::config::RateLimitConfig;
use super::contract::{Ask, Desk, Groups, Workload};
use super::rate_windows::{RateRule, RateWindows};
use super::trace_feed::{Feed, Placed};
use super::trace_file::TraceError;

/// What a request is for.
const COUNT: u32 = 0;
const READ: u32 = 1;
const WRITE: u32 = 2;

/// The token of the next row of a trace.
const ROW: u64 = u64::MAX;

/// One identity: who asks, and the windows that are not settled.
#[derive(Clone, Debug)]
struct Identity {
    source: Source,
    number: u64,
    windows: RateWindows,
}

impl Identity {
    fn new(source: Source, number: u64) -> Identity {
        Identity { source, number, windows: RateWindows::default() }
    }
}

/// The workload: each identity is a group.
#[derive(Debug)]
pub struct RateLimit {
    config: RateLimitConfig,
    arrivals: Arrivals,
    key: StreamKey,
    locations: u16,
    identities: Vec<Identity>,
    /// Arrivals from a file, and the next of them.
    trace: Option<Feed>,
    next: Option<Placed>,
}

impl RateLimit {
    /// From its plain data; `places` are the codes of the edges.
    pub fn new(config: &RateLimitConfig, key: StreamKey, placement: StreamKey, places: &[String]) -> RateLimit {
        let locations = config.locations.min(places.len() as u16);
        RateLimit {
            trace: config.arrivals.as_ref().map(|source| Feed::new(source, places, locations, placement)),
            next: None,
            arrivals: Arrivals::new(&config.shape),
            locations,
            config: config.clone(),
            key,
            identities: Vec::new(),
        }
    }

    fn ask(&self, group: u32, location: Location, operation: Operation, tag: u32, desk: &mut Desk<'_>) {
        desk.ask(Ask::of_group(group, u32::from(location.0), location, operation, tag));
    }

    /// A request of an identity arrives at a location.
    fn arrive(&mut self, group: u32, location: Location, desk: &mut Desk<'_>) {
        let rule = RateRule::new(&self.config, desk.window);
        while let Some(done) = self.identities[group as usize].windows.settled(&rule, desk.now) {
            rule.settle(done, desk.measurements);
        }
        if desk.idiom.atomic {
            let (window, limit) = (rule.window_at(desk.now), rule.limit);
            self.ask(group, location, Operation::CountInWindow { window, limit }, COUNT, desk);
        } else {
            self.ask(group, location, Operation::Get { cache_ttl: None }, READ, desk);
        }
    }

    fn next_row(&mut self, desk: &mut Desk<'_>) {
        self.next = self.trace.as_mut().and_then(Feed::next_row);
        if let Some(placed) = self.next {
            desk.wake(placed.row.at, ROW);
        }
    }

    fn row(&mut self, desk: &mut Desk<'_>) {
        let Some((placed, feed)) = self.next.take().zip(self.trace.as_ref()) else { return };
        if placed.group as usize == self.identities.len() {
            let name = feed.name(placed.group);
            let source = self.arrivals.first(self.key.stream(name), 1.0).0;
            self.identities.push(Identity::new(source, name));
        }
        self.arrive(placed.group, placed.location, desk);
        self.next_row(desk);
    }
}

impl Workload for RateLimit {
    fn groups(&self) -> Groups {
        if self.config.arrivals.is_some() { Groups::Stream } else { Groups::Fixed(self.config.identities) }
    }

    fn initial(&self) -> Option<Value> {
        None
    }

    fn sessions(&self) -> bool {
        false
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.identities.clear();
        if let Some(trace) = &mut self.trace {
            trace.begin();
            self.next_row(desk);
            return;
        }
        for group in 0..groups {
            let number = u64::from(first_group + group);
            let (source, at) = self.arrivals.first(self.key.stream(number), self.config.requests);
            self.identities.push(Identity::new(source, number));
            desk.wake(at, u64::from(group));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        if token == ROW {
            self.row(desk);
            return;
        }
        let group = token as u32;
        let source = &mut self.identities[group as usize].source;
        let location = any_edge(&mut source.stream, self.locations);
        let next = self.arrivals.next(source, desk.now, self.config.requests);
        self.arrive(group, location, desk);
        desk.wake(next, token);
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let rule = RateRule::new(&self.config, desk.window);
        let windows = &mut self.identities[request.group as usize].windows;
        match request.tag {
            // Without an answer nobody decides; such requests show as unavailable.
            COUNT | READ if !answer.is_ok() => {}
            COUNT => {
                let uncounted = || window_count(rule.window_at(request.start), 0);
                windows.decide_counted(&rule, answer.seen.value.unwrap_or_else(uncounted));
            }
            READ => {
                let window = rule.window_at(request.start);
                let (stored, count) = answer.seen.value.map_or((window, 0), split_window_count);
                let count = if stored == window { count } else { 0 };
                let admit = count < rule.limit;
                windows.decide(window, admit);
                if admit {
                    let value = window_count(window, count + 1);
                    self.ask(request.group, request.location, Operation::Put { value, ttl: None }, WRITE, desk);
                }
            }
            // Admitted already: a refused write is one that the next reader does not see.
            _ => {}
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        let rule = RateRule::new(&self.config, desk.window);
        self.identities.iter_mut().for_each(|identity| identity.windows.end(&rule, desk.measurements));
    }

    fn identity(&self, group: u32) -> u64 {
        self.identities[group as usize].number
    }

    fn failure(&mut self) -> Option<TraceError> {
        self.trace.as_mut().and_then(Feed::take_failure)
    }
}
