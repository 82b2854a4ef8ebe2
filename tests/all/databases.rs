//! D1: what its statements take and count, batches as transactions, the limit of time, and its queue against theory.

use consistency_sim::history::Record;
use consistency_sim::limits::Plan;
use consistency_sim::metrics::DistributionId;
use consistency_sim::model::{Location, Operation, Refusal, Span};
use consistency_sim::random::Law;
use consistency_sim::run::Contestant;
use consistency_sim::scenario::{Origin, newest, parse};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::script::*;
use crate::support::{d1_config, mix, network, outcome, scenario};

const RTT: Span = Span::from_millis(100);

fn constant(ms: u64) -> Law {
    Law::Constant(Span::from_millis(ms))
}

/// Reads take 10 ms and writes 40 ms, at a primary 50 ms away.
fn plain() -> D1Config {
    D1Config { read_time: constant(10), write_time: constant(40), ..d1_config(Location(2)) }
}

fn run(config: &D1Config, steps: &[Step]) -> Vec<Record> {
    play(&StoreKind::D1(config.clone()), &network(2, RTT), Some(1), steps)
}

/// From the call to the answer, in milliseconds, without the round trip.
fn busy(records: &[Record]) -> Vec<u64> {
    records.iter().map(|one| one.end.expect("answered").since(one.start).0 / 1_000_000 - 100).collect()
}

fn several(at: u64, operation: Operation) -> Step {
    Step { keys: 3, ..step(at, 0, operation) }
}

const PUT: Operation = Operation::Put { value: 7, ttl: None };
const GET: Operation = Operation::Get { cache_ttl: None };

#[test]
fn each_kind_of_statement_takes_its_own_time() {
    let mut config = plain();
    let steps =
        [get(0, 0), put(1_000, 0, 7), step(2_000, 0, Operation::Delete), several(3_000, GET), several(4_000, PUT)];
    assert_eq!(busy(&run(&config, &steps)), [10, 40, 40, 10, 40], "a delete is a write, several keys one statement");
    config.statements.delete_time = Some(constant(25));
    config.statements.batch = true;
    assert_eq!(busy(&run(&config, &steps)), [10, 40, 25, 30, 120], "a statement for each key, in one round trip");
    // A scan of 2,000 rows at 10 µs each takes 20 ms, for each statement that has no index.
    config.statements.scan_rows = 2_000;
    config.statements.scan_row_time = Span(10_000);
    assert_eq!(busy(&run(&config, &steps)), [30, 60, 45, 90, 180]);
}

#[test]
fn a_query_or_a_whole_batch_has_thirty_seconds() {
    let config = |ms: u64| D1Config { write_time: constant(ms), queue_timeout: Span::from_secs(60), ..plain() };
    let refusal = |config: &D1Config, operation| run(config, &[several(0, operation)])[0].refusal;
    assert_eq!(refusal(&config(30_000), PUT), None);
    assert_eq!(refusal(&config(30_001), PUT), Some(Refusal::D1QueryTooLong));
    let batch = |ms: u64| {
        let mut config = config(ms);
        config.statements.batch = true;
        config
    };
    assert_eq!(refusal(&batch(10_000), PUT), None, "three statements of ten seconds");
    let records = run(&batch(10_001), &[several(0, PUT), several(40_000, GET), get(29_000, 1)]);
    assert_eq!(records[0].refusal, Some(Refusal::D1QueryTooLong));
    assert_eq!(busy(&records[..1]), [30_000], "told so when its time was over");
    // All or nothing: the first two statements had their time, and are undone with the third.
    let after: Vec<_> = records[2].others.iter().flatten().map(|seen| seen.value).collect();
    assert_eq!((records[2].seen.value, after), (Some(1), vec![Some(1), Some(1)]));
    assert_eq!(busy(&records[1..2]), [30_000 - 29_000 + 10], "the database had nothing else to do meanwhile");
    let text = Refusal::D1QueryTooLong.facts().text(&newest(), Plan::Paid);
    assert!(text.contains("D1"), "{text}");
}

#[test]
fn a_read_that_takes_too_long_is_not_tried_again() {
    let mut config = D1Config { read_time: constant(31_000), ..plain() };
    config.read_retries = 2;
    let records = run(&config, &[get(0, 0)]);
    assert_eq!(records[0].refusal, Some(Refusal::D1QueryTooLong));
    assert_eq!(busy(&records), [30_000]);
}

/// A month's rows, read and written, of one store.
fn rows(config: D1Config) -> [f64; 2] {
    let store = StoreConfig { name: "d1".into(), label: "D1".into(), kind: StoreKind::D1(config) };
    let mut scenario = scenario(network(2, RTT), mix(5, 10.0, 2.0), vec![store]);
    scenario.replications = 1;
    let bill = outcome(&scenario).stores[0].cost.clone().expect("a bill");
    ["d1.rows_read", "d1.rows_written"]
        .map(|meter| bill.items.iter().find(|item| item.meter == meter).expect("a meter").quantity)
}

#[test]
fn scans_read_rows_and_indexes_write_them() {
    let [read, written] = rows(plain());
    // An update finds its row before it writes it. Ten reads and two writes a second, for thirty days.
    assert!((read / (12.0 * 2_592_000.0) - 1.0).abs() < 0.05, "{read}");
    assert!((written / (2.0 * 2_592_000.0) - 1.0).abs() < 0.05, "{written}");
    let mut config = plain();
    config.statements.scan_rows = 500;
    config.statements.scan_row_time = Span::ZERO;
    config.statements.indexes = 2;
    let [scanned, indexed] = rows(config);
    assert!((scanned / read - 500.0).abs() < 1e-6, "{scanned} rows read instead of {read}");
    assert!((indexed / written - 3.0).abs() < 1e-9, "{indexed} rows written instead of {written}");
}

