//! When things happen: arrival processes, the popularity of keys, and a fair choice of places.

use std::sync::LazyLock;

use crate::model::{Location, Span, Time};
use crate::random::{Law, Sampler, Stream, unit};

use super::config::{Popularity, Rate, Shape};

/// An arrival process, ready to be drawn from. One serves any number of sources with any rates.
#[derive(Clone, Debug)]
pub struct Arrivals {
    shape: Shape,
    exponential: Sampler,
}

/// The state of one source of arrivals.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub stream: Stream,
    /// For on and off: the phase, and when it ends.
    on: bool,
    phase_end: Time,
}

/// A rate of arrivals, ready to be drawn at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The mean time between the arrivals that are drawn, in nanoseconds.
    gap: f64,
    /// What a draw is to be multiplied with.
    scale: f64,
}

/// Exponential draws are made for this mean, and scaled.
const UNIT: Span = Span(1 << 40);

impl Arrivals {
    /// From its plain data.
    pub fn new(shape: &Shape) -> Arrivals {
        static EXPONENTIAL: LazyLock<Sampler> = LazyLock::new(|| Sampler::new(&Law::Exponential { mean: UNIT }));
        Arrivals { shape: shape.clone(), exponential: EXPONENTIAL.clone() }
    }

    /// An exponential time with this mean, in nanoseconds.
    #[inline]
    pub fn exponential(&self, stream: &mut Stream, mean_nanos: f64) -> f64 {
        self.exponential.nanos(stream.draw()) * (mean_nanos / UNIT.0 as f64)
    }

    /// A rate, made ready for many arrivals at it.
    #[inline]
    pub fn pace(&self, rate: Rate) -> Pace {
        let rate_drawn = match &self.shape {
            Shape::Poisson | Shape::Constant => rate,
            Shape::OnOff { on, off } => rate * (on.0 as f64 + off.0 as f64) / on.0 as f64,
            Shape::Diurnal { depth, .. } => rate * (1.0 + depth),
        };
        let gap = 1e9 / rate_drawn;
        Pace { gap, scale: gap / UNIT.0 as f64 }
    }

    /// A time from one arrival to the next as it is drawn at a pace.
    #[inline]
    fn gap(&self, stream: &mut Stream, pace: Pace) -> f64 {
        self.exponential.nanos(stream.draw()) * pace.scale
    }

    /// A source that starts at the beginning of the run, and its first arrival. `rate` is per second and above zero.
    pub fn first(&self, stream: Stream, rate: Rate) -> (Source, Time) {
        self.first_at(stream, rate, self.pace(rate))
    }

    /// The same, given the pace of that rate.
    #[inline]
    pub fn first_at(&self, stream: Stream, rate: Rate, pace: Pace) -> (Source, Time) {
        let mut source = Source { stream, on: false, phase_end: Time::START };
        let first = if self.is_poisson() {
            self.next_poisson(&mut source, Time::START, pace)
        } else {
            self.first_of_others(&mut source, rate, pace)
        };
        (source, first)
    }

    #[inline(never)]
    fn first_of_others(&self, source: &mut Source, rate: Rate, pace: Pace) -> Time {
        match &self.shape {
            Shape::Constant => Time(Span::from_nanos_f64(unit(source.stream.draw()) * 1e9 / rate).0),
            Shape::OnOff { on, off } => {
                // Started in its stationary state: exponential phases have no memory.
                let share = on.0 as f64 / (on.0 as f64 + off.0 as f64);
                source.on = unit(source.stream.draw()) < share;
                let mean = if source.on { on } else { off };
                source.phase_end = Time(self.exponential(&mut source.stream, mean.0 as f64) as u64);
                self.next_at(source, Time::START, pace)
            }
            Shape::Poisson | Shape::Diurnal { .. } => self.next_at(source, Time::START, pace),
        }
    }

    /// Whether all that there is to draw for an arrival is one exponential time.
    #[inline]
    pub fn is_poisson(&self) -> bool {
        matches!(self.shape, Shape::Poisson)
    }

