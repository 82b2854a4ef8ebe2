//! One file of all outcomes of a command, in the form that its name asks for.
//! To add a form: its ending in [`export`], and in the sentence of the error.

use crate::run::Outcome;

use super::{File, junit, tables};

/// The file's text: JUnit for `.xml`, Markdown for `.md`, JSON for `.json` (a list where there are several outcomes),
/// a table of all figures for `.csv`. Where limits are denied, JUnit counts a violated one as failed.
///
/// # Errors
/// When the ending is another; the message lists what there is.
pub fn export(outcomes: &[Outcome], path: &str, deny_limits: bool) -> Result<File, String> {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    let text = match ending.to_ascii_lowercase().as_str() {
        "xml" => junit::junit(outcomes, deny_limits),
        "md" => outcomes.iter().map(super::markdown).collect::<Vec<_>>().join("\n"),
        "json" => match outcomes {
            [one] => super::json(one),
            many => format!("[\n{}]\n", many.iter().map(super::json).collect::<Vec<_>>().join(",\n")),
        },
        "csv" => tables::csv_of_all(outcomes),
        _ => {
            return Err(format!(
                "cannot tell what to write into {path}: the name ends in .xml (JUnit), .md (Markdown), .json or .csv"
            ));
        }
    };
    Ok(File { path: path.to_string(), bytes: text.into_bytes() })
}
