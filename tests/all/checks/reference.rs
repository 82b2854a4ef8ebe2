//! The checks against references that try every order, on many small random histories.

use consistency_sim::checks::plain::{Act, Step, by_key};
use consistency_sim::checks::search::{Found, search};
use consistency_sim::checks::{Budget, Case, Verdict, zones};
use consistency_sim::history::judged::{Call, Clock, Datum, FailedCas, Judged, Log, Nil, Outcome, Reading};
use consistency_sim::random::Stream;

use super::verdict;

/// Which operations a random history has.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    UniqueRegister,
    Register,
    CasRegister,
    Counter,
    Texts,
}

const KINDS: [Kind; 5] = [Kind::UniqueRegister, Kind::Register, Kind::CasRegister, Kind::Counter, Kind::Texts];

/// A random history of a few operations in a short time, so that ties and overlaps are common. Texts are all words of
/// at most three letters over `a` and `b`.
fn random_log(stream: &mut Stream, kind: Kind, count_max: u64) -> Log {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..3 {
        let to = texts.len();
        for place in from..to {
            for letter in ["a", "b"] {
                texts.push(format!("{}{letter}", texts[place]));
            }
        }
        from = to;
    }
    let count = 1 + stream.below(count_max);
    let horizon = 4 + stream.below(count_max * 3);
    let mut log = Log { keys: vec![String::new()], texts, clock: Clock::Order, ..Log::default() };
    for index in 0..count {
        let start = stream.below(horizon);
        let end = start + stream.below(4);
        let roll = stream.below(100);
        let value = |stream: &mut Stream| match (kind, stream.below(5)) {
            (Kind::Texts, _) => Datum::Text(stream.below(15) as u32),
            (_, 0) => Datum::Absent,
            (_, number) => Datum::Number(number as i64),
        };
        let call = match (kind, stream.below(5)) {
            (_, 0 | 1) => Call::Read,
            (Kind::UniqueRegister, _) => Call::Write(Datum::Number(1 + index as i64)),
            (Kind::Register, _) => Call::Write(value(stream)),
            (Kind::CasRegister, 2) => Call::Write(value(stream)),
            (Kind::CasRegister, _) => Call::Cas { old: value(stream), new: value(stream) },
            (Kind::Counter, _) => Call::Add(1 + stream.below(2) as i64),
            (Kind::Texts, 2) => Call::Write(value(stream)),
            (Kind::Texts, _) => Call::Append(1 + stream.below(2) as u32),
        };
        let learned = match call {
            Call::Read => Some(value(stream)),
            Call::Add(_) => (stream.below(2) == 0).then(|| Datum::Number(1 + stream.below(5) as i64)),
            _ => None,
        };
        let outcome = match roll {
            0..75 => Outcome::Ok(learned),
            75..85 => Outcome::Failed,
            _ => Outcome::Unknown,
        };
        let end = (outcome != Outcome::Unknown).then_some(end);
        let process = stream.below(3) as u32;
        log.operations.push(Judged { process, key: 0, call, outcome, start, end, index: index as u32 });
    }
    log.sort();
    log
}

/// The simplest possible statement of what an operation does.
fn after(log: &Log, state: &str, act: Act) -> Option<String> {
    let show = |datum: Datum| match datum {
        Datum::Absent => "-".to_owned(),
        Datum::Number(number) => format!("#{number}"),
        Datum::Text(place) => format!("'{}", log.texts[place as usize]),
    };
    match act {
        Act::Read(value) => (show(value) == state).then(|| state.to_owned()),
        Act::Write(value) => Some(show(value)),
        Act::Cas { old, new } => (show(old) == state).then(|| show(new)),
        Act::CasFailed { old } => (show(old) != state).then(|| state.to_owned()),
        Act::Add { delta, left } => {
            let number: i64 = if state == "-" { 0 } else { state.strip_prefix('#')?.parse().ok()? };
            let after = format!("#{}", number + delta);
            left.is_none_or(|left| show(left) == after).then_some(after)
        }
        Act::Append(text) => {
            let before = state.strip_prefix('\'').or_else(|| state.strip_prefix('#')).unwrap_or("");
            Some(format!("'{before}{}", log.texts[text as usize]))
        }
        Act::Count { .. } => unreachable!("no random history counts"),
    }
}

/// Tries every order in which each operation comes after those that must precede it. Unanswered ones may stay out.
fn some_order(log: &Log, steps: &[Step], left: u32, state: &str, precedes: &dyn Fn(&Step, &Step) -> bool) -> bool {
    let is_left = |at: usize| left & (1 << at) != 0;
    if (0..steps.len()).all(|at| !is_left(at) || steps[at].is_pending()) {
        return true;
    }
    (0..steps.len()).filter(|&at| is_left(at)).any(|at| {
        let free = (0..steps.len()).all(|other| !is_left(other) || !precedes(&steps[other], &steps[at]));
        free && after(log, state, steps[at].act)
            .is_some_and(|next| some_order(log, steps, left & !(1 << at), &next, precedes))
    })
}

