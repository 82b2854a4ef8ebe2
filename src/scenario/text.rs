//! Texts before they are scenarios: read from files, taken apart as TOML, their mistakes in order.

#[cfg(feature = "host")]
use std::fs::File;
#[cfg(feature = "host")]
use std::io::{self, Read};
#[cfg(feature = "host")]
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::codes;
use super::desk::Desk;
#[cfg(feature = "host")]
use super::diagnostic::quoted;
use super::diagnostic::{Diagnostic, Fault};
use super::tree::{Place, Table};

/// Mistakes of syntax that are shown: after the first few, the parser mostly stumbles over its own recovery.
const SYNTAX_MOST: usize = 5;

#[cfg(feature = "host")]
/// The largest file that can be a scenario.
const BYTES_MOST: u64 = 4 << 20;

/// The text of a file, which errors call by this name.
#[cfg(feature = "host")]
pub(super) fn read(path: &Path, file: &str) -> Result<String, Vec<Diagnostic>> {
    let without_text = |code, message: String, help: &str| {
        vec![Diagnostic {
            first_line: 1,
            code,
            message,
            file: file.to_string(),
            source: Arc::from(""),
            span: None,
            label: String::new(),
            help: vec![help.to_string()],
        }]
    };
    let unreadable = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_string(),
            io::ErrorKind::PermissionDenied => "reading it is not permitted".to_string(),
            _ => error.to_string(),
        };
        let help = "check the path; relative paths start at the folder in which the command runs";
        without_text(codes::FILE_UNREADABLE, format!("cannot read {}: {why}", quoted(file)), help)
    };
    if path.is_dir() {
        let message = format!("{} is a folder, not a scenario file", quoted(file));
        return Err(without_text(codes::FILE_IS_FOLDER, message, "name the file inside it"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed shows that there is more, whatever the file system says of the size.
    File::open(path).and_then(|open| open.take(BYTES_MOST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MOST {
        let message = format!("{} is larger than 4 MiB", quoted(file));
        return Err(without_text(codes::FILE_TOO_LARGE, message, "a scenario is a small text; is this a trace?"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        let source: Arc<str> = Arc::from(String::from_utf8_lossy(error.as_bytes()));
        vec![Diagnostic {
            first_line: 1,
            code: codes::FILE_NOT_TEXT,
            message: format!("{} is not UTF-8 text", quoted(file)),
            file: file.to_string(),
            span: Some(at..at + char::REPLACEMENT_CHARACTER.len_utf8()),
            source,
            label: format!("byte 0x{byte:02x}"),
            help: vec!["save the file as UTF-8".into()],
        }]
    })
}

/// The tree of a text; `None` where it is not TOML, which is reported.
pub(super) fn syntax(desk: &Desk, text: &str) -> Option<Table> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut lines: Vec<usize> = Vec::new();
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let line = text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
        if lines.contains(&line) || lines.len() == SYNTAX_MOST {
            continue;
        }
        lines.push(line);
        let message = error.message().lines().next().unwrap_or("not valid TOML").to_string();
        let place = Place { source: 0, start: span.start, end: span.end };
        desk.report(place, Fault::new(codes::SYNTAX, message).label("not TOML"));
    }
    errors.is_empty().then(|| Table::from_toml(Place::default(), document.get_ref()))
}

/// All diagnostics: the file's first, each text's in their order.
pub(super) fn sorted(desk: Desk) -> Vec<Diagnostic> {
    let order = |one: &Diagnostic| {
        let text = desk.sources.iter().position(|source| Arc::ptr_eq(&source.text, &one.source));
        (text, one.span.as_ref().map(|span| (span.start, span.end)))
    };
    let mut diagnostics = desk.diagnostics.take();
    diagnostics.sort_by_key(order);
    diagnostics
}
