//! The census: where the days' quotas end, found before the run where clients ask whatever they are answered.
//!
//! Each group's calls are generated once more, on a store that answers at once and only counts. They are the calls of the
//! run itself: same times, same random numbers. So each group can then be simulated alone and know where the account's
//! quota ends, although it is all groups together that use it up.

use crate::engine::{Partition, World};
use crate::limits::Terms;
use crate::limits::day::{Cuts, Tally};
use crate::metrics::Window;
use crate::model::{Answer, Idiom, Key, Refusal, Request, RequestId, Seen, Span, Time};
use crate::network::Network;
use crate::random::StreamKey;
use crate::stores::{Coupling, DrawsOn, Ground, Outbox, Requests, Store};
use crate::workloads::Workload;

/// A store that counts what another one would charge to the day, and does nothing.
#[derive(Clone, Debug)]
struct Counting {
    idiom: Idiom,
    draws_on: DrawsOn,
    tally: Tally,
}

impl Store for Counting {
    type Message = ();

    fn idiom(&self) -> Idiom {
        self.idiom
    }

    fn coupling(&self) -> Coupling {
        Coupling::Groups
    }

    fn begin(&mut self, _: Ground) {}

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<()>) {
        if let Some((rule, amount)) = (self.draws_on)(request) {
            self.tally.add(rule, (now, request.draw), amount);
        }
        // A refusal needs no values, lists or sizes, and whoever asks again whatever the answer does not mind.
        outbox.reply(id, Span::ZERO, Answer::refused(Refusal::KvReadsPerDay));
    }

    fn deliver(&mut self, _: Time, (): (), _: &Requests, _: &mut Outbox<()>) {}

    fn lost(&mut self, _: Time, (): (), _: &Requests, _: &mut Outbox<()>) {}

    /// Nothing travels, so nothing is lost.
    fn lost_answer(&self) -> Refusal {
        Refusal::KvReadsPerDay
    }

    fn latest(&self, _: Key) -> Seen {
        Seen::default()
    }
}

/// Where the quotas of a replication's days end.
pub(super) fn take<W: Workload>(
    counted: &impl Store,
    workload: W,
    groups: u32,
    network: &Network,
    window: Window,
    requests: StreamKey,
    terms: &Terms,
) -> Cuts {
    let counting = Counting { idiom: counted.idiom(), draws_on: counted.draws_on(), tally: Tally::new(terms) };
    let mut world = World::new(counting, workload, network.clone(), window, requests);
    for first_group in 0..groups {
        world.simulate(Partition { first_group, groups: 1 });
    }
    world.store().tally.cuts()
}