/// What an operation does to a state, as its client saw it: the state that it leaves behind, `None` if its answer does not
/// fit. It shares no code with the checks, not even the reading of answers.
fn leaves(log: &Log, reading: Reading, operation: &Judged, state: &str) -> Option<String> {
    let show = |datum: Datum| match datum {
        Datum::Absent => "-".to_owned(),
        Datum::Number(number) => format!("#{number}"),
        Datum::Text(place) => format!("'{}", log.texts[place as usize]),
    };
    let same = || Some(state.to_owned());
    let number = || if state == "-" { Some(0) } else { state.strip_prefix('#')?.parse::<i64>().ok() };
    match (operation.call, operation.outcome) {
        (Call::Cas { old, .. }, Outcome::Failed) if reading.failed_cas == FailedCas::Constrains => {
            if show(old) == state { None } else { same() }
        }
        (_, Outcome::Failed) | (Call::Read, Outcome::Unknown | Outcome::Ok(None)) => same(),
        (Call::Read, Outcome::Ok(Some(Datum::Absent))) if reading.nil == Nil::Unknown => same(),
        (Call::Read, Outcome::Ok(Some(value))) => {
            if show(value) == state {
                same()
            } else {
                None
            }
        }
        (Call::Write(value), _) => Some(show(value)),
        (Call::Cas { old, new }, _) => (show(old) == state).then(|| show(new)),
        (Call::Append(text), _) => {
            let before = state.strip_prefix(['\'', '#']).unwrap_or("");
            Some(format!("'{before}{}", log.texts[text as usize]))
        }
        (Call::Add(delta), outcome) => {
            let after = format!("#{}", number()? + delta);
            let fits = match outcome {
                Outcome::Ok(Some(left)) => show(left) == after,
                _ => true,
            };
            fits.then_some(after)
        }
        (Call::Count { .. }, _) => unreachable!("no history that is judged here counts"),
    }
}

/// Whether each key's operations fit into some order that keeps real time: every order is tried, so at most some twenty
/// operations on each key.
pub fn linearizable_by_trying_everything(log: &Log, reading: Reading) -> bool {
    fn some_order_of(log: &Log, reading: Reading, left: &[&Judged], state: &str) -> bool {
        let may_stay_out = |one: &Judged| one.outcome == Outcome::Unknown;
        let end = |one: &Judged| if may_stay_out(one) { None } else { one.end };
        left.iter().all(|one| may_stay_out(one))
            || (0..left.len()).any(|at| {
                let first = left.iter().all(|other| end(other).is_none_or(|end| end >= left[at].start));
                let rest = || left.iter().enumerate().filter(|&(other, _)| other != at).map(|(_, one)| *one);
                first
                    && leaves(log, reading, left[at], state)
                        .is_some_and(|next| some_order_of(log, reading, &rest().collect::<Vec<_>>(), &next))
            })
    }
    let initial = match reading.initial {
        Datum::Absent => "-".to_owned(),
        Datum::Number(number) => format!("#{number}"),
        Datum::Text(place) => format!("'{}", log.texts[place as usize]),
    };
    (0..log.keys.len() as u32).all(|key| {
        let own: Vec<&Judged> = log.operations.iter().filter(|operation| operation.key == key).collect();
        assert!(own.len() <= 24, "small enough to try everything");
        some_order_of(log, reading, &own, &initial)
    })
}

fn steps_of(log: &Log) -> Vec<Step> {
    let case = Case { log, reading: Reading::default(), budget: Budget::default() };
    by_key(&case).remove(0)
}

fn shown(log: &Log) -> String {
    (0..log.operations.len()).map(|place| format!("\n{}", log.describe(place))).collect::<String>() + "\n"
}

fn real_time(a: &Step, b: &Step) -> bool {
    a.end < b.start
}

fn word(holds: bool) -> &'static str {
    if holds { "holds" } else { "broken" }
}

