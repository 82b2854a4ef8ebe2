//! The built-in table of places: where they are, and real round-trip times between 19 of them.
//!
//! To add a place: one line at the end of `places.csv`. Round-trip times are in `rtt.csv`; both files name their source.

use std::sync::OnceLock;

use crate::model::Span;

/// A place of the built-in table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Known {
    /// Airport code, in capitals.
    pub code: &'static str,
    /// The name for print, as in "São Paulo".
    pub city: &'static str,
    /// Degrees north of the equator.
    pub lat: f64,
    /// Degrees east of Greenwich.
    pub lon: f64,
    /// The cosine of the latitude, and the row of measured round-trip times: worked out once and not for each pair.
    cosine: f64,
    measured: Option<usize>,
}

/// Round-trip time between places that nobody measured, in milliseconds: the part that does not depend on distance.
///
/// The least-squares line through the measured pairs of [`rtt`] over their great-circle distance. It explains 69 % of
/// their variance. Short distances come out too slow (London to Paris: 21 ms, measured 8 ms), because a line must begin
/// somewhere and cables do not run straight.
pub const UNMEASURED_BASE_MS: f64 = 15.5;

/// The part of the line that grows with distance, in milliseconds per kilometre. Light in glass would need 0.0100.
pub const UNMEASURED_MS_PER_KM: f64 = 0.0164;

/// The Earth's mean radius R₁ (IUGG), in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Every built-in place. The order is fixed, and any first N of them spread over the world: see the head of `places.csv`.
pub fn all() -> &'static [Known] {
    &tables().places
}

/// The place with this airport code, in capitals or not.
pub fn find(code: &str) -> Option<&'static Known> {
    all().iter().find(|place| place.code.eq_ignore_ascii_case(code))
}

/// The round-trip time from `a` to `b`: measured where there is a figure ([`measured_rtt`]), else estimated from the
/// distance ([`great_circle_rtt`]); zero within one place.
pub fn rtt(a: &Known, b: &Known) -> Span {
    if a.code == b.code {
        return Span::ZERO;
    }
    measured_rtt(a, b).unwrap_or_else(|| estimated_rtt((a.lat, a.lon, a.cosine), (b.lat, b.lon, b.cosine)))
}

/// The measured round-trip time from `a` to `b`, an average of pings between regions of another cloud provider on
/// 2020-06-05; `None` where one of them is not among the 19 measured cities. The two directions of a pair were measured
/// separately and differ by at most 0.1 ms.
pub fn measured_rtt(a: &Known, b: &Known) -> Option<Span> {
    let tables = tables();
    Some(tables.rtt[a.measured? * tables.measured + b.measured?])
}

/// The estimated round-trip time between two points, given in degrees: [`UNMEASURED_BASE_MS`] plus
/// [`UNMEASURED_MS_PER_KM`] for each kilometre of great circle; zero if they are the same point.
pub fn great_circle_rtt(lat_a: f64, lon_a: f64, lat_b: f64, lon_b: f64) -> Span {
    estimated_rtt((lat_a, lon_a, cosine(lat_a)), (lat_b, lon_b, cosine(lat_b)))
}

/// Between two points, each with the cosine of its latitude.
fn estimated_rtt(a: (f64, f64, f64), b: (f64, f64, f64)) -> Span {
    if a.0 == b.0 && a.1 == b.1 {
        return Span::ZERO;
    }
    let milliseconds = UNMEASURED_BASE_MS + UNMEASURED_MS_PER_KM * distance_km(a, b);
    Span::from_nanos_f64(milliseconds * 1e6)
}

/// The distance over the ground between two points, given in degrees, in kilometres (haversine formula).
pub fn great_circle_km(lat_a: f64, lon_a: f64, lat_b: f64, lon_b: f64) -> f64 {
    distance_km((lat_a, lon_a, cosine(lat_a)), (lat_b, lon_b, cosine(lat_b)))
}

fn cosine(degrees: f64) -> f64 {
    libm::cos(degrees.to_radians())
}

fn distance_km((lat_a, lon_a, cosine_a): (f64, f64, f64), (lat_b, lon_b, cosine_b): (f64, f64, f64)) -> f64 {
    let half_sine_squared = |degrees: f64| {
        let sine = libm::sin(0.5 * degrees.to_radians());
        sine * sine
    };
    let cosines = cosine_a * cosine_b;
    let chord = half_sine_squared(lat_b - lat_a) + cosines * half_sine_squared(lon_b - lon_a);
    // Rounding can lift the chord of antipodes above 1, where the arc sine ends.
    2.0 * EARTH_RADIUS_KM * libm::asin(libm::sqrt(chord.min(1.0)))
}

/// The two files, read once.
struct Tables {
    places: Vec<Known>,
    /// How many cities were measured.
    measured: usize,
    /// Row by row: from × measured + to.
    rtt: Vec<Span>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let (measured, rtt) = read_rtt();
        Tables { places: read_places(&measured), measured: measured.len(), rtt }
    })
}

/// The lines of an embedded file that are not comments. The files are part of the program: what is wrong in them is a
/// bug, found by the tests, and may panic.
fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number in an embedded table")
}

fn read_places(measured: &[&str]) -> Vec<Known> {
    let place = |line: &'static str| {
        let fields: Vec<&'static str> = line.split(',').collect();
        let [code, city, lat, lon] = fields[..] else { panic!("not a place: {line}") };
        let (lat, lon) = (number(lat), number(lon));
        let measured = measured.iter().position(|measured| *measured == code);
        Known { code, city, lat, lon, cosine: cosine(lat), measured }
    };
    lines(include_str!("places.csv")).map(place).collect()
}

fn read_rtt() -> (Vec<&'static str>, Vec<Span>) {
    let mut rows = lines(include_str!("rtt.csv")).map(|line| line.split(','));
    let codes = rows.next().expect("a first row").skip(1).collect();
    let rtt = rows.flat_map(|row| row.skip(1)).map(|ms| Span::from_nanos_f64(number(ms) * 1e6)).collect();
    (codes, rtt)
}
