//! Axes from zero with round steps.

use crate::metrics::table::Unit;
use crate::report::figures;

use super::font::{self, Weight};
use super::scene::{Anchor, Area, Scene, at};
use super::theme;

/// A linear axis from zero.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    /// The largest value that it shows, in stored units.
    pub top: f64,
    /// Values in stored units and their texts.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis that holds `largest` and is `length` long; labels keep apart. `closed`: it ends at a tick.
    pub fn new(unit: Unit, largest: f64, length: f64, closed: bool) -> Axis {
        let largest = if largest.is_finite() && largest > 0.0 { largest.min(1e300) } else { 0.0 };
        if largest == 0.0 {
            // An axis without extent: of zero there is only one value to show.
            return Axis { top: 1.0, ticks: vec![(0.0, zero(unit))] };
        }
        let scale = figures::scale(unit, largest);
        let sign = if matches!(unit, Unit::Share | Unit::Seconds) { format!(" {}", scale.sign) } else { String::new() };
        let number = largest * scale.factor;
        let mut axis = Axis { top: largest, ticks: Vec::new() };
        let most = if length > 600.0 { 8.0 } else { 6.0 };
        for wanted in [most, 5.0, 4.0, 3.0, 2.0, 1.0] {
            let step = round_step(number / wanted);
            // Rounding errors must not add a step: 0.3 / 0.1 is a little less than 3.
            let steps = libm::ceil(number / step - 1e-9).max(1.0);
            let last = if closed { steps } else { libm::floor(number / step + 1e-9) };
            axis.ticks = (0..=last as usize)
                .map(|n| n as f64 * step)
                .map(|tick| (tick / scale.factor, format!("{}{sign}", figures::tick(tick, step))))
                .collect();
            axis.top = if closed { steps * step / scale.factor } else { largest };
            let widest = axis.ticks.iter().map(|(_, text)| font::width(text, theme::TICK, Weight::Regular));
            let room = length * (step / scale.factor) / axis.top;
            if widest.fold(0.0, f64::max) + 16.0 <= room {
                break;
            }
        }
        axis
    }

    /// Where a value is between 0 and 1; values beyond the end are at the end.
    pub fn share(&self, value: f64) -> f64 {
        (value / self.top).clamp(0.0, 1.0)
    }
}

fn zero(unit: Unit) -> String {
    match unit {
        Unit::Share => "0 %".to_string(),
        Unit::Seconds => "0 s".to_string(),
        _ => "0".to_string(),
    }
}

/// The round number (1, 2 or 5 and zeros) that is no less than this.
fn round_step(least: f64) -> f64 {
    let exponent = libm::floor(libm::log10(least)) as i32;
    // Negative powers by division: 10^-1 computed as a product is not exactly 0.1.
    let power = if exponent >= 0 { pow10(exponent) } else { 1.0 / pow10(-exponent) };
    let factor =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least * (1.0 - 1e-9)).unwrap_or(10.0);
    if exponent >= 0 { factor * power } else { factor / pow10(-exponent) }
}

fn pow10(exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}

/// Draws a horizontal axis below an area: ticks with texts, and light lines through the area where asked.
pub fn along_bottom(scene: &mut Scene, plot: &Area, axis: &Axis, grid: bool) {
    for (value, text) in &axis.ticks {
        let x = plot.left + axis.share(*value) * plot.width();
        if grid {
            scene.line(at(x, plot.top), at(x, plot.bottom), 1.0, theme::GRID);
        } else {
            scene.line(at(x, plot.bottom), at(x, plot.bottom + 4.0), 1.0, theme::AXIS);
        }
        let y = plot.bottom + 6.0 + theme::TICK;
        scene.text(text.as_str(), at(x, y), theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    }
}
