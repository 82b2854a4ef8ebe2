//! What may be stored, and what is: the bytes of a namespace, a database or an object, and the cap on them.
//!
//! Only calls that state sizes are counted, with what their keys hold at the start. A put that would go beyond the cap is
//! refused; reads and deletes go on. What the platform itself takes up beside keys and values is not published.

use crate::limits::{FigureId, Storage, Terms, UNLIMITED};
use crate::model::{Key, Operation, Refusal, Request, Seen, Time};

use super::config::{DurableObjectConfig, ObjectStorage};
use super::contract::Ground;
use super::stock::Stock;

/// The room of one namespace, database or object.
#[derive(Clone, Debug)]
pub(super) struct Room {
    stock: Stock,
    /// In bytes; [`UNLIMITED`] where there is none.
    cap: u64,
    rule: Refusal,
}

impl Room {
    /// With so many bytes; beyond them the rule refuses.
    pub(super) fn new(rule: Refusal, cap: u64) -> Room {
        Room { stock: Stock::default(), cap, rule }
    }

    /// Whether there is a cap at all.
    pub(super) fn is_capped(&self) -> bool {
        self.cap != UNLIMITED
    }

    pub(super) fn begin(&mut self, ground: Ground) {
        self.stock.begin(ground.measured);
    }

    pub(super) fn preload(&mut self, key: Key, bytes: u64) {
        self.stock.preload(key, bytes);
    }

    /// Why a put is refused, if it is: it would not fit.
    pub(super) fn refuses(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        if !request.call.is_stated() || !matches!(request.operation, Operation::Put { .. }) {
            return None;
        }
        self.stock.advance(now);
        (self.stock.after(request).1 > self.cap).then_some(self.rule)
    }

    /// A write took effect.
    pub(super) fn write(&mut self, now: Time, request: &Request, seen: Seen, expires: Time) {
        if request.call.is_stated() && !request.operation.is_read() {
            self.stock.advance(now);
            self.stock.write(request, seen.value.is_some(), expires);
        }
    }

    pub(super) fn storage(&mut self) -> Storage {
        self.stock.storage()
    }
}

/// The rooms of all objects of an account: a cap on each, and one on all together.
#[derive(Clone, Debug)]
pub(super) struct Rooms {
    each: Vec<Room>,
    one: Room,
    all: Room,
}

impl Rooms {
    /// What the plan allows. The older key-value storage has caps of its own, which are not looked at.
    pub(super) fn of_objects(config: &DurableObjectConfig, terms: &Terms) -> Rooms {
        let sqlite = matches!(config.storage, ObjectStorage::Sqlite { .. });
        let cap = |figure| if sqlite { terms.bound(figure) } else { UNLIMITED };
        let room = |figure| Room::new(Refusal::ObjectStorageFull, cap(figure));
        let (one, all) = (room(FigureId::ObjectBytes), room(FigureId::ObjectStorageBytes));
        Rooms { each: Vec::new(), one, all }
    }

    pub(super) fn is_capped(&self) -> bool {
        self.all.is_capped()
    }

    pub(super) fn begin(&mut self, ground: Ground) {
        self.each.clear();
        self.one.begin(ground);
        self.all.begin(ground);
    }

    fn of(&mut self, group: u32) -> &mut Room {
        let place = group as usize;
        if place >= self.each.len() {
            self.each.resize(place + 1, self.one.clone());
        }
        &mut self.each[place]
    }

    pub(super) fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        self.of(group).preload(key, bytes);
        self.all.preload(key, bytes);
    }

    /// Why a put into an object is refused, if it is.
    pub(super) fn refuses(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        if !request.call.is_stated() {
            return None;
        }
        self.of(request.group).refuses(now, request).or_else(|| self.all.refuses(now, request))
    }

    pub(super) fn write(&mut self, now: Time, request: &Request, seen: Seen, expires: Time) {
        if request.call.is_stated() {
            self.of(request.group).write(now, request, seen, expires);
            self.all.write(now, request, seen, expires);
        }
    }

    pub(super) fn storage(&mut self) -> Storage {
        self.all.storage()
    }
}
