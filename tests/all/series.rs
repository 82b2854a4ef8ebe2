//! What became of operations over time: counted by hand, the same however the run is divided, and equal to the totals.

use consistency_sim::metrics::series::STRETCHES;
use consistency_sim::metrics::{CountId, Measurements, Series, Served, Stretch, Window};
use consistency_sim::model::{Location, Refusal, Span, Time};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::stores::{StoreKind, WriteLimit};

use crate::support::*;

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_stretch_holds_what_started_in_it() {
    // 120 stretches of 5 s, after a minute that is not measured.
    let window = Window { from: Time(60 * SECOND), until: Time(660 * SECOND) };
    let mut series = Series::new(window);
    assert_eq!((series.width(), series.start(0), series.start(120)), (Span(5 * SECOND), window.from, window.until));
    let place = |nanos: u64| series.number(Time(nanos));
    assert_eq!([place(60 * SECOND), place(65 * SECOND - 1), place(65 * SECOND)], [0, 0, 1]);
    assert_eq!(place(900 * SECOND), STRETCHES - 1, "what is asked after the end belongs to the last");
    series.add(1, Served::FromCache);
    series.add(1, Served::Write);
    series.add(1, Served::WriteRefused);
    series.refuse(1, Refusal::KvTooManyWrites);
    series.add_stale(1);
    series.unanswered(1);
    let other = series.clone();
    series.merge(&other);
    let mut into_nothing = Series::default();
    into_nothing.merge(&series);
    into_nothing.merge(&Series::default());
    assert_eq!(into_nothing, series);
    let stretch = series.stretches()[1];
    assert_eq!((stretch.answered(), stretch.failed(), stretch.operations()), (4, 4, 8));
    assert_eq!((stretch.stale, stretch.unanswered, stretch.count(Served::FromCache)), (2, 2, 2));
    assert_eq!(series.refusals()[&Refusal::KvTooManyWrites][..3], [0, 2, 0]);
}

#[test]
fn a_window_that_cannot_be_divided_evenly_is_still_covered() {
    let window = Window { from: Time::START, until: Time(1_001) };
    let series = Series::new(window);
    assert_eq!(series.width(), Span(9));
    assert!(series.start(STRETCHES) >= window.until);
    assert_eq!(Series::new(Window { from: Time(5), until: Time(5) }).number(Time(7)), 2, "an empty window is no error");
}

fn sum(measured: &Measurements) -> Stretch {
    let mut sum = Stretch::default();
    measured.series.stretches().iter().for_each(|stretch| sum.merge(stretch));
    sum
}

#[test]
fn stretches_add_up_to_the_totals_however_the_run_is_divided() {
    let mut kv = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(config) = &mut kv.kind {
        config.common.write_limit = WriteLimit::Strict;
    }
    let mut scenario = scenario(network(3, Span::from_millis(80)), mix(8, 40.0, 12.0), vec![kv, d1(Location(3))]);
    scenario.warmup = Span::from_secs(100);
    scenario.duration = Span::from_secs(700);
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        let whole = contestant.simulate_whole(0).expect("no trace");
        let shares = if store == 0 { 4 } else { 1 };
        let parts = (0..shares).map(|share| Unit { store, replication: 0, share, shares });
        let parts = parts.flat_map(|unit| contestant.simulate_in_batches(unit, 7).expect("no trace"));
        assert!(Measurements::merged(parts.collect()).series == whole.series, "store {store}");
        let sum = sum(&whole);
        assert_eq!(sum.operations(), whole.operations);
        assert_eq!(sum.stale, whole.count(CountId::StaleReads).hits);
        assert_eq!((sum.answered(), sum.operations()), {
            let available = whole.count(CountId::Available);
            (available.hits, available.of)
        });
        let refused: u64 = whole.series.refusals().values().flatten().sum();
        assert_eq!(refused, sum.count(Served::ReadRefused) + sum.count(Served::WriteRefused));
        assert_eq!(refused, whole.refusals.values().map(|(count, _)| *count).sum::<u64>());
        assert_eq!(refused > 0, store == 0, "the limit of one write per second is met");
        // Poisson arrivals of 52 /s: no stretch of 5 s is without, and none holds twice as many.
        assert!(whole.series.stretches().iter().all(|stretch| (130..=520).contains(&stretch.operations())));
    }
}
