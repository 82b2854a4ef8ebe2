//! One unit of work: a share of the groups of one replication on one store.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use crate::engine::by_key::{FirstReplication, Plan};
use crate::engine::{Partition, World};
use crate::history::History;
use crate::limits::Terms;
use crate::limits::day::Cuts;
use crate::metrics::{Measurements, Window};
use crate::model::{Key, Time, Value};
use crate::network::{Network, NetworkConfig};
use crate::random::{Purpose, StreamKey};
use crate::scenario::Scenario;
use crate::stores::{Coupling, Store, StoreConfig, StoreKind, StoreUser, with_store};
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_picked::Picked;
use crate::workloads::{AnyWorkload, Groups, Prepared, Workload, WorkloadConfig, build};

use super::simulation::{Simulation, measured};
use super::whole::Whole;
use super::{census, prepare};

/// Which unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// The store's place in the scenario's list.
    pub store: usize,
    pub replication: u32,
    /// Of the groups, those whose number leaves this remainder …
    pub share: u32,
    /// … when divided by this.
    pub shares: u32,
}

/// Why a whole history cannot be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordError {
    /// The trace is missing or malformed.
    Trace(TraceError),
    /// It has more than so many operations, or one of its partitions more notes. Half of a history would be judged
    /// wrongly: reads of writes that are missing from it look like reads of what nobody wrote.
    TooLong { bound: usize },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::Trace(error) => error.fmt(f),
            RecordError::TooLong { bound } => write!(f, "the history has more than {bound} operations or notes"),
        }
    }
}

impl std::error::Error for RecordError {}

/// How many units one replication is divided into, if it can be: enough to keep many threads busy.
const SHARES: u32 = 64;

/// One store of the scenario, ready to run any unit.
pub struct Contestant {
    groups: Groups,
    coupling: Coupling,
    runner: Box<dyn Runner>,
    /// How it is simulated without events, where it can be.
    by_key: Option<Plan>,
}

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contestant")
            .field("groups", &self.groups)
            .field("coupling", &self.coupling)
            .finish_non_exhaustive()
    }
}

/// A store behind a pointer: called once for each unit, never in the hot path.
trait Runner: Send + Sync {
    fn begin(&self, replication: u32, batches: u32) -> Box<dyn Simulation + '_>;

    /// Simulates these groups, one after another in the same world, and hands over the history of each.
    fn record(
        &self,
        replication: u32,
        partitions: &mut dyn Iterator<Item = Partition>,
        bound: usize,
        take: &mut dyn FnMut(Partition, History),
    ) -> Result<(), TraceError>;

    /// The history of a partition, of at most `bound` operations; `None` where what there was of it was soon enough
    /// ([`World::simulate_until`]), or a trace cannot be read.
    fn look(
        &self,
        partition: Partition,
        bound: usize,
        enough: &mut dyn FnMut(&History, Time) -> bool,
    ) -> Option<History>;

    /// The history of some rows of a trace, up to a time.
    fn look_at(&self, picked: Picked, until: Time) -> History;

    fn initial(&self) -> Option<Value>;
}

/// What is the same for all units of one store.
struct Setting<S> {
    store: S,
    workload: WorkloadConfig,
    prepared: Prepared,
    network: Network,
    places: Vec<String>,
    window: Window,
    seed: u64,
    divergence: bool,
    terms: Terms,
    /// Whether groups are simulated alone although they share the days' quotas.
    shares_days: bool,
    /// Where each replication's quotas end, once that was asked for.
    days: Mutex<BTreeMap<u32, Arc<OnceLock<Arc<Cuts>>>>>,
}

struct Build<'a> {
    scenario: &'a Scenario,
    /// With the faults that this store meets.
    network: &'a NetworkConfig,
    prepared: Prepared,
}

impl StoreUser for Build<'_> {
    type Result = Contestant;

    fn with<S: Store + Clone + Send + Sync + 'static>(self, store: S) -> Contestant {
        let scenario = self.scenario;
        let mut setting = Setting {
            workload: scenario.workload.clone(),
            prepared: self.prepared,
            places: scenario.network.edge_codes(),
            network: Network::new(self.network),
            window: window(scenario),
            seed: scenario.seed,
            divergence: scenario.measures_divergence(),
            terms: scenario.terms(),
            shares_days: false,
            days: Mutex::default(),
            store,
        };
        let workload = setting.workload(0);
        let groups = workload.groups();
        let mut coupling = setting.store.coupling();
        if workload.states_sizes() && setting.store.shares_storage() {
            coupling = Coupling::Everything;
        }
        if coupling == Coupling::Days {
            let known = workload.is_open() && matches!(groups, Groups::Fixed(_));
            setting.shares_days = known;
            coupling = if known { Coupling::Groups } else { Coupling::Everything };
        }
        Contestant { groups, coupling, runner: Box::new(setting), by_key: None }
    }
}

