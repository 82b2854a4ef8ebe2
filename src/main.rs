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
        Command::Merge(merge) => merge.run(&terminal),
        Command::Check(check) => check.run(&terminal),
        Command::Judge(judge) => judge.run(&terminal),
        Command::Explain(explain) => explain.run(&terminal),
        Command::Limits(limits) => limits.run(&terminal),
        Command::Diff(diff) => diff.run(&terminal),
        Command::Init(init) => init.run(&terminal),
        Command::Schema(schema) => schema.run(&terminal),
        Command::Completions(completions) => completions.run(&terminal),
        Command::Man(man) => man.run(&terminal),
    };
    terminal.exit(done)
}
