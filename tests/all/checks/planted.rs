//! Faults planted into histories that hold: each must be found, and the evidence must be small and true.

use consistency_sim::checks::{Budget, Case, Verdict, Why, find};
use consistency_sim::history::judged::{Call, Clock, Datum, Judged, Log, Outcome, Reading};
use consistency_sim::random::Stream;

use super::verdict;

/// A linearizable history of a register or counter: operations of random length around the moments at which they take
/// effect.
fn linearizable(stream: &mut Stream, operations: u64, processes: u64, writes: u64, counter: bool) -> Log {
    let mut log = Log { keys: vec!["k".to_owned()], clock: Clock::Order, ..Log::default() };
    let mut state = Datum::Absent;
    let mut free = vec![0; processes as usize];
    for index in 0..operations {
        let moment = (index + 1) * 1000;
        let chosen = stream.below(processes) as usize;
        // A process that is still busy at this moment leaves the operation to one that nobody has seen.
        let busy = free[chosen] >= moment;
        let process = if busy { processes as u32 + index as u32 } else { chosen as u32 };
        let earliest = if busy { 0 } else { free[chosen] };
        let start = moment.saturating_sub(1 + stream.below(3000)).max(earliest);
        let end = moment + 1 + stream.below(3000);
        if !busy {
            free[chosen] = end + 1;
        }
        let writes = stream.below(100) < writes;
        let (call, learned) = match (writes, counter, state) {
            (false, ..) => (Call::Read, Some(state)),
            (true, false, _) => {
                state = Datum::Number(index as i64);
                (Call::Write(state), None)
            }
            (true, true, before) => {
                let Datum::Number(before) = (if before == Datum::Absent { Datum::Number(0) } else { before }) else {
                    unreachable!()
                };
                state = Datum::Number(before + 1);
                (Call::Add(1), Some(state))
            }
        };
        let outcome = Outcome::Ok(learned);
        log.operations.push(Judged { process, key: 0, call, outcome, start, end: Some(end), index: index as u32 });
    }
    log.sort();
    log
}

/// Makes one read return the value before the last write that was complete when it started.
fn plant_stale_read(log: &mut Log, stream: &mut Stream) -> Option<usize> {
    let reads: Vec<usize> = (0..log.operations.len()).filter(|&at| log.operations[at].call == Call::Read).collect();
    let at = *reads.get(stream.below(reads.len().max(1) as u64) as usize)?;
    let start = log.operations[at].start;
    let mut complete: Vec<&Judged> =
        log.operations.iter().filter(|w| w.call != Call::Read && w.end < Some(start)).collect();
    complete.sort_by_key(|write| write.end);
    let newest = complete.last()?;
    let older = complete.iter().rev().find(|write| write.end < Some(newest.start))?;
    let Call::Write(value) = older.call else { return None };
    log.operations[at].outcome = Outcome::Ok(Some(value));
    Some(at)
}

#[test]
fn a_stale_read_is_found_and_shown() {
    let mut stream = Stream::from_entity(11);
    let mut found = 0;
    for _ in 0..300 {
        let mut log = linearizable(&mut stream, 60, 4, 30, false);
        assert_eq!(verdict("linearizable", &log, Reading::default()), Verdict::Holds);
        assert_eq!(verdict("sequential", &log, Reading::default()), Verdict::Holds);
        let Some(planted) = plant_stale_read(&mut log, &mut stream) else { continue };
        let Verdict::Broken(witness) = verdict("linearizable", &log, Reading::default()) else {
            panic!("the stale read {} was not found", log.describe(planted))
        };
        found += 1;
        assert!(witness.operations.contains(&planted), "{witness:?} does not show {}", log.describe(planted));
        assert!((2..=6).contains(&witness.operations.len()), "{witness:?}");
        assert_minimal(&log, &witness.operations);
    }
    assert!(found > 200, "only {found} histories had room for a stale read");
}

/// The evidence alone is broken, and holds as soon as any read, or any value with all its operations, is left out.
fn assert_minimal(log: &Log, places: &[usize]) {
    let only = |keep: &dyn Fn(&Judged) -> bool| {
        let operations = places.iter().map(|&place| log.operations[place]).filter(|one| keep(one)).collect();
        verdict("linearizable", &Log { operations, ..log.clone() }, Reading::default())
    };
    assert_eq!(only(&|_| true).word(), "broken");
    let value = |operation: &Judged| match (operation.call, operation.outcome) {
        (Call::Write(value), _) => value,
        (_, Outcome::Ok(Some(value))) => value,
        _ => Datum::Absent,
    };
    for &place in places {
        let gone = log.operations[place];
        let verdict = match gone.call {
            Call::Read => only(&|one| one.index != gone.index),
            _ => only(&|one| value(one) != value(&gone)),
        };
        assert_eq!(verdict, Verdict::Holds, "{} is not needed", log.describe(place));
    }
}