fn window(scenario: &Scenario) -> Window {
    Window { from: Time(scenario.warmup.0), until: Time(scenario.duration.0) }
}

/// How a store is simulated without events, if nothing in the scenario needs them. Every field is looked at by name, so
/// that whoever adds one is asked here whether the fast path knows it. The network has the faults that the store meets.
fn plan(scenario: &Scenario, prepared: Prepared, network: &NetworkConfig, kind: &StoreKind) -> Option<Plan> {
    let Scenario {
        name: _,
        question: _,
        duration: _,
        warmup: _,
        seed,
        replications: _,
        network: _,
        workload,
        stores: _,
        promises: _,
        platform: _,
        plan: _,
        starts_at: _,
        divergence: _,
        assumptions: _,
    } = scenario;
    if scenario.measures_divergence() {
        return None;
    }
    Plan::new(workload, &prepared, kind, network, &scenario.terms(), window(scenario), *seed)
}

impl<S: Store + Clone> Setting<S> {
    fn workload(&self, replication: u32) -> AnyWorkload {
        build(&self.workload, &self.prepared, self.seed, replication, &self.places)
    }

    fn world(&self, replication: u32) -> World<S, AnyWorkload> {
        let requests = StreamKey::new(self.seed, replication, Purpose::Requests);
        let mut store = self.store.clone();
        if self.shares_days {
            store.know_days(&self.days(replication));
        }
        World::new(store, self.workload(replication), self.network.clone(), self.window, requests)
    }

    /// Where the quotas of a replication's days end: found by whoever asks first, the others wait.
    fn days(&self, replication: u32) -> Arc<Cuts> {
        let cell = self.days.lock().expect("no census panics").entry(replication).or_default().clone();
        let take = || {
            let requests = StreamKey::new(self.seed, replication, Purpose::Requests);
            let workload = self.workload(replication);
            let Groups::Fixed(groups) = workload.groups() else { return Arc::default() };
            Arc::new(census::take(&self.store, workload, groups, &self.network, self.window, requests, &self.terms))
        };
        cell.get_or_init(take).clone()
    }
}

impl<S: Store + Clone + Send + Sync> Runner for Setting<S> {
    fn begin(&self, replication: u32, batches: u32) -> Box<dyn Simulation + '_> {
        let mut world = self.world(replication);
        world.divide(batches);
        if self.divergence {
            world.measure_divergence(self.places.len() as u16);
        }
        Box::new(world)
    }

    fn record(
        &self,
        replication: u32,
        partitions: &mut dyn Iterator<Item = Partition>,
        bound: usize,
        take: &mut dyn FnMut(Partition, History),
    ) -> Result<(), TraceError> {
        let mut world = self.world(replication);
        for partition in partitions {
            world.keep_history(History::bounded(bound));
            world.simulate(partition);
            if let Some(error) = world.workload().failure() {
                return Err(error);
            }
            take(partition, world.take_history().unwrap_or_default());
        }
        Ok(())
    }

    fn look(
        &self,
        partition: Partition,
        bound: usize,
        enough: &mut dyn FnMut(&History, Time) -> bool,
    ) -> Option<History> {
        let mut world = self.world(0);
        world.keep_history(History::bounded(bound));
        if world.simulate_until(partition, enough) || world.workload().failure().is_some() {
            return None;
        }
        world.take_history()
    }

    fn look_at(&self, picked: Picked, until: Time) -> History {
        let mut world = self.world(0);
        let AnyWorkload::Trace(trace) = world.workload() else { return History::default() };
        let history = History { records: Vec::with_capacity(picked.len()), ..History::bounded(usize::MAX) };
        trace.replay_only(picked);
        world.keep_history(history);
        world.simulate_before(Partition { first_group: 0, groups: 0 }, until);
        let mut history = world.take_history().unwrap_or_default();
        // Of what nobody waits for the end is known before.
        history.records.retain(|record| record.end.is_some_and(|end| end < until));
        history.notes.retain(|noted| noted.at < until);
        history
    }

    fn initial(&self) -> Option<Value> {
        self.workload(0).initial()
    }
}

