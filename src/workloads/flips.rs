//! The flips of one flag: when each was shown at the edges, and how long older values were used.
//!
//! What is told here is a least or a greatest time of many, so that answers may be told in another order than that of time, as
//! long as it is said how far back the next ones may lie.

use crate::metrics::{DistributionId, Measurements};
use crate::model::{Location, Time};

/// One flip. The flag's value is the flip's number, counted from one; flags start switched on, so odd flips switch off.
#[derive(Clone, Copy, Debug)]
struct Flip {
    completed: Option<Time>,
    /// The end of the first and of the last of the edges' first evaluations that showed this flip or a newer one.
    first_shown: Time,
    last_shown: Time,
    edges: u16,
    /// The start of the last evaluation that used an older value.
    last_older: Time,
}

impl Flip {
    const NEW: Flip =
        Flip { completed: None, first_shown: Time::NEVER, last_shown: Time::START, edges: 0, last_older: Time::START };
}

/// What an edge has shown.
#[derive(Clone, Debug, Default)]
struct Edge {
    /// Of flips up to this it is told when the edge first showed them.
    told: u32,
    /// Of later ones when it did, as far as answers are known: up to which flip, and when. Both rise.
    open: Vec<(u32, Time)>,
}

/// All flips of a flag.
#[derive(Clone, Debug)]
pub struct Flips {
    all: Vec<Flip>,
    edges: Vec<Edge>,
}

impl Flips {
    /// A flag that nobody has flipped yet.
    pub fn new(edges: u16) -> Flips {
        Flips { all: Vec::new(), edges: vec![Edge::default(); usize::from(edges)] }
    }

    /// Another flag.
    pub fn begin(&mut self) {
        self.all.clear();
        for edge in &mut self.edges {
            edge.told = 0;
            edge.open.clear();
        }
    }

    /// The flag is flipped: the number of the flip.
    pub fn flip(&mut self) -> u32 {
        self.all.push(Flip::NEW);
        self.all.len() as u32
    }

    /// The flip with this number is acknowledged; one that is refused is never complete.
    pub fn complete(&mut self, number: u32, at: Time) {
        self.all[number as usize - 1].completed = Some(at);
    }

    /// An evaluation at an edge started and ended then, and used the value of this flip; 0: that of the start. No evaluation
    /// of which is told later ends before `from`.
    #[inline]
    pub fn evaluated(&mut self, at: Location, shown: u32, (start, end): (Time, Time), from: Time) {
        let edge = &mut self.edges[at.index()];
        if shown > edge.told || !edge.open.is_empty() {
            edge.tell(&mut self.all, from);
            edge.show(shown, end);
        }
        for flip in &mut self.all[shown as usize..] {
            flip.last_older = flip.last_older.max(start);
        }
    }

    /// All is told: what is measured of the flips that were complete at `from` or later and that every edge showed. Of the
    /// others the end of the run hides the rest.
    pub fn end(&mut self, from: Time, measurements: &mut Measurements) {
        self.edges.iter_mut().for_each(|edge| edge.tell(&mut self.all, Time::NEVER));
        for (number, flip) in self.all.iter().enumerate() {
            let everywhere = usize::from(flip.edges) == self.edges.len();
            let Some(completed) = flip.completed.filter(|at| *at >= from && everywhere) else { continue };
            let mut add = |id, until: Time| measurements.distribution_mut(id).add(until.since(completed).0);
            add(DistributionId::FirstEdge, flip.first_shown);
            add(DistributionId::LastEdge, flip.last_shown);
            let switches_off = number % 2 == 0;
            if switches_off {
                add(DistributionId::Exposure, flip.last_older);
            }
        }
    }
}

impl Edge {
    /// It showed a flip, and thus all earlier ones, then.
    fn show(&mut self, shown: u32, at: Time) {
        let place = self.open.partition_point(|(flip, _)| *flip < shown);
        if shown <= self.told || self.open.get(place).is_some_and(|(_, before)| *before <= at) {
            return;
        }
        // What it showed later than this of the same flip or of earlier ones does not count any more.
        let first = self.open.partition_point(|(_, before)| *before < at);
        let last = self.open.partition_point(|(flip, _)| *flip <= shown);
        self.open.splice(first..last, [(shown, at)]);
    }

    /// Tells the flips of what cannot change any more, since no answer that is not known yet ends before `from`.
    fn tell(&mut self, flips: &mut [Flip], from: Time) {
        let known = self.open.partition_point(|(_, at)| *at <= from);
        for (shown, at) in self.open.drain(..known) {
            for flip in &mut flips[self.told as usize..shown as usize] {
                flip.first_shown = flip.first_shown.min(at);
                flip.last_shown = flip.last_shown.max(at);
                flip.edges += 1;
            }
            self.told = shown;
        }
    }
}
