//! Histories as other people write them: by hand in `tests/histories/dialects.txt`, and at random in every manner of
//! writing that is known. Each must be detected, read and judged as the reference judges it that tries every order.

use consistency_sim::history::format::{Format, read};
use consistency_sim::history::judged::{Call, Datum, FailedCas, Judged, Log, Nil, Outcome, Reading};
use consistency_sim::random::Stream;

use super::reference::linearizable_by_trying_everything;
use super::verdict;

struct ByHand {
    name: &'static str,
    format: &'static str,
    verdict: &'static str,
    text: String,
}

fn by_hand() -> Vec<ByHand> {
    let file = include_str!("../../histories/dialects.txt");
    let sections = file.split("\n== ").skip(1).map(|section| {
        let (name, rest) = section.split_once('\n').expect("a name");
        let (words, text) = rest.split_once('\n').expect("a format and a verdict");
        let (words, verdict) = words.split_once(": ").expect("a verdict");
        let (marks, format) = words.rsplit_once(' ').unwrap_or(("", words));
        let text = if marks.contains("crlf") { text.replace('\n', "\r\n") } else { text.to_owned() };
        let text = if marks.contains("bom") { format!("\u{feff}{text}") } else { text };
        ByHand { name, format, verdict, text }
    });
    sections.collect()
}

/// The texts of all histories by hand.
pub fn texts_by_hand() -> Vec<String> {
    by_hand().into_iter().map(|one| one.text).collect()
}

