//! Durable Objects, one for each key: when a request reaches its object, all that comes of it is known.
//!
//! An object serves one request after another in the order of arrival, so that a request's turn, and when its answer is at
//! the caller, follow from those that arrived before it. And no read is stale: what is complete when it starts was done at
//! the object before it arrives. So all that is to be known of a key's writes is when the last of them was complete.

use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::limits::MeterId;
use crate::metrics::Served;
use crate::model::{Location, Refusal, Span, Time};
use crate::network::Network;
use crate::random::derive;
use crate::stores::hop;
use crate::stores::object::Arrivals;
use crate::stores::object_alone::Alone;
use crate::stores::server::{Server, Turn};

use super::Ended;
use super::acts::{Act, Acting, What};
use super::beside::{Beside, Told};
use super::common::AT_ONCE;
use super::order::{Arrival, Return};
use super::rows::{OfRows, SoFar};
use super::stretches::GoesOn;
use super::tally::Tally;
use super::writes::Waiting;

/// What stays the same: the objects, and the ways to them.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    alone: Alone,
    network: Network,
    /// By the object's place and the caller's, what distance alone takes: towards the object, and back.
    ways: Arc<[[Span; 2]]>,
    locations: usize,
}

impl Setting {
    pub fn new(alone: Alone, network: Network, locations: usize) -> Setting {
        let way = |pair: usize| {
            let (place, caller) = (Location((pair / locations) as u16), Location((pair % locations) as u16));
            [network.half_rtt(caller, place), network.half_rtt(place, caller)]
        };
        Setting { ways: (0..locations * locations).map(way).collect(), alone, network, locations }
    }

    /// How long what a request sends is on its way between its caller and the object at this place.
    #[inline]
    fn way(&self, place: Location, caller: Location, direction: usize, draw: u64) -> Span {
        if place == caller {
            return Span::ZERO;
        }
        self.ways[place.index() * self.locations + caller.index()][direction] + self.network.jitter(draw)
    }
}

/// The objects of all keys, one after another.
#[derive(Debug)]
pub(super) struct Objects {
    setting: Setting,
    pub tally: Tally,
    /// Those who act, in two lists until they are in order.
    reads: Vec<Act>,
    writes: Vec<(Act, What)>,
    one: One,
    /// Whether something comes of an answer when it is there, so that a read is judged only then.
    awaited: bool,
    /// What is measured beside, of the object of one key after another.
    beside: Beside,
}

/// The object of one key.
#[derive(Debug, Default)]
struct One {
    /// Set by the first caller.
    place: Option<Location>,
    server: Server,
    arrivals: Arrivals,
    /// All writes so far are durable from then on.
    durable: Time,
    /// Its time is counted up to then.
    active: Time,
    /// Requests on their way to it.
    coming: BinaryHeap<Waiting<Arrival, Request>>,
    /// Answers to writes on their way back.
    returning: BinaryHeap<Waiting<Return, Told>>,
    /// When the last write was complete, if one is.
    complete: Option<Time>,
    /// The last thing that happened to it, but for acts.
    last_event: Time,
}

/// A request on its way to its object.
#[derive(Clone, Copy, Debug)]
struct Request {
    start: Time,
    draw: u64,
    location: Location,
    /// What it writes, if it does.
    what: Option<What>,
    /// Of a flip: which it is.
    number: u32,
    /// How long ago the last write was complete when it started.
    since: Option<Span>,
}

impl One {
    /// Another key: nothing has happened to it.
    fn begin(&mut self) {
        self.server.reset();
        (self.place, self.complete) = (None, None);
        (self.arrivals, self.durable, self.active) = (Arrivals::default(), Time::START, Time::START);
        self.last_event = Time::START;
    }

    fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }

    /// Writes are complete whose answers are back before an act.
    fn complete_before(&mut self, act: &Act, beside: &mut Beside) {
        while let Some(Waiting(back, told)) = self.returning.peek()
            && back.is_before(act)
        {
            self.complete = self.complete.max(Some(back.at));
            beside.answered(*told);
            self.returning.pop();
        }
    }

    /// Whether all that was asked of it is done by then, and all who asked know.
    fn is_over(&self, now: Time) -> bool {
        let any = !self.coming.is_empty() || !self.returning.is_empty() || self.server.is_busy(now);
        // It is active until all its writes are durable.
        !any && self.active <= now
    }
}

