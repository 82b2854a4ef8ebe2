//! What one writer changes now and then and all edges read: who acts on it, and when.

use crate::model::{Location, Time};
use crate::random::{Law, Sampler, Stream, StreamKey};

use super::arrivals::{Arrivals, Pace, Source, any_edge};
use super::config::{Rate, Shape};

/// Who acts on many such things, one after another.
#[derive(Clone, Debug)]
pub struct SingleWriter {
    write_every: Sampler,
    arrivals: Arrivals,
    /// Of the reads of one thing at all edges, per second.
    rate: Rate,
    pace: Pace,
    key: StreamKey,
    edges: u16,
}

/// Those who act on one thing, on their way through the run.
#[derive(Clone, Copy, Debug)]
pub struct OneWritten {
    writer: Stream,
    readers: Source,
    writes_at: Time,
    reads_at: Time,
}

/// Somebody acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    /// The writer, who sits at the first edge, changes it.
    Write,
    /// It is read at an edge.
    Read(Location),
}

impl SingleWriter {
    /// From the time between two writes of one thing, and the rate of its reads at each edge.
    pub fn new(write_every: &Law, reads: Rate, key: StreamKey, edges: u16) -> SingleWriter {
        let (arrivals, rate) = (Arrivals::new(&Shape::Poisson), reads * f64::from(edges));
        let pace = arrivals.pace(rate);
        SingleWriter { write_every: Sampler::new(write_every), arrivals, rate, pace, key, edges }
    }

    /// How many edges read.
    pub fn edges(&self) -> u16 {
        self.edges
    }

    /// Those who act on the thing with this number, before any of them does.
    pub fn of(&self, number: u32) -> OneWritten {
        let stream = |which| self.key.stream(u64::from(number) << 1 | which);
        // One draw of the writer's is passed over, as it always was.
        let mut writer = self.arrivals.first(stream(0), 1.0).0.stream;
        let (readers, reads_at) = self.arrivals.first_at(stream(1), self.rate, self.pace);
        let writes_at = Time(self.write_every.span(writer.draw()).0);
        OneWritten { writer, readers, writes_at, reads_at }
    }
}

impl OneWritten {
    /// When the next one acts.
    #[inline]
    pub fn next(&self) -> Time {
        self.writes_at.min(self.reads_at)
    }

    /// The next one acts; of two at one time the writer does first.
    #[inline]
    pub fn act(&mut self, all: &SingleWriter) -> Does {
        if self.writes_at <= self.reads_at {
            self.writes_at += all.write_every.span(self.writer.draw());
            return Does::Write;
        }
        let location = any_edge(&mut self.readers.stream, all.edges);
        self.reads_at = all.arrivals.next_at(&mut self.readers, self.reads_at, all.pace);
        Does::Read(location)
    }
}
