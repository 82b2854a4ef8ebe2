//! `completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Arguments, Done, Result, Terminal};

/// Print what a shell needs to complete commands.
///
/// For bash: consistency-sim completions bash > ~/.local/share/bash-completion/completions/consistency-sim
#[derive(Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Prints it.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let mut text = Vec::new();
        generate(self.shell, &mut Arguments::command(), "consistency-sim", &mut text);
        terminal.print(&String::from_utf8_lossy(&text))?;
        Ok(Done::Kept)
    }
}
