//! The figures of some keys alone, and of what they do from some time on: to find out where two simulations differ.

use std::mem::swap;
use std::ops::Range;

use crate::metrics::Measurements;
use crate::model::Time;
use crate::workloads::trace_file::TraceError;

use super::tally::Tally;
use super::{Ended, Live, Plan, Simulated};

/// Measures some keys apart from the others.
pub(super) struct Apart<'a> {
    pub keys: &'a Range<u32>,
    pub tally: &'a mut Tally,
}

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
        range: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        let mut simulation = self.begin(replication, 1);
        let mut kept = self.tally(1).starting(from);
        let mut apart = Some(Apart { keys: range, tally: &mut kept });
        if let Simulated::Clients(clients, store) = &mut simulation.0 {
            let mut ended = Ended::default();
            keys.for_each(|key| {
                measured(store, Live::tally, &mut apart, key, &mut ended, |store, _| {
                    store.simulate_clients(clients, key);
                });
            });
        } else {
            let Some(ended) = simulation.simulate_some(apart)? else { return Ok(None) };
            kept.end(&ended);
        }
        Ok(Some(Measurements::merged(kept.into_batches())))
    }
}

/// Does something with a key, which is measured where it belongs: apart, or, if others are, not at all.
pub(super) fn measured<S>(
    store: &mut S,
    tally: impl Fn(&mut S) -> &mut Tally,
    apart: &mut Option<Apart<'_>>,
    key: u32,
    ended: &mut Ended,
    go_on: impl FnOnce(&mut S, &mut Ended),
) {
    match apart {
        None => go_on(store, ended),
        Some(apart) if apart.keys.contains(&key) => {
            swap(tally(store), apart.tally);
            go_on(store, ended);
            swap(tally(store), apart.tally);
        }
        Some(_) => {
            let mut others = Ended::default();
            go_on(store, &mut others);
            ended.happens(others.last_event);
            ended.stored.look_as(&others.stored);
        }
    }
}