    /// The arrival after the one at `now` of a Poisson process.
    #[inline(always)]
    pub fn next_poisson(&self, source: &mut Source, now: Time, pace: Pace) -> Time {
        now + Span::from_nanos_f64(self.gap(&mut source.stream, pace))
    }

    /// The arrival after the one at `now`.
    #[inline]
    pub fn next(&self, source: &mut Source, now: Time, rate: Rate) -> Time {
        self.next_at(source, now, self.pace(rate))
    }

    /// The same at a pace that is ready.
    #[inline(always)]
    pub fn next_at(&self, source: &mut Source, now: Time, pace: Pace) -> Time {
        match &self.shape {
            Shape::Poisson => self.next_poisson(source, now, pace),
            Shape::Constant => now + Span::from_nanos_f64(pace.gap),
            Shape::OnOff { on, off } => self.next_on_off(source, now, pace, *on, *off),
            Shape::Diurnal { period, depth } => self.next_diurnal(source, now, pace, *period, *depth),
        }
    }

    #[inline(never)]
    fn next_diurnal(&self, source: &mut Source, now: Time, pace: Pace, period: Span, depth: f64) -> Time {
        let mut at = now.0 as f64;
        loop {
            at += self.gap(&mut source.stream, pace);
            let angle = std::f64::consts::TAU * (at / period.0 as f64);
            let relative = 1.0 + depth * libm::sin(angle);
            if unit(source.stream.draw()) * (1.0 + depth) < relative || at >= u64::MAX as f64 {
                return Time(at as u64);
            }
        }
    }

    #[inline(never)]
    fn next_on_off(&self, source: &mut Source, now: Time, pace: Pace, on: Span, off: Span) -> Time {
        let mut at = now;
        loop {
            if source.on {
                let next = at + Span::from_nanos_f64(self.gap(&mut source.stream, pace));
                if next < source.phase_end {
                    return next;
                }
            }
            at = source.phase_end;
            if at == Time::NEVER {
                return at;
            }
            source.on = !source.on;
            let mean = if source.on { on } else { off };
            source.phase_end = at + Span::from_nanos_f64(self.exponential(&mut source.stream, mean.0 as f64).max(1.0));
        }
    }
}

/// One of the first `edges` locations, evenly.
#[inline]
pub fn any_edge(stream: &mut Stream, edges: u16) -> Location {
    Location(stream.below(u64::from(edges)) as u16)
}

/// One of the first `edges` locations other than `not`, evenly; `not` itself where there is no other.
pub fn other_edge(stream: &mut Stream, edges: u16, not: Location) -> Location {
    if edges < 2 {
        return not;
    }
    let drawn = stream.below(u64::from(edges) - 1) as u16;
    Location(if drawn >= not.0 { drawn + 1 } else { drawn })
}

impl Popularity {
    /// Each key's share of all operations; they add up to 1.
    pub fn shares(&self, keys: u32) -> Vec<f64> {
        let mut shares = vec![0.0; keys as usize];
        self.weigh(keys, 0, &mut shares);
        add_up_to_one(&mut shares);
        shares
    }

    /// How popular keys are, beside each other: those of `keys` from number `first` on. What each weighs depends on no
    /// other, so the keys can be divided among threads.
    pub fn weigh(&self, keys: u32, first: u32, weights: &mut [f64]) {
        let weight = |n: u32| match self {
            Popularity::Uniform => 1.0,
            Popularity::Zipf { exponent } => libm::pow(f64::from(n + 1), -exponent),
            Popularity::HotSet { keys: share, operations } => {
                let hot = libm::ceil(share * f64::from(keys)).clamp(1.0, f64::from(keys));
                let cold = f64::from(keys) - hot;
                if cold == 0.0 {
                    1.0
                } else if f64::from(n) < hot {
                    operations / hot
                } else {
                    (1.0 - operations) / cold
                }
            }
        };
        for (n, place) in (first..keys).zip(weights) {
            *place = weight(n);
        }
    }
}

/// Makes weights into shares. They are added in their order, whoever computed them.
pub(super) fn add_up_to_one(weights: &mut [f64]) {
    let total: f64 = weights.iter().sum();
    for weight in weights {
        *weight /= total;
    }
}
