//! Durable Objects: one single-threaded owner for each group of keys, at one place, with one request at a time.
//!
//! The input gate lets in one request at a time; the output gate holds every answer until all earlier writes of the
//! object are durable. Whatever the code awaits that is not storage opens the input gate: the request comes back later and
//! others were served in between. Code that runs in `blockConcurrencyWhile` keeps the gate shut for all of its time.

use std::collections::BTreeSet;

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{Storage, Terms, Usage};
use crate::model::{Answer, Idiom, Key, Location, Refusal, Request, RequestId, Seen, Span, Time};
use crate::network::NetworkConfig;
use crate::random::{chance, derive};

use super::alarm::{Alarm, Patience};
use super::config::{DurableObjectConfig, ObjectState};
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::d1::Rows;
use super::d1_day::keys;
use super::kv_pull::shown;
use super::object::{Halfway, Living, Object};
use super::object_alone::nearest_hosts;
use super::object_code::{Stretch, Times, later};
use super::object_day::ObjectDay;
use super::object_life::{self, Habits, Life};
use super::object_limits::{ObjectLimits, Queued};
use super::room::Rooms;
use super::server::Turn;

/// What travels between the locations and the objects, and what an object waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// A request arrives at its object.
    Arrive(RequestId),
    /// What its code awaited has come, and it goes on to write: from this one of its keys on.
    Resume { request: RequestId, key: u16 },
    /// The alarm of the group's object may be due.
    Alarm { group: u32 },
}

/// The store: all objects of a partition.
#[derive(Clone, Debug)]
pub struct DurableObjects {
    config: DurableObjectConfig,
    /// For each location, the host that an object first called from there is placed at.
    nearest_host: Vec<Location>,
    times: Times,
    habits: Habits,
    patience: Patience,
    limits: ObjectLimits,
    queued: Queued,
    /// Whether it matters how objects live: otherwise nobody keeps count of it.
    lives: bool,
    objects: Vec<Object>,
    day: ObjectDay,
    rooms: Rooms,
    /// When the measured part of the run ends.
    measured_until: Time,
    /// What the objects know: what they have in memory, where that is newer than their storage.
    rows: Rows,
    /// What their storage holds, where they keep their state in memory.
    stored: Rows,
    /// By the number of the request.
    halfway: Vec<Halfway>,
}

