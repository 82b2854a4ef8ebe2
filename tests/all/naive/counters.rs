//! Counters on D1 and on Durable Objects: a queue in front of each server, turn by turn.

use std::collections::{BTreeMap, VecDeque};

use consistency_sim::model::{Location, Refusal, Span, Time, Version};
use consistency_sim::network::Network;
use consistency_sim::random::{Law, Purpose, Sampler, Stream, StreamKey, derive};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{StoreKind, hop};
use consistency_sim::workloads::arrivals::{Arrivals, Source};
use consistency_sim::workloads::{CounterConfig, Pace};

use super::history::{History, Kind};
use super::{Agenda, Class, Draws};

/// What D1 and Durable Objects have in common, and what they do not.
struct Servers {
    read: Sampler,
    write: Sampler,
    queue_limit: usize,
    queue_timeout: Span,
    read_then_write: bool,
    /// After a turn that wrote, until the answer may leave; `None`: at once.
    durability: Option<Sampler>,
    /// Where each server is; counters on D1 share the only one. An object is placed by its first caller.
    place: Option<Location>,
    hosts: Vec<Location>,
    shared: bool,
    retries: u64,
    full: Refusal,
    too_long: Refusal,
}

impl Servers {
    fn of(kind: &StoreKind) -> Servers {
        match kind {
            StoreKind::D1(config) => Servers {
                read: Sampler::new(&config.read_time),
                write: Sampler::new(&config.write_time),
                queue_limit: config.queue_limit as usize,
                queue_timeout: config.queue_timeout,
                read_then_write: config.read_then_write,
                durability: None,
                place: Some(config.primary),
                hosts: Vec::new(),
                shared: true,
                retries: u64::from(config.read_retries),
                full: Refusal::D1QueueFull,
                too_long: Refusal::D1QueuedTooLong,
            },
            StoreKind::DurableObject(config) => Servers {
                read: Sampler::new(&config.read_time),
                write: Sampler::new(&config.write_time),
                queue_limit: config.queue_limit as usize,
                queue_timeout: config.queue_timeout,
                read_then_write: config.read_then_write,
                durability: Some(Sampler::new(&config.durability)),
                place: config.placement,
                hosts: config.hosts.clone(),
                shared: false,
                retries: 0,
                full: Refusal::ObjectQueueFull,
                too_long: Refusal::ObjectQueuedTooLong,
            },
            _ => panic!("counters are known on D1 and Durable Objects"),
        }
    }
}

/// The three steps of a client's code, and the one-step form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Add,
    Get,
    Put(u64),
    ReadBack,
}

/// An operation on its way.
#[derive(Clone, Copy)]
struct Job {
    operation: usize,
    counter: usize,
    client: u32,
    location: Location,
    step: Step,
    /// By the client, and by the store itself.
    attempts: u32,
    tries: u64,
    draw: u64,
}

impl Job {
    /// What the draws of this try are derived from.
    fn now(&self) -> u64 {
        derive(self.draw, hop::RETRY * self.tries)
    }

    fn reads(&self) -> bool {
        matches!(self.step, Step::Get | Step::ReadBack)
    }
}

enum Event {
    Wake {
        client: u32,
        attempts: u32,
    },
    Arrive(Job),
    /// The turn of the server's current job ends.
    TurnEnds(usize),
    /// Whoever still waits at this server since then waits no longer.
    Impatient(usize, usize),
    Refused(Job, Refusal),
    Answered(Job, u64, Version),
}

#[derive(Default)]
struct Server {
    place: Option<Location>,
    serving: Option<Job>,
    waiting: VecDeque<Job>,
    durable: Time,
}

struct Simulation<'a> {
    config: &'a CounterConfig,
    store: Servers,
    network: Network,
    agenda: Agenda<Event>,
    history: History,
    draws: Draws,
    servers: Vec<Server>,
    rows: Vec<(u64, Version)>,
    commits: u32,
    acknowledged: Vec<u64>,
    clients: BTreeMap<u32, Source>,
    end: Time,
    edges: u32,
    scenario: &'a Scenario,
}