impl Contestant {
    /// A store that is not one of the shelf, under a scenario's workload.
    pub fn around<S: Store + Clone + Send + Sync + 'static>(scenario: &Scenario, store: S) -> Contestant {
        let prepared = Prepared::new(&scenario.workload);
        Build { scenario, network: &scenario.network, prepared }.with(store)
    }

    /// All stores of a scenario.
    pub fn all(scenario: &Scenario) -> Vec<Contestant> {
        Contestant::all_on(scenario, 1)
    }

    /// The same, made ready by several threads; 0: by as many as the machine has processors.
    pub fn all_on(scenario: &Scenario, threads: usize) -> Vec<Contestant> {
        let prepared = prepare::prepared(&scenario.workload, threads);
        let terms = scenario.terms();
        let build = |config: &StoreConfig| {
            let network = scenario.network_of(config);
            let build = Build { scenario, network: &network, prepared: prepared.clone() };
            let by_key = plan(scenario, build.prepared.clone(), &network, &config.kind);
            Contestant { by_key, ..with_store(&config.kind, &network, &terms, build) }
        };
        scenario.stores.iter().map(build).collect()
    }

    /// The groups that can be simulated alone; `None` where all belong together.
    pub fn separable(&self) -> Option<u32> {
        match (self.coupling, self.groups) {
            (Coupling::Groups, Groups::Fixed(groups)) => Some(groups),
            _ => None,
        }
    }

    /// Into how many units a replication is divided.
    pub fn shares(&self, replications: u32) -> u32 {
        // More replications keep the threads busy by themselves.
        self.separable().map_or(1, |groups| groups.min((SHARES / replications.max(1)).max(1)))
    }

    /// The partition that holds everything, for what cannot be divided.
    pub fn whole(&self) -> Partition {
        let groups = if let Groups::Fixed(groups) = self.groups { groups } else { 0 };
        Partition { first_group: 0, groups }
    }

    /// Simulates a unit.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    pub fn simulate(&self, unit: Unit) -> Result<Measurements, TraceError> {
        Ok(Measurements::merged(self.simulate_in_batches(unit, 1)?))
    }

    /// Simulates a unit, and measures so many batches of equal time apart.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    pub fn simulate_in_batches(&self, unit: Unit, batches: u32) -> Result<Vec<Measurements>, TraceError> {
        measured(self.begin(unit.replication, batches), &mut self.partitions(unit))
    }

    /// Simulates a unit's partitions, those that [`partitions`](Contestant::partitions) lists, in some other order.
    pub(super) fn simulate_these(&self, unit: Unit, partitions: &[Partition]) -> Result<Measurements, TraceError> {
        measured(self.begin(unit.replication, 1), &mut partitions.iter().copied()).map(Measurements::merged)
    }

    /// The same without events, only what these groups measure of all that starts then or later; `None` where it needs events.
    pub(super) fn measure_some(
        &self,
        unit: Unit,
        partitions: &[Partition],
        groups: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        let plan = self.by_key.as_ref().filter(|plan| plan.is_whole() || self.separable().is_some());
        let keys = &mut partitions.iter().map(|partition| partition.first_group);
        plan.map_or(Ok(None), |plan| plan.measure_some(unit.replication, keys, groups, from))
    }

    /// The histories of such partitions, each of at most `bound` operations, simulated one after another in one world.
    pub(super) fn record_these(
        &self,
        unit: Unit,
        partitions: &[Partition],
        bound: usize,
        take: &mut dyn FnMut(Partition, History),
    ) -> Result<(), TraceError> {
        self.runner.record(unit.replication, &mut partitions.iter().copied(), bound, take)
    }

    /// A simulation of one replication, which has not simulated anything yet.
    pub(super) fn begin(&self, replication: u32, batches: u32) -> Box<dyn Simulation + '_> {
        match &self.by_key {
            Some(plan) if plan.is_whole() => {
                let by_events = move || self.runner.begin(replication, batches);
                Box::new(Whole::new(plan.begin(replication, batches), by_events))
            }
            Some(plan) if self.separable().is_some() => Box::new(plan.begin(replication, batches)),
            _ => self.runner.begin(replication, batches),
        }
    }

    /// The groups of a unit, apart from each other or, where that cannot be, together.
    pub(super) fn partitions(&self, unit: Unit) -> impl Iterator<Item = Partition> {
        let (range, groups) = match self.separable() {
            Some(groups) => (unit.share..groups, 1),
            None => (0..1, self.whole().groups),
        };
        range.step_by(unit.shares as usize).map(move |first_group| Partition { first_group, groups })
    }

    /// The groups of a whole replication, likewise.
    pub fn all_partitions(&self) -> impl Iterator<Item = Partition> {
        self.partitions(Unit { store: 0, replication: 0, share: 0, shares: 1 })
    }

    /// The group of a key, where groups are simulated without events.
    pub(super) fn group_of(&self, key: Key) -> u32 {
        key.0 / self.by_key.as_ref().map_or(1, |plan| plan.keys_of_group().into())
    }

    /// Whether the store is simulated key by key, without events.
    pub fn is_by_key(&self) -> bool {
        self.by_key.is_some()
    }

    /// The same by events, even where they are not needed: for tests of what goes without.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    pub fn simulate_by_events(&self, unit: Unit, batches: u32) -> Result<Vec<Measurements>, TraceError> {
        measured(self.runner.begin(unit.replication, batches), &mut self.partitions(unit))
    }

    /// A trace replayed so many rows at a time, if it can be replayed key by key: for tests of long traces, with short ones.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn simulate_in_stretches(
        &self,
        replication: u32,
        batches: u32,
        rows: usize,
    ) -> Result<Option<Vec<Measurements>>, TraceError> {
        let Some(plan) = self.by_key.as_ref().filter(|plan| plan.is_whole()) else { return Ok(None) };
        let mut by_key = plan.begin(replication, batches);
        Ok(by_key.replay_in_stretches(rows)?.then(|| by_key.into_batches()))
    }

    /// Simulates all groups together, even if they could be divided: for tests of the division.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    pub fn simulate_whole(&self, replication: u32) -> Result<Measurements, TraceError> {
        let whole = &mut std::iter::once(self.whole());
        measured(self.runner.begin(replication, 1), whole).map(Measurements::merged)
    }

    /// Looks at the history of one partition of the first replication only until it is enough.
    pub(super) fn look(
        &self,
        partition: Partition,
        bound: usize,
        enough: &mut dyn FnMut(&History, Time) -> bool,
    ) -> Option<History> {
        self.runner.look(partition, bound, enough)
    }

    /// At least so many of the first rows of a trace in the first replication, where they are replayed key by key.
    pub(super) fn first_replication(&self, rows: usize) -> Option<FirstReplication<'_>> {
        self.by_key.as_ref()?.first_replication(rows)
    }

    /// The history of some rows of the trace in the first replication and of no others, up to a time: for stores on which no
    /// key has to do with another.
    pub(super) fn look_at(&self, picked: Picked, until: Time) -> History {
        self.runner.look_at(picked, until)
    }

    /// The history of one partition, of at most `bound` operations.
    pub fn record(&self, replication: u32, partition: Partition, bound: usize) -> Option<History> {
        self.record_one(replication, partition, bound).ok()
    }

    fn record_one(&self, replication: u32, partition: Partition, bound: usize) -> Result<History, TraceError> {
        let mut recorded = History::default();
        let take = &mut |_, history| recorded = history;
        self.runner.record(replication, &mut std::iter::once(partition), bound, take)?;
        Ok(recorded)
    }

    /// The histories of all partitions of a replication, which share neither keys nor clients: of at most `bound`
    /// operations together, and as many notes in each.
    ///
    /// # Errors
    /// When there are more operations or notes, or a trace cannot be read to its end.
    pub fn record_all(&self, replication: u32, bound: usize) -> Result<Vec<(Partition, History)>, RecordError> {
        let mut room = bound;
        let mut parts = Vec::new();
        for partition in self.all_partitions() {
            let history = self.record_one(replication, partition, room).map_err(RecordError::Trace)?;
            if history.dropped > 0 {
                return Err(RecordError::TooLong { bound });
            }
            room -= history.records.len();
            parts.push((partition, history));
        }
        Ok(parts)
    }

    /// What every key holds at the start.
    pub fn initial(&self) -> Option<Value> {
        self.runner.initial()
    }
}