impl DurableObjects {
    /// From its plain data, the places that it may choose from, and the platform's terms.
    pub fn new(config: &DurableObjectConfig, network: &NetworkConfig, terms: &Terms) -> DurableObjects {
        let life = &config.life;
        DurableObjects {
            nearest_host: nearest_hosts(config, network),
            times: Times::new(config),
            habits: Habits::new(life),
            patience: Patience::of(terms),
            limits: ObjectLimits::new(config, terms),
            queued: Queued::default(),
            lives: config.code.state != ObjectState::Storage || object_life::matters(life),
            config: config.clone(),
            objects: Vec::new(),
            day: ObjectDay::new(config, terms),
            rooms: Rooms::of_objects(config, terms),
            measured_until: Time::NEVER,
            rows: Rows::default(),
            stored: Rows::default(),
            halfway: Vec::new(),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> DurableObjects {
        let restarts = faults.restarts();
        DurableObjects { lives: self.lives || !restarts.is_empty(), habits: self.habits.restarted(restarts), ..self }
    }

    /// Where a group's object is, once it was called.
    pub(super) fn place(&self, group: u32) -> Option<Location> {
        self.objects.get(group as usize)?.place
    }

    /// Something arrives for an object: it wakes up, and has forgotten what it had in memory only. How long its start takes.
    fn call(&mut self, group: u32, now: Time) -> Span {
        let object = &mut self.objects[group as usize];
        let Some(living) = &mut object.living else { return Span::ZERO };
        let found = living.life.call(now, &self.habits);
        object.activity.add(now, found.idled, &mut self.day);
        if found.restarted {
            object.server.reset();
            object.durable = Time::START;
            self.queued.forget(group);
        }
        if found.forgot {
            for key in std::mem::take(&mut living.unwritten) {
                let (seen, expires) = self.stored.get(key);
                self.rows.set(key, seen, expires);
            }
        }
        found.cold_start
    }

    fn arrive(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let cold_start = self.call(request.group, now);
        if let Some(refusal) = self.used_up(now, request) {
            self.refuse(now, now, refusal, id, request, outbox);
            return;
        }
        let object = &mut self.objects[request.group as usize];
        if !object.arrivals.admit(now, self.config.window_limit) {
            self.refuse(now, now, Refusal::ObjectTooManyRequests, id, request, outbox);
            return;
        }
        if let Some(refusal) = self.limits.refuses(request) {
            self.refuse(now, now, refusal, id, request, outbox);
            return;
        }
        let data = self.limits.queue_bytes.map(|most| (most, request.call.bytes()));
        if let Some((most, bytes)) = data
            && object.server.is_busy(now)
            && self.queued.waiting(request.group, now) + bytes > most
        {
            self.refuse(now, now, Refusal::ObjectTooMuchData, id, request, outbox);
            return;
        }
        let Stretch { own, pauses, too_long } =
            self.times.stretch(request, self.config.code.block_concurrency_while, self.limits.cpu);
        let service = cold_start + own;
        let object = &mut self.objects[request.group as usize];
        let turn = object.server.arrive(now, service, self.config.queue_limit, self.config.queue_timeout);
        if let Some((_, bytes)) = data {
            match turn {
                Turn::Done { end } => self.queued.waits(request.group, end - service, bytes),
                Turn::WaitedTooLong { until } => self.queued.waits(request.group, until, bytes),
                Turn::QueueFull => {}
            }
        }
        match turn {
            Turn::Done { end } if too_long => {
                self.refuse(now, end, Refusal::ObjectTooMuchCpu, id, request, outbox);
            }
            Turn::Done { end } if pauses => {
                let found = request.all_keys().map(|key| {
                    let (seen, expires) = self.rows.get(key);
                    shown(seen, expires, end).value
                });
                let halfway = Halfway { found: found.collect(), written: Vec::new() };
                let place = id.0 as usize;
                if place >= self.halfway.len() {
                    self.halfway.resize_with(place + 1, Halfway::default);
                }
                self.halfway[place] = halfway;
                if self.config.code.state == ObjectState::Storage {
                    self.day.read(now, request, u64::from(request.keys));
                }
                self.pause((now, end), id, 0, request, outbox);
            }
            Turn::Done { end } => self.finish((now, end), id, request, outbox),
            Turn::QueueFull => self.refuse(now, now, Refusal::ObjectQueueFull, id, request, outbox),
            Turn::WaitedTooLong { until } => {
                self.refuse(now, until, Refusal::ObjectQueuedTooLong, id, request, outbox);
            }
        }
    }

    /// The rule that lets no more of storage be read or written, today or at all, where the request would.
    fn used_up(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        let (updates, state) = (!request.operation.is_read(), self.config.code.state);
        let living = self.objects[request.group as usize].living.as_ref();
        let sets_alarm = updates && living.is_some_and(|living| !living.alarm.is_set());
        let today = self.day.refuses(now, state, updates, sets_alarm);
        if updates && state == ObjectState::Storage {
            today.or_else(|| self.rooms.refuses(now, request))
        } else {
            today
        }
    }

    /// The request's turn ends at `end`, and so does its code: it is done in one step.
    fn finish(&mut self, (now, end): (Time, Time), id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let updates = !request.operation.is_read();
        let Some(leaves) = self.passes((now, end), id, updates, request, outbox) else { return };
        let mut notes = Vec::new();
        let (rooms, stores) = (&mut self.rooms, self.config.code.state == ObjectState::Storage);
        let answer = self.rows.perform(request, end, |key, seen| {
            if stores {
                rooms.write(now, request, seen, request.expiry(end));
            }
            if outbox.noting {
                notes.push(Note::Committed { key, from: request.location, seen });
            }
        });
        for note in notes {
            outbox.note(end, note);
        }
        if self.config.code.state == ObjectState::Storage {
            let rows = keys(request, &answer);
            self.day.read(now, request, rows);
            if updates {
                self.day.wrote(now, request, rows);
            }
        }
        self.respond(leaves.since(now), answer, id, request, outbox);
    }

    /// What is done at `end` is durable, and its answer may leave, at the time that is returned. A restart that comes first
    /// undoes it, and refuses the request.
    fn passes(
        &mut self,
        (now, end): (Time, Time),
        id: RequestId,
        writes: bool,
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) -> Option<Time> {
        let object = &mut self.objects[request.group as usize];
        let restart = object.restart();
        let mut durable = object.durable;
        let mut rings = None;
        if writes {
            let through = match self.config.code.state {
                ObjectState::Storage => true,
                ObjectState::Memory => false,
                ObjectState::WrittenBehind { after, .. } => {
                    rings = Some(end + after);
                    // To set an alarm is a write, too.
                    object.living.as_ref().is_some_and(|living| !living.alarm.is_set())
                }
            };
            if through {
                durable = durable.max(end + self.times.durability.span(derive(request.draw, hop::DURABLE)));
            }
        }
        let leaves = durable.max(end);
        if leaves >= restart {
            self.refuse(now, restart, Refusal::ObjectReset, id, request, outbox);
            return None;
        }
        object.durable = durable;
        object.works(now, leaves, &mut self.day);
        if let Some(living) = &mut object.living
            && writes
            && self.config.code.state != ObjectState::Storage
        {
            living.unwritten.extend(request.all_keys());
            if let Some(at) = rings
                && living.alarm.set(at)
            {
                self.day.wrote_small(now, 1);
                outbox.after(at.since(now), Message::Alarm { group: request.group });
            }
        }
        Some(leaves)
    }

    /// The code awaits something foreign from `end` on, before it writes this one of its keys.
    fn pause(
        &mut self,
        (now, end): (Time, Time),
        id: RequestId,
        key: u16,
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) {
        let waits = self.times.foreign.as_ref().map_or(Span::ZERO, |law| law.span(later(request, key)[0]));
        let object = &mut self.objects[request.group as usize];
        let resumes = end + waits;
        let restart = object.restart();
        if resumes >= restart {
            self.refuse(now, restart, Refusal::ObjectReset, id, request, outbox);
            return;
        }
        object.works(now, resumes, &mut self.day);
        outbox.after(resumes.since(now), Message::Resume { request: id, key });
    }

    /// The code goes on: it writes what it made of the values that it had found, whatever has happened since.
    fn resume(&mut self, now: Time, id: RequestId, first: u16, request: &Request, outbox: &mut Outbox<Message>) {
        self.call(request.group, now);
        if let Some(refusal) = self.used_up(now, request) {
            self.refuse(now, now, refusal, id, request, outbox);
            return;
        }
        let service = self.times.write.span(later(request, first)[1]);
        let object = &mut self.objects[request.group as usize];
        // It was let in before: no queue refuses it now.
        let Turn::Done { end } = object.server.arrive(now, service, u32::MAX, Span::MAX) else { return };
        let Some(leaves) = self.passes((now, end), id, true, request, outbox) else { return };
        let until = if self.config.code.await_each_write { first + 1 } else { request.keys };
        let halfway = &mut self.halfway[id.0 as usize];
        for offset in first..until {
            let key = Key(request.key.0 + u32::from(offset));
            let found = halfway.found[usize::from(offset)];
            let seen = self.rows.write_from(key, request, found, end);
            halfway.written.push(seen);
            if self.config.code.state == ObjectState::Storage {
                self.rooms.write(now, request, seen, request.expiry(end));
            }
            outbox.note(end, Note::Committed { key, from: request.location, seen });
        }
        if self.config.code.state == ObjectState::Storage {
            self.day.wrote(now, request, u64::from(until - first));
        }
        if until < request.keys {
            self.pause((now, end), id, until, request, outbox);
            return;
        }
        let mut written = std::mem::take(&mut halfway.written).into_iter();
        let mut answer = Answer::of(written.next().unwrap_or_default());
        if request.keys > 1 {
            answer = answer.with_others(written);
        }
        self.respond(leaves.since(now), answer, id, request, outbox);
    }

    /// The alarm's handler writes to storage what is in memory only.
    fn alarm(&mut self, now: Time, group: u32, outbox: &mut Outbox<Message>) {
        let cold_start = self.call(group, now);
        let ObjectState::WrittenBehind { failures, .. } = self.config.code.state else { return };
        let full = self.day.refuses_write(now).is_some();
        let object = &mut self.objects[group as usize];
        let restart = object.restart();
        let Some(living) = object.living.as_mut().filter(|living| living.alarm.rings(now)) else { return };
        living.alarm_runs += 1;
        let draw = living.life.draw_of_alarm(living.alarm_runs);
        let service = cold_start + self.times.write.span(derive(draw, hop::SERVICE));
        let Turn::Done { end } = object.server.arrive(now, service, u32::MAX, Span::MAX) else { return };
        let durable = object.durable.max(end + self.times.durability.span(derive(draw, hop::DURABLE)));
        living.life.works(durable);
        object.activity.add(now, (now, durable.min(restart)), &mut self.day);
        let throws = full || draw < chance(failures);
        let failed = if durable >= restart { Some(restart) } else { throws.then_some(end) };
        if let Some(at) = failed {
            if let Some(again) = living.alarm.failed(at, self.patience) {
                outbox.after(again.since(now), Message::Alarm { group });
            }
            return;
        }
        living.alarm.done();
        object.durable = durable;
        self.day.wrote_small(now, living.unwritten.len() as u64);
        for key in std::mem::take(&mut living.unwritten) {
            let (seen, expires) = self.rows.get(key);
            self.stored.set(key, seen, expires);
        }
    }

    /// Refuses a request at `at`; a restart that comes before is what its caller hears of.
    fn refuse(
        &mut self,
        now: Time,
        at: Time,
        refusal: Refusal,
        id: RequestId,
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) {
        let restart = self.objects[request.group as usize].restart();
        let (at, refusal) = if restart < at { (restart, Refusal::ObjectReset) } else { (at, refusal) };
        self.respond(at.since(now), Answer::refused(refusal), id, request, outbox);
    }

    fn respond(&mut self, after: Span, answer: Answer, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        if answer.is_ok() {
            self.day.served(request);
        }
        let from = self.objects[request.group as usize].place.unwrap_or(request.location);
        outbox.answer_from(after, from, request.location, derive(request.draw, hop::BACK), id, answer);
    }
}

impl Store for DurableObjects {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: !self.config.read_then_write, several_keys: true }
    }

