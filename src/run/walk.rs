//! The replications of a run, added up as they come in; more can follow.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::estimate::{Sample, Scalar};
use crate::metrics::{CountId, Measurements};
use crate::scenario::Scenario;

use super::simulation::Simulation;
use super::{Contestant, Options, Outcome, RunError, StoreOutcome, Unit, Watch, anomaly, conclude, digest, pool};

/// What one store's replications add up to, while units come in.
pub(super) struct Sum {
    pub pooled: Measurements,
    /// By replication: what has come in, batch by batch, and how many units are missing.
    open: Vec<(Vec<Measurements>, u32)>,
    /// By replication, when it is complete.
    pub samples: Vec<Vec<Sample>>,
    /// The batches of a single replication.
    pub batches: Vec<Measurements>,
}

/// What one thread simulates: units of one replication of one store, one after another, as long as the next one fits.
struct Under<'a> {
    store: usize,
    replication: u32,
    units: u32,
    /// Measured in these units.
    operations: u64,
    simulation: Box<dyn Simulation + 'a>,
}

impl Under<'_> {
    fn fits(&self, unit: &Unit) -> bool {
        (self.store, self.replication) == (unit.store, unit.replication)
    }
}

/// A run on its way.
pub(super) struct Walk {
    /// With as many replications as were run so far.
    scenario: Scenario,
    contestants: Vec<Contestant>,
    sums: Vec<Mutex<Sum>>,
    scalars: Vec<Scalar>,
    batches: u32,
}

impl Walk {
    /// Nothing is run yet. Batches are for a single replication; more of them have one each.
    pub fn new(scenario: &Scenario, batches: u32, options: &Options) -> Walk {
        let empty = || {
            let pooled = Measurements::new(scenario.network.places.len());
            Mutex::new(Sum { pooled, open: Vec::new(), samples: Vec::new(), batches: Vec::new() })
        };
        let contestants = Contestant::all_on(scenario, options.threads);
        Walk {
            sums: contestants.iter().map(|_| empty()).collect(),
            scenario: Scenario { replications: 0, ..scenario.clone() },
            contestants,
            scalars: Scalar::all(),
            batches,
        }
    }

    /// The names of the stores that are one unit in each replication.
    pub fn serial(&self) -> Vec<&str> {
        let stores = self.scenario.stores.iter().zip(&self.contestants);
        stores
            .filter(|(_, contestant)| contestant.separable().is_none())
            .map(|(store, _)| store.name.as_str())
            .collect()
    }

    /// So many replications were run so far.
    pub fn replications(&self) -> u32 {
        self.scenario.replications
    }

    /// Runs further replications, until there are so many.
    pub fn extend(&mut self, replications: u32, options: &Options, watch: &dyn Watch) -> Result<(), RunError> {
        let all = vec![true; self.contestants.len()];
        self.extend_some(replications, &all, options, watch).map(|_| ())
    }

    /// The same for some of the stores; how many operations were measured. A store that was left out once stays so.
    pub fn extend_some(
        &mut self,
        replications: u32,
        which: &[bool],
        options: &Options,
        watch: &dyn Watch,
    ) -> Result<u64, RunError> {
        let first = self.scenario.replications;
        let mut units = Vec::new();
        for (store, contestant) in self.contestants.iter().enumerate().filter(|(store, _)| which[*store]) {
            let shares = contestant.shares(replications - first);
            for replication in first..replications {
                units.extend((0..shares).map(|share| Unit { store, replication, share, shares }));
            }
            let sum = self.sums[store].get_mut().expect("no unit panics");
            sum.open.resize(replications as usize, (Vec::new(), shares));
            sum.samples.resize(replications as usize, Vec::new());
        }
        // What takes one thread longest begins first, or the others would wait for it at the end.
        units.sort_by_key(|unit| self.contestants[unit.store].separable().is_some());
        watch.planned(units.len() as u64);
        let operations = AtomicU64::new(0);
        let this = &*self;
        let work = |under_way: &mut Option<_>, unit: &Unit| {
            let more = this.simulate(under_way, unit)?;
            watch.advanced(1, more);
            operations.fetch_add(more, Ordering::Relaxed);
            Ok(())
        };
        pool::each(options.threads, &units, || None, work, |last| last.into_iter().for_each(|last| this.take(last)))?;
        self.scenario.replications = replications;
        Ok(operations.into_inner())
    }

