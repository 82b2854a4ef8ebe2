//! The built-in table of places, and what the network makes of it.

use std::path::{Path, PathBuf};

use consistency_sim::faults::Faults;
use consistency_sim::model::{Location, Span};
use consistency_sim::network::table::{
    Known, UNMEASURED_BASE_MS, UNMEASURED_MS_PER_KM, all, find, great_circle_km, great_circle_rtt, measured_rtt, rtt,
};
use consistency_sim::network::{Network, NetworkConfig, Place};
use consistency_sim::random::{Law, mix};

/// How many cities have measured round-trip times.
const MEASURED: usize = 19;

fn known(code: &str) -> &'static Known {
    find(code).unwrap_or_else(|| panic!("{code} is in the table"))
}

fn km(a: &Known, b: &Known) -> f64 {
    great_circle_km(a.lat, a.lon, b.lat, b.lon)
}

fn milliseconds(span: Span) -> f64 {
    span.seconds() * 1e3
}

#[test]
fn places_are_well_formed_and_named_once() {
    assert_eq!(all().len(), 308);
    let mut codes: Vec<&str> = all().iter().map(|place| place.code).collect();
    let mut cities: Vec<&str> = all().iter().map(|place| place.city).collect();
    for place in all() {
        assert!(place.code.len() == 3 && place.code.bytes().all(|byte| byte.is_ascii_uppercase()), "{place:?}");
        assert!(!place.city.is_empty() && place.city.trim() == place.city, "{place:?}");
        assert!((-60.0..=75.0).contains(&place.lat) && (-180.0..=180.0).contains(&place.lon), "{place:?}");
    }
    codes.sort_unstable();
    cities.sort_unstable();
    assert!(codes.windows(2).all(|pair| pair[0] != pair[1]), "a code occurs twice");
    assert!(cities.windows(2).all(|pair| pair[0] != pair[1]), "a city occurs twice");
}

#[test]
fn city_names_need_no_more_than_these_letters() {
    // A chart's font must hold them; a combining accent would be drawn beside its letter.
    let mut letters: Vec<char> = all().iter().flat_map(|place| place.city.chars()).filter(|c| !c.is_ascii()).collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.iter().collect::<String>(), "áâãçéíóüł");
}

#[test]
fn find_ignores_case_and_knows_what_it_does_not_know() {
    assert_eq!(find("gru").map(|place| place.city), Some("São Paulo"));
    assert_eq!(find("IAD").map(|place| place.city), Some("Virginia"));
    assert_eq!(find("XXX"), None);
    assert_eq!(find(""), None);
    for place in all() {
        assert_eq!(find(&place.code.to_lowercase()), Some(place));
    }
}

/// Always the place farthest from all before it.
fn farthest_first(mut order: Vec<&'static Known>, candidates: &'static [Known]) -> Vec<&'static Known> {
    let nearest = |place: &Known, order: &[&Known]| order.iter().map(|o| km(place, o)).fold(f64::INFINITY, f64::min);
    let mut left: Vec<(f64, &Known)> =
        candidates.iter().filter(|place| !order.contains(place)).map(|place| (nearest(place, &order), place)).collect();
    while let Some(next) = (0..left.len()).max_by(|a, b| left[*a].0.total_cmp(&left[*b].0)) {
        let (_, place) = left.remove(next);
        order.push(place);
        for (distance, other) in &mut left {
            *distance = distance.min(km(place, other));
        }
    }
    order
}

#[test]
fn order_is_frozen_and_spreads_over_the_world() {
    let codes = |from: usize, to: usize| all()[from..to].iter().map(|place| place.code).collect::<Vec<_>>().join(" ");
    assert_eq!(codes(0, 12), "LHR IAD SIN GRU SYD CPT NRT BAH SJC HKG BOM ARN");
    assert_eq!(codes(12, 24), "MXP PDX YUL FRA CMH DUB CDG PPT ABJ UIO KJA MRU");
    assert_eq!(codes(302, 308), "SFO JHB BTS MFM VCP ZDM", "the end of the list");
    // The rule that the file states, computed anew.
    let continents = all()[..6].iter().collect();
    let measured = farthest_first(continents, &all()[..MEASURED]);
    let rule = farthest_first(measured, all());
    assert!(rule.iter().zip(all()).all(|(by_rule, place)| *by_rule == place), "the file's order is the rule's order");
}

