//! Places, and how long a message takes between them.

use std::sync::Arc;

use serde::Serialize;

use crate::faults::Faults;
use crate::model::{Location, Span, Time};
use crate::random::{Law, Sampler, derive};

pub mod table;

/// One place of a scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Place {
    /// Airport code, or the user's own name.
    pub code: String,
    /// For tables and charts.
    pub city: String,
}

/// The places of a scenario and the round-trip times between them.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NetworkConfig {
    /// The edges first, in the scenario's order, then the places without clients (such as a central store elsewhere).
    pub places: Vec<Place>,
    /// How many of the places are edges, with clients.
    pub edges: u16,
    /// Where the central store is.
    pub central: Location,
    /// Round-trip times, row by row: from × places + to. Need not obey the triangle inequality.
    pub rtt: Vec<Span>,
    /// What is added to half the round-trip time on each way. Default: log-normal, median 0.5 ms, p99 5 ms (assumption).
    pub jitter: Law,
    /// What befalls the network, and what stands at its places.
    #[serde(skip_serializing_if = "Faults::is_empty")]
    pub faults: Faults,
}

impl NetworkConfig {
    /// The same with the faults that the store of this name meets; `objects` says that there are Durable Objects in it.
    #[must_use]
    pub fn of_store(&self, name: &str, objects: bool) -> NetworkConfig {
        NetworkConfig { faults: self.faults.of_store(name, objects), ..self.clone() }
    }

    /// The codes of the edges.
    pub fn edge_codes(&self) -> Vec<String> {
        self.places.iter().take(usize::from(self.edges)).map(|place| place.code.clone()).collect()
    }

    /// The round-trip time between two places.
    pub fn rtt(&self, from: Location, to: Location) -> Span {
        self.rtt[from.index() * self.places.len() + to.index()]
    }
}

/// The network, ready to be asked. A clone shares its tables and costs nothing.
#[derive(Clone, Debug)]
pub struct Network {
    places: usize,
    half_rtt: Arc<[Span]>,
    jitter: Sampler,
    faults: Faults,
}

impl Network {
    /// From its plain data.
    pub fn new(config: &NetworkConfig) -> Network {
        Network {
            places: config.places.len(),
            half_rtt: config.rtt.iter().map(|rtt| Span(rtt.0 / 2)).collect(),
            jitter: Sampler::new(&config.jitter),
            faults: config.faults.clone(),
        }
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.places
    }

    /// One way between two places, for the message with this random number: half the round-trip time plus jitter.
    /// Within one place there is no network.
    #[inline]
    pub fn one_way(&self, from: Location, to: Location, draw: u64) -> Span {
        if from == to {
            return Span::ZERO;
        }
        self.half_rtt(from, to) + self.jitter(draw)
    }

    /// What distance alone takes, one way.
    #[inline]
    pub fn half_rtt(&self, from: Location, to: Location) -> Span {
        self.half_rtt[from.index() * self.places + to.index()]
    }

    /// What is added to it for the message with this random number, unless it stays within one place.
    #[inline]
    pub fn jitter(&self, draw: u64) -> Span {
        self.jitter.span(derive(draw, 0))
    }

    /// When a message arrives that leaves then, which carries this random number; where a fault loses it, when its sender
    /// gives up. `object` says whether a Durable Object gets it or has sent it, and is asked where that matters.
    #[inline]
    pub fn passage(
        &self,
        leaves: Time,
        (from, to): (Location, Location),
        draw: u64,
        object: impl FnOnce() -> bool,
    ) -> Result<Time, Time> {
        let way = self.one_way(from, to, draw);
        if self.faults.is_empty() { Ok(leaves + way) } else { self.faults.passage(leaves, (from, to), way, object()) }
    }
}