#[test]
fn the_queue_of_a_database_is_that_of_theory() {
    // Poisson arrivals at the rate ρ/s to a server that takes s = 10 ms: M/D/1 waits ρs / 2(1 − ρ), M/M/1 twice that.
    for (law, factor) in [(constant(10), 0.5), (Law::Exponential { mean: Span::from_millis(10) }, 1.0)] {
        for rho in [0.5, 0.8] {
            let config = D1Config {
                read_time: law.clone(),
                queue_limit: 100_000,
                queue_timeout: Span::from_secs(1_000),
                ..d1_config(Location(1))
            };
            let store = StoreConfig { name: "d1".into(), label: "D1".into(), kind: StoreKind::D1(config) };
            let workload = WorkloadConfig::Mix(MixConfig {
                keys: 50,
                popularity: Popularity::Uniform,
                reads: rho * 100.0,
                writes: 0.0,
                deletes: 0.0,
                shape: Shape::Poisson,
                preloaded: true,
                values: None,
            });
            let mut scenario = scenario(network(1, Span::ZERO), workload, vec![store]);
            scenario.warmup = Span::from_secs(20);
            scenario.duration = Span::from_secs(1_220);
            scenario.replications = 10;
            let outcome = outcome(&scenario);
            let measured = outcome.stores[0].pooled.distribution(DistributionId::ReadLatency);
            let mean_ms = measured.sum() as f64 / measured.count() as f64 / 1e6;
            let expected = 10.0 * (1.0 + factor * rho / (1.0 - rho));
            println!("ρ = {rho}: {mean_ms:.3} ms, theory {expected:.3} ms");
            assert!((mean_ms / expected - 1.0).abs() < 0.03, "ρ = {rho}: {mean_ms} ms against {expected}");
        }
    }
}

#[test]
fn a_database_answers_as_many_queries_a_second_as_the_page_says() {
    // d1/reference/faq: queries of 1 ms, 1,000 a second; of 100 ms, 10 a second. Each instance for itself.
    for (ms, expected) in [(1, 1_000.0), (100, 10.0)] {
        let config = D1Config { read_time: constant(ms), queue_limit: 10, read_retries: 0, ..d1_config(Location(1)) };
        let store = StoreConfig { name: "d1".into(), label: "D1".into(), kind: StoreKind::D1(config) };
        let mut scenario = scenario(network(1, Span::ZERO), mix(5, 3.0 * expected, 0.0), vec![store]);
        scenario.warmup = Span::ZERO;
        scenario.duration = Span::from_secs(100);
        scenario.replications = 2;
        let answered = outcome(&scenario).stores[0].pooled.distribution(DistributionId::ReadLatency).count();
        let rate = answered as f64 / 200.0;
        assert!((rate / expected - 1.0).abs() < 0.02, "{rate} a second of {ms} ms each");
    }
}

#[test]
fn the_defaults_of_statements_change_nothing() {
    let text = "name = \"a\"\n[workload]\nkind = \"counter\"\n[[store]]\nkind = \"d1\"\n";
    let read = parse(text, &Origin::default()).expect("a scenario");
    let StoreKind::D1(config) = &read.stores[0].kind else { panic!("no database") };
    assert_eq!(config.statements, D1Statements::default());
    assert_eq!((config.statements.rows_read(), config.statements.rows_written()), (1, 1));
}

/// What a scenario of one call, so many times, is refused with.
fn refused(kind: &str, plan: &str, call: &str) -> Option<Refusal> {
    let text = format!(
        "name = 'a'\nplan = '{plan}'\nreplications = 1\nedges = ['LHR']\n[workload]\nkind = 'calls'\n[[store]]\nkind = '{kind}'\n\
         [[workload.call]]\nat = '1 s'\nkey = 'x'\n{call}\n"
    );
    let scenario = parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{text}\n{wrong:#?}"));
    let measured = Contestant::all(&scenario)[0].simulate_whole(0).expect("no trace");
    measured.refusals.keys().next().copied()
}

#[test]
fn the_limits_of_single_queries_and_values_hold_and_what_is_just_below_them_passes() {
    // The key's one byte counts.
    let bytes = |bytes: u32| format!("op = 'put'\nvalue_bytes = {bytes}");
    let queries = |times: u32| format!("op = 'get'\ntimes = {times}\nevery = '10 ms'\ninvocation = 'i'");
    let cases = [
        ("d1", "paid", bytes(1_999_999), bytes(2_000_000), Refusal::D1RowTooLarge),
        ("durable_object", "paid", bytes(1_999_999), bytes(2_000_000), Refusal::ObjectValueTooLarge),
        ("d1", "paid", queries(1_000), queries(1_001), Refusal::D1TooManyQueries),
        ("d1", "free", queries(50), queries(51), Refusal::D1TooManyQueries),
    ];
    for (kind, plan, fine, broken, refusal) in cases {
        assert_eq!(refused(kind, plan, &fine), None, "{kind}, {plan}: {fine}");
        assert_eq!(refused(kind, plan, &broken), Some(refusal), "{kind}, {plan}: {broken}");
    }
}