#[test]
fn round_trip_times_are_positive_symmetric_and_zero_within_a_place() {
    for a in all() {
        assert_eq!(rtt(a, a), Span::ZERO);
        for b in all().iter().filter(|b| b.code != a.code) {
            let (there, back) = (milliseconds(rtt(a, b)), milliseconds(rtt(b, a)));
            assert!((5.0..=450.0).contains(&there), "{} to {}: {there} ms", a.code, b.code);
            // Both directions of the measured pairs were measured; estimates are the same up to rounding.
            let tolerance = if measured_rtt(a, b).is_some() { 0.1001 } else { 0.000_01 };
            assert!((there - back).abs() <= tolerance, "{} and {}: {there} and {back} ms", a.code, b.code);
        }
    }
}

#[test]
fn nineteen_cities_are_measured_and_come_first() {
    for (n, a) in all().iter().enumerate() {
        for (m, b) in all().iter().enumerate() {
            assert_eq!(measured_rtt(a, b).is_some(), n < MEASURED && m < MEASURED, "{} {}", a.code, b.code);
        }
    }
    assert_eq!(rtt(known("LHR"), known("CDG")), Span(7_800_000));
    assert_eq!(rtt(known("SYD"), known("CPT")), Span(412_900_000));
    assert_eq!(rtt(known("CMH"), known("IAD")), Span(10_600_000));
    assert_eq!(rtt(known("IAD"), known("CMH")), Span(10_500_000), "each direction has its own figure");
}

#[test]
fn distances_are_those_of_the_globe() {
    // A quarter and a half of the mean circumference, 40,030.2 km.
    assert!((great_circle_km(0.0, 0.0, 0.0, 90.0) - 10_007.56).abs() < 0.01);
    assert!((great_circle_km(0.0, 0.0, 90.0, 123.0) - 10_007.56).abs() < 0.01);
    assert!((great_circle_km(10.0, 20.0, -10.0, -160.0) - 20_015.11).abs() < 0.01);
    assert!((great_circle_km(51.0, 179.5, 51.0, -179.5) - great_circle_km(51.0, 0.0, 51.0, 1.0)).abs() < 1e-6);
    assert!((km(known("LHR"), known("GRU")) - 9_460.0).abs() < 25.0);
    assert_eq!(great_circle_rtt(1.0, 2.0, 1.0, 2.0), Span::ZERO);
    let expected = UNMEASURED_BASE_MS + UNMEASURED_MS_PER_KM * 10_007.557;
    assert!((milliseconds(great_circle_rtt(0.0, 0.0, 0.0, 90.0)) - expected).abs() < 1e-3);
}

#[test]
fn estimate_is_the_least_squares_line_through_the_measured_pairs() {
    let measured = &all()[..MEASURED];
    let pairs = measured.iter().flat_map(|a| measured.iter().map(move |b| (a, b))).filter(|(a, b)| a.code != b.code);
    let points: Vec<(f64, f64)> = pairs.map(|(a, b)| (km(a, b), milliseconds(rtt(a, b)))).collect();
    assert_eq!(points.len(), MEASURED * (MEASURED - 1));
    let n = points.len() as f64;
    let (mean_x, mean_y) =
        (points.iter().map(|(x, _)| x).sum::<f64>() / n, points.iter().map(|(_, y)| y).sum::<f64>() / n);
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance_x: f64 = points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
    let variance_y: f64 = points.iter().map(|(_, y)| (y - mean_y) * (y - mean_y)).sum();
    let slope = covariance / variance_x;
    let base = mean_y - slope * mean_x;
    assert!((base - UNMEASURED_BASE_MS).abs() < 0.05, "{base}");
    assert!((slope - UNMEASURED_MS_PER_KM).abs() < 0.000_05, "{slope}");
    // The doc comment says that the line explains 69 % of the variance.
    let explained = covariance * covariance / variance_x / variance_y;
    assert!((explained - 0.69).abs() < 0.005, "{explained}");
}

