//! Durable Objects: one single-threaded owner for each group of keys, at one place, with one request at a time.
//!
//! The input gate lets in one request at a time; the output gate holds every answer until all earlier writes of the
//! object are durable.

use crate::history::Note;
use crate::model::{Answer, Idiom, Key, Location, Refusal, Request, RequestId, Seen, Span, Time};
use crate::network::NetworkConfig;
use crate::random::{Sampler, derive};

use super::config::DurableObjectConfig;
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::d1::Rows;
use super::server::{Server, Turn};

/// What travels between the locations and the objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// A request arrives at its object.
    Arrive(RequestId),
}

/// One object.
#[derive(Clone, Debug, Default)]
struct Object {
    /// Set by the first caller.
    place: Option<Location>,
    server: Server,
    /// All writes so far are durable from then on.
    durable: Time,
}

/// The store: all objects of a partition.
#[derive(Clone, Debug)]
pub struct DurableObjects {
    config: DurableObjectConfig,
    /// For each location, the host that an object first called from there is placed at.
    nearest_host: Vec<Location>,
    read: Sampler,
    write: Sampler,
    durability: Sampler,
    objects: Vec<Object>,
    rows: Rows,
}

impl DurableObjects {
    /// From its plain data and the places that it may choose from.
    pub fn new(config: &DurableObjectConfig, network: &NetworkConfig) -> DurableObjects {
        let places = || (0..network.places.len() as u16).map(Location);
        let nearest = |caller: Location| {
            let hosts = config.hosts.iter().copied();
            // Without a list, every place can host, and the nearest is the caller's own.
            hosts.min_by_key(|host| (network.rtt(caller, *host), *host)).unwrap_or(caller)
        };
        DurableObjects {
            nearest_host: places().map(|caller| config.placement.unwrap_or_else(|| nearest(caller))).collect(),
            read: Sampler::new(&config.read_time),
            write: Sampler::new(&config.write_time),
            durability: Sampler::new(&config.durability),
            config: config.clone(),
            objects: Vec::new(),
            rows: Rows::default(),
        }
    }
}

impl Store for DurableObjects {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: !self.config.read_then_write, several_keys: true }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Groups
    }

    fn begin(&mut self, ground: Ground) {
        self.objects.clear();
        self.objects.resize(ground.groups as usize, Object::default());
        self.rows.begin(ground.initial);
    }

    fn request(&mut self, _now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let group = request.group as usize;
        if group >= self.objects.len() {
            self.objects.resize(group + 1, Object::default());
        }
        let nearest = self.nearest_host[request.location.index()];
        let place = *self.objects[group].place.get_or_insert(nearest);
        outbox.send(request.location, place, derive(request.draw, hop::OUT), Message::Arrive(id));
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        let Message::Arrive(id) = message;
        let request: &Request = requests.get(id);
        let object = &mut self.objects[request.group as usize];
        let from = object.place.unwrap_or(request.location);
        let back = derive(request.draw, hop::BACK);
        let writes = !request.operation.is_read();
        let time = if writes { &self.write } else { &self.read };
        let service = time.span(derive(request.draw, hop::SERVICE));
        let respond = |after: Span, answer: Answer, outbox: &mut Outbox<Message>| {
            outbox.answer_from(after, from, request.location, back, id, answer);
        };
        match object.server.arrive(now, service, self.config.queue_limit, self.config.queue_timeout) {
            Turn::Done { end } => {
                if writes {
                    let durable = end + self.durability.span(derive(request.draw, hop::DURABLE));
                    object.durable = object.durable.max(durable);
                }
                let leaves = object.durable.max(end);
                let mut notes = Vec::new();
                let answer = self.rows.perform(request, end, |key, seen| {
                    if outbox.noting {
                        notes.push(Note::Committed { key, from: request.location, seen });
                    }
                });
                for note in notes {
                    outbox.note(end, note);
                }
                respond(leaves.since(now), answer, outbox);
            }
            Turn::QueueFull => respond(Span::ZERO, Answer::refused(Refusal::ObjectQueueFull), outbox),
            Turn::WaitedTooLong { until } => {
                respond(until.since(now), Answer::refused(Refusal::ObjectQueuedTooLong), outbox);
            }
        }
    }

    fn lost(&mut self, _now: Time, message: Message, _: &Requests, outbox: &mut Outbox<Message>) {
        let Message::Arrive(request) = message;
        outbox.reply(request, Span::ZERO, Answer::refused(self.lost_answer()));
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::ObjectConnectionLost
    }

    fn latest(&self, key: Key) -> Seen {
        self.rows.latest(key)
    }
}
