//! How fast the checks are, in operations per second: a key with a million operations, and logs that need the search.

use consistency_sim::checks::{Budget, CHECKS, Case, Verdict, find};
use consistency_sim::history::judged::{Call, Clock, Datum, Judged, Log, Outcome, Reading};
use consistency_sim::random::Stream;

fn main() {
    divan::main();
}

/// A linearizable history of one register: 100 processes, a tenth of the operations writes. With `values`, written
/// values repeat.
fn register(operations: u64, values: Option<i64>) -> Log {
    let mut stream = Stream::from_entity(1);
    let mut log = Log { keys: vec![String::new()], clock: Clock::Order, ..Log::default() };
    let mut state = Datum::Absent;
    for index in 0..operations {
        let moment = (index + 4) * 1000;
        let (start, end) = (moment - stream.below(3000), moment + stream.below(3000));
        let (call, learned) = if stream.below(10) == 0 {
            let value = index as i64;
            state = Datum::Number(values.map_or(value, |values| value % values));
            (Call::Write(state), None)
        } else {
            (Call::Read, Some(state))
        };
        let (process, index) = ((index % 100) as u32, index as u32);
        log.operations.push(Judged {
            process,
            key: 0,
            call,
            outcome: Outcome::Ok(learned),
            start,
            end: Some(end),
            index,
        });
    }
    log.sort();
    log
}

fn judge(bencher: divan::Bencher, check: &str, log: &Log) {
    let check = find(check).expect("the check exists");
    let case = Case { log, reading: Reading::default(), budget: Budget { steps: u64::MAX, ..Budget::default() } };
    bencher.counter(divan::counter::ItemsCount::new(log.operations.len())).bench_local(|| {
        let report = (check.run)(&case);
        assert!(!matches!(report.verdict, Verdict::Unknown(_)));
        report
    });
}

#[divan::bench(sample_count = 5, sample_size = 1, args = CHECKS.iter().map(|check| check.name))]
fn unique_values(bencher: divan::Bencher, check: &str) {
    judge(bencher, check, &register(1_000_000, None));
}

#[divan::bench(sample_count = 5, sample_size = 1, args = ["linearizable"])]
fn repeated_values(bencher: divan::Bencher, check: &str) {
    judge(bencher, check, &register(100_000, Some(7)));
}
