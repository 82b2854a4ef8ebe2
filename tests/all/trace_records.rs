//! Records are divided as the `csv` crate divides them, whatever the bytes are.

use std::io::{Error, Read};

use consistency_sim::model::Time;
use consistency_sim::random::{Purpose, StreamKey};
use consistency_sim::workloads::trace_bytes::READ_BYTES;
use consistency_sim::workloads::trace_feed::Feed;
use consistency_sim::workloads::trace_file::{Row, TraceError, TraceReader};
use consistency_sim::workloads::trace_records::Records;
use consistency_sim::workloads::trace_stretches::Whole;
use consistency_sim::workloads::values::{Size, Values};
use consistency_sim::workloads::{TraceConfig, TraceFile, TraceOperation, TraceSource};
use proptest::prelude::*;

use crate::support::{cases, plain_values, trace_source};

/// Hands out a few bytes at a time, and breaks in the end if it is to.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
    breaks: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.piece.min(self.bytes.len() - self.at).min(buffer.len());
        if count == 0 && self.breaks {
            return Err(Error::other("broken"));
        }
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Each record with its line; and the line where reading broke off.
type Told = (Vec<(u64, Vec<Vec<u8>>)>, Option<u64>);

fn by_records(file: Pieces) -> Told {
    let mut records = Records::new(Box::new(file));
    let mut told = Vec::new();
    loop {
        match records.advance() {
            Ok(false) => return (told, None),
            Err(_) => return (told, Some(records.line())),
            Ok(true) => {
                let fields = (0..records.fields()).map(|n| records.field(n).expect("so many").to_vec()).collect();
                told.push((records.record_line(), fields));
                assert_eq!(records.field(records.fields()), None);
            }
        }
    }
}

fn by_csv(file: Pieces) -> Told {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).buffer_capacity(READ_BYTES).from_reader(file);
    let (mut told, mut record) = (Vec::new(), csv::ByteRecord::new());
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return (told, None),
            Err(_) => return (told, Some(reader.position().line())),
            Ok(true) => {
                let line = record.position().expect("a position").line();
                told.push((line, record.iter().map(<[u8]>::to_vec).collect()));
            }
        }
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => "[a-z0-9.]{0,9}".prop_map(String::into_bytes),
        6 => Just(b",".to_vec()),
        4 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\"".to_vec()),
        1 => Just(b"\"\"".to_vec()),
        1 => Just(b"\"a,\nb\"".to_vec()),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..20),
        1 => prop::collection::vec(0_u8..0x30, 1..20),
    ];
    (prop::collection::vec(piece, 0..60), any::<bool>()).prop_map(|(pieces, marked)| {
        let start = if marked { &b"\xef\xbb\xbf"[..] } else { &[] };
        [start, &pieces.concat()].concat()
    })
}

/// A long file, most of it plain, whose lines lie across the borders of what is read and searched at once.
fn long() -> impl Strategy<Value = Vec<u8>> {
    (bytes(), "[a-z]{1,30}", 1_usize..90, 1_000_usize..9_000).prop_map(|(odd, word, fields, lines)| {
        let mut text = Vec::new();
        for line in 0..lines {
            text.extend(vec![word.as_str(); 1 + (line * 7) % fields].join(",").bytes());
            text.extend(if line % 1_000 == 999 { &odd[..] } else { b"\n" });
        }
        // A quote that is open to the end makes all of it one record, which may not be longer than this.
        text.truncate(1 << 20);
        text
    })
}

