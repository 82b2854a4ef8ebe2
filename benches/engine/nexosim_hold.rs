//! The hold model on NeXosim, an engine for simulations of any kind: a model that schedules the next event in each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

/// Each of its pending events puts another one in its place.
#[derive(Serialize, Deserialize)]
struct Hold {
    pending: usize,
    increments: Vec<u64>,
    #[serde(skip)]
    seen: Arc<AtomicU64>,
}

#[Model]
impl Hold {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>, _: &mut ()) {
        (0..self.pending).for_each(|n| self.schedule(context, n));
    }

    #[nexosim(schedulable)]
    async fn happen(&mut self, _: (), context: &Context<Self>) {
        let n = self.seen.fetch_add(1, Ordering::Relaxed);
        self.schedule(context, n as usize * 7);
    }

    fn schedule(&self, context: &Context<Self>, n: usize) {
        let after = Duration::from_nanos(self.increments[n & 0xffff].max(1));
        context.schedule_event(after, schedulable!(Self::happen), ()).expect("it lies in the future");
    }
}

/// A simulation on one thread that has begun, and how many events it has seen.
pub fn begin(pending: usize, increments: &[u64]) -> (Simulation, Arc<AtomicU64>) {
    let seen = Arc::new(AtomicU64::new(0));
    let hold = Hold { pending, increments: increments.to_vec(), seen: seen.clone() };
    let bench = SimInit::with_num_threads(1).add_model(hold, Mailbox::new(), "hold");
    (bench.init(MonotonicTime::EPOCH).expect("nothing fails"), seen)
}

/// Lets at least so many events happen; says how many did.
pub fn hold(simulation: &mut Simulation, seen: &AtomicU64, events: u64) -> u64 {
    let before = seen.load(Ordering::Relaxed);
    while seen.load(Ordering::Relaxed) < before + events {
        simulation.step().expect("nothing fails");
    }
    seen.load(Ordering::Relaxed) - before
}
