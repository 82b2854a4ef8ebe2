//! The live parts of one store's simulation: the store, the workload, the network, and what is in flight.

use crate::history::History;
use crate::metrics::{CountId, Measurements, Observer, Window};
use crate::model::{Answer, Key, Metadata, Request, RequestId, Seen, Span, Time, Version};
use crate::network::Network;
use crate::random::{StreamKey, derive};
use crate::stores::{Effect, Ground, Outbox, Requests, Store};
use crate::workloads::{Ask, Asked, Desk, Groups, Workload};

use super::divergence::Divergence;
use super::queue::Queue;

/// What waits in the event queue.
#[derive(Debug)]
enum Event<M> {
    /// The workload wanted to be woken.
    Wake(u64),
    /// A message of the store arrives.
    Message(M),
    /// A message of the store was lost, and whoever waits for it gives up.
    Lost(M),
    /// An answer arrives at its client.
    Answer(RequestId, Answer),
}

/// How many records of a history are kept before somebody is asked whether they are enough.
const FIRST_LOOK: usize = 1024;

/// Which groups are simulated together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Partition {
    pub first_group: u32,
    pub groups: u32,
}

/// The live parts, used for one partition after another. Their tables keep their room between partitions.
#[derive(Debug)]
pub struct World<S: Store, W: Workload> {
    store: S,
    workload: W,
    network: Network,
    locations: u16,
    /// Whether clients remember what they have read.
    sessions: bool,
    window: Window,
    requests_key: StreamKey,
    observer: Observer,
    queue: Queue<Event<S::Message>>,
    requests: Requests,
    outbox: Outbox<S::Message>,
    asked: Vec<Asked>,
    /// For each group of the partition: its number for random draws, and how many requests it has made.
    groups: Vec<(u64, u64)>,
    first_group: u32,
    history: Option<History>,
    divergence: Option<Divergence>,
    /// What the store promises of when writes are shown.
    shown_within: Option<Span>,
    /// How many batches of time are measured apart, and when the next one begins.
    batches: u64,
    next_batch: Time,
}

impl<S: Store, W: Workload> World<S, W> {
    /// A world at rest.
    pub fn new(store: S, workload: W, network: Network, window: Window, requests_key: StreamKey) -> World<S, W> {
        let locations = network.places() as u16;
        let sessions = workload.sessions();
        let mut observer = Observer::new(usize::from(locations), window, sessions);
        if workload.lists() {
            observer.observe_lists(workload.initial().is_some());
        }
        World {
            shown_within: store.shown_within(),
            observer,
            store,
            workload,
            network,
            locations,
            sessions,
            window,
            requests_key,
            queue: Queue::default(),
            requests: Requests::default(),
            outbox: Outbox::new(false),
            asked: Vec::new(),
            groups: Vec::new(),
            first_group: 0,
            history: None,
            divergence: None,
            batches: 1,
            next_batch: Time::NEVER,
        }
    }

    /// Measures divergence between the first so many locations.
    pub fn measure_divergence(&mut self, edges: u16) {
        self.outbox.noting = true;
        self.divergence = Some(Divergence::new(edges, self.window));
    }

    /// Measures so many batches of equal time apart. An operation belongs to the batch in which its answer is known;
    /// what can be known only at the end of the run belongs to the last.
    pub fn divide(&mut self, batches: u32) {
        self.batches = u64::from(batches.max(1));
        self.observer.divide(batches as usize);
    }

    /// Keeps the history of what follows.
    pub fn keep_history(&mut self, history: History) {
        self.outbox.noting = true;
        self.history = Some(history);
    }

    /// Hands over what was kept.
    pub fn take_history(&mut self) -> Option<History> {
        self.outbox.noting = self.divergence.is_some();
        let mut history = self.history.take();
        history.iter_mut().for_each(History::settle);
        history
    }

    /// The workload, to ask it what stopped it.
    pub fn workload(&mut self) -> &mut W {
        &mut self.workload
    }

