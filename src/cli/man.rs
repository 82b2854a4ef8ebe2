//! `man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Arguments, Done, Failure, Result, Terminal};

/// Print the manual page.
///
/// To read it at once: consistency-sim man | man -l -
#[derive(Args)]
pub struct Man {
    /// Write the pages of all commands into this folder instead, which must exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    /// Prints the page, or writes all of them.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let failed = |error: std::io::Error| Failure::Other {
            message: format!("cannot write the manual: {error}"),
            input: false,
        };
        match &self.out {
            None => {
                let mut text = Vec::new();
                clap_mangen::Man::new(Arguments::command()).render(&mut text).map_err(failed)?;
                terminal.print(&String::from_utf8_lossy(&text))?;
            }
            Some(folder) if folder.is_dir() => {
                clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
            }
            Some(folder) => {
                let message = format!("{} is no folder: make it first", folder.display());
                return Err(Failure::Other { message, input: true });
            }
        }
        Ok(Done::Kept)
    }
}
