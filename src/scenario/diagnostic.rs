//! What is wrong with a scenario, and where: plain data, rendered elsewhere.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a scenario's text comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// The name in messages.
    pub file: String,
    /// Where relative paths of traces start.
    pub folder: PathBuf,
}

/// One mistake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// A row of [`codes`](super::codes).
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The file, or the option (`--set`), that the mistake is in.
    pub file: String,
    /// The text that `span` points into: the whole file, or one row of a trace.
    pub source: Arc<str>,
    /// The line that `source` starts at, counted from 1.
    pub first_line: usize,
    /// The wrong bytes of `source`, on character boundaries; `None` where the text itself could not be had.
    pub span: Option<Range<usize>>,
    /// A few words for the underlined place; may be empty.
    pub label: String,
    /// Remedies, a sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// Whether it keeps nobody from a run: a lint of one of wrangler's files, `W020` and the following ones.
    pub fn is_warning(&self) -> bool {
        self.code.starts_with('W') && self.code >= super::codes::WRANGLER_UNKNOWN
    }

    /// The line of the mistake, counted from 1; `None` where there is no text.
    pub fn line(&self) -> Option<usize> {
        let start = self.span.as_ref()?.start;
        Some(self.first_line + self.source.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count())
    }
}

/// A mistake before its place is known.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub code: &'static str,
    pub message: String,
    pub label: String,
    pub help: Vec<String>,
    /// The wrong part of the text that was looked at; `None`: all of it.
    pub within: Option<Range<usize>>,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), label: String::new(), help: Vec::new(), within: None }
    }

    pub fn label(mut self, label: impl Into<String>) -> Fault {
        self.label = label.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help.push(help.into());
        self
    }

    /// "did you mean …" where there is a near word, and the list of what exists.
    pub fn choices<'w>(mut self, word: &str, what: &str, choices: impl IntoIterator<Item = &'w str>) -> Fault {
        let choices: Vec<&str> = choices.into_iter().collect();
        if let Some(near) = nearest(word, &choices) {
            self.help.push(format!("did you mean `{near}`?"));
        }
        if !choices.is_empty() {
            self.help.push(format!("{what}: {}", choices.join(", ")));
        }
        self
    }

    pub fn within(mut self, range: Range<usize>) -> Fault {
        self.within = Some(range);
        self
    }
}

/// The choice that is spelt most like a word, if it is near enough to be meant.
pub(super) fn nearest<'w>(word: &str, choices: &[&'w str]) -> Option<&'w str> {
    // Comparing a megabyte with every choice would take minutes, and nobody means a short word by it.
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    let far = match lower.chars().count() {
        0 => return None,
        1..=4 => 1,
        length => length / 3 + 1,
    };
    // Few edits catch slips of the finger; a long common beginning catches `stale_reads` for `stale_read_rate`.
    let likeness = |choice: &&str| {
        let choice = choice.to_lowercase();
        let alike = strsim::jaro_winkler(&lower, &choice);
        (alike >= 0.9 || strsim::damerau_levenshtein(&lower, &choice) <= far).then_some(alike)
    };
    let near = choices.iter().filter_map(|choice| Some((likeness(choice)?, *choice)));
    near.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, choice)| choice)
}

/// A user's word in a message: shortened, and without control characters.
pub(super) fn quoted(word: &str) -> String {
    let mut short: String = word.chars().take(60).flat_map(char::escape_debug).collect();
    if word.chars().nth(60).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