#[test]
fn histories_by_hand_get_their_verdicts() {
    let all = by_hand();
    assert!(all.len() >= 30, "only {} were read", all.len());
    for ByHand { name, format, verdict: expected, text } in all {
        let input = read(&text, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(input.format.word(), format, "{name}");
        let by_reference = linearizable_by_trying_everything(&input.log, input.reading);
        assert_eq!(by_reference, expected == "holds", "{name}, by trying every order");
        let found = verdict("linearizable", &input.log, input.reading);
        assert_eq!(found.word(), expected, "{name}: {found:?}");
    }
}

/// A history as it happens: what each process asks, and what it is told, with answers that are mostly right.
struct Happening {
    /// In the order of the events: the operation and whether it is its answer.
    events: Vec<(usize, bool)>,
    log: Log,
}

/// A few operations on a register or, with `texts`, on a text, in `keys` keys.
fn happening(stream: &mut Stream, texts: bool, keys: u64) -> Happening {
    let mut log = Log { keys: (0..keys).map(|key| key.to_string()).collect(), ..Log::default() };
    log.texts = ["", "a", "b", "aa", "ab", "ba", "bb", "aab", "aba", "bab"].map(str::to_owned).to_vec();
    let value = |stream: &mut Stream| {
        if texts { Datum::Text(stream.below(10) as u32) } else { Datum::Number(stream.below(3) as i64 - 1) }
    };
    let mut events = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let count = 2 + stream.below(7) as usize;
    let (mut idle, mut next) = (vec![0, 1, 2], 3);
    while log.operations.len() < count || !open.is_empty() {
        if log.operations.len() < count && !idle.is_empty() && (open.is_empty() || stream.below(2) == 0) {
            let process = idle.remove(stream.below(idle.len() as u64) as usize);
            let call = match stream.below(6) {
                0..3 => Call::Read,
                3 | 4 if texts => Call::Append(1 + stream.below(2) as u32),
                3 if keys == 1 || stream.below(2) == 0 => Call::Cas { old: value(stream), new: value(stream) },
                _ => Call::Write(value(stream)),
            };
            let (key, place) = (stream.below(keys) as u32, log.operations.len());
            let (start, index) = (events.len() as u64, place as u32);
            log.operations.push(Judged { process, key, call, outcome: Outcome::Unknown, start, end: None, index });
            events.push((place, false));
            open.push(place);
            continue;
        }
        let place = open.remove(stream.below(open.len() as u64) as usize);
        let operation = &mut log.operations[place];
        match stream.below(10) {
            // No answer at all, and the process is not heard of again.
            0 => {
                idle.push(next);
                next += 1;
                continue;
            }
            1 => {
                operation.outcome = Outcome::Unknown;
                idle.push(next);
                next += 1;
            }
            2 if operation.call != Call::Read => {
                (operation.outcome, operation.end) = (Outcome::Failed, Some(events.len() as u64));
                idle.push(operation.process);
            }
            _ => {
                let nothing = if texts { Datum::Text(0) } else { Datum::Absent };
                let learned = if stream.below(5) == 0 { nothing } else { value(stream) };
                operation.outcome = Outcome::Ok((operation.call == Call::Read).then_some(learned));
                operation.end = Some(events.len() as u64);
                idle.push(operation.process);
            }
        }
        events.push((place, true));
    }
    Happening { events, log }
}

impl Happening {
    fn kind(&self, place: usize, answers: bool) -> &'static str {
        match (answers, self.log.operations[place].outcome) {
            (false, _) => "invoke",
            (true, Outcome::Ok(_)) => "ok",
            (true, Outcome::Failed) => "fail",
            (true, Outcome::Unknown) => "info",
        }
    }

    fn show(&self, value: Datum) -> String {
        match value {
            Datum::Text(place) => format!("\"{}\"", self.log.texts[place as usize]),
            other => self.log.show(other),
        }
    }

    /// The function and the value of an event.
    fn said(&self, place: usize, answers: bool, comma: &str) -> (&'static str, String) {
        let operation = &self.log.operations[place];
        match operation.call {
            Call::Read => match (answers, operation.outcome) {
                (true, Outcome::Ok(Some(value))) => ("read", self.show(value)),
                _ => ("read", "nil".to_owned()),
            },
            Call::Write(value) => ("write", self.show(value)),
            Call::Cas { old, new } => ("cas", format!("[{}{comma} {}]", self.show(old), self.show(new))),
            Call::Append(text) => ("append", self.show(Datum::Text(text))),
            _ => unreachable!("nothing else happens"),
        }
    }

    /// As EDN: with tuples where there are several keys, or with `:key` in the manner of key-value files.
    fn edn(&self, stream: &mut Stream, keyed: bool) -> String {
        let one_in = |stream: &mut Stream, many: u64| stream.below(many) == 0;
        let (commas, quoted, times, tagged) =
            (one_in(stream, 2), one_in(stream, 4), one_in(stream, 2), one_in(stream, 4));
        let enclosed = [("", ""), ("[", "]"), ("(", ")")][stream.below(3) as usize];
        let word = |word: &str| if quoted { format!("\"{word}\"") } else { format!(":{word}") };
        let mut text = enclosed.0.to_owned();
        for (number, &(place, answers)) in self.events.iter().enumerate() {
            let operation = &self.log.operations[place];
            let (mut function, mut value) = self.said(place, answers, if commas { "," } else { "" });
            let mut fields = Vec::new();
            if keyed {
                function = match function {
                    "read" => "get",
                    "write" => "put",
                    other => other,
                };
                fields.push(format!(":key \"{}\"", operation.key));
            } else if self.log.keys.len() > 1 {
                value = format!("[{} {value}]", operation.key);
            }
            let process = operation.process;
            fields.push(if one_in(stream, 9) { format!(":process {process}N") } else { format!(":process {process}") });
            fields.push(format!(":type {}", word(self.kind(place, answers))));
            fields.push(format!(":f {}", word(function)));
            fields.push(format!(":value {value}"));
            if times {
                fields.extend([format!(":time {}", 1000 + number), format!(":index {number}"), ":node nil".to_owned()]);
            }
            let turn = stream.below(fields.len() as u64) as usize;
            fields.rotate_left(turn);
            let event = format!("{{{}}}", fields.join(if commas { ", " } else { "\n " }));
            text.push_str(if tagged { "#jepsen.history.Op" } else { "" });
            text.push_str(&event);
            text.push_str(["\n", " ", "\r\n", "; so far\n", "\n#_{:skipped [1 2]} "][stream.below(5) as usize]);
            if one_in(stream, 12) {
                text.push_str("{:process :nemesis, :type :info, :f :write, :value 77}\n");
            }
        }
        text + enclosed.1
    }

    fn etcd(&self, stream: &mut Stream) -> String {
        let between = ["\t", " ", "  ", " \t"][stream.below(4) as usize];
        let before =
            ["INFO  jepsen.util - ", "INFO jepsen.util -\t", "12:00 [worker] jepsen.util: "][stream.below(3) as usize];
        let after = ["", " :hint 4", "\t"][stream.below(3) as usize];
        let end = ["\n", "\r\n"][stream.below(2) as usize];
        let mut text = format!("INFO jepsen.core - set up{end}{end}");
        for &(place, answers) in &self.events {
            let (function, mut value) = self.said(place, answers, "");
            let kind = self.kind(place, answers);
            if kind == "info" || (kind == "fail" && function == "read") {
                value = ":timed-out".to_owned();
            }
            let words =
                [self.log.operations[place].process.to_string(), format!(":{kind}"), format!(":{function}"), value];
            text.push_str(&format!("{before}{}{after}{end}", words.join(between)));
        }
        text
    }
}

