//! The command line: parse the arguments, call the library, print, exit.

#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

use clap::Parser;
use cli::{Arguments, Command, Terminal};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::new(arguments.color);
    let done = match arguments.command {
        Command::Run(run) => run.run(&terminal),
        Command::Compare(compare) => compare.run(&terminal),
        Command::Sweep(sweep) => sweep.run(&terminal),
        Command::Check(check) => check.run(&terminal),
        Command::Judge(judge) => judge.run(&terminal),
        Command::Schema(schema) => schema.run(&terminal),
    };
    terminal.exit(done)
}
