//! A share as a function of time: hits and chances in the buckets of a [`Distribution`].

use super::distribution::Distribution;

/// How often something held, by how long after. For t-visibility: reads by the time since the last completed write,
/// and those among them that returned that write or a newer one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Curve {
    pub chances: Distribution,
    pub hits: Distribution,
}

/// One point of a curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CurvePoint {
    /// The bounds of the interval of time, in nanoseconds: from `from` to just below `to`.
    pub from: u64,
    pub to: u64,
    pub hits: u64,
    pub of: u64,
}

impl Curve {
    /// Adds one chance at `nanos`.
    #[inline]
    pub fn add(&mut self, nanos: u64, hit: bool) {
        self.chances.add(nanos);
        if hit {
            self.hits.add(nanos);
        }
    }

    /// Adds another curve.
    pub fn merge(&mut self, other: &Curve) {
        self.chances.merge(&other.chances);
        self.hits.merge(&other.hits);
    }

    /// Adds another curve that is not needed any more.
    pub fn absorb(&mut self, other: Curve) {
        self.chances.absorb(other.chances);
        self.hits.absorb(other.hits);
    }

    /// The curve in `cells` equal intervals from zero to `horizon`; what lies beyond is left out. A bucket is counted
    /// in the interval that holds its middle.
    pub fn points(&self, horizon: u64, cells: usize) -> Vec<CurvePoint> {
        // Rounded up: whole nanoseconds from there on lie in the interval, and none before.
        let cell = |n: usize| (u128::from(horizon) * n as u128).div_ceil(cells as u128) as u64;
        let mut points: Vec<CurvePoint> =
            (0..cells).map(|n| CurvePoint { from: cell(n), to: cell(n + 1), hits: 0, of: 0 }).collect();
        // `None` beyond the horizon.
        let place = |least: u64, width: u64| {
            let middle = u128::from(least) + u128::from(width / 2);
            let place = (middle * cells as u128).checked_div(u128::from(horizon))?;
            usize::try_from(place).ok().filter(|place| *place < cells)
        };
        for (least, width, count) in self.chances.buckets() {
            if let Some(place) = place(least, width) {
                points[place].of += count;
            }
        }
        for (least, width, count) in self.hits.buckets() {
            if let Some(place) = place(least, width) {
                points[place].hits += count;
            }
        }
        points
    }
}