#[test]
fn what_others_write_is_judged_as_it_happened() {
    let mut stream = Stream::from_entity(77);
    let knossos = Reading { nil: Nil::Unknown, failed_cas: FailedCas::Ignored, initial: Datum::Absent };
    let texts = Reading { initial: Datum::Text(0), ..Reading::default() };
    let mut verdicts = [[0_u32; 2]; 4];
    for number in 0..8000 {
        let kind = number % 4;
        let happening = happening(&mut stream, kind == 3, if kind == 0 || kind == 2 { 1 } else { 2 });
        let (text, reading, format) = match kind {
            0 | 1 => (happening.edn(&mut stream, false), knossos, Format::Edn),
            2 => (happening.etcd(&mut stream), Reading::default(), Format::Etcd),
            _ => (happening.edn(&mut stream, true), texts, Format::Kv),
        };
        let truth = linearizable_by_trying_everything(&happening.log, reading);
        let input = read(&text, None).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(input.format, format, "{text}");
        let found = verdict("linearizable", &input.log, input.reading);
        assert_eq!(found.word(), if truth { "holds" } else { "broken" }, "{found:?}\n{text}");
        verdicts[kind][usize::from(truth)] += 1;
    }
    println!("{verdicts:?} broken and holding histories of one register, two, etcd, texts");
    assert!(verdicts.iter().flatten().all(|&count| count > 150), "{verdicts:?} is too few to prove anything");
}

#[test]
fn what_cannot_be_judged_is_refused_and_not_guessed() {
    let op = |f: &str, value: &str| {
        format!(
            "{{:process 0, :type :invoke, :f {f}, :value {value}}}\n{{:process 0, :type :ok, :f {f}, :value {value}}}\n"
        )
    };
    let write = op(":write", "1");
    let cases = [
        (write.clone() + &op(":txn", "[[:w :x 2]]"), 3, ":f :txn"),
        (write.clone() + &op(":dequeue", "nil"), 3, ":f :dequeue"),
        (op(":add", "1") + &op(":read", "#{1}"), 4, "a set, not a counter"),
        (write.clone() + "{:type :invoke, :f :read}", 3, "no :process"),
        (
            write.clone() + "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :write}",
            4,
            "something else",
        ),
        (write.clone() + "{:process 0, :type :ok, :f :read, :value 1}", 3, "waits for none"),
        (write.clone() + "7", 3, "an event is a map"),
    ];
    for (text, line, problem) in cases {
        let error = read(&text, None).err().unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.problem.contains(problem) && !error.remedy.is_empty(), "{text}: {error}");
    }
    let log = "INFO  jepsen.util - 0 :invoke :read nil\nINFO  jepsen.util - 0 :ok :write 1\n";
    let error = read(log, None).unwrap_err();
    assert_eq!((error.line, &log.lines().nth(1).unwrap()[error.columns.clone()]), (2, ":write"), "{error}");
}
