//! `schema`: prints the JSON schema of scenario files.

use clap::Args;
use consistency_sim::scenario;

use super::{Done, Result, Terminal};

/// Print the JSON schema of scenario files, for editors.
///
/// Save it beside your scenarios and name it in their first line, as in `#:schema scenario.schema.json`: editors with a
/// TOML plugin then complete and check the fields.
#[derive(Args)]
pub struct Schema {}

impl Schema {
    /// Prints it.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        terminal.print(&format!("{:#}", scenario::schema()))?;
        Ok(Done::Kept)
    }
}