#[test]
fn measured_times_break_the_triangle_inequality() {
    // Nothing may assume that the direct way is the shortest: for some pairs a third city is a short cut.
    let cities = &all()[..MEASURED];
    let shorter_by_way_of = |a: &Known, b: &Known| {
        let others = cities.iter().filter(|via| via.code != a.code && via.code != b.code);
        others
            .filter(|via| 1.05 * milliseconds(rtt(a, via)) + 1.05 * milliseconds(rtt(via, b)) < milliseconds(rtt(a, b)))
            .count()
    };
    let triples: usize =
        cities.iter().flat_map(|a| cities.iter().map(move |b| (a, b))).map(|(a, b)| shorter_by_way_of(a, b)).sum();
    assert!((80..110).contains(&triples), "{triples} of 5,814 triples");
}

#[test]
fn one_way_is_half_the_round_trip_and_never_less() {
    let places = ["LHR", "SYD", "CPT"].map(known);
    let config = NetworkConfig {
        places: places.iter().map(|place| Place { code: place.code.into(), city: place.city.into() }).collect(),
        edges: 3,
        central: Location(0),
        rtt: places.iter().flat_map(|a| places.iter().map(|b| rtt(a, b))).collect(),
        jitter: Law::LogNormal { median: Span(500_000), p99: Span(5_000_000) },
        faults: Faults::default(),
    };
    assert_eq!(config.rtt(Location(1), Location(2)), Span(412_900_000));
    let network = Network::new(&config);
    assert_eq!(network.one_way(Location(1), Location(1), 7), Span::ZERO);
    let mut later = 0;
    for n in 0..10_000 {
        let delay = network.one_way(Location(1), Location(2), mix(n));
        assert!(delay > Span(206_450_000));
        later += u32::from(delay > Span(206_450_000 + 500_000));
    }
    assert!((4_800..5_200).contains(&later), "half of the messages wait longer than the median of the jitter: {later}");
    assert_eq!(network.one_way(Location(0), Location(1), 7), network.one_way(Location(0), Location(1), 7));
}

/// A file of the data that lies beside the project on the authors' machines.
fn shared_data(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/geo").join(file);
    if !path.exists() {
        eprintln!("skipped: ../shared/data/geo/{file} is not there");
        return None;
    }
    Some(path)
}

#[test]
fn round_trip_times_equal_their_source() {
    let Some(path) = shared_data("aws_rtt_matrix_avg_ms.csv") else { return };
    let mut reader = csv::Reader::from_path(path).unwrap();
    let codes: Vec<String> = reader.headers().unwrap().iter().skip(1).map(str::to_string).collect();
    assert_eq!(codes.len(), MEASURED);
    let mut compared = 0;
    for row in reader.records().map(Result::unwrap) {
        for (to, figure) in codes.iter().zip(row.iter().skip(1)).filter(|(to, _)| row[0] != **to) {
            let expected: f64 = figure.parse().unwrap();
            assert_eq!(rtt(known(&row[0]), known(to)), Span::from_nanos_f64(expected * 1e6), "{} {to}", &row[0]);
            compared += 1;
        }
    }
    assert_eq!(compared, MEASURED * (MEASURED - 1));
}

#[test]
fn places_equal_their_source() {
    let Some(path) = shared_data("cloudflare-colos.csv") else { return };
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (code, lat, lon) = (column("colo"), column("lat"), column("lon"));
    let mut compared = 0;
    for row in reader.records().map(Result::unwrap).filter(|row| !row[lat].is_empty()) {
        let place = known(&row[code]);
        compared += 1;
        if place.code == "SSA" {
            continue; // Corrected, as the file says.
        }
        assert!((place.lat - row[lat].parse::<f64>().unwrap()).abs() < 0.005_001, "{place:?}");
        assert!((place.lon - row[lon].parse::<f64>().unwrap()).abs() < 0.005_001, "{place:?}");
    }
    assert_eq!(compared, all().len(), "every place that has coordinates");
}