    /// The store, to ask it what it has counted.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        self.observer.operations()
    }

    /// The most completed writes of a key that were kept at a time, in the partitions that are over.
    pub fn most_kept(&self) -> usize {
        self.observer.most_kept()
    }

    /// All that was measured.
    pub fn into_measurements(self) -> Measurements {
        Measurements::merged(self.into_batches())
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(self) -> Vec<Measurements> {
        self.observer.into_batches()
    }

    /// Simulates one partition from its start until nothing is in flight any more.
    pub fn simulate(&mut self, partition: Partition) {
        self.begin(partition);
        self.go_on(usize::MAX, Time::NEVER);
        self.end();
    }

    /// Simulates what happens to a partition before a time.
    pub fn simulate_before(&mut self, partition: Partition, until: Time) {
        self.begin(partition);
        if self.go_on(usize::MAX, until).is_none() {
            self.end();
        }
    }

    /// Simulates a partition, but whoever wants its history is asked now and then whether it is enough: all that started before
    /// the given time is in it, and nothing more will be. Then the rest is not simulated; says whether that was so.
    pub fn simulate_until(&mut self, partition: Partition, enough: &mut dyn FnMut(&History, Time) -> bool) -> bool {
        self.begin(partition);
        let mut records = FIRST_LOOK;
        while let Some(now) = self.go_on(records, Time::NEVER) {
            let complete = self.requests.unanswered().map(|request| request.start).fold(now, Time::min);
            if self.history.as_ref().is_some_and(|history| enough(history, complete)) {
                return true;
            }
            records *= 2;
        }
        self.end();
        false
    }

    /// Simulates until nothing is in flight any more, until so many records are kept or until that time; then it says what
    /// time it is.
    fn go_on(&mut self, records: usize, until: Time) -> Option<Time> {
        let mut now = Time::START;
        // A history that is full shows nothing more.
        while self.history.as_ref().is_none_or(|history| history.dropped == 0 && history.records.len() < records) {
            let (at, event) = self.queue.pop()?;
            now = at;
            if now >= until {
                return Some(until);
            }
            if now >= self.next_batch {
                self.turn(now);
            }
            match event {
                Event::Wake(token) => self.with_workload(now, |workload, desk| workload.wake(token, desk)),
                Event::Message(message) => {
                    self.with_store(now, |store, requests, outbox| store.deliver(now, message, requests, outbox));
                }
                Event::Lost(message) => {
                    self.with_store(now, |store, requests, outbox| store.lost(now, message, requests, outbox));
                }
                Event::Answer(id, answer) => self.answer(now, id, &answer),
            }
        }
        self.history.as_ref().is_some_and(|history| history.dropped == 0).then_some(now)
    }

    fn end(&mut self) {
        self.requests.unanswered().for_each(|request| self.observer.unanswered(request));
        if let Some(divergence) = &mut self.divergence {
            divergence.end(self.observer.measurements.count_mut(CountId::Divergence));
        }
        if let Some(history) = &mut self.history
            && history.dropped == 0
        {
            self.requests.unanswered().for_each(|request| history.record(crate::history::Record::unanswered(request)));
        }
        self.observer.measurements.storage.merge(&self.store.storage());
        self.observer.measurements.usage.merge(&self.store.usage());
        self.observer.measurements.refuse_more(&self.store.unheard());
        let latest = |key| self.store.latest(key);
        let mut desk = desk(Time::NEVER, self.window, &self.store, &mut self.observer, &mut self.asked);
        self.workload.end(&latest, &mut desk);
        self.asked.clear();
        self.observer.end();
    }

    fn begin(&mut self, partition: Partition) {
        self.queue.clear();
        self.requests.clear();
        self.first_group = partition.first_group;
        self.groups.clear();
        self.observer.turn_to(0);
        self.next_batch = self.batch_start(1);
        let initial = self.workload.initial();
        let measured = (self.window.from, self.window.until);
        self.store.begin(Ground { groups: partition.groups, locations: self.locations, initial, measured });
        let Partition { first_group, groups } = partition;
        let store = &mut self.store;
        self.workload.stored_at_start(first_group, groups, &mut |group, key, bytes| store.preload(group, key, bytes));
        self.with_workload(Time::START, |workload, desk| workload.begin(first_group, groups, desk));
    }

    /// When a batch begins; there is none after the last.
    fn batch_start(&self, batch: u64) -> Time {
        if batch >= self.batches {
            return Time::NEVER;
        }
        self.window.batch_start(batch, self.batches)
    }

    #[cold]
    fn turn(&mut self, now: Time) {
        let mut batch = 0;
        while self.batch_start(batch + 1) <= now && batch + 1 < self.batches {
            batch += 1;
        }
        self.observer.turn_to(batch as usize);
        self.next_batch = self.batch_start(batch + 1);
    }

    /// Calls the workload, and does what it asks for. What it asked for before, and is not yet done, waits.
    #[inline]
    fn with_workload(&mut self, now: Time, call: impl FnOnce(&mut W, &mut Desk<'_>)) {
        let waiting = self.asked.len();
        let mut desk = desk(now, self.window, &self.store, &mut self.observer, &mut self.asked);
        call(&mut self.workload, &mut desk);
        self.grant(now, waiting);
    }

    /// Calls the store, and does what it wants. What it wanted before, and is not yet done, waits.
    #[inline]
    fn with_store(&mut self, now: Time, call: impl FnOnce(&mut S, &Requests, &mut Outbox<S::Message>)) {
        let waiting = self.outbox.effects.len();
        call(&mut self.store, &self.requests, &mut self.outbox);
        self.perform(now, waiting);
    }

    /// Does what the workload asked for beyond what waits.
    #[inline]
    fn grant(&mut self, now: Time, waiting: usize) {
        last_first(&mut self.asked[waiting..]);
        while self.asked.len() > waiting
            && let Some(wish) = self.asked.pop()
        {
            match wish {
                Asked::Wake { at, token } => self.queue.push(at.max(now), Event::Wake(token)),
                Asked::Request(ask) => self.start(now, ask),
            }
        }
    }

    fn start(&mut self, now: Time, ask: Ask) {
        let mut request = Request {
            client: ask.client,
            location: ask.location,
            key: ask.key,
            keys: ask.keys,
            group: ask.group,
            operation: ask.operation,
            call: ask.call,
            tag: ask.tag,
            start: now,
            wants_answer: ask.wants_answer,
            draw: self.draw(ask.group),
            completed_before: 0,
            read_before: Version::INITIAL,
            written_before: Version::INITIAL,
        };
        self.observer.started(&mut request);
        if let Some(divergence) = &mut self.divergence {
            for key in request.all_keys() {
                divergence.touch(now, key, &self.store);
            }
        }
        let id = self.requests.insert(request);
        self.with_store(now, |store, _, outbox| store.request(now, id, &request, outbox));
    }

    /// The random number of the group's next request. It depends on nothing but the seed, the replication, the group and
    /// how many requests the group made before: not on the store, and not on what is simulated beside.
    fn draw(&mut self, group: u32) -> u64 {
        while self.groups.len() <= group as usize {
            let next = self.groups.len() as u32;
            let number = match self.workload.groups() {
                Groups::Fixed(_) => u64::from(self.first_group + next),
                Groups::Stream => self.workload.identity(next),
            };
            self.groups.push((self.requests_key.entity(number), 0));
        }
        let (number, made) = &mut self.groups[group as usize];
        *made += 1;
        derive(*number, *made)
    }

    /// Does what the store wants beyond what waits.
    #[inline]
    fn perform(&mut self, now: Time, waiting: usize) {
        last_first(&mut self.outbox.effects[waiting..]);
        while self.outbox.effects.len() > waiting
            && let Some(effect) = self.outbox.effects.pop()
        {
            match effect {
                Effect::Send { from, to, draw, after, message } => {
                    let object = || self.store.is_of_object(Some(&message));
                    match self.network.passage(now + after, (from, to), draw, object) {
                        Ok(arrives) => self.queue.push(arrives, Event::Message(message)),
                        Err(given_up) => self.queue.push(given_up, Event::Lost(message)),
                    }
                }
                Effect::After { span, message } => self.queue.push(now + span, Event::Message(message)),
                Effect::Reply { request, after, answer } => self.reply(now, now + after, request, answer),
                Effect::Answer { from, to, draw, after, request, answer } => {
                    let object = || self.store.is_of_object(None);
                    match self.network.passage(now + after, (from, to), draw, object) {
                        Ok(arrives) => self.reply(now, arrives, request, answer),
                        Err(given_up) => {
                            self.reply(now, given_up, request, Answer::refused(self.store.lost_answer()));
                        }
                    }
                }
                Effect::Note { at, note } => {
                    // An expiry is told in advance, and shows no other version.
                    if at == now
                        && let Some(divergence) = &mut self.divergence
                    {
                        divergence.changed(now, note.key(), &self.store);
                    }
                    if let Some(history) = &mut self.history {
                        history.note(at, note);
                    }
                }
            }
        }
    }

    /// An answer is on its way. A read whose answer changes nothing need not wait for its end: what it is judged by, the
    /// writes complete at its start, is known. All else takes its place in time: what a client of a session has read it
    /// knows when the answer is there, not when the store gives it.
    #[inline]
    fn reply(&mut self, now: Time, end: Time, id: RequestId, answer: Answer) {
        let request = self.requests.get(id);
        let (end, answer) = if request.call.is_stated() { self.parse(end, request, answer) } else { (end, answer) };
        if request.operation.is_read() && !request.wants_answer && !self.sessions {
            let request = self.requests.remove(id);
            self.observe(end, &request, &answer);
        } else if end == now {
            self.answer(now, id, &answer);
        } else {
            self.queue.push(end, Event::Answer(id, answer));
        }
    }

    /// The caller's code takes the bytes of an answer in, unless they are more than the store gives.
    #[cold]
    fn parse(&self, end: Time, request: &Request, mut answer: Answer) -> (Time, Answer) {
        if !request.operation.is_read() || !answer.is_ok() {
            return (end, answer);
        }
        let bytes_of = |(key, seen): (Key, &Seen)| seen.value.map_or(0, |value| self.workload.value_bytes(key, value));
        let bytes = request.all_keys().zip(answer.all()).map(|one| u64::from(bytes_of(one))).sum();
        if let Some(refusal) = self.store.refuse_answer(request, bytes) {
            return (end, Answer::refused(refusal));
        }
        if request.call.with_metadata && answer.listing().is_none() {
            let kept = self.store.keeps_metadata();
            // A function of the version that was answered: metadata are never newer or older than their value.
            let metadata = |(key, seen): (Key, &Seen)| {
                let put_bytes = seen.value.map_or(0, |value| self.workload.metadata_bytes(key, value));
                Metadata { put_bytes, kept }
            };
            let metadata = request.all_keys().zip(answer.all()).map(metadata).collect();
            answer.more.get_or_insert_default().metadata = Some(metadata);
        }
        (end + self.workload.parse_time(request.call, bytes), answer)
    }

    fn observe(&mut self, end: Time, request: &Request, answer: &Answer) -> crate::metrics::Judgement {
        let judgement = self.observer.answered(request, answer, end);
        if let Some(refusal) = answer.refusal
            && self.observer.measures(request.start)
        {
            self.observer.measurements.tell(refusal, end, || self.store.refusal_text(refusal, request));
        }
        if let Some(history) = &mut self.history {
            history.record(crate::history::Record::new(request, answer, end, judgement.stale));
        }
        judgement
    }

    fn answer(&mut self, now: Time, id: RequestId, answer: &Answer) {
        let request = self.requests.remove(id);
        let judgement = self.observe(now, &request, answer);
        if !request.operation.is_read() {
            self.forget(now, &request);
        }
        if request.wants_answer {
            self.with_workload(now, |workload, desk| workload.answered(&request, answer, judgement, desk));
        }
    }

    /// Completed writes that no request in flight can miss, and none that follows, need not be remembered one by one.
    #[inline]
    fn forget(&mut self, now: Time, written: &Request) {
        let Some(within) = self.shown_within else { return };
        for key in written.all_keys() {
            if self.observer.is_long(key) {
                let first = self.requests.unanswered().map(|request| request.start).min().unwrap_or(now);
                self.observer.forget(key, first.min(now) - within);
            }
        }
    }
}

/// For whoever takes one after the other from the end. Most lists have one member.
#[inline]
fn last_first<T>(list: &mut [T]) {
    if list.len() > 1 {
        list.reverse();
    }
}

fn desk<'a, S: Store>(
    now: Time,
    window: Window,
    store: &S,
    observer: &'a mut Observer,
    asked: &'a mut Vec<Asked>,
) -> Desk<'a> {
    Desk { now, window, idiom: store.idiom(), measurements: &mut observer.measurements, asked }
}
