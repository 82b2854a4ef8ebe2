//! The tails of a law, where straight lines are not good enough: polynomials from which a span in whole nanoseconds can be
//! told as the quantile function itself would give it, for less than its price.

use std::sync::LazyLock;

use super::stream::unit;
use crate::model::Span;

/// Points of a cell that a polynomial goes through; its degree is one less.
const POINTS: usize = 11;

/// How near to a border between two spans a polynomial does not decide: so many nanoseconds, and so large a share.
const DOUBT: f64 = 1e-3;
const DOUBT_SHARE: f64 = 1e-11;

/// How far it may be off where it is checked, as a share of the doubt.
const MARGIN: f64 = 0.01;

/// Cells of a law's table that have no line.
#[derive(Debug, Default)]
pub(super) struct Tails {
    cells: usize,
    /// The first cells up to this one, and the last ones from that one on.
    below: usize,
    above: usize,
    /// Of those: what is to be multiplied with the powers of the way through the cell, from -1 to 1.
    curves: Vec<Option<[f64; POINTS]>>,
}

impl Tails {
    /// Of a table of so many cells of which those `below` and from `above` on have no line; `quantile` tells what is at a
    /// place among the cells, such as 0.5 for the middle of the first.
    pub fn new(quantile: impl Fn(f64) -> f64, cells: usize, below: usize, above: usize) -> Tails {
        let curve = |cell: usize| {
            let at = |way: f64| quantile(cell as f64 + 0.5 * (way + 1.0));
            Some(through(&at)).filter(|curve| is_close(curve, &at))
        };
        Tails { cells, below, above, curves: (0..below).chain(above..cells).map(curve).collect() }
    }

    /// The span of a draw in one of these cells, of at most `most` nanoseconds; `None` where only the quantile itself can
    /// tell.
    pub fn span(&self, draw: u64, most: f64) -> Option<Span> {
        let place = unit(draw) * self.cells as f64;
        let cell = place as usize;
        let number = if cell < self.below { cell } else { self.below + cell.checked_sub(self.above)? };
        let curve = self.curves.get(number)?.as_ref()?;
        let nanos = polynomial(curve, 2.0 * (place - cell as f64) - 1.0);
        let (span, doubt, rounded) = (Span::from_nanos_f64(nanos), doubt(nanos), nanos + 0.5);
        let over = rounded - span.0 as f64;
        (over > doubt && over < 1.0 - doubt && rounded < most).then_some(span)
    }
}

/// A polynomial by its coefficients, that of the lowest power first: even and odd powers apart, so that neither waits for
/// the other.
#[inline]
fn polynomial(curve: &[f64; POINTS], x: f64) -> f64 {
    let square = x * x;
    let (pairs, last) = curve.as_chunks::<2>();
    let (even, odd) =
        pairs.iter().rev().fold((last[0], 0.0), |(even, odd), [c, d]| (even * square + c, odd * square + d));
    even + odd * x
}

fn doubt(nanos: f64) -> f64 {
    DOUBT + DOUBT_SHARE * nanos
}

/// The cosines of each degree at the zeros of Chebyshev's polynomial, by degree and point.
static COSINES: LazyLock<[[f64; POINTS]; POINTS]> = LazyLock::new(|| {
    let angle = |point: usize| std::f64::consts::PI * (point as f64 + 0.5) / POINTS as f64;
    std::array::from_fn(|degree| std::array::from_fn(|point| libm::cos(degree as f64 * angle(point))))
});

/// The polynomial through a function at the zeros of Chebyshev's polynomial of this degree, between -1 and 1.
fn through(at: &impl Fn(f64) -> f64) -> [f64; POINTS] {
    let cosines = &*COSINES;
    let values: [f64; POINTS] = cosines[1].map(at);
    let mut curve = [0.0; POINTS];
    // Chebyshev's polynomials by their powers, this one and the one before.
    let (mut this, mut before) = ([0.0; POINTS], [0.0; POINTS]);
    this[0] = 1.0;
    for (degree, cosines) in cosines.iter().enumerate() {
        let twice = if degree == 0 { 1.0 } else { 2.0 };
        let weight =
            twice / POINTS as f64 * values.iter().zip(cosines).map(|(value, cosine)| value * cosine).sum::<f64>();
        curve.iter_mut().zip(&this).for_each(|(sum, power)| *sum += weight * power);
        let next = std::array::from_fn(|n| if n == 0 { 0.0 } else { twice * this[n - 1] } - before[n]);
        (this, before) = (next, this);
    }
    curve
}

/// Whether a polynomial is as good as the function, looked at between the points that it goes through.
fn is_close(curve: &[f64; POINTS], at: &impl Fn(f64) -> f64) -> bool {
    (0..=2 * POINTS).all(|n| {
        let way = n as f64 / POINTS as f64 - 1.0;
        let exact = at(way);
        // False also where it is not a number, or not finite.
        (polynomial(curve, way) - exact).abs() <= MARGIN * doubt(exact)
    })
}
