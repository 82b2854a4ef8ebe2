//! The formats in which histories are read, and how a file's format is found out.
//!
//! To add a format: a reader in a file of its own, and an arm in each function here.

use super::judged::{Call, Datum, FailedCas, Log, Nil, Outcome, Reading};
use super::pairing::ReadError;
use super::{edn, etcd, jsonl, notation};

/// A format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Our own JSON lines.
    Jsonl,
    /// Jepsen and Knossos.
    Edn,
    /// The etcd logs of porcupine's test data.
    Etcd,
    /// The key-value files of porcupine's test data.
    Kv,
    /// The notation for drawings.
    Drawing,
}

/// A history with what its format says about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    pub format: Format,
    /// How the format was known: told, or by what it was detected.
    pub because: &'static str,
    pub log: Log,
    /// What the format's conventions are.
    pub reading: Reading,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [Format::Jsonl, Format::Edn, Format::Etcd, Format::Kv, Format::Drawing];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Edn => "edn",
            Format::Etcd => "etcd",
            Format::Kv => "kv",
            Format::Drawing => "drawing",
        }
    }

    /// What it is called in sentences.
    pub fn title(self) -> &'static str {
        match self {
            Format::Jsonl => "JSON lines of this program",
            Format::Edn => "Jepsen EDN",
            Format::Etcd => "etcd log",
            Format::Kv => "key-value EDN",
            Format::Drawing => "drawing",
        }
    }

    /// The format with this word.
    pub fn of(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// What the format's users mean by `nil`, by a failed compare-and-set, and by a key that nobody wrote.
    pub fn reading(self) -> Reading {
        match self {
            // Knossos steps over a read of nil and over whatever failed.
            Format::Edn => Reading { nil: Nil::Unknown, failed_cas: FailedCas::Ignored, initial: Datum::Absent },
            Format::Jsonl | Format::Etcd | Format::Kv | Format::Drawing => Reading::default(),
        }
    }

    /// The format that a text is most likely in, and by what one sees it. Whether EDN is that of key-value files shows
    /// only when it is read.
    pub fn detect(text: &str) -> Option<(Format, &'static str)> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let is_tag = |rest: &str| rest.starts_with(char::is_alphabetic) && rest.contains('{');
        let is_comment = |line: &&str| {
            line.starts_with(';') || line.strip_prefix('#').is_some_and(|rest| !is_tag(rest) && !rest.starts_with('{'))
        };
        let first = lines.find(|line| !is_comment(line))?;
        if first.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"')) {
            return Some((Format::Jsonl, "its first line is a JSON object"));
        }
        // A log may begin with a date in brackets; no vector of events begins with a digit.
        let bracketed = first.strip_prefix(['[', '(']).map(str::trim_start);
        let opens = bracketed.is_some_and(|rest| rest.is_empty() || rest.starts_with(['{', ';', '#', ']', ')']));
        if opens || first.starts_with(['{', '#']) {
            return Some((Format::Edn, "EDN maps without a :key"));
        }
        let drawn = first.split_once(':').is_some_and(|(_, lane)| lane.trim_start().starts_with('|'));
        if drawn {
            return Some((Format::Drawing, "bars between `|`"));
        }
        text.lines().any(etcd::is_event).then_some((Format::Etcd, "lines of jepsen.util"))
    }
}

/// Reads a history; without a format, the text's own looks decide.
///
/// # Errors
/// If the format is not recognised, or the text does not follow it.
pub fn read(text: &str, format: Option<Format>) -> Result<Input, ReadError> {
    // Some editors put a mark of the encoding before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut format, mut because) = match format {
        Some(format) => (format, TOLD),
        None => Format::detect(text).ok_or_else(|| {
            let words: Vec<&str> = Format::ALL.iter().map(|format| format.word()).collect();
            let remedy = format!("name the format: {}", words.join(", "));
            ReadError::new(0, "the format is none that is known by its looks", remedy)
        })?,
    };
    let mut reading = format.reading();
    let log = match format {
        Format::Jsonl => {
            let parts = jsonl::read(text)?;
            reading.initial = parts[0].0.initial.into();
            if parts.iter().any(|(header, _)| header.initial != parts[0].0.initial) {
                let remedy = "judge them one by one";
                return Err(ReadError::new(0, "the parts of the file begin with different values", remedy));
            }
            Log::of_parts(parts.iter().map(|(_, history)| history))
        }
        Format::Edn | Format::Kv => {
            let read = edn::read(text)?;
            let mut log = read.log;
            if read.keyed && because != TOLD {
                (format, because) = (Format::Kv, "EDN maps with a :key");
                reading = format.reading();
            }
            if format == Format::Kv {
                reading.initial = unwritten(&mut log);
            }
            log
        }
        Format::Etcd => etcd::read(text)?,
        Format::Drawing => notation::read(text)?,
    };
    let counts = log.operations.iter().any(|operation| matches!(operation.call, Call::Add(_)));
    if counts && matches!(format, Format::Edn | Format::Drawing) {
        // Jepsen's counters begin at zero.
        reading.initial = Datum::Number(0);
    }
    Ok(Input { format, because, log, reading })
}

const TOLD: &str = "as told";

/// What a key of a key-value file that nobody wrote reads as: an empty text, or nothing where that is what is read.
fn unwritten(log: &mut Log) -> Datum {
    let empty = log_text(log, "");
    let reads = |value| {
        log.operations
            .iter()
            .any(|operation| operation.call == Call::Read && operation.outcome == Outcome::Ok(Some(value)))
    };
    if reads(Datum::Absent) && !reads(empty) { Datum::Absent } else { empty }
}

/// A text as a value of this log.
pub fn log_text(log: &mut Log, text: &str) -> Datum {
    let place = log.texts.iter().position(|known| known == text).unwrap_or_else(|| {
        log.texts.push(text.to_owned());
        log.texts.len() - 1
    });
    Datum::Text(place as u32)
}