/// An object between two stretches of a trace.
#[derive(Debug)]
pub(super) struct Standing {
    so_far: SoFar,
    place: Option<Location>,
    complete: Option<Time>,
    /// All there is, where something is not over.
    one: Option<Box<One>>,
}

impl GoesOn for Objects {
    type Standing = Standing;

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn so_far(standing: &Standing) -> SoFar {
        standing.so_far
    }

    fn go_on<const MORE: bool>(
        &mut self,
        standing: Option<Standing>,
        key: &mut OfRows<'_, MORE>,
        end: Time,
        ended: &mut Ended,
    ) -> Option<Standing> {
        self.begin(standing);
        self.all_act(key, ended);
        if end == Time::NEVER {
            self.end_of_key(ended);
            return None;
        }
        self.arrive(end, ended);
        self.one.complete_before(&Act::before_all(end), &mut self.beside);
        ended.happens(self.one.last_event);
        let (place, complete) = (self.one.place, self.one.complete);
        let counts = self.setting.alone.window_limit.is_some();
        let one = (counts || !self.one.is_over(end)).then(|| Box::new(std::mem::take(&mut self.one)));
        Some(Standing { so_far: key.so_far(), place, complete, one })
    }

    fn finish(&mut self, standing: Standing, ended: &mut Ended) {
        self.begin(Some(standing));
        self.end_of_key(ended);
    }
}

impl Objects {
    /// Whether answers to reads are awaited; `beside` is what is measured beside their operations, of one object.
    pub fn new(setting: Setting, tally: Tally, awaited: bool, beside: Beside) -> Objects {
        Objects { setting, tally, reads: Vec::new(), writes: Vec::new(), one: One::default(), awaited, beside }
    }

    /// Simulates a key that is a partition.
    pub fn simulate_alone(&mut self, key: &mut impl Acting) {
        if key.is_any_known() {
            let mut ended = Ended::default();
            self.beside.begin();
            self.simulate(key, &mut ended);
            self.tally.end(&ended);
            self.beside.end(ended.last_event, &mut self.tally);
        }
    }

    /// Simulates a key of a partition.
    pub fn simulate(&mut self, key: &mut impl Acting, ended: &mut Ended) {
        if !key.is_any_known() {
            return;
        }
        self.one.begin();
        self.all_act(key, ended);
        self.end_of_key(ended);
        ended.happens(key.last_act());
    }

    /// A key, a new one if nothing stands.
    fn begin(&mut self, standing: Option<Standing>) {
        match standing {
            Some(Standing { one: Some(one), .. }) => self.one = *one,
            Some(Standing { place, complete, .. }) => {
                self.one.begin();
                (self.one.place, self.one.complete) = (place, complete);
            }
            None => self.one.begin(),
        }
    }

    /// All who are known to act do so.
    fn all_act(&mut self, key: &mut impl Acting, ended: &mut Ended) {
        while key.is_any_known() {
            let writes = &mut self.writes;
            key.act(AT_ONCE, &mut self.reads, |act, what| writes.push((act, what)));
            self.all_ask(ended);
        }
    }

    /// Nobody acts any more.
    fn end_of_key(&mut self, ended: &mut Ended) {
        self.arrive(Time::NEVER, ended);
        self.one.returning.drain().for_each(|Waiting(_, told)| self.beside.answered(told));
        ended.happens(self.one.last_event);
    }

    /// Those who act ask in their order.
    fn all_ask(&mut self, ended: &mut Ended) {
        let (mut reads, mut writes) = (std::mem::take(&mut self.reads), std::mem::take(&mut self.writes));
        let mut writing = writes.drain(..).peekable();
        for read in &reads {
            while let Some((write, what)) = writing.next_if(|(write, _)| write.n < read.n) {
                self.ask(&write, Some(what), ended);
            }
            self.ask(read, None, ended);
        }
        writing.for_each(|(write, what)| self.ask(&write, Some(what), ended));
        reads.clear();
        (self.reads, self.writes) = (reads, writes);
    }

    /// Somebody asks; all who have arrived by then are served.
    #[inline]
    fn ask(&mut self, act: &Act, what: Option<What>, ended: &mut Ended) {
        self.arrive(act.at, ended);
        let one = &mut self.one;
        one.complete_before(act, &mut self.beside);
        let place = *one.place.get_or_insert(self.setting.alone.hosts[act.location.index()]);
        let number = self.beside.asked(act.at, what.is_some(), Some(&mut self.tally));
        let way = self.setting.way(place, act.location, 0, derive(act.draw, hop::OUT));
        let since = one.complete.map(|complete| act.at.since(complete));
        let request = Request { start: act.at, draw: act.draw, location: act.location, what, number, since };
        one.coming.push(Waiting(Arrival { at: act.at + way, n: act.n }, request));
    }