fn compare(histories: u64, seed: u64) {
    let mut stream = Stream::from_entity(seed);
    for kind in KINDS {
        let mut held = [0_u64; 2];
        for number in 0..histories / KINDS.len() as u64 {
            let log = random_log(&mut stream, kind, 6);
            let steps = steps_of(&log);
            let all = (1 << steps.len()) - 1;
            let linear = some_order(&log, &steps, all, "-", &real_time);
            let in_sessions = some_order(&log, &steps, all, "-", &Step::is_before_in_session);
            let what = || format!("{kind:?} {number} of seed {seed}: {}", shown(&log));
            let found = verdict("linearizable", &log, Reading::default());
            assert_eq!(found.word(), word(linear), "linearizable, {}: {found:?}", what());
            assert_evidence(&log, &steps, &found, &real_time, &what());
            let found = verdict("sequential", &log, Reading::default());
            assert_eq!(found.word(), word(in_sessions), "sequential, {}: {found:?}", what());
            assert_evidence(&log, &steps, &found, &Step::is_before_in_session, &what());
            // The search must agree also where the check decides in another way.
            let found =
                search(&log, std::slice::from_ref(&steps), Datum::Absent, Budget::default(), &mut { 1_000_000 });
            assert_eq!(matches!(found, Found::Order(_)), linear, "search, {}", what());
            if let Found::Order(order) = found {
                assert_order(&log, &steps, &order, &what());
            }
            if kind == Kind::UniqueRegister {
                let zones = zones::judge(&log, &steps, Datum::Absent).expect("values are unique");
                assert_eq!(zones.word(), word(linear), "zones, {}", what());
            }
            held[usize::from(linear)] += 1;
        }
        let total = held[0] + held[1];
        assert!(held[0] * 20 > total && held[1] * 20 > total, "{kind:?}: {held:?} is too one-sided to prove anything");
    }
}

/// The operations that a broken verdict shows have no order by themselves either.
fn assert_evidence(log: &Log, steps: &[Step], verdict: &Verdict, precedes: &dyn Fn(&Step, &Step) -> bool, what: &str) {
    if let Verdict::Broken(witness) = verdict {
        let shown: Vec<Step> =
            steps.iter().filter(|step| witness.operations.contains(&(step.place as usize))).copied().collect();
        assert_eq!(shown.len(), witness.operations.len(), "{what}{witness:?}");
        assert!(!some_order(log, &shown, (1 << shown.len()) - 1, "-", precedes), "{what}{witness:?}");
    }
}

/// The order that the search gives is one: complete, in real time, and explaining every answer.
fn assert_order(log: &Log, steps: &[Step], order: &[u32], what: &str) {
    let order: Vec<&Step> =
        order.iter().map(|place| steps.iter().find(|step| step.place == *place).expect("a step")).collect();
    let mut state = "-".to_owned();
    for (at, step) in order.iter().enumerate() {
        state = after(log, &state, step.act).unwrap_or_else(|| panic!("{what}: {order:?}"));
        assert!(order[at + 1..].iter().all(|later| !real_time(later, step)), "{what}: {order:?}");
    }
    for step in steps {
        assert!(step.is_pending() || order.iter().any(|other| other.place == step.place), "{what}: {order:?}");
    }
}

#[test]
fn orders_agree_with_trying_everything() {
    compare(120_000, 1);
}

#[test]
#[ignore = "minutes; run it after touching a check"]
fn orders_agree_with_trying_everything_at_length() {
    for seed in 2..22 {
        compare(250_000, seed);
    }
}

/// The session guarantees from their definitions, with nothing remembered: every pair and triple is looked at.
fn session_reference(log: &Log, check: &str) -> u64 {
    let operations: Vec<&Judged> = log
        .operations
        .iter()
        .filter(|operation| match operation.call {
            Call::Read => matches!(operation.outcome, Outcome::Ok(Some(_))),
            _ => operation.outcome != Outcome::Failed,
        })
        .collect();
    let value = |operation: &Judged| match (operation.call, operation.outcome) {
        (Call::Write(value), _) => value,
        (_, Outcome::Ok(Some(value))) => value,
        _ => unreachable!(),
    };
    let writes_of = |key: u32, of: Datum| -> Vec<&Judged> {
        let writes = operations.iter().filter(|w| w.call != Call::Read && w.key == key && value(w) == of);
        writes.copied().collect()
    };
    let place = |operation: &Judged| operation as *const Judged as usize;
    let in_session = |a: &Judged, b: &Judged| {
        a.process == b.process && a.end.is_some_and(|end| (end, place(a)) < (b.start, place(b)))
    };
    let older = |key: u32, old: Datum, new: Datum| {
        let (olds, news) = (writes_of(key, old), writes_of(key, new));
        // Nobody knows when the initial value began; everything that was written is newer, if it was only written.
        if new == Datum::Absent || old == new {
            return false;
        }
        olds.iter().all(|a| news.iter().all(|b| a.end.is_some_and(|end| end < b.start)))
    };
    let written = |read: &Judged| {
        let began = |write: &&Judged| read.end.is_some_and(|end| write.start <= end);
        value(read) == Datum::Absent || writes_of(read.key, value(read)).iter().any(began)
    };
    let single = |key: u32, of: Datum| writes_of(key, of).len() == usize::from(of != Datum::Absent);
    let reads = || operations.iter().copied().filter(|r| r.call == Call::Read && written(r));
    let is_known = |o: &Judged| o.call != Call::Read || written(o);
    let knowing = |by_writing: bool| {
        operations.iter().copied().filter(move |o| (o.call != Call::Read) == by_writing && is_known(o))
    };
    let mut violations = 0;
    for read in reads() {
        let (key, got) = (read.key, value(read));
        let known_older = |by_writing: bool, process: u32, before: &Judged| {
            knowing(by_writing).any(|known| {
                known.process == process
                    && known.key == key
                    && in_session(known, before)
                    && older(key, got, value(known))
            })
        };
        let through_author = |by_writing: bool| {
            reads().filter(|earlier| in_session(earlier, read)).any(|earlier| {
                let writes = writes_of(earlier.key, value(earlier));
                if !single(earlier.key, value(earlier)) || writes.is_empty() {
                    return false;
                }
                let write = writes[0];
                let itself = write.key == key
                    && value(write) != got
                    && single(key, got)
                    && knowing(by_writing).any(|known| {
                        known.process == write.process
                            && known.key == key
                            && value(known) == got
                            && in_session(known, write)
                    });
                itself || known_older(by_writing, write.process, write)
            })
        };
        let came_back = || {
            reads().any(|first| {
                first.key == key
                    && value(first) == got
                    && single(key, got)
                    && reads().any(|second| {
                        second.key == key
                            && value(second) != got
                            && in_session(first, second)
                            && in_session(second, read)
                    })
            })
        };
        violations += u64::from(match check {
            "read-your-writes" => known_older(true, read.process, read),
            "monotonic-reads" => known_older(false, read.process, read) || came_back(),
            "monotonic-writes" => through_author(true),
            _ => through_author(false),
        });
    }
    violations
}

