//! Which stores keep every promise, with as little simulation as that takes: a store that cannot keep one of them any
//! more is not simulated further.

use crate::scenario::Scenario;

use super::walk::Walk;
use super::{Options, Outcome, RunError, Unwatched, kept};

/// A comparison on its way.
pub struct Contest {
    walk: Walk,
    scenario: Scenario,
    /// By store: whether it still can keep every promise.
    open: Vec<bool>,
    /// Measured operations so far, of all stores and replications together.
    pub operations: u64,
}

impl std::fmt::Debug for Contest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contest")
            .field("open", &self.open)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

impl Contest {
    /// Nothing is run yet.
    pub fn new(scenario: &Scenario, options: &Options) -> Contest {
        Contest {
            walk: Walk::new(scenario, 1, options),
            scenario: scenario.clone(),
            open: vec![true; scenario.stores.len()],
            operations: 0,
        }
    }

    /// Runs further replications until there are so many, of the stores that may keep every promise in all the
    /// replications of the scenario; and the outcome of what was run. A store that was given up breaks a promise in it,
    /// as it would after all replications; the others have exactly the figures of a run of so many replications.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    pub fn extend(&mut self, replications: u32, options: &Options) -> Result<Outcome, RunError> {
        // The first replication is often enough to see that a store breaks a promise.
        for until in [1, replications] {
            if until > self.walk.replications() && self.open.iter().any(|open| *open) {
                self.operations += self.walk.extend_some(until, &self.open, options, &Unwatched)?;
                self.give_up(until);
            }
        }
        Ok(self.walk.judged(options))
    }

    /// Closes the stores that break a promise however the missing replications turn out.
    fn give_up(&mut self, replications: u32) {
        let all = f64::from(self.scenario.replications.max(replications));
        for terms in &self.scenario.promises {
            let samples = self.walk.samples(terms.metric);
            for (open, samples) in self.open.iter_mut().zip(samples) {
                let broken = samples.iter().filter(|sample| !kept(terms.bound, **sample)).count() as f64;
                *open &= all - broken >= terms.share * all;
            }
        }
    }
}