    /// All arrive who do so up to a time.
    #[inline]
    fn arrive(&mut self, until: Time, ended: &mut Ended) {
        while let Some(Waiting(arrival, _)) = self.one.coming.peek()
            && arrival.at <= until
            && let Some(Waiting(arrival, request)) = self.one.coming.pop()
        {
            self.serve(arrival, &request, ended);
        }
    }

    /// A request is at its object.
    fn serve(&mut self, arrival: Arrival, request: &Request, ended: &mut Ended) {
        let (now, alone) = (arrival.at, &self.setting.alone);
        self.one.happens(now);
        if !self.one.arrivals.admit(now, alone.window_limit) {
            return self.refuse(now, now, Refusal::ObjectTooManyRequests, request);
        }
        let time = if request.what.is_some() { &alone.write } else { &alone.read };
        let (takes, cpu) = (time.span(derive(request.draw, hop::SERVICE)), alone.cpu);
        match self.one.server.arrive(now, takes.at_most(cpu), alone.queue_limit, alone.queue_timeout) {
            Turn::Done { end } if takes > cpu => self.refuse(now, end, Refusal::ObjectTooMuchCpu, request),
            Turn::Done { end } => self.finish(arrival, end, request, ended),
            Turn::QueueFull => self.refuse(now, now, Refusal::ObjectQueueFull, request),
            Turn::WaitedTooLong { until } => self.refuse(now, until, Refusal::ObjectQueuedTooLong, request),
        }
    }

    /// A request's turn ends then, and it is done.
    fn finish(&mut self, arrival: Arrival, end: Time, request: &Request, ended: &mut Ended) {
        let one = &mut self.one;
        if request.what.is_some() {
            let takes = self.setting.alone.durability.span(derive(request.draw, hop::DURABLE));
            one.durable = one.durable.max(end + takes);
        }
        let leaves = one.durable.max(end);
        let (now, from) = (arrival.at, self.tally.from());
        let active = one.active.max(now);
        if leaves > active {
            one.active = leaves;
            ended.usage.add(MeterId::ObjectDuration, leaves.since(active.max(from)).0);
        }
        if now >= from {
            let Alone { keys, meters, .. } = &self.setting.alone;
            ended.usage.add(meters[0], (*keys).into());
            if request.what.is_some() {
                ended.usage.add(meters[1], (*keys).into());
            }
        }
        if request.start >= from {
            ended.usage.add(MeterId::ObjectRequests, 1);
        }
        let back = self.back(leaves, request);
        let Some(what) = request.what else {
            let judged = self.judged(now, back);
            self.beside.read(request.location, (request.start, back), now);
            return self.tally.fresh(request.location, (request.start, judged, back), request.since);
        };
        let told = self.beside.written(request.number, (request.start, back));
        let one = &mut self.one;
        one.happens(back);
        if back > now {
            one.returning.push(Waiting(Return { at: back, left: arrival }, told));
        } else {
            one.complete = one.complete.max(Some(back));
            self.beside.answered(told);
        }
        self.tally.wrote_for_all(request.location, request.start, back, what == What::Delete, ended);
    }

    /// A request that arrived `now` is refused at `at`.
    #[cold]
    fn refuse(&mut self, now: Time, at: Time, refusal: Refusal, request: &Request) {
        let back = self.back(at, request);
        let (served, known) = match request.what {
            Some(_) => (Served::WriteRefused, back),
            None => (Served::ReadRefused, self.judged(now, back)),
        };
        if request.what.is_some() {
            self.one.happens(back);
        }
        self.tally.refused(request.location, (request.start, known, back), served, refusal);
    }

    /// When a read is judged that is done `now` and answered then.
    #[inline]
    fn judged(&mut self, now: Time, back: Time) -> Time {
        if !self.awaited {
            return now;
        }
        self.one.happens(back);
        back
    }

    /// When an answer that leaves then is at the caller.
    fn back(&self, leaves: Time, request: &Request) -> Time {
        let place = self.one.place.unwrap_or(request.location);
        leaves + self.setting.way(place, request.location, 1, derive(request.draw, hop::BACK))
    }
}
