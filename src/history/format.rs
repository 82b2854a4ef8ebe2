//! The formats in which histories are read, and how a file's format is found out.
//!
//! To add a format: a reader in a file of its own, and an arm in each function here.

use super::judged::{Call, Datum, FailedCas, Log, Nil, Reading};
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

    /// The format that a text is most likely in, and by what one sees it.
    pub fn detect(text: &str) -> Option<(Format, &'static str)> {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with([';', '#']))?;
        if text.lines().take(200).any(|line| line.contains(etcd::MARK)) {
            return Some((Format::Etcd, "lines of jepsen.util"));
        }
        if first.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"')) {
            return Some((Format::Jsonl, "its first line is a JSON object"));
        }
        if first.starts_with(['{', '[', '(']) || text.trim_start().starts_with("#jepsen") {
            let keyed = text.lines().take(50).any(|line| line.contains(":key "));
            return Some(if keyed {
                (Format::Kv, "EDN maps with a :key")
            } else {
                (Format::Edn, "EDN maps without a :key")
            });
        }
        let drawn = first.split_once(':').is_some_and(|(_, lane)| lane.trim_start().starts_with('|'));
        drawn.then_some((Format::Drawing, "bars between `|`"))
    }
}

/// Reads a history; without a format, the text's own looks decide.
///
/// # Errors
/// If the format is not recognised, or the text does not follow it.
pub fn read(text: &str, format: Option<Format>) -> Result<Input, ReadError> {
    let (format, because) = match format {
        Some(format) => (format, "as told"),
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
        Format::Edn => edn::read(text)?.log,
        Format::Kv => {
            let mut log = edn::read(text)?.log;
            // In these files a key that nobody wrote reads as an empty text.
            reading.initial = empty_text(&mut log);
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

/// The empty text as a value of this log.
fn empty_text(log: &mut Log) -> Datum {
    log_text(log, "")
}

/// A text as a value of this log.
pub fn log_text(log: &mut Log, text: &str) -> Datum {
    let place = log.texts.iter().position(|known| known == text).unwrap_or_else(|| {
        log.texts.push(text.to_owned());
        log.texts.len() - 1
    });
    Datum::Text(place as u32)
}