pub fn simulate(scenario: &Scenario, config: &CounterConfig, kind: &StoreKind, replication: u32) -> History {
    let store = Servers::of(kind);
    let counters = config.counters as usize;
    let mut simulation = Simulation {
        config,
        network: Network::new(&scenario.network),
        agenda: Agenda::new(),
        history: History::default(),
        draws: Draws::new(scenario, replication, config.counters),
        servers: (0..if store.shared { 1 } else { counters }).map(|_| Server::default()).collect(),
        rows: vec![(0, Version::INITIAL); counters],
        commits: 0,
        acknowledged: vec![0; counters],
        clients: BTreeMap::new(),
        end: Time(scenario.duration.0),
        edges: u32::from(scenario.network.edges),
        store,
        scenario,
    };
    simulation.run(StreamKey::new(scenario.seed, replication, Purpose::Arrivals));
    let held = simulation.rows.iter().map(|(value, _)| *value);
    simulation.history.counters = simulation.acknowledged.iter().copied().zip(held).collect();
    simulation.history
}

impl Simulation<'_> {
    fn run(&mut self, key: StreamKey) {
        let (shape, rate) = match &self.config.pace {
            Pace::Open { rate, shape } => (Some(shape), *rate),
            Pace::Closed { .. } => (None, 1.0),
        };
        let poisson = consistency_sim::workloads::Shape::Poisson;
        let arrivals = Arrivals::new(shape.unwrap_or(&poisson));
        let think = match &self.config.pace {
            Pace::Closed { think } => think.clone(),
            Pace::Open { .. } => Law::Constant(Span::ZERO),
        };
        let think = Sampler::new(&think);
        for client in 0..self.config.counters * self.config.clients {
            let mut stream: Stream = key.stream(u64::from(client));
            let first_thought = shape.is_none().then(|| Time(think.span(stream.draw()).0));
            // A closed loop takes the first draw of its stream for the first thought, and throws the second away.
            let (source, at) = arrivals.first(stream, rate);
            self.clients.insert(client, source);
            self.wake(first_thought.unwrap_or(at), client, 0);
        }
        while let Some((now, event)) = self.agenda.next() {
            match event {
                Event::Wake { client, attempts } => {
                    if attempts == 0 && shape.is_some() {
                        let source = self.clients.get_mut(&client).expect("a client");
                        let next = arrivals.next(source, now, rate);
                        self.wake(next, client, 0);
                    }
                    let step = if self.store.read_then_write { Step::Get } else { Step::Add };
                    self.ask(now, client, step, attempts);
                }
                Event::Answered(job, value, version) => {
                    self.history.end(now, job.operation, version, false);
                    self.answered(now, job, value, &think);
                }
                Event::Refused(job, refusal) => self.refused(now, job, refusal, &think),
                Event::Arrive(job) => self.arrive(now, job),
                Event::TurnEnds(server) => self.turn_ends(now, server),
                Event::Impatient(server, operation) => self.impatient(now, server, operation),
            }
        }
    }

    fn wake(&mut self, at: Time, client: u32, attempts: u32) {
        if at < self.end {
            self.agenda.add(at, Class::Other, Event::Wake { client, attempts });
        }
    }

    fn ask(&mut self, now: Time, client: u32, step: Step, attempts: u32) {
        let counter = client / self.config.clients;
        let location = Location((client % self.config.clients % self.edges) as u16);
        let kind = if matches!(step, Step::Get | Step::ReadBack) { Kind::Read } else { Kind::Write };
        let operation = self.history.begin(now, client, location.0, counter, kind);
        let draw = self.draws.next(counter);
        let counter = counter as usize;
        self.send(now, Job { operation, counter, client, location, step, attempts, tries: 0, draw });
    }

    fn server(&self, job: &Job) -> usize {
        if self.store.shared { 0 } else { job.counter }
    }

    fn send(&mut self, now: Time, job: Job) {
        let network = &self.scenario.network;
        let near = |host: &&Location| (network.rtt(job.location, **host), **host);
        let nearest = || self.store.hosts.iter().min_by_key(near).copied().unwrap_or(job.location);
        let server = self.server(&job);
        let place = *self.servers[server].place.get_or_insert_with(|| self.store.place.unwrap_or_else(nearest));
        // Objects are asked once; what D1 asks again has draws of its own.
        let draw = if self.store.shared { job.now() } else { job.draw };
        let arrives = now + self.network.one_way(job.location, place, derive(draw, hop::OUT));
        self.agenda.add(arrives, Class::Other, Event::Arrive(job));
    }

    /// The draw for what happens at the server and on the way back.
    fn draw(&self, job: &Job) -> u64 {
        if self.store.shared { job.now() } else { job.draw }
    }

    fn back(&self, leaves: Time, job: &Job) -> Time {
        let place = self.servers[self.server(job)].place.expect("somebody asked");
        leaves + self.network.one_way(place, job.location, derive(self.draw(job), hop::BACK))
    }

    fn arrive(&mut self, now: Time, job: Job) {
        let n = self.server(&job);
        if self.servers[n].serving.is_none() {
            self.serve(now, n, job);
        } else if self.servers[n].waiting.len() >= self.store.queue_limit {
            let back = self.back(now, &job);
            self.agenda.add(back, Class::Other, Event::Refused(job, self.store.full));
        } else {
            self.servers[n].waiting.push_back(job);
            let until = now + self.store.queue_timeout;
            self.agenda.add(until, Class::Impatience, Event::Impatient(n, job.operation));
        }
    }

    fn serve(&mut self, now: Time, n: usize, job: Job) {
        let time = if job.reads() { &self.store.read } else { &self.store.write };
        let ends = now + time.span(derive(self.draw(&job), hop::SERVICE));
        self.servers[n].serving = Some(job);
        self.agenda.add(ends, Class::Change, Event::TurnEnds(n));
    }

    fn turn_ends(&mut self, now: Time, n: usize) {
        let job = self.servers[n].serving.take().expect("a turn ends");
        self.commits += 1;
        let row = &mut self.rows[job.counter];
        match job.step {
            Step::Add => row.0 += 1,
            Step::Put(value) => row.0 = value,
            Step::Get | Step::ReadBack => {}
        }
        if !job.reads() {
            row.1 = Version { stamp: now.0 + 1, nonce: self.commits };
        }
        let (value, version) = *row;
        let mut leaves = now;
        if let Some(durability) = &self.store.durability {
            if !job.reads() {
                let durable = now + durability.span(derive(job.draw, hop::DURABLE));
                self.servers[n].durable = self.servers[n].durable.max(durable);
            }
            leaves = now.max(self.servers[n].durable);
        }
        let back = self.back(leaves, &job);
        self.agenda.add(back, Class::Other, Event::Answered(job, value, version));
        if let Some(next) = self.servers[n].waiting.pop_front() {
            self.serve(now, n, next);
        }
    }

    fn impatient(&mut self, now: Time, n: usize, operation: usize) {
        let waiting = &mut self.servers[n].waiting;
        if let Some(at) = waiting.iter().position(|job| job.operation == operation) {
            let job = waiting.remove(at).expect("it waits");
            let back = self.back(now, &job);
            self.agenda.add(back, Class::Other, Event::Refused(job, self.store.too_long));
        }
    }

    fn refused(&mut self, now: Time, job: Job, refusal: Refusal, think: &Sampler) {
        if job.reads() && job.tries < self.store.retries {
            self.send(now, Job { tries: job.tries + 1, ..job });
            return;
        }
        self.history.refuse(now, job.operation, refusal);
        if job.step != Step::ReadBack && job.attempts < self.config.retry.attempts {
            self.wake(now + self.config.retry.wait, job.client, job.attempts + 1);
        } else {
            self.rest(now, job.client, think);
        }
    }

    fn answered(&mut self, now: Time, job: Job, value: u64, think: &Sampler) {
        match job.step {
            Step::Get => self.ask(now, job.client, Step::Put(value + 1), job.attempts),
            Step::Add | Step::Put(_) => {
                self.acknowledged[job.counter] += 1;
                if self.config.read_back {
                    self.ask(now, job.client, Step::ReadBack, 0);
                } else {
                    self.rest(now, job.client, think);
                }
            }
            Step::ReadBack => self.rest(now, job.client, think),
        }
    }

    fn rest(&mut self, now: Time, client: u32, think: &Sampler) {
        if matches!(self.config.pace, Pace::Closed { .. }) {
            let pause = think.span(self.clients.get_mut(&client).expect("a client").stream.draw());
            self.wake(now + pause, client, 0);
        }
    }
}
