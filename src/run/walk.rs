//! The replications of a run, added up as they come in; more can follow.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::Measurements;
use crate::metrics::estimate::{Sample, Scalar};
use crate::scenario::Scenario;

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
    pub fn new(scenario: &Scenario, batches: u32) -> Walk {
        let empty = || {
            let pooled = Measurements::new(scenario.network.places.len());
            Mutex::new(Sum { pooled, open: Vec::new(), samples: Vec::new(), batches: Vec::new() })
        };
        let contestants = Contestant::all(scenario);
        Walk {
            sums: contestants.iter().map(|_| empty()).collect(),
            scenario: Scenario { replications: 0, ..scenario.clone() },
            contestants,
            scalars: Scalar::all(),
            batches,
        }
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
        watch.planned(units.len() as u64);
        let operations = AtomicU64::new(0);
        pool::each(options.threads, &units, |unit| {
            let contestant = &self.contestants[unit.store];
            let measured = contestant.simulate_in_batches(*unit, self.batches).map_err(RunError::Trace)?;
            let more = measured.iter().map(|batch| batch.operations).sum();
            watch.advanced(1, more);
            operations.fetch_add(more, Ordering::Relaxed);
            let mut sum = self.sums[unit.store].lock().expect("no unit panics");
            sum.take(unit.replication as usize, measured, &self.scalars);
            Ok(())
        })?;
        self.scenario.replications = replications;
        Ok(operations.into_inner())
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

    /// The outcome of all replications so far.
    pub fn finish(mut self, options: &Options) -> Outcome {
        let mut outcome = self.judged(options);
        outcome.digest = digest::of_stores(&outcome.stores);
        outcome.anomaly = anomaly::find(&self.contestants, &outcome.stores, &outcome.scenario.network);
        outcome
    }

    /// The same without what is only to be shown: no digest of the figures, and no anomaly.
    pub fn judged(&mut self, options: &Options) -> Outcome {
        let sums = self.sums.iter_mut().map(|sum| sum.get_mut().expect("no unit panics")).enumerate();
        let stores: Vec<StoreOutcome> =
            sums.map(|(store, sum)| conclude(&self.scenario, store, sum, &self.scalars)).collect();
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

impl Sum {
    fn take(&mut self, replication: usize, measured: Vec<Measurements>, scalars: &[Scalar]) {
        let (open, missing) = &mut self.open[replication];
        if open.is_empty() {
            *open = measured;
        } else {
            open.iter_mut().zip(&measured).for_each(|(mine, theirs)| mine.merge(theirs));
        }
        *missing -= 1;
        if *missing == 0 {
            let batches = std::mem::take(open);
            if batches.len() > 1 {
                self.batches.clone_from(&batches);
            }
            let whole = Measurements::merged(batches);
            self.samples[replication] = scalars.iter().map(|scalar| Sample::of(*scalar, &whole)).collect();
            self.pooled.merge(&whole);
        }
    }
}
