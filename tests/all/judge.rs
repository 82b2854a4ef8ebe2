//! The command `judge`: what it prints, and with which number it ends.

use std::io::Write;
use std::process::Command;

use consistency_sim::history::jsonl::{self, Header};
use consistency_sim::history::{History, Record};
use consistency_sim::model::{Client, Key, Location, Operation, Seen, Time, Version};

/// Runs `judge` on a file with this text, and returns what it prints and its exit code; what it complains of, for wrong
/// input.
fn judge(text: &str, arguments: &[&str]) -> Result<(String, u8), String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let program = env!("CARGO_BIN_EXE_consistency-sim");
    let output = Command::new(program).arg("judge").arg(file.path()).args(arguments).output().unwrap();
    let code = output.status.code().unwrap() as u8;
    let said = |bytes| String::from_utf8(bytes).unwrap();
    if code == 2 { Err(said(output.stderr)) } else { Ok((said(output.stdout), code)) }
}

const STALE: &str = "p1: |-w1-|   |-w2-|\np2:                 |-r1-|\n";
const FRESH: &str = "p1: |-w1-|   |-w2-|\np2:                 |-r2-|\n";

#[test]
fn it_ends_with_the_number_of_the_verdict() {
    assert_eq!(judge(FRESH, &[]).unwrap().1, 0);
    assert_eq!(judge(STALE, &[]).unwrap().1, 10);
    assert_eq!(judge(STALE, &["--check", "read-your-writes,sequential"]).unwrap().1, 0);
    // A search with nothing to spend knows nothing; the zone test needs no budget.
    let cas = "p1: |-w1-|  |-c1>2-|  |-r2-|\n";
    assert_eq!(judge(cas, &["--budget", "1", "--check", "linearizable"]).unwrap().1, 3);
    assert_eq!(judge(cas, &["--check", "linearizable"]).unwrap().1, 0);
    assert_eq!(judge(STALE, &["--budget", "1", "--check", "linearizable"]).unwrap().1, 10);
}

#[test]
fn it_shows_the_smallest_evidence_as_lines_and_drawn() {
    let text = "p1: |-w1-|   |-w2-|\np2:                 |-r2-| |-r1-|\np3: |-rnil-|     |-r1-|  |-r2-|\n";
    let (printed, code) = judge(text, &["--check", "linearizable"]).unwrap();
    assert_eq!(code, 10);
    let expected = "\
Format: drawing (bars between `|`)
7 operations, 3 processes, 1 key; 0 without an answer
Read as: --nil absent --failed-cas constrains --initial nil

✗ linearizable         broken   1 of 1 keys broken
    It would mean: every operation took effect at one moment between its start and its end.
    1 must come before 2 (#0 was over before #2 began), and 2 before 1 (#2 was over before #6 began).
      #0 process 0: write 1 (events 4 to 9)
      #2 process 0: write 2 (events 13 to 18)
      #6 process 1: read = 1 (events 27 to 32)
      p0: |-w1-||-w2-|
      p1:             |-r1-|
";
    assert_eq!(printed, expected);
}

#[test]
fn flags_change_how_a_history_is_read() {
    let nil = "p1: |-w1-|\np2:         |-rnil-|\n";
    assert_eq!(judge(nil, &[]).unwrap().1, 10);
    assert_eq!(judge(nil, &["--nil", "unknown"]).unwrap().1, 0);
    let initial = "p1: |-r7-|\n";
    assert_eq!(judge(initial, &[]).unwrap().1, 10);
    assert_eq!(judge(initial, &["--initial", "7"]).unwrap().1, 0);
    let failed = "p1: |-w1-|\np2:         |-c1>2!-|\n";
    assert_eq!(judge(failed, &[]).unwrap().1, 10);
    assert_eq!(judge(failed, &["--failed-cas", "ignored"]).unwrap().1, 0);
    let texts = "p1: |-+x-|\np2:         |-rx-|\n";
    assert_eq!(judge(texts, &["--model", "kv"]).unwrap().1, 0);
}

#[test]
fn a_mistake_in_the_file_is_underlined() {
    let error =
        judge("INFO  jepsen.util - 0 :invoke :read nil\nINFO  jepsen.util - 0 :ok :read five\n", &[]).unwrap_err();
    let (title, rest) = error.split_once('\n').unwrap();
    let (place, rest) = rest.split_once('\n').unwrap();
    assert_eq!(title, "error: `five` is no value of a register");
    assert!(place.trim_start().starts_with("--> ") && place.ends_with(":2:33"), "{place}");
    let expected = "  |
2 | INFO  jepsen.util - 0 :ok :read five
  |                                 ^^^^
  |
  = help: write a whole number, or nil for nothing
";
    assert_eq!(rest, expected);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"p1: |-w1-|\np2: \xff").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_consistency-sim")).arg("judge").arg(file.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(":2: the file is not UTF-8 text: byte 15") && said.contains("help: convert it"), "{said}");
}

#[test]
fn mistakes_name_the_remedy() {
    let error = judge(STALE, &["--check", "linearisable"]).unwrap_err();
    assert!(error.contains("did you mean `linearizable`?") && error.contains("monotonic-reads"), "{error}");
    let error = judge("what is this?", &[]).unwrap_err();
    assert!(error.contains("help: name the format: jsonl, edn, etcd, kv, drawing"), "{error}");
    let error = judge("p1: |-c1>2-|\n", &["--model", "register"]).unwrap_err();
    assert!(error.contains("cas 1 -> 2") && error.contains("help:"), "{error}");
    let error = judge("p1: |-w1-|\n", &["--format", "etcd"]).unwrap_err();
    assert!(error.contains("no operation") && error.contains("help:"), "{error}");
    let missing = Command::new(env!("CARGO_BIN_EXE_consistency-sim")).args(["judge", "no/such/file"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such/file"));
}

#[test]
fn our_own_histories_are_judged_by_what_clients_saw() {
    let seen = |stamp, value| Seen { version: Version { stamp, nonce: 0 }, value };
    let record = |client, key, operation, start, end, seen| Record {
        client: Client(client),
        location: Location(0),
        key: Key(key),
        keys: 1,
        operation,
        start: Time(start),
        end: Some(Time(end)),
        seen,
        others: None,
        listing: None,
        metadata: None,
        refusal: None,
        cached: false,
        stale: false,
    };
    let get = Operation::Get { cache_ttl: None };
    let mut history = History::bounded(10);
    history.record(record(0, 4, Operation::Put { value: 5, ttl: None }, 1_000, 2_000, seen(7, Some(5))));
    history.record(record(1, 4, get, 3_000, 3_500, seen(0, Some(9))));
    let write = |history: &History, initial| {
        let mut bytes = Vec::new();
        jsonl::write(history, &Header { initial, ..Header::default() }, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let (printed, code) = judge(&write(&history, Some(9)), &["--check", "linearizable"]).unwrap();
    assert_eq!(code, 10, "{printed}");
    assert!(printed.starts_with("Format: JSON lines of this program (its first line is a JSON object)\n"), "{printed}");
    assert!(printed.contains("#1 process 1: read = 9 (0.000003000 s to 0.000003500 s)"), "{printed}");
    history.records[1].seen = seen(7, Some(5));
    assert_eq!(judge(&write(&history, Some(9)), &[]).unwrap().1, 0);
    // A query over two keys is one operation on each.
    history.records[1].keys = 2;
    history.records[1].others = Some(Box::new([seen(0, None)]));
    let (printed, code) = judge(&write(&history, None), &["--check", "linearizable"]).unwrap();
    assert!(code == 0 && printed.contains("3 operations, 2 processes, 2 keys"), "{printed}");
}
