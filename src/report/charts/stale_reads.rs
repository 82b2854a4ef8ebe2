//! Where the stalest store is stale: the share of stale reads by location.

use crate::metrics::table::Unit;
use crate::report::figures;
use crate::report::tables::stale_reads::{Row as Place, rows as places};
use crate::run::Outcome;

use super::rows::{Drawn, Row};
use super::{Chart, severity, theme};

/// With more places than this, those with the most and the fewest stale reads are drawn.
const PLACES_MAX: usize = 20;
const MOST: usize = 12;
const FEWEST: usize = 5;

/// The chart; none where no read was stale.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let stalest = stalest(outcome)?;
    let label = theme::label_of(outcome, &stalest).to_string();
    let color = theme::style_of(outcome, &stalest).color;
    let mut places: Vec<Place> =
        places(outcome).into_iter().filter(|place| place.store == stalest && place.share.is_some()).collect();
    // A stable sort: equals stay in the scenario's order.
    places.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
    let (first, last) = (places.first()?, places.last()?);
    let titles = titles(&label, first, last, places.len());
    let total = places.len();
    let rows = rows(&places, color);
    let shown = if total > PLACES_MAX {
        format!(" The {MOST} locations with the largest and the {FEWEST} with the smallest share of {total}.")
    } else {
        String::new()
    };
    let subtitle = format!(
        "{label}: share of answered reads that returned an old value, by the reader's location, all replications together.{shown}"
    );
    Some(severity::finish(outcome, "stale_reads", &titles, &subtitle, rows, Unit::Share))
}

/// The store with the largest share of stale reads; none where no read was stale.
fn stalest(outcome: &Outcome) -> Option<String> {
    use crate::metrics::CountId;
    let share = |store: &crate::run::StoreOutcome| store.pooled.count(CountId::StaleReads).share().unwrap_or(0.0);
    let worst = outcome.stores.iter().reduce(|a, b| if share(b) > share(a) { b } else { a })?;
    (share(worst) > 0.0).then(|| worst.name.clone())
}

fn rows(places: &[Place], color: theme::Rgb) -> Vec<Row> {
    let shares: Vec<f64> = places.iter().map(|place| place.share.unwrap_or(0.0)).collect();
    let bar = |((place, share), value): ((&Place, &f64), String)| {
        let drawn = Drawn::Bar { value: *share, interval: None };
        Row { label: name(place).to_string(), value, color, drawn }
    };
    let mut rows: Vec<Row> = places.iter().zip(&shares).zip(figures::shares(&shares)).map(bar).collect();
    if places.len() <= PLACES_MAX {
        return rows;
    }
    let between = places.len() - MOST - FEWEST;
    let gap = Row { label: format!("… {between} between"), value: String::new(), color, drawn: Drawn::Gap };
    rows.splice(MOST..places.len() - FEWEST, [gap]);
    rows
}

fn name(place: &Place) -> &str {
    if place.city.is_empty() { &place.location } else { &place.city }
}

fn titles(store: &str, most: &Place, least: &Place, places: usize) -> Vec<String> {
    let shares = figures::shares(&[most.share.unwrap_or(0.0), least.share.unwrap_or(0.0)]);
    let share = |place: &Place| if place == most { &shares[0] } else { &shares[1] };
    if places == 1 {
        return vec![format!("{} of reads from {store} in {} are stale", share(most), name(most))];
    }
    if most.share == least.share {
        return vec![format!("{} of reads from {store} are stale, at every location alike", share(most))];
    }
    let least_words = if least.share == Some(0.0) {
        format!("none in {}", name(least))
    } else {
        format!("{} in {}", share(least), name(least))
    };
    vec![
        format!("{} of reads from {store} are stale in {}, {least_words}", share(most), name(most)),
        format!("Stale reads: {} in {}, {least_words}", share(most), name(most)),
    ]
}
