//! A workload that does what it is told: so many operations, each at its time and place. For tests of what a store answers.

use consistency_sim::engine::{Partition, World};
use consistency_sim::history::{History, Record};
use consistency_sim::limits::{Plan, Terms};
use consistency_sim::metrics::{Judgement, Window};
use consistency_sim::model::{Answer, Call, Client, Key, Location, Operation, Request, Seen, Span, Time, Value};
use consistency_sim::network::{Network, NetworkConfig};
use consistency_sim::random::{Purpose, StreamKey};
use consistency_sim::scenario::newest;
use consistency_sim::stores::{Store, StoreKind, StoreUser, with_store};
use consistency_sim::workloads::contract::{Ask, Desk, Groups, Workload};

/// One line of a script.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub at: Time,
    pub location: u16,
    pub key: u32,
    pub keys: u16,
    pub operation: Operation,
}

pub fn ms(at: u64) -> Time {
    Time(Span::from_millis(at).0)
}

pub fn get(at: u64, location: u16) -> Step {
    step(at, location, Operation::Get { cache_ttl: None })
}

pub fn get_with_ttl(at: u64, location: u16, ttl_s: u64) -> Step {
    step(at, location, Operation::Get { cache_ttl: Some(Span::from_secs(ttl_s)) })
}

pub fn put(at: u64, location: u16, value: Value) -> Step {
    step(at, location, Operation::Put { value, ttl: None })
}

pub fn step(at: u64, location: u16, operation: Operation) -> Step {
    Step { at: ms(at), location, key: 0, keys: 1, operation }
}

struct Script {
    steps: Vec<Step>,
    initial: Option<Value>,
}

impl Workload for Script {
    fn groups(&self) -> Groups {
        Groups::Fixed(1)
    }
    fn initial(&self) -> Option<Value> {
        self.initial
    }
    fn sessions(&self) -> bool {
        true
    }
    fn begin(&mut self, _: u32, _: u32, desk: &mut Desk<'_>) {
        for (n, step) in self.steps.iter().enumerate() {
            desk.wake(step.at, n as u64);
        }
    }
    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let Step { location, key, keys, operation, .. } = self.steps[token as usize];
        desk.ask(Ask {
            client: Client(u32::from(location)),
            location: Location(location),
            key: Key(key),
            keys,
            group: 0,
            operation,
            call: Call::default(),
            tag: token as u32,
            wants_answer: true,
        });
    }
    fn answered(&mut self, _: &Request, _: &Answer, _: Judgement, _: &mut Desk<'_>) {}
    fn end(&mut self, _: &dyn Fn(Key) -> Seen, _: &mut Desk<'_>) {}
}

struct Player<'a> {
    script: Script,
    network: &'a NetworkConfig,
    seed: u64,
}

impl StoreUser for Player<'_> {
    type Result = History;

    fn with<S: Store + Clone + Send + Sync + 'static>(self, store: S) -> History {
        let window = Window { from: Time::START, until: Time::NEVER };
        let key = StreamKey::new(self.seed, 0, Purpose::Requests);
        let mut world = World::new(store, self.script, Network::new(self.network), window, key);
        world.keep_history(History::bounded(100_000));
        world.simulate(Partition { first_group: 0, groups: 1 });
        world.take_history().expect("kept")
    }
}

/// Plays a script on a store and gives the records in the order of the script.
pub fn play(kind: &StoreKind, network: &NetworkConfig, initial: Option<Value>, steps: &[Step]) -> Vec<Record> {
    play_with_seed(kind, network, initial, steps, 1)
}

pub fn play_with_seed(
    kind: &StoreKind,
    network: &NetworkConfig,
    initial: Option<Value>,
    steps: &[Step],
    seed: u64,
) -> Vec<Record> {
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.at);
    let script = Script { steps, initial };
    let terms = Terms { platform: newest(), plan: Plan::Paid, starts_at: Span::ZERO };
    let mut records = with_store(kind, network, &terms, Player { script, network, seed }).records;
    records.sort_by_key(|record| record.start);
    records
}

/// What each get of the script answered; `None` for nothing there.
pub fn answers(records: &[Record]) -> Vec<Option<Value>> {
    records.iter().filter(|record| record.operation.is_read()).map(|record| record.seen.value).collect()
}