    /// Simulates a unit; says how many operations were measured. Threads that change to another replication or store hand
    /// over what they have.
    fn simulate<'a>(&'a self, under_way: &mut Option<Under<'a>>, unit: &Unit) -> Result<u64, RunError> {
        if let Some(other) = under_way.take_if(|under_way| !under_way.fits(unit)) {
            self.take(other);
        }
        let contestant = &self.contestants[unit.store];
        let under_way = under_way.get_or_insert_with(|| Under {
            store: unit.store,
            replication: unit.replication,
            units: 0,
            operations: 0,
            simulation: contestant.begin(unit.replication, self.batches),
        });
        let so_far = under_way.simulation.simulate(&mut contestant.partitions(*unit)).map_err(RunError::Trace)?;
        under_way.units += 1;
        Ok(so_far - std::mem::replace(&mut under_way.operations, so_far))
    }

    fn take(&self, done: Under<'_>) {
        let measured = done.simulation.finish();
        let mut sum = self.sums[done.store].lock().expect("no unit panics");
        sum.take(done.replication as usize, done.units, measured, &self.scalars);
    }

    /// The samples of one scalar, store by store, of all replications so far.
    pub fn samples(&mut self, scalar: Scalar) -> Vec<Vec<Sample>> {
        let column = self.scalars.iter().position(|known| *known == scalar).expect("a metric of the table");
        let of = |sum: &mut Mutex<Sum>| {
            let sum = sum.get_mut().expect("no unit panics");
            sum.samples.iter().map(|row| row[column]).collect()
        };
        self.sums.iter_mut().map(of).collect()
    }

    /// The outcome of all replications so far. Each store is concluded, and the anomaly is looked for, by whichever thread
    /// has time.
    pub fn finish(mut self, options: &Options) -> Outcome {
        let shows =
            |sum: &mut Mutex<Sum>| sum.get_mut().expect("no unit panics").pooled.count(CountId::StaleReads).hits > 0;
        let drawn = self.sums.iter_mut().position(shows).map(Last::Anomaly);
        // It takes longest, so it begins first.
        let last: Vec<Last> = drawn.into_iter().chain((0..self.sums.len()).map(Last::Store)).collect();
        let anomaly = Mutex::new(None);
        let stores: Vec<Mutex<Option<StoreOutcome>>> = self.sums.iter().map(|_| Mutex::default()).collect();
        let work = |(): &mut (), last: &Last| -> Result<(), Infallible> {
            match *last {
                Last::Anomaly(store) => {
                    let network = &self.scenario.network;
                    let found = anomaly::find(store, &self.contestants[store], usize::from(network.edges));
                    *anomaly.lock().expect("no search panics") = found;
                }
                Last::Store(store) => {
                    let mut sum = self.sums[store].lock().expect("no unit panics");
                    let pooled = std::mem::replace(&mut sum.pooled, Measurements::new(0));
                    *stores[store].lock().expect("no conclusion panics") = Some(self.concluded(store, &sum, pooled));
                }
            }
            Ok(())
        };
        let Ok(()) = pool::each(options.threads, &last, || (), work, |()| ());
        let anomaly = anomaly.into_inner().expect("no search panics");
        let concluded = |store: Mutex<Option<_>>| store.into_inner().expect("no conclusion panics");
        let stores: Vec<StoreOutcome> = stores.into_iter().filter_map(concluded).collect();
        let digest = digest::of_stores(&stores);
        Outcome { digest, anomaly, ..self.outcome(stores, options) }
    }

    /// The same without what is only to be shown: no digest of the figures, and no anomaly. More replications can follow.
    pub fn judged(&mut self, options: &Options) -> Outcome {
        let judged = |(store, sum): (usize, &Mutex<Sum>)| {
            let sum = sum.lock().expect("no unit panics");
            self.concluded(store, &sum, sum.pooled.clone())
        };
        self.outcome(self.sums.iter().enumerate().map(judged).collect(), options)
    }

    fn concluded(&self, store: usize, sum: &Sum, pooled: Measurements) -> StoreOutcome {
        conclude(&self.scenario, (store, &self.contestants[store]), (sum, pooled), &self.scalars)
    }

    fn outcome(&self, stores: Vec<StoreOutcome>, options: &Options) -> Outcome {
        Outcome {
            scenario_digest: digest::of_scenario(&self.scenario),
            digest: String::new(),
            command: options.command.clone(),
            stores,
            anomaly: None,
            advice: None,
            scenario: self.scenario.clone(),
        }
    }
}

/// What is left to do when all is simulated.
enum Last {
    /// To find an anomaly of this store, the first that shows one.
    Anomaly(usize),
    /// To conclude what there is to say of this store.
    Store(usize),
}

impl Sum {
    /// So many units of a replication are done.
    fn take(&mut self, replication: usize, units: u32, measured: Vec<Measurements>, scalars: &[Scalar]) {
        let (open, missing) = &mut self.open[replication];
        if open.is_empty() {
            *open = measured;
        } else {
            open.iter_mut().zip(measured).for_each(|(mine, theirs)| mine.absorb(theirs));
        }
        *missing -= units;
        if *missing == 0 {
            let mut batches = std::mem::take(open);
            let whole = if batches.len() > 1 {
                let mut whole = Measurements::new(0);
                for batch in &mut batches {
                    // The largest tables, which no interval is made of.
                    whole.absorb_places(std::mem::take(&mut batch.places));
                    whole.merge(batch);
                }
                self.batches = batches;
                whole
            } else {
                batches.pop().unwrap_or_else(|| Measurements::new(0))
            };
            self.samples[replication] = scalars.iter().map(|scalar| Sample::of(*scalar, &whole)).collect();
            self.pooled.absorb(whole);
        }
    }
}
