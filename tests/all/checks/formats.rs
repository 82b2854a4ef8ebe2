//! What is written can be read again, and what cannot be read gives an error with a remedy, never a panic.

use proptest::prelude::*;

use super::dialects::texts_by_hand;
use crate::support::cases;
use consistency_sim::history::format::{Format, read};
use consistency_sim::history::judged::{Call, Datum, Log, Outcome};
use consistency_sim::history::{History, Note, Noted, Record, drawing, edn, edn_value, etcd, jsonl, notation};
use consistency_sim::model::{Client, Key, Listing, Location, Operation, Refusal, Seen, Span, Time, Told, Version};

fn seen() -> impl Strategy<Value = Seen> {
    (any::<u64>(), any::<u32>(), any::<Option<i64>>())
        .prop_map(|(stamp, nonce, value)| Seen { version: Version { stamp, nonce }, value })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        any::<Option<u64>>().prop_map(|ttl| Operation::Get { cache_ttl: ttl.map(Span) }),
        (any::<i64>(), any::<Option<u64>>()).prop_map(|(value, ttl)| Operation::Put { value, ttl: ttl.map(Span) }),
        Just(Operation::Delete),
        any::<i64>().prop_map(|delta| Operation::Add { delta }),
        any::<(u32, u32)>().prop_map(|(window, limit)| Operation::CountInWindow { window, limit }),
        any::<(u32, u32, u16)>().prop_map(|(until, prefix, limit)| Operation::List {
            until: Key(until),
            prefix,
            limit
        }),
    ]
}

fn listing() -> impl Strategy<Value = Listing> {
    let told = (any::<u32>(), seen(), any::<u64>()).prop_map(|(key, seen, expires)| Told {
        key: Key(key),
        seen,
        expires: Time(expires),
    });
    (proptest::collection::vec(told, 0..4), any::<u32>(), any::<bool>()).prop_map(|(told, end, complete)| Listing {
        told,
        end: Key(end),
        complete,
    })
}

fn record() -> impl Strategy<Value = Record> {
    // Few clients, keys and moments, so that they meet; now and then the extremes.
    let few = || prop_oneof![9 => 0..3_u32, 1 => any::<u32>()];
    let moment = || prop_oneof![9 => 0..20_u64, 1 => any::<u64>()];
    let what = (few(), any::<u16>(), few(), operation(), (moment(), moment()), any::<bool>());
    let others = proptest::option::of(proptest::collection::vec(seen(), 0..4));
    let back = (seen(), others, proptest::option::of(listing()));
    let refusal = proptest::option::of(proptest::sample::select(Refusal::ALL.to_vec()));
    let metadata = proptest::option::of(proptest::collection::vec(any::<Option<u16>>(), 1..4));
    (what, back, (refusal, metadata), any::<(bool, bool)>()).prop_map(
        |(what, (seen, others, listing), (refusal, metadata), (cached, stale))| {
            let (client, location, key, operation, (a, b), answered) = what;
            Record {
                client: Client(client),
                location: Location(location),
                key: Key(key),
                keys: others.as_ref().map_or(1, |others| others.len() as u16 + 1),
                operation,
                start: Time(a.min(b)),
                end: answered.then_some(Time(a.max(b))),
                seen,
                others: others.map(Vec::into_boxed_slice),
                listing: listing.map(Box::new),
                metadata: metadata.map(Vec::into_boxed_slice),
                // Only an answer can refuse.
                refusal: refusal.filter(|_| answered),
                cached,
                stale,
            }
        },
    )
}

fn noted() -> impl Strategy<Value = Noted> {
    (any::<u64>(), any::<u32>(), any::<u16>(), seen(), any::<(u64, u64)>(), 0..3).prop_map(
        |(at, key, location, seen, (asked, taken), kind)| {
            let (key, location) = (Key(key), Location(location));
            let note = match kind {
                0 => Note::Committed { key, from: location, seen },
                1 => Note::Filled { key, location, seen, asked: Time(asked), taken: Time(taken) },
                _ => Note::ShownLocally { key, location, seen },
            };
            Noted { at: Time(at), note }
        },
    )
}