#[test]
fn a_lost_update_of_a_counter_is_found() {
    let mut stream = Stream::from_entity(12);
    let mut found = 0;
    for _ in 0..200 {
        let mut log = linearizable(&mut stream, 40, 3, 50, true);
        assert_eq!(verdict("linearizable", &log, Reading::default()), Verdict::Holds);
        // Two additions leave the same count behind: one of them was lost.
        let adds: Vec<usize> =
            (0..log.operations.len()).filter(|&at| log.operations[at].call == Call::Add(1)).collect();
        if adds.len() < 3 {
            continue;
        }
        let at = 1 + stream.below(adds.len() as u64 - 1) as usize;
        log.operations[adds[at]].outcome = log.operations[adds[at - 1]].outcome;
        let Verdict::Broken(witness) = verdict("linearizable", &log, Reading::default()) else {
            panic!("the lost update {} was not found", log.describe(adds[at]))
        };
        // Cut short at the answer that shows it: nothing that started later is evidence.
        assert!(witness.operations.len() <= log.operations.len());
        found += 1;
    }
    assert!(found > 150, "only {found}");
}

#[test]
fn a_large_history_is_judged_exactly() {
    let mut stream = Stream::from_entity(13);
    let mut log = linearizable(&mut stream, 200_000, 50, 20, false);
    assert_eq!(verdict("linearizable", &log, Reading::default()), Verdict::Holds);
    assert_eq!(verdict("sequential", &log, Reading::default()), Verdict::Holds);
    let planted = plant_stale_read(&mut log, &mut stream).unwrap();
    let Verdict::Broken(witness) = verdict("linearizable", &log, Reading::default()) else { panic!("not found") };
    assert!(witness.operations.contains(&planted) && witness.operations.len() <= 6, "{witness:?}");
}

/// Equal values make the search do the work; it must get through long histories with little concurrency.
#[test]
fn the_search_gets_through_a_long_history() {
    let mut stream = Stream::from_entity(14);
    let mut log = linearizable(&mut stream, 50_000, 8, 30, false);
    for operation in &mut log.operations {
        let fold = |value: Datum| match value {
            Datum::Number(number) => Datum::Number(number % 7),
            other => other,
        };
        if let Call::Write(value) = operation.call {
            operation.call = Call::Write(fold(value));
        }
        if let Outcome::Ok(Some(value)) = operation.outcome {
            operation.outcome = Outcome::Ok(Some(fold(value)));
        }
    }
    assert_eq!(verdict("linearizable", &log, Reading::default()), Verdict::Holds);
}

/// Many unanswered additions and a sum that none of their subsets gives: exponential, so the budget must end it.
#[test]
fn the_budget_ends_a_hopeless_search() {
    let mut log = Log { keys: vec![String::new()], ..Log::default() };
    for index in 0..40 {
        let call = Call::Add(2 << index);
        let outcome = Outcome::Unknown;
        log.operations.push(Judged { process: index, key: 0, call, outcome, start: 0, end: None, index });
    }
    let outcome = Outcome::Ok(Some(Datum::Number(7)));
    log.operations.push(Judged { process: 99, key: 0, call: Call::Read, outcome, start: 1, end: Some(2), index: 40 });
    for budget in [Budget { steps: 100_000, bytes: u64::MAX }, Budget { steps: u64::MAX, bytes: 1 << 20 }] {
        let case = Case { log: &log, reading: Reading::default(), budget };
        let report = (find("linearizable").unwrap().run)(&case);
        assert_eq!(report.verdict, Verdict::Unknown(Why::Budget(budget)));
        assert_eq!(report.units_unknown, 1);
    }
}

/// Many clients append to one text and read it: about twenty operations are in flight at any moment.
#[test]
fn appends_of_many_clients_are_judged_and_a_lost_one_is_found() {
    let mut stream = Stream::from_entity(15);
    let mut log = Log { keys: vec!["k".to_owned()], texts: vec![String::new()], clock: Clock::Order, ..Log::default() };
    let mut text = String::new();
    for index in 0..1_000 {
        let moment = (index + 20) * 1000;
        let (start, end) = (moment - stream.below(20_000), moment + stream.below(20_000));
        let place = log.texts.len() as u32;
        let (call, learned) = if stream.below(2) == 0 {
            let piece = format!("<{index}>");
            text.push_str(&piece);
            log.texts.push(piece);
            (Call::Append(place), None)
        } else {
            let known = log.texts.iter().position(|known| *known == text);
            if known.is_none() {
                log.texts.push(text.clone());
            }
            (Call::Read, Some(Datum::Text(known.map_or(place, |known| known as u32))))
        };
        let (process, index, end) = ((index % 40) as u32, index as u32, Some(end));
        log.operations.push(Judged { process, key: 0, call, outcome: Outcome::Ok(learned), start, end, index });
    }
    log.sort();
    let reading = Reading { initial: Datum::Text(0), ..Reading::default() };
    assert_eq!(verdict("linearizable", &log, reading), Verdict::Holds);
    // The appended texts never show the piece that one client was told is there.
    let lost = log.operations.iter().position(|one| matches!(one.call, Call::Append(_)) && one.index > 500).unwrap();
    let Call::Append(piece) = log.operations[lost].call else { unreachable!() };
    let piece = log.texts[piece as usize].clone();
    for text in &mut log.texts {
        if text.len() > piece.len() {
            *text = text.replace(&piece, "");
        }
    }
    let Verdict::Broken(witness) = verdict("linearizable", &log, reading) else { panic!("the loss was not found") };
    assert!(witness.operations.contains(&lost), "{witness:?}");
}
