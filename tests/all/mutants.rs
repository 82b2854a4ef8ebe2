//! Faults planted in a store that is otherwise strong: each must be caught by the checks and metrics that are there for it,
//! and the store without a fault by none.

use consistency_sim::engine::{Partition, World};
use consistency_sim::history::History;
use consistency_sim::history::judged::{Log, Reading};
use consistency_sim::metrics::{CountId, Measurements, Window};
use consistency_sim::model::*;
use consistency_sim::network::Network;
use consistency_sim::random::{Purpose, StreamKey};
use consistency_sim::stores::{Coupling, Ground, Outbox, Requests, Store};
use consistency_sim::workloads::{Prepared, build};

use crate::checks::verdict;
use crate::support::{mix, network};

/// What is wrong with the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    None,
    /// The copy at the last location shows the version before the newest to every seventh of its reads.
    ReplicaGoesBack,
    /// Every fifth write takes effect, and its client is never told.
    DroppedAcknowledgement,
    /// Every fifth write is acknowledged and never happened.
    LostWrite,
    /// Every fifth write is acknowledged at once and takes effect a second later.
    EarlyAcknowledgement,
}

impl Fault {
    pub const ALL: [Fault; 5] = [
        Fault::None,
        Fault::ReplicaGoesBack,
        Fault::DroppedAcknowledgement,
        Fault::LostWrite,
        Fault::EarlyAcknowledgement,
    ];
}

/// One key in one place: a write takes effect when it arrives, a read returns what it finds then.
#[derive(Clone)]
struct Faulty {
    fault: Fault,
    now: Seen,
    before: Seen,
    reads: u64,
    writes: u64,
    last_location: Location,
}

impl Faulty {
    fn apply(&mut self, seen: Seen) {
        if seen.version > self.now.version {
            self.before = std::mem::replace(&mut self.now, seen);
        }
    }
}

impl Store for Faulty {
    /// A write that takes effect late.
    type Message = Seen;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: false, several_keys: false }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Groups
    }

    fn begin(&mut self, ground: Ground) {
        self.now = Seen { version: Version::INITIAL, value: ground.initial };
        self.before = self.now;
        (self.reads, self.writes) = (0, 0);
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Seen>) {
        if request.operation.is_read() {
            self.reads += u64::from(request.location == self.last_location);
            let back = self.fault == Fault::ReplicaGoesBack
                && request.location == self.last_location
                && self.reads.is_multiple_of(7);
            let seen = if back { self.before } else { self.now };
            outbox.reply(id, Span::from_millis(5), Answer::of(seen));
            return;
        }
        self.writes += 1;
        let fifth = self.writes.is_multiple_of(5);
        let version = Version { stamp: now.0 + 1, nonce: self.writes as u32 };
        let seen = Seen { version, value: request.operation.apply(None) };
        match self.fault {
            Fault::LostWrite if fifth => {}
            Fault::EarlyAcknowledgement if fifth => outbox.after(Span::from_secs(1), seen),
            _ => self.apply(seen),
        }
        if !(self.fault == Fault::DroppedAcknowledgement && fifth) {
            outbox.reply(id, Span::from_millis(10), Answer::of(seen));
        }
    }

    fn deliver(&mut self, _: Time, late: Seen, _: &Requests, _: &mut Outbox<Seen>) {
        self.apply(late);
    }

    fn lost(&mut self, _: Time, _: Seen, _: &Requests, _: &mut Outbox<Seen>) {}

    fn lost_answer(&self) -> Refusal {
        Refusal::ObjectConnectionLost
    }

    fn latest(&self, _: Key) -> Seen {
        self.now
    }
}

/// The history of a run on a faulty store, and what was measured of it.
fn observed(fault: Fault) -> (History, Measurements) {
    let network = network(3, Span::ZERO);
    let config = mix(1, 6.0, 1.0);
    let workload = build(&config, &Prepared::new(&config), 1, 0, &network.edge_codes());
    let nothing = Seen { version: Version::INITIAL, value: None };
    let store = Faulty { fault, now: nothing, before: nothing, reads: 0, writes: 0, last_location: Location(2) };
    let window = Window { from: Time::START, until: Time(600_000_000_000) };
    let mut world =
        World::new(store, workload, Network::new(&network), window, StreamKey::new(1, 0, Purpose::Requests));
    world.keep_history(History::bounded(100_000));
    world.simulate(Partition { first_group: 0, groups: 1 });
    let history = world.take_history().expect("a history was kept");
    assert_eq!(history.dropped, 0);
    (history, world.into_measurements())
}

/// What each check and metric says of a fault.
pub struct Caught {
    pub fault: Fault,
    pub linearizable: &'static str,
    pub read_your_writes: &'static str,
    pub monotonic_reads: &'static str,
    pub stale_reads: u64,
    /// Operations that were never answered.
    pub unanswered: u64,
}

pub fn caught(fault: Fault) -> Caught {
    let (history, measured) = observed(fault);
    let log = Log::of(&history);
    let reading = Reading { initial: Some(0).into(), ..Reading::default() };
    let word = |check| verdict(check, &log, reading).word();
    let available = measured.count(CountId::Available);
    assert_eq!(available.of, measured.operations, "whoever was not answered counts too");
    let pending = history.records.iter().filter(|record| record.end.is_none()).count() as u64;
    assert_eq!(pending, available.of - available.hits, "the history knows of every operation without an answer");
    Caught {
        fault,
        linearizable: word("linearizable"),
        read_your_writes: word("read-your-writes"),
        monotonic_reads: word("monotonic-reads"),
        stale_reads: measured.count(CountId::StaleReads).hits,
        unanswered: pending,
    }
}

#[test]
fn every_planted_fault_is_caught_by_what_is_there_for_it() {
    for fault in Fault::ALL {
        let Caught { linearizable, read_your_writes, monotonic_reads, stale_reads, unanswered, .. } = caught(fault);
        let verdicts = (linearizable, read_your_writes, monotonic_reads);
        let counts = (stale_reads > 0, unanswered > 0);
        println!("{fault:?}: {verdicts:?}, {stale_reads} stale, {unanswered} unanswered");
        match fault {
            Fault::None => assert_eq!((verdicts, counts), (("holds", "holds", "holds"), (false, false))),
            Fault::ReplicaGoesBack => {
                assert_eq!((linearizable, monotonic_reads, counts), ("broken", "broken", (true, false)))
            }
            // What takes effect and is never acknowledged is no inconsistency; it is a lack of availability.
            Fault::DroppedAcknowledgement => {
                assert_eq!((verdicts, counts), (("holds", "holds", "holds"), (false, true)))
            }
            Fault::LostWrite | Fault::EarlyAcknowledgement => {
                assert_eq!((linearizable, read_your_writes, counts), ("broken", "broken", (true, false)));
            }
        }
    }
}