fn history() -> impl Strategy<Value = History> {
    let lists = (proptest::collection::vec(record(), 0..20), proptest::collection::vec(noted(), 0..10));
    (lists, any::<u64>(), any::<usize>()).prop_map(|((records, notes), dropped, bound)| History {
        records,
        notes,
        dropped,
        bound,
    })
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn json_lines_give_back_the_same_records(one in history(), two in history(), seed in any::<u64>()) {
        let header = jsonl::Header { seed, scenario: "a \"name\"\n".to_owned(), initial: Some(-1), ..Default::default() };
        let mut bytes = Vec::new();
        jsonl::write(&one, &header, &mut bytes).unwrap();
        jsonl::write(&two, &header, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(Format::detect(&text).unwrap().0, Format::Jsonl);
        let parts = jsonl::read(&text).unwrap();
        prop_assert_eq!(parts.len(), 2);
        prop_assert_eq!(&parts[0].1, &one);
        prop_assert_eq!(&parts[1].1, &two);
        prop_assert_eq!(&parts[0].0.schema, jsonl::SCHEMA);
        prop_assert_eq!(parts[0].0.seed, seed);
    }

    #[test]
    fn what_jepsen_would_read_is_what_happened(history in history()) {
        let log = Log::of(&history);
        let mut bytes = Vec::new();
        edn::write(&log, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let kept = &log.operations;
        if kept.is_empty() {
            prop_assert!(edn::read(&text).is_err());
            return Ok(());
        }
        let again = edn::read(&text).unwrap().log;
        // The order of starts that fall on one moment is not kept, so both sides are put into a canonical order.
        let canonical = |log: &Log, operation: &consistency_sim::history::judged::Judged| {
            let pending = operation.outcome == Outcome::Unknown;
            format!("{} {:?} {:?} {pending}", log.key(operation.key), operation.call, operation.outcome)
        };
        let mut expected: Vec<String> = kept.iter().map(|operation| canonical(&log, operation)).collect();
        let mut found: Vec<String> = again.operations.iter().map(|operation| canonical(&again, operation)).collect();
        if log.keys.len() == 1 {
            let rename = |line: &mut String| *line = line.split_once(' ').unwrap().1.to_owned();
            expected.iter_mut().for_each(rename);
            found.iter_mut().for_each(rename);
        }
        expected.sort();
        found.sort();
        prop_assert_eq!(expected, found);
        // Jepsen's processes do one thing at a time.
        for (at, operation) in again.operations.iter().enumerate() {
            let next = again.operations[at + 1..].iter().find(|next| next.process == operation.process);
            prop_assert!(next.is_none_or(|next| operation.end.is_some_and(|end| end < next.start)));
        }
    }

    #[test]
    fn garbage_is_no_reason_to_panic(text in "\\PC{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&text);
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn nearly_right_is_no_reason_to_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
    ) {
        survive(&pieces.concat());
        survive(&pieces.join(" "));
    }

    #[test]
    fn changed_bytes_are_no_reason_to_panic(
        text in proptest::sample::select(texts_by_hand()),
        changes in proptest::collection::vec((0..4, any::<proptest::sample::Index>(), any::<u8>(), 0..40_usize), 1..6),
    ) {
        let mut bytes = text.into_bytes();
        for (kind, at, byte, length) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let to = (at + length).min(bytes.len());
            match kind {
                0 if at < to => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.drain(at..to)),
                _ => {
                    let again = bytes[at..to].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn drawings_of_drawings_keep_what_precedes_what(
        spans in proptest::collection::vec((0..4_u32, 0..30_u64, 0..8_u64, any::<bool>()), 1..10),
    ) {
        let operations = spans.iter().zip(0_u32..).map(|(&(process, start, length, pending), index)| {
            let call = Call::Write(Datum::Number(i64::from(index)));
            let (outcome, end) = if pending { (Outcome::Unknown, None) } else { (Outcome::Ok(None), Some(start + length)) };
            consistency_sim::history::judged::Judged { process, key: 0, call, outcome, start, end, index }
        });
        let mut log = Log { operations: operations.collect(), keys: vec![String::new()], ..Log::default() };
        log.sort();
        let places: Vec<usize> = (0..log.operations.len()).collect();
        let again = notation::read(&drawing::draw(&log, &places)).unwrap();
        let order = |log: &Log| {
            let mut order = Vec::new();
            for a in &log.operations {
                for b in &log.operations {
                    order.push((format!("{:?} {:?}", a.call, b.call), a.end.is_some_and(|end| end < b.start)));
                }
            }
            order.sort();
            order
        };
        prop_assert_eq!(order(&log), order(&again));
    }
}

/// Words and signs of all formats: put together at random they reach far into the readers.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "#{",
    "#_",
    "#tag",
    "\"",
    "\"k\"",
    "\\",
    ";",
    "\n",
    ",",
    "nil",
    ":process",
    "0",
    "1",
    "-7",
    ":type",
    ":invoke",
    ":ok",
    ":fail",
    ":info",
    ":f",
    ":read",
    ":write",
    ":cas",
    ":get",
    ":append",
    ":add",
    ":value",
    "[1 2]",
    ":key",
    "{:process 0, :type :invoke, :f :read, :value nil}\n",
    "{:process 0, :type :ok, :f :read, :value 3}\n",
    "{:process 1, :type :invoke, :f :cas, :value [3 4]}",
    "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n",
    "INFO  jepsen.util - 0\t:ok\t:read\t5\n",
    "INFO  jepsen.util - 0 :invoke :cas [1 2]\n",
    "jepsen.util - ",
    "{\"type\":\"header\",\"schema\":\"consistency-sim/history@1\"}\n",
    "{\"type\":\"operation\"",
    "p1: ",
    "|--w1--|",
    "|-r1-",
    ">",
];

/// Every reader gets the text; whatever they say, a reason and a remedy come with it, and a log can be judged.
fn survive(text: &str) {
    let detected = read(text, None);
    for format in Format::ALL {
        match read(text, Some(format)) {
            Ok(input) => {
                for check in consistency_sim::checks::CHECKS {
                    let budget = consistency_sim::checks::Budget { steps: 10_000, bytes: 1 << 20 };
                    let case = consistency_sim::checks::Case { log: &input.log, reading: input.reading, budget };
                    (check.run)(&case);
                }
                let places: Vec<usize> = (0..input.log.operations.len()).collect();
                drawing::draw(&input.log, &places);
            }
            Err(error) => {
                assert!(!error.problem.is_empty() && !error.remedy.is_empty(), "{error:?}");
                let line = text.strip_prefix('\u{feff}').unwrap_or(text).lines().nth(error.line.saturating_sub(1));
                let is_shown = line.is_some_and(|line| error.columns.end <= line.len() + 1);
                assert!(error.columns.is_empty() || is_shown, "{format:?}: {error:?} in {text:?}");
            }
        }
    }
    if let Err(error) = detected {
        assert!(!error.remedy.is_empty());
    }
}

#[test]
fn nesting_without_end_is_refused() {
    for bracket in ["[", "{", "#{", "#_", "#a "] {
        let error = edn::read(&bracket.repeat(1_000_000)).err().expect("no history");
        assert!(error.problem.contains("nested") || error.problem.contains("not closed"), "{error}");
    }
}

#[test]
fn what_is_wrong_in_a_value_of_several_lines_is_marked_in_its_own() {
    let cases = [
        ("; a note\n{:process 0,\n :type :invoke,\n :f :frob}", 4, ":f :frob"),
        ("{:process 0, :type :invoke, :f :read}{:process 0,\n :type :well, :f :read} {:type :well}", 2, ":type :well"),
        ("{:process 0, :type :well,\n :f :read}", 1, ":type :well"),
        // Named in other words than it is written: the whole value, or the line where it begins.
        ("  {:process 0 :type :ok :f :read} ", 1, "{:process 0 :type :ok :f :read}"),
        ("\n {:process 0\n :type :ok :f :read}", 2, ""),
    ];
    for (text, line, marked) in cases {
        let error = edn::read(text).err().expect("no history");
        let shown = text.lines().nth(error.line - 1).unwrap();
        assert_eq!((error.line, &shown[error.columns.clone()]), (line, marked), "{error}");
    }
}

#[test]
fn mistakes_are_shown_at_their_line() {
    let cases = [
        (Format::Etcd, "INFO  jepsen.util - 0 :invoke :read nil\nINFO  jepsen.util - 0 :ok :read x\n", 2, "`x`"),
        (Format::Etcd, "\nINFO  jepsen.util - 0 :ok :read 1\n", 2, "waits for none"),
        (Format::Etcd, "INFO  jepsen.util - 0 :invoke :cas 1\n", 1, "no pair"),
        (Format::Edn, "{:process 0, :type :ok, :f :read, :value 1}", 1, "waits for none"),
        (Format::Edn, "\n\n{:process 0, :type :invoke, :f :cas, :value 1}", 3, ":cas"),
        (Format::Edn, "{:process 0, :type :invoke, :f :read", 1, "not closed"),
        (Format::Edn, "[{:process 0, :type :invoke, :f :read}\n", 2, "not closed"),
        (Format::Edn, "{:a}", 1, "without a value"),
        (Format::Edn, "]", 1, "closes nothing"),
        (
            Format::Jsonl,
            "{\"type\":\"committed\",\"at_ns\":1,\"key\":0,\"location\":0,\"seen\":{\"value\":1}}",
            1,
            "header",
        ),
        (Format::Jsonl, "{\"type\":\"header\",\"schema\":\"other@1\"}", 1, "other@1"),
        (Format::Jsonl, "{\"type\":\"header\",\"schema\":\"consistency-sim/history@1\"}\n{}", 2, "no line"),
        (Format::Drawing, "p1: |-w1-|\np2: |-q1-|", 2, "`q1`"),
        (Format::Drawing, "p1: -w1-|", 1, "outside"),
    ];
    for (format, text, line, problem) in cases {
        let error = read(text, Some(format)).err().unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.problem.contains(problem), "{text}: {error}");
    }
}

#[test]
fn what_is_no_operation_is_counted() {
    let text = "INFO  jepsen.core - Everything set up\n\
                INFO  jepsen.util - 0\t:invoke\t:read\tnil\n\
                INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n\
                INFO  jepsen.util - 0\t:ok\t:read\t3\n";
    let log = etcd::read(text).unwrap();
    assert_eq!(log.operations.len(), 1);
    assert!(log.remarks[0].starts_with("2 entries"), "{:?}", log.remarks);
    let text = "{:process :nemesis, :type :info, :f :start, :value nil}\n{:process 0, :type :invoke, :f :read, :value nil}\n\
                #jepsen.history.Op{:process 0, :type :ok, :f :read, :value 3, :time 5, :index 2}\n{:phase 1}";
    let log = edn::read(text).unwrap().log;
    assert_eq!(log.operations.len(), 1);
    assert_eq!(log.operations[0].outcome, Outcome::Ok(Some(Datum::Number(3))));
    assert!(log.remarks[0].starts_with("2 entries"), "{:?}", log.remarks);
}

#[test]
fn edn_values_are_read_as_clojure_writes_them() {
    let read = |text: &str| edn_value::Reader::new(text).value().map(|value| value.write());
    for text in
        ["nil", "-12", "[1 2]", "{:a 1, :b [nil true]}", "#{1 2}", "\"a\\n\\\"b\\\\\"", ":keyword", "1.5", "\\newline"]
    {
        assert_eq!(read(text).unwrap(), text);
    }
    assert_eq!(read("; a comment\n  (1, 2)").unwrap(), "[1 2]");
    assert_eq!(read("#_ 5 #inst \"2026-01-01\"").unwrap(), "\"2026-01-01\"");
    assert_eq!(read("[1 #_ #_ 2 3 ##NaN #_4]").unwrap(), "[1 ##NaN]");
    assert_eq!(read("[#{2 1} {:b 1, :a 2}]").unwrap(), "[#{1 2} {:a 2, :b 1}]");
    assert_eq!(read("7N").unwrap(), "7");
    assert_eq!(read("\"\\u0041\"").unwrap(), "\"A\"");
}