fn agree(bytes: &[u8], piece: usize, breaks: bool) {
    let file = || Pieces { bytes: bytes.to_vec(), at: 0, piece, breaks };
    let [ours, theirs] = [by_records(file()), by_csv(file())];
    assert!(ours == theirs, "{ours:?}\nis not\n{theirs:?}");
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn any_bytes_are_divided_as_csv_divides_them(bytes in bytes(), piece in 1_usize..200, breaks in any::<bool>()) {
        agree(&bytes, piece, breaks);
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn long_files_are_divided_as_csv_divides_them(bytes in long(), piece in 1_000_usize..100_000, breaks in any::<bool>()) {
        agree(&bytes, piece, breaks);
        agree(&bytes, usize::MAX, breaks);
    }
}

fn source(rows: &str, unit: u64) -> TraceSource {
    let column = |name: &str| Some(name.to_string());
    TraceSource {
        size: column("size"),
        ttl: column("ttl"),
        location: column("at"),
        client: column("who"),
        ..trace_source(TraceFile::Bytes(rows.as_bytes().into()), unit)
    }
}

/// One of them twice.
fn places() -> [String; 3] {
    ["LHR", "IAD", "LHR"].map(String::from)
}

/// The rows, one by one.
fn rows(source: &TraceSource) -> Result<Vec<Row>, TraceError> {
    let mut reader = TraceReader::open(source, &places())?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// In quotes, fields go another way; what they say, and what is wrong with them, is the same.
    #[test]
    fn quoted_rows_say_what_plain_ones_say(
        key in "[a-z:é]{0,30}", operation in "(get|set|GET|Put|delete|incr|gets|r|oops)?", size in " ?[+]?[0-9]{0,20} ?",
        ttl in "[0-9]{0,22}|x|-1", at in "(LHR|IAD|lhr|XXX)?", who in "[0-9a-z]{0,9}", short in 1_usize..20,
    ) {
        let fields = ["1", &key, &operation, &size, &ttl, &at, &who];
        let fields = &fields[..short.min(fields.len())];
        let plain = format!("t,k,op,size,ttl,at,who\n0,a,get,,,,\n{}\n", fields.join(","));
        let quoted: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
        let quoted = format!("t,k,op,size,ttl,at,who\n0,a,get,,,,\n{}\n", quoted.join(","));
        prop_assert_eq!(rows(&source(&plain, 1)), rows(&source(&quoted, 1)));
    }

    /// A size is what its digits say, however many they are.
    #[test]
    fn sizes_are_exact(size in any::<u64>(), shift in 0_u32..64, zeros in 0_usize..12) {
        let size = size >> shift;
        let text = format!("t,k,op,size,ttl,at,who\n0,a,,{}{size},,,\n", "0".repeat(zeros));
        prop_assert_eq!(rows(&source(&text, 1)).expect("a good row")[0].size_bytes, Some(size));
    }

    /// A time is what its digits say, to the nanosecond.
    #[test]
    fn times_are_exact(whole in 0_u64..300_000_000, zeros in 0_usize..12, fraction in "[0-9]{0,14}", unit in 0_u32..4) {
        let unit = 10_u64.pow(3 * unit);
        let text = format!("t,k,op,size,ttl,at,who\n0,a,,,,,\n{}{whole}.{fraction},a,,,,,\n", "0".repeat(zeros));
        let digits = u128::from(fraction.parse::<u64>().unwrap_or(0));
        let below = digits * u128::from(unit) / 10_u128.pow(fraction.len() as u32);
        let expected = u128::from(whole) * u128::from(unit) + below;
        let read = rows(&source(&text, unit)).expect("good rows");
        prop_assert_eq!(u128::from(read[1].at.0), expected);
    }
}

/// A name: few bytes and many, ASCII and not, blanks around it and a zero at its end.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,3}",
        4 => "key[0-9]{1,4}",
        4 => "[a-c]{13,18}",
        2 => " ?[aé]{0,9}\\PC? ?",
        1 => "a{1,2}\0{0,2}",
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(cases(100))]

    /// Keys are numbered as they come, and two names are one key exactly where they make one number.
    #[test]
    fn keys_are_told_apart_by_the_numbers_of_their_names(names in prop::collection::vec(name(), 1..3_000)) {
        let quoted = |name: &String| format!("0,\"{}\",,,,,\n", name.replace('"', ""));
        let plain = |name: &String| format!("0,{},,,,,\n", name.replace(['"', ',', '\n', '\r'], ""));
        let one = |(n, name): (usize, &String)| if n % 7 == 0 { quoted(name) } else { plain(name) };
        let text: String = names.iter().enumerate().map(one).collect();
        let source = source(&format!("t,k,op,size,ttl,at,who\n{text}"), 1);
        let mut feed = Feed::new(&source, &[], 1, StreamKey::new(1, 0, Purpose::Placement));
        // The second time nothing is left of the first.
        for _ in 0..2 {
            feed.begin();
            let mut numbers = Vec::new();
            for row in rows(&source).expect("good rows") {
                let first = numbers.iter().position(|number| *number == row.key).unwrap_or(numbers.len());
                if first == numbers.len() {
                    numbers.push(row.key);
                }
                let placed = feed.next_row().expect("as many rows");
                prop_assert_eq!((placed.group as usize, feed.name(placed.group)), (first, row.key));
            }
            prop_assert!(feed.next_row().is_none() && feed.take_failure().is_none());
        }
    }
}