    /// The days' quotas are those of all objects together.
    fn coupling(&self) -> Coupling {
        if self.day.is_limited() { Coupling::Everything } else { Coupling::Groups }
    }

    fn begin(&mut self, ground: Ground) {
        self.day.begin(ground);
        self.rooms.begin(ground);
        self.measured_until = ground.measured.1;
        self.queued.begin();
        self.objects.clear();
        self.objects.resize(ground.groups as usize, Object::default());
        self.rows.begin(ground.initial);
        self.stored.begin(ground.initial);
        self.halfway.clear();
    }

    fn shares_storage(&self) -> bool {
        self.rooms.is_capped()
    }

    fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        self.rooms.preload(group, key, bytes);
    }

    fn storage(&mut self) -> Storage {
        self.rooms.storage()
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let refusal = self.limits.refuses_to_send(request).or_else(|| self.day.asked(now, request));
        if let Some(refusal) = refusal {
            outbox.reply(id, Span::ZERO, Answer::refused(refusal));
            return;
        }
        let group = request.group as usize;
        if group >= self.objects.len() {
            self.objects.resize(group + 1, Object::default());
        }
        let nearest = self.nearest_host[request.location.index()];
        let object = &mut self.objects[group];
        if self.lives && object.living.is_none() {
            let life = Life::new(derive(request.draw, hop::LIFE), &self.habits);
            let (alarm, unwritten) = (Alarm::default(), BTreeSet::new());
            object.living = Some(Box::new(Living { life, alarm, alarm_runs: 0, unwritten }));
        }
        let place = *object.place.get_or_insert(nearest);
        outbox.send(request.location, place, derive(request.draw, hop::OUT), Message::Arrive(id));
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Arrive(id) => self.arrive(now, id, requests.get(id), outbox),
            Message::Resume { request, key } => self.resume(now, request, key, requests.get(request), outbox),
            Message::Alarm { group } => self.alarm(now, group, outbox),
        }
    }

    fn lost(&mut self, _now: Time, message: Message, _: &Requests, outbox: &mut Outbox<Message>) {
        // All else stays within the object.
        if let Message::Arrive(request) = message {
            outbox.reply(request, Span::ZERO, Answer::refused(self.lost_answer()));
        }
    }

    fn is_of_object(&self, _: Option<&Message>) -> bool {
        true
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::ObjectConnectionLost
    }

    fn latest(&self, key: Key) -> Seen {
        self.rows.latest(key)
    }

    /// What is complete was done before whatever is asked later, unless a restart may undo it.
    fn shown_within(&self) -> Option<Span> {
        (self.config.code.state == ObjectState::Storage).then_some(Span::ZERO)
    }

    fn usage(&mut self) -> Usage {
        let until = self.measured_until;
        for object in &mut self.objects {
            if let Some(living) = &object.living {
                object.activity.add(until, living.life.idle(until, &self.habits), &mut self.day);
            }
        }
        self.day.usage()
    }
}
