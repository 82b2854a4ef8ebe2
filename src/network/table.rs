//! Real round-trip times between cities.

use crate::model::Span;

/// A place of the built-in table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Known {
    /// Airport code.
    pub code: &'static str,
    pub city: &'static str,
    pub lat: f64,
    pub lon: f64,
}

const PLACES: [Known; 12] = [
    Known { code: "IAD", city: "Ashburn", lat: 38.94, lon: -77.46 },
    Known { code: "LHR", city: "London", lat: 51.47, lon: -0.45 },
    Known { code: "FRA", city: "Frankfurt", lat: 50.03, lon: 8.57 },
    Known { code: "SIN", city: "Singapore", lat: 1.36, lon: 103.99 },
    Known { code: "GRU", city: "São Paulo", lat: -23.43, lon: -46.47 },
    Known { code: "SYD", city: "Sydney", lat: -33.95, lon: 151.18 },
    Known { code: "CPT", city: "Cape Town", lat: -33.97, lon: 18.6 },
    Known { code: "NRT", city: "Tokyo", lat: 35.77, lon: 140.39 },
    Known { code: "BOM", city: "Mumbai", lat: 19.09, lon: 72.87 },
    Known { code: "SJC", city: "San Jose", lat: 37.36, lon: -121.93 },
    Known { code: "ARN", city: "Stockholm", lat: 59.65, lon: 17.94 },
    Known { code: "CDG", city: "Paris", lat: 49.01, lon: 2.55 },
];

/// Every place, in the order in which a number of edges takes them.
pub fn all() -> &'static [Known] {
    &PLACES
}

/// The place with this code.
pub fn find(code: &str) -> Option<&'static Known> {
    PLACES.iter().find(|known| known.code == code)
}

/// The round-trip time between two places.
pub fn rtt(a: &Known, b: &Known) -> Span {
    great_circle_rtt(a.lat, a.lon, b.lat, b.lon)
}

/// The round-trip time between two points, from their distance.
pub fn great_circle_rtt(lat_a: f64, lon_a: f64, lat_b: f64, lon_b: f64) -> Span {
    let radians = |degrees: f64| degrees * std::f64::consts::PI / 180.0;
    let half = |a: f64, b: f64| libm::sin(radians(b - a) / 2.0);
    let (north, east) = (half(lat_a, lat_b), half(lon_a, lon_b));
    let h = north * north + libm::cos(radians(lat_a)) * libm::cos(radians(lat_b)) * east * east;
    let km = 2.0 * 6371.0 * libm::asin(libm::sqrt(h.min(1.0)));
    Span::from_nanos_f64((15.5 + 0.0164 * km) * 1e6)
}