/// Lines of a trace: most of them plain, and all that a plain one is not.
fn lines() -> impl Strategy<Value = String> {
    let step = prop_oneof![6 => 0_u64..3, 1 => 0_u64..5_000_000_000];
    let time = prop_oneof![20 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let key = prop_oneof![8 => "[a-c]{1,3}", 4 => "[a-c]{10,13}", 1 => name()];
    let operation = prop_oneof![6 => "get|set|read|GET|Put", 1 => "|delete|r|replace"];
    let size = prop_oneof![9 => "[0-9]{1,8}", 2 => "[0-9]{0,12}", 1 => " 7"];
    let at = prop_oneof![6 => "(LHR|IAD)?", 1 => "lhr"];
    let ttl = prop_oneof![9 => "[0-9]{0,8}", 1 => "[0-9]{9,25}", 1 => " 7"];
    let who = prop_oneof![9 => "[a-c]{0,12}", 1 => name()];
    let end = prop_oneof![20 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let line = (step, time, key, operation, size, (at, ttl, who), end);
    let odd = prop_oneof!["\"a\",", "x", "4,\u{e9}", "\r", ",,,,", "9,a,incr,,,", "1e9,a,get,,"];
    let usual = prop_oneof![Just("\n"), Just("\r\n")];
    let odds = prop_oneof![Just(Vec::new()), prop::collection::vec((any::<prop::sample::Index>(), odd), 0..2)];
    (prop::collection::vec(line, 1..600), usual, odds).prop_map(|(lines, usual, odds)| {
        let mut now = 0;
        let mut texts = vec![format!("t,k,op,size,at,ttl,who{usual}")];
        for (step, time, key, operation, size, (at, ttl, who), end) in lines {
            now += step;
            let time = match time {
                0 => format!("{now}"),
                1 => format!("{now}."),
                2 => format!("{now}.0"),
                _ => format!("000{now}.000"),
            };
            let [key, who] = [key, who].map(|name| name.replace([',', '"', '\n', '\r'], ""));
            let end = [usual, "\n", "\r\n", "\n\n"][end];
            texts.push(format!("{time},{key},{operation},{size},{at},{ttl},{who}{end}"));
        }
        for (place, odd) in odds {
            let place = 1 + place.index(texts.len());
            texts.insert(place, odd + usual);
        }
        texts.concat()
    })
}

/// A trace of these lines; whether the columns of sizes, locations, TTLs and clients are read.
fn source_of(text: &str, [size, at, ttl, who]: [bool; 4]) -> TraceSource {
    let column = |read: bool, name: &str| read.then(|| name.to_string());
    TraceSource {
        size: column(size, "size"),
        location: column(at, "at"),
        ttl: column(ttl, "ttl"),
        client: column(who, "who"),
        ..trace_source(TraceFile::Bytes(text.as_bytes().into()), 1_000)
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// Many at a time or one after the other, rows say the same, and what is wrong with one is the same.
    #[test]
    fn rows_in_order_are_the_rows_one_by_one(
        text in lines(),
        part in 0_u64..20,
        [located, sized, expires, named] in any::<[bool; 4]>(),
    ) {
        let source = source_of(&text, [true, located, expires, named]);
        let mut expected = rows(&source);
        // Now and then the run ends before the trace, and perhaps before what is wrong with it.
        let last = expected.as_ref().ok().and_then(|rows| rows.last()).map_or(Time::NEVER, |row| row.at);
        let until = if part < 16 { Time::NEVER } else { Time(last.0 / 20 * part) };
        if let Ok(rows) = &mut expected {
            rows.retain(|row| row.at < until);
        }
        let default_operation = TraceOperation::Get;
        // Only who has a table of values looks at sizes.
        let values = sized.then(plain_values);
        let config = TraceConfig { source: source.clone(), default_operation, write_share: 0.0, readers: None, values };
        let in_order = Whole::read(&config, &places(), until);
        let century = |row: &Row| row.ttl.is_some_and(|ttl| ttl.0 / 1_000_000_000 > u32::MAX.into());
        let of_events = |row: &Row| row.operation == Some(TraceOperation::Add) || century(row);
        match (expected, in_order) {
            (Err(expected), Err(told)) => prop_assert_eq!(expected, told),
            (Ok(expected), Ok(Whole::NeedsEvents)) => prop_assert!(expected.iter().any(of_events)),
            // What is wrong may come later.
            (Err(_), Ok(Whole::NeedsEvents)) => prop_assert!(text.contains("incr") || expires),
            (Ok(expected), Ok(Whole::Rows(rows))) => {
                let (mut by_key, mut of_key, mut all) = (rows.by_key(), Vec::new(), Vec::new());
                let mut firsts = Vec::new();
                while let Some(key) = by_key.next_runs(|_| true, |run| of_key.extend(run.each(rows.beside()))) {
                    let (name, length) = rows.name_and_length(key);
                    prop_assert!(sized || length == 0);
                    firsts.push(of_key[0].number);
                    all.extend(of_key.drain(..).map(|row| (name, row)));
                }
                prop_assert!(firsts.is_sorted());
                all.sort_by_key(|(_, row)| row.number);
                prop_assert_eq!((all.len(), rows.len()), (expected.len(), expected.len()));
                let (mut before, mut puts) = (Time::START, 0);
                for (n, ((name, row), expected)) in all.iter().zip(&expected).enumerate() {
                    let told = (*name, row.at, row.before, row.number as usize, row.operation(), row.location());
                    let Row { at, key, operation, location, size_bytes, ttl, client } = *expected;
                    prop_assert_eq!(told, (key, at, before, n, operation, location));
                    puts += i64::from(operation == Some(TraceOperation::Put));
                    let size = match size_bytes {
                        Some(bytes) if sized => Size::Stated(Values::most_of_size(bytes)),
                        None if sized && operation == Some(TraceOperation::Put) => Size::OfNumber(puts),
                        _ => Size::Stated(0),
                    };
                    let beside = row.beside;
                    prop_assert_eq!((beside.size(), beside.ttl()), (size, ttl));
                    prop_assert_eq!(beside.client().map(|client| rows.clients()[client as usize]), client);
                    before = at;
                }
            }
            (expected, told) => prop_assert!(false, "{expected:?} is not {told:?}"),
        }
    }

    /// The same for rows that become events, whichever columns are read.
    #[test]
    fn rows_of_a_feed_are_the_rows_one_by_one(text in lines(), columns in any::<[bool; 4]>()) {
        let source = source_of(&text, columns);
        let mut feed = Feed::new(&source, &places(), 2, StreamKey::new(1, 0, Purpose::Placement));
        // The second time nothing is left of the first.
        for _ in 0..2 {
            feed.begin();
            let mut told = Vec::new();
            while let Some(placed) = feed.next_row() {
                prop_assert_eq!(placed.number as usize, told.len());
                prop_assert!(placed.row.location.is_none_or(|location| location == placed.location));
                let key = feed.name(placed.group);
                let Row { at, operation, size_bytes, ttl, location, client, .. } = placed.row;
                told.push(Row { at, key, operation, size_bytes, ttl, location, client });
            }
            match (rows(&source), feed.take_failure()) {
                (Ok(expected), None) => prop_assert_eq!(&told, &expected),
                (Err(expected), Some(failure)) => prop_assert_eq!(failure, expected),
                (expected, failure) => prop_assert!(false, "{expected:?} is not {failure:?}"),
            }
        }
    }
}
