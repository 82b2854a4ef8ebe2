//! The figures of some keys alone, and of what they do from some time on: to find out where two simulations differ.

use std::mem::swap;
use std::ops::Range;

use crate::metrics::Measurements;
use crate::model::Time;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_stretches::Whole;

use super::clients::Acting;
use super::rows::Keys;
use super::stretches::Apart;
use super::tally::Tally;
use super::{Common, Live, Plan, Who};

impl Plan {
    /// Simulates these keys of a replication, one after another, or all of a trace; measures only the keys of a range, and of
    /// them only what starts then or later. `None` where a trace turns out to need events.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn measure_some(
        &self,
        replication: u32,
        keys: &mut dyn Iterator<Item = u32>,
        measured: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        let mut simulation = self.begin(replication, 1);
        let (store, common) = (&mut simulation.store, &mut simulation.common);
        let mut kept = self.tally(1).starting(from);
        match &mut simulation.who {
            Who::Clients(clients) => {
                keys.for_each(|key| {
                    one(store, common, &mut clients.of(key), measured.contains(&key).then_some(&mut kept))
                });
            }
            Who::Rows { trace, rules, until } => {
                let rows = match trace.rows(*until)? {
                    Whole::Rows(rows) => rows,
                    Whole::TooMany(begun) => {
                        let apart = Apart { keys: measured, tally: &mut kept };
                        let stretches = trace.begun_or_anew(begun, *until)?;
                        let Some((windows, last_event)) = store.replay(common, rules, stretches, Some(apart))? else {
                            return Ok(None);
                        };
                        kept.windows(last_event).merge(&windows);
                        return Ok(Some(Measurements::merged(kept.into_batches())));
                    }
                    Whole::NeedsEvents => return Ok(None),
                };
                let (mut by_key, mut keys) = (rows.by_key(), Keys::default());
                while keys.take(&mut by_key) {
                    for mut key in keys.each(rules) {
                        let kept = measured.contains(&key.key).then_some(&mut kept);
                        one(store, common, &mut key, kept);
                    }
                }
            }
        }
        Ok(Some(Measurements::merged(kept.into_batches())))
    }
}

/// Simulates a key to its end; what it measures goes into the tally that is kept, if there is one.
fn one(store: &mut Live, common: &mut Common, key: &mut impl Acting, kept: Option<&mut Tally>) {
    let mut simulate = |common: &mut Common| {
        let last_event = store.simulate(common, key);
        common.truth.end(common.tally.windows(last_event));
    };
    match kept {
        Some(kept) => common.measured_by(kept, simulate),
        None => simulate(common),
    }
}

impl Common {
    /// Does something that is measured by this tally.
    pub fn measured_by(&mut self, tally: &mut Tally, act: impl FnOnce(&mut Common)) {
        swap(&mut self.tally, tally);
        act(self);
        swap(&mut self.tally, tally);
    }
}