/// Moves the starts apart, so that less happens at the same time and more in an order that everybody knows.
fn part_in_time(log: &mut Log, factor: u64) {
    for operation in &mut log.operations {
        let later = operation.start * (factor - 1);
        operation.start += later;
        operation.end = operation.end.map(|end| end + later);
    }
}

/// Most reads get the value of some write to their key that began before they ended, or of any at all.
fn read_what_was_written(log: &mut Log, stream: &mut Stream) {
    for place in 0..log.operations.len() {
        let read = log.operations[place];
        if read.call != Call::Read || !matches!(read.outcome, Outcome::Ok(_)) || stream.below(5) == 0 {
            continue;
        }
        let in_time = stream.below(8) > 0;
        let fits =
            |write: &&Judged| write.key == read.key && (!in_time || read.end.is_some_and(|end| write.start <= end));
        let written = log.operations.iter().filter(fits).filter_map(|write| match write.call {
            Call::Write(value) => Some(value),
            _ => None,
        });
        let written: Vec<Datum> = written.collect();
        if !written.is_empty() {
            let value = written[stream.below(written.len() as u64) as usize];
            log.operations[place].outcome = Outcome::Ok(Some(value));
        }
    }
}

fn compare_sessions(histories: u64, seed: u64) {
    let mut stream = Stream::from_entity(seed);
    let mut broken = [0_u64; 4];
    for number in 0..histories {
        let kind = if number % 3 == 0 { Kind::Register } else { Kind::UniqueRegister };
        let mut log = random_log(&mut stream, kind, if number % 4 == 1 { 24 } else { 14 });
        log.keys.push("second".to_owned());
        // Guarantees that follow authors need two sessions that know much of each other.
        let (keys, processes) = (1 + number % 2, 2 + number / 2 % 2);
        for operation in &mut log.operations {
            operation.key = stream.below(keys) as u32;
            operation.process = stream.below(processes) as u32;
        }
        // Guarantees are about reads of what somebody wrote, and random values are seldom that.
        if number % 4 > 0 {
            part_in_time(&mut log, 1 + stream.below(4));
            read_what_was_written(&mut log, &mut stream);
        }
        let checks = ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"];
        for (place, check) in checks.into_iter().enumerate() {
            let case = Case { log: &log, reading: Reading::default(), budget: Budget::default() };
            let report = (consistency_sim::checks::find(check).unwrap().run)(&case);
            let expected = session_reference(&log, check);
            let what = || format!("{check}, history {number} of seed {seed}: {}{report:?}", shown(&log));
            assert_eq!(report.violations, expected, "{}", what());
            assert_eq!(matches!(report.verdict, Verdict::Broken(_)), expected > 0, "{}", what());
            broken[place] += u64::from(expected > 0);
        }
    }
    println!("{broken:?} of {histories} histories break each guarantee");
    assert!(broken.iter().all(|&count| count > 300), "{broken:?} is too few to prove anything");
}

#[test]
fn session_guarantees_agree_with_their_definitions() {
    compare_sessions(60_000, 3);
}
